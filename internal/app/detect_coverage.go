package app

import (
	"context"
	"slices"
	"strings"
	"time"

	"holdfast.dev/holdfast/internal/operate/detect"
	"holdfast.dev/holdfast/internal/store"
)

// LogsSeen tells which kinds of logs came by in a stretch of time, as detections name
// what they need.
type LogsSeen interface {
	Activity(ctx context.Context, from, to time.Time) ([]store.Activity, error)
}

// logsWindow is how far back a log may have been seen to count as there.
const logsWindow = 30 * 24 * time.Hour

// detectLogs gives the kinds of logs that were read lately; nil where no activity was
// recorded at all, so that nothing is known.
func detectLogs(ctx context.Context, seen LogsSeen, now time.Time) ([]string, error) {
	activity, err := seen.Activity(ctx, now.Add(-logsWindow), now)
	if err != nil || len(activity) == 0 {
		return nil, err
	}
	logs := []string{}
	for _, a := range activity {
		logs = append(logs, a.Logs...)
	}
	slices.Sort(logs)
	return slices.Compact(logs), nil
}

// DetectCoverage is what detections cover, and what is known of the logs.
type DetectCoverage struct {
	*detect.Coverage
	Trials []detect.Trial
	Logs   []string // that were seen in the last 30 days; nil: not known
}

// DetectCoverage runs the examples of detections and works out what they cover. Seen
// may be nil.
func (a *App) DetectCoverage(ctx context.Context, w Workspace, d *Detections, seen LogsSeen) (*DetectCoverage, error) {
	o, err := a.detectOptions(w, d)
	if err != nil {
		return nil, err
	}
	out := &DetectCoverage{}
	if seen != nil {
		if out.Logs, err = detectLogs(ctx, seen, a.Now()); err != nil {
			return nil, err
		}
		o.Logs = out.Logs
	}
	off, err := detectOff(d, o)
	if err != nil {
		return nil, err
	}
	if out.Trials, err = TryDetections(ctx, d.All, detect.Options{Attack: d.Attack}); err != nil {
		return nil, err
	}
	out.Coverage = detect.Cover(d.Attack, d.All, out.Trials, off)
	return out, nil
}

// detectOff lists the detections that are off, of all logs. Those that are merely cold
// are left out: no detector has run here that could have warmed up.
func detectOff(d *Detections, o detect.Options) (off []detect.Off, err error) {
	detector, _, err := detect.New(d.All, o)
	if err != nil {
		return nil, Usage(err)
	}
	for _, x := range detector.Off() {
		if x.Why != detect.Cold {
			off = append(off, x)
		}
	}
	off = append(off, detect.Asleep(slices.DeleteFunc(slices.Clone(d.All), func(x detect.Detection) bool {
		return x.Log() != detect.Flows && x.Log() != detect.Lookups
	}), o)...)
	slices.SortFunc(off, func(a, b detect.Off) int { return strings.Compare(a.Rule, b.Rule) })
	return off, nil
}
