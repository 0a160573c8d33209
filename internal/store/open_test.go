package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"holdfast.dev/holdfast/internal/evidence"
)

// filled is a closed store with one bucket in it.
func filled(t *testing.T, dir string) string {
	t.Helper()
	s := open(t, dir, Options{})
	apply(t, s, begin(t, s, "collect"), Batch{At: at(0), Resources: []*evidence.Resource{bucket("a", 1)}})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

func write(t *testing.T, path string, text []byte, offset int64) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt(text, offset); err != nil {
		t.Fatal(err)
	}
}

func pragma(t *testing.T, dir, text string) {
	t.Helper()
	c, err := connect(dbPath(dir), writing)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(c.script(text), c.close()); err != nil {
		t.Fatal(err)
	}
}

func TestOpenRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		prepare func(t *testing.T, dir string) string
		write   error // for writing
		read    error // for reading
		says    string
	}{
		"nothing there": {func(t *testing.T, dir string) string { return filepath.Join(dir, "none") }, nil, ErrNoStore, "holdfast collect or holdfast demo first"},
		"an empty file": {func(t *testing.T, dir string) string { write(t, dbPath(dir), nil, 0); return dir }, nil, ErrNoStore, "there is no store"},
		"a file": {func(t *testing.T, dir string) string {
			path := filepath.Join(dir, "file")
			write(t, path, []byte("x"), 0)
			return path
		}, ErrDenied, ErrDenied, "is a file, not a store directory"},
		"not a database": {func(t *testing.T, dir string) string {
			write(t, dbPath(dir), []byte(strings.Repeat("no database ", 1000)), 0)
			return dir
		}, ErrCorrupt, ErrCorrupt, "is damaged or is not a Holdfast store"},
		"another program's": {func(t *testing.T, dir string) string {
			pragma(t, dir, "CREATE TABLE cookies (x)")
			return dir
		}, ErrCorrupt, ErrCorrupt, "database of another program"},
		"newer": {func(t *testing.T, dir string) string {
			pragma(t, filled(t, dir), "PRAGMA user_version=99")
			return dir
		}, ErrNewer, ErrNewer, "has format 99 and this holdfast knows formats up to"},
		"cut short": {func(t *testing.T, dir string) string {
			if err := os.Truncate(dbPath(filled(t, dir)), pageSize+100); err != nil {
				t.Fatal(err)
			}
			return dir
		}, ErrCorrupt, ErrCorrupt, "restore the directory from a backup"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := c.prepare(t, t.TempDir())
			for _, mode := range []struct {
				readOnly bool
				want     error
			}{{true, c.read}, {false, c.write}} { // reading first: writing may create one
				s, err := Open(context.Background(), dir, Options{ReadOnly: mode.readOnly})
				if mode.want == nil && err == nil {
					s.Close()
					continue
				}
				if !errors.Is(err, mode.want) || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "\n") {
					t.Errorf("reading %v: %v, want %v with %q", mode.readOnly, err, mode.want, c.says)
				}
			}
		})
	}
}

func TestDamagedPages(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	for batch := range estate(2000) {
		apply(t, s, begin(t, s, "collect"), batch)
	}
	s.Close()
	info, err := os.Stat(dbPath(dir))
	if err != nil {
		t.Fatal(err)
	}
	for offset := int64(20 * pageSize); offset < info.Size(); offset += 2 * pageSize {
		write(t, dbPath(dir), []byte(strings.Repeat("\xee", 200)), offset)
	}
	s = open(t, dir, Options{ReadOnly: true})
	for _, err = range s.Records(context.Background(), at(1), Query{}) {
	}
	if !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), dir) {
		t.Errorf("damaged pages were read: %v", err)
	}
}

func TestOneWriter(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{Args: []string{"/usr/bin/holdfast", "collect", "--org"}})
	_, err := Open(context.Background(), dir, Options{})
	if !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), "(holdfast collect --org)") || !strings.Contains(err.Error(), "since 2026-11-01T00:00:00Z") {
		t.Errorf("the second writer was told %v", err)
	}
	apply(t, s, begin(t, s, "collect"), Batch{At: at(0), Resources: []*evidence.Resource{bucket("a", 1)}})
	reader := open(t, dir, Options{ReadOnly: true})
	if got := snapshot(t, reader, at(0)); got != "a=1 " {
		t.Errorf("a reader beside a writer sees %q", got)
	}
	if _, err := reader.Begin(context.Background(), Run{Kind: "collect"}); !errors.Is(err, ErrReadOnly) {
		t.Errorf("a reader wrote: %v", err)
	}
	if runs, err := reader.Runs(context.Background()); err != nil || runs[0].Status != Running {
		t.Errorf("a run under way: %+v, %v", runs, err)
	}
	s.Close()
	if runs, err := reader.Runs(context.Background()); err != nil || runs[0].Status != Interrupted {
		t.Errorf("a run left behind: %+v, %v", runs, err)
	}
	s = open(t, dir, Options{})
	if runs, err := s.Runs(context.Background()); err != nil || runs[0].Status != Interrupted {
		t.Errorf("a run left behind, for the next writer: %+v, %v", runs, err)
	}
}

