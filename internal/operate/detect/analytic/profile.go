package analytic

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// A habit is counted in days: on how many of the days on which somebody was active
// was the thing seen? A thousand calls in an hour make no habit, so an intruder does
// not talk himself in; the same event twice changes nothing; and within a day the
// order of events does not matter. Days fade: one that is a half-life ago counts for
// half.

// cell remembers one thing: the last day it was seen on, the one before, and how many
// days before the last, faded. Days are counted from the year 2000.
type cell struct {
	key       uint64
	day, prev uint16
	weight    float32
}

// profile is what somebody usually does.
type profile struct {
	since  int64 // seconds; the first that was seen
	events uint32
	active cell   // the days with any activity
	cells  []cell // by key
}

// memory is how profiles fade and how much they may hold.
type memory struct {
	halfLife float64 // days
	warmUp   int64   // seconds
	events   uint32
	cells    int    // of one kind
	epoch    uint64 // how often something was forgotten
}

// habits asks for the parameters that all baselines have.
func habits(s *settings, cells int) (m memory, principals int) {
	warmUp := s.span("warm-up", 14*day, 0, 90*day, "how long somebody is watched before anything counts as unusual for him")
	events := s.whole("events", 20, 0, 1e6, "how many events of his that takes besides")
	halfLife := s.span("half-life", 90*day, day, 720*day, "after which a day counts for half; what was seen on one day only is forgotten after two")
	principals = s.whole("principals", 10_000, 1, 5e6, "how many are remembered; those not seen for longest are forgotten first")
	return memory{halfLife: halfLife.Hours() / 24, warmUp: int64(warmUp / time.Second), events: uint32(events), cells: cells}, principals
}

const year2000 = 946684800 // in seconds

func dayOf(t time.Time) uint16 { return uint16((t.Unix() - year2000) / 86400) }

func (m *memory) fade(days uint16) float64 { return math.Exp2(-float64(days) / m.halfLife) }

// before is on how many days before this one the thing was seen. For a day before the
// last, of an event that comes late, it takes out again what came later.
func (m *memory) before(c cell, day uint16) float64 {
	switch {
	case c.day == 0:
		return 0
	case day > c.day:
		return (float64(c.weight) + 1) * m.fade(day-c.day)
	case day == c.day:
		return float64(c.weight)
	}
	then := float64(c.weight) / m.fade(c.day-day)
	if day <= c.prev {
		then--
	}
	return max(then, 0)
}

// known tells whether a number of days is more than nothing: one day long ago fades.
func known(days float64) bool { return days >= 0.25 }

func (m *memory) see(c *cell, day uint16) {
	switch {
	case day > c.day:
		c.weight, c.prev, c.day = float32(m.before(*c, day)), c.day, day
	case day < c.day && day > c.prev:
		c.weight, c.prev = c.weight+float32(m.fade(c.day-day)), day
	}
}

// meet notes that somebody was active. Who was away for two half-lives begins anew;
// events of the time before, that come late, do not make him better known. It gives
// by how many cells the profile grew.
func (m *memory) meet(p *profile, t time.Time) (grown int) {
	at, today := t.Unix(), dayOf(t)
	if p.events > 0 && today > p.active.day && float64(today-p.active.day) > 2*m.halfLife {
		grown = -len(p.cells)
		*p = profile{}
		m.epoch++
	}
	if p.events == 0 || at < p.since && p.since-at <= int64(lateness/time.Second) {
		if p.events > 0 && hourOf(seconds(at+m.warmUp)) != hourOf(seconds(p.since+m.warmUp)) {
			m.epoch++ // it is known well sooner than was thought
		}
		p.since = at
	}
	if p.events <= m.events {
		p.events++ // more of them make no difference
	}
	m.see(&p.active, today)
	return grown
}

// warm tells whether enough was seen of somebody to say what is unusual at a time.
func (m *memory) warm(p *profile, t time.Time) bool {
	return t.Unix()-p.since >= m.warmUp && p.events > m.events
}

// settled tells whether another event like one of this hour would change nothing of a
// profile any more.
func (m *memory) settled(p *profile, t time.Time) bool {
	return p.events > m.events && hourOf(t) > hourOf(seconds(p.since))
}

// decided tells whether somebody is known well enough, or not, all through this hour.
func (m *memory) decided(p *profile, t time.Time) bool {
	return m.warm(p, t) || hourOf(t) < hourOf(seconds(p.since+m.warmUp))
}

