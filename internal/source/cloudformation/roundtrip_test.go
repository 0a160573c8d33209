package cloudformation_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/source/cloudformation"
	"holdfast.dev/holdfast/internal/source/cloudformation/cftest"
)

// TestFormatsAgree reads the same template in both formats; only positions may
// differ.
func TestFormatsAgree(t *testing.T) {
	for seed := range uint64(5) {
		fromYAML := parseGenerated(t, "yaml", seed)
		fromJSON := parseGenerated(t, "json", seed)
		if diff := cmp.Diff(fromYAML, fromJSON); diff != "" {
			t.Fatalf("seed %d: YAML (-) and JSON (+) differ:\n%s", seed, diff)
		}
	}
}

func parseGenerated(t *testing.T, format string, seed uint64) cloudformation.Template {
	t.Helper()
	got, err := cloudformation.Parse("stack", cftest.Template(format, 60, seed), cloudformation.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range got.Resources {
		o := got.Resources[i].Origin
		o.Line, o.Column = 0, 0
		for j := range o.Positions {
			o.Positions[j] = evidence.Position{Path: o.Positions[j].Path}
		}
	}
	return got
}
