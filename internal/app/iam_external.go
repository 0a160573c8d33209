package app

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/operate/access"
	"holdfast.dev/holdfast/internal/operate/access/external"
)

// ExternalOptions say where to look, and who is trusted.
type ExternalOptions struct {
	AccessOptions
	Zone   external.Zone
	Public bool // only what is open to anyone
}

// External lists what somebody outside can reach.
func (a *App) External(ctx context.Context, o ExternalOptions) (*external.Report, error) {
	if o.Zone != external.Account && o.Zone != external.Organization {
		return nil, Usage(fmt.Errorf("--zone: %q is neither %s nor %s", o.Zone, external.Account, external.Organization))
	}
	find := a.externalStore
	if len(o.Files) > 0 {
		find = a.externalFiles
	}
	report, err := find(ctx, o)
	if err != nil {
		return nil, err
	}
	if o.Public {
		closed := func(x external.Finding) bool { return !x.Public }
		report.Findings, report.Held = slices.DeleteFunc(report.Findings, closed), slices.DeleteFunc(report.Held, closed)
	}
	return report, nil
}

func (a *App) externalStore(ctx context.Context, o ExternalOptions) (*external.Report, error) {
	estate, err := a.Access(ctx, o.AccessOptions)
	if err != nil {
		return nil, err
	}
	report, err := external.Find(estate, decoded(ctx, o.Store, o.AsOf, external.Types()), o.Zone)
	if err != nil {
		return nil, err
	}
	listed, err := (snapshot{o.Store, o.AsOf}).Listed(ctx)
	if err != nil {
		return nil, err
	}
	visited := slices.Sorted(maps.Keys(listed))
	report.NotCollected = external.NotCollected(slices.DeleteFunc(visited, func(account string) bool { return account == "" }), listed)
	return report, nil
}

func (a *App) externalFiles(ctx context.Context, o ExternalOptions) (*external.Report, error) {
	declared, err := accessFiles(ctx, o.AccessOptions)
	if err != nil {
		return nil, err
	}
	declared.Alone = o.Alone
	estate, err := access.Load(declared)
	if err != nil {
		return nil, err
	}
	return external.Find(estate, ofTypes(declared.Resources, external.Types()), o.Zone)
}

// ofTypes are the resources of some types.
func ofTypes(all iter.Seq2[*evidence.Resource, error], types []string) iter.Seq2[*evidence.Resource, error] {
	return func(yield func(*evidence.Resource, error) bool) {
		for r, err := range all {
			if err != nil || slices.Contains(types, r.Type) {
				if !yield(r, err) {
					return
				}
			}
		}
	}
}
