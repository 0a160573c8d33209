package sigma

import (
	"fmt"
	"slices"
	"strconv"
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
	written    string     // the expression as it was written
	line       int
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

// fingerprint changes with everything that gives the kept events another meaning.
func (c *Correlation) fingerprint() string {
	aliases := make([]string, 0, len(c.Aliases))
	for alias, of := range c.Aliases {
		for rule, field := range of {
			aliases = append(aliases, alias+"\x00"+rule+"\x00"+field)
		}
	}
	slices.Sort(aliases)
	return fmt.Sprintf("%s %q %q %s %q %q %v %q %v", c.Type, c.Rules, c.GroupBy, c.Timespan, c.Fields, aliases, c.bounds, c.written, c.Percentile)
}
