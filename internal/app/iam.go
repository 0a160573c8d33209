package app

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/operate/access"
	"holdfast.dev/holdfast/internal/store"
)

// AccessOptions say where an estate is read from: files, or else the store.
type AccessOptions struct {
	Files []string
	// Account and Region are those that templates among the files are for.
	Account, Region string

	Store *store.Store // opened by the caller; not used with files
	AsOf  time.Time    // the instant of the snapshot

	// Alone takes what was not seen for not there.
	Alone bool
}

// Access reads who may do what.
func (a *App) Access(ctx context.Context, o AccessOptions) (*access.Estate, error) {
	var from access.Evidence
	var err error
	if len(o.Files) > 0 {
		from, err = accessFiles(ctx, o)
	} else {
		from, err = accessStore(ctx, o)
	}
	if err != nil {
		return nil, err
	}
	from.Alone = o.Alone
	return access.Load(from)
}

// accessStore is the evidence of the store.
func accessStore(ctx context.Context, o AccessOptions) (access.Evidence, error) {
	if o.Store == nil {
		return access.Evidence{}, errors.New("reading who may do what: neither a store nor files were given")
	}
	if _, ok, err := o.Store.Latest(ctx); err != nil || !ok {
		return access.Evidence{}, errors.Join(err, noEvidence(ok))
	}
	s := snapshot{o.Store, o.AsOf}
	listed, err := s.Listed(ctx)
	if err != nil {
		return access.Evidence{}, err
	}
	if err := anything(ctx, o, listed); err != nil {
		return access.Evidence{}, err
	}
	gaps, err := s.Gaps(ctx)
	return access.Evidence{Resources: decoded(ctx, o.Store, o.AsOf, access.Types()), Listed: listed, Gaps: gaps}, err
}

// anything refuses an instant before all that was collected: nothing is allowed
// in an empty estate, which is no answer about yours.
func anything(ctx context.Context, o AccessOptions, listed map[string]map[string]bool) error {
	if len(listed) > 0 {
		return nil
	}
	counts, err := o.Store.Counts(ctx, o.AsOf)
	if err == nil && len(counts) == 0 {
		err = Usage(fmt.Errorf("nothing had been collected by %s; choose a later instant", o.AsOf.Format(time.RFC3339)))
	}
	return err
}

// decodeBatch is how many records one worker decodes at a time.
const decodeBatch = 256

// decoded streams resources of the given types in the order of the store, decoded
// by several workers.
func decoded(ctx context.Context, s *store.Store, at time.Time, types []string) iter.Seq2[*evidence.Resource, error] {
	return func(yield func(*evidence.Resource, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		workers := runtime.GOMAXPROCS(0)
		queue := make(chan chan []result, workers) // keeps the order
		group, ctx := errgroup.WithContext(ctx)
		group.Go(func() error {
			defer close(queue)
			return readBatches(ctx, s, at, types, queue, group)
		})
		stopped := false
		for slot := range queue {
			for _, r := range <-slot {
				if stopped = stopped || !yield(r.resource, r.err) || r.err != nil; stopped {
					cancel()
					break
				}
			}
		}
		if err := group.Wait(); err != nil && !stopped {
			yield(nil, err)
		}
	}
}

// result is one decoded record.
type result struct {
	resource *evidence.Resource
	err      error
}

// readBatches reads records and has each batch decoded by a worker of its own; no
// more batches are under way than the queue has room for.
func readBatches(ctx context.Context, s *store.Store, at time.Time, types []string, queue chan<- chan []result, group *errgroup.Group) error {
	var batch []store.Record
	hand := func() error {
		slot, records := make(chan []result, 1), batch
		batch = nil
		select {
		case queue <- slot:
		case <-ctx.Done():
			return ctx.Err()
		}
		group.Go(func() error {
			slot <- decodeRecords(records)
			return nil
		})
		return nil
	}
	for record, err := range s.Records(ctx, at, store.Query{Types: types}) {
		if err != nil {
			return fmt.Errorf("reading who may do what: %w", err)
		}
		if batch = append(batch, record); len(batch) == decodeBatch {
			if err := hand(); err != nil {
				return err
			}
		}
	}
	if len(batch) == 0 {
		return nil
	}
	return hand()
}

func decodeRecords(records []store.Record) []result {
	var decoder evidence.Decoder
	out := make([]result, 0, len(records))
	for _, record := range records {
		r, err := record.Resource(&decoder)
		out = append(out, result{r, err})
	}
	return out
}
