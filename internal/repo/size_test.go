package repo

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const (
	maxFile   = 500 << 10
	maxBinary = 90 << 20
)

// TestNoLargeFiles keeps data sets and binaries out of the repository.
func TestNoLargeFiles(t *testing.T) {
	c := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	c.Dir = root
	out, err := c.Output()
	if err != nil {
		t.Skipf("this is no git checkout: %v", err)
	}
	for name := range bytes.SplitSeq(bytes.Trim(out, "\x00"), []byte{0}) {
		info, err := os.Stat(filepath.Join(root, string(name)))
		if err != nil {
			continue // deleted and not committed yet
		}
		if info.Size() > maxFile {
			t.Errorf("%s has %d bytes; %d is the most, and what is larger is generated or fetched", name, info.Size(), maxFile)
		}
	}
}

// ci tells whether the longer suites run.
func ci(t *testing.T) {
	t.Helper()
	if os.Getenv("HOLDFAST_CI") == "" {
		t.Skip("runs in CI, or with HOLDFAST_CI=1: it links the whole binary")
	}
}

func TestBinarySize(t *testing.T) {
	ci(t)
	info, err := os.Stat(build(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("stripped binary: %.1f MiB", float64(info.Size())/(1<<20))
	if info.Size() > maxBinary {
		t.Errorf("the stripped binary has %d bytes; %d is the most. Has an SDK client got into an interface? (STYLE: known traps)", info.Size(), maxBinary)
	}
}

func build(tb testing.TB) string {
	tb.Helper()
	name := filepath.Join(tb.TempDir(), "holdfast")
	// No -trimpath: it would compile everything a second time.
	c := exec.Command("go", "build", "-ldflags=-s -w", "-o", name, "./cmd/holdfast")
	c.Dir = root
	if out, err := c.CombinedOutput(); err != nil {
		tb.Fatalf("go build: %v\n%s", err, out)
	}
	return name
}

// BenchmarkHelp is what a user waits for until the first line: a process of its
// own, nothing warm but the disk.
func BenchmarkHelp(b *testing.B) {
	name := build(b)
	for b.Loop() {
		out, err := exec.Command(name, "--help").Output()
		if err != nil || !strings.Contains(string(out), "holdfast demo") {
			b.Fatalf("%v: %s", err, out)
		}
	}
}
