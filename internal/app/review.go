package app

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"time"

	"holdfast.dev/holdfast/internal/engine/check"
	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/finding"
	"holdfast.dev/holdfast/internal/operate/guardrail"
	"holdfast.dev/holdfast/internal/operate/review"
	"holdfast.dev/holdfast/internal/store"
)

// snapshot is the evidence of one instant, as reviews read it.
type snapshot struct {
	store *store.Store
	at    time.Time
}

func (s snapshot) Accounts(ctx context.Context) ([]string, error) { return s.store.Accounts(ctx) }

func (s snapshot) Resources(ctx context.Context, account string, types []string) iter.Seq2[*evidence.Resource, error] {
	query := store.Query{Types: types}
	if account != "" {
		query.Accounts = []string{account}
	}
	return func(yield func(*evidence.Resource, error) bool) {
		var decoder evidence.Decoder
		for record, err := range s.store.Records(ctx, s.at, query) {
			var r *evidence.Resource
			if err == nil {
				r, err = record.Resource(&decoder)
			}
			if !yield(r, err) || err != nil {
				return
			}
		}
	}
}

func (s snapshot) Gaps(ctx context.Context) ([]evidence.Gap, error) { return s.store.Gaps(ctx, s.at) }

func (s snapshot) Listed(ctx context.Context) (map[string]map[string]bool, error) {
	scopes, err := s.store.Scopes(ctx, s.at)
	out := map[string]map[string]bool{}
	for _, scope := range scopes {
		if out[scope.Account] == nil {
			out[scope.Account] = map[string]bool{}
		}
		out[scope.Account][scope.Type] = true
	}
	return out, err
}

// Reviewing is everything a review needs besides the store.
type Reviewing struct {
	Engine     *check.Engine
	Knowledge  review.Knowledge
	Guardrails *check.Guardrails
	Exceptions finding.Register
	// Detections are those that the workspace looks for; they are loaded when a review
	// asks what they cover.
	Detections func() (*Detections, error)
	// Trusted are the networks whose alerts open nothing.
	Trusted []string
	Quiet   time.Duration // see Recording

	workspace Workspace
}

// NewReviewing loads it for a workspace.
func NewReviewing(w Workspace) (*Reviewing, error) {
	controls, err := Controls(w.ControlFolders())
	if err != nil {
		return nil, err
	}
	r := &Reviewing{workspace: w}
	if r.Engine, err = Engine(controls, w.Params); err != nil {
		return nil, err
	}
	if r.Knowledge, err = Knowledge(); err != nil {
		return nil, err
	}
	if r.Guardrails, err = Guardrails(); err != nil {
		return nil, err
	}
	if r.Exceptions, err = LoadExceptions(w.ExceptionFolder()); err != nil {
		return nil, err
	}
	r.Detections = sync.OnceValues(func() (*Detections, error) { return LoadDetections(w, DetectSources{Lean: true}) })
	for _, n := range w.Detect.Trusted {
		r.Trusted = append(r.Trusted, n.CIDR)
	}
	r.Quiet, err = w.Detect.quiet()
	return r, err
}

// Reviewer judges the store's snapshot of an instant.
func (r *Reviewing) Reviewer(s *store.Store, at time.Time) *review.Reviewer {
	return &review.Reviewer{
		Engine: r.Engine, Evidence: snapshot{s, at}, Knowledge: r.Knowledge, Exceptions: r.Exceptions, At: at,
		Guardrails: func(described []*evidence.Resource) review.Guardrails {
			return guardrail.Preventer{Guardrails: r.Guardrails, Policies: guardrail.Collect(slices.Values(described))}
		},
	}
}

// ErrNoEvidence says that there is nothing to review.
var ErrNoEvidence = errors.New("the store holds no evidence yet; run `holdfast collect`, or `holdfast demo` to see a review of a generated organisation")

