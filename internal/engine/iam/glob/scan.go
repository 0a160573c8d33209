package glob

// scanner finds a piece with ? in a text: the bit-parallel search of Baeza-Yates
// and Gonnet ("A new approach to text searching", 1992), which advances all
// places where the piece may begin at once. Bit i of the state says that the
// piece's first i+1 characters end here.
type scanner struct {
	length int
	words  int
	ascii  [128][]uint64
	rest   []uint64          // of characters the piece does not name
	other  map[rune][]uint64 // of those outside ASCII that it names
}

func newScanner(piece string) *scanner {
	runes := []rune(piece)
	s := &scanner{length: len(runes), words: (len(runes) + 63) / 64}
	s.rest = make([]uint64, s.words)
	for i, r := range runes {
		if r == '?' {
			s.rest[i/64] |= 1 << (i % 64)
		}
	}
	for i, r := range runes {
		if r != '?' {
			s.mask(r)[i/64] |= 1 << (i % 64)
		}
	}
	return s
}

// mask is the mask of a character to write to: that of the rest until it differs.
func (s *scanner) mask(r rune) []uint64 {
	if r < 128 {
		if s.ascii[r] == nil {
			s.ascii[r] = append([]uint64(nil), s.rest...)
		}
		return s.ascii[r]
	}
	if s.other == nil {
		s.other = map[rune][]uint64{}
	}
	if s.other[r] == nil {
		s.other[r] = append([]uint64(nil), s.rest...)
	}
	return s.other[r]
}

func (s *scanner) of(r rune) []uint64 {
	m := s.other[r]
	if r < 128 {
		m = s.ascii[r]
	}
	if m == nil {
		return s.rest
	}
	return m
}

// find is where the leftmost occurrence ends, or -1.
func (s *scanner) find(text string) int {
	if s.words == 1 {
		return s.findShort(text)
	}
	var room [16]uint64 // pieces of up to 1,024 characters need no heap
	state := room[:min(s.words, len(room))]
	if s.words > len(room) {
		state = make([]uint64, s.words)
	}
	last := uint64(1) << ((s.length - 1) % 64)
	for i, r := range text {
		mask, carry := s.of(r), uint64(1)
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

// findShort is find for pieces of up to 64 characters; it does not allocate.
func (s *scanner) findShort(text string) int {
	var state uint64
	last := uint64(1) << (s.length - 1)
	for i, r := range text {
		state = (state<<1 | 1) & s.of(r)[0]
		if state&last != 0 {
			return i + runeLen(text[i:])
		}
	}
	return -1
}
