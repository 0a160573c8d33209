package sigma

import (
	"fmt"
	"math"
	"testing"
)

func TestMemoForgetsTheOld(t *testing.T) {
	var m memo
	m.start(64<<10, 70)
	often := []byte("often")
	m.find(often).set(69, true, 70)
	for i := range 100_000 {
		if v := m.find(fmt.Appendf(nil, "value %d", i/40)); v == nil {
			t.Fatal("values that come again were given up")
		} else if known, _ := v.get(i % 70); known && i%40 == 0 {
			t.Fatal("a new value has old verdicts")
		} else {
			v.set(i%70, i%2 == 0, 70)
		}
		if i%100 == 0 {
			if known, holds := m.find(often).get(69); !known || !holds {
				t.Fatalf("what is asked for often was forgotten after %d values", i)
			}
		}
		if m.size > 32<<10+4096 {
			t.Fatalf("a generation has %d bytes", m.size)
		}
	}
}

func TestMemoGivesUp(t *testing.T) {
	var m memo
	m.start(1<<20, 1)
	for i := range 10 * memoTrial {
		m.find(fmt.Appendf(nil, "id %d", i))
	}
	if m.most != 0 || m.find([]byte("id 1")) != nil {
		t.Error("values that never come again are still remembered")
	}
	var long memo
	long.start(1<<20, 1)
	if long.find(make([]byte, memoValue+1)) != nil {
		t.Error("a very long value was remembered")
	}
}

// TestEpochsRunOut: after four billion events nothing of the first is taken for the
// next.
func TestEpochsRunOut(t *testing.T) {
	rules, _ := Parse("x.yml", []byte("title: t\nlogsource: {product: aws}\ndetection: {s: {a|contains: x}, k: [y], condition: s or k}"))
	e, refusals := Compile(rules, Options{})
	if len(refusals) > 0 {
		t.Fatal(refusals)
	}
	m := e.Matcher()
	var r Record
	match := func(raw string) (found bool) {
		r.Reset([]byte(raw))
		m.Match(&r, func(*Compiled) bool { found = true; return true })
		return found
	}
	if !match(`{"a":"x"}`) { // in epoch 1
		t.Fatal("does not match")
	}
	m.epoch = math.MaxUint32
	if match(`{"a":"z"}`) || m.epoch != 1 {
		t.Errorf("matches what came four billion events ago, in epoch %d", m.epoch)
	}
}

func TestLikeName(t *testing.T) {
	for pattern, c := range map[string]struct{ yes, no string }{
		"a*":    {"a", "ba"},
		"*a":    {"cba", "ab"},
		"a*b*c": {"a_b_c", "a_c_b"},
		"*a*":   {"bab", "b"},
		"a**b":  {"ab", "a"},
		"ab*ba": {"abba", "aba"},
		"exact": {"exact", "exactly"},
		"*":     {"anything", ""},
	} {
		if !likeName(pattern, c.yes) || c.no != "" && likeName(pattern, c.no) {
			t.Errorf("%s: %s %t, %s %t", pattern, c.yes, likeName(pattern, c.yes), c.no, likeName(pattern, c.no))
		}
	}
}

func TestLiteralOf(t *testing.T) {
	for expression, want := range map[string]string{
		".+:assumed-role/aws:.+": ":assumed-role/aws:",
		"(?i)abc":                "",
		"a|b":                    "",
		"x(abc)+y{2}z":           "abc",
		"(abc)*d":                "d",
		"a{0,3}bc":               "bc",
		"\\x{FFFD}abc":           "",
	} {
		re, err := newRegexTest(expression)
		if err != nil {
			t.Fatal(err)
		}
		if string(re.must) != want {
			t.Errorf("%s cannot do without %q, want %q", expression, re.must, want)
		}
	}
}
