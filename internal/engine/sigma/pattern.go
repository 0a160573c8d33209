package sigma

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// pattern is a text with wildcards, as its parts in order.
type pattern []part

type part struct {
	lit   string
	wild  byte   // '*', '?' or 0 for a literal
	bytes []byte // lit once more, for searching
}

// parsePattern reads a Sigma text. A backslash makes the *, ? or \ after it plain;
// before anything else it is a plain character itself.
func parsePattern(s string) pattern {
	var p pattern
	var lit strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s) && strings.IndexByte(`*?\`, s[i+1]) >= 0:
			i++
			lit.WriteByte(s[i])
		case c == '*' || c == '?':
			p = p.add(lit.String(), 0).add("", c)
			lit.Reset()
		default:
			lit.WriteByte(c)
		}
	}
	return p.add(lit.String(), 0)
}

// add appends a part; literals join, and stars after stars add nothing.
func (p pattern) add(lit string, wild byte) pattern {
	switch n := len(p); {
	case wild == 0 && lit == "":
		return p
	case wild == 0 && n > 0 && p[n-1].wild == 0:
		lit = p[n-1].lit + lit
		return append(p[:n-1:n-1], part{lit: lit, bytes: []byte(lit)})
	case wild == '*' && n > 0 && p[n-1].wild == '*':
		return p
	}
	return append(p[:len(p):len(p)], part{lit, wild, []byte(lit)})
}

func (p pattern) join(q pattern) pattern {
	for _, x := range q {
		p = p.add(x.lit, x.wild)
	}
	return p
}

// plain gives the text of a pattern without wildcards.
func (p pattern) plain() (string, bool) {
	switch {
	case len(p) == 0:
		return "", true
	case len(p) == 1 && p[0].wild == 0:
		return p[0].lit, true
	}
	return "", false
}

// within puts stars around it.
func (p pattern) within(front, back bool) pattern {
	out := p
	if front {
		out = pattern(nil).add("", '*').join(p)
	}
	if back {
		out = out.add("", '*')
	}
	return out
}

// each changes every literal.
func (p pattern) each(f func(string) string) pattern {
	var out pattern
	for _, x := range p {
		if x.wild == 0 {
			x.lit = f(x.lit)
		}
		out = out.add(x.lit, x.wild)
	}
	return out
}

// String writes the pattern so that equal patterns and only these are equal texts.
func (p pattern) String() string {
	var b strings.Builder
	for _, x := range p {
		if x.wild != 0 {
			b.WriteByte(x.wild)
			continue
		}
		b.WriteString(strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`).Replace(x.lit))
	}
	return b.String()
}

// matches runs the pattern over a text. A ? takes one character, or one byte where
// the text is no UTF-8. The last star is the only place to go back to, so it takes
// at most len(s)·len(p) steps.
func (p pattern) matches(s []byte) bool {
	i, at := 0, 0
	star, from := -1, 0
	for {
		if i == len(p) {
			if at == len(s) {
				return true
			}
		} else {
			switch x := p[i]; {
			case x.wild == '*':
				if i+1 == len(p) {
					return true
				}
				star, from = i, at
				i++
				continue
			case x.wild == '?' && at < len(s):
				at += width(s[at:])
				i++
				continue
			case x.wild == 0 && hasPrefix(s[at:], x.lit):
				at += len(x.lit)
				i++
				continue
			}
		}
		if star < 0 || from >= len(s) {
			return false
		}
		from += width(s[from:])
		if next := p[star+1]; next.wild == 0 { // jump to where the literal can be
			k := bytes.Index(s[from:], next.bytes)
			if k < 0 {
				return false
			}
			from += k
		}
		i, at = star+1, from
	}
}

func hasPrefix(s []byte, lit string) bool {
	return len(s) >= len(lit) && string(s[:len(lit)]) == lit
}

func width(s []byte) int {
	if s[0] < utf8.RuneSelf {
		return 1
	}
	_, n := utf8.DecodeRune(s)
	return n
}

// fold appends s with all cases of a character made one. Bytes that are no UTF-8
// stay as they are.
func fold(to, s []byte) []byte {
	at := len(to)
	to = slices.Grow(to, len(s)+8)[:at+len(s)]
	i := 0
	for ; i+8 <= len(s); i += 8 {
		w := binary.LittleEndian.Uint64(s[i:])
		if w&(every8*0x80) != 0 {
			return foldRunes(to[:at+i], s[i:])
		}
		binary.LittleEndian.PutUint64(to[at+i:at+i+8], w|capitals(w)>>2)
	}
	to, s = to[:at+i], s[i:]
	for i, c := range s {
		if c >= utf8.RuneSelf {
			return foldRunes(to, s[i:])
		}
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		to = append(to, c)
	}
	return to
}

const every8 = 0x0101010101010101 // one of every byte of a word

// capitals marks the capital letters among eight bytes of ASCII by their highest bit.
func capitals(w uint64) uint64 {
	return (w + every8*(0x80-'A')) &^ (w + every8*(0x80-'Z'-1)) & (every8 * 0x80)
}

func foldRunes(to, s []byte) []byte {
	for len(s) > 0 {
		r, n := utf8.DecodeRune(s)
		if r == utf8.RuneError && n == 1 {
			to = append(to, s[0])
		} else {
			to = utf8.AppendRune(to, foldRune(r))
		}
		s = s[n:]
	}
	return to
}

// foldRune gives the smallest character that differs from r in case alone, and the
// small letter where that is an ASCII capital.
func foldRune(r rune) rune {
	least := r
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		least = min(least, f)
	}
	if 'A' <= least && least <= 'Z' {
		least += 'a' - 'A'
	}
	return least
}

func foldString(s string) string { return string(fold(nil, []byte(s))) }
