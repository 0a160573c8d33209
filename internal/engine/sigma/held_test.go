package sigma

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
)

// TestHeldComeInOrder takes and gives occurrences in turns, many of them of one moment:
// each time the first of those that wait comes out.
func TestHeldComeInOrder(t *testing.T) {
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 7))
		var heap occurrences
		var plain []*occurrence
		for i := range 400 {
			if len(plain) > 0 && r.IntN(5) < 2 {
				got, want := heap.pop(), plain[0]
				if got != want {
					t.Fatalf("seed %d, step %d: got %+v, want %+v", seed, i, *got, *want)
				}
				plain = plain[1:]
				continue
			}
			o := &occurrence{at: int64(r.IntN(20)), ref: strconv.Itoa(r.IntN(3)), rule: r.IntN(2), seq: i}
			heap.push(o)
			plain = append(plain, o)
			slices.SortFunc(plain, (*occurrence).compare)
		}
		for _, want := range plain {
			if got := heap.pop(); got != want {
				t.Fatalf("seed %d, at the end: got %+v, want %+v", seed, *got, *want)
			}
		}
		if len(heap) != 0 {
			t.Errorf("seed %d: %d are left", seed, len(heap))
		}
	}
}
