package sigma

// memo remembers what the predicates of one field said about a value. Most values
// of a log come again and again: principals, tools, Regions. A field whose values
// do not is found out and left alone.
//
// There are two generations: what is looked up moves to the young one, and when
// that is full the old one is forgotten.
type memo struct {
	young, old map[string]*verdicts
	size       int // bytes of the young
	each       int // bytes of one value's verdicts
	most       int // bytes of a generation; 0 is off
	found, new int
	absent     *verdicts // of no value at all
}

// verdicts are the answers about one value, as far as they were asked for.
type verdicts struct {
	known, holds []uint64
	passed       bool    // the rules behind the gate were asked
	through      []int32 // those it lets through
}

const (
	memoTotal  = 16 << 20 // bytes of all memos of a matcher
	memoMost   = 4 << 20  // of one
	memoValue  = 2 << 10  // longer values are not remembered
	memoWeight = 60       // nanoseconds of predicates from which remembering pays
	memoTrial  = 1024     // values to try before judging a field
	memoLookup = 30       // nanoseconds of a look-up; cheaper predicates are asked anew
)

// start allows the memo so many bytes for verdicts of so many predicates.
func (m *memo) start(bytes, predicates int) {
	m.most, m.each = bytes/2, 160+predicates/4
	m.absent = &verdicts{}
}

// find gives the verdicts about a value, nil where it is not to be remembered.
func (m *memo) find(value []byte) *verdicts {
	if m.most == 0 || len(value) > memoValue {
		return nil
	}
	if v, ok := m.young[string(value)]; ok {
		m.found++
		return v
	}
	v, ok := m.old[string(value)]
	if ok {
		m.found++
	} else {
		if m.new++; m.new > memoTrial && m.found < m.new/2 {
			m.young, m.old, m.most = nil, nil, 0 // the values of this field hardly ever come again
			return nil
		}
		v = &verdicts{}
	}
	if m.young == nil || m.size > m.most {
		m.young, m.old, m.size = make(map[string]*verdicts), m.young, 0
		m.found, m.new = m.found/2, m.new/2
	}
	m.young[string(value)] = v
	m.size += m.each + len(value)
	return v
}

func (v *verdicts) get(bit int) (known, holds bool) {
	if v.known == nil {
		return false, false
	}
	w, b := bit/64, uint64(1)<<(bit%64)
	return v.known[w]&b != 0, v.holds[w]&b != 0
}

// set remembers one of so many verdicts.
func (v *verdicts) set(bit int, holds bool, bits int) {
	if v.known == nil {
		n := bits/64 + 1
		words := make([]uint64, 2*n)
		v.known, v.holds = words[:n], words[n:]
	}
	w, b := bit/64, uint64(1)<<(bit%64)
	v.known[w] |= b
	if holds {
		v.holds[w] |= b
	}
}
