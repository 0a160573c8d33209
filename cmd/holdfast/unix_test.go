//go:build unix

package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"holdfast.dev/holdfast/internal/app"
	"holdfast.dev/holdfast/internal/store"
)

// TestKilledCollectionGoesOn kills the program in the middle of a collection,
// as a machine that goes down would.
func TestKilledCollectionGoesOn(t *testing.T) {
	e := newEstate(t)
	from, dir := onDisk(t, e.world), t.TempDir()
	for _, account := range []string{management, member, other} {
		// A pipe that nobody writes to: reading it waits until the end.
		if err := makePipe(filepath.Join(from, account, "us-east-1", "sqs", "ListQueues.json")); err != nil {
			t.Skipf("no named pipes here: %v", err)
		}
	}
	c := exec.CommandContext(t.Context(), "holdfast", "collect", "--from", from, "--store", dir)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool {
		s, err := store.Open(t.Context(), dir, store.Options{ReadOnly: true})
		if err != nil {
			return false
		}
		defer s.Close()
		counts, err := s.Counts(t.Context(), time.Now())
		return err == nil && counts["AWS::SNS::Topic"] > 0
	})
	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := c.Wait(); err == nil {
		t.Fatal("the collection ended before it was killed")
	}
	e.store.Close()
	e.dir = dir
	e.app.Now = func() time.Time { return e.now }
	e.now = time.Now()
	e.open()
	kept := len(e.digests())
	second := &units{}
	rest := e.mustCollect(nil, app.CollectOptions{Reporter: second, Resume: true})
	if kept == 0 || second.skipped == 0 || rest.Gone != 0 || rest.Changed != 0 {
		t.Errorf("%d resources kept, %d units skipped, %+v", kept, second.skipped, rest)
	}
	whole := newEstate(t)
	whole.mustCollect(nil, app.CollectOptions{})
	if diff := cmp.Diff(whole.digests(), e.digests()); diff != "" {
		t.Errorf("(-whole +resumed)\n%s", diff)
	}
}

func makePipe(name string) error {
	if err := os.Remove(name); err != nil {
		return err
	}
	return syscall.Mkfifo(name, 0o600)
}

func waitFor(t *testing.T, what func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !what(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it did not come about within a minute")
		}
	}
}

// TestFullDiskEndsInOneSentence: the store's directory has a size limit here.
func TestFullDiskEndsInOneSentence(t *testing.T) {
	e := newEstate(t)
	dir := t.TempDir()
	if out, err := exec.CommandContext(t.Context(), "mount", "-t", "tmpfs", "-o", "size=800k", "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("a small disk cannot be made here: %v %s", err, out)
	}
	t.Cleanup(func() { _ = exec.Command("umount", "-l", dir).Run() })
	e.store.Close()
	e.dir = dir
	e.open()
	partly, err := e.collect(t.Context(), nil, app.CollectOptions{})
	if !errors.Is(err, store.ErrFull) || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), "free some space") {
		t.Fatalf("%v", err)
	}
	if err := e.store.Close(); err != nil {
		t.Logf("closing: %v", err)
	}
	if out, err := exec.CommandContext(t.Context(), "mount", "-o", "remount,size=64m", dir).CombinedOutput(); err != nil {
		t.Skipf("the disk cannot be made larger: %v %s", err, out)
	}
	e.open()
	rest := e.mustCollect(nil, app.CollectOptions{Resume: true})
	if partly.Units == 0 || rest.Units == 0 {
		t.Errorf("%+v, then %+v", partly, rest)
	}
	whole := newEstate(t)
	whole.mustCollect(nil, app.CollectOptions{})
	if diff := cmp.Diff(whole.digests(), e.digests()); diff != "" {
		t.Errorf("(-whole +resumed)\n%s", diff)
	}
}
