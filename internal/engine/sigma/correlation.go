package sigma

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// Correlation says how events that other rules matched must come together.
type Correlation struct {
	Type       string
	Rules      []string // ids or names, in order
	GroupBy    []string
	Timespan   time.Duration
	Aliases    map[string]map[string]string // alias, rule, field
	Fields     []string                     // whose values are counted or computed with
	Percentile float64                      // of value_percentile, 0 to 100
	Generate   bool

	bounds     []bound
	expression *condition // of temporal, over Rules
	line       int
}

type bound struct {
	op ordering
	n  number
}

// correlationTypes tells which types compute with a field.
var correlationTypes = map[string]bool{
	"event_count": false, "temporal": false, "temporal_ordered": false, "value_count": true, "value_sum": true,
	"value_avg": true, "value_min": true, "value_max": true, "value_median": true, "value_percentile": true,
}

func (c *Correlation) temporal() bool { return c.Type == "temporal" || c.Type == "temporal_ordered" }

const (
	mostTimespan = 3660 * 24 * time.Hour
	mostRelated  = 200
	mostGrouping = 16
)

func readCorrelation(n *yaml.Node) (*Correlation, *fault) {
	if n.Kind != yaml.MappingNode {
		return nil, faultf(n.Line, "correlation", "must be a mapping of type, rules, group-by, timespan and condition")
	}
	c := &Correlation{line: n.Line}
	var conditionNode *yaml.Node
	for _, m := range members(n) {
		at := "correlation." + m.key
		var f *fault
		switch m.key {
		case "type":
			c.Type, f = text(m.value, at)
		case "rules":
			c.Rules, f = texts(m.value, at)
		case "group-by":
			if m.value.Tag != "!!null" {
				c.GroupBy, f = texts(m.value, at)
			}
		case "timespan", "timeframe": // timeframe is what early drafts called it
			c.Timespan, f = readTimespan(m.value, at)
		case "aliases":
			f = c.readAliases(m.value)
		case "condition":
			conditionNode = m.value
		case "generate":
			var s string
			if s, f = text(m.value, at); f == nil && s != "true" && s != "false" {
				f = faultf(m.line, at, "is true or false, not %q", s)
			}
			c.Generate = s == "true"
		default:
			f = faultf(m.line, at, "is not known to correlations")
		}
		if f != nil {
			return nil, f
		}
	}
	if f := c.check(); f != nil {
		return nil, f
	}
	if f := c.readCondition(conditionNode); f != nil {
		return nil, f
	}
	return c, nil
}

func (c *Correlation) check() *fault {
	_, known := correlationTypes[c.Type]
	switch {
	case c.Type == "":
		return faultf(c.line, "correlation.type", "is missing")
	case !known:
		return faultf(c.line, "correlation.type", "%q is no type of correlation", c.Type)
	case len(c.Rules) == 0:
		return faultf(c.line, "correlation.rules", "is missing: name the rules to correlate")
	case len(c.Rules) > mostRelated:
		return faultf(c.line, "correlation.rules", "names %d rules; %d is the most", len(c.Rules), mostRelated)
	case len(c.GroupBy) > mostGrouping:
		return faultf(c.line, "correlation.group-by", "names %d fields; %d is the most", len(c.GroupBy), mostGrouping)
	case c.Timespan == 0:
		return faultf(c.line, "correlation.timespan", "is missing")
	}
	for i, r := range c.Rules {
		if slices.Contains(c.Rules[:i], r) {
			return faultf(c.line, "correlation.rules", "names %q twice", r)
		}
	}
	return nil
}

func readTimespan(n *yaml.Node, at string) (time.Duration, *fault) {
	s, f := text(n, at)
	if f != nil {
		return 0, f
	}
	units := map[byte]time.Duration{'s': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour}
	if len(s) > 1 {
		unit := units[s[len(s)-1]]
		k, err := strconv.ParseUint(s[:len(s)-1], 10, 32)
		if err == nil && unit > 0 && k > 0 && k <= uint64(mostTimespan/unit) {
			return time.Duration(k) * unit, nil
		}
	}
	return 0, faultf(n.Line, at, "%q is no timespan like 30s, 10m, 1h or 7d", s)
}

func (c *Correlation) readAliases(n *yaml.Node) *fault {
	if n.Kind != yaml.MappingNode {
		return faultf(n.Line, "correlation.aliases", "must be a mapping of alias, rule and field")
	}
	c.Aliases = map[string]map[string]string{}
	for _, alias := range members(n) {
		at := "correlation.aliases." + alias.key
		if alias.value.Kind != yaml.MappingNode || len(alias.value.Content) == 0 {
			return faultf(alias.line, at, "must say for each rule which field it means")
		}
		c.Aliases[alias.key] = map[string]string{}
		for _, rule := range members(alias.value) {
			field, f := text(rule.value, at+"."+rule.key)
			if f != nil {
				return f
			}
			c.Aliases[alias.key][rule.key] = field
		}
	}
	return nil
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
	c.expression = e
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

// fingerprint changes with everything that gives the kept events another meaning.
func (c *Correlation) fingerprint() string {
	aliases := make([]string, 0, len(c.Aliases))
	for alias, of := range c.Aliases {
		for rule, field := range of {
			aliases = append(aliases, alias+"\x00"+rule+"\x00"+field)
		}
	}
	slices.Sort(aliases)
	return fmt.Sprintf("%s %q %q %s %q %q %v", c.Type, c.Rules, c.GroupBy, c.Timespan, c.Fields, strings.Join(aliases, "\x01"), c.bounds)
}
