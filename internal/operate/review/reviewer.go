package review

import (
	"context"
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

// Evidence is what a review reads: the snapshot of one instant.
type Evidence interface {
	Accounts(ctx context.Context) ([]string, error)
	// Resources streams the resources of an account, or those of the given types.
	// Several workers call it at once.
	Resources(ctx context.Context, account string, types []string) iter.Seq2[*evidence.Resource, error]
	Gaps(ctx context.Context) ([]evidence.Gap, error)
	// Listed are the types that were listed in each account, also those of which
	// it turned out to have none.
	Listed(ctx context.Context) (map[string]map[string]bool, error)
}

// Guardrails knows what is prevented anyhow.
type Guardrails interface {
	// Prevents names the guardrail in force that keeps a control's failure on
	// the resource from mattering, if one does.
	Prevents(c *check.Control, r *evidence.Resource, scope check.Scope) (id string, ok bool)
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
	// describe the organisation; nil where nobody asks.
	Guardrails func(described []*evidence.Resource) Guardrails

	// All makes Findings yield every verdict, PASS and NOT_APPLICABLE too.
	All bool

	// Watched is what is known of activity; nil where nobody asks. It may be set as late
	// as before Review.
	Watched *Watched

	Workers int // as many as there are processors where 0

	org       evidence.Org
	described []*evidence.Resource // what describes the organisation
	enabled   map[string][]string  // Regions by account, as the accounts list them
	gaps      []evidence.Gap
	gapsOf    map[string][]evidence.Gap
	listed    map[string]map[string]bool
	guards    Guardrails
	total     *tally
}

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

// prepare reads what describes the organisation.
func (r *Reviewer) prepare(ctx context.Context) error {
	r.total = newTally()
	var err error
	if r.gaps, err = r.Evidence.Gaps(ctx); err != nil {
		return err
	}
	if r.listed, err = r.Evidence.Listed(ctx); err != nil {
		return err
	}
	r.gapsOf = map[string][]evidence.Gap{}
	for _, g := range r.gaps {
		r.gapsOf[g.Account] = append(r.gapsOf[g.Account], g)
	}
	types := []string{evidence.TypeAccount, evidence.TypeNode, evidence.TypeOrganization, typePolicy}
	for resource, err := range r.Evidence.Resources(ctx, "", types) {
		if err != nil {
			return err
		}
		r.described = append(r.described, resource)
	}
	r.org = evidence.OrgOf(slices.Values(r.described))
	r.enabled = enabledRegions(r.described)
	if r.Guardrails != nil {
		r.guards = r.Guardrails(r.described)
	}
	return nil
}

func enabledRegions(described []*evidence.Resource) map[string][]string {
	out := map[string][]string{}
	for _, resource := range described {
		regions, _ := resource.Properties["EnabledRegions"].([]any)
		for _, region := range regions {
			if name, ok := region.(string); ok && resource.Type == evidence.TypeAccount {
				out[resource.Account] = append(out[resource.Account], name)
			}
		}
	}
	return out
}

// judge runs the workers over the snapshot, account by account: relations never
// leave an account, so its resources are all that has to be in memory.
func (r *Reviewer) judge(ctx context.Context, found chan<- []finding.Finding) error {
	workers := r.Workers
	if workers == 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	accounts, err := r.Evidence.Accounts(ctx)
	if err != nil {
		return err
	}
	todo := make(chan string)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer close(todo)
		for _, account := range accounts {
			select {
			case todo <- account:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	tallies := make([]*tally, workers)
	for i := range tallies {
		tallies[i] = newTally()
		w := worker{Reviewer: r, tally: tallies[i], judge: r.Engine.NewJudge(check.Scope{Now: r.At}), found: found}
		group.Go(func() error {
			for account := range todo {
				if err := w.account(ctx, account); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for _, t := range tallies {
		r.total.merge(t)
	}
	return nil
}

// worker judges one account after the other.
type worker struct {
	*Reviewer
	tally *tally
	judge *check.Judge
	found chan<- []finding.Finding
	scope check.Scope
}

// handover is how many findings a worker hands over at a time.
const handover = 256

func (w *worker) account(ctx context.Context, id string) error {
	if account, listed := w.org.Accounts[id]; listed && !account.Live() {
		return nil // closed accounts count for nothing
	}
	resources, err := w.load(ctx, id)
	if err != nil {
		return err
	}
	estate := w.Engine.NewEstate(w.org, slices.Concat(w.gapsOf[id], w.gapsOf[""]))
	estate.Listed = func(typ string) bool { return w.listed[id][typ] }
	estate.Described = w.described
	for _, resource := range w.described {
		if resource.Type == evidence.TypeOrganization && resource.Account != id {
			estate.Add(resource)
		}
	}
	for _, resource := range resources {
		if estate.Wants(resource.Type) {
			estate.Add(resource)
		}
	}
	w.scope = check.Scope{Now: w.At, Estate: estate}
	w.judge.In(w.scope)
	var out []finding.Finding
	for _, resource := range resources {
		w.tally.see(resource)
		w.judge.Each(resource, func(result check.Result) { out = w.record(resource, result, out) })
		if len(out) >= handover {
			if err := w.hand(ctx, out); err != nil {
				return err
			}
			out = nil
		}
	}
	return w.hand(ctx, out)
}

func (w *worker) load(ctx context.Context, account string) ([]*evidence.Resource, error) {
	var out []*evidence.Resource
	for resource, err := range w.Evidence.Resources(ctx, account, nil) {
		if err != nil {
			return nil, err
		}
		out = append(out, resource)
	}
	return out, nil
}

func (w *worker) hand(ctx context.Context, out []finding.Finding) error {
	if len(out) == 0 {
		return nil
	}
	select {
	case w.found <- out:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// record counts a result and appends it to the findings if it is worth keeping.
func (w *worker) record(resource *evidence.Resource, result check.Result, out []finding.Finding) []finding.Finding {
	v := control.Verdict(result.Outcome)
	settled := v == finding.Pass || v == finding.NotApplicable
	if settled && !w.All {
		w.tally.count(result.Control, resource.Account, v)
		return out
	}
	f := control.Finding(resource, result)
	if v == finding.Fail {
		w.excuse(resource, result.Control, &f)
	}
	w.tally.count(result.Control, resource.Account, f.Verdict)
	if f.Verdict == finding.Fail {
		w.tally.keep(f)
	}
	return append(out, f)
}

// excuse changes a failure's verdict where a guardrail prevents the harm or an
// exception covers it. A guardrail goes first: what is prevented needs no
// exception.
func (w *worker) excuse(resource *evidence.Resource, c *check.Control, f *finding.Finding) {
	if w.guards != nil && len(c.PreventedBy) > 0 {
		if id, ok := w.guards.Prevents(c, resource, w.scope); ok {
			f.Verdict, f.PreventedBy = finding.Prevented, id
			return
		}
	}
	if x, ok := w.Exceptions.For(f, w.At); ok {
		f.Verdict, f.Exception = finding.Excepted, x.ID
		w.tally.covers[x.ID]++
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
