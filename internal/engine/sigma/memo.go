package sigma

// memo remembers what the predicates of one field said about a value. Most values
// of a log come again and again: principals, tools, Regions. A field whose values
// do not is found out and left alone.
type memo struct {
	of    map[string]*verdicts
	bits  int
	most  int // values at a time; 0 is off
	found int
	new   int
}

// verdicts are the answers about one value, as far as they were asked for.
type verdicts struct{ known, holds []uint64 }

const (
	memoBytes  = 1 << 20 // of one field
	memoValue  = 256     // longer values are not remembered
	memoWeight = 60      // nanoseconds of predicates from which remembering pays
)

func (m *memo) start(weight, bits int) {
	if weight < memoWeight {
		return
	}
	m.bits = bits
	m.most = max(64, memoBytes/(2*8*(bits/64+1)+memoValue/2))
}

// find gives the verdicts about a value, nil where it is not to be remembered.
func (m *memo) find(value []byte) *verdicts {
	if m.most == 0 || len(value) > memoValue {
		return nil
	}
	if v, ok := m.of[string(value)]; ok {
		m.found++
		return v
	}
	if m.new++; m.of == nil || len(m.of) >= m.most {
		if m.of != nil && m.found < m.new {
			m.of, m.most = nil, 0 // the values of this field hardly ever come again
			return nil
		}
		m.of, m.found, m.new = make(map[string]*verdicts), 0, 0
	}
	words := make([]uint64, 2*(m.bits/64+1))
	v := &verdicts{words[:len(words)/2], words[len(words)/2:]}
	m.of[string(value)] = v
	return v
}

func (v *verdicts) get(bit int) (known, holds bool) {
	w, b := bit/64, uint64(1)<<(bit%64)
	return v.known[w]&b != 0, v.holds[w]&b != 0
}

func (v *verdicts) set(bit int, holds bool) {
	w, b := bit/64, uint64(1)<<(bit%64)
	v.known[w] |= b
	if holds {
		v.holds[w] |= b
	}
}
