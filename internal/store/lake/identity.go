package lake

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
)

// identity is what makes an event the same as another: its id, and for an addendum the
// id of the event that it corrects, which may be its own.
type identity [2]uint64

func identityOf(id, original []byte) identity {
	if len(original) == 0 {
		if k, ok := uuid(id); ok {
			return k
		}
	}
	var buf [96]byte
	sum := sha256.Sum256(append(append(append(buf[:0], id...), 0), original...))
	return identity{binary.LittleEndian.Uint64(sum[:]), binary.LittleEndian.Uint64(sum[8:]) | 1}
}

// uuid reads the canonical lower-case form and no other, so that two ids are equal
// exactly when their identities are. The UUID of zeros, which is the empty slot of sets,
// is left to hashing.
func uuid(id []byte) (k identity, ok bool) {
	if len(id) != 36 || id[8] != '-' || id[13] != '-' || id[18] != '-' || id[23] != '-' {
		return k, false
	}
	n := 0
	for i, c := range id {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			continue
		}
		d := hexDigit[c]
		if d == 0 {
			return k, false
		}
		k[n>>4] = k[n>>4]<<4 | uint64(d-1)
		n++
	}
	return k, k != identity{}
}

// hexDigit is one more than the value of a digit.
var hexDigit = [256]uint8{
	'0': 1, '1': 2, '2': 3, '3': 4, '4': 5, '5': 6, '6': 7, '7': 8, '8': 9, '9': 10,
	'a': 11, 'b': 12, 'c': 13, 'd': 14, 'e': 15, 'f': 16,
}

// nameless is the id of a record without one: a digest, so that the same record is the
// same event when it comes again.
func nameless(raw []byte) []byte {
	sum := sha256.Sum256(raw)
	return append([]byte("sha256-"), hex.EncodeToString(sum[:16])...)
}

// identities is a set: a table with open addressing, at most half full.
type identities struct {
	slots []identity
	n     int
}

// add gives false where it is in already.
func (s *identities) add(k identity) bool {
	if 2*s.n >= len(s.slots) {
		old := s.slots
		s.slots = make([]identity, max(1024, 2*len(old)))
		for _, o := range old {
			if o != (identity{}) {
				*s.slot(o) = o
			}
		}
	}
	slot := s.slot(k)
	if *slot == k {
		return false
	}
	*slot = k
	s.n++
	return true
}

// slot is where an identity is or would be. Ids are random or hashed; those that are
// chosen to meet cost their writer's own import time.
func (s *identities) slot(k identity) *identity {
	mask := uint64(len(s.slots) - 1)
	for i := (k[0] ^ k[1]) * 0x9e3779b97f4a7c15 >> 20 & mask; ; i = (i + 1) & mask {
		if at := &s.slots[i]; *at == k || *at == (identity{}) {
			return at
		}
	}
}

func (s *identities) reset() { clear(s.slots); s.n = 0 }
