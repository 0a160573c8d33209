package sigma

import (
	"slices"

	"holdfast.dev/holdfast/internal/kleene"
)

// gate lets the rules through that one value of one field allows. Rules that no
// call pins down must be asked at every event; but most of them can only hold where
// one field says something rare, like the name of an attacker's tool. All rules that
// hang on the same field share a gate, and for a value seen before the gate is one
// look-up, however many rules stand behind it.
type gate struct {
	path  int
	rules []gated
}

type gated struct {
	rule int
	cond *expr // must hold for the rule to hold, and asks for the gate's field alone
}

// assign gives every rule its way to be found: by the plan of the keys, by the gate
// of a field, or at every event.
func (e *Engine) assign() {
	at := map[int]int{}
	for i, r := range e.rules {
		r.Fields = e.fields(r.expr)
		pinned := r.expr.keyed && r.expr.reduce(func(int32) kleene.Value { return kleene.False }).op == isFalse
		cond, path := (*expr)(nil), -1
		if !pinned {
			cond, path = e.gateOf(r.expr)
		}
		switch {
		case cond != nil:
			if _, ok := at[path]; !ok {
				at[path] = len(e.gates)
				e.gates = append(e.gates, gate{path: path})
			}
			g := &e.gates[at[path]]
			g.rules = append(g.rules, gated{i, cond})
		case r.expr.keyed:
			e.keyedRules = append(e.keyedRules, i)
		default:
			e.shared = append(e.shared, i)
		}
	}
}

// fields names what an expression asks for.
func (e *Engine) fields(x *expr) (names []string) {
	if x.op == isPred {
		p := e.preds[x.pred]
		if p.asks == asksText {
			return nil
		}
		names = []string{e.paths[p.path].Name}
		if p.asks == asksField {
			names = append(names, e.paths[p.other].Name)
		}
	}
	for _, part := range x.parts {
		names = append(names, e.fields(part)...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// gateOf finds a part that must hold, that asks for one field alone, and that does
// not hold by itself: with all its predicates false it is false. Of several it takes
// the one that asks most: the gate remembers the answer, and what asks for the names of
// twenty tools holds less often than what asks for a type of event.
func (e *Engine) gateOf(x *expr) (cond *expr, path int) {
	parts := []*expr{x}
	if x.op == isAnd {
		parts = x.parts
	}
	for _, p := range slices.Backward(parts) { // the cheapest stand in front
		if path, ok := e.onePath(p); ok && !p.keyed && p.blank() == kleene.False {
			return p, path
		}
	}
	return nil, -1
}

// onePath gives the field of an expression that asks for the values of one alone.
func (e *Engine) onePath(x *expr) (path int, ok bool) {
	if x.op == isPred {
		p := e.preds[x.pred]
		return p.path, p.asks != asksText && p.asks != asksField
	}
	for i, part := range x.parts {
		p, ok := e.onePath(part)
		if !ok || i > 0 && p != path {
			return 0, false
		}
		path = p
	}
	return path, len(x.parts) > 0
}

// blank evaluates an expression with all predicates false.
func (x *expr) blank() kleene.Value {
	n := int32(0)
	for _, p := range x.parts {
		if p.blank() == kleene.True {
			n++
		}
	}
	switch x.op {
	case isNot:
		return kleene.Of(n == 0)
	case isAnd:
		return kleene.Of(int(n) == len(x.parts))
	case isOr:
		return kleene.Of(n > 0)
	case isLeast:
		return kleene.Of(n >= x.least)
	}
	return kleene.Of(x.op == isTrue)
}

// pass asks the rules behind a gate.
func (m *Matcher) pass(g *gate) {
	l := m.load(g.path)
	v := l.verdicts()
	if v == nil {
		for _, r := range g.rules {
			if m.eval(r.cond) {
				m.try(r.rule, m.e.rules[r.rule].expr)
			}
		}
		return
	}
	if !v.passed {
		v.passed, m.gating = true, true
		for _, r := range g.rules {
			if m.eval(r.cond) {
				v.through = append(v.through, int32(r.rule))
			}
		}
		m.gating = false
	}
	for _, i := range v.through {
		m.try(int(i), m.e.rules[i].expr)
	}
}

// try notes a rule that holds.
func (m *Matcher) try(rule int, x *expr) {
	if m.eval(x) {
		m.found = append(m.found, rule)
	}
}
