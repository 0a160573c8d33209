package glob

import "unicode/utf8"

// scanner finds a piece with ? in a text: the bit-parallel search of Baeza-Yates
// and Gonnet ("A new approach to text searching", 1992), which advances all
// places where the piece may begin at once. Bit i of the state says that the
// piece's first i+1 characters end here.
type scanner struct {
	length int
	words  int               // of a state
	ascii  []uint64          // the masks of the ASCII characters, one behind the other
	rest   []uint64          // the mask of characters that the piece does not name
	other  map[rune][]uint64 // of those outside ASCII that it names
}

func newScanner(piece string) *scanner {
	runes := []rune(piece)
	s := &scanner{length: len(runes), words: (len(runes) + 63) / 64, other: map[rune][]uint64{}}
	s.rest = make([]uint64, s.words)
	for i, r := range runes {
		if r == '?' {
			s.rest[i/64] |= 1 << (i % 64)
		}
	}
	for range utf8.RuneSelf {
		s.ascii = append(s.ascii, s.rest...)
	}
	for i, r := range runes {
		if r == '?' {
			continue
		}
		if r >= utf8.RuneSelf && s.other[r] == nil {
			s.other[r] = append([]uint64(nil), s.rest...)
		}
		s.mask(r)[i/64] |= 1 << (i % 64)
	}
	return s
}

func (s *scanner) mask(r rune) []uint64 {
	if r < utf8.RuneSelf {
		return s.ascii[int(r)*s.words : int(r+1)*s.words]
	}
	if m := s.other[r]; m != nil {
		return m
	}
	return s.rest
}

// find is where the leftmost occurrence ends, or -1.
func (s *scanner) find(text string) int {
	if s.words <= 2 && isASCII(text) {
		return s.findShort(text)
	}
	var room [16]uint64 // pieces of up to 1,024 characters need no heap
	state := room[:min(s.words, len(room))]
	if s.words > len(room) {
		state = make([]uint64, s.words)
	}
	last := uint64(1) << ((s.length - 1) % 64)
	for i, r := range text {
		mask, carry := s.mask(r), uint64(1)
		for w := range state {
			shifted := state[w]<<1 | carry
			carry = state[w] >> 63
			state[w] = shifted & mask[w]
		}
		if state[s.words-1]&last != 0 {
			return i + runeLen(text[i:])
		}
	}
	return -1
}

// findShort is find for what there is most: ASCII, and pieces of up to 128
// characters.
func (s *scanner) findShort(text string) int {
	last := uint64(1) << ((s.length - 1) % 64)
	if s.words == 1 {
		masks, state := (*[utf8.RuneSelf]uint64)(s.ascii), uint64(0)
		for i := range len(text) {
			if state = (state<<1 | 1) & masks[text[i]&0x7f]; state&last != 0 {
				return i + 1
			}
		}
		return -1
	}
	masks, low, high := (*[2 * utf8.RuneSelf]uint64)(s.ascii), uint64(0), uint64(0)
	for i := range len(text) {
		at := int(text[i]&0x7f) * 2
		high = (high<<1 | low>>63) & masks[at+1]
		low = (low<<1 | 1) & masks[at]
		if high&last != 0 {
			return i + 1
		}
	}
	return -1
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
