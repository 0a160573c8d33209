package cloudformation

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// string reads a quoted string. Most have no escape and are a slice of the
// source.
func (r *jsonReader) string() (string, error) {
	r.at++
	begin := r.at
	for i := r.at; i < len(r.src); i++ {
		switch c := r.src[i]; {
		case c == '"':
			s := r.src[begin:i]
			if err := r.countExtra(s); err != nil {
				return "", err
			}
			r.at = i + 1
			return s, nil
		case c == '\\':
			return r.escaped(begin, i)
		case c < ' ':
			r.at = i
			return "", r.syntax("a control character stands in a string; write it as an escape such as \\n")
		}
	}
	r.at = len(r.src)
	return "", r.syntax("a string does not end")
}

// countExtra keeps columns in characters where a line holds more than ASCII.
func (r *jsonReader) countExtra(s string) error {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			if !utf8.ValidString(s) {
				return r.syntax("a string is not UTF-8")
			}
			r.extra += int32(len(s) - utf8.RuneCountInString(s))
			return nil
		}
	}
	return nil
}

func (r *jsonReader) escaped(begin, i int) (string, error) {
	var b strings.Builder
	b.WriteString(r.src[begin:i])
	for i < len(r.src) {
		c := r.src[i]
		switch {
		case c == '"':
			r.at = i + 1
			return b.String(), r.countExtra(r.src[begin:i])
		case c < ' ':
			r.at = i
			return "", r.syntax("a control character stands in a string; write it as an escape such as \\n")
		case c != '\\':
			b.WriteByte(c)
			i++
			continue
		}
		char, size := unescape(r.src[i:])
		if size == 0 {
			r.at = i
			return "", r.syntax("an escape in a string is not one of JSON")
		}
		b.WriteRune(char)
		i += size
	}
	r.at = len(r.src)
	return "", r.syntax("a string does not end")
}

// unescape reads the escape at the start of s.
func unescape(s string) (char rune, size int) {
	if len(s) < 2 {
		return 0, 0
	}
	if i := strings.IndexByte(`"\/bfnrt`, s[1]); i >= 0 {
		return rune("\"\\/\b\f\n\r\t"[i]), 2
	}
	high, ok := hex4(s)
	if !ok {
		return 0, 0
	}
	if utf16.IsSurrogate(high) {
		if low, ok := hex4(s[6:]); ok {
			if char := utf16.DecodeRune(high, low); char != utf8.RuneError {
				return char, 12
			}
		}
		return utf8.RuneError, 6
	}
	return high, 6
}

func hex4(s string) (rune, bool) {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return 0, false
	}
	v, err := strconv.ParseUint(s[2:6], 16, 32)
	return rune(v), err == nil
}
