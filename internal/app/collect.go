package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/source/aws"
	"holdfast.dev/holdfast/internal/store"
)

// CollectOptions say what to collect and how.
type CollectOptions struct {
	AWS         aws.Options
	From        string // directory of saved responses; "" is live
	Record      string // directory to save the answers in
	Resume      bool   // go on where the last collection was interrupted
	Concurrency int
	Services    []string
	Types       []string
	Reporter    aws.Reporter
	Args        []string
}

// Collected counts what a collection did.
type Collected struct {
	Units     int `json:"units"`
	Resources int `json:"resources"`
	New       int `json:"new"`
	Changed   int `json:"changed"`
	Gone      int `json:"gone"`
	Gaps      int `json:"gaps"`
}

// Collect reads the world into the store. Each unit of work is written whole or
// not at all, so an interrupted collection keeps what was finished.
func (a *App) Collect(ctx context.Context, s *store.Store, o CollectOptions) (Collected, error) {
	var done Collected
	collectors := aws.Select(a.Collectors, o.Services, o.Types)
	if missing := uncollected(collectors, o.Types); len(missing) > 0 && a.Generic != nil {
		collectors = append(collectors, a.Generic(missing)...)
	}
	if len(collectors) == 0 {
		return done, Usage(fmt.Errorf("no collector matches services %v and types %v; `holdfast collect --help` names examples", o.Services, o.Types))
	}
	o.AWS.Collectors, o.AWS.ListRegions = collectors, a.ListRegions
	world, err := openWorld(ctx, o)
	if err != nil {
		return done, Usage(err)
	}
	run, err := s.Begin(ctx, store.Run{Kind: "collect", Args: o.Args, Resume: o.Resume})
	if err != nil {
		return done, err
	}
	sink := func(ctx context.Context, b aws.Batch) error {
		applied, err := s.Apply(ctx, run, storeBatch(b, a.Now()))
		if err != nil {
			return err
		}
		done.Units++
		done.Resources += applied.Seen
		done.New += applied.New
		done.Changed += applied.Changed
		done.Gone += applied.Gone
		done.Gaps += len(b.Gaps)
		return nil
	}
	err = aws.Run(ctx, world, aws.RunOptions{
		Sink: sink, Progress: journal{run}, Reporter: o.Reporter, Concurrency: o.Concurrency, Record: o.Record, Now: a.Now,
	})
	if err != nil {
		if ctx.Err() != nil {
			return done, &ExitError{Code: ExitUnseen, Err: fmt.Errorf("interrupted after %d units; everything they found is kept, and `holdfast collect --resume` goes on from here", done.Units)}
		}
		return done, errors.Join(err, run.Finish(context.WithoutCancel(ctx), store.Failed, nil))
	}
	text, err := json.Marshal(done)
	if err != nil {
		return done, err
	}
	return done, run.Finish(ctx, store.Finished, text)
}

func openWorld(ctx context.Context, o CollectOptions) (*aws.World, error) {
	if o.From != "" {
		return aws.Saved(o.From, o.AWS)
	}
	return aws.Live(ctx, o.AWS)
}

// uncollected are the wanted types that no typed collector emits.
func uncollected(collectors []aws.Collector, types []string) []string {
	emitted := map[string]bool{}
	for _, c := range collectors {
		for _, t := range c.Types {
			emitted[t] = true
		}
	}
	var out []string
	for _, t := range types {
		if !emitted[t] {
			out = append(out, t)
		}
	}
	return out
}

func storeBatch(b aws.Batch, at time.Time) store.Batch {
	out := store.Batch{At: at, Account: b.Unit.Account, Unit: b.Unit.String(), Gaps: b.Gaps, Complete: b.Complete, Finishes: b.Unit.String()}
	if b.Unit.Region != evidence.Global {
		out.Region = b.Unit.Region
	}
	for i := range b.Resources {
		out.Resources = append(out.Resources, &b.Resources[i])
	}
	return out
}

// journal lets the source ask the run what is finished; the batch itself marks
// its unit in the same transaction.
type journal struct{ run *store.Run }

func (j journal) Done(u aws.Unit) bool  { return j.run.Done(u.String()) }
func (j journal) Finish(aws.Unit) error { return nil }