// Review judges the evidence as it is now and records the findings.
func (r *Reviewing) Review(ctx context.Context, s *store.Store, at time.Time, args []string) (*review.Review, error) {
	if _, ok, err := s.Latest(ctx); err != nil || !ok {
		return nil, errors.Join(err, noEvidence(ok))
	}
	run, err := s.Begin(ctx, store.Run{Kind: "review", Args: args})
	if err != nil {
		return nil, err
	}
	reviewer := r.Reviewer(s, at)
	if _, err := s.ApplyFindings(ctx, run, at, reviewer.Findings(ctx)); err != nil {
		return nil, errors.Join(err, run.Finish(context.WithoutCancel(ctx), store.Failed, nil))
	}
	if _, err := s.SettleDetections(ctx, run, at, excepts(r.Exceptions, r.Trusted, at), r.Quiet); err != nil {
		return nil, errors.Join(err, run.Finish(context.WithoutCancel(ctx), store.Failed, nil))
	}
	if reviewer.Watched, err = r.watched(ctx, s, at); err != nil {
		return nil, errors.Join(err, run.Finish(context.WithoutCancel(ctx), store.Failed, nil))
	}
	answer := reviewer.Review()
	if err := fillStates(ctx, s, answer); err != nil {
		return nil, err
	}
	return answer, run.Finish(ctx, store.Finished, summary(answer))
}

// ReviewAt judges the evidence of a past instant and records nothing.
func (r *Reviewing) ReviewAt(ctx context.Context, s *store.Store, at time.Time) (*review.Review, error) {
	if _, ok, err := s.Latest(ctx); err != nil || !ok {
		return nil, errors.Join(err, noEvidence(ok))
	}
	reviewer := r.Reviewer(s, at)
	for _, err := range reviewer.Findings(ctx) {
		if err != nil {
			return nil, err
		}
	}
	var err error
	reviewer.Watched, err = r.watched(ctx, s, at)
	return reviewer.Review(), err
}

// CheckRun tells whether a number is that of a review in this store.
func CheckRun(ctx context.Context, s *store.Store, id int64) (store.Run, error) {
	runs, err := s.Runs(ctx)
	if err != nil {
		return store.Run{}, err
	}
	for _, r := range runs {
		switch {
		case r.ID != id:
		case r.Kind != "review":
			return r, Usage(fmt.Errorf("run %d is a %s, not a review; `holdfast findings runs` lists them", id, r.Kind))
		default:
			return r, nil
		}
	}
	return store.Run{}, Usage(fmt.Errorf("the store has no run %d; `holdfast findings runs` lists them", id))
}

// Reviewed is the instant that the latest review of this store judged; false
// where there was none.
func Reviewed(ctx context.Context, s *store.Store) (time.Time, bool, error) {
	runs, err := s.Runs(ctx)
	for _, r := range runs {
		if at, ok := judgedAt(r.Summary); ok && r.Kind == "review" {
			return at, true, err
		}
	}
	return time.Time{}, false, err
}

func noEvidence(ok bool) error {
	if ok {
		return nil
	}
	return Usage(ErrNoEvidence)
}

// fillStates gives the findings that a review shows the history the store has
// of them.
func fillStates(ctx context.Context, s *store.Store, answer *review.Review) error {
	for i := range answer.Practices {
		for j := range answer.Practices[i].Top {
			f := &answer.Practices[i].Top[j]
			stored, err := s.Finding(ctx, f.ID)
			if err != nil {
				return err
			}
			f.State = stored.State
		}
	}
	return nil
}

// Warnings are what the workspace says that has no effect: exceptions for controls
// that do not exist. They are no errors, since a later version may bring or take
// a control.
func (r *Reviewing) Warnings() []string {
	known := map[string]bool{}
	for _, c := range r.Engine.Controls() {
		known[c.ID] = true
	}
	var out []string
	for _, x := range r.Exceptions {
		for _, id := range x.Controls {
			if !known[id] && !r.detects(id) {
				out = append(out, fmt.Sprintf("%s:%d: exception %s is about control or detection %q, which does not exist; it covers nothing there", x.File, x.Line, x.ID, id))
			}
		}
	}
	return out
}

// detects tells whether there is a detection of a name. Where detections cannot be
// loaded what is wrong with them is said elsewhere.
func (r *Reviewing) detects(name string) bool {
	if r.Detections == nil {
		return false
	}
	d, err := r.Detections()
	if err != nil {
		return true
	}
	_, err = d.Find(name)
	return err == nil
}
