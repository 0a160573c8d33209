package cloudtrail

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// The reader has a small JSON scanner of its own, because a record is cut out of a
// stream, checked and read in one pass, and because encoding/json would decode
// everything of which ten fields are needed.

var (
	errShort = errors.New("the text ends in the middle of a value")
	errDeep  = errors.New("values are nested too deeply")
	errJSON  = errors.New("not JSON")
)

// text is JSON of which the end may not have been read yet: then errShort.
type text struct {
	b       []byte
	depth   int   // how deep values may be nested
	escaped *bool // set where a string has an escape; nil where nobody asks
}

// blanks are the white space of JSON.
const blanks = " \n\r\t"

func blank(c byte) bool { return c == ' ' || c == '\n' || c == '\r' || c == '\t' }

func (t *text) space(i int) int {
	if i < len(t.b) && t.b[i] > ' ' { // as good as always
		return i
	}
	return t.blanks(i)
}

func (t *text) blanks(i int) int {
	for i < len(t.b) && blank(t.b[i]) {
		i++
	}
	return i
}

// value gives the end of the value that starts at i.
func (t *text) value(i, level int) (int, error) {
	if i >= len(t.b) {
		return i, errShort
	}
	switch c := t.b[i]; {
	case c == '"':
		return t.str(i)
	case c == '{' || c == '[':
		if level >= t.depth {
			return i, errDeep
		}
		if c == '{' {
			return t.object(i, level+1)
		}
		return t.array(i, level+1)
	case c == 't':
		return t.word(i, "true")
	case c == 'f':
		return t.word(i, "false")
	case c == 'n':
		return t.word(i, "null")
	case c == '-' || c >= '0' && c <= '9':
		return t.number(i)
	}
	return i, errJSON
}

func (t *text) word(i int, w string) (int, error) {
	rest := t.b[i:]
	if len(rest) < len(w) {
		if string(rest) == w[:len(rest)] {
			return len(t.b), errShort
		}
		return i, errJSON
	}
	if string(rest[:len(w)]) != w {
		return i, errJSON
	}
	return i + len(w), nil
}

func (t *text) number(i int) (int, error) {
	start := i
	digits := func() bool {
		from := i
		for i < len(t.b) && t.b[i] >= '0' && t.b[i] <= '9' {
			i++
		}
		return i > from
	}
	if t.b[i] == '-' {
		i++
	}
	zero := i < len(t.b) && t.b[i] == '0'
	first := i
	ok := digits() && !(zero && i > first+1)
	if ok && i < len(t.b) && t.b[i] == '.' {
		i++
		ok = digits()
	}
	if ok && i < len(t.b) && (t.b[i] == 'e' || t.b[i] == 'E') {
		i++
		if i < len(t.b) && (t.b[i] == '+' || t.b[i] == '-') {
			i++
		}
		ok = digits()
	}
	if i == len(t.b) {
		return i, errShort // more digits may follow
	}
	if !ok {
		return start, errJSON
	}
	return i, nil
}

// str gives the end of the string that starts at i. It looks at eight bytes at a
// time: most of a record is text in which nothing is special.
func (t *text) str(i int) (int, error) {
	b := t.b
	for i++; i+8 <= len(b); i += 8 {
		if special := special(binary.LittleEndian.Uint64(b[i:])); special != 0 {
			if i += bits.TrailingZeros64(special) >> 3; b[i] == '"' {
				return i + 1, nil
			}
			return t.slow(i)
		}
	}
	return t.slow(i)
}

// slow goes on inside a string where eight bytes at a time do not do.
func (t *text) slow(i int) (int, error) {
	for {
		for i+8 <= len(t.b) && special(binary.LittleEndian.Uint64(t.b[i:])) == 0 {
			i += 8
		}
		for i < len(t.b) && plainByte[t.b[i]] {
			i++
		}
		switch {
		case i >= len(t.b):
			return i, errShort
		case t.b[i] == '"':
			return i + 1, nil
		case t.b[i] != '\\':
			return i, errJSON
		}
		if t.escaped != nil {
			*t.escaped = true
		}
		var err error
		if i, err = t.escape(i + 1); err != nil {
			return i, err
		}
	}
}

const each = 0x0101010101010101 // one of every byte of a word

// special marks the bytes of a word that may end a string or mean something in it:
// quotes, backslashes and control characters. Only the lowest mark is certain. With one
// bit turned over a quote stands right above the control characters, and a space does not.
func special(w uint64) uint64 {
	return (((w ^ each*0x02) - each*0x21) | ((w ^ each*'\\') - each)) &^ w & (each * 0x80)
}

