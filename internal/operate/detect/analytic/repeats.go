package analytic

// repeats remembers which events told nothing new: most events are like another one
// of the same hour, and need not be looked at again. It is no part of the state: what
// it forgets is only looked at once more, and makes no difference.
type repeats struct {
	slots []uint64
}

const repeatBits = 13 // 64 KiB an engine

// print is what an event of an actor tells an engine, in its hour, as one number.
// Whoever forgets a row or a cell begins a new epoch: what it was is news again.
func (p *repeats) print(a *Activity, epoch uint64, keys ...uint64) uint64 {
	a.who()
	h := a.facts.actor ^ uint64(hourOf(a.Time))*0x9e3779b97f4a7c15 ^ epoch*0xff51afd7ed558ccd
	for _, k := range keys {
		h = (h ^ k) * 0xc4ceb9fe1a85ec53
		h ^= h >> 29
	}
	return h | 1
}

func (p *repeats) has(print uint64) bool {
	return p.slots != nil && p.slots[print>>(64-repeatBits)] == print
}

func (p *repeats) add(print uint64) {
	if p.slots == nil {
		p.slots = make([]uint64, 1<<repeatBits)
	}
	p.slots[print>>(64-repeatBits)] = print
}
