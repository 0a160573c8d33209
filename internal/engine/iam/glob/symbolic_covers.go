package glob

import "slices"

// steps is how many comparisons Covers makes before it gives up, a fraction of a
// second. Patterns of * and text need at most one pattern's length times the
// other's; only many ? behind a * need more.
const steps = 1 << 21

// Covers tells whether all that b matches is matched by a too. True is proved;
// false is exact as well unless the search gave up.
//
// It looks for a text that b matches and a does not: b is followed place by
// place, a as the set of its places. A pair need not be looked at where one from
// which a matches no more was already: whatever refutes it refutes that one too.
func Covers(a, b Glob) bool {
	if a.Pattern == "*" && !a.Literal {
		return true
	}
	s := search{a: newAutomaton(a), b: b.tokens()}
	s.seen = make([][]set, len(s.b)+1)
	s.visit(0, s.a.start)
	for len(s.queue) > 0 {
		if s.refuted || s.steps > steps {
			return false
		}
		p := s.queue[0]
		s.queue = s.queue[1:]
		s.follow(p.place, p.state)
	}
	return !s.refuted
}

type search struct {
	a       *automaton
	b       []token
	seen    [][]set // by place of b, sets of places of a
	queue   []pair
	refuted bool
	steps   int
}

type pair struct {
	place int
	state int32
}

func (s *search) visit(place int, id int32) {
	places, all := s.a.states[id].places, s.a.states[id].all
	s.steps += 1 + len(s.seen[place])
	if slices.ContainsFunc(s.seen[place], func(t set) bool { return t.within(all) }) {
		return
	}
	s.seen[place] = append(s.seen[place], places)
	s.queue = append(s.queue, pair{place, id})
	if place == len(s.b) {
		s.refuted = s.refuted || !s.a.states[id].accept
	} else if s.b[place].kind == many {
		s.visit(place+1, id)
	}
}

// follow reads every character on which a or b may differ.
func (s *search) follow(place int, id int32) {
	if place == len(s.b) {
		return
	}
	t := s.b[place]
	var chars []rune
	if t.kind == literal {
		chars = variants(t.char, t.fold)
	} else {
		chars = slices.Clone(s.a.states[id].chars)
		if t.part && !has(chars, ':') {
			chars = append(chars, ':')
		}
		chars = append(chars, fresh(chars))
	}
	if t.kind != many {
		place++
	}
	for _, c := range chars {
		if t.takes(c) {
			s.visit(place, s.a.step(id, c))
		}
	}
}
