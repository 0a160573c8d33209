package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"

	"holdfast.dev/holdfast/internal/app"
	"holdfast.dev/holdfast/internal/surface/cli"
)

// TestReadmeShowsTheDemo holds the README's excerpt to what its first command
// prints: each of its lines, in this order.
func TestReadmeShowsTheDemo(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(readme), "<!-- demo -->\n```text\n")
	excerpt, _, closed := strings.Cut(rest, "```\n<!-- /demo -->")
	if !ok || !closed || strings.Count(excerpt, "\n") < 20 {
		t.Fatal("README.md has no excerpt of the demo; run `go run ./docs/gen`")
	}
	var out, problems bytes.Buffer
	a := &app.App{Now: time.Now, Env: func(string) string { return "" }}
	if code := cli.Main(a, cli.Streams{In: strings.NewReader(""), Out: &out, Err: &problems}, []string{"demo", t.TempDir()}); code != 0 {
		t.Fatalf("demo ended with %d: %s", code, &problems)
	}
	demo := out.String()
	for line := range strings.Lines(excerpt) {
		if line == "…\n" {
			continue
		}
		_, after, found := strings.Cut(demo, line)
		if !found {
			t.Fatalf("the demo does not print this line of the README any more: %q; run `go run ./docs/gen` and commit what it writes", line)
		}
		demo = after
	}
}
