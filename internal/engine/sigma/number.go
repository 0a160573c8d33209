package sigma

import (
	"fmt"
	"strconv"
	"strings"
)

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
