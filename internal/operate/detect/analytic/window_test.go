package analytic

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// TestWindowAgainstAll compares what a window finds with a slow look at all moments:
// did any window of the length ever hold enough different things? Both have to say so
// at the same moment.
func TestWindowAgainstAll(t *testing.T) {
	s := spans{length: 60, late: 300, quiet: 0, most: 1000}
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 4))
		least := 3 + r.IntN(5)
		var w window
		var all []moment
		at := int64(1000)
		got, want := false, false
		for i := range 300 {
			at += int64(r.IntN(60))
			m := moment{at: at - int64(r.IntN(250)), key: uint64(r.IntN(8)), id: fmt.Sprint(i)}
			all = append(all, m)
			want = want || slow(all, m.at, s.length, least)
			if _, isNews := w.news(m.key, m.at, s); isNews {
				w.add(m, s)
				found := w.best(m.at, s.length, func(n int, _ []moment) bool { return n >= least })
				if got = got || found != nil; found != nil {
					check(t, found, least, s.length)
				}
			}
			if got != want {
				t.Fatalf("seed %d, moment %d at %d: found %v, want %v", seed, i, m.at, got, want)
			}
		}
		if len(w.moments) > 150 {
			t.Errorf("seed %d: %d moments kept of 8 things", seed, len(w.moments))
		}
	}
}

func check(t *testing.T, found []moment, least int, length int64) {
	t.Helper()
	different := map[uint64]bool{}
	for _, m := range found {
		different[m.key] = true
	}
	if len(different) < least || found[len(found)-1].at-found[0].at >= length {
		t.Fatalf("%d different within %d s, want %d", len(different), found[len(found)-1].at-found[0].at, least)
	}
}

func slow(all []moment, at, length int64, least int) bool {
	for begin := at - length + 1; begin <= at; begin++ {
		different := map[uint64]bool{}
		for _, m := range all {
			if m.at >= begin && m.at < begin+length {
				different[m.key] = true
			}
		}
		if len(different) >= least {
			return true
		}
	}
	return false
}

func TestFresh(t *testing.T) {
	var fired []interval
	for i, x := range []struct {
		from, to int64
		want     bool
	}{
		{1000, 1010, true},
		{1005, 1020, false}, // it goes on
		{1070, 1080, false}, // soon after its end at 1020
		{1200, 1210, true},  // later than the quiet after 1080
		{900, 910, true},    // came late, and was another one long before
		{945, 950, false},   // just after that
	} {
		var got bool
		if fired, got = fresh(fired, x.from, x.to, 60); got != x.want {
			t.Errorf("%d: %d-%d: fresh %v, want %v", i, x.from, x.to, got, x.want)
		}
	}
	for i := range int64(100) {
		fired, _ = fresh(fired, 10_000*i, 10_000*i+1, 60)
	}
	if len(fired) > 8 {
		t.Errorf("%d intervals are kept", len(fired))
	}
}
