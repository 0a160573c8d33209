package store

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/finding"
)

const (
	crashDir   = "HOLDFAST_TEST_CRASH_DIR"
	crashRound = "HOLDFAST_TEST_CRASH_ROUND"
	crashBatch = 200 // resources a batch
	crashSet   = 400 // findings a review
)

// TestCrashChild is the process that gets killed: it writes batches and reviews
// for ever and prints each once it is committed.
func TestCrashChild(t *testing.T) {
	dir := os.Getenv(crashDir)
	if dir == "" {
		t.Skip("runs only as the child of TestKill")
	}
	s, err := Open(context.Background(), dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	round, _ := strconv.Atoi(os.Getenv(crashRound))
	run := begin(t, s, "collect")
	for i := 0; ; i++ {
		b := Batch{At: at(round), Account: fmt.Sprintf("r%d-%d", round, i), Region: "eu-west-1", Unit: "all", Complete: []string{"AWS::Made::Type00"}, Finishes: fmt.Sprint(i)}
		for n := range crashBatch {
			b.Resources = append(b.Resources, made(b.Account, n))
		}
		b.Gaps = []evidence.Gap{{Account: b.Account, Reason: evidence.Denied}}
		apply(t, s, run, b)
		fmt.Printf("batch %s\n", b.Account)
		generation := fmt.Sprintf("%d-%d", round, i)
		if _, err := s.ApplyFindings(context.Background(), run, at(round), marked(generation)); err != nil {
			t.Fatal(err)
		}
		fmt.Printf("review %s\n", generation)
	}
}

// marked is one set of findings whose message names the review.
func marked(generation string) func(yield func(finding.Finding, error) bool) {
	return func(yield func(finding.Finding, error) bool) {
		for n := range crashSet {
			f := fail(n)
			f.Message = generation
			if !yield(f, nil) {
				return
			}
		}
	}
}

// Whatever the moment a writer is killed, what it had reported is there, what
// it had not is there whole or not at all, and the next writer gets in.
func TestKill(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	reported := map[string]bool{}
	last := ""
	for round := range 8 {
		cmd := exec.Command(exe, "-test.run=^TestCrashChild$")
		cmd.Env = append(os.Environ(), crashDir+"="+dir, fmt.Sprintf("%s=%d", crashRound, round))
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for first := true; lines.Scan(); first = false {
			var kind, name string
			if n, _ := fmt.Sscan(lines.Text(), &kind, &name); n != 2 || kind != "batch" && kind != "review" {
				t.Fatalf("the child says %q", lines.Text())
			}
			if first {
				wait := time.Duration(rand.IntN(150)) * time.Millisecond
				time.AfterFunc(wait, func() { _ = cmd.Process.Kill() })
			}
			if kind == "batch" {
				reported[name] = true
			} else {
				last = name
			}
		}
		_ = cmd.Wait() // it was killed
		checkAfterKill(t, dir, reported, last)
	}
	t.Logf("%d batches survived", len(reported))
}

func checkAfterKill(t *testing.T, dir string, reported map[string]bool, lastReview string) {
	t.Helper()
	s, err := Open(context.Background(), dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	verdict, err := s.write.one(context.Background(), "PRAGMA integrity_check")
	if err != nil || verdict.text(0) != "ok" {
		t.Fatalf("integrity: %v, %v", verdict, err)
	}
	found := map[string]int{}
	for rec, err := range s.Records(context.Background(), at(99), Query{}) {
		if err != nil {
			t.Fatal(err)
		}
		found[rec.Account]++
	}
	for name := range reported {
		if found[name] == 0 {
			t.Errorf("batch %s was reported and is lost", name)
		}
	}
	gaps, err := s.Gaps(context.Background(), at(99))
	if err != nil || len(gaps) != len(found) {
		t.Errorf("%d gaps for %d batches, %v", len(gaps), len(found), err)
	}
	for name, n := range found {
		if n != crashBatch {
			t.Errorf("batch %s is there with %d of %d resources", name, n, crashBatch)
		}
	}
	messages := map[string]int{}
	for f, err := range s.Findings(context.Background(), FindingQuery{}) {
		if err != nil {
			t.Fatal(err)
		}
		messages[f.Message]++
	}
	if len(messages) > 1 || lastReview != "" && len(messages) != 1 {
		t.Errorf("reviews are mixed: %v", messages)
	}
	for name, n := range messages {
		var round, i, lastRound, lastI int
		fmt.Sscanf(name, "%d-%d", &round, &i)
		fmt.Sscanf(lastReview, "%d-%d", &lastRound, &lastI)
		if n != crashSet || round < lastRound || round == lastRound && i < lastI {
			t.Errorf("the findings are those of review %s (%d), reported was %s", name, n, lastReview)
		}
	}
}
