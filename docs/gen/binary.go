package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// fromBinary refreshes what only the whole binary can say: the collector's
// policy, and the demo's review that the README shows.
func fromBinary(ctx context.Context, root string) error {
	policy, err := holdfast(ctx, root, "collect", "--print-policy")
	if err != nil {
		return err
	}
	if err := write(filepath.Join(root, filepath.FromSlash(policyPath)), policy); err != nil {
		return err
	}
	demo, err := holdfast(ctx, root, "demo")
	if err != nil {
		return err
	}
	return refreshReadme(filepath.Join(root, "README.md"), string(demo))
}

func holdfast(ctx context.Context, root string, args ...string) ([]byte, error) {
	c := exec.CommandContext(ctx, "go", append([]string{"run", "./cmd/holdfast"}, args...)...)
	c.Dir = root
	temp, err := os.MkdirTemp("", "holdfast-docs-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(temp)
	c.Env = append(os.Environ(), "TMPDIR="+temp)
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		return nil, fmt.Errorf("holdfast %s: %w\n%s", strings.Join(args, " "), err, stderr.Bytes())
	}
	return out, nil
}

// The README shows parts of the demo's review between these lines.
const (
	excerptStart = "<!-- demo -->\n```text\n"
	excerptEnd   = "```\n<!-- /demo -->"
)

func refreshReadme(name, demo string) error {
	data, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	before, rest, ok := strings.Cut(string(data), excerptStart)
	_, after, closed := strings.Cut(rest, excerptEnd)
	if !ok || !closed {
		return fmt.Errorf("%s: no excerpt of the demo between <!-- demo --> and <!-- /demo -->", name)
	}
	return write(name, []byte(before+excerptStart+excerpt(demo)+excerptEnd+after))
}

// excerpt keeps of the review what shows it best: the head, the practices, the
// first thing to do and what was not seen. Lines are kept whole; … stands for
// what is left out.
func excerpt(demo string) string {
	var b strings.Builder
	section, actions := "", 0
	for line := range strings.Lines(demo) {
		switch {
		case section == "":
			section = "head"
		case strings.HasPrefix(line, "PRACTICE"):
			section = "practices"
		case strings.HasPrefix(line, "RISKS"):
			section = "skipped"
		case strings.HasPrefix(line, "WHAT TO DO FIRST"):
			section = "first"
			b.WriteString("…\n")
		case strings.HasPrefix(line, "COVERAGE"):
			section = "coverage"
			b.WriteString("…\n")
		}
		if section == "first" && len(line) > 3 && line[1] >= '1' && line[1] <= '9' && line[2] == ' ' {
			actions++
		}
		if section == "skipped" || actions > 1 && section == "first" || strings.HasPrefix(line, "     not shown by evidence") {
			continue
		}
		b.WriteString(line)
	}
	return b.String()
}
