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
// Where the collection is not known it says why.
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
	identifier, body := args[0].value, args[2].value
	if !identifier.scalar() || identifier.text == "" || body.kind != object {
		e.fail(m.value, "%s takes an identifier, a list and an object with one key", loop)
		return nil, ""
	}
	values, reason := e.collection(loop, args[1].value)
	for _, v := range values {
		sub := e.substitute(body, identifier.text, v)
		if e.err != nil {
			return nil, ""
		}
		out = append(out, sub.kids...)
	}
	return out, reason
}

func (e *evaluator) collection(loop string, n *node) (values []string, reason string) {
	switch v := e.eval(n, nil).(type) {
	case evidence.Unknown:
		return nil, v.Reason
	case []any:
		for _, item := range v {
			if u, ok := item.(evidence.Unknown); ok {
				return nil, u.Reason
			}
			s, ok := textOf(item)
			if !ok {
				e.fail(n, "the collection of %s must hold texts", loop)
				return nil, ""
			}
			values = append(values, s)
		}
		return values, ""
	}
	e.fail(n, "the collection of %s must be a list", loop)
	return nil, ""
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
