package detect

import (
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// Examples are a detection's own tests.
type Examples struct {
	Positive []Example // each has to alert
	NearMiss []Example // each has to stay quiet
	Edge     []Example // as each says itself
}

// Example is a sequence of events and whether it alerts.
type Example struct {
	Why    string
	Alert  bool
	Alerts int              // so many; 0 is any number
	Events []map[string]any // as written: what differs from the base record
	Line   int
}

// All gives the examples with the group that each stands in.
func (e *Examples) All(yield func(group string, x *Example) bool) {
	for _, g := range []struct {
		name string
		list []Example
	}{{"positive", e.Positive}, {"near_miss", e.NearMiss}, {"edge", e.Edge}} {
		for i := range g.list {
			if !yield(g.name, &g.list[i]) {
				return
			}
		}
	}
}

// Count is how many there are.
func (e *Examples) Count() int { return len(e.Positive) + len(e.NearMiss) + len(e.Edge) }

func (r *reading) examples(n *yaml.Node) (all Examples) {
	group := func(name string, to *[]Example, alert bool) func(*yaml.Node) {
		return func(n *yaml.Node) {
			if n.Kind != yaml.SequenceNode {
				r.fault(n.Line, "examples: %s has to be a list", name)
				return
			}
			for _, c := range n.Content {
				*to = append(*to, r.example(c, name, alert))
			}
		}
	}
	r.object(n, "examples", map[string]func(*yaml.Node){
		"positive": group("positive", &all.Positive, true), "near_miss": group("near_miss", &all.NearMiss, false), "edge": group("edge", &all.Edge, false)})
	return all
}

func (r *reading) example(n *yaml.Node, group string, alert bool) Example {
	x := Example{Alert: alert, Line: n.Line}
	fields := map[string]func(*yaml.Node){
		"why":    func(n *yaml.Node) { x.Why = r.text(n, "why") },
		"event":  func(n *yaml.Node) { x.Events = append(x.Events, r.event(n)) },
		"events": func(n *yaml.Node) { x.Events = append(x.Events, r.events(n)...) },
		"alerts": func(n *yaml.Node) { x.Alerts = r.alerts(n) },
	}
	expected := group != "edge"
	if group == "edge" {
		fields["expect"] = func(n *yaml.Node) {
			switch text := r.text(n, "expect"); text {
			case "alert", "quiet":
				x.Alert, expected = text == "alert", true
			default:
				r.fault(n.Line, "expect %q is neither alert nor quiet", text)
				expected = true
			}
		}
	}
	r.object(n, "an example", fields)
	switch {
	case len(x.Events) == 0:
		r.fault(n.Line, "an example has an event, or a list of events")
	case strings.TrimSpace(x.Why) == "":
		r.fault(n.Line, "an example says under why what it shows")
	case !expected:
		r.fault(n.Line, "an edge says under expect whether it is to alert or to be quiet")
	case x.Alerts > 0 && !x.Alert:
		r.fault(n.Line, "alerts counts those of an example that is to alert, and this one is to be quiet")
	}
	return x
}

func (r *reading) alerts(n *yaml.Node) int {
	text := r.text(n, "alerts")
	count, err := strconv.Atoi(text)
	if err != nil || count < 1 {
		r.fault(n.Line, "alerts %q is no number of alerts, 1 or more", text)
	}
	return count
}

func (r *reading) events(n *yaml.Node) (all []map[string]any) {
	if n.Kind != yaml.SequenceNode {
		r.fault(n.Line, "events has to be a list")
		return nil
	}
	for _, c := range n.Content {
		all = append(all, r.event(c))
	}
	return all
}

func (r *reading) event(n *yaml.Node) map[string]any {
	event, ok := r.value(n, "event").(map[string]any)
	if !ok {
		r.fault(n.Line, "an event has to be a mapping of its fields")
		return map[string]any{}
	}
	for name := range event {
		if strings.HasPrefix(name, "_") && name != afterKey && name != repeatKey && name != everyKey {
			r.fault(n.Line, "event: %q is not known%s", name, meant(name, []string{afterKey, repeatKey, everyKey}))
		}
	}
	if _, err := stepOf(event); err != nil {
		r.fault(n.Line, "event: %v", err)
	}
	return event
}

// Keys by which an event of an example says when it comes, and how often.
const (
	afterKey  = "_after"
	repeatKey = "_repeat"
	everyKey  = "_every"
)

const mostRepeats = 20_000 // of one event of an example

// exampleStart is when examples begin.
var exampleStart = time.Date(2026, 1, 15, 10, 0, 0, 0, time.UTC)
