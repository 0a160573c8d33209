package sigma

import (
	"slices"

	"holdfast.dev/holdfast/internal/kleene"
)

// expr is a rule's logic over the predicates of an engine. It is never changed
// after it was made, so rules and plans share parts.
type expr struct {
	op    exprOp
	pred  int32
	least int32
	keyed bool // speaks of a field that plans are made of
	cost  int
	parts []*expr
}

type exprOp uint8

const (
	isPred exprOp = iota
	isNot
	isAnd
	isOr
	isLeast
	isTrue
	isFalse
)

var always, never = &expr{op: isTrue}, &expr{op: isFalse}

// not, every, some and least build expressions, drop what is already decided, and put
// the cheap parts first.
func not(e *expr) *expr {
	switch e.op {
	case isTrue:
		return never
	case isFalse:
		return always
	case isNot:
		return e.parts[0]
	}
	return &expr{op: isNot, parts: []*expr{e}, keyed: e.keyed, cost: e.cost}
}

func every(parts []*expr) *expr { return combine(isAnd, always, never, parts) }
func some(parts []*expr) *expr  { return combine(isOr, never, always, parts) }

func combine(op exprOp, neutral, decides *expr, parts []*expr) *expr {
	e := &expr{op: op}
	for _, p := range parts {
		switch {
		case p.op == decides.op:
			return decides
		case p.op == neutral.op:
		case p.op == op:
			e.parts = append(e.parts, p.parts...)
		default:
			e.parts = append(e.parts, p)
		}
	}
	switch len(e.parts) {
	case 0:
		return neutral
	case 1:
		return e.parts[0]
	}
	return e.order()
}

func (e *expr) order() *expr {
	for _, p := range e.parts {
		e.keyed = e.keyed || p.keyed
		e.cost += p.cost
	}
	slices.SortStableFunc(e.parts, func(a, b *expr) int { return a.cost - b.cost })
	return e
}

func least(n int, parts []*expr) *expr {
	e := &expr{op: isLeast}
	for _, p := range parts {
		switch p.op {
		case isTrue:
			n--
		case isFalse:
		default:
			e.parts = append(e.parts, p)
		}
	}
	switch {
	case n <= 0:
		return always
	case n > len(e.parts):
		return never
	case n == len(e.parts):
		return every(e.parts)
	case n == 1:
		return some(e.parts)
	}
	e.least = int32(n)
	return e.order()
}

// reduce works an expression out as far as the known predicates decide it. What
// does not speak of keyed fields comes back as it is.
func (e *expr) reduce(known func(pred int32) kleene.Value) *expr {
	if !e.keyed {
		return e
	}
	if e.op == isPred {
		switch known(e.pred) {
		case kleene.True:
			return always
		case kleene.False:
			return never
		}
		return e
	}
	parts := make([]*expr, len(e.parts))
	for i, p := range e.parts {
		parts[i] = p.reduce(known)
		// What one part decides needs no look at the others.
		if e.op == isAnd && parts[i].op == isFalse {
			return never
		}
		if e.op == isOr && parts[i].op == isTrue {
			return always
		}
	}
	switch e.op {
	case isNot:
		return not(parts[0])
	case isAnd:
		return every(parts)
	case isOr:
		return some(parts)
	}
	return least(int(e.least), parts)
}
