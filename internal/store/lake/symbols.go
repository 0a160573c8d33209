package lake

import (
	"strings"
	"unicode/utf8"
)

// symbols give each distinct value of a column a number, so that rows are small and
// building a dictionary needs no hashing. Code 0 is absent.
type symbols struct {
	codes map[string]uint32
	texts []string
	bytes int
}

func (s *symbols) code(v []byte) uint32 {
	if len(v) == 0 {
		return 0
	}
	if c, ok := s.codes[string(v)]; ok {
		return c
	}
	if s.codes == nil {
		s.codes, s.texts = map[string]uint32{}, []string{""}
	}
	c := uint32(len(s.texts))
	key := string(v)
	s.codes[key] = c
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
