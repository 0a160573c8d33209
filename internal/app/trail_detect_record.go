package app

import (
	"context"
	"errors"
	"time"

	"holdfast.dev/holdfast/internal/finding"
	"holdfast.dev/holdfast/internal/operate/detect"
	"holdfast.dev/holdfast/internal/operate/detect/analytic"
	"holdfast.dev/holdfast/internal/source/cloudtrail"
	"holdfast.dev/holdfast/internal/store"
)

// TrailRecorder writes down what detection came to: findings, which activity was
// read, and what was not.
type TrailRecorder struct {
	app      *App
	store    *store.Store
	run      *store.Run
	now      Recording // the stretch under way
	tally    store.Tally
	activity analytic.Activity
	off      func() []detect.Off

	alerts  int
	changes store.Changes
}

// stretchAlerts is how many alerts wait for the end of a stretch before they are
// written down without it.
const stretchAlerts = 20_000

// NewTrailRecorder begins to record into a store what is read of a source.
func (a *App) NewTrailRecorder(ctx context.Context, w Workspace, s *store.Store, source string, args []string) (*TrailRecorder, error) {
	exceptions, err := LoadExceptions(w.ExceptionFolder())
	if err != nil {
		return nil, err
	}
	quiet, err := w.Detect.quiet()
	if err != nil {
		return nil, err
	}
	run, err := s.Begin(ctx, store.Run{Kind: "detect", Args: args})
	if err != nil {
		return nil, err
	}
	r := &TrailRecorder{app: a, store: s, run: run, now: Recording{Source: source, Exceptions: exceptions, Trusted: w.Detect.trusted(), Quiet: quiet}}
	return r, nil
}

// trusted are the networks whose alerts open nothing.
func (d DetectSettings) trusted() []string {
	var out []string
	for _, n := range d.Trusted {
		out = append(out, n.CIDR)
	}
	return out
}

// saw takes one event that was read.
func (r *TrailRecorder) saw(e detect.Event) {
	e.Activity(&r.activity)
	a := &r.activity
	if a.Time.IsZero() {
		return // of no day
	}
	r.tally.Add(a.Account, a.Region, a.Time, detect.LogOf(a))
}

func (r *TrailRecorder) alert(a finding.Alert) { r.now.Alerts = append(r.now.Alerts, a) }

// fault takes a file that could not be read. One that only could not be reached comes
// again with a later look.
func (r *TrailRecorder) fault(f *cloudtrail.Fault) {
	r.now.Gaps = append(r.now.Gaps, f.Gap())
}

// full tells that so much waits that it should be written down.
func (r *TrailRecorder) full() bool { return len(r.now.Alerts) >= stretchAlerts }

// keep writes the stretch down and gives its number, to go on from after a restart.
func (r *TrailRecorder) keep(ctx context.Context, after int64, state []byte) (int64, error) {
	r.now.After, r.now.Read, r.now.State = after, r.tally.Take(), state
	if r.off != nil {
		r.now.Off = OffDetections(r.off())
	}
	number, changes, err := r.app.RecordAlerts(ctx, r.store, r.run, r.now)
	if err != nil {
		return after, err
	}
	r.alerts += len(r.now.Alerts)
	r.changes.New += changes.New
	r.changes.Reopened += changes.Reopened
	r.changes.Resolved += changes.Resolved
	r.now.Alerts, r.now.Gaps, r.now.After = nil, nil, number
	return number, nil
}

// Finish records how it ended.
func (r *TrailRecorder) Finish(ctx context.Context, cause error) error {
	status := store.Finished
	if cause != nil {
		status = store.Failed
	}
	return errors.Join(cause, r.run.Finish(ctx, status, recorded(r.app.Now().UTC().Truncate(time.Second), r.alerts, r.changes)))
}

// Changes are what recording did to findings so far.
func (r *TrailRecorder) Changes() store.Changes { return r.changes }
