package glob

import "strings"

// Pattern is a compiled pattern. The zero Pattern matches the empty text only.
//
// Matching takes time linear in the text for patterns of * alone, and text times
// the length of the pieces with ? divided by 64 otherwise: hostile patterns
// cannot make it slow.
type Pattern struct {
	source string
	text   string // the pattern where it has no *, else what it starts with
	end    string // what it ends with
	middle []piece
	star   bool // has a *
	mark   bool // text or end has a ?
}

// piece is what stands between two *.
type piece struct {
	text string
	scan *scanner // nil where the piece has no ?
}

// Compile makes a pattern ready to match.
func Compile(s string) Pattern {
	if strings.IndexByte(s, '*') < 0 {
		return Pattern{source: s, text: s, mark: strings.IndexByte(s, '?') >= 0}
	}
	parts := strings.Split(s, "*")
	p := Pattern{source: s, text: parts[0], end: parts[len(parts)-1], star: true}
	p.mark = strings.IndexByte(p.text, '?') >= 0 || strings.IndexByte(p.end, '?') >= 0
	for _, part := range parts[1 : len(parts)-1] {
		if part == "" {
			continue
		}
		m := piece{text: part}
		if strings.IndexByte(part, '?') >= 0 {
			m.scan = newScanner(part)
		}
		p.middle = append(p.middle, m)
	}
	return p
}

// Text is the one text that the pattern matches, where it has no wildcard.
func (p *Pattern) Text() (string, bool) { return p.text, !p.star && !p.mark }

// Start is the literal text that everything which matches starts with.
func (p *Pattern) Start() string {
	if at := strings.IndexByte(p.text, '?'); p.mark && at >= 0 {
		return p.text[:at]
	}
	return p.text
}

// Any tells whether the pattern matches every text.
func (p *Pattern) Any() bool { return p.star && p.text == "" && p.end == "" && len(p.middle) == 0 }

// Match tells whether the whole text fits the pattern.
func (p *Pattern) Match(s string) bool {
	if !p.mark {
		if !p.star {
			return s == p.text
		}
		if len(s) < len(p.text)+len(p.end) || s[:len(p.text)] != p.text || s[len(s)-len(p.end):] != p.end {
			return false
		}
		return p.between(s[len(p.text) : len(s)-len(p.end)])
	}
	head, ok := fitHead(p.text, s)
	if !ok {
		return false
	}
	if !p.star {
		return head == len(s)
	}
	tail, ok := fitTail(p.end, s[head:])
	return ok && p.between(s[head:len(s)-tail])
}

// between finds the middle pieces one behind the other; the leftmost place of
// each leaves most room to the next.
func (p *Pattern) between(s string) bool {
	for i := range p.middle {
		m := &p.middle[i]
		if m.scan == nil {
			at := strings.Index(s, m.text)
			if at < 0 {
				return false
			}
			s = s[at+len(m.text):]
			continue
		}
		end := m.scan.find(s)
		if end < 0 {
			return false
		}
		s = s[end:]
	}
	return true
}

// MayStart tells whether some text that starts with the given one fits.
// It may say so where none does, never the other way round.
func (p *Pattern) MayStart(start string) bool { return fitsStart(p.text, start) }

// MustStart tells whether every text that starts with the given one fits.
func (p *Pattern) MustStart(start string) bool { return p.star && p.end == "" && p.Match(start) }

// fitsStart tells whether a text fits the beginning of a pattern without *, or
// the other way round.
func fitsStart(pattern, s string) bool {
	for len(pattern) > 0 && len(s) > 0 {
		n := 1
		if pattern[0] == '?' {
			n = runeLen(s)
		} else if pattern[0] != s[0] {
			return false
		}
		pattern, s = pattern[1:], s[n:]
	}
	return true
}

// fitHead compares a pattern without * with the beginning of a text and says how
// much of it the pattern takes.
func fitHead(pattern, s string) (int, bool) {
	at := 0
	for i := range len(pattern) {
		if at == len(s) {
			return 0, false
		}
		switch c := pattern[i]; {
		case c == '?':
			at += runeLen(s[at:])
		case c == s[at]:
			at++
		default:
			return 0, false
		}
	}
	return at, true
}

// fitTail is fitHead from behind.
func fitTail(pattern, s string) (int, bool) {
	at := len(s)
	for i := len(pattern) - 1; i >= 0; i-- {
		if at == 0 {
			return 0, false
		}
		at--
		if pattern[i] == '?' {
			for at > 0 && s[at]&0xC0 == 0x80 {
				at--
			}
		} else if pattern[i] != s[at] {
			return 0, false
		}
	}
	return len(s) - at, true
}

// runeLen is the length of the first character, taking a stray byte for one.
func runeLen(s string) int {
	n := 1
	for n < len(s) && n < 4 && s[0] >= 0xC0 && s[n]&0xC0 == 0x80 {
		n++
	}
	return n
}

// Literal is the pattern that matches this text and nothing else.
func Literal(s string) Pattern { return Pattern{source: s, text: s} }

// String is the pattern as it was written.
func (p *Pattern) String() string { return p.source }
