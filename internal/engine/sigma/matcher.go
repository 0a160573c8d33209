package sigma

import "slices"

// Matcher runs events through an engine. It keeps what it needs between events, so
// each goroutine has its own.
type Matcher struct {
	e     *Engine
	event Event
	epoch uint32
	seen  []uint32 // by predicate: the epoch it was asked in
	holds []bool   // by predicate: the answer
	loads []load   // by path
	text  operand  // the whole record
	texts uint32   // the epoch text was taken in
	plans plans
	found []int // the rules that hold
	// gating says that the verdicts of single predicates need not be remembered,
	// because that of the gate is.
	gating bool
}

// load is what one event has at one path.
type load struct {
	epoch  uint32
	folded bool
	sought bool // the memo was asked
	values []Value
	cases  []byte
	ends   []int
	one    operand // the value that is tested, here so that it needs no room of its own
	memo   memo
	entry  *verdicts // of the only value, where the memo knows it
}

// verdicts asks the memo about the value, once for each event.
func (l *load) verdicts() *verdicts {
	if l.sought {
		return l.entry
	}
	l.sought = true
	switch {
	case len(l.values) == 0:
		l.entry = l.memo.absent
	case len(l.values) == 1 && l.values[0].Kind == String:
		l.entry = l.memo.find(l.values[0].Text)
	}
	return l.entry
}

// Matcher gives a new matcher.
func (e *Engine) Matcher() *Matcher {
	m := &Matcher{e: e, seen: make([]uint32, len(e.preds)), holds: make([]bool, len(e.preds)), loads: make([]load, len(e.paths))}
	weights := make([]int, len(e.paths))
	for _, p := range e.preds {
		if p.asks == asksValue && p.test.cost() >= memoLookup {
			weights[p.path] += p.test.cost()
		}
	}
	for i := range e.gates {
		weights[e.gates[i].path] += memoWeight
	}
	fields := 0
	for _, w := range weights {
		if w >= memoWeight {
			fields++
		}
	}
	for i, w := range weights {
		if w >= memoWeight {
			m.loads[i].memo.start(min(memoMost, memoTotal/fields), e.bits[i])
		}
	}
	return m
}

// Match calls yield for every rule that holds for the event, in the order of the
// rules, until yield says false. Yield must not run another event through the same
// matcher. It does not allocate, but where it meets a pair of
// keys or a value for the first time.
func (m *Matcher) Match(event Event, yield func(*Compiled) bool) {
	m.begin(event)
	if p := m.plan(); p != nil {
		for i := range p.left {
			m.try(p.left[i].rule, p.left[i].expr)
		}
	} else { // the keys are no single texts: no plan can be made
		for _, i := range m.e.keyedRules {
			m.try(i, m.e.rules[i].expr)
		}
	}
	for i := range m.e.gates {
		m.pass(&m.e.gates[i])
	}
	for _, i := range m.e.shared {
		m.try(i, m.e.rules[i].expr)
	}
	m.event = nil
	slices.Sort(m.found)
	for _, i := range m.found {
		if !yield(m.e.rules[i]) {
			return
		}
	}
}

// begin forgets the event before. Epochs make that free; when they run out, which
// takes four billion events, everything is forgotten for good.
func (m *Matcher) begin(event Event) {
	m.event, m.found = event, m.found[:0]
	if m.epoch++; m.epoch == 0 {
		clear(m.seen)
		for i := range m.loads {
			m.loads[i].epoch = 0
		}
		m.texts = 0
		m.epoch = 1
	}
}

func (m *Matcher) eval(e *expr) bool {
	switch e.op {
	case isPred:
		return m.ask(e.pred)
	case isAnd:
		for _, p := range e.parts {
			if !m.eval(p) {
				return false
			}
		}
		return true
	case isOr:
		for _, p := range e.parts {
			if m.eval(p) {
				return true
			}
		}
		return false
	case isNot:
		return !m.eval(e.parts[0])
	case isLeast:
		n := e.least
		for _, p := range e.parts {
			if m.eval(p) {
				if n--; n == 0 {
					return true
				}
			}
		}
		return false
	}
	return e.op == isTrue
}

// ask answers a predicate, once for each event.
func (m *Matcher) ask(i int32) bool {
	if m.seen[i] == m.epoch {
		return m.holds[i]
	}
	m.seen[i] = m.epoch
	m.holds[i] = m.answer(m.e.preds[i])
	return m.holds[i]
}

func (m *Matcher) answer(p *predicate) bool {
	if p.asks == asksText {
		return p.test.holds(m.record())
	}
	l := m.load(p.path)
	switch p.asks {
	case asksPresence:
		return len(l.values) > 0
	case asksNull:
		for i := range l.values {
			if k := l.values[i].Kind; k != Null && k != Empty {
				return false
			}
		}
		return true
	case asksField:
		return m.relates(l, m.load(p.other), p)
	}
	if p.cost < memoLookup || m.gating {
		return l.any(p.test)
	}
	entry := l.verdicts()
	if entry == nil {
		return l.any(p.test)
	}
	known, holds := entry.get(p.bit)
	if !known {
		holds = l.any(p.test)
		entry.set(p.bit, holds, m.e.bits[p.path])
	}
	return holds
}

// record gives the whole text, with cases made one beside it.
func (m *Matcher) record() *operand {
	if m.texts != m.epoch {
		m.texts = m.epoch
		t := m.event.Text()
		m.text = operand{Value{String, t}, fold(m.text.folded[:0], t)}
	}
	return &m.text
}

// load asks the event for the values at a path, once.
func (m *Matcher) load(path int) *load {
	l := &m.loads[path]
	if l.epoch == m.epoch {
		return l
	}
	l.epoch, l.folded, l.sought, l.entry = m.epoch, false, false, nil
	l.values = m.event.Values(l.values[:0], m.e.paths[path])
	return l
}

// any tells whether any value passes the test.
func (l *load) any(t test) bool {
	l.fold()
	start := 0
	for i := range l.values {
		l.one = operand{l.values[i], l.cases[start:l.ends[i]]}
		if t.holds(&l.one) {
			return true
		}
		start = l.ends[i]
	}
	return false
}

// fold makes one of all cases, for all values, once.
func (l *load) fold() {
	if l.folded {
		return
	}
	l.folded = true
	l.cases, l.ends = l.cases[:0], l.ends[:0]
	for i := range l.values {
		l.cases = fold(l.cases, l.values[i].Text)
		l.ends = append(l.ends, len(l.cases))
	}
}

func (m *Matcher) relates(a, b *load, p *predicate) bool {
	a.fold()
	b.fold()
	startA := 0
	for i, x := range a.values {
		s, startB := a.cases[startA:a.ends[i]], 0
		startA = a.ends[i]
		for j, y := range b.values {
			other := b.cases[startB:b.ends[j]]
			startB = b.ends[j]
			if x.Kind == Null || x.Kind == Empty || y.Kind == Null || y.Kind == Empty {
				continue
			}
			if p.cased && relates(x.Text, y.Text, p.front, p.back) || !p.cased && relates(s, other, p.front, p.back) {
				return true
			}
		}
	}
	return false
}
