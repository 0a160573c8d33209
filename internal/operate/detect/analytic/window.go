package analytic

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// moment is one thing at one time, in a window.
type moment struct {
	at   int64  // seconds
	key  uint64 // of what, by which different things are counted
	what string
	id   string // of the event
	note string // what messages name besides
}

// window holds what happened lately, in the order of time however it was delivered.
type window struct {
	moments []moment
	fired   []interval // what was signalled already
}

type interval struct{ from, to int64 }

// spans are the lengths of time that windows go by, in seconds, and the most moments
// that one holds.
type spans struct {
	length int64 // of the window
	late   int64 // how much later than the newest an event may come
	quiet  int64 // how long after a signal the same is not signalled again
	most   int
}

// lateness is how late events may come for bursts to be found all the same; CloudTrail
// delivers most within 15 minutes, and some hours later.
const lateness = 6 * time.Hour

// news tells whether a moment may make a difference to how many different things
// some window holds, and gives a moment of the same thing, -1 where there is none.
//
// Of three moments of the same thing within the length of a window the middle one
// is in no window without one of the others, so it can be dropped: what is kept of a
// thing that happens all the time is two moments for each window's length.
func (w *window) news(key uint64, at int64, s spans) (like int, isNews bool) {
	if n := len(w.moments); n > 0 && at < w.moments[n-1].at-s.length-s.late {
		return -1, false
	}
	prev, next := w.same(key, at)
	return max(prev, next), (prev < 0 || w.moments[prev].at != at) && (prev < 0 || next < 0 || w.moments[next].at-w.moments[prev].at > s.length)
}

// add takes a moment in that is news, with texts of its own, and gives by how many the
// window grew.
func (w *window) add(m moment, s spans) (grown int) {
	before := len(w.moments)
	i := before
	for i > 0 && compareMoments(w.moments[i-1], m) >= 0 { // the newest are at the end, and most events are newer still
		i--
	}
	if i < before {
		w.moments = slices.Insert(w.moments, i, m)
		w.thin(m.key, s.length)
	} else {
		w.follow(m, s.length)
	}
	w.cut(s)
	return len(w.moments) - before
}

func compareMoments(a, b moment) int {
	if a.at != b.at { // mostly; the rest need not be looked at then
		return cmp.Compare(a.at, b.at)
	}
	return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.id, b.id))
}

// same finds the moments of a thing next to a time: the last not after it, the first
// not before it; -1 where there is none.
func (w *window) same(key uint64, at int64) (prev, next int) {
	next = -1
	for i := len(w.moments) - 1; i >= 0; i-- {
		if m := &w.moments[i]; m.key == key {
			if m.at >= at {
				next = i
			}
			if m.at <= at {
				return i, next
			}
		}
	}
	return -1, next
}

// follow appends a moment that comes after all others: of its thing only the last one
// before can now be a middle one.
func (w *window) follow(m moment, length int64) {
	second := -1
	for i := len(w.moments) - 1; i >= 0; i-- {
		if w.moments[i].key != m.key {
			continue
		}
		if second >= 0 {
			if m.at-w.moments[i].at <= length {
				w.moments = slices.Delete(w.moments, second, second+1)
			}
			break
		}
		second = i
	}
	w.moments = append(w.moments, m)
}

// thin drops the middle ones of a thing.
func (w *window) thin(key uint64, length int64) {
	first, second := -1, -1
	for i := 0; i < len(w.moments); i++ {
		if w.moments[i].key != key {
			continue
		}
		if first >= 0 && w.moments[i].at-w.moments[first].at <= length {
			w.moments = slices.Delete(w.moments, second, second+1)
			i--
			second = i
			continue
		}
		first, second = second, i
	}
}

// cut forgets what is too old and what is too much.
func (w *window) cut(s spans) {
	oldest := w.moments[len(w.moments)-1].at - s.length - s.late
	n := max(len(w.moments)-s.most, 0)
	for n < len(w.moments) && w.moments[n].at < oldest {
		n++
	}
	clear(w.moments[:n]) // moving all others each time would cost more than the room that is freed
	w.moments = w.moments[n:]
	w.fired = slices.DeleteFunc(w.fired, func(f interval) bool { return f.to < oldest-s.quiet })
}

