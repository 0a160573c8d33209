package sigma

import (
	"bytes"
	"fmt"
	"net/netip"
	"regexp"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
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

// numberTest holds for a JSON number of the same amount, and for a string written
// just so.
type numberTest struct {
	text string
	n    number
}

func (t *numberTest) holds(v *operand) bool {
	switch v.Kind {
	case Number:
		if len(v.Text) > mostDigits {
			return false
		}
		n, ok := parseNumber(string(v.Text))
		return ok && n.compare(t.n) == 0
	case String:
		return string(v.Text) == t.text
	}
	return false
}

func (t *numberTest) key() string { return "number " + t.text }
func (t *numberTest) cost() int   { return 30 }

// mostDigits bounds the texts that are read as numbers.
const mostDigits = 400

// number is an amount: whole where that is exact.
type number struct {
	whole bool
	i     int64
	f     float64
}

// parseNumber reads decimal numbers.
func parseNumber(s string) (number, bool) {
	if i, err := strconv.ParseInt(s, 10, 64); err == nil {
		return number{true, i, float64(i)}, true
	}
	if len(s) == 0 || len(s) > mostDigits || strings.ContainsAny(s, "xXpP_nN") { // neither hexadecimal floats nor words
		return number{}, false
	}
	f, err := strconv.ParseFloat(s, 64)
	return number{f: f}, err == nil
}

// ruleNumber reads the numbers of rules, which may be written as YAML allows: 0x10,
// 0o17, 1_000.
func ruleNumber(s string) (number, bool) {
	if n, ok := parseNumber(s); ok {
		return n, ok
	}
	if len(s) > 2 && s[0] == '0' && strings.IndexByte("xXoObB", s[1]) >= 0 {
		i, err := strconv.ParseInt(s, 0, 64)
		return number{true, i, float64(i)}, err == nil
	}
	return parseNumber(strings.ReplaceAll(s, "_", ""))
}

func (n number) compare(m number) int {
	switch {
	case n.whole && m.whole && n.i != m.i:
		if n.i < m.i {
			return -1
		}
		return 1
	case n.whole && m.whole:
		return 0
	case n.f < m.f:
		return -1
	case n.f > m.f:
		return 1
	}
	return 0
}

// ordering is lt, lte, gt, gte or eq.
type ordering string

func (o ordering) holds(n, m number) bool {
	c := n.compare(m)
	switch o {
	case "lt":
		return c < 0
	case "lte":
		return c <= 0
	case "gt":
		return c > 0
	case "gte":
		return c >= 0
	}
	return c == 0
}

// orderTest compares amounts; a string that is a decimal number counts as one.
type orderTest struct {
	op ordering
	n  number
}

func (t *orderTest) holds(v *operand) bool {
	if v.Kind != Number && v.Kind != String || len(v.Text) > mostDigits {
		return false
	}
	n, ok := parseNumber(string(v.Text))
	return ok && t.op.holds(n, t.n)
}

func (t *orderTest) key() string { return fmt.Sprintf("order %s %+v", t.op, t.n) }
func (t *orderTest) cost() int   { return 30 }

// regexTest searches the text as it is. Most texts lack what the expression cannot
// do without, which is quicker to see.
type regexTest struct {
	re   *regexp.Regexp
	must []byte
}

func newRegexTest(expression string) (*regexTest, error) {
	re, err := regexp.Compile(expression)
	if err != nil {
		return nil, err
	}
	tree, err := syntax.Parse(expression, syntax.Perl)
	if err != nil {
		return nil, err
	}
	return &regexTest{re, []byte(literalOf(tree))}, nil
}

// literalOf gives the longest text that every match contains.
func literalOf(tree *syntax.Regexp) (longest string) {
	switch tree.Op {
	case syntax.OpLiteral:
		// U+FFFD also matches a byte that is no UTF-8.
		if tree.Flags&syntax.FoldCase == 0 && !slices.Contains(tree.Rune, utf8.RuneError) {
			return string(tree.Rune)
		}
	case syntax.OpCapture, syntax.OpPlus:
		return literalOf(tree.Sub[0])
	case syntax.OpRepeat:
		if tree.Min > 0 {
			return literalOf(tree.Sub[0])
		}
	case syntax.OpConcat:
		for _, sub := range tree.Sub {
			if s := literalOf(sub); len(s) > len(longest) {
				longest = s
			}
		}
	}
	return longest
}

func (t *regexTest) holds(v *operand) bool {
	return v.Kind != Null && v.Kind != Empty && bytes.Contains(v.Text, t.must) && t.re.Match(v.Text)
}
func (t *regexTest) key() string { return "re " + t.re.String() }
func (t *regexTest) cost() int   { return 300 }

// cidrTest holds for an address within a network. An IPv4 address written as IPv6
// (::ffff:192.0.2.1) is the IPv4 address.
type cidrTest struct{ net netip.Prefix }

func (t *cidrTest) holds(v *operand) bool {
	if v.Kind != String || len(v.Text) > 64 {
		return false
	}
	a, err := netip.ParseAddr(string(v.Text))
	return err == nil && t.net.Contains(a.Unmap().WithZone(""))
}
func (t *cidrTest) key() string { return "cidr " + t.net.String() }
func (t *cidrTest) cost() int   { return 40 }

// timeTest compares a part of a date as it is written, whatever its zone.
type timeTest struct {
	part string
	op   ordering
	n    int64
}

var timeLayouts = []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05", time.DateOnly}

func (t *timeTest) holds(v *operand) bool {
	if v.Kind != String {
		return false
	}
	for _, layout := range timeLayouts {
		if at, err := time.Parse(layout, string(v.Text)); err == nil {
			n := partOf(at, t.part)
			return t.op.holds(number{true, n, float64(n)}, number{true, t.n, float64(t.n)})
		}
	}
	return false
}

func (t *timeTest) key() string { return fmt.Sprintf("time %s %s %d", t.part, t.op, t.n) }
func (t *timeTest) cost() int   { return 150 }

func partOf(at time.Time, part string) int64 {
	switch part {
	case "minute":
		return int64(at.Minute())
	case "hour":
		return int64(at.Hour())
	case "day":
		return int64(at.Day())
	case "week":
		_, week := at.ISOWeek()
		return int64(week)
	case "month":
		return int64(at.Month())
	}
	return int64(at.Year())
}

// asks is what a predicate wants to know of a field.
type asks uint8

const (
	asksValue    asks = iota // does any value pass the test
	asksNull                 // is there no value
	asksPresence             // is the field there at all
	asksField                // does any value stand in a relation to a value of another field
	asksText                 // does the text of the whole record pass the test
)

// predicate is one question about an event. The engine keeps equal ones once.
type predicate struct {
	asks  asks
	path  int // of the field, -1 for the whole text
	bit   int // counts the predicates of this path
	test  test
	other int // the other field of asksField
	front bool
	back  bool
	cased bool
	cost  int
}

func (p *predicate) key() string {
	k := fmt.Sprintf("%d %d %d %t %t %t", p.asks, p.path, p.other, p.front, p.back, p.cased)
	if p.test != nil {
		k += " " + p.test.key()
	}
	return k
}

// relates compares two texts for fieldref: whole, or the other as part of the first.
func relates(s, other []byte, front, back bool) bool {
	switch {
	case front && back:
		return bytes.Contains(s, other)
	case front: // anything may stand in front
		return bytes.HasSuffix(s, other)
	case back:
		return bytes.HasPrefix(s, other)
	}
	return bytes.Equal(s, other)
}
