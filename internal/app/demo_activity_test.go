package app

import (
	"slices"
	"testing"
	"time"

	"holdfast.dev/holdfast/internal/finding"
	"holdfast.dev/holdfast/internal/source/demo"
)

func demoReviewing(t *testing.T) *Reviewing {
	t.Helper()
	r, err := NewReviewing(Workspace{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// The default detections find every attack of the demo, and nothing else.
func TestDemoAttacksAreFound(t *testing.T) {
	r := demoReviewing(t)
	for seed, accounts := range map[uint64]int{1: 24, 2: 12, 7: 300} {
		o := demo.Options{Seed: seed, Accounts: accounts, At: DemoInstant}
		files, attacks := demo.Activity(o)
		w, err := r.detectIn(t.Context(), files, DemoInstant)
		if err != nil {
			t.Fatal(err)
		}
		found := map[string]bool{}
		for _, a := range w.Alerts {
			i := slices.IndexFunc(attacks, func(x demo.Attack) bool { return x.Events[a.EventID] })
			if i < 0 {
				t.Errorf("seed %d: a false alarm: %s at %s in %s of %s about %s: %s", seed, a.Rule, a.Time.Format(time.RFC3339), a.Region, a.Account, a.Resource, a.Message)
				continue
			}
			t.Logf("seed %d: %s: %s (%s)", seed, attacks[i].Name, a.Rule, a.Severity)
			found[attacks[i].Name] = found[attacks[i].Name] || a.Severity.Rank() >= finding.High.Rank()
		}
		for _, x := range attacks {
			if !found[x.Name] {
				t.Errorf("seed %d: nothing grave was found of: %s in %s", seed, x.Name, x.Account)
			}
		}
	}
}

// Without the attacks nothing alerts.
func TestDemoInPeace(t *testing.T) {
	r := demoReviewing(t)
	for _, seed := range []uint64{1, 3, 99} {
		files, attacks := demo.Activity(demo.Options{Seed: seed, At: DemoInstant, Peaceful: true})
		w, err := r.detectIn(t.Context(), files, DemoInstant)
		if err != nil {
			t.Fatal(err)
		}
		events := 0
		for _, d := range w.Read {
			events += d.Events
		}
		if len(attacks) != 0 || events < 5000 {
			t.Errorf("seed %d: %d attacks in %d events", seed, len(attacks), events)
		}
		for _, a := range w.Alerts {
			t.Errorf("seed %d: %s at %s in %s of %s about %s: %s", seed, a.Rule, a.Time.Format(time.RFC3339), a.Region, a.Account, a.Resource, a.Message)
		}
	}
}
