package sigma

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// operand is a value of an event with what tests need of it more than once.
type operand struct {
	Value
	folded []byte // the text with cases made one
}

// test is a question about one value.
type test interface {
	holds(v *operand) bool
	key() string // equal tests have equal keys
	cost() int   // rough nanoseconds
}

// textTest compares the text, folded unless it regards case.
type textTest struct {
	shape shape
	lit   string
	bytes []byte // lit once more, for searching
	glob  pattern
	cased bool
}

type shape uint8

const (
	exact shape = iota
	prefix
	suffix
	inside
	anything
	glob
)

// newTextTest finds the cheapest way to match a pattern.
func newTextTest(p pattern, cased bool) *textTest {
	if !cased {
		p = p.each(foldString)
	}
	t := &textTest{shape: glob, glob: p, cased: cased}
	lit := func(i int) bool { return p[i].wild == 0 }
	star := func(i int) bool { return p[i].wild == '*' }
	switch {
	case len(p) == 0:
		t.shape = exact
	case len(p) == 1 && lit(0):
		t.shape, t.lit = exact, p[0].lit
	case len(p) == 1 && star(0):
		t.shape = anything
	case len(p) == 2 && lit(0) && star(1):
		t.shape, t.lit = prefix, p[0].lit
	case len(p) == 2 && star(0) && lit(1):
		t.shape, t.lit = suffix, p[1].lit
	case len(p) == 3 && star(0) && lit(1) && star(2):
		t.shape, t.lit, t.bytes = inside, p[1].lit, []byte(p[1].lit)
	}
	return t
}

func (t *textTest) holds(v *operand) bool {
	if v.Kind == Null || v.Kind == Empty {
		return false
	}
	s := v.folded
	if t.cased {
		s = v.Text
	}
	switch t.shape {
	case exact:
		return string(s) == t.lit
	case prefix:
		return hasPrefix(s, t.lit)
	case suffix:
		return len(s) >= len(t.lit) && string(s[len(s)-len(t.lit):]) == t.lit
	case inside:
		return bytes.Contains(s, t.bytes)
	case anything:
		return true
	}
	return t.glob.matches(s)
}

func (t *textTest) key() string { return fmt.Sprintf("text %t %s", t.cased, t.glob) }

func (t *textTest) cost() int {
	switch t.shape {
	case inside:
		return 40
	case glob:
		return 120
	}
	return 5
}

// setTest holds where the text is one of many.
type setTest struct {
	cased bool
	of    map[string]struct{}
}

func (t *setTest) holds(v *operand) bool {
	if v.Kind == Null || v.Kind == Empty {
		return false
	}
	s := v.folded
	if t.cased {
		s = v.Text
	}
	_, ok := t.of[string(s)]
	return ok
}

func (t *setTest) key() string {
	all := make([]string, 0, len(t.of))
	for s := range t.of {
		all = append(all, strconv.Quote(s))
	}
	slices.Sort(all)
	return fmt.Sprintf("set %t %s", t.cased, strings.Join(all, " "))
}

func (t *setTest) cost() int { return 20 }
