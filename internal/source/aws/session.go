package aws

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"golang.org/x/sync/errgroup"

	"holdfast.dev/holdfast/internal/evidence"
)

// Session is one unit of work: one collector in one account and Region. Its
// methods may be called from several goroutines.
type Session struct {
	Account    string
	Region     string // evidence.Global outside Regional collectors
	Partition  string
	Config     sdk.Config // points at Region, or at the home Region for global work
	Management bool       // the account is the organisation's management account
	Org        *Org       // never nil; shared by all sessions of a run

	collector string
	operation map[string]bool // what Call may ask for
	wire      *wire
	now       func() time.Time

	mu        sync.Mutex
	resources []evidence.Resource
	gaps      []evidence.Gap
	partial   map[string]bool // types that were not listed wholly
	org       string
	members   []string
}

// In is the configuration for calls to another Region of the same account.
func (s *Session) In(region string) sdk.Config {
	c := s.Config.Copy()
	c.Region = region
	return c
}

// Emit hands over a resource. Account, Region and Partition are filled in where
// they are empty. A resource without type or id, or with a value outside the
// evidence domain, becomes a Gap: it must never pass for something seen.
func (s *Session) Emit(r evidence.Resource) {
	r.Account, r.Region, r.Partition = cmp.Or(r.Account, s.Account), cmp.Or(r.Region, s.Region), cmp.Or(r.Partition, s.Partition)
	r.Observed, r.Source = s.now(), "aws"
	if err := valid(&r); err != nil {
		s.add(evidence.Gap{
			Account: r.Account, Region: r.Region, Service: s.collector, Operation: "Emit", Types: []string{r.Type},
			Resource: r.ID, Reason: evidence.Corrupt, Detail: err.Error(),
		})
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.resources = append(s.resources, r)
}

func valid(r *evidence.Resource) error {
	if r.Type == "" || r.ID == "" {
		return fmt.Errorf("a resource of type %q has the id %q; both are needed", r.Type, r.ID)
	}
	_, err := evidence.AppendResource(nil, r)
	return err
}

// Gap records a read that did not happen. With an empty resource it concerns
// the listing of types, which are then not complete in this unit; otherwise
// only that one resource. A nil error records nothing.
func (s *Session) Gap(service, operation string, err error, types []string, resource string) {
	if err == nil {
		return
	}
	reason, detail := Classify(err)
	s.add(evidence.Gap{
		Account: s.Account, Region: s.Region, Service: iamPrefix(service), Operation: operation,
		Types: types, Resource: resource, Reason: reason, Detail: detail,
	})
}

func (s *Session) add(g evidence.Gap) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gaps = append(s.gaps, g)
	if g.Resource != "" && g.Reason != evidence.Corrupt {
		return
	}
	for _, t := range g.Types {
		s.partial[t] = true
	}
}

// NotVisited records that a live account of the organisation is not part of
// this run, so that a review counts it among what was not seen.
func (s *Session) NotVisited(account string) {
	s.add(evidence.Gap{
		Account: account, Region: evidence.Global, Service: "organizations", Operation: "ListAccountsForParent", Types: []string{evidence.TypeAccount},
		Resource: account, Reason: evidence.NotRecorded, Detail: "the account was not visited in this run",
	})
}

// Incomplete says that this unit does not list all of these types though
// nothing failed, so that what it did not emit must not count as gone.
func (s *Session) Incomplete(types ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range types {
		s.partial[t] = true
	}
}

// Members says which accounts an organisation has. It is for a unit that
// listed all of them.
func (s *Session) Members(org string, accounts []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.org, s.members = org, slices.Sorted(slices.Values(accounts))
}

// Unknown is the value of a property that a failed call would have told.
func (s *Session) Unknown(service, operation string, err error) evidence.Unknown {
	reason, detail := Classify(err)
	text := iamPrefix(service) + ":" + operation + " " + string(reason)
	if reason != evidence.Denied && detail != "" {
		text += ": " + detail
	}
	return evidence.Unknown{Reason: text}
}

// Each runs fn for every item, a few at a time, and stops early only when the
// context ends or fn returns an error.
func Each[T any](ctx context.Context, items []T, fn func(context.Context, T) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(eachWorkers)
	for _, item := range items {
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return fn(ctx, item)
		})
	}
	return group.Wait()
}

// eachWorkers bounds the goroutines of one unit; the calls in flight are
// bounded for the whole run beside it.
const eachWorkers = 8

// batch is what the unit found, in an order that does not depend on timing.
func (s *Session) batch(u Unit, types []string) Batch {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := Batch{Unit: u, Resources: s.resources, Gaps: s.gaps, Org: s.org, Members: s.members}
	slices.SortStableFunc(b.Resources, func(x, y evidence.Resource) int { return cmp.Compare(x.Key(), y.Key()) })
	b.Resources = lastOfEach(b.Resources)
	slices.SortStableFunc(b.Gaps, compareGaps)
	b.Gaps = slices.CompactFunc(b.Gaps, func(x, y evidence.Gap) bool { return compareGaps(x, y) == 0 })
	for _, t := range slices.Sorted(slices.Values(types)) {
		if !s.partial[t] {
			b.Complete = append(b.Complete, t)
		}
	}
	return b
}

// lastOfEach keeps the last of resources with one key: AWS lists a thing twice
// when it moves from one page to the next.
func lastOfEach(sorted []evidence.Resource) []evidence.Resource {
	var out []evidence.Resource
	for i := range sorted {
		if i+1 < len(sorted) && sorted[i].Key() == sorted[i+1].Key() {
			continue
		}
		out = append(out, sorted[i])
	}
	return out
}

func compareGaps(x, y evidence.Gap) int {
	return cmp.Or(
		cmp.Compare(x.Account, y.Account), cmp.Compare(x.Region, y.Region), cmp.Compare(x.Service, y.Service),
		cmp.Compare(x.Operation, y.Operation), cmp.Compare(x.Resource, y.Resource),
		cmp.Compare(x.Reason, y.Reason), cmp.Compare(x.Detail, y.Detail), slices.Compare(x.Types, y.Types),
	)
}

// finish turns what Collect returned into gaps. Only the end of the context is
// handed back, since then the unit has to run again.
func (s *Session) finish(ctx context.Context, err error, types []string) error {
	if stop := context.Cause(ctx); stop != nil {
		return stop
	}
	if err == nil {
		return nil
	}
	service, operation := s.collector, "Collect"
	var call *CallError
	if errors.As(err, &call) {
		service, operation = call.Service, call.Operation
	}
	s.Gap(service, operation, err, types, "")
	return nil
}

// Wait pauses between polls; a test's clock makes it instant.
func (s *Session) Wait(ctx context.Context, d time.Duration) error { return s.wire.sleep(ctx, d) }

// Now is the run's clock.
func (s *Session) Now() time.Time { return s.now() }
