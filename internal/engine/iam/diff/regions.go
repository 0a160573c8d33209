package diff

import (
	"fmt"
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam"
)

// divide goes through all cells and notes what differs in them.
func (c *comparison) divide() {
	if slices.Equal(said(c.statements, 0, true), said(c.statements, 1, true)) {
		return
	}
	c.imagine()
	c.populate()
	concerned := make([][]bool, len(c.principals))
	for i := range c.principals {
		for _, p := range c.people {
			concerned[i] = append(concerned[i], c.principals[i].concerns(p.Principal))
		}
	}
	for _, k := range c.classes() {
		var about []statement
		for _, s := range c.statements {
			if k.in[s.action] {
				about = append(about, s)
			}
		}
		if alike(about) {
			continue
		}
		for _, g := range c.alikes(about, concerned) {
			c.cell(k, g.people, g.about)
		}
	}
}

// crowd is principals whom the same statements concern, in the same circumstances.
type crowd struct {
	people []int
	about  []statement
}

func (c *comparison) alikes(about []statement, concerned [][]bool) []*crowd {
	var out []*crowd
	byWhat := map[string]*crowd{}
	for i := range c.people {
		theirs := slices.DeleteFunc(slices.Clone(about), func(s statement) bool { return s.principal >= 0 && !concerned[s.principal][i] })
		id := fmt.Sprint(theirs, c.people[i].excluded)
		g, ok := byWhat[id]
		if !ok {
			g = &crowd{about: theirs}
			byWhat[id] = g
			out = append(out, g)
		}
		g.people = append(g.people, i)
	}
	return out
}

// alike tells whether both sides have the same statements about some actions.
func alike(list []statement) bool {
	return slices.Equal(said(list, 0, false), said(list, 1, false))
}

// said is what the statements of a side say, the actions too or not.
func said(list []statement, side int, actions bool) []string {
	var out []string
	for _, s := range list {
		if !actions {
			s.action = 0
		}
		if s.side == side {
			out = append(out, fmt.Sprint(s.deny, s.action, s.resource, s.principal, s.atoms))
		}
	}
	return sorted(out)
}

// cell compares what the statements say of one class of actions and principals who
// are alike, for each part of the resources.
func (c *comparison) cell(k *class, people []int, about []statement) {
	if alike(about) {
		return
	}
	var elements []int
	for _, s := range about {
		if s.resource >= 0 {
			elements = append(elements, s.resource)
		}
	}
	shape, ok := c.divideResources(elements)
	if !ok {
		c.unknown("%s: the resource patterns are too many to compare", c.someOf(k))
		return
	}
	differ := map[string][]int{} // leaf → parts
	leaves := map[string]leaf{}
	var order []string
	for at := range shape.parts {
		sides := [2][]clause{}
		for _, s := range about {
			sides[s.side] = append(sides[s.side], c.reads(s, shape, at)...)
		}
		solved := c.solve(sides[0], sides[1], people[0])
		if !solved.ok {
			c.unknown("%s: the conditions are too many to compare", c.someOf(k))
			return
		}
		for _, l := range solved.leaves {
			id := fmt.Sprint(l)
			if !has(leaves, id) {
				leaves[id] = l
				order = append(order, id)
			}
			differ[id] = append(differ[id], at)
		}
	}
	for _, id := range order {
		c.note(k, people, leaves[id], shape, differ[id])
	}
}

func (c *comparison) someOf(k *class) string {
	switch {
	case len(k.known) > 1:
		return fmt.Sprintf("%s and %d other actions", catalogue().list[k.known[0]], len(k.known)-1)
	case len(k.known) == 1:
		return catalogue().list[k.known[0]].String()
	case len(k.extra) > 0:
		return k.extra[0]
	}
	return "actions that AWS may add"
}

// reads is what a statement comes to where resources are of one part; nothing if
// it does not concern them. Each pattern with a variable makes a case of its own.
func (c *comparison) reads(s statement, shape *shape, at int) []clause {
	out := clause{deny: s.deny}
	for _, a := range s.atoms {
		out.all = append(out.all, literal{a, true})
	}
	if s.resource < 0 {
		return []clause{out}
	}
	e := &c.resources[s.resource]
	var maybe []int
	for i, general := range e.general {
		if !shape.parts[at].in[shape.byText[general]] {
			continue
		}
		if e.patterns[i] != general {
			maybe = append(maybe, c.fits(e.patterns[i]))
		} else if e.not {
			return nil
		} else {
			return []clause{out}
		}
	}
	if e.not {
		for _, a := range maybe {
			out.all = append(out.all, literal{a, false})
		}
		return []clause{out}
	}
	var cases []clause
	for _, a := range maybe {
		cases = append(cases, clause{s.deny, append(slices.Clone(out.all), literal{a, true})})
	}
	return cases
}

