package cloudtrail

import "encoding/hex"

// seen remembers event ids, in two generations: when the younger is full the older
// is forgotten. Files come in the order of delivery, so that the copies of an event
// (from several trails, or of one file mirrored twice) lie close together.
type seen struct {
	most       int // ids in one generation
	young, old generation
}

// generation keeps ids that are UUIDs as 16 bytes.
type generation struct {
	uuids  map[[16]byte]struct{}
	others map[string]struct{}
}

func (g *generation) len() int { return len(g.uuids) + len(g.others) }

// again tells whether the id was seen before, and remembers it. An event without
// an id is never the same as another.
func (s *seen) again(id string) bool {
	if id == "" {
		return false
	}
	if s.young.uuids == nil || s.young.len() >= s.most {
		s.old, s.young = s.young, generation{map[[16]byte]struct{}{}, map[string]struct{}{}}
	}
	if key, ok := uuid(id); ok {
		_, young := s.young.uuids[key]
		_, old := s.old.uuids[key]
		s.young.uuids[key] = struct{}{}
		return young || old
	}
	_, young := s.young.others[id]
	_, old := s.old.others[id]
	s.young.others[id] = struct{}{}
	return young || old
}

// uuid reads the canonical lower-case form and no other, so that two ids are equal
// exactly when their keys are.
func uuid(id string) (key [16]byte, ok bool) {
	if len(id) != 36 || id[8] != '-' || id[13] != '-' || id[18] != '-' || id[23] != '-' {
		return key, false
	}
	digits := make([]byte, 0, 32)
	for i := range len(id) {
		c := id[i]
		switch {
		case i == 8 || i == 13 || i == 18 || i == 23:
		case c >= '0' && c <= '9' || c >= 'a' && c <= 'f':
			digits = append(digits, c)
		default:
			return key, false
		}
	}
	_, err := hex.Decode(key[:], digits)
	return key, err == nil
}
