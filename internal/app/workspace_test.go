package app

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"holdfast.dev/holdfast/internal/finding"
)

// What init shows as examples behind # can be switched on as it stands.
func TestSettingsOfInitWork(t *testing.T) {
	dir := t.TempDir()
	if _, err := Init(dir); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "holdfast.yaml")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	_, after, found := strings.Cut(string(text), "# detect:\n")
	if !found {
		t.Fatal("the example has no detect: section")
	}
	settings := regexp.MustCompile(`(?m)^# ?`).ReplaceAllString("# detect:\n"+after, "")
	settings = regexp.MustCompile(`(?m)^The event lake.*\n`).ReplaceAllString(settings, "")
	// These name files that only their owner has.
	settings = regexp.MustCompile(`(?m)^  (rules|geo|aws_ranges):.*\n`).ReplaceAllString(settings, "")
	if err := os.WriteFile(file, []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	w, err := OpenWorkspace(dir)
	if err != nil {
		t.Fatalf("%v in\n%s", err, settings)
	}
	if w.Detect.Params["recon-burst"] == nil || w.Lake.Retention == nil {
		t.Fatalf("the examples were not read: %+v", w)
	}
	log := filepath.Join(dir, "log.json")
	if err := os.WriteFile(log, []byte(`{"Records":[]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	o := TrailDetectOptions{Alert: func(finding.Alert) error { return nil }}
	o.Source.Paths = []string{log}
	if _, err := (&App{Now: time.Now}).TrailDetect(t.Context(), w, o); err != nil {
		t.Error(err)
	}
}
