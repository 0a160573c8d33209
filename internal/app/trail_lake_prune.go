package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"holdfast.dev/holdfast/internal/store/lake"
)

// TrailPruneOptions say what the lake keeps.
type TrailPruneOptions struct {
	Dir     string
	Keep    string // 400d; "" is what the workspace says
	DryRun  bool
	Command []string
}

// TrailPruned is what was deleted, or would be.
type TrailPruned struct {
	*lake.Pruned
	Keep   string
	Before time.Time // events from here on stay
}

// retentionSource is what retention calls the events of CloudTrail.
const retentionSource = "cloudtrail"

// TrailPrune deletes the days that are older than what is kept.
func (a *App) TrailPrune(ctx context.Context, w Workspace, o TrailPruneOptions) (*TrailPruned, error) {
	for source := range w.Lake.Retention {
		if source != retentionSource {
			return nil, Usage(fmt.Errorf("%s: lake.retention: %q is no source of the lake; there is %s", WorkspaceFile, source, retentionSource))
		}
	}
	keep := o.Keep
	if keep == "" {
		keep = w.Lake.Retention[retentionSource]
	}
	if keep == "" {
		return nil, Usage(errors.New("nothing says how long events are kept: write lake: {retention: {cloudtrail: 400d}} into holdfast.yaml, or --keep 400d"))
	}
	span, err := ParseRetention(keep)
	if err != nil {
		return nil, Usage(err)
	}
	out := &TrailPruned{Keep: keep, Before: a.Now().UTC().Add(-span).Truncate(24 * time.Hour)}
	if o.DryRun {
		l, err := a.OpenLake(o.Dir)
		if err != nil {
			return nil, err
		}
		out.Pruned, err = l.Expired(ctx, out.Before)
		return out, lakeUsage(err)
	}
	if _, err := a.OpenLake(o.Dir); err != nil { // pruning makes no lake
		return nil, err
	}
	writer, err := lake.OpenWriter(o.Dir, lake.Options{Now: a.Now, Command: o.Command})
	if err != nil {
		return nil, lakeUsage(err)
	}
	defer writer.Close() // nothing is waiting to be written
	out.Pruned, err = writer.Prune(ctx, out.Before)
	return out, lakeUsage(err)
}
