package detect_test

import (
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

// TestTogether compiles all of them into one detector for each log.
func TestTogether(t *testing.T) {
	all, o := knowledge(t)
	_, refusals, err := detect.New(all, o)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range refusals {
		t.Error(r)
	}
}
