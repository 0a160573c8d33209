package detect_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"holdfast.dev/holdfast/catalog"
	"holdfast.dev/holdfast/internal/operate/detect"
)

// knowledge loads the catalogue, once for all tests, and ATT&CK.
func knowledge(t *testing.T) ([]detect.Detection, detect.Options) {
	t.Helper()
	all, err := loaded()
	if err != nil {
		t.Fatal(err)
	}
	attack, err := detect.LoadAttack(catalog.Files)
	if err != nil {
		t.Fatal(err)
	}
	return slices.Clone(all), detect.Options{Attack: attack}
}

var loaded = sync.OnceValues(func() ([]detect.Detection, error) { return detect.Load(catalog.Files, "detections") })

// TestCatalogue runs every example of every detection of the catalogue.
func TestCatalogue(t *testing.T) {
	all, o := knowledge(t)
	for i := range all {
		t.Run(all[i].Name, func(t *testing.T) {
			t.Parallel()
			for _, trial := range detect.Try(&all[i], o) {
				if !trial.Passed() {
					t.Error(trial.Fault())
				}
			}
		})
	}
}

// TestLean reads the catalogue without its examples, and asks that nothing else differs.
func TestLean(t *testing.T) {
	all, _ := knowledge(t)
	lean, err := detect.LoadLean(catalog.Files, "detections")
	if err != nil || len(lean) != len(all) {
		t.Fatalf("%d of %d detections, %v", len(lean), len(all), err)
	}
	for i := range lean {
		if lean[i].Examples.Count() > 0 {
			t.Errorf("%s: the examples do not stand last, so that they cost every command time", lean[i].File)
		}
		want := all[i]
		want.Examples = detect.Examples{}
		if got := lean[i]; fmt.Sprintf("%+v", simple(got)) != fmt.Sprintf("%+v", simple(want)) {
			t.Errorf("%s: got  %+v\nwant %+v", got.File, simple(got), simple(want))
		}
	}
}

// simple is a detection without what prints by its address.
func simple(x detect.Detection) detect.Detection {
	x.Rule, x.Parts = nil, nil
	return x
}

// TestTogether compiles all of them into one detector for each log.
func TestTogether(t *testing.T) {
	all, o := knowledge(t)
	d, refusals, err := detect.New(all, o)
	if err != nil {
		t.Fatal(err)
	}
	thin, err := detect.LoadLean(catalog.Files, "detections")
	if err != nil {
		t.Fatal(err)
	}
	if other, _, err := detect.New(thin, o); err != nil || other.Engine().Stats() != d.Engine().Stats() {
		t.Errorf("without examples: %v\n%s\n%s", err, other.Engine().Stats(), d.Engine().Stats())
	}
	for _, r := range refusals {
		t.Error(r)
	}
}
