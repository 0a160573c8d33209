package glob

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"unicode"
)

// automaton is patterns, of which one has to match, as a machine that reads a
// text character by character. A state is the set of places in the patterns where
// the reading may be; states are made when they are first reached. State 0 is the
// empty set: nothing that follows can make the text match.
type automaton struct {
	tokens []token
	starts []int // where each pattern begins in tokens, and where the last ends
	states []state
	ids    map[string]int32
	start  int32
}

type state struct {
	places set
	all    set // places, and those before that mean no more than they do
	accept bool
	chars  []rune // those that lead elsewhere than any other character does
	next   map[rune]int32
}

// set is a set of places in a pattern.
type set []uint64

func (s set) has(i int) bool { return s[i/64]>>(i%64)&1 != 0 }
func (s set) add(i int)      { s[i/64] |= 1 << (i % 64) }

func (s set) within(t set) bool {
	for i, w := range s {
		if w&^t[i] != 0 {
			return false
		}
	}
	return true
}

// each calls fn for the members, the smallest first.
func (s set) each(fn func(i int)) {
	for w, word := range s {
		for ; word != 0; word &= word - 1 {
			fn(w*64 + bits.TrailingZeros64(word))
		}
	}
}

func newAutomaton(patterns ...Glob) *automaton {
	m := &automaton{ids: map[string]int32{}, starts: []int{0}}
	for _, g := range patterns {
		m.tokens = append(append(m.tokens, g.tokens()...), token{kind: end})
		m.starts = append(m.starts, len(m.tokens))
	}
	m.intern(m.empty())
	first := m.empty()
	for _, at := range m.starts[:len(patterns)] {
		first.add(at)
	}
	m.start = m.intern(m.close(first))
	return m
}

func (m *automaton) empty() set { return make(set, len(m.tokens)/64+1) }

// close adds the places reached without reading: behind a *. Places before the
// last * reached are dropped: what they would still match, that * matches too.
// (In an ARN's pattern all places of a state lie in one part, or the * is in the
// last, so wildcards that stop at colons are no exception.) Where a * is the last
// of its pattern everything matches from there, and no other place matters.
func (m *automaton) close(s set) set {
	for p := range len(m.starts) - 1 {
		from, to := m.starts[p], m.starts[p+1]
		last := -1
		for i := from; i < to; i++ {
			if m.tokens[i].kind == many && s.has(i) {
				s.add(i + 1)
				last = i
			}
		}
		if last >= 0 && last == to-2 && !m.tokens[last].part {
			clear(s)
			s.add(last)
			s.add(last + 1)
			return s
		}
		for i := from; i < last; i++ {
			s[i/64] &^= 1 << (i % 64)
		}
	}
	return s
}

func (m *automaton) intern(s set) int32 {
	key := make([]byte, 0, 8*len(s))
	for _, w := range s {
		key = binary.LittleEndian.AppendUint64(key, w)
	}
	if id, ok := m.ids[string(key)]; ok {
		return id
	}
	id := int32(len(m.states))
	m.ids[string(key)] = id
	m.states = append(m.states, state{places: s, all: m.implied(s), accept: m.accepts(s), chars: m.chars(s), next: map[rune]int32{}})
	return id
}

func (m *automaton) accepts(s set) bool {
	for _, behind := range m.starts[1:] {
		if s.has(behind - 1) {
			return true
		}
	}
	return false
}

// implied adds the places before a * that takes everything: what they match it
// matches.
func (m *automaton) implied(s set) set {
	out := append(set(nil), s...)
	for p := range len(m.starts) - 1 {
		from, to := m.starts[p], m.starts[p+1]
		first := from
		for first < to && !s.has(first) {
			first++
		}
		if first == to || m.tokens[first].kind != many || m.tokens[first].part {
			continue
		}
		for i := from; i < first; i++ {
			out.add(i)
		}
	}
	return out
}

// chars are those on which the places of a state differ.
func (m *automaton) chars(s set) []rune {
	var out []rune
	s.each(func(i int) {
		switch t := m.tokens[i]; {
		case t.kind == end:
		case t.kind == literal:
			out = append(out, variants(t.char, t.fold)...)
		case t.part:
			out = append(out, ':')
		}
	})
	slices.Sort(out)
	return slices.Compact(out)
}

// variants are the ways to write a character of a pattern.
func variants(c rune, fold bool) []rune {
	if upper := unicode.ToUpper(c); fold && upper != c && lower(upper) == c {
		return []rune{c, upper}
	}
	return []rune{c}
}

// step reads one character.
func (m *automaton) step(id int32, c rune) int32 {
	if id == 0 {
		return 0
	}
	if !has(m.states[id].chars, c) {
		c = -1 // all others lead to the same place
	}
	if next, ok := m.states[id].next[c]; ok {
		return next
	}
	to := m.empty()
	m.states[id].places.each(func(i int) {
		if !m.tokens[i].takes(c) {
			return
		}
		if m.tokens[i].kind != many {
			i++
		}
		to.add(i)
	})
	next := m.intern(m.close(to))
	m.states[id].next[c] = next
	return next
}

// Machine matches texts with a Glob. It remembers what it learns, so it must not
// be used by two at once.
type Machine struct{ automaton *automaton }

// Machine makes the pattern ready to match.
func (g Glob) Machine() *Machine { return &Machine{newAutomaton(g)} }

// Match tells whether the whole text fits.
func (m *Machine) Match(s string) bool {
	at := m.automaton.start
	for _, c := range s {
		at = m.automaton.step(at, c)
	}
	return m.automaton.states[at].accept
}
