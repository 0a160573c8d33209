package action

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestCatalogueIsFresh runs the generator on the pinned data, where that is at
// hand, and compares.
func TestCatalogueIsFresh(t *testing.T) {
	from := os.Getenv("IAM_DATA")
	if from == "" {
		from = "/work/shared/data/aws/iam-data.tar.gz"
	}
	if _, err := os.Stat(from); err != nil {
		t.Skipf("no data at %s; set IAM_DATA to run this test", from)
	}
	out := filepath.Join(t.TempDir(), "actions.packed")
	if msg, err := exec.Command("go", "run", "./gen", "-from", from, "-out", out).CombinedOutput(); err != nil {
		t.Fatalf("generator: %v\n%s", err, msg)
	}
	got, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, data) {
		t.Error("actions.packed differs from what the generator writes; run go generate ./internal/engine/iam/action")
	}
}
