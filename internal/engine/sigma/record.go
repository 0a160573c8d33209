package sigma

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// Record is an Event over the JSON text of one log record. It reads as far as it is
// asked: the members of the record are found one after the other, those of inner
// objects when a path leads into them. Broken JSON has the fields that stand before
// the break.
type Record struct {
	raw     []byte
	members []jsonMember
	next    int // where the next member starts, -1 at the end
	buf     []byte
	text    []byte
	texted  bool
	known   []known
}

// known is a field that the caller read before.
type known struct {
	path  int
	there bool
	value Value
}

type jsonMember struct {
	key        []byte
	start, end int
}

// mostJSONDepth bounds how deep paths and texts are followed.
const mostJSONDepth = 128

// Reset puts another record into its place. The text must not change while the
// record is used.
func (r *Record) Reset(raw []byte) {
	r.raw, r.members, r.buf, r.texted = raw, r.members[:0], r.buf[:0], false
	r.known = r.known[:0]
	r.next = -1
	if i := space(raw, 0); i < len(raw) && raw[i] == '{' {
		r.next = i + 1
	}
}

// Know tells the record a field that the caller has read already, so that it need
// not be looked for. The path is one of Engine.Paths; Reset forgets it.
func (r *Record) Know(p *Path, v Value) { r.known = append(r.known, known{p.Index, true, v}) }

// KnowAbsent tells the record that it does not have a field.
func (r *Record) KnowAbsent(p *Path) { r.known = append(r.known, known{path: p.Index}) }

// Values gives what stands at a dotted path. A member whose own name has dots is
// found too.
func (r *Record) Values(to []Value, p *Path) []Value {
	for i := range r.known {
		if k := &r.known[i]; k.path == p.Index {
			if k.there {
				to = append(to, k.value)
			}
			return to
		}
	}
	for i := 0; ; i++ {
		if i == len(r.members) && !r.advance() {
			return to
		}
		m := r.members[i]
		if rest, ok := leads(m.key, p.Name); ok {
			n := len(to)
			if to = r.descend(to, m.start, m.end, rest, 1); len(to) > n {
				return to
			}
		}
	}
}

// Within gives what stands at a path inside the value from start to end of the text,
// which the caller has found. An empty path is the value itself.
func (r *Record) Within(to []Value, start, end int, path string) []Value {
	return r.descend(to, start, end, path, 1)
}

// advance finds the next member of the record.
func (r *Record) advance() bool {
	if r.next < 0 {
		return false
	}
	m, next, ok := r.member(r.next)
	r.next = next
	if ok {
		r.members = append(r.members, m)
	}
	return ok
}

// member reads the member that starts at i, after a brace or a comma. The next one
// starts at next, -1 where there is none.
func (r *Record) member(i int) (m jsonMember, next int, ok bool) {
	s := r.raw
	if i = space(s, i); i >= len(s) || s[i] != '"' {
		return m, -1, false
	}
	end := skipString(s, i)
	if end < 0 {
		return m, -1, false
	}
	m.key = r.unquote(s[i+1 : end-1])
	if i = space(s, end); i >= len(s) || s[i] != ':' {
		return m, -1, false
	}
	m.start = space(s, i+1)
	if m.end = skipValue(s, m.start); m.end < 0 {
		return m, -1, false
	}
	if i = space(s, m.end); i < len(s) && s[i] == ',' {
		return m, i + 1, true
	}
	return m, -1, true
}

// leads tells whether a path goes through a member, and what is left of it then.
func leads(key []byte, path string) (rest string, ok bool) {
	if len(path) < len(key) || path[:len(key)] != string(key) {
		return "", false
	}
	if len(path) == len(key) {
		return "", true
	}
	if path[len(key)] == '.' {
		return path[len(key)+1:], true
	}
	return "", false
}

// descend follows the rest of a path into the value from start to end.
func (r *Record) descend(to []Value, start, end int, path string, depth int) []Value {
	if depth > mostJSONDepth || start >= end {
		return to
	}
	switch r.raw[start] {
	case '[':
		return r.elements(to, start, end, path, depth)
	case '{':
		if path == "" {
			return append(to, Value{Object, r.unquote(r.raw[start:end])})
		}
		for i := start + 1; i >= 0; {
			m, next, ok := r.member(i)
			if !ok {
				break
			}
			if rest, ok := leads(m.key, path); ok {
				n := len(to)
				if to = r.descend(to, m.start, m.end, rest, depth+1); len(to) > n {
					return to
				}
			}
			i = next
		}
		return to
	}
	if path != "" {
		return to
	}
	return append(to, r.scalar(start, end))
}

