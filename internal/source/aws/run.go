package aws

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"golang.org/x/sync/errgroup"

	"holdfast.dev/holdfast/internal/evidence"
)

// Batch is what one unit found, whole: it is handed over only when the unit ended.
type Batch struct {
	Unit      Unit
	Resources []evidence.Resource
	Gaps      []evidence.Gap

	// Complete are the types that were listed wholly, so that a resource that is
	// not in Resources is gone. It speaks for the unit's account and Region
	// (Regional), for the account in all Regions (GlobalScope), or for the whole
	// organisation (OrgWide).
	Complete []string

	// Members are all accounts of the organisation Org, sorted; nil where they
	// were not listed wholly. An account of that organisation which is not among
	// them has left it.
	Org     string
	Members []string
}

// Sink takes over a batch. It is called by one goroutine at a time; an error
// ends the run.
type Sink func(context.Context, Batch) error

// Progress is a journal of finished units, so that a run that was stopped goes
// on where it was. Finish is called after the sink took the unit's batch.
type Progress interface {
	Done(Unit) bool
	Finish(Unit) error
}

// State is what a unit is doing.
type State string

// The states a Reporter is told.
const (
	Started  State = "started"
	Skipped  State = "skipped" // an earlier run finished it
	Finished State = "finished"
	Gapped   State = "finished with gaps"
)

// Reporter shows progress. It may be called from several goroutines.
type Reporter interface{ Unit(Unit, State) }

// RunOptions are how to run, as against what.
type RunOptions struct {
	Sink        Sink
	Progress    Progress         // nil: everything runs
	Reporter    Reporter         // nil: silence
	Concurrency int              // calls in flight; 0 is 16
	Record      string           // directory to save the answers in; "" does not
	Now         func() time.Time // nil: the clock

	// Sleep is how the run waits for its turn; nil really waits.
	Sleep func(context.Context, time.Duration) error
}

// Run collects everything in the world. Refusals, throttling and failures are
// gaps in the batches; the error is for what ends a run: a cancelled context,
// expired credentials, a sink or journal that fails. Units whose batch was not
// handed over run again the next time.
func Run(ctx context.Context, w *World, o RunOptions) error {
	ctx, abort := context.WithCancelCause(ctx)
	defer abort(nil)
	r := &run{world: w, options: o, wire: newWire(orDefault(o.Concurrency, 16))}
	r.wire.abort = abort
	if o.Record != "" {
		r.wire.record = &recorder{dir: o.Record, calls: map[answerKey][]savedCall{}}
	}
	if r.options.Now == nil {
		r.options.Now = time.Now
	}
	switch {
	case o.Sleep != nil:
		r.wire.sleep = o.Sleep
	case w.saved:
		r.wire.sleep = func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	}
	r.wire.now = r.options.Now
	return r.all(ctx)
}

func orDefault(n, otherwise int) int {
	if n > 0 {
		return n
	}
	return otherwise
}

type run struct {
	world   *World
	options RunOptions
	wire    *wire
	sink    sync.Mutex
}

type job struct {
	unit      Unit
	target    *Target
	collector Collector
}

