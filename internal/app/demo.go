package app

import (
	"context"
	"errors"
	"time"

	"holdfast.dev/holdfast/internal/finding"
	"holdfast.dev/holdfast/internal/operate/review"
	"holdfast.dev/holdfast/internal/source/demo"
	"holdfast.dev/holdfast/internal/store"
)

// DemoInstant is when the demo takes place. It is fixed, so that the same seed
// gives the same review to the byte.
var DemoInstant = time.Date(2026, time.November, 2, 8, 0, 0, 0, time.UTC)

// Demo makes an organisation up in an empty store, reviews it, lets a week go by
// and reviews it again. The answer is that of the second review, compared with
// the first.
func Demo(ctx context.Context, s *store.Store, r *Reviewing, o demo.Options) (*review.Review, error) {
	week := func(at time.Time, weeks int) (*review.Review, error) {
		o.At, o.Weeks = at, weeks
		if err := fill(ctx, s, o); err != nil {
			return nil, err
		}
		return r.Review(ctx, s, at, nil)
	}
	if _, err := week(DemoInstant.AddDate(0, 0, -7), 0); err != nil {
		return nil, err
	}
	before, err := Failures(ctx, s)
	if err != nil {
		return nil, err
	}
	answer, err := week(DemoInstant, 1)
	if err != nil {
		return nil, err
	}
	base := &Baseline{Name: "the review a week before", open: map[string]finding.Finding{}}
	for _, f := range before {
		base.open[f.ID] = f
	}
	now, err := Failures(ctx, s)
	if err != nil {
		return nil, err
	}
	answer.Changes = base.Compare(now)
	return answer, nil
}

// fill applies the made-up evidence to the store.
func fill(ctx context.Context, s *store.Store, o demo.Options) error {
	run, err := s.Begin(ctx, store.Run{Kind: "demo"})
	if err != nil {
		return err
	}
	for b := range demo.Generate(o) {
		batch := store.Batch{At: o.At, Account: b.Account, Region: b.Region, Unit: b.Account + "/" + b.Region + "/demo", Resources: b.Resources, Gaps: b.Gaps, Complete: b.Complete}
		if _, err := s.Apply(ctx, run, batch); err != nil {
			return errors.Join(err, run.Finish(context.WithoutCancel(ctx), store.Failed, nil))
		}
	}
	return run.Finish(ctx, store.Finished, nil)
}

// Failures are the open findings that fail.
func Failures(ctx context.Context, s *store.Store) ([]finding.Finding, error) {
	var out []finding.Finding
	for f, err := range s.Findings(ctx, store.FindingQuery{Verdicts: []finding.Verdict{finding.Fail}, Statuses: []finding.Status{finding.New, finding.Open, finding.Reopened}}) {
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, nil
}
