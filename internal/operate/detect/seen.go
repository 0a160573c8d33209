package detect

import (
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/engine/sigma"
	"holdfast.dev/holdfast/internal/operate/detect/analytic"
)

// Seen is what a Worker saw in a batch of events: which rules matched and which
// analytics want to look. It is made once and used for many batches.
type Seen struct {
	events []sighting
	rules  []*sigma.Compiled
	logs   []string // kinds of logs that were not seen before
	next   int
}

// sighting is one event of which something came.
type sighting struct {
	i        int
	from, to int    // of its rules
	wants    uint64 // which analytics, one bit each
	activity analytic.Activity
}

// Reset forgets the batch before.
func (s *Seen) Reset() {
	clear(s.events) // its texts are views of memory that is used again
	s.events, s.rules, s.logs, s.next = s.events[:0], s.rules[:0], s.logs[:0], 0
}

// of gives what was seen of an event. Events are asked for in order; some may be left
// out.
func (s *Seen) of(i int) *sighting {
	for s.next < len(s.events) && s.events[s.next].i < i {
		s.next++
	}
	if s.next < len(s.events) && s.events[s.next].i == i {
		return &s.events[s.next]
	}
	return nil
}

// Worker is the part of a Detector that needs no order. Each goroutine has its own.
type Worker struct {
	d     *Detector
	match *sigma.Matcher
	into  *Seen
	note  func(*sigma.Compiled) bool
	logs  logs
	memo  analytic.Memo
}

// Worker gives a new worker.
func (d *Detector) Worker() *Worker {
	w := &Worker{d: d, match: d.engine.Matcher()}
	w.note = func(c *sigma.Compiled) bool {
		w.into.rules = append(w.into.rules, c)
		return true
	}
	return w
}

// Look runs one event through the rules and notes what is to be done about it in its
// turn. The events of a batch are looked at in their order, by one worker.
func (w *Worker) Look(i int, e Event, into *Seen) {
	from := len(into.rules)
	w.into = into
	w.match.Match(e, w.note)
	into.events = slices.Grow(into.events, 1)[:len(into.events)+1]
	s := &into.events[len(into.events)-1]
	s.i, s.from, s.to, s.wants = i, from, len(into.rules), 0
	e.Activity(&s.activity)
	if len(w.d.analytics) > 0 {
		w.memo.Learn(&s.activity)
	}
	for k := range w.d.analytics {
		if w.d.analytics[k].analytic.Wants(&s.activity) {
			s.wants |= 1 << k
		}
	}
	if log, first := w.logs.note(&s.activity); first {
		into.logs = append(into.logs, strings.Clone(log))
	}
	if s.from == s.to && s.wants == 0 {
		into.events = into.events[:len(into.events)-1]
	}
}
