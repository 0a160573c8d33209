package repo

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"holdfast.dev/holdfast/internal/app"
	"holdfast.dev/holdfast/internal/surface/cli"
)

var fixedNow = func() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }

var fileBlock = regexp.MustCompile("(?s)```(?:yaml|json) file=([a-z0-9./-]+)\n(.*?)```")

// step is a command that a guide names, and what comes of it.
type step struct {
	args []string
	code int
	says string
}

// TestGuideRuns follows docs/writing-a-control.md as a reader would: the files it
// shows are written, and the commands it names come out as it says.
func TestGuideRuns(t *testing.T) {
	follow(t, "writing-a-control.md", []step{
		{[]string{"check", "--test-controls", "controls"}, 0, "all come out as they say"},
		{[]string{"check", "templates", "--output", "jsonl", "--fail-on", "none"}, 0, `"rule":"queue-names-its-owner"`},
		{[]string{"controls", "show", "queue-names-its-owner"}, 0, "id: queue-names-its-owner"},
	})
}

// TestDetectionsGuideRuns follows docs/detections.md.
func TestDetectionsGuideRuns(t *testing.T) {
	follow(t, "detections.md", []step{
		{[]string{"detect", "test", "break-glass-role-assumed"}, 0, "1 detection, 5 examples: all come out as they say"},
		{[]string{"detect", "show", "break-glass-role-assumed"}, 0, "requestParameters.roleArn|endswith: :role/break-glass"},
		{[]string{"trail", "detect", "logs", "--output", "jsonl", "--fail-on", "none"}, 0, `"rule":"break-glass-role-assumed"`},
	})
}

func follow(t *testing.T, page string, steps []step) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, "docs", page))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, m := range fileBlock.FindAllStringSubmatch(string(data), -1) {
		name := filepath.Join(dir, filepath.FromSlash(m[1]))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(m[2]), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	for _, step := range steps {
		var out strings.Builder
		a := &app.App{Now: fixedNow, Env: func(string) string { return "" }}
		if code := cli.Main(a, cli.Streams{In: strings.NewReader(""), Out: &out, Err: &out}, step.args); code != step.code {
			t.Errorf("holdfast %s ended with %d: %s", strings.Join(step.args, " "), code, out.String())
		}
		if !strings.Contains(out.String(), step.says) {
			t.Errorf("holdfast %s does not say %q:\n%s", strings.Join(step.args, " "), step.says, out.String())
		}
	}
}
