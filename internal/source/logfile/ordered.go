package logfile

import (
	"context"
	"runtime"

	"golang.org/x/sync/errgroup"
)

// waiting is how many batches of one file may lie ready.
const waiting = 4

// Ordered reads files 0 to n-1 with several workers at a time and hands what they make
// over one after the other, always in the order of the files and of the batches in
// them, whatever the number of workers (0: one for each processor). An error, or the
// context's end, ends it all and is given back.
func Ordered[T any](ctx context.Context, n, workers int, read func(ctx context.Context, i int, put func(T) error) error, take func(T) error) error {
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	group, ctx := errgroup.WithContext(ctx)
	line := make(chan chan T, workers-1) // of the files under way, in order; one more is being taken
	group.Go(func() error {
		defer close(line)
		for i := range n {
			batches := make(chan T, waiting)
			select {
			case line <- batches:
			case <-ctx.Done():
				return ctx.Err()
			}
			group.Go(func() error {
				err := read(ctx, i, func(b T) error {
					select {
					case batches <- b:
						return nil
					case <-ctx.Done():
						return ctx.Err()
					}
				})
				if err == nil {
					close(batches) // else nothing behind it may be taken
				}
				return err
			})
		}
		return nil
	})
	group.Go(func() error {
		for batches := range line {
			if err := drain(ctx, batches, take); err != nil {
				return err
			}
		}
		return ctx.Err()
	})
	return group.Wait()
}

// drain takes the batches of one file until it is read.
func drain[T any](ctx context.Context, batches <-chan T, take func(T) error) error {
	for {
		select {
		case b, more := <-batches:
			if !more {
				return ctx.Err()
			}
			if err := take(b); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Recycled is Ordered for batches whose memory is used again once they are taken: spare
// gives one that is, or nil.
func Recycled[B any](ctx context.Context, n, workers int, read func(ctx context.Context, i int, spare func() *B, put func(*B) error) error, take func(*B) error) error {
	taken := make(chan *B, 16)
	spare := func() *B {
		select {
		case b := <-taken:
			return b
		default:
			return nil
		}
	}
	return Ordered(ctx, n, workers,
		func(ctx context.Context, i int, put func(*B) error) error { return read(ctx, i, spare, put) },
		func(b *B) error {
			if err := take(b); err != nil {
				return err
			}
			select {
			case taken <- b:
			default:
			}
			return nil
		})
}