func TestReadClosedStore(t *testing.T) {
	dir := filled(t, filepath.Join(t.TempDir(), "odd ?#%41 näme"))
	s := open(t, dir, Options{ReadOnly: true})
	if got := snapshot(t, s, at(0)); got != "a=1 " {
		t.Errorf("read %q", got)
	}
	if n, err := s.Size(); n < pageSize || err != nil {
		t.Errorf("size %d, %v", n, err)
	}
	s.Close()
	if _, _, err := s.Latest(context.Background()); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("a closed store answers: %v", err)
	}
}

// What an iteration reads is one state, whatever is written meanwhile.
func TestSnapshotHolds(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	run := begin(t, s, "collect")
	var many []*evidence.Resource
	for i := range 3000 {
		many = append(many, bucket("b"+strings.Repeat("x", i%7)+string(rune('a'+i%26))+strings.Repeat("y", i/26), 1))
	}
	apply(t, s, run, Batch{At: at(0), Resources: many, Complete: []string{"AWS::S3::Bucket"}})
	n := 0
	for _, err := range s.Records(context.Background(), at(0), Query{}) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n == 1 {
			apply(t, s, run, Batch{At: at(0), Complete: []string{"AWS::S3::Bucket"}}) // all gone, at the same instant
		}
	}
	if n != len(many) {
		t.Errorf("the iteration saw %d of %d resources", n, len(many))
	}
	if got := snapshot(t, s, at(0)); got != "" {
		t.Errorf("afterwards: %q", got)
	}
}

func TestManyAtOnce(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	run := begin(t, s, "collect")
	var wg sync.WaitGroup
	for batch := range estate(8000) {
		wg.Go(func() {
			batch.Finishes = batch.Unit
			if _, err := s.Apply(context.Background(), run, batch); err != nil {
				t.Error(err)
			}
			if !run.Done(batch.Unit) {
				t.Error("not journaled")
			}
			for _, err := range s.Records(context.Background(), at(0), Query{Accounts: []string{batch.Account}}) {
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	counts, err := s.Counts(context.Background(), at(0))
	if err != nil || counts["AWS::Made::Type00"] != 400 || len(counts) != 20 {
		t.Errorf("%v, %v", counts, err)
	}
}

func TestMigrate(t *testing.T) {
	dir := filled(t, t.TempDir())
	steps, err := migrations()
	if err != nil {
		t.Fatal(err)
	}
	broken := append(steps[:len(steps):len(steps)], "CREATE TABLE extra (x); INSERT INTO nowhere VALUES (1)")
	if _, err := Open(context.Background(), dir, Options{steps: broken}); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("format %d", len(broken))) {
		t.Errorf("a broken migration: %v", err)
	}
	longer := append(steps[:len(steps):len(steps)], "CREATE TABLE extra (x)") // fails if the broken one left its table
	s := open(t, dir, Options{ReadOnly: true, steps: longer})
	if got := snapshot(t, s, at(0)); got != "a=1 " {
		t.Errorf("after the migration: %q", got)
	}
	if _, err := Open(context.Background(), dir, Options{}); !errors.Is(err, ErrNewer) {
		t.Errorf("the older program opens the newer store: %v", err)
	}
}

func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	run := begin(t, s, "collect")
	apply(t, s, run, Batch{At: at(0), Resources: []*evidence.Resource{bucket("a", 1)}})
	limit := func(pages string) {
		t.Helper()
		if err := s.write.script("PRAGMA max_page_count=" + pages); err != nil {
			t.Fatal(err)
		}
	}
	limit("60")
	var big Batch
	for big = range estate(1000) {
	}
	_, err := s.Apply(context.Background(), run, big)
	if !errors.Is(err, ErrFull) || !strings.Contains(err.Error(), dir) || !strings.Contains(err.Error(), "free some space") || strings.Contains(err.Error(), "\n") {
		t.Errorf("a full disk: %v", err)
	}
	if _, err := s.ApplyFindings(context.Background(), run, at(0), verdictsOf(5000)); !errors.Is(err, ErrFull) {
		t.Errorf("a full disk in a review: %v", err)
	}
	for f, err := range s.Findings(context.Background(), FindingQuery{}) {
		t.Errorf("half a review was kept: %v, %v", f, err)
	}
	if got := snapshot(t, s, at(0)); got != "a=1 " {
		t.Errorf("after a full disk: %q", got)
	}
	limit("100000")
	apply(t, s, run, big)
	if counts, err := s.Counts(context.Background(), at(0)); err != nil || counts["AWS::Made::Type00"] != 50 {
		t.Errorf("after space was made: %v, %v", counts, err)
	}
}

// A directory that cannot be written is still read, and refused for writing.
func TestUnwritableDirectory(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may write anywhere")
	}
	dir := filled(t, t.TempDir())
	for _, path := range []string{dbPath(dir), lockPath(dir), dir} {
		if err := os.Chmod(path, 0o500); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { os.Chmod(dir, 0o700) })
	if _, err := Open(context.Background(), dir, Options{}); !errors.Is(err, ErrDenied) || !strings.Contains(err.Error(), "change its owner or mode") {
		t.Errorf("written where it may not be: %v", err)
	}
	s := open(t, dir, Options{ReadOnly: true})
	if got := snapshot(t, s, at(0)); got != "a=1 " {
		t.Errorf("read %q", got)
	}
	if runs, err := s.Runs(context.Background()); err != nil || runs[0].Status != Interrupted {
		t.Errorf("%+v, %v", runs, err)
	}
}
