package finding

import "time"

// Status is where a finding stands in its life.
type Status string

const (
	New      Status = "new"      // first seen in the latest review
	Open     Status = "open"     // seen before and still there
	Reopened Status = "reopened" // had been resolved, and is back in the latest review
	Resolved Status = "resolved"
)

// State is the history of one finding in brief. The zero State is that of a
// finding nobody has seen.
type State struct {
	Status    Status
	FirstSeen time.Time
	LastSeen  time.Time
	Opened    time.Time // start of the present open period
	Resolved  time.Time // zero while open
	Due       time.Time
}

// Live tells whether the finding is open in any way.
func (s State) Live() bool { return s.Status == New || s.Status == Open || s.Status == Reopened }

// Advance is the state after a review at a time came to a verdict. The second
// result tells whether the finding is one to keep.
//
// Only a judgement resolves: when evidence went missing (UNKNOWN, ERROR) an
// open finding stays open, and one nobody had seen is not invented.
func Advance(prev State, v Verdict, severity Severity, at time.Time) (State, bool) {
	switch v {
	case Fail, Excepted, Prevented:
		return see(prev, severity, at), true
	case Unknown, Error:
		if !prev.Live() {
			return prev, prev.Status != ""
		}
		next := see(prev, severity, at)
		next.LastSeen = prev.LastSeen // it was not seen, only not disproved
		return next, true
	}
	if !prev.Live() {
		return prev, prev.Status != ""
	}
	prev.Status, prev.Resolved, prev.Due = Resolved, at, time.Time{}
	return prev, true
}

func see(prev State, severity Severity, at time.Time) State {
	next := prev
	switch {
	case prev.Status == "":
		next.Status, next.FirstSeen, next.Opened = New, at, at
	case prev.Status == Resolved:
		next.Status, next.Opened, next.Resolved = Reopened, at, time.Time{}
	case at.After(prev.LastSeen):
		next.Status = Open
	}
	next.LastSeen = at
	// A due date only ever moves closer.
	if due := DueBy(severity, next.Opened); next.Due.IsZero() || (!due.IsZero() && due.Before(next.Due)) {
		next.Due = due
	}
	return next
}

// Alerted is the state after alerts on activity between two times were recorded at
// an instant. What happened before the last sight of a resolved finding does not
// reopen it: such alerts only came late.
func Alerted(prev State, severity Severity, first, last, at time.Time) State {
	next := prev
	switch {
	case prev.Status == "":
		next.Status, next.FirstSeen, next.Opened = New, first, at
	case prev.Status == Resolved && last.After(prev.LastSeen):
		next.Status, next.Opened, next.Resolved = Reopened, at, time.Time{}
	}
	if first.Before(next.FirstSeen) {
		next.FirstSeen = first
	}
	if last.After(next.LastSeen) {
		next.LastSeen = last
	}
	if !next.Live() {
		return next
	}
	if due := DueBy(severity, next.Opened); next.Due.IsZero() || !due.IsZero() && due.Before(next.Due) {
		next.Due = due
	}
	return next
}

// Calm tells whether a live finding of a detection may count as resolved at an
// instant: it was there to be looked at for a time, and nothing came of it for as
// long. Whether activity was read all that time is for the caller to know; silence
// without logs resolves nothing.
func Calm(s State, quiet time.Duration, at time.Time) bool {
	return s.Live() && quiet > 0 && !at.Before(s.Opened.Add(quiet)) && !at.Before(s.LastSeen.Add(quiet))
}
