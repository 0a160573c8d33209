package lake

import (
	"strings"
	"unicode/utf8"
)

// symbols give each distinct value of a column a number, so that rows are small and
// building a dictionary needs no hashing. Code 0 is absent.
type symbols struct {
	codes map[string]uint32
	keys  []string // as they came
	texts []string // as they are kept
	bytes int
	// near has the codes of values that came lately, found by their ends: most values
	// come again soon, and comparing one costs less than hashing it.
	near [nearby]struct {
		text string
		code uint32
	}
}

const nearby = 64

// end is where a value is looked for in near: ARNs, addresses and ids differ at their ends.
func end(v []byte) uint {
	n := uint(len(v))
	if n < 4 {
		return (n*31 + uint(v[0])) % nearby
	}
	x := uint32(v[n-1]) | uint32(v[n-2])<<8 | uint32(v[n-3])<<16 | uint32(v[n-4])<<24
	return uint((x^uint32(n)<<7)*0x9e3779b1>>16) % nearby
}

func (s *symbols) code(v []byte) uint32 {
	if len(v) == 0 {
		return 0
	}
	at := &s.near[end(v)]
	if at.text == string(v) {
		return at.code
	}
	if c, ok := s.codes[string(v)]; ok {
		at.code, at.text = c, s.keys[c]
		return c
	}
	if s.codes == nil {
		s.codes, s.texts, s.keys = map[string]uint32{}, []string{""}, []string{""}
	}
	c := uint32(len(s.texts))
	key := string(v)
	s.codes[key] = c
	s.keys = append(s.keys, key)
	s.texts = append(s.texts, valid(key))
	s.bytes += len(key) + 64
	return c
}

func (s *symbols) text(c uint32) string {
	if c == 0 {
		return ""
	}
	return s.texts[c]
}

// valid makes text what Parquet calls a string: query engines refuse a whole file for one
// byte that is not UTF-8.
func valid(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}
