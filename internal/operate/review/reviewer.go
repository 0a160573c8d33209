package review

import (
	"context"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"holdfast.dev/holdfast/internal/engine/check"
	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/finding"
	"holdfast.dev/holdfast/internal/operate/control"
)

// Record is a resource that is still to be decoded, so that many workers can
// share that work.
type Record interface {
	Resource(*evidence.Decoder) (*evidence.Resource, error)
}

// Evidence is what a review reads: the snapshot of one instant.
type Evidence interface {
	// Records streams the resources of the given types, or all.
	Records(ctx context.Context, types []string) iter.Seq2[Record, error]
	Gaps(ctx context.Context) ([]evidence.Gap, error)
}

// Guardrails knows what is prevented anyhow.
type Guardrails interface {
	// Prevents names the guardrail in force that keeps a control's failure on
	// the resource from mattering, if one does.
	Prevents(c *check.Control, r *evidence.Resource) (id string, ok bool)
}

// Reviewer judges a snapshot. Findings streams the verdicts; when it has ended,
// Review sums them up.
type Reviewer struct {
	Engine     *check.Engine
	Evidence   Evidence
	Knowledge  Knowledge
	Exceptions finding.Register
	At         time.Time

	// Guardrails prepares the answer to what is prevented, from the resources that
	// describe the estate (among others); nil where nobody asks.
	Guardrails func(estate *check.Estate, described []*evidence.Resource) Guardrails

	// All makes Findings yield every verdict, PASS and NOT_APPLICABLE too.
	All bool

	Workers int // as many as there are processors where 0

	org     evidence.Org
	enabled map[string][]string // Regions by account, as the accounts list them
	gaps    []evidence.Gap
	estate  *check.Estate
	guards  Guardrails
	total   *tally
}

// batchSize is how many records a worker takes at a time: enough that handing
// over costs nothing, few enough that memory stays flat.
const batchSize = 256

// Findings judges the snapshot and yields, in no particular order, the verdicts
// worth keeping. The sequence can be run once.
func (r *Reviewer) Findings(ctx context.Context) iter.Seq2[finding.Finding, error] {
	return func(yield func(finding.Finding, error) bool) {
		if err := r.prepare(ctx); err != nil {
			yield(finding.Finding{}, err)
			return
		}
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		found := make(chan []finding.Finding, 4)
		done := make(chan error, 1)
		go func() {
			done <- r.judge(ctx, found)
			close(found)
		}()
		for batch := range found {
			for _, f := range batch {
				if !yield(f, nil) {
					cancel()
					for range found { // let the workers end
					}
					<-done
					return
				}
			}
		}
		if err := <-done; err != nil {
			yield(finding.Finding{}, err)
			return
		}
		for _, f := range r.unseen() {
			if !yield(f, nil) {
				return
			}
		}
		for _, f := range r.expired() {
			if !yield(f, nil) {
				return
			}
		}
	}
}

// prepare reads what controls may ask for beyond the resource they judge.
func (r *Reviewer) prepare(ctx context.Context) error {
	r.total = newTally()
	var err error
	if r.gaps, err = r.Evidence.Gaps(ctx); err != nil {
		return err
	}
	var decoder evidence.Decoder
	var kept []*evidence.Resource
	types := append(r.Engine.Related(), evidence.TypeAccount, evidence.TypeNode, evidence.TypeOrganization, typePolicy)
	slices.Sort(types)
	for record, err := range r.Evidence.Records(ctx, slices.Compact(types)) {
		if err != nil {
			return err
		}
		resource, err := record.Resource(&decoder)
		if err != nil {
			return err
		}
		kept = append(kept, resource)
	}
	r.org = evidence.OrgOf(slices.Values(kept))
	r.estate = r.Engine.NewEstate(r.org, r.gaps)
	r.enabled = map[string][]string{}
	for _, resource := range kept {
		r.estate.Add(resource)
		if regions, ok := resource.Properties["EnabledRegions"].([]any); ok && resource.Type == evidence.TypeAccount {
			for _, region := range regions {
				name, _ := region.(string)
				r.enabled[resource.Account] = append(r.enabled[resource.Account], name)
			}
		}
	}
	if r.Guardrails != nil {
		r.guards = r.Guardrails(r.estate, kept)
	}
	return nil
}

