package app

import (
	"context"
	"errors"
	"iter"
	"time"

	"holdfast.dev/holdfast/internal/finding"
	"holdfast.dev/holdfast/internal/operate/review"
	"holdfast.dev/holdfast/internal/source/demo"
	"holdfast.dev/holdfast/internal/store"
)

// DemoInstant is when the demo takes place. It is fixed, so that the same seed
// gives the same review to the byte.
var DemoInstant = time.Date(2026, time.November, 2, 8, 0, 0, 0, time.UTC)

// Demo makes an organisation up in an empty store, reviews it, lets a week go by,
// looks for attacks in what was done since, and reviews it again. The answer is that
// of the second review, compared with the first.
func Demo(ctx context.Context, s *store.Store, r *Reviewing, o demo.Options) (*review.Review, error) {
	week := func(at time.Time, weeks int) (*review.Review, error) {
		o.At, o.Weeks = at, weeks
		if err := fill(ctx, s, o); err != nil {
			return nil, err
		}
		if weeks > 0 {
			if err := r.watchDemo(ctx, s, o); err != nil {
				return nil, err
			}
		}
		return r.Review(ctx, s, at, nil)
	}
	if _, err := week(DemoInstant.AddDate(0, 0, -7), 0); err != nil {
		return nil, err
	}
	runs, err := s.Runs(ctx)
	if err != nil {
		return nil, err
	}
	answer, err := week(DemoInstant, 1)
	if err != nil {
		return nil, err
	}
	base, err := RunBaseline(ctx, s, runs[0].ID)
	if err != nil {
		return nil, err
	}
	base.Name = "the review a week before"
	answer.Changes, err = base.Compare(Failures(ctx, s))
	return answer, err
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

// Failures streams the open findings that nothing has fixed, in the order of
// finding.Before, as a baseline is compared with them.
func Failures(ctx context.Context, s *store.Store) iter.Seq2[finding.Finding, error] {
	return s.Findings(ctx, store.FindingQuery{Verdicts: unfixed, Statuses: live})
}
