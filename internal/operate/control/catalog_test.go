package control

import (
	"testing"

	"holdfast.dev/holdfast/catalog"
	"holdfast.dev/holdfast/internal/engine/check"
)

// Every control of the catalogue compiles, and its examples come out as they
// say.
func TestCatalogueExamples(t *testing.T) {
	controls, err := Load(catalog.Files, "controls")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range controls {
		t.Run(c.ID, func(t *testing.T) {
			t.Parallel()
			if err := check.Test([]check.Control{c}, Options(nil)); err != nil {
				t.Error(err)
			}
		})
	}
}
