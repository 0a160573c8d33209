package sigma

import (
	"bytes"
	"fmt"
	"net/netip"
	"regexp"
	"regexp/syntax"
	"slices"
	"time"
	"unicode/utf8"
)

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
