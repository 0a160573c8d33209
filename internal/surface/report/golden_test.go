package report

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; write it with: go test ./internal/surface/report -update", err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs; see what changed with: go test ./internal/surface/report -update && git diff", path)
	}
}

func TestGolden(t *testing.T) {
	for _, format := range FindingFormats {
		golden(t, "findings."+string(format), write(t, format, someMeta(), sequence(someFindings())))
		golden(t, "hostile."+string(format), write(t, format, someMeta(), sequence(hostileFindings())))
	}
	for _, format := range ReviewFormats {
		golden(t, "review."+string(format), reviewBytes(t, format, someMeta(), someReview()))
	}
	m := someMeta()
	m.Colour, m.Width = true, 80
	golden(t, "review-80-colour.table", reviewBytes(t, Table, m, someReview()))
	golden(t, "findings-80-colour.table", write(t, Table, m, sequence(someFindings())))
}
