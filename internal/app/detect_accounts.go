package app

import (
	"context"
	"errors"
	"maps"
	"slices"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/store"
)

// KnowAccounts lets detections know the accounts of the organisation that was
// collected into a store, besides those the workspace names. Without a store, or
// without an organisation in it, the workspace's stand alone.
func (a *App) KnowAccounts(ctx context.Context, w *Workspace, dir string) error {
	s, err := store.Open(ctx, dir, store.Options{ReadOnly: true, Now: a.Now})
	if errors.Is(err, store.ErrNoStore) {
		return nil
	}
	if err != nil {
		return err
	}
	ours, err := accounts(ctx, s)
	if err := errors.Join(err, s.Close()); err != nil {
		return err
	}
	ours = append(ours, w.Detect.Accounts...)
	slices.Sort(ours)
	w.Detect.Accounts = slices.Compact(ours)
	return nil
}

// accounts lists those of the organisation as it was last seen, also those that are
// closed by now: what they did was done by us.
func accounts(ctx context.Context, s *store.Store) ([]string, error) {
	at, ok, err := s.Latest(ctx)
	if err != nil || !ok {
		return nil, err
	}
	read := snapshot{s, at}.Resources(ctx, "", []string{evidence.TypeAccount})
	org := evidence.OrgOf(func(yield func(*evidence.Resource) bool) {
		for r, fault := range read {
			if err = fault; err != nil || !yield(r) {
				return
			}
		}
	})
	return slices.Sorted(maps.Keys(org.Accounts)), err
}
