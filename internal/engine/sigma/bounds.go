package sigma

import (
	"slices"

	"go.yaml.in/yaml/v3"
)

// bound is one line of a correlation's condition, like gte: 10.
type bound struct {
	op ordering
	n  number
}

// readCondition reads the bounds of a count or value, or for temporal types an
// expression over rules. Temporal types without one want all their rules.
func (c *Correlation) readCondition(n *yaml.Node) *fault {
	const at = "correlation.condition"
	if n == nil || n.Tag == "!!null" {
		if !c.temporal() {
			return faultf(c.line, at, "is missing")
		}
		k := int64(len(c.Rules))
		c.bounds = []bound{{"gte", number{true, k, float64(k)}}}
		return nil
	}
	if n.Kind == yaml.ScalarNode {
		return c.readExpression(n)
	}
	if n.Kind != yaml.MappingNode {
		return faultf(n.Line, at, "must be a mapping like gte: 10")
	}
	percentile := false
	for _, m := range members(n) {
		var f *fault
		switch m.key {
		case "field":
			c.Fields, f = texts(m.value, at+".field")
		case "gt", "gte", "lt", "lte", "eq", "neq":
			var k number
			k, f = readNumber(m.value, at+"."+m.key)
			c.bounds = append(c.bounds, bound{ordering(m.key), k})
		case "percentile":
			var k number
			k, f = readNumber(m.value, at+".percentile")
			c.Percentile, percentile = k.f, true
		default:
			f = faultf(m.line, at+"."+m.key, "is none of field, percentile, gt, gte, lt, lte, eq and neq")
		}
		if f != nil {
			return f
		}
	}
	needs := correlationTypes[c.Type]
	switch {
	case len(c.bounds) == 0:
		return faultf(n.Line, at, "sets no bound: gt, gte, lt, lte, eq or neq")
	case needs && len(c.Fields) == 0:
		return faultf(n.Line, at+".field", "is missing: %s needs one", c.Type)
	case !needs && len(c.Fields) > 0:
		return faultf(n.Line, at+".field", "has no meaning for %s", c.Type)
	case c.Type != "value_count" && len(c.Fields) > 1:
		return faultf(n.Line, at+".field", "%s computes with one field, not %d", c.Type, len(c.Fields))
	case c.Type == "value_percentile" && (!percentile || c.Percentile < 0 || c.Percentile > 100):
		return faultf(n.Line, at+".percentile", "is missing: value_percentile needs one from 0 to 100")
	case c.Type != "value_percentile" && percentile:
		return faultf(n.Line, at+".percentile", "has no meaning for %s", c.Type)
	}
	return nil
}

func readNumber(n *yaml.Node, at string) (number, *fault) {
	s, f := text(n, at)
	if f != nil {
		return number{}, f
	}
	k, ok := ruleNumber(s)
	if !ok {
		return k, faultf(n.Line, at, "%q is no number", s)
	}
	return k, nil
}

func (c *Correlation) readExpression(n *yaml.Node) *fault {
	const at = "correlation.condition"
	if !c.temporal() {
		return faultf(n.Line, at, "%s needs a mapping like gte: 10", c.Type)
	}
	e, err := parseCondition(n.Value, c.Rules)
	if err != nil {
		return faultf(n.Line, at, "%s", err)
	}
	if c.Type == "temporal_ordered" && !e.conjunction() {
		return faultf(n.Line, at, "an order needs all its rules: join them with and, or leave the condition out")
	}
	c.expression, c.written = e, n.Value
	return nil
}

// conjunction tells whether an expression joins searches with and alone.
func (c *condition) conjunction() bool {
	for _, p := range c.parts {
		if c.op != opAnd || !p.conjunction() {
			return false
		}
	}
	return c.op == opSearch || c.op == opAnd
}

// holds evaluates an expression over names that are there or not.
func (c *condition) holds(there func(string) bool) bool {
	if c.op == opSearch {
		return there(c.name)
	}
	n := 0
	for _, p := range c.parts {
		if p.holds(there) {
			n++
		}
	}
	switch c.op {
	case opNot:
		return n == 0
	case opAnd:
		return n == len(c.parts)
	case opOr:
		return n > 0
	}
	return n >= c.least
}

// negates tells whether a not stands anywhere in an expression.
func (c *condition) negates() bool {
	return c.op == opNot || slices.ContainsFunc(c.parts, (*condition).negates)
}

// lasting tells whether the condition, once true of some events of a window, stays
// true whatever joins them. Only such a condition can be judged before its window
// has passed.
func (c *Correlation) lasting() bool {
	from, to := true, true // only bounds from below, from above
	for _, b := range c.bounds {
		from = from && (b.op == "gt" || b.op == "gte")
		to = to && (b.op == "lt" || b.op == "lte")
	}
	switch c.Type {
	case "event_count", "value_count", "value_sum", "value_max", "temporal_ordered":
		return from
	case "temporal":
		return from && (c.expression == nil || !c.expression.negates())
	case "value_min":
		return to
	}
	return false
}

// atLeast gives how many events or values a lasting condition waits for.
func (c *Correlation) atLeast() int {
	most := int64(1)
	for _, b := range c.bounds {
		n := b.n.i
		if !b.n.whole {
			n = int64(min(b.n.f, 1e15)) + 1
		} else if b.op == "gt" {
			n++
		}
		most = max(most, n)
	}
	return int(min(most, 1<<40))
}

func (c *Correlation) met(n number) bool {
	for _, b := range c.bounds {
		if b.op == "neq" {
			if n.compare(b.n) == 0 {
				return false
			}
		} else if !b.op.holds(n, b.n) {
			return false
		}
	}
	return true
}
