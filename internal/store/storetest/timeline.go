package storetest

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/store"
)

// hours is how many instants the model enumerates; the last stands for all
// that follow.
const hours = 14

// instants is the model: how each resource looked at every instant (0 for not
// there), and at which of them the type was listed whole.
type instants struct {
	looks map[string]*[hours + 1]int
	seen  [hours + 1]bool
}

// until is the next instant at which something else is known.
func (m *instants) until(id string, from int) int {
	for h := from + 1; h <= hours; h++ {
		if m.looks[id][h] != m.looks[id][h-1] || m.seen[h] {
			return h
		}
	}
	return hours + 1
}

func (m *instants) set(id string, look, from, to int) {
	for h := from; h < to; h++ {
		m.looks[id][h] = look
	}
}

func (m *instants) observe(hour int, batch map[string]int, whole bool) {
	for id := range m.looks {
		look := batch[id]
		if m.looks[id][hour] != look && (look != 0 || whole) {
			m.set(id, look, hour, m.until(id, hour))
		}
	}
	m.seen[hour] = m.seen[hour] || whole
}

// Batches and versions in any order lead to what enumerating every instant
// says, with intervals that never overlap and never touch their like.
func timeline(t *testing.T, open func(testing.TB) *store.Store) {
	s := open(t)
	run := begin(t, s, "collect")
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		typ := fmt.Sprintf("Holdfast::Test::Type%d", n) // a scope of its own in one store
		m := &instants{looks: map[string]*[hours + 1]int{"a": {}, "b": {}}}
		version := func(id string, look int) *evidence.Resource {
			r := thing(id, look)
			r.Type = typ
			return r
		}
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			hour := rapid.IntRange(0, hours-1).Draw(t, "hour")
			if rapid.Bool().Draw(t, "history") {
				id, look := rapid.SampledFrom([]string{"a", "b"}).Draw(t, "id"), rapid.IntRange(1, 3).Draw(t, "look")
				v := evidence.Version{Resource: *version(id, look), Valid: evidence.Interval{From: at(hour)}}
				to := rapid.IntRange(hour+1, hours).Draw(t, "to")
				if rapid.Bool().Draw(t, "open") {
					to = m.until(id, hour)
				} else {
					v.Valid.To = at(to)
				}
				m.set(id, look, hour, to)
				if err := s.ApplyVersions(ctx, run, []evidence.Version{v}); err != nil {
					t.Fatal(err)
				}
			} else {
				looks := rapid.MapOf(rapid.SampledFrom([]string{"a", "b"}), rapid.IntRange(1, 3)).Draw(t, "looks")
				b := batch(hour)
				for id, look := range looks {
					b.Resources = append(b.Resources, version(id, look))
				}
				whole := rapid.Bool().Draw(t, "whole")
				if whole {
					b.Complete = []string{typ}
				}
				m.observe(hour, looks, whole)
				apply(t, s, run, b)
			}
			m.compare(t, s, typ)
		}
	})
}

func (m *instants) compare(t *rapid.T, s *store.Store, typ string) {
	t.Helper()
	for id, looks := range m.looks {
		key := (&evidence.Resource{Type: typ, ID: id, Account: account, Region: region}).Key()
		history, err := s.History(ctx, key)
		if err != nil {
			t.Fatal(err)
		}
		var before evidence.Version
		for i, v := range history {
			if !v.Valid.To.IsZero() && !v.Valid.From.Before(v.Valid.To) {
				t.Fatalf("%s: interval %v is empty", id, v.Valid)
			}
			if i > 0 && (before.Valid.To.IsZero() || before.Valid.To.After(v.Valid.From)) {
				t.Fatalf("%s: %v and %v overlap", id, before.Valid, v.Valid)
			}
			if i > 0 && before.Valid.To.Equal(v.Valid.From) && before.Properties["Look"] == v.Properties["Look"] {
				t.Fatalf("%s: %v and %v are one", id, before.Valid, v.Valid)
			}
			before = v
		}
		for hour, want := range looks {
			if got := lookAt(history, at(hour)); got != want {
				t.Fatalf("%s at %d looks %d, want %d (history %v)", id, hour, got, want, history)
			}
		}
	}
	hour := rapid.IntRange(0, hours).Draw(t, "snapshot")
	want := ""
	for _, id := range []string{"a", "b"} {
		if look := m.looks[id][hour]; look != 0 {
			want += fmt.Sprintf(" %s/%s=%d", region, id, look)
		}
	}
	if got := records(t, s, hour, store.Query{Types: []string{typ}}); got != want && " "+got != want {
		t.Fatalf("snapshot at %d is %q, want %q", hour, got, want)
	}
}

func lookAt(history []evidence.Version, when time.Time) int {
	for _, v := range history {
		if v.Valid.Contains(when) {
			n, _ := v.Properties["Look"].(int64)
			return int(n)
		}
	}
	return 0
}
