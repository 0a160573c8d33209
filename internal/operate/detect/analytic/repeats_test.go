package analytic

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"
)

// unaware takes from an engine what it remembers of repetitions; false where it has no
// such memory.
func unaware(x Analytic) bool {
	switch x := x.(type) {
	case *burst:
		x.repeats = repeats{}
	case *novelty:
		x.repeats = repeats{}
	case *anomaly:
		x.repeats = repeats{}
	case *place:
		x.repeats = repeats{}
	default:
		return false
	}
	return true
}

// repeated is a random stream in which much is said again within minutes and hours, and
// some of it delivered hours late.
func repeated(r *rand.Rand, n int) []*Activity {
	var all []*Activity
	for _, a := range randomStream(r, n) {
		all = append(all, a)
		for range r.IntN(4) {
			b := *all[max(0, len(all)-1-r.IntN(12))]
			b.ID, b.Time = fmt.Sprintf("%s+%d", b.ID, len(all)), a.Time.Add(time.Duration(r.IntN(600))*time.Second)
			all = append(all, &b)
		}
	}
	return shuffled(r, all, []time.Duration{15 * time.Minute, 5 * time.Hour}[r.IntN(2)])
}

// TestRepeatsMakeNoDifference shows events to an engine that passes repetitions over and
// has learned of them before, and to one that looks at each: signals and states are the
// same to the letter, also where somebody gets known in the middle of an hour.
func TestRepeatsMakeNoDifference(t *testing.T) {
	for _, x := range trials {
		params := maps.Clone(x.params)
		if params["warm-up"] != nil {
			params["warm-up"] = "1610m"
		}
		if !unaware(made(t, x.engine, ExampleWorld(), params)) {
			continue
		}
		t.Run(fmt.Sprint(x.engine, params["of"], params["list"]), func(t *testing.T) {
			t.Parallel()
			spoke := 0
			for seed := range uint64(12) {
				if params["principals"] = 10_000; seed%3 == 0 {
					params["principals"] = 4 // rows are forgotten
				}
				stream := repeated(rand.New(rand.NewPCG(seed, 11)), 1500)
				one, other := made(t, x.engine, ExampleWorld(), params), made(t, x.engine, ExampleWorld(), params)
				var memo Memo
				var got, want []Signal
				for _, a := range stream {
					learned, plain := *a, *a
					memo.Learn(&learned)
					got = append(got, see(one, &learned)...)
					unaware(other)
					want = append(want, see(other, &plain)...)
				}
				spoke += len(want)
				a, _ := one.Save()
				b, _ := other.Save()
				if !reflect.DeepEqual(got, want) || !slices.Equal(a, b) {
					t.Errorf("seed %d: %d signals with repetitions passed over, %d without; the states are the same: %v", seed, len(got), len(want), slices.Equal(a, b))
				}
			}
			if spoke < 5 {
				t.Errorf("only %d signals: the streams try nothing", spoke)
			}
		})
	}
}

// TestKnownWithinTheHour: what was no news yet is some as soon as its caller is known
// well enough, be that in the middle of an hour, or since an event came late.
func TestKnownWithinTheHour(t *testing.T) {
	params := map[string]any{"threshold": 3, "rare": 1, "events": 0, "warm-up": "26h"}
	usual := func(at time.Time) *Activity { return call(1, at, "s3", "GetBucketAcl", reading) }
	odd := func(at time.Time) *Activity {
		return call(2, at, "iam", "CreateAccessKey", with("Boto3/1.34.1"), in("sa-east-1"))
	}
	first := start.Add(30 * time.Minute) // known from 10:30 of the second day on
	next := start.Add(26 * time.Hour)
	x := made(t, "rarity", ExampleWorld(), params)
	if early := see(x, usual(first), usual(first.Add(2*time.Hour)), odd(next.Add(10*time.Minute)), odd(next.Add(20*time.Minute))); len(early) != 0 {
		t.Fatalf("before it is known: %+v", early)
	}
	if got := see(x, odd(next.Add(40*time.Minute))); len(got) != 1 {
		t.Errorf("known since half past: %d signals, want 1", len(got))
	}
	x = made(t, "rarity", ExampleWorld(), params)
	if early := see(x, usual(first), usual(first.Add(2*time.Hour)), odd(next.Add(-80*time.Minute)), odd(next.Add(-75*time.Minute))); len(early) != 0 {
		t.Fatalf("before it is known: %+v", early)
	}
	if got := see(x, usual(first.Add(-4*time.Hour)), odd(next.Add(-70*time.Minute))); len(got) != 1 {
		t.Errorf("known hours sooner, as a late event tells: %d signals, want 1", len(got))
	}
}
