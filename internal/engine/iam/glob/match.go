package glob

import "strings"

// Pattern is a compiled pattern. The zero Pattern matches the empty text only.
//
// Matching takes time linear in the text for patterns of * alone, and text times
// the length of the pieces with ? divided by 64 otherwise: hostile patterns
// cannot make it slow.
type Pattern struct {
	source string // as it was written
	more   *inside
	head   int32 // how much of source everything starts with: all of it where there is no *
	tail   int32 // how much of source everything ends with, and one more; 0 where there is no *
}

// inside is what few patterns have. There are very many patterns, so that their
// size counts: what is looked up often should stay in a processor's caches.
type inside struct {
	middle []piece
	mark   bool // has a ? in what it starts or ends with
}

// piece is what stands between two *.
type piece struct {
	text string
	scan *scanner // nil where the piece has no ?
}

// Compile makes a pattern ready to match.
func Compile(s string) Pattern {
	first, last := strings.IndexByte(s, '*'), strings.LastIndexByte(s, '*')
	if first < 0 {
		p := Literal(s)
		if strings.IndexByte(s, '?') >= 0 {
			p.more = &inside{mark: true}
		}
		return p
	}
	p := Pattern{source: s, head: int32(first), tail: int32(len(s) - last)}
	in := inside{mark: strings.IndexByte(p.start(), '?') >= 0 || strings.IndexByte(p.end(), '?') >= 0}
	if first < last {
		in.middle = piecesOf(s[first+1 : last])
	}
	if in.mark || in.middle != nil {
		p.more = &in
	}
	return p
}

func piecesOf(s string) []piece {
	var out []piece
	for part := range strings.SplitSeq(s, "*") {
		if part == "" {
			continue
		}
		m := piece{text: part}
		if strings.IndexByte(part, '?') >= 0 {
			m.scan = newScanner(part)
		}
		out = append(out, m)
	}
	return out
}

func (p *Pattern) start() string { return p.source[:p.head] }
func (p *Pattern) end() string   { return p.source[len(p.source)-max(0, int(p.tail)-1):] }
func (p *Pattern) star() bool    { return p.tail != 0 }
func (p *Pattern) mark() bool    { return p.more != nil && p.more.mark }

// Text is the one text that the pattern matches, where it has no wildcard.
func (p *Pattern) Text() (string, bool) { return p.start(), !p.star() && p.more == nil }

// Start is the literal text that everything which matches starts with.
func (p *Pattern) Start() string {
	if at := strings.IndexByte(p.start(), '?'); p.mark() && at >= 0 {
		return p.start()[:at]
	}
	return p.start()
}

// Any tells whether the pattern matches every text.
func (p *Pattern) Any() bool { return p.star() && p.more == nil && p.head == 0 && p.tail == 1 }

// Match tells whether the whole text fits the pattern.
func (p *Pattern) Match(s string) bool {
	switch {
	case p.mark():
		return p.matchMarks(s)
	case p.tail == 0:
		return s == p.source
	}
	head, tail := int(p.head), len(s)-int(p.tail)+1
	return head <= tail && s[:head] == p.start() && s[tail:] == p.end() && (p.more == nil || p.more.between(s[head:tail]))
}

func (p *Pattern) matchMarks(s string) bool {
	head, ok := fitHead(p.start(), s)
	if !ok {
		return false
	}
	if !p.star() {
		return head == len(s)
	}
	tail, ok := fitTail(p.end(), s[head:])
	return ok && p.more.between(s[head:len(s)-tail])
}

// between finds the middle pieces one behind the other; the leftmost place of
// each leaves most room to the next.
func (in *inside) between(s string) bool {
	for i := range in.middle {
		m := &in.middle[i]
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
func (p *Pattern) MayStart(start string) bool { return fitsStart(p.start(), start) }

// MustStart tells whether every text that starts with the given one fits.
func (p *Pattern) MustStart(start string) bool { return p.tail == 1 && p.Match(start) }

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
func Literal(s string) Pattern { return Pattern{source: s, head: int32(len(s))} }

// String is the pattern as it was written.
func (p *Pattern) String() string { return p.source }