// note looks a thing up and notes it as seen: on how many earlier days was it seen,
// was it ever noted (also today), and by how many cells the profile grew. The kind
// stands in the lowest two bits of a key; each kind has room of its own.
func (m *memory) note(p *profile, key uint64, day uint16) (days float64, noted bool, grown int) {
	i, ok := p.find(key)
	if ok {
		c := &p.cells[i]
		if c.day == day {
			return float64(c.weight), true, 0
		}
		days = m.before(*c, day)
		noted = day < c.day || known(days)
		m.see(c, day)
		return days, noted, 0
	}
	fresh := cell{key: key, day: day}
	if n, worst := p.kind(key & 3); n >= m.cells {
		p.cells = slices.Delete(p.cells, worst, worst+1)
		m.epoch++
		grown--
		if worst < i {
			i--
		}
	}
	if len(p.cells) == cap(p.cells) {
		// Doubling would waste more than it saves: there are many profiles, most small.
		p.cells = slices.Grow(p.cells, 4)
	}
	p.cells = slices.Insert(p.cells, i, fresh)
	return 0, false, grown + 1
}

func (p *profile) find(key uint64) (int, bool) {
	lo, hi := 0, len(p.cells)
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if p.cells[mid].key < key {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo, lo < len(p.cells) && p.cells[lo].key == key
}

// on tells whether a thing was seen last on a day, so that nothing is new about it.
func (p *profile) on(key uint64, day uint16) bool {
	i, ok := p.find(key)
	return ok && p.cells[i].day == day
}

// kind counts the cells of a kind, and finds the one to forget: that not seen for
// longest, and on fewest days.
func (p *profile) kind(kind uint64) (n, worst int) {
	for i, c := range p.cells {
		if c.key&3 != kind {
			continue
		}
		w := p.cells[worst]
		if n == 0 || cmp.Or(cmp.Compare(c.day, w.day), cmp.Compare(c.weight, w.weight)) < 0 {
			worst = i
		}
		n++
	}
	return n, worst
}

func saveProfile(w *writer, p *profile) {
	w.sint(p.since)
	w.num(uint64(p.events))
	saveCell(w, p.active)
	w.num(uint64(len(p.cells)))
	for _, c := range p.cells {
		saveCell(w, c)
	}
}

func saveCell(w *writer, c cell) {
	w.key(c.key)
	w.num(uint64(c.day))
	w.num(uint64(c.prev))
	w.real(float64(c.weight))
}

func loadProfile(r *loader, p *profile) int {
	p.since = r.sint()
	p.events = uint32(min(r.num(), math.MaxUint32))
	p.active = loadCell(r)
	n := r.count()
	for i := range n {
		c := loadCell(r)
		if r.err != nil || i > 0 && c.key <= p.cells[i-1].key {
			r.fail()
			return 0
		}
		p.cells = append(p.cells, c)
	}
	p.cells = slices.Clip(p.cells)
	return len(p.cells)
}

func loadCell(r *loader) cell {
	key, day, prev, weight := r.key(), r.num(), r.num(), r.real()
	if day > math.MaxUint16 || prev > day || weight > math.MaxUint16 {
		r.fail()
	}
	return cell{key, uint16(day), uint16(prev), float32(weight)}
}

// hash is FNV-1a over some texts, with letters in lower case where folded. It is part
// of saved states, so it stays as it is. The lowest two bits are the kind's.
func hash(kind uint64, texts ...string) uint64 {
	h := uint64(14695981039346656037)
	for _, t := range texts {
		for i := 0; i < len(t); i++ {
			h = (h ^ uint64(t[i])) * 1099511628211
		}
		h = (h ^ 0xff) * 1099511628211
	}
	return h&^3 | kind
}

// watch is how long an engine has watched at all.
type watch struct{ since, last int64 }

func (w *watch) see(t time.Time) {
	at := t.Unix()
	if w.since == 0 || at < w.since {
		w.since = at
	}
	w.last = max(w.last, at)
}

// cold says how much of the warm-up is missing still.
func (w *watch) cold(warmUp int64) string {
	seen := w.last - w.since
	if w.since == 0 {
		seen = 0
	}
	if seen >= warmUp {
		return ""
	}
	return "it has watched for " + spellDays(seen) + " of the " + spellDays(warmUp) + " after which it can tell what is unusual"
}

func (w *watch) save(wr *writer) { wr.sint(w.since); wr.sint(w.last) }
func (w *watch) load(r *loader)  { w.since, w.last = r.sint(), r.sint() }
