package policy

import (
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Limits of a document's text. The largest policy that AWS takes has 32 KiB, and
// the language nests five deep.
const (
	maxBytes = 256 << 10
	maxDepth = 32
)

// kind is what sort of JSON value a node is.
type kind uint8

const (
	nullNode kind = iota
	boolNode
	numberNode
	stringNode
	listNode
	objectNode
)

func (k kind) String() string {
	return [...]string{"null", "a boolean", "a number", "a string", "a list", "an object"}[k]
}

// node is a JSON value with its place. Unlike encoding/json it keeps every key of
// an object, those that come twice too.
type node struct {
	kind   kind
	text   string // of a string; of a number or boolean as written
	items  []node // of a list
	fields []field
	at     Position
}

type field struct {
	name  string
	at    Position
	value node
}

// scanner reads JSON as RFC 8259 has it, no more and no less.
type scanner struct {
	data  string
	at    int
	line  int
	start int // offset of the line
	extra int // bytes of the line so far that continue a character
	wide  Position
}

func (s *scanner) position() Position { return Position{s.line, s.at - s.start - s.extra + 1} }

func (s *scanner) fail(at Position, format string, args ...any) error {
	return Problem{Code: JSONSyntax, Message: "not valid JSON: " + fmt.Sprintf(format, args...), Position: at}
}

// scanJSON reads one value and makes sure that nothing follows. wide is where the
// first character stands that is not of Latin-1.
func scanJSON(data string) (n node, wide Position, err error) {
	s := &scanner{data: data, line: 1}
	if strings.HasPrefix(data, "\ufeff") {
		return n, s.wide, s.fail(s.position(), "it starts with a byte order mark; save the file as UTF-8 without one")
	}
	s.space()
	if s.at == len(data) {
		return n, s.wide, s.fail(s.position(), "there is nothing")
	}
	if n, err = s.value(0); err != nil {
		return n, s.wide, err
	}
	s.space()
	if s.at < len(data) {
		return n, s.wide, s.fail(s.position(), "%s follows the end of the policy", s.found())
	}
	return n, s.wide, nil
}

func (s *scanner) space() {
	for s.at < len(s.data) {
		switch s.data[s.at] {
		case '\n':
			s.at++
			s.line, s.start, s.extra = s.line+1, s.at, 0
		case ' ', '\t', '\r':
			s.at++
		default:
			return
		}
	}
}

// found names what stands at the current place, for messages.
func (s *scanner) found() string {
	if s.at >= len(s.data) {
		return "the end of the text"
	}
	r, _ := utf8.DecodeRuneInString(s.data[s.at:])
	return fmt.Sprintf("%q", r)
}

func (s *scanner) value(depth int) (node, error) {
	at := s.position()
	if depth > maxDepth {
		return node{}, Problem{Code: TooLarge, Message: fmt.Sprintf("nested more than %d deep; no policy is", maxDepth), Position: at}
	}
	if s.at >= len(s.data) {
		return node{}, s.fail(at, "it ends where a value is expected")
	}
	switch c := s.data[s.at]; {
	case c == '{':
		return s.object(depth)
	case c == '[':
		return s.list(depth)
	case c == '"':
		text, err := s.text()
		return node{kind: stringNode, text: text, at: at}, err
	case c == '-' || c >= '0' && c <= '9':
		text, err := s.number()
		return node{kind: numberNode, text: text, at: at}, err
	}
	for word, k := range map[string]kind{"true": boolNode, "false": boolNode, "null": nullNode} {
		if strings.HasPrefix(s.data[s.at:], word) {
			s.at += len(word)
			return node{kind: k, text: word, at: at}, nil
		}
	}
	return node{}, s.fail(at, "%s where a value is expected", s.found())
}

func (s *scanner) object(depth int) (node, error) {
	n := node{kind: objectNode, at: s.position()}
	s.at++
	s.space()
	if s.take('}') {
		return n, nil
	}
	for {
		s.space()
		at := s.position()
		if s.at >= len(s.data) || s.data[s.at] != '"' {
			return n, s.fail(at, "%s where a name in double quotes is expected", s.found())
		}
		name, err := s.text()
		if err != nil {
			return n, err
		}
		s.space()
		if !s.take(':') {
			return n, s.fail(s.position(), "%s where a colon is expected after %q", s.found(), name)
		}
		s.space()
		v, err := s.value(depth + 1)
		if err != nil {
			return n, err
		}
		n.fields = append(n.fields, field{name, at, v})
		s.space()
		if s.take('}') {
			return n, nil
		}
		if !s.take(',') {
			return n, s.fail(s.position(), "%s where a comma or } is expected", s.found())
		}
	}
}

func (s *scanner) list(depth int) (node, error) {
	n := node{kind: listNode, at: s.position()}
	s.at++
	s.space()
	if s.take(']') {
		return n, nil
	}
	for {
		s.space()
		v, err := s.value(depth + 1)
		if err != nil {
			return n, err
		}
		n.items = append(n.items, v)
		s.space()
		if s.take(']') {
			return n, nil
		}
		if !s.take(',') {
			return n, s.fail(s.position(), "%s where a comma or ] is expected", s.found())
		}
	}
}

func (s *scanner) take(c byte) bool {
	if s.at < len(s.data) && s.data[s.at] == c {
		s.at++
		return true
	}
	return false
}

// text reads a string with its quotes.
func (s *scanner) text() (string, error) {
	open := s.position()
	s.at++
	from, plain := s.at, true
	var b strings.Builder
	for s.at < len(s.data) {
		switch c := s.data[s.at]; {
		case c == '"':
			s.at++
			if plain {
				return s.data[from : s.at-1], nil
			}
			return b.String(), nil
		case c == '\\':
			if plain {
				plain = false
				b.WriteString(s.data[from:s.at])
			}
			r, err := s.escape()
			if err != nil {
				return "", err
			}
			b.WriteRune(r)
		case c < ' ':
			return "", s.fail(s.position(), "a control character (%#02x) inside a string; write it as an escape such as \\n, or close the string", c)
		default:
			r, size := utf8.DecodeRuneInString(s.data[s.at:])
			if r == utf8.RuneError && size == 1 {
				return "", s.fail(s.position(), "a byte (%#02x) that is not UTF-8", c)
			}
			if r > 0xff && s.wide.Line == 0 {
				s.wide = s.position()
			}
			if !plain {
				b.WriteRune(r)
			}
			s.at += size
			s.extra += size - 1
		}
	}
	return "", s.fail(open, "the string that starts here does not end")
}

// escape reads what a backslash starts.
func (s *scanner) escape() (rune, error) {
	at := s.position()
	s.at++
	if s.at >= len(s.data) {
		return 0, s.fail(at, "it ends inside an escape")
	}
	c := s.data[s.at]
	s.at++
	if i := strings.IndexByte(`"\/bfnrt`, c); i >= 0 {
		return rune("\"\\/\b\f\n\r\t"[i]), nil
	}
	if c != 'u' {
		return 0, s.fail(at, "\\%c is not an escape of JSON", c)
	}
	r, ok := s.hex()
	if ok && utf16.IsSurrogate(r) {
		ok = strings.HasPrefix(s.data[s.at:], `\u`)
		if ok {
			s.at += 2
			var low rune
			low, ok = s.hex()
			r = utf16.DecodeRune(r, low)
			ok = ok && r != utf8.RuneError
		}
	}
	if !ok {
		return 0, s.fail(at, "an escape \\u that does not name a character")
	}
	return r, nil
}

func (s *scanner) hex() (rune, bool) {
	if len(s.data)-s.at < 4 {
		return 0, false
	}
	var r rune
	for range 4 {
		c := s.data[s.at]
		switch {
		case c >= '0' && c <= '9':
			r = r<<4 | rune(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, false
		}
		s.at++
	}
	return r, true
}

func (s *scanner) number() (string, error) {
	from, at := s.at, s.position()
	s.take('-')
	if !s.take('0') && s.digits() == 0 {
		return "", s.fail(at, "a minus without a number")
	}
	if s.take('.') && s.digits() == 0 {
		return "", s.fail(at, "a number that ends with its decimal point")
	}
	if s.take('e') || s.take('E') {
		if !s.take('+') {
			s.take('-')
		}
		if s.digits() == 0 {
			return "", s.fail(at, "a number without the digits of its exponent")
		}
	}
	return s.data[from:s.at], nil
}

func (s *scanner) digits() int {
	n := 0
	for s.at < len(s.data) && s.data[s.at] >= '0' && s.data[s.at] <= '9' {
		s.at++
		n++
	}
	return n
}
