package digest

import (
	"context"
	"runtime"
	"sync"

	"golang.org/x/sync/errgroup"
)

// Verifier verifies chains.
type Verifier struct {
	Objects  Objects
	Keys     PublicKeys
	Window   Window
	Parallel int // log files read at a time; zero is one for each CPU
}

// batch is one digest with its log files. It may be handed over once logs is done.
type batch struct {
	digest Object
	valid  *Digest
	gaps   []Gap
	logs   []Object
	read   *sync.WaitGroup
}

// ahead is how many digests of a chain are worked on before the first is handed over.
const ahead = 4

// Run verifies chains, several at a time, and hands over what came out in a lasting
// order: chain by chain, from the newest digest to the oldest, each followed by its
// log files. It ends early only with the context, or an error of sink.
func (v *Verifier) Run(ctx context.Context, chains []*Chain, sink func(Item) error) error {
	parallel := v.Parallel
	if parallel <= 0 {
		parallel = runtime.GOMAXPROCS(0)
	}
	group, ctx := errgroup.WithContext(ctx)
	reads := make(chan func())
	streams := make(chan chan batch, 2*parallel) // in the order of chains
	group.Go(func() error {
		defer close(reads)
		return v.start(ctx, chains, streams, reads)
	})
	for range parallel {
		group.Go(func() error {
			for read := range reads {
				read()
			}
			return nil
		})
	}
	group.Go(func() error {
		i := 0
		for stream := range streams {
			for b := range stream {
				b.read.Wait()
				if err := ctx.Err(); err != nil {
					return err // what was not read since is no verdict
				}
				if err := b.hand(chains[i], sink); err != nil {
					return err
				}
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			i++
		}
		return ctx.Err()
	})
	return group.Wait()
}

// start walks the chains, as many at a time as streams has room for.
func (v *Verifier) start(ctx context.Context, chains []*Chain, streams chan<- chan batch, reads chan<- func()) error {
	defer close(streams)
	var walkers errgroup.Group
	for _, chain := range chains {
		stream := make(chan batch, ahead)
		select {
		case streams <- stream:
		case <-ctx.Done():
			return walkers.Wait()
		}
		walkers.Go(func() error {
			defer close(stream)
			return v.walk(ctx, chain, func(ctx context.Context, j judged, gaps []Gap) error {
				return v.begin(ctx, j, gaps, stream, reads)
			})
		})
	}
	return walkers.Wait()
}

// begin has the log files of a digest read, and puts the digest into its stream.
func (v *Verifier) begin(ctx context.Context, j judged, gaps []Gap, stream chan<- batch, reads chan<- func()) error {
	b := batch{digest: j.Object, valid: j.digest, gaps: gaps, read: &sync.WaitGroup{}}
	if j.digest != nil {
		b.logs = make([]Object, len(j.digest.Logs))
		for i := range j.digest.Logs {
			b.read.Add(1)
			read := func() {
				defer b.read.Done()
				b.logs[i] = judgeLog(ctx, v.Objects, j.digest.Logs[i])
			}
			select {
			case reads <- read:
			case <-ctx.Done():
				b.read.Done()
				return ctx.Err()
			}
		}
	}
	select {
	case stream <- b:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// hand gives a digest and its log files to sink.
func (b *batch) hand(c *Chain, sink func(Item) error) error {
	item := Item{Chain: c, Object: &b.digest}
	if b.valid != nil {
		item.Start, item.End = b.valid.Start, b.valid.End
	}
	for i := range b.gaps {
		if err := sink(Item{Chain: c, Gap: &b.gaps[i]}); err != nil {
			return err
		}
	}
	if err := sink(item); err != nil {
		return err
	}
	for i := range b.logs {
		if err := sink(Item{Chain: c, Object: &b.logs[i]}); err != nil {
			return err
		}
	}
	return nil
}
