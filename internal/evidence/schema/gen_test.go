package schema

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestTableIsFresh runs the generator on the pinned database, where that is at
// hand, and compares.
func TestTableIsFresh(t *testing.T) {
	db := os.Getenv("AWS_SERVICE_SPEC_DB")
	if db == "" {
		db = "/work/shared/data/aws/cloudformation-schema-db.json.gz"
	}
	if _, err := os.Stat(db); err != nil {
		t.Skipf("no CloudFormation schema database at %s; set AWS_SERVICE_SPEC_DB to run this test", db)
	}
	out := filepath.Join(t.TempDir(), "types.ndjson.gz")
	if msg, err := exec.Command("go", "run", "./gen", "-db", db, "-out", out).CombinedOutput(); err != nil {
		t.Fatalf("generator: %v\n%s", err, msg)
	}
	got, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, packed) {
		t.Error("types.ndjson.gz differs from what the generator writes; run go generate ./internal/evidence/schema")
	}
}
