package glob

import "unicode"

// never is longer than any text that has to be looked at.
const never = 1 << 30

// Common gives a shortest text that matches both patterns. It takes time and
// memory of one pattern's length times the other's.
//
// Two * side by side need take nothing, and one * takes what the other pattern
// asks for at that place, so every step goes forward in at least one pattern and
// a table filled from the end answers.
func Common(a, b Glob) (string, bool) {
	m := meeting{a: a.tokens(), b: b.tokens()}
	start, ok := m.together()
	if !ok {
		return "", false
	}
	m.fill()
	if m.length(0, 0) >= never {
		return "", false
	}
	return start + m.text(), true
}

type meeting struct {
	a, b    []token
	lengths []int32 // of the shortest rest from (i, j)
}

// together goes as far as neither pattern has a *, where each character is taken
// by both: most patterns part there, or have most in common. What is left is for
// the table.
func (m *meeting) together() (string, bool) {
	var start []rune
	for len(m.a) > 0 && len(m.b) > 0 && m.a[0].kind != many && m.b[0].kind != many {
		c, ok := m.char(m.a[0], m.b[0])
		if !ok {
			return "", false
		}
		start, m.a, m.b = append(start, c), m.a[1:], m.b[1:]
	}
	return string(start), true
}

func (m *meeting) length(i, j int) int32 { return m.lengths[i*(len(m.b)+1)+j] }

func (m *meeting) fill() {
	m.lengths = make([]int32, (len(m.a)+1)*(len(m.b)+1))
	for i := len(m.a); i >= 0; i-- {
		for j := len(m.b); j >= 0; j-- {
			best := int32(never)
			if i == len(m.a) && j == len(m.b) {
				best = 0
			}
			for _, s := range m.steps(i, j) {
				if n := m.length(s.i, s.j) + s.cost(); s.ok && n < best {
					best = n
				}
			}
			m.lengths[i*(len(m.b)+1)+j] = best
		}
	}
}

// text follows the table from the beginning.
func (m *meeting) text() string {
	var out []rune
	for i, j := 0, 0; i < len(m.a) || j < len(m.b); {
		left := m.length(i, j)
		for _, s := range m.steps(i, j) {
			if s.ok && m.length(s.i, s.j)+s.cost() == left {
				if s.char != none {
					out = append(out, s.char)
				}
				i, j = s.i, s.j
				break
			}
		}
	}
	return string(out)
}

// none stands where no character is taken.
const none rune = -1

// step goes to (i, j), taking a character or none.
type step struct {
	i, j int
	char rune
	ok   bool
}

func (s step) cost() int32 {
	if s.char == none {
		return 0
	}
	return 1
}

func (m *meeting) steps(i, j int) (out [2]step) {
	manyA := i < len(m.a) && m.a[i].kind == many
	manyB := j < len(m.b) && m.b[j].kind == many
	if manyA {
		out[0] = step{i: i + 1, j: j, char: none, ok: true}
		if j < len(m.b) && !manyB {
			c, ok := m.char(m.a[i], m.b[j])
			out[1] = step{i: i, j: j + 1, char: c, ok: ok}
		}
	}
	if manyB {
		out[1] = step{i: i, j: j + 1, char: none, ok: true}
		if i < len(m.a) && !manyA {
			c, ok := m.char(m.a[i], m.b[j])
			out[0] = step{i: i + 1, j: j, char: c, ok: ok}
		}
	}
	if !manyA && !manyB && i < len(m.a) && j < len(m.b) {
		c, ok := m.char(m.a[i], m.b[j])
		out[0] = step{i: i + 1, j: j + 1, char: c, ok: ok}
	}
	return out
}

// char is a character that both tokens take.
func (m *meeting) char(s, t token) (rune, bool) {
	c, fold := 'x', false
	switch {
	case s.kind == literal && t.kind == literal && s.fold:
		c, fold = t.char, t.fold
	case s.kind == literal:
		c, fold = s.char, s.fold
	case t.kind == literal:
		c, fold = t.char, t.fold
	}
	if s.takes(c) && t.takes(c) {
		return c, true
	}
	if !fold {
		return 0, false
	}
	c = unicode.ToUpper(c)
	return c, s.takes(c) && t.takes(c)
}
