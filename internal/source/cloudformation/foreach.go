package cloudformation

import (
	"strings"

	"holdfast.dev/holdfast/internal/evidence"
)

// forEachPrefix begins the key of a loop: Fn::ForEach::Name.
const forEachPrefix = "Fn::ForEach::"

// expandAll replaces the loops among the members of a section. A loop whose
// collection is not known opens the template: it may declare anything.
func (e *evaluator) expandAll(members []member, what string) []member {
	loops := false
	for i := range members {
		loops = loops || strings.HasPrefix(members[i].key, forEachPrefix)
	}
	if !loops {
		return members
	}
	var out []member
	for _, m := range members {
		if !strings.HasPrefix(m.key, forEachPrefix) {
			out = append(out, m)
			continue
		}
		expanded, reason := e.expand(m)
		if reason != "" {
			e.open = true
			e.loopGap(m, what, reason)
			continue
		}
		out = append(out, e.expandAll(expanded, what)...)
	}
	if i := duplicate(out); i >= 0 && e.err == nil {
		e.fail(&node{line: out[i].line, col: out[i].col}, "the loops of the template make %s %q twice", what, out[i].key)
	}
	return out
}

// expand is the members that one loop makes: [identifier, collection, {key: value}].
// Several identifiers take the items of a list of lists, or the keys and values
// of a map. Where the collection is not known it says why.
func (e *evaluator) expand(m member) (out []member, reason string) {
	loop := m.key
	if e.depth++; e.depth > 3*defaultMaxDepth {
		e.fail(m.value, "%s is nested too deeply", loop)
	}
	defer func() { e.depth-- }()
	args := e.arguments(loop, m.value, 3, 3)
	if args == nil || e.err != nil {
		return nil, ""
	}
	identifiers, body := e.identifiers(loop, args[0].value), args[2].value
	if body.kind != object {
		e.fail(body, "%s takes an identifier, a collection and an object", loop)
	}
	rounds, reason := e.collection(loop, args[1].value, len(identifiers))
	for _, values := range rounds {
		made := body
		for i, v := range values {
			made = e.substitute(made, identifiers[i], v)
		}
		if e.err != nil {
			return nil, ""
		}
		out = append(out, made.kids...)
	}
	return out, reason
}

// identifiers are one name or a list of names.
func (e *evaluator) identifiers(loop string, n *node) []string {
	members := []member{{value: n}}
	if n.kind == list {
		members = n.kids
	}
	var out []string
	for _, m := range members {
		name, ok := textValue(e.eval(m.value, nil))
		if !ok {
			e.fail(m.value, "%s takes the name of an identifier first, or a list of names", loop)
			return nil
		}
		out = append(out, name)
	}
	return out
}

// collection is the values of the identifiers in each round.
func (e *evaluator) collection(loop string, n *node, identifiers int) (rounds [][]string, reason string) {
	var items []any
	switch v := e.eval(n, nil).(type) {
	case evidence.Unknown:
		return nil, v.Reason
	case []any:
		items = v
	case map[string]any:
		for _, m := range n.kids { // in the order of the template
			if value, ok := v[m.key]; ok {
				items = append(items, append([]any{m.key}, flat(value)...))
			}
		}
	default:
		e.fail(n, "the collection of %s must be a list or a map", loop)
		return nil, ""
	}
	for _, item := range items {
		var values []string
		for _, v := range flat(item) {
			if u, ok := v.(evidence.Unknown); ok {
				return nil, u.Reason
			}
			s, ok := textOf(v)
			if !ok {
				e.fail(n, "the collection of %s must hold texts", loop)
				return nil, ""
			}
			values = append(values, s)
		}
		if len(values) != identifiers {
			e.fail(n, "%s has %d identifiers, and its collection an item of %d values", loop, identifiers, len(values))
			return nil, ""
		}
		rounds = append(rounds, values)
	}
	return rounds, ""
}

func flat(v any) []any {
	if items, ok := v.([]any); ok {
		return items
	}
	return []any{v}
}

// substitute puts the value in place of ${identifier}, &{identifier} and
// {Ref: identifier}. What does not change is shared.
func (e *evaluator) substitute(n *node, identifier, value string) *node {
	if e.budget--; e.budget < 0 {
		e.fail(n, "loops expand the template to more than %d values; split it into nested stacks", e.opt.maxNodes())
	}
	if e.err != nil {
		return n
	}
	if n.scalar() {
		if s := e.placeholder(n, n.text, identifier, value); n.kind == text && s != n.text {
			return &node{kind: text, line: n.line, col: n.col, text: s}
		}
		return n
	}
	if n.refTo() == identifier {
		return &node{kind: text, line: n.line, col: n.col, text: value}
	}
	var out *node
	for i, m := range n.kids {
		v := e.substitute(m.value, identifier, value)
		key := e.placeholder(n, m.key, identifier, value)
		if v == m.value && key == m.key {
			continue
		}
		if out == nil {
			out = &node{kind: n.kind, line: n.line, col: n.col, kids: append([]member(nil), n.kids...)}
		}
		out.kids[i].key, out.kids[i].value = key, v
	}
	if out == nil {
		return n
	}
	return out
}

// placeholder replaces both spellings; &{x} leaves out what a logical id
// cannot hold.
func (e *evaluator) placeholder(n *node, s, identifier, value string) string {
	times := strings.Count(s, "{"+identifier+"}")
	if times == 0 || !e.spend(n, len(s)+times*len(value)) {
		return s
	}
	s = strings.ReplaceAll(s, "${"+identifier+"}", value)
	return strings.ReplaceAll(s, "&{"+identifier+"}", alphanumeric(value))
}

func alphanumeric(s string) string {
	return strings.Map(func(c rune) rune {
		if c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
			return c
		}
		return -1
	}, s)
}
