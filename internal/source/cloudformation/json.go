package cloudformation

import (
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"
)

// jsonReader parses JSON into nodes and keeps positions; strings share the
// memory of the source. It follows RFC 8259 and is stricter in one thing:
// a key may not stand twice in one object.
type jsonReader struct {
	file     string
	src      string
	at       int
	line     int32
	start    int   // offset of the line
	extra    int32 // bytes of the line up to at that are not the first of a character
	depth    int
	maxDepth int
	budget   int
	nodes    slab
	scratch  []member // members of all open containers
}

// errJSON marks errors of the syntax, as opposed to limits.
var errJSON = errors.New("not valid JSON")

func parseJSON(file, src string, opt Options) (*node, error) {
	r := &jsonReader{file: file, src: src, line: 1, maxDepth: opt.maxDepth(), budget: opt.maxNodes()}
	n, err := r.value()
	if err != nil {
		return nil, err
	}
	r.space()
	if r.at < len(r.src) {
		return nil, r.syntax("there is more after the end of the value; a template is one object")
	}
	return n, nil
}

func (r *jsonReader) syntax(what string) error {
	return failAt(r.file, r.line, r.col(), "%w: %s", errJSON, what)
}

func (r *jsonReader) col() int32 { return int32(r.at-r.start) + 1 - r.extra }

func (r *jsonReader) space() {
	for r.at < len(r.src) {
		switch r.src[r.at] {
		case ' ', '\t', '\r':
			r.at++
		case '\n':
			r.at++
			r.line++
			r.start, r.extra = r.at, 0
		default:
			return
		}
	}
}

func (r *jsonReader) node(k kind) (*node, error) {
	if r.budget--; r.budget < 0 {
		return nil, failAt(r.file, r.line, r.col(), "the template has too many values to read; split it into nested stacks")
	}
	n := r.nodes.new()
	n.kind, n.line, n.col = k, r.line, r.col()
	return n, nil
}

func (r *jsonReader) value() (*node, error) {
	r.space()
	if r.at >= len(r.src) {
		return nil, r.syntax("it ends where a value is expected")
	}
	switch c := r.src[r.at]; {
	case c == '{':
		return r.container(object, '}')
	case c == '[':
		return r.container(list, ']')
	case c == '"':
		n, err := r.node(text)
		if err == nil {
			n.text, err = r.string()
		}
		return n, err
	case c == '-' || c >= '0' && c <= '9':
		return r.number()
	}
	if word, k := keyword(r.src[r.at:]); word != "" {
		n, err := r.node(k)
		if err != nil {
			return nil, err
		}
		r.at += len(word)
		if k == boolean {
			n.text = word
		}
		return n, nil
	}
	return nil, r.syntax("unexpected character " + strconv.QuoteRune(r.peek()))
}

func keyword(s string) (word string, k kind) {
	switch {
	case strings.HasPrefix(s, "true"):
		return "true", boolean
	case strings.HasPrefix(s, "false"):
		return "false", boolean
	case strings.HasPrefix(s, "null"):
		return "null", null
	}
	return "", 0
}

func (r *jsonReader) peek() rune {
	c, _ := utf8.DecodeRuneInString(r.src[r.at:])
	return c
}

// container reads an object or a list. Members are gathered on one stack and
// copied out in the right size, so that nothing grows.
func (r *jsonReader) container(k kind, end byte) (*node, error) {
	n, err := r.node(k)
	if err != nil {
		return nil, err
	}
	if r.depth++; r.depth > r.maxDepth {
		return nil, failAt(r.file, r.line, r.col(), "values are nested more than %d levels deep", r.maxDepth)
	}
	base := len(r.scratch)
	r.at++
	for first := true; ; first = false {
		r.space()
		if r.at >= len(r.src) {
			return nil, r.syntax("it ends inside of an object or list")
		}
		if r.src[r.at] == end && first {
			break
		}
		m, err := r.member(k)
		if err != nil {
			return nil, err
		}
		r.scratch = append(r.scratch, m)
		r.space()
		if r.at < len(r.src) && r.src[r.at] == ',' {
			r.at++
			continue
		}
		if r.at < len(r.src) && r.src[r.at] == end {
			break
		}
		return nil, r.syntax("a comma or " + strconv.QuoteRune(rune(end)) + " is expected here")
	}
	r.at++
	r.depth--
	if len(r.scratch) > base {
		n.kids = append(make([]member, 0, len(r.scratch)-base), r.scratch[base:]...)
	}
	r.scratch = r.scratch[:base]
	return n, r.unique(n)
}

func (r *jsonReader) unique(n *node) error {
	if n.kind != object {
		return nil
	}
	if i := duplicate(n.kids); i >= 0 {
		return duplicateKey(r.file, n.kids[i])
	}
	return nil
}

func duplicateKey(file string, m member) error {
	return failAt(file, m.line, m.col, "key %q stands twice in the same object; remove one of the two", m.key)
}

func (r *jsonReader) member(k kind) (m member, err error) {
	m.line, m.col = r.line, r.col()
	if k == object {
		if r.src[r.at] != '"' {
			return m, r.syntax("a key in double quotes is expected here")
		}
		if m.key, err = r.string(); err != nil {
			return m, err
		}
		r.space()
		if r.at >= len(r.src) || r.src[r.at] != ':' {
			return m, r.syntax("a colon is expected after the key " + strconv.Quote(m.key))
		}
		r.at++
	}
	m.value, err = r.value()
	if k == list && err == nil {
		m.line, m.col = m.value.line, m.value.col
	}
	return m, err
}

func (r *jsonReader) number() (*node, error) {
	n, err := r.node(text)
	if err != nil {
		return nil, err
	}
	s := r.src[r.at:]
	i := numberLength(s)
	if i == 0 {
		return nil, r.syntax("a number cannot be written like this; quote it if it is text")
	}
	n.text = s[:i]
	if _, ok := exactNumber(n.text); ok {
		n.kind = number
	}
	r.at += i
	return n, nil
}

// numberLength is the length of the number at the start of s by the grammar of
// RFC 8259, 0 if there is none.
func numberLength(s string) int {
	digits := func(i int) int {
		for i < len(s) && s[i] >= '0' && s[i] <= '9' {
			i++
		}
		return i
	}
	i := 0
	if s[0] == '-' {
		i++
	}
	whole := digits(i)
	if whole == i || s[i] == '0' && whole > i+1 {
		return 0
	}
	i = whole
	if i < len(s) && s[i] == '.' {
		if next := digits(i + 1); next > i+1 {
			i = next
		} else {
			return 0
		}
	}
	if i < len(s) && (s[i] == 'e' || s[i] == 'E') {
		j := i + 1
		if j < len(s) && (s[j] == '+' || s[j] == '-') {
			j++
		}
		next := digits(j)
		if next == j {
			return 0
		}
		i = next
	}
	return i
}
