package cloudtrail

import (
	"crypto/sha256"
	"encoding/binary"
	"hash/maphash"
	"math/bits"
	"sync"
)

// Seen remembers which events were handed over, in two generations: when the younger
// is full the older is forgotten. Files come in the order of delivery, so that the
// copies of an event (from several trails, or of one file mirrored twice) lie close
// together.
type Seen struct {
	mu         sync.Mutex
	most       int // ids in one generation
	seed       [2]uint64
	young, old generation
	hashes     []uint64 // of the records that mark looks at
	touched    uint64
}

// NewSeen remembers the last ids, so many at most and at least half as many. Each
// takes 21 bytes or more.
func NewSeen(ids int) *Seen {
	seed := maphash.MakeSeed()
	return &Seen{most: max(1, ids/2), seed: [2]uint64{maphash.String(seed, "a"), maphash.String(seed, "b")}}
}

// key stands for an event id. The zero key is that of an event without one.
type key [2]uint64

// keyOf takes a UUID as it is; another id is hashed. A correction is another event than
// the one it corrects, even under the same id.
func keyOf(r *Record) key {
	id := r.Text(EventID)
	if len(id) == 0 {
		return key{}
	}
	corrects := r.Value(Addendum).Type() == Object && r.Corrects() != ""
	if k, ok := uuid(id); ok && !corrects {
		return k
	}
	h := sha256.New()
	_, _ = h.Write(id) // a hash takes everything
	if corrects {
		_, _ = h.Write([]byte("\x00addendum"))
	}
	sum := h.Sum(nil)
	return key{binary.LittleEndian.Uint64(sum), binary.LittleEndian.Uint64(sum[8:]) | 1}
}

// again tells whether the event was seen before, and remembers it. An event without
// an id is never the same as another.
func (s *Seen) again(k *key) bool {
	if *k == (key{}) {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.look(k, s.hash(k))
}

// mark is again for many records, says so in them, and gives how many were. Where each
// would be is touched before the first is looked up: the table is far larger than
// any cache, and so its memory is waited for once and not for each.
func (s *Seen) mark(rs []Record) (duplicates int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hashes = s.hashes[:0]
	touched := uint64(0)
	for i := range rs {
		h := s.hash(&rs[i].id)
		s.hashes = append(s.hashes, h)
		touched += s.young.touch(h) + s.old.touch(h)
	}
	s.touched = touched // so that the compiler leaves it in
	for i := range rs {
		if r := &rs[i]; r.id != (key{}) {
			if r.again = s.look(&r.id, s.hashes[i]); r.again {
				duplicates++
			}
		}
	}
	return duplicates
}

func (s *Seen) look(k *key, h uint64) bool {
	if s.young.n >= s.most {
		s.old, s.young = s.young, generation{}
	}
	old := s.old.has(k, h)
	if s.young.full() {
		s.young.grow(s.hash)
	}
	return !s.young.add(k, h) || old
}

// hash spreads keys in a way that nobody who writes logs can foresee; answers do not
// depend on it.
func (s *Seen) hash(k *key) uint64 {
	high, low := bits.Mul64(k[0]^s.seed[0], k[1]^s.seed[1])
	high, low = bits.Mul64(high^low^s.seed[1], 0x9e3779b97f4a7c15)
	return high ^ low
}

// generation is a table with open addressing, at most three quarters full. The zero key
// is an empty slot.
type generation struct {
	slots []key
	n     int
}

// slot is where a key is or would be.
func (g *generation) slot(k *key, h uint64) *key {
	mask := uint64(len(g.slots) - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		if s := &g.slots[i]; *s == *k || *s == (key{}) {
			return s
		}
	}
}

// touch brings the memory of a slot near.
func (g *generation) touch(h uint64) uint64 {
	if len(g.slots) == 0 {
		return 0
	}
	return g.slots[h&uint64(len(g.slots)-1)][0]
}

func (g *generation) has(k *key, h uint64) bool {
	return len(g.slots) > 0 && *g.slot(k, h) == *k
}

func (g *generation) full() bool { return 4*g.n >= 3*len(g.slots) }

// add gives false where the key is in already.
func (g *generation) add(k *key, h uint64) bool {
	s := g.slot(k, h)
	if *s == *k {
		return false
	}
	*s = *k
	g.n++
	return true
}

func (g *generation) grow(hash func(*key) uint64) {
	old := g.slots
	g.slots = make([]key, max(1024, 2*len(old)))
	for i := range old {
		if old[i] != (key{}) {
			*g.slot(&old[i], hash(&old[i])) = old[i]
		}
	}
}

// uuid reads the canonical lower-case form and no other, so that two ids are equal
// exactly when their keys are. The UUID of zeros is left to hashing.
func uuid(id []byte) (k key, ok bool) {
	if len(id) != 36 || id[8] != '-' || id[13] != '-' || id[18] != '-' || id[23] != '-' {
		return key{}, false
	}
	word := func(i int) uint64 { return binary.LittleEndian.Uint64(id[i:]) }
	// The dashes are left out of the words that hold four digits before and after.
	a, bad := nibbles(word(0))
	b, bad1 := nibbles(word(9)&0xffffffff | word(14)<<32)
	c, bad2 := nibbles(word(19)&0xffffffff | word(24)<<32)
	d, bad3 := nibbles(word(28))
	k = key{a<<32 | b, c<<32 | d}
	return k, bad|bad1|bad2|bad3 == 0 && k != (key{})
}

// nibbles reads eight lower-case digits, the first in the lowest byte. Bad is not 0
// where one is none.
func nibbles(w uint64) (value, bad uint64) {
	const high = each * 0x80
	low := w &^ high
	// The highest bit of each byte: what is at least '0', beyond '9', at least 'a', beyond 'f'.
	digit := (low + each*(0x80-'0')) &^ (low + each*(0x80-'9'-1))
	letter := (low + each*(0x80-'a')) &^ (low + each*(0x80-'f'-1))
	bad = w&high | high&^(digit|letter)
	v := w&(each*0x0f) + letter&high>>7*9
	// Now together: bytes to pairs, pairs to fours, fours to eight.
	v = (v<<4 | v>>8) & 0x00ff00ff00ff00ff
	v = (v<<8 | v>>16) & 0x0000ffff0000ffff
	return (v<<16 | v>>32) & 0xffffffff, bad
}