// elements follows a path into every element of a list.
func (r *Record) elements(to []Value, start, end int, path string, depth int) []Value {
	s := r.raw
	i := space(s, start+1)
	if i < len(s) && s[i] == ']' {
		if path == "" {
			to = append(to, Value{Kind: Empty})
		}
		return to
	}
	for i < end {
		stop := skipValue(s, i)
		if stop < 0 {
			break
		}
		to = r.descend(to, i, stop, path, depth+1)
		if i = space(s, stop); i >= end || s[i] != ',' {
			break
		}
		i = space(s, i+1)
	}
	return to
}

func (r *Record) scalar(start, end int) Value {
	s := r.raw[start:end]
	switch s[0] {
	case '"':
		return Value{String, r.unquote(s[1 : len(s)-1])}
	case 't', 'f':
		return Value{Bool, s}
	case 'n':
		return Value{Kind: Null}
	}
	return Value{Number, s}
}

// Text gives the record with the escapes of its strings resolved.
func (r *Record) Text() []byte {
	if bytes.IndexByte(r.raw, '\\') < 0 {
		return r.raw
	}
	if !r.texted {
		r.text, r.texted = unescape(r.text[:0], r.raw), true
	}
	return r.text
}

// unquote resolves the escapes of a string without its quotes, or of the strings in
// an object.
func (r *Record) unquote(s []byte) []byte {
	if bytes.IndexByte(s, '\\') < 0 {
		return s
	}
	start := len(r.buf)
	r.buf = unescape(r.buf, s)
	return r.buf[start:len(r.buf):len(r.buf)]
}

var escapes = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

func unescape(to, s []byte) []byte {
	for {
		i := bytes.IndexByte(s, '\\')
		if i < 0 || i+1 == len(s) {
			return append(to, s...)
		}
		to = append(to, s[:i]...)
		c := s[i+1]
		if c == 'u' {
			if u, ok := hex4(s[i+2:]); ok {
				n := 6
				if utf16.IsSurrogate(u) && len(s) >= i+12 && s[i+6] == '\\' && s[i+7] == 'u' {
					if low, ok := hex4(s[i+8:]); ok && utf16.DecodeRune(u, low) != utf8.RuneError {
						u, n = utf16.DecodeRune(u, low), 12
					}
				}
				to = utf8.AppendRune(to, u)
				s = s[i+n:]
				continue
			}
		}
		if escapes[c] != 0 {
			to = append(to, escapes[c])
		} else {
			to = append(to, '\\', c) // no escape of JSON: as it stands
		}
		s = s[i+2:]
	}
}

func hex4(s []byte) (r rune, ok bool) {
	if len(s) < 4 {
		return 0, false
	}
	for _, c := range s[:4] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

func space(s []byte, i int) int {
	for i < len(s) && (s[i] == ' ' || s[i] == '\n' || s[i] == '\t' || s[i] == '\r') {
		i++
	}
	return i
}

// skipString gives the offset behind the string that starts at i, -1 where it does
// not end.
func skipString(s []byte, i int) int {
	for i++; ; i++ {
		k := bytes.IndexByte(s[i:], '"')
		if k < 0 {
			return -1
		}
		if i += k; s[i-1] != '\\' {
			return i + 1
		}
		slashes := 1
		for s[i-1-slashes] == '\\' {
			slashes++
		}
		if slashes%2 == 0 {
			return i + 1
		}
	}
}

// skipValue gives the offset behind the value at i, -1 where it does not end.
func skipValue(s []byte, i int) int {
	if i >= len(s) {
		return -1
	}
	switch s[i] {
	case '"':
		return skipString(s, i)
	case '{', '[':
		return skipNested(s, i)
	case '}', ']', ',', ':':
		return -1
	}
	for ; i < len(s); i++ {
		switch s[i] {
		case ',', '}', ']', ' ', '\n', '\t', '\r':
			return i
		}
	}
	return i
}

func skipNested(s []byte, i int) int {
	for depth := 0; i < len(s); {
		switch s[i] {
		case '"':
			if i = skipString(s, i); i < 0 {
				return -1
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
		i++
	}
	return -1
}