// fewer tells that around a time there are fewer different things than so many,
// however windows are laid.
func (w *window) fewer(at, length int64, least int) bool {
	var keys [128]uint64 // a table; half of it is used at most
	n := 0
	for i := len(w.moments) - 1; i >= 0 && w.moments[i].at > at-length; i-- {
		m := &w.moments[i]
		if m.at >= at+length {
			continue
		}
		key := m.key | 1<<63 // none is 0
		k := key * 0x9e3779b97f4a7c15 >> 57
		for keys[k] != 0 && keys[k] != key {
			k = (k + 1) % uint64(len(keys))
		}
		if keys[k] == 0 {
			keys[k] = key
			if n++; n >= least || n > len(keys)/2 {
				return false
			}
		}
	}
	return true
}

// best gives the window around a time that is the first, by its end, to hold enough
// different things; enough judges the moments in it.
func (w *window) best(at, length int64, enough func(different int, ms []moment) bool) []moment {
	lo, _ := slices.BinarySearchFunc(w.moments, at-length+1, func(m moment, t int64) int { return cmp.Compare(m.at, t) })
	count := map[uint64]int{}
	start := lo
	for end := lo; end < len(w.moments) && w.moments[end].at < at+length; end++ {
		count[w.moments[end].key]++
		for w.moments[start].at <= w.moments[end].at-length {
			if key := w.moments[start].key; count[key] == 1 {
				delete(count, key)
			} else {
				count[key]--
			}
			start++
		}
		if w.moments[end].at < at {
			continue
		}
		if ms := w.moments[start : end+1]; enough(len(count), ms) {
			return ms
		}
	}
	return nil
}

// fresh tells whether a burst was not signalled yet, and notes it. One that touches
// an earlier one, or comes soon after, is the same that goes on.
func fresh(fired []interval, from, to, quiet int64) ([]interval, bool) {
	for i := range fired {
		f := &fired[i]
		if from <= f.to+quiet && to >= f.from-quiet {
			f.from, f.to = min(f.from, from), max(f.to, to)
			return fired, false
		}
	}
	if len(fired) >= 8 {
		fired = fired[1:]
	}
	return append(fired, interval{from, to}), true
}

// eventsOf are the ids of the first moment of each different thing, a hundred at most.
func eventsOf(ms []moment) (ids []string) {
	seen := map[uint64]bool{}
	for _, m := range ms {
		if !seen[m.key] && len(ids) < 100 {
			ids = append(ids, m.id)
		}
		seen[m.key] = true
	}
	return ids
}

// different are the different things of some moments, sorted.
func different(ms []moment, of func(moment) string) (all []string) {
	for _, m := range ms {
		all = append(all, of(m))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// some names the first few of a list.
func some(all []string, n int) string {
	if len(all) <= n {
		return strings.Join(all, ", ")
	}
	return strings.Join(all[:n], ", ") + " …"
}

func saveWindow(w *writer, v *window) {
	w.num(uint64(len(v.moments)))
	for _, m := range v.moments {
		w.sint(m.at)
		w.key(m.key)
		w.text(m.what)
		w.text(m.id)
		w.text(m.note)
	}
	saveIntervals(w, v.fired)
}

func saveIntervals(w *writer, all []interval) {
	w.num(uint64(len(all)))
	for _, f := range all {
		w.sint(f.from)
		w.sint(f.to)
	}
}

func loadWindow(r *loader, v *window) int {
	n := r.count()
	for i := range n {
		m := moment{at: r.sint(), key: r.key(), what: r.text(), id: r.text(), note: r.text()}
		if r.err != nil || i > 0 && compareMoments(v.moments[i-1], m) > 0 {
			r.fail()
			return 0
		}
		v.moments = append(v.moments, m)
	}
	v.fired = loadIntervals(r)
	return len(v.moments)
}

func loadIntervals(r *loader) (all []interval) {
	n := r.count()
	if n > 8 {
		r.fail()
		return nil
	}
	for range n {
		all = append(all, interval{r.sint(), r.sint()})
	}
	return all
}
