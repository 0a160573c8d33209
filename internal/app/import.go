package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/source/awsconfig"
	"holdfast.dev/holdfast/internal/store"
)

// Imported counts what an import of AWS Config files brought.
type Imported struct {
	Files    int     `json:"files"`
	Versions int     `json:"versions"`
	Gaps     int     `json:"gaps"`
	Faults   []error `json:"-"` // files that could not be read to their end
}

// Import reads the snapshot and history files of AWS Config below a folder into
// the store, with the time in which each version was valid.
func (a *App) Import(ctx context.Context, s *store.Store, root string, args []string) (Imported, error) {
	var done Imported
	var history awsconfig.History
	for file, err := range awsconfig.Walk(ctx, root, awsconfig.Options{}) {
		if ctx.Err() != nil {
			return done, ctx.Err()
		}
		if err != nil && file.Path == "" {
			return done, Usage(err)
		}
		if err != nil {
			done.Faults = append(done.Faults, err)
		}
		done.Files++
		history.Add(file)
	}
	if done.Files == 0 {
		return done, Usage(fmt.Errorf("no file of AWS Config was found below %s; give the folder that AWSLogs/… was copied to", root))
	}
	run, err := s.Begin(ctx, store.Run{Kind: "import", Args: args})
	if err != nil {
		return done, err
	}
	versions, gaps := history.Versions(), history.Gaps()
	done.Versions, done.Gaps = len(versions), len(gaps)
	if err := a.apply(ctx, s, run, versions, gaps); err != nil {
		return done, errors.Join(err, run.Finish(context.WithoutCancel(ctx), store.Failed, nil))
	}
	text, err := json.Marshal(done)
	if err != nil {
		return done, err
	}
	return done, run.Finish(ctx, store.Finished, text)
}

// apply writes versions and gaps; each account's gaps replace those that an
// earlier import had found there.
func (a *App) apply(ctx context.Context, s *store.Store, run *store.Run, versions []evidence.Version, gaps []evidence.Gap) error {
	if err := s.ApplyVersions(ctx, run, versions); err != nil {
		return err
	}
	byAccount := map[string][]evidence.Gap{}
	for _, v := range versions {
		byAccount[v.Account] = nil
	}
	for _, g := range gaps {
		byAccount[g.Account] = append(byAccount[g.Account], g)
	}
	for _, account := range slices.Sorted(maps.Keys(byAccount)) {
		if account == "" {
			continue // a file that does not say whose it is has been reported
		}
		if _, err := s.Apply(ctx, run, store.Batch{At: a.Now(), Account: account, Unit: account + "/aws-config", Gaps: byAccount[account]}); err != nil {
			return err
		}
	}
	return nil
}
