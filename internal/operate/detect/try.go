package detect

import (
	"fmt"
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/engine/sigma"
	"holdfast.dev/holdfast/internal/finding"
	"holdfast.dev/holdfast/internal/operate/detect/analytic"
)

// Trial is what became of one example.
type Trial struct {
	Detection *Detection
	Group     string // positive, near_miss, edge
	Number    int    // in its group, from 1
	Example   *Example
	Alerts    []finding.Alert
	Err       error // it could not be run
}

// Passed tells whether it came out as it says.
func (t *Trial) Passed() bool {
	return t.Err == nil && (len(t.Alerts) > 0) == t.Example.Alert && !t.miscounted()
}

// miscounted tells that there are alerts, and not so many as the example says.
func (t *Trial) miscounted() bool { return t.Example.Alerts > 0 && len(t.Alerts) != t.Example.Alerts }

// Expected is alert, a number of alerts, or quiet.
func (t *Trial) Expected() string {
	switch {
	case !t.Example.Alert:
		return "quiet"
	case t.Example.Alerts > 0:
		return fmt.Sprintf("%d alerts", t.Example.Alerts)
	}
	return "alert"
}

// Outcome says what came of it, in a sentence.
func (t *Trial) Outcome() string {
	switch {
	case t.Err != nil:
		return "cannot be run: " + t.Err.Error()
	case len(t.Alerts) == 0 && t.Example.Alert:
		return "is to alert and stays quiet"
	case len(t.Alerts) == 0:
		return "stays quiet"
	case t.miscounted():
		return fmt.Sprintf("is to give %s and gives %d", t.Expected(), len(t.Alerts))
	case t.Example.Alert:
		return "alerts: " + t.Alerts[0].Message
	}
	return "is to stay quiet and alerts: " + t.Alerts[0].Message
}

// Fault says which example came out how, and where it stands.
func (t *Trial) Fault() string {
	return fmt.Sprintf("%s:%d: %s: %s %d (%s): %s", t.Detection.File, t.Example.Line, t.Detection.Name, t.Group, t.Number, strings.TrimSpace(t.Example.Why), t.Outcome())
}

const mostLooked = 60 // lines

// Looked shows the fields that Sigma rules ask for and what the events have there; of
// a sequence the first event and the last.
func (t *Trial) Looked() (lines []string) {
	engine, _ := sigma.Compile(t.Detection.Parts, sigma.Options{})
	var names []string
	for _, c := range engine.Rules() {
		names = append(names, c.Fields...)
	}
	slices.Sort(names)
	names = slices.Compact(names)
	var events []map[string]any
	for _, event := range t.Example.Sequence(t.Detection.Log()) {
		if len(events) == 2 {
			events = events[:1]
		}
		events = append(events, event)
	}
	for i, event := range events {
		if len(events) > 1 {
			lines = append(lines, []string{"the first event:", "the last event:"}[i])
		}
		record := NewRaw(jsonOf(event)).Record()
		for _, name := range names {
			value := "(absent)"
			if texts := record.Texts(name); len(texts) > 0 {
				value = cut(strings.Join(texts, ", "), mostShown)
			} else if record.JSON(name) != nil {
				value = string(record.JSON(name))
			}
			lines = append(lines, name+" = "+value)
		}
	}
	return lines[:min(len(lines), mostLooked)]
}

// Try runs the examples of a detection, each with a detector of its own that knows
// nothing but this detection.
func Try(x *Detection, o Options) []Trial {
	var trials []Trial
	numbers := map[string]int{}
	for group, example := range x.Examples.All {
		numbers[group]++
		t := Trial{Detection: x, Group: group, Number: numbers[group], Example: example}
		t.Alerts, t.Err = run(x, example, o)
		trials = append(trials, t)
	}
	return trials
}

// run gives the alerts of one example.
func run(x *Detection, example *Example, o Options) (alerts []finding.Alert, err error) {
	if isTraffic(x.Log()) {
		return tryTraffic(x, example, o)
	}
	d, refusals, err := New([]Detection{*x}, Options{Log: x.Log(), Attack: o.Attack, World: analytic.ExampleWorld(), Placeholders: o.Placeholders})
	if err != nil {
		return nil, err
	}
	if len(refusals) > 0 {
		return nil, refusals[0]
	}
	keep := func(a finding.Alert) error {
		alerts = append(alerts, a)
		return nil
	}
	w, seen := d.Worker(), &Seen{}
	for _, event := range example.Sequence(x.Log()) {
		e := NewRaw(jsonOf(event))
		seen.Reset()
		w.Look(0, e, seen)
		if err := d.Take(0, e, seen, keep); err != nil {
			return nil, err
		}
	}
	return alerts, d.Flush(keep)
}
