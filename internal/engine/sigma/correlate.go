package sigma

import (
	"maps"
	"slices"
)

// correlation is a correlation rule in an engine.
type correlation struct {
	rule    *Rule
	def     *Correlation
	at      int // its place in the engine
	alone   bool
	lasting bool
	counts  bool // events or their values: fewer than least of them are never enough
	least   int
	feeds   []feed   // the correlations that take it as their part
	needs   []string // fields they want of its events
}

// feed leads from a rule to a correlation that takes it as its part. The lists give
// the places, among what the rule needs, of the fields the correlation works with.
type feed struct {
	to     int
	part   int // which of the correlation's rules
	group  []int
	fields []int
	carry  []int // what the correlation itself needs
}

// correlate resolves what correlations refer to. One that refers to itself, to a
// rule that is not there or that was refused, is refused.
func (c *compiler) correlate(rules []*Rule) {
	var waiting []*Rule
	for _, r := range rules {
		if r.Correlation != nil {
			waiting = append(waiting, r)
		}
	}
	// Parts first: whatever is left when nothing moves any more cannot be resolved.
	for moved := true; moved; {
		moved = false
		var left []*Rule
		for _, r := range waiting {
			if c.resolvable(r) {
				moved = true
				c.admit(r)
			} else {
				left = append(left, r)
			}
		}
		waiting = left
	}
	for _, r := range waiting {
		c.refusals = append(c.refusals, r.refuse(c.unresolved(r, rules)))
	}
	// Wholes first, so that each knows what is wanted of it before it asks its parts.
	for _, whole := range slices.Backward(c.correlations) {
		c.connect(whole)
	}
}

func (c *compiler) resolvable(r *Rule) bool {
	for _, reference := range r.Correlation.Rules {
		if !c.known(reference) {
			return false
		}
	}
	return true
}

func (c *compiler) known(reference string) bool {
	return slices.ContainsFunc(c.rules, func(x *Compiled) bool { return x.Rule.goesBy(reference) }) ||
		slices.ContainsFunc(c.correlations, func(x *correlation) bool { return x.rule.goesBy(reference) })
}

func (c *compiler) admit(r *Rule) {
	if f := c.aliases(r); f != nil {
		c.refusals = append(c.refusals, r.refuse(f))
		return
	}
	d := r.Correlation
	x := &correlation{rule: r, def: d, at: len(c.correlations), alone: true, lasting: d.lasting()}
	x.counts, x.least = x.lasting && (d.Type == "event_count" || d.Type == "value_count"), d.atLeast()
	if x.lasting && d.Type != "value_sum" && d.Type != "value_max" && d.Type != "value_min" && d.atLeast() > mostInGroup {
		c.refusals = append(c.refusals, r.refuse(faultf(d.line, "correlation.condition", "waits for more than %d events, which is more than are kept for one group", mostInGroup)))
		return
	}
	c.correlations = append(c.correlations, x)
}

// aliases refuses those that name a rule the correlation does not take.
func (c *compiler) aliases(r *Rule) *fault {
	for _, alias := range slices.Sorted(maps.Keys(r.Correlation.Aliases)) {
		for _, name := range slices.Sorted(maps.Keys(r.Correlation.Aliases[alias])) {
			if !slices.ContainsFunc(r.Correlation.Rules, func(reference string) bool { return name == reference || c.same(name, reference) }) {
				return faultf(r.Correlation.line, "correlation.aliases."+alias, "%q is none of the rules of this correlation", name)
			}
		}
	}
	return nil
}

// same tells whether two references mean one rule.
func (c *compiler) same(a, b string) bool {
	return slices.ContainsFunc(c.rules, func(x *Compiled) bool { return x.Rule.goesBy(a) && x.Rule.goesBy(b) }) ||
		slices.ContainsFunc(c.correlations, func(x *correlation) bool { return x.rule.goesBy(a) && x.rule.goesBy(b) })
}

func (c *compiler) unresolved(r *Rule, rules []*Rule) *fault {
	for _, reference := range r.Correlation.Rules {
		if c.known(reference) {
			continue
		}
		why := "there is no rule %q here"
		for _, other := range rules {
			switch {
			case other.goesBy(reference) && other.Filter != nil:
				why = "%q is a filter; correlations take detections and correlations"
			case other.goesBy(reference) && other.Correlation != nil:
				why = "the correlation %q was refused, or the two wait for each other"
			case other.goesBy(reference):
				why = "the rule %q was refused"
			}
		}
		return faultf(r.Correlation.line, "correlation.rules", why, reference)
	}
	return faultf(r.Correlation.line, "correlation.rules", "cannot be resolved")
}

// connect feeds a correlation from its parts.
func (c *compiler) connect(whole *correlation) {
	for part, reference := range whole.def.Rules {
		for _, r := range c.rules {
			if !r.Rule.goesBy(reference) {
				continue
			}
			f := c.feed(whole, part, r.Rule, func(name string) int { return c.need(r, name) })
			r.Alone = whole.def.Generate || r.Alone && len(r.feeds) > 0
			r.feeds = append(r.feeds, f)
		}
		for _, x := range c.correlations {
			if !x.rule.goesBy(reference) {
				continue
			}
			f := c.feed(whole, part, x.rule, func(name string) int { return index(&x.needs, name) })
			x.alone = whole.def.Generate || x.alone && len(x.feeds) > 0
			x.feeds = append(x.feeds, f)
		}
	}
}

func (c *compiler) feed(whole *correlation, part int, r *Rule, need func(string) int) feed {
	places := func(names []string) []int {
		var out []int
		for _, name := range names {
			of := whole.def.Aliases[name]
			for _, reference := range []string{r.Name, r.ID} {
				if field, ok := of[reference]; ok && reference != "" {
					name = field
					break
				}
			}
			out = append(out, need(name))
		}
		return out
	}
	return feed{to: whole.at, part: part, group: places(whole.def.GroupBy), fields: places(whole.def.Fields), carry: places(whole.needs)}
}

// need gives the place of a field among those wanted of a rule's events.
func (c *compiler) need(r *Compiled, name string) int {
	if i := slices.Index(r.needs, name); i >= 0 {
		return i
	}
	var paths []int
	for _, field := range c.mapped(name) {
		paths = append(paths, c.path(field))
	}
	r.needs = append(r.needs, name)
	r.paths = append(r.paths, paths)
	return len(r.needs) - 1
}

func (c *compiler) mapped(name string) []string {
	if fields := c.options.Fields[name]; len(fields) > 0 {
		return fields
	}
	return []string{name}
}

func index(list *[]string, name string) int {
	i := slices.Index(*list, name)
	if i < 0 {
		i = len(*list)
		*list = append(*list, name)
	}
	return i
}