// finding gathers cells that differ alike.
type finding struct {
	leaf   leaf
	spans  []Span
	people []int
	known  []spot[int] // in the catalogue
	extra  []spot[string]
	later  []spot[later]
}

// spot is an action and the resources it differs on.
type spot[A any] struct {
	action A
	shape  *shape
	parts  []int
}

// note gives a difference to the actions that have resources there.
func (c *comparison) note(k *class, people []int, l leaf, shape *shape, parts []int) {
	vacuous := len(k.known) > 0
	described := map[string][]Span{}
	for _, i := range k.known {
		reach := shape.reach(catalogue().list[i])
		in := slices.DeleteFunc(slices.Clone(parts), func(at int) bool { return !slices.Contains(reach, at) })
		if len(in) > 0 {
			vacuous = false
			id := fmt.Sprint(in, reach)
			if !has(described, id) {
				described[id] = shape.spans(in, reach)
			}
			f := c.gather(l, described[id], people)
			f.known = append(f.known, spot[int]{i, shape, in})
		}
	}
	if len(k.extra)+len(k.later) > 0 {
		vacuous = false
		f := c.gather(l, shape.spans(parts, shape.all()), people)
		for _, name := range k.extra {
			f.extra = append(f.extra, spot[string]{name, shape, parts})
		}
		for _, x := range k.later {
			f.later = append(f.later, spot[later]{x, shape, parts})
		}
	}
	if vacuous {
		c.result.Vacuous++
	}
}

// gather finds where a difference belongs.
func (c *comparison) gather(l leaf, spans []Span, people []int) *finding {
	id := fmt.Sprint(l, spans, people)
	f, ok := c.found[id]
	if !ok {
		f = &finding{leaf: l, spans: spans, people: slices.Clone(people)}
		c.found[id] = f
		c.order = append(c.order, id)
	}
	return f
}

// report makes regions of what was found.
func (c *comparison) report() {
	var list []*finding
	byRest := map[string]*finding{}
	for _, id := range c.order {
		f := c.found[id]
		slices.SortFunc(f.known, func(a, b spot[int]) int { return a.action - b.action })
		slices.SortFunc(f.extra, func(a, b spot[string]) int { return strings.Compare(a.action, b.action) })
		rest := fmt.Sprint(f.leaf, f.spans, actionsOf(f.known), actionsOf(f.extra), actionsOf(f.later))
		if g, ok := byRest[rest]; ok {
			g.people = slices.Concat(g.people, f.people)
			continue
		}
		byRest[rest] = f
		list = append(list, f)
	}
	for _, f := range list {
		slices.Sort(f.people)
		c.region(f)
	}
	rank := map[Change]int{Allowed: 0, Lifted: 1, Denied: 2, Barred: 3}
	slices.SortStableFunc(c.result.Regions, func(a, b Region) int {
		if a.Later != b.Later {
			return map[bool]int{true: 1, false: -1}[a.Later]
		}
		if rank[a.Change] != rank[b.Change] {
			return rank[a.Change] - rank[b.Change]
		}
		return strings.Compare(a.Actions[0].Pattern, b.Actions[0].Pattern)
	})
}

func (c *comparison) region(f *finding) {
	r := Region{Change: change(f.leaf), Old: f.leaf.old, New: f.leaf.new, Principals: c.named(f.people), Resources: f.spans}
	narrowed := false
	for _, l := range f.leaf.when {
		a := &c.atoms[l.atom]
		if a.key == resourceAtom && l.holds && !narrowed {
			r.Resources, narrowed = []Span{{Pattern: a.condition.Values[0].Value}}, true
			continue
		}
		r.When = append(r.When, Term{Operator: a.condition.Operator, Key: a.condition.Key, Values: values(a.condition.Values), Holds: l.holds})
	}
	slices.SortStableFunc(r.When, func(a, b Term) int { return boolean(b.Holds) - boolean(a.Holds) })
	if r.Count = len(f.known) + len(f.extra); r.Count == 0 {
		r.Later = true
		for _, l := range f.later {
			pattern := l.action.pattern
			if pattern == "" {
				pattern = "*"
			}
			if span := (Span{Pattern: c.written(pattern)}); !slices.ContainsFunc(r.Actions, func(s Span) bool { return s.Pattern == span.Pattern }) {
				r.Actions = append(r.Actions, span)
			}
		}
	} else {
		r.Actions = c.compress(actionsOf(f.known), actionsOf(f.extra))
	}
	c.exemplify(&r, f)
	c.result.Regions = append(c.result.Regions, r)
}

func change(l leaf) Change {
	switch {
	case l.new == iam.Allowed:
		return Allowed
	case l.old == iam.Allowed:
		return Denied
	case l.old == iam.ExplicitlyDenied:
		return Lifted
	}
	return Barred
}

func actionsOf[A any](list []spot[A]) []A {
	out := make([]A, len(list))
	for i, s := range list {
		out[i] = s.action
	}
	return out
}
