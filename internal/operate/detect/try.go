package detect

import (
	"fmt"
	"strings"

	"holdfast.dev/holdfast/internal/finding"
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
func (t *Trial) Passed() bool { return t.Err == nil && (len(t.Alerts) > 0) == t.Example.Alert }

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
	d, refusals, err := New([]Detection{*x}, Options{Log: x.Log(), Attack: o.Attack, World: o.World, Placeholders: o.Placeholders})
	if err != nil {
		return nil, err
	}
	if len(refusals) > 0 {
		return nil, refusals[0]
	}
	keep := func(a finding.Alert) error {
		if a.Rule != x.Name {
			return fmt.Errorf("the alert is by %q", a.Rule)
		}
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

// Fault says what is wrong with an example, where it stands and what came of it.
func (t *Trial) Fault() string {
	at := fmt.Sprintf("%s:%d: %s: %s %d (%s)", t.Detection.File, t.Example.Line, t.Detection.Name, t.Group, t.Number, strings.TrimSpace(t.Example.Why))
	switch {
	case t.Err != nil:
		return fmt.Sprintf("%s: %v", at, t.Err)
	case t.Example.Alert:
		return at + ": is to alert and stays quiet"
	}
	return fmt.Sprintf("%s: is to stay quiet and alerts: %s", at, t.Alerts[0].Message)
}
