package cloudtrail

import (
	"crypto/sha256"
	"encoding/binary"
	"hash/maphash"
	"sync"
)

// Seen remembers which events were handed over, in two generations: when the younger
// is full the older is forgotten. Files come in the order of delivery, so that the
// copies of an event (from several trails, or of one file mirrored twice) lie close
// together.
type Seen struct {
	mu         sync.Mutex
	most       int // ids in one generation
	seed       maphash.Seed
	young, old generation
}

// NewSeen remembers the last ids, so many at most and at least half as many. Each
// takes 21 bytes or more.
func NewSeen(ids int) *Seen { return &Seen{most: max(1, ids/2), seed: maphash.MakeSeed()} }

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
	return s.look(k)
}

// mark is again for many records, says so in them, and gives how many were.
func (s *Seen) mark(rs []Record) (duplicates int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range rs {
		if r := &rs[i]; r.id != (key{}) {
			if r.again = s.look(&r.id); r.again {
				duplicates++
			}
		}
	}
	return duplicates
}

func (s *Seen) look(k *key) bool {
	if s.young.n >= s.most {
		s.old, s.young = s.young, generation{}
	}
	h := s.hash(k)
	old := s.old.has(k, h)
	if s.young.full() {
		s.young.grow(s.hash)
	}
	return !s.young.add(k, h) || old
}

// hash spreads keys in a way that nobody who writes logs can foresee; answers do not
// depend on it.
func (s *Seen) hash(k *key) uint64 {
	var b [16]byte
	binary.LittleEndian.PutUint64(b[:], k[0])
	binary.LittleEndian.PutUint64(b[8:], k[1])
	return maphash.Bytes(s.seed, b[:])
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
	var bad byte
	n := 0
	for i, c := range id {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			continue
		}
		d := hexDigit[c] - 1
		if d > 15 || c < 'a' && c > '9' {
			bad = 1
		}
		k[n>>4] = k[n>>4]<<4 | uint64(d)
		n++
	}
	return k, bad == 0 && k != (key{})
}
