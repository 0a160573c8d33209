package aws

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"holdfast.dev/holdfast/internal/evidence"
)

// wire is what all sessions of a run share between Call and the network: the
// bound on calls in flight, the pace of each API in each account, the waiting
// when AWS throttles, and the recording.
type wire struct {
	slots  chan struct{}
	sleep  func(context.Context, time.Duration) error
	now    func() time.Time
	record *recorder
	abort  context.CancelCauseFunc

	mu      sync.Mutex
	buckets map[bucketKey]*bucket
}

type bucketKey struct{ account, service, operation string }

func newWire(concurrency int) *wire {
	return &wire{
		slots: make(chan struct{}, concurrency), sleep: pause, now: time.Now,
		abort: func(error) {}, buckets: map[bucketKey]*bucket{},
	}
}

// maxTries is how often a throttled call is tried; with doubling waits that is
// about two minutes of patience.
const (
	maxTries  = 8
	firstWait = 500 * time.Millisecond
	maxWait   = 20 * time.Second
)

// do runs one call at its pace and tries again while AWS throttles it.
func (w *wire) do(ctx context.Context, account, service, operation string, fn func() error) error {
	b := w.bucket(account, service, operation)
	wait := firstWait
	for try := 1; ; try++ {
		if err := w.sleep(ctx, b.delay(w.now())); err != nil {
			return err
		}
		err := w.slot(ctx, fn)
		reason, _ := Classify(err)
		switch {
		case err == nil:
			b.recover()
			return nil
		case slices.Contains(expired, Code(err)):
			w.abort(&CredentialsError{Err: err})
			return err
		case reason != evidence.Throttled || try == maxTries:
			return err
		}
		b.slow()
		// Half of the wait is random, so that many units do not come back at once.
		if err := w.sleep(ctx, wait/2+rand.N(wait/2)); err != nil {
			return err
		}
		wait = min(2*wait, maxWait)
	}
}

func (w *wire) slot(ctx context.Context, fn func() error) error {
	select {
	case w.slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-w.slots }()
	return fn()
}

func (w *wire) bucket(account, service, operation string) *bucket {
	w.mu.Lock()
	defer w.mu.Unlock()
	key := bucketKey{account, service, operation}
	if _, own := paces[service+"."+operation]; !own {
		key.operation = "" // the service's calls share one bucket
	}
	b := w.buckets[key]
	if b == nil {
		b = newBucket(paceOf(service, operation))
		w.buckets[key] = b
	}
	return b
}

func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// pace is calls per second and the burst on top.
type pace struct {
	rate  float64
	burst int
}

// paces are the published or observed quotas, by service or service.operation;
// they are starting points, for the buckets adapt. Organizations figures are
// those of its quotas page.
var paces = map[string]pace{
	"":                                   {10, 20},
	"account":                            {5, 5},
	"cloudcontrol":                       {5, 10},
	"configservice":                      {5, 10},
	"ec2":                                {15, 50},
	"iam":                                {12, 20},
	"iam.GenerateCredentialReport":       {1, 2},
	"organizations":                      {4, 8},
	"organizations.DescribePolicy":       {2, 2},
	"organizations.ListAccounts":         {8, 12},
	"organizations.ListPolicies":         {2, 2},
	"organizations.ListRoots":            {1, 2},
	"organizations.ListTargetsForPolicy": {4, 8},
	"s3":                                 {50, 100},
	"securityhub":                        {5, 10},
	"kms":                                {15, 30},
	"lambda":                             {15, 30},
}

func paceOf(service, operation string) pace {
	for _, name := range []string{service + "." + operation, service} {
		if p, ok := paces[name]; ok {
			return p
		}
	}
	return paces[""]
}

// bucket is a token bucket that halves its rate when AWS throttles and creeps
// back to it with every call that succeeds.
type bucket struct {
	mu      sync.Mutex
	base    rate.Limit
	limiter *rate.Limiter
}

func newBucket(p pace) *bucket {
	return &bucket{base: rate.Limit(p.rate), limiter: rate.NewLimiter(rate.Limit(p.rate), p.burst)}
}

const slowest = rate.Limit(0.2)

func (b *bucket) delay(now time.Time) time.Duration {
	return b.limiter.ReserveN(now, 1).DelayFrom(now)
}

func (b *bucket) slow() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.limiter.SetLimit(max(b.limiter.Limit()/2, slowest))
}

func (b *bucket) recover() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if now := b.limiter.Limit(); now < b.base {
		b.limiter.SetLimit(min(b.base, now+b.base/50))
	}
}
