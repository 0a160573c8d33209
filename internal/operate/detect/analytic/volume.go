package analytic

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// volume counts how much of one thing somebody does: in small buckets of time, which
// add up in any order, and as the most he did within the length of a window lately,
// which fades.
type volume struct {
	since   int64
	folded  int64 // buckets up to this time went into peak
	buckets []bucket
	peak    float64
	peakAt  int64
	recent  []moment // some events, for the signal
	fired   []interval
}

type bucket struct {
	start int64
	n     float64
}

const bucketsOfWindow = 6

// add counts an event that stands for n things.
func (v *volume) add(at int64, n int, id string, s spans, halfLife float64) {
	if v.since == 0 || at < v.since {
		v.since = at
	}
	width := s.length / bucketsOfWindow
	start := at - at%width
	i, old := slices.BinarySearchFunc(v.buckets, start, func(b bucket, t int64) int { return cmp.Compare(b.start, t) })
	switch {
	case old:
		v.buckets[i].n += float64(n)
	case start <= v.folded:
		return
	default:
		v.buckets = slices.Insert(v.buckets, i, bucket{start, float64(n)})
	}
	if len(v.recent) < s.most {
		m := moment{at: at, id: strings.Clone(id)}
		j, _ := slices.BinarySearchFunc(v.recent, m, compareMoments)
		v.recent = slices.Insert(v.recent, j, m)
	}
	if !old { // else the newest is the same, and with it what is too old
		v.fold(s, halfLife)
	}
}

// fold puts what is too old for late events into the peak.
func (v *volume) fold(s spans, halfLife float64) {
	newest := v.buckets[len(v.buckets)-1].start
	done := newest - s.late - s.length
	for i, b := range v.buckets {
		if b.start > done {
			break
		}
		if b.start <= v.folded {
			continue
		}
		v.folded = b.start
		if sum := v.ending(i, s.length); sum >= v.usual(b.start, halfLife) {
			v.peak, v.peakAt = sum, b.start
		}
	}
	v.buckets = slices.DeleteFunc(v.buckets, func(b bucket) bool { return b.start <= v.folded-s.length })
	v.recent = slices.DeleteFunc(v.recent, func(m moment) bool { return m.at < done })
	v.fired = slices.DeleteFunc(v.fired, func(f interval) bool { return f.to < done-s.quiet })
}

// ending is how much was counted in the window that ends with a bucket.
func (v *volume) ending(i int, length int64) (sum float64) {
	for j := i; j >= 0 && v.buckets[j].start > v.buckets[i].start-length; j-- {
		sum += v.buckets[j].n
	}
	return sum
}

// usual is the most that was done in one window before, faded.
func (v *volume) usual(at int64, halfLife float64) float64 {
	if v.peak == 0 {
		return 0
	}
	return v.peak * math.Exp2(-float64(max(at-v.peakAt, 0))/86400/halfLife)
}

// most is the largest window around a time: where it begins and ends, and its sum.
func (v *volume) most(at, length int64) (from, to int64, sum float64) {
	width := length / bucketsOfWindow
	start := at - at%width
	for i, b := range v.buckets {
		if b.start < start || b.start >= start+length {
			continue
		}
		if n := v.ending(i, length); n > sum {
			from, to, sum = b.start+width-length, b.start+width, n
		}
	}
	return from, to, sum
}

func saveVolume(w *writer, v *volume) {
	w.sint(v.since)
	w.sint(v.folded)
	w.num(uint64(len(v.buckets)))
	for _, b := range v.buckets {
		w.sint(b.start)
		w.real(b.n)
	}
	w.real(v.peak)
	w.sint(v.peakAt)
	saveWindow(w, &window{moments: v.recent, fired: v.fired})
}

func loadVolume(r *loader, v *volume) int {
	v.since, v.folded = r.sint(), r.sint()
	n := r.count()
	for i := range n {
		b := bucket{r.sint(), r.real()}
		if r.err != nil || i > 0 && b.start <= v.buckets[i-1].start {
			r.fail()
			return 0
		}
		v.buckets = append(v.buckets, b)
	}
	v.peak, v.peakAt = r.real(), r.sint()
	var rest window
	loadWindow(r, &rest)
	v.recent, v.fired = rest.moments, rest.fired
	return len(v.buckets) + len(v.recent)
}
