package cloudformation

import (
	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/kleene"
)

// condition is a declared condition, resolved when it is first asked for.
type condition struct {
	declared member
	state    uint8 // 0 not asked, 1 being resolved, 2 done
	value    kleene.Value
}

func (e *evaluator) readConditions(section *node) {
	e.conditions = map[string]*condition{}
	if section == nil {
		return
	}
	for _, m := range e.expandAll(section.kids, "condition") {
		e.conditions[m.key] = &condition{declared: m}
	}
}

// holds resolves a condition by name, which stands at n.
func (e *evaluator) holds(who, name string, n *node) kleene.Value {
	c, ok := e.conditions[name]
	switch {
	case !ok && e.open:
		return kleene.Unknown
	case !ok:
		e.fail(n, "%s names condition %q, which the template does not declare; add it under Conditions", who, name)
		return kleene.Unknown
	case c.state == 1:
		e.fail(n, "condition %q depends on itself", name)
		return kleene.Unknown
	case c.state == 0:
		c.state = 1
		c.value = e.truth(c.declared.value)
		c.state = 2
	}
	return c.value
}

// truth resolves the expression of a condition in three-valued logic.
func (e *evaluator) truth(n *node) kleene.Value {
	if e.err != nil {
		return kleene.Unknown
	}
	if e.depth++; e.depth > 3*defaultMaxDepth {
		e.fail(n, "conditions are nested too deeply")
		return kleene.Unknown
	}
	defer func() { e.depth-- }()
	if n.kind == object && len(n.kids) == 1 {
		switch key, arg := n.kids[0].key, n.kids[0].value; key {
		case "Condition", "Fn::Condition":
			return e.holds("Condition", arg.text, arg)
		case "Fn::Equals":
			return e.equals(arg)
		case "Fn::And":
			return e.fold(key, arg, kleene.True, kleene.Value.And)
		case "Fn::Or":
			return e.fold(key, arg, kleene.False, kleene.Value.Or)
		case "Fn::Not":
			if args := e.arguments(key, arg, 1, 1); args != nil {
				return e.truth(args[0].value).Not()
			}
			return kleene.Unknown
		}
	}
	v := e.eval(n, nil)
	if e.err != nil {
		return kleene.Unknown
	}
	switch text, _ := textOf(v); text {
	case "true":
		return kleene.True
	case "false":
		return kleene.False
	}
	if _, unknown := v.(evidence.Unknown); !unknown {
		e.fail(n, "a condition must be one of Fn::Equals, Fn::And, Fn::Or, Fn::Not and Condition")
	}
	return kleene.Unknown
}

// fold resolves all members, so that an error in any of them is found.
func (e *evaluator) fold(function string, arg *node, v kleene.Value, combine func(a, b kleene.Value) kleene.Value) kleene.Value {
	for _, m := range e.arguments(function, arg, 1, 100) {
		v = combine(v, e.truth(m.value))
	}
	return v
}

// truthValue is a condition function that stands where a value is expected.
func (e *evaluator) truthValue(n *node) any {
	switch e.truth(n) {
	case kleene.True:
		return true
	case kleene.False:
		return false
	}
	return evidence.Unknown{Reason: "the condition is not known", Present: true}
}

func (e *evaluator) equals(arg *node) kleene.Value {
	args := e.arguments("Fn::Equals", arg, 2, 2)
	if args == nil {
		return kleene.Unknown
	}
	left, right := args[0].value, args[1].value
	a, b := e.eval(left, nil), e.eval(right, nil)
	if name := left.refTo(); name != "" && name == right.refTo() {
		return kleene.True // whatever it is
	}
	if e.cannotBe(left, b) || e.cannotBe(right, a) {
		return kleene.False
	}
	return sameValue(a, b)
}

// cannotBe tells whether n is a parameter without a value whose AllowedValues
// leave v out.
func (e *evaluator) cannotBe(n *node, v any) bool {
	text, ok := textOf(v)
	p := e.parameters[n.refTo()]
	if !ok || p == nil || len(p.allowed) == 0 {
		return false
	}
	if _, unknown := p.value.(evidence.Unknown); !unknown {
		return false
	}
	for _, allowed := range p.allowed {
		if allowed == text {
			return false
		}
	}
	return true
}

// sameValue compares as CloudFormation does, where true and "true" are one.
func sameValue(a, b any) kleene.Value {
	if isUnknown(a) || isUnknown(b) {
		return kleene.Unknown
	}
	s, sok := textOf(a)
	t, tok := textOf(b)
	if sok || tok {
		return kleene.Of(sok && tok && s == t)
	}
	switch a := a.(type) {
	case []any:
		b, ok := b.([]any)
		if !ok {
			return kleene.False
		}
		if mayBeAbsent(a) || mayBeAbsent(b) {
			return kleene.Unknown
		}
		if len(a) != len(b) {
			return kleene.False
		}
		same := kleene.True
		for i := range a {
			same = same.And(sameValue(a[i], b[i]))
		}
		return same
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return kleene.False
		}
		same := kleene.True
		for k := range a {
			w, ok := b[k]
			if !ok {
				return kleene.False
			}
			same = same.And(sameValue(a[k], w))
		}
		return same
	}
	return kleene.Of(a == b)
}

func isUnknown(v any) bool { _, ok := v.(evidence.Unknown); return ok }
