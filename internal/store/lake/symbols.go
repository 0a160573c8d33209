package lake

import (
	"hash/maphash"
	"strings"
	"unicode/utf8"
	"unsafe"
)

// symbols give each distinct value of a column a number, so that rows are small and
// building a dictionary needs no hashing. Code 0 is absent. It is a table of its own
// because a map takes a text of its own for each value, and columns such as access keys
// have nearly as many values as rows.
type symbols struct {
	seed  maphash.Seed
	slots []slot   // open addressing, at most half full
	keys  []string // as they came, by code
	odd   map[uint32]string
	rooms [][]byte // where the keys lie
	used  int      // rooms
	bytes int
	// near has the codes of values that came lately, found by their ends: most values
	// come again soon, and comparing one costs less than hashing it.
	near [nearby]struct {
		text string
		code uint32
	}
}

// slot is a value by its hash; code 0 is empty.
type slot struct{ hash, code uint32 }

const (
	nearby    = 64
	roomBytes = 32 << 10
)

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
	if 2*len(s.keys) >= len(s.slots) {
		s.grow()
	}
	hash := uint32(maphash.Bytes(s.seed, v))
	mask := uint32(len(s.slots) - 1)
	i := hash & mask
	for ; s.slots[i].code != 0; i = (i + 1) & mask {
		if c := s.slots[i].code; s.slots[i].hash == hash && s.keys[c] == string(v) {
			at.code, at.text = c, s.keys[c]
			return c
		}
	}
	c := uint32(len(s.keys))
	s.slots[i] = slot{hash, c}
	s.keys = append(s.keys, s.keep(v))
	if !utf8.Valid(v) {
		if s.odd == nil {
			s.odd = map[uint32]string{}
		}
		s.odd[c] = strings.ToValidUTF8(string(v), "\uFFFD")
	}
	s.bytes += len(v) + 40
	return c
}

// grow makes room for as many values again.
func (s *symbols) grow() {
	if s.slots == nil {
		s.seed, s.keys = maphash.MakeSeed(), append(s.keys, "")
	}
	old := s.slots
	s.slots = make([]slot, max(64, 2*len(old)))
	mask := uint32(len(s.slots) - 1)
	for _, o := range old {
		if o.code == 0 {
			continue
		}
		i := o.hash & mask
		for s.slots[i].code != 0 {
			i = (i + 1) & mask
		}
		s.slots[i] = o
	}
}

// keep copies a value to where it stays until reset.
func (s *symbols) keep(v []byte) string {
	if len(v) > roomBytes/4 {
		return string(v)
	}
	last := s.used - 1
	if last < 0 || cap(s.rooms[last])-len(s.rooms[last]) < len(v) {
		if last++; last == len(s.rooms) {
			s.rooms = append(s.rooms, make([]byte, 0, max(1<<10, min(roomBytes, s.bytes))))
		}
		if s.used++; cap(s.rooms[last]) < len(v) {
			s.rooms[last] = make([]byte, 0, roomBytes)
		}
	}
	from := len(s.rooms[last])
	s.rooms[last] = append(s.rooms[last], v...)
	return unsafe.String(&s.rooms[last][from], len(v)) // rooms are not written again before reset
}

// reset forgets all values, and with them every text that was given.
func (s *symbols) reset() {
	if s.slots == nil {
		return
	}
	clear(s.slots)
	clear(s.keys)
	clear(s.near[:])
	for i := range s.rooms {
		s.rooms[i] = s.rooms[i][:0]
	}
	s.keys, s.odd, s.used, s.bytes = s.keys[:1], nil, 0, 0
}

// size is how many codes there are.
func (s *symbols) size() int { return max(1, len(s.keys)) }

// text is a value as it is kept: query engines refuse a whole file for one byte that is
// not UTF-8.
func (s *symbols) text(c uint32) string {
	if c == 0 {
		return ""
	}
	if s.odd != nil {
		if t, ok := s.odd[c]; ok {
			return t
		}
	}
	return s.keys[c]
}
