package sigma

import (
	"strings"

	"go.yaml.in/yaml/v3"
)

// Detection is the searches of a rule and how they join.
type Detection struct {
	searches   map[string]*search
	names      []string // in the order of the file
	conditions []*condition
	lines      []int // of the conditions
	field      string
}

// search is what stands under one search identifier: an item, or several that join.
type search struct {
	every bool // of a mapping; else any, of a list
	parts []*search
	item  *item
}

// item is one field with its modifiers and values. The field of keywords is empty.
type item struct {
	field     string
	modifiers []string
	values    []scalar
	path      string // for refusals
	line      int
}

type scalarKind uint8

const (
	aString scalarKind = iota
	aNumber
	aBool
	aNull
)

// scalar is one value of an item as it was written.
type scalar struct {
	kind scalarKind
	text string
	line int
}

// readSearches reads a detection, or a filter, which has rules besides.
func readSearches(n *yaml.Node, field string) (*Detection, *fault) {
	if n.Kind != yaml.MappingNode {
		return nil, faultf(n.Line, field, "must be a mapping of searches and a condition")
	}
	d := &Detection{searches: map[string]*search{}, field: field}
	var condition *yaml.Node
	for _, m := range members(n) {
		at := join(field, m.key)
		switch {
		case m.key == "condition":
			condition = m.value
		case m.key == "rules" && field == "filter":
		case m.key == "timeframe":
			return nil, faultf(m.line, at, "belongs to the aggregations of old Sigma; write a correlation rule with a timespan")
		default:
			s, f := readSearch(m.value, at)
			if f != nil {
				return nil, f
			}
			d.searches[m.key] = s
			d.names = append(d.names, m.key)
		}
	}
	if condition == nil {
		return nil, faultf(n.Line, join(field, "condition"), "is missing")
	}
	if len(d.names) == 0 {
		return nil, faultf(n.Line, field, "has no search")
	}
	return d, d.readConditions(condition)
}

func (d *Detection) readConditions(n *yaml.Node) *fault {
	at := join(d.field, "condition")
	list := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		list = n.Content
	}
	if len(list) == 0 {
		return faultf(n.Line, at, "is empty")
	}
	for _, c := range list {
		c = follow(c)
		s, f := text(c, at)
		if f != nil {
			return f
		}
		parsed, err := parseCondition(s, d.names)
		if err != nil {
			return faultf(c.Line, at, "%s", err)
		}
		d.conditions = append(d.conditions, parsed)
		d.lines = append(d.lines, c.Line)
	}
	return nil
}

// readSearch reads what stands under a search identifier: a mapping, a list of
// mappings and keywords, or one keyword.
func readSearch(n *yaml.Node, at string) (*search, *fault) {
	switch n.Kind {
	case yaml.MappingNode:
		return readMapping(n, at)
	case yaml.ScalarNode:
		return readKeywords([]*yaml.Node{n}, n.Line, at)
	case yaml.SequenceNode:
	default:
		return nil, faultf(n.Line, at, "must be a mapping or a list")
	}
	if len(n.Content) == 0 {
		return nil, faultf(n.Line, at, "is an empty list")
	}
	s := &search{}
	var words []*yaml.Node
	for _, c := range n.Content {
		switch c = follow(c); c.Kind {
		case yaml.ScalarNode:
			words = append(words, c)
		case yaml.MappingNode:
			part, f := readMapping(c, at)
			if f != nil {
				return nil, f
			}
			s.parts = append(s.parts, part)
		default:
			return nil, faultf(c.Line, at, "a list holds mappings or keywords, no further lists")
		}
	}
	if len(words) > 0 {
		part, f := readKeywords(words, n.Line, at)
		if f != nil {
			return nil, f
		}
		s.parts = append(s.parts, part)
	}
	return s, nil
}

func readKeywords(nodes []*yaml.Node, line int, at string) (*search, *fault) {
	it := &item{path: at, line: line}
	for _, n := range nodes {
		v, f := readScalar(n, at)
		if f != nil {
			return nil, f
		}
		it.values = append(it.values, v)
	}
	return &search{item: it}, nil
}

func readMapping(n *yaml.Node, at string) (*search, *fault) {
	if len(n.Content) == 0 {
		return nil, faultf(n.Line, at, "is empty; it would hold for every event")
	}
	s := &search{every: true}
	for _, m := range members(n) {
		it, f := readItem(m, at)
		if f != nil {
			return nil, f
		}
		s.parts = append(s.parts, &search{item: it})
	}
	return s, nil
}

func readItem(m member, at string) (*item, *fault) {
	parts := strings.Split(m.key, "|")
	it := &item{field: parts[0], modifiers: parts[1:], path: join(at, m.key), line: m.line}
	nodes := []*yaml.Node{m.value}
	switch m.value.Kind {
	case yaml.MappingNode:
		return nil, faultf(m.value.Line, it.path, "is a mapping; name inner fields with dots, like %s.%s", it.field, "field")
	case yaml.SequenceNode:
		if nodes = m.value.Content; len(nodes) == 0 {
			return nil, faultf(m.value.Line, it.path, "is an empty list")
		}
	}
	for _, n := range nodes {
		v, f := readScalar(follow(n), it.path)
		if f != nil {
			return nil, f
		}
		if v.kind == aNull && len(nodes) > 1 {
			return nil, faultf(v.line, it.path, "null must not stand in a list (Sigma 2.1); give it a search of its own")
		}
		it.values = append(it.values, v)
	}
	return it, nil
}

func readScalar(n *yaml.Node, at string) (scalar, *fault) {
	v := scalar{text: n.Value, line: n.Line}
	if n.Kind != yaml.ScalarNode {
		return v, faultf(n.Line, at, "must be a single value")
	}
	switch n.ShortTag() {
	case "!!null":
		v.kind = aNull
	case "!!bool":
		v.kind = aBool
		v.text = strings.ToLower(v.text)
	case "!!int", "!!float":
		v.kind = aNumber
	case "!!str", "!!timestamp":
	default:
		return v, faultf(n.Line, at, "has the YAML type %s; Sigma knows texts, numbers, true, false and null", n.ShortTag())
	}
	return v, nil
}