// all runs the organisation's units first, since the accounts' units lean on
// what those learn, and then everything else.
func (r *run) all(ctx context.Context) error {
	first, rest := r.jobs()
	waiting := 0
	for _, j := range rest {
		if !r.done(j.unit) {
			waiting++
		}
	}
	if err := r.unreached(ctx); err != nil {
		return err
	}
	for _, j := range first {
		// What they learn is not in the journal: while others wait they run again.
		if r.done(j.unit) && waiting == 0 {
			r.report(j.unit, Skipped)
			continue
		}
		if err := r.one(ctx, j); err != nil {
			return err
		}
	}
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(orDefault(r.options.Concurrency, 16))
	for _, j := range rest {
		if groupCtx.Err() != nil {
			break
		}
		if r.done(j.unit) {
			r.report(j.unit, Skipped)
			continue
		}
		group.Go(func() error { return r.one(groupCtx, j) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return context.Cause(ctx)
}

func (r *run) jobs() (first, rest []job) {
	for i := range r.world.Targets {
		t := &r.world.Targets[i]
		if t.Err != nil {
			continue
		}
		for _, c := range r.world.Collectors {
			switch c.Scope {
			case OrgWide:
				if t.OrgAccess {
					first = append(first, job{Unit{t.Account, evidence.Global, c.Name, c.Scope}, t, c})
				}
			case GlobalScope:
				rest = append(rest, job{Unit{t.Account, evidence.Global, c.Name, c.Scope}, t, c})
			default:
				for _, region := range t.Regions {
					rest = append(rest, job{Unit{t.Account, region, c.Name, c.Scope}, t, c})
				}
			}
		}
	}
	return first, rest
}

// unreached hands over the gaps of accounts that could not be entered and of
// Regions that could not be listed. It does where there are none too: then those
// of an earlier run are over.
func (r *run) unreached(ctx context.Context) error {
	for i := range r.world.Targets {
		t := &r.world.Targets[i]
		unit := Unit{t.Account, evidence.Global, Discovery, GlobalScope}
		if err := r.hand(ctx, Batch{Unit: unit, Gaps: t.Gaps}); err != nil {
			return err
		}
		if len(t.Gaps) > 0 {
			r.report(unit, Gapped)
		}
	}
	return nil
}

func (r *run) one(ctx context.Context, j job) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	r.report(j.unit, Started)
	s := r.session(j)
	err := s.finish(ctx, guarded(ctx, j.collector, s), j.collector.Types)
	if err != nil {
		return err
	}
	batch := s.batch(j.unit, j.collector.Types)
	if r.wire.record != nil {
		if err := r.wire.record.flush(j.unit); err != nil {
			return err
		}
	}
	if err := r.hand(ctx, batch); err != nil {
		return err
	}
	if r.options.Progress != nil {
		if err := r.options.Progress.Finish(j.unit); err != nil {
			return fmt.Errorf("journal of %s: %w", j.unit, err)
		}
	}
	if len(batch.Gaps) > 0 {
		r.report(j.unit, Gapped)
	} else {
		r.report(j.unit, Finished)
	}
	return nil
}

// guarded runs a collector and turns a panic over an answer nobody foresaw
// into an error of this one unit.
func guarded(ctx context.Context, c Collector, s *Session) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = errors.Join(err, fmt.Errorf("the collector %s broke off: %v; please report this", c.Name, p))
		}
	}()
	return c.Collect(ctx, s)
}

func (r *run) session(j job) *Session {
	t := j.target
	config := t.Config.Copy()
	if j.unit.Scope == Regional {
		config.Region = j.unit.Region
	}
	return &Session{
		Account: t.Account, Region: j.unit.Region, Partition: t.Partition, Config: config,
		Management: t.Account == r.world.Org.Management, Org: r.world.Org,
		collector: j.collector.Name, operation: operations(j.collector), wire: r.wire, now: r.options.Now,
		partial: map[string]bool{},
	}
}

func operations(c Collector) map[string]bool {
	set := map[string]bool{}
	for _, op := range c.Operations {
		set[op] = true
	}
	return set
}

func (r *run) hand(ctx context.Context, b Batch) error {
	r.sink.Lock()
	defer r.sink.Unlock()
	if r.options.Sink == nil {
		return nil
	}
	if err := r.options.Sink(ctx, b); err != nil {
		return fmt.Errorf("handing over %s: %w", b.Unit, err)
	}
	return nil
}

func (r *run) done(u Unit) bool { return r.options.Progress != nil && r.options.Progress.Done(u) }

func (r *run) report(u Unit, s State) {
	if r.options.Reporter != nil {
		r.options.Reporter.Unit(u, s)
	}
}

// World is what is to be visited. Live and Saved make it.
type World struct {
	Org        *Org
	Targets    []Target
	Collectors []Collector

	saved bool // answers come from files, which need no pacing
}

// Target is one account.
type Target struct {
	Account   string
	Partition string
	Regions   []string   // enabled ones, sorted
	Config    sdk.Config // with the account's credentials and its home Region
	OrgAccess bool       // the one account that OrgWide collectors run in
	Err       error      // set where the account could not be entered
	Gaps      []evidence.Gap
}
