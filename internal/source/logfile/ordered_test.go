package logfile_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"holdfast.dev/holdfast/internal/source/logfile"
)

// However many workers there are, and however long each takes, everything comes in the
// order of the files and of what is in them; and no more files than workers are read at
// a time.
func TestOrderedKeepsTheOrderAndTheBound(t *testing.T) {
	const files, batches = 40, 9 // more batches than may wait
	for _, workers := range []int{1, 2, 3, 16} {
		t.Run(fmt.Sprint(workers), func(t *testing.T) {
			var reading, most atomic.Int64
			var got []string
			err := logfile.Ordered(t.Context(), files, workers, func(_ context.Context, i int, put func(string) error) error {
				if now := reading.Add(1); now > most.Load() {
					most.Store(now)
				}
				defer reading.Add(-1)
				if i%3 == 0 {
					time.Sleep(time.Millisecond) // the first of several are not the soonest done
				}
				for b := range batches {
					if err := put(fmt.Sprintf("%02d.%d", i, b)); err != nil {
						return err
					}
				}
				return nil
			}, func(s string) error {
				got = append(got, s)
				return nil
			})
			if err != nil || len(got) != files*batches || !slices.IsSorted(got) {
				t.Errorf("%v: %d batches: %v", err, len(got), got)
			}
			if most.Load() > int64(workers) {
				t.Errorf("%d files were read at a time by %d workers", most.Load(), workers)
			}
			if workers > 1 && most.Load() < 2 {
				t.Error("no two files were read at a time")
			}
		})
	}
}

// An error of either side ends it all: it comes back, nothing that stands behind it is
// taken, and nobody is left waiting.
func TestOrderedEndsWithAnError(t *testing.T) {
	broken := errors.New("broken")
	before := runtime.NumGoroutine()
	for round := range 200 {
		at := round % 7
		var taken []int
		err := logfile.Ordered(t.Context(), 30, 4, func(_ context.Context, i int, put func(int) error) error {
			if i == at {
				return broken
			}
			return put(i)
		}, func(i int) error {
			taken = append(taken, i)
			return nil
		})
		if !errors.Is(err, broken) || len(taken) > at {
			t.Fatalf("%v; file %d is broken, and %v were taken", err, at, taken)
		}
		taken = nil
		err = logfile.Ordered(t.Context(), 30, 4, func(_ context.Context, i int, put func(int) error) error {
			for range 20 {
				if err := put(i); err != nil {
					return err
				}
			}
			return nil
		}, func(i int) error {
			if taken = append(taken, i); len(taken) == 25 {
				return broken
			}
			return nil
		})
		if !errors.Is(err, broken) || len(taken) != 25 {
			t.Fatalf("%v; %d were taken", err, len(taken))
		}
	}
	for range 100 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%d goroutines, and %d before", runtime.NumGoroutine(), before)
}

func TestOrderedEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	taken := 0
	err := logfile.Ordered(ctx, 1000, 3, func(_ context.Context, i int, put func(int) error) error { return put(i) }, func(int) error {
		if taken++; taken == 5 {
			cancel()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) || taken == 1000 {
		t.Errorf("%v after %d", err, taken)
	}
	if err := logfile.Ordered(t.Context(), 0, 0, func(context.Context, int, func(int) error) error { return errors.New("read") }, func(int) error { return errors.New("taken") }); err != nil {
		t.Errorf("of no file: %v", err)
	}
}
