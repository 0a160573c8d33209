package glob

import (
	"strings"
	"unicode"
)

// Glob is a pattern to reason about. Characters are Unicode code points: ?
// stands for one of them.
type Glob struct {
	Pattern string
	Fold    bool // upper and lower case are the same
	// ARN is set where the pattern is that of an ARN: its first five parts are
	// matched each by itself, so that their wildcards stop at a colon, and the
	// sixth takes what remains. A pattern of fewer parts that ends in * takes
	// whatever follows, so that * alone is everything.
	ARN bool
	// Literal is set where * and ? stand for themselves.
	Literal bool
}

// String is the pattern as it was written.
func (g Glob) String() string { return g.Pattern }

// token is one place of a pattern.
type token struct {
	kind kind
	char rune // of a literal; in lower case where the pattern folds
	part bool // a wildcard that stops at a colon
	fold bool // a literal in either case
}

type kind uint8

const (
	literal kind = iota
	one          // ?
	many         // *
	end          // behind the last
)

// tokens takes a pattern apart. Neighbouring * are one.
func (g Glob) tokens() []token {
	open := 0 // from this byte on wildcards take colons too
	if g.ARN {
		open = openFrom(g.Pattern)
	}
	out := make([]token, 0, len(g.Pattern))
	for at, c := range g.Pattern {
		t := token{char: c, part: at < open, fold: g.Fold}
		switch {
		case g.Literal && g.Fold:
			t.char = lower(c)
		case g.Literal:
		case c == '?':
			t.kind = one
		case c == '*':
			t.kind = many
			if n := len(out); n > 0 && out[n-1].kind == many {
				out[n-1].part = out[n-1].part && t.part
				continue
			}
		case g.Fold:
			t.char = lower(c)
		}
		out = append(out, t)
	}
	return out
}

// openFrom finds where the wildcards of an ARN's pattern begin to take colons: in
// the sixth part. Where there are fewer parts they all do, if one of them ends in
// *, which AWS lets stand for what is beyond the colon too.
func openFrom(pattern string) int {
	at, ends := 0, strings.HasSuffix(pattern, "*")
	for range 5 {
		i := strings.IndexByte(pattern[at:], ':')
		if i < 0 {
			if ends {
				return 0
			}
			return len(pattern)
		}
		ends = ends || i > 0 && pattern[at+i-1] == '*'
		at += i + 1
	}
	return at
}

// takes tells whether the token stands for this character.
func (t token) takes(c rune) bool {
	switch {
	case t.kind == end:
		return false
	case t.kind != literal:
		return !t.part || c != ':'
	case t.fold:
		return t.char == lower(c)
	}
	return t.char == c
}

// lower is a character in lower case, where the two belong to each other and to
// no third, as İ and i do not.
func lower(c rune) rune {
	if l := unicode.ToLower(c); unicode.ToUpper(l) == c {
		return l
	}
	return c
}

// Intersects tells whether some text matches both patterns.
func Intersects(a, b string) bool {
	_, ok := Witness(a, b)
	return ok
}

// Witness gives a shortest text that matches both patterns.
func Witness(a, b string) (string, bool) {
	return Common(Glob{Pattern: a}, Glob{Pattern: b})
}

// ArnIntersects is Intersects over the patterns of ARNs.
func ArnIntersects(a, b string) bool {
	_, ok := ArnWitness(a, b)
	return ok
}

// ArnWitness is Witness over the patterns of ARNs.
func ArnWitness(a, b string) (string, bool) {
	return Common(Glob{Pattern: a, ARN: true}, Glob{Pattern: b, ARN: true})
}

// Includes tells whether all that b matches is matched by a too. True is proved;
// false is exact as well unless the patterns mix * and many ? so wildly that the
// search gives up (see steps).
func Includes(a, b string) bool { return Covers(Glob{Pattern: a}, Glob{Pattern: b}) }

// ArnIncludes is Includes over the patterns of ARNs.
func ArnIncludes(a, b string) bool {
	return Covers(Glob{Pattern: a, ARN: true}, Glob{Pattern: b, ARN: true})
}

// fresh is a character for a place where any will do but those given; letters
// first, so that witnesses read well.
func fresh(not []rune) rune {
	for _, c := range "xyzwvutsrqponmlkjihgfedcba0123456789-_" {
		if !has(not, c) {
			return c
		}
	}
	c := '¡'
	for has(not, c) {
		c++
	}
	return c
}

func has(list []rune, c rune) bool {
	for _, e := range list {
		if e == c {
			return true
		}
	}
	return false
}