// judge runs the workers over the snapshot.
func (r *Reviewer) judge(ctx context.Context, found chan<- []finding.Finding) error {
	workers := r.Workers
	if workers == 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	batches := make(chan []Record, workers)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer close(batches)
		return r.feed(ctx, batches)
	})
	tallies := make([]*tally, workers)
	for i := range tallies {
		tallies[i] = newTally()
		group.Go(func() error { return r.work(ctx, tallies[i], batches, found) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for _, t := range tallies {
		r.total.merge(t)
	}
	return nil
}

func (r *Reviewer) feed(ctx context.Context, batches chan<- []Record) error {
	batch := make([]Record, 0, batchSize)
	send := func() error {
		select {
		case batches <- batch:
			batch = make([]Record, 0, batchSize)
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	for record, err := range r.Evidence.Records(ctx, nil) {
		if err != nil {
			return err
		}
		if batch = append(batch, record); len(batch) == batchSize {
			if err := send(); err != nil {
				return err
			}
		}
	}
	return send()
}

func (r *Reviewer) work(ctx context.Context, t *tally, batches <-chan []Record, found chan<- []finding.Finding) error {
	judge := r.Engine.NewJudge(check.Scope{Now: r.At, Estate: r.estate})
	var decoder evidence.Decoder
	for batch := range batches {
		var out []finding.Finding
		for _, record := range batch {
			resource, err := record.Resource(&decoder)
			if err != nil {
				return fmt.Errorf("a stored resource cannot be read: %w", err)
			}
			if account, listed := r.org.Accounts[resource.Account]; listed && !account.Live() {
				continue // closed accounts count for nothing
			}
			t.see(resource)
			judge.Each(resource, func(result check.Result) { out = r.record(t, resource, result, out) })
		}
		if len(out) == 0 {
			continue
		}
		select {
		case found <- out:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// record counts a result and appends it to the findings if it is worth keeping.
func (r *Reviewer) record(t *tally, resource *evidence.Resource, result check.Result, out []finding.Finding) []finding.Finding {
	v := control.Verdict(result.Outcome)
	settled := v == finding.Pass || v == finding.NotApplicable
	if settled && !r.All {
		t.count(result.Control, resource.Account, v)
		return out
	}
	f := control.Finding(resource, result)
	if v == finding.Fail {
		r.excuse(t, resource, result.Control, &f)
	}
	t.count(result.Control, resource.Account, f.Verdict)
	if f.Verdict == finding.Fail {
		t.keep(f)
	}
	return append(out, f)
}

// excuse changes a failure's verdict where a guardrail prevents the harm or an
// exception covers it. A guardrail goes first: what is prevented needs no
// exception.
func (r *Reviewer) excuse(t *tally, resource *evidence.Resource, c *check.Control, f *finding.Finding) {
	if r.guards != nil && len(c.PreventedBy) > 0 {
		if id, ok := r.guards.Prevents(c, resource); ok {
			f.Verdict, f.PreventedBy = finding.Prevented, id
			return
		}
	}
	if x, ok := r.Exceptions.For(f, r.At); ok {
		f.Verdict, f.Exception = finding.Excepted, x.ID
		t.covers[x.ID]++
	}
}

// unseen are the verdicts on what could not be read: each control on each type
// that a gap hides is UNKNOWN in that account and Region.
func (r *Reviewer) unseen() []finding.Finding {
	var out []finding.Finding
	seen := map[string]bool{}
	for i := range r.gaps {
		g := &r.gaps[i]
		if account, listed := r.org.Accounts[g.Account]; g.Resource != "" || listed && !account.Live() {
			continue
		}
		for _, typ := range g.Types {
			for _, c := range r.Engine.For(typ) {
				f := control.Unseen(c, typ, g)
				if seen[f.ID] {
					continue
				}
				seen[f.ID] = true
				r.total.count(c, g.Account, finding.Unknown)
				out = append(out, f)
			}
		}
	}
	return out
}

func (r *Reviewer) expired() []finding.Finding {
	var out []finding.Finding
	for i := range r.Exceptions {
		if x := &r.Exceptions[i]; x.StateAt(r.At) == "expired" {
			f := x.Expired()
			r.total.keep(f)
			out = append(out, f)
		}
	}
	return out
}

const typePolicy = "AWS::Organizations::Policy"
