package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"holdfast.dev/holdfast/internal/evidence/schema"
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

	// Answer, where set, answers every call in the place of AWS or of the saved
	// responses, and Sleep waits; tests bring trouble in here.
	Answer aws.Answer
	Sleep  func(context.Context, time.Duration) error
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
	if err := a.checkCollect(o); err != nil {
		return done, Usage(err)
	}
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
	if o.Answer != nil {
		for i := range world.Targets {
			world.Targets[i].Config = aws.Answered("us-east-1", o.Answer)
		}
	}
	run, err := s.Begin(ctx, store.Run{Kind: "collect", Args: o.Args, Resume: o.Resume})
	if err != nil {
		return done, err
	}
	keep := keeper{store: s, run: run, collectors: a.Collectors, visited: visited(world), done: &done, corrupt: map[string]bool{}}
	sink := func(ctx context.Context, b aws.Batch) error { return keep.batch(ctx, b, a.Now()) }
	err = aws.Run(ctx, world, aws.RunOptions{
		Sink: sink, Progress: journal{run}, Reporter: o.Reporter, Concurrency: o.Concurrency, Record: o.Record, Now: a.Now, Sleep: o.Sleep,
	})
	if err != nil {
		if ctx.Err() != nil {
			return done, &ExitError{Code: ExitUnseen, Err: fmt.Errorf("interrupted after %d units; everything they found is kept, and `holdfast collect --resume` goes on from here", done.Units)}
		}
		return done, a.broken(ctx, err, run, done)
	}
	text, err := json.Marshal(done)
	if err != nil {
		return done, err
	}
	if err := run.Finish(ctx, store.Finished, text); err != nil {
		return done, err
	}
	return done, keep.unreadable(o.From)
}

// checkCollect refuses what would otherwise be read as "nothing there".
func (a *App) checkCollect(o CollectOptions) error {
	if names := aws.Unnamed(a.Collectors, o.Services); len(names) > 0 {
		return fmt.Errorf("there is no collector for the service %q; there are %s", names[0], strings.Join(aws.Services(a.Collectors), ", "))
	}
	for _, name := range uncollected(a.Collectors, o.Types) {
		if _, known := schema.Lookup(name); !known && (strings.HasPrefix(name, "AWS::") || strings.Count(name, "::") != 2) {
			return fmt.Errorf("there is no resource type %q; types are spelled as in CloudFormation: AWS::S3::Bucket", name)
		}
	}
	if o.Concurrency < 0 {
		return fmt.Errorf("--concurrency %d: give the number of calls in flight, 1 or more", o.Concurrency)
	}
	if o.Record == "" {
		return nil
	}
	if o.From != "" && filepath.Clean(o.From) == filepath.Clean(o.Record) {
		return fmt.Errorf("--from and --record name the same directory %q; record into another", o.Record)
	}
	if err := os.MkdirAll(o.Record, 0o700); err != nil {
		return fmt.Errorf("responses cannot be saved in %q (%w); choose another directory with --record", o.Record, err)
	}
	return nil
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

// broken ends the run that err broke off. That the end itself cannot be
// written is no news: the store says the same of both, and lists a run without
// an end as interrupted.
func (a *App) broken(ctx context.Context, err error, run *store.Run, done Collected) error {
	if finish := run.Finish(ctx, store.Failed, nil); finish != nil && !errors.Is(err, store.ErrFull) {
		err = errors.Join(err, finish)
	}
	var credentials *aws.CredentialsError
	if errors.As(err, &credentials) {
		return Usage(fmt.Errorf("%w; what %d finished units found is kept, and --resume goes on from there", err, done.Units))
	}
	return err
}

// journal lets the source ask the run what is finished; the batch itself marks
// its unit in the same transaction.
type journal struct{ run *store.Run }

func (j journal) Done(u aws.Unit) bool  { return j.run.Done(u.String()) }
func (j journal) Finish(aws.Unit) error { return nil }