// plainByte are the bytes of a string that mean nothing but themselves.
var plainByte = func() (plain [256]bool) {
	for c := range plain {
		plain[c] = c >= 0x20 && c != '"' && c != '\\'
	}
	return plain
}()

// escape gives the end of what stands behind a backslash.
func (t *text) escape(i int) (int, error) {
	if i >= len(t.b) {
		return i, errShort
	}
	switch t.b[i] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 1, nil
	case 'u':
		if i+4 >= len(t.b) {
			return i, errShort
		}
		for _, c := range t.b[i+1 : i+5] {
			if hexDigit[c] == 0 {
				return i, errJSON
			}
		}
		return i + 5, nil
	}
	return i, errJSON
}

// hexDigit gives one more than the value of a digit, and 0 for what is none.
var hexDigit = func() (value [256]byte) {
	for i, c := range "0123456789abcdef" {
		value[c] = byte(i + 1)
	}
	for i, c := range "ABCDEF" {
		value[c] = byte(i + 11)
	}
	return value
}()

func (t *text) array(i, level int) (int, error) {
	i = t.space(i + 1)
	if i < len(t.b) && t.b[i] == ']' {
		return i + 1, nil
	}
	for {
		end, err := t.value(i, level)
		if err != nil {
			return end, err
		}
		var last bool
		if i, last, err = t.next(end, ']'); err != nil || last {
			return i, err
		}
	}
}

// object goes through the object that starts at i.
func (t *text) object(i, level int) (int, error) {
	i = t.space(i + 1)
	if i < len(t.b) && t.b[i] == '}' {
		return i + 1, nil
	}
	for {
		_, start, err := t.key(i)
		if err != nil {
			return start, err
		}
		end, err := t.value(start, level)
		if err != nil {
			return end, err
		}
		var last bool
		if i, last, err = t.next(end, '}'); err != nil || last {
			return i, err
		}
	}
}

// next goes from the end of a member or an element to the next one, or behind the
// bracket that closes.
func (t *text) next(i int, bracket byte) (at int, last bool, err error) {
	i = t.space(i)
	switch {
	case i >= len(t.b):
		return i, false, errShort
	case t.b[i] == ',':
		return t.space(i + 1), false, nil
	case t.b[i] == bracket:
		return i + 1, true, nil
	}
	return i, false, errJSON
}

// key reads `"key" :` and gives the key without quotes and the start of its value.
func (t *text) key(i int) (key []byte, start int, err error) {
	if i >= len(t.b) {
		return nil, i, errShort
	}
	if t.b[i] != '"' {
		return nil, i, errJSON
	}
	end, err := t.str(i)
	if err != nil {
		return nil, end, err
	}
	colon := t.space(end)
	if colon >= len(t.b) {
		return nil, colon, errShort
	}
	if t.b[colon] != ':' {
		return nil, colon, errJSON
	}
	start = t.space(colon + 1)
	if start >= len(t.b) {
		return nil, start, errShort
	}
	return t.b[i+1 : end-1], start, nil
}

// unquote gives the text of a JSON string, which was scanned before. What is no
// string gives nil. Without escapes it is part of the input.
func unquote(v []byte) []byte {
	if len(v) < 2 || v[0] != '"' {
		return nil
	}
	v = v[1 : len(v)-1]
	i := bytes.IndexByte(v, '\\')
	if i < 0 {
		return v
	}
	out := append(make([]byte, 0, len(v)), v[:i]...)
	for ; i < len(v); i++ {
		if v[i] != '\\' {
			out = append(out, v[i])
			continue
		}
		i++
		switch v[i] {
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case 'u':
			r := unit(v, i)
			i += 4
			if utf16.IsSurrogate(r) {
				if i+6 < len(v) && v[i+1] == '\\' && v[i+2] == 'u' {
					if pair := utf16.DecodeRune(r, unit(v, i+2)); pair != utf8.RuneError {
						r, i = pair, i+6
					}
				}
				if utf16.IsSurrogate(r) {
					r = utf8.RuneError
				}
			}
			out = utf8.AppendRune(out, r)
		default: // " \ /
			out = append(out, v[i])
		}
	}
	return out
}

// unit reads the four digits behind the u at i.
func unit(v []byte, i int) rune {
	var n rune
	for _, c := range v[i+1 : i+5] {
		n = n<<4 | rune(hexDigit[c]-1)
	}
	return n
}
