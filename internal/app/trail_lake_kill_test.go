//go:build unix

package app_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"
	"time"

	"holdfast.dev/holdfast/internal/app"
	"holdfast.dev/holdfast/internal/source/cloudtrail/trailtest"
	"holdfast.dev/holdfast/internal/store/lake"
)

// lakeChild is the environment by which the test's own program becomes one that imports.
const lakeChild = "HOLDFAST_TEST_IMPORT"

func importInto(dir, logs string) error {
	a := &app.App{Now: time.Now}
	_, err := a.TrailImport(context.Background(), app.TrailImportOptions{
		Source: app.TrailSource{Paths: []string{logs}}, Dir: dir,
		Lake: lake.Options{Unit: 3000, Buffer: 2 << 20},
	})
	return err
}

// TestImportChild is the process that TestImportKilled kills.
func TestImportChild(t *testing.T) {
	logs := os.Getenv(lakeChild)
	if logs == "" {
		t.Skip("it is run by TestImportKilled")
	}
	if err := importInto(os.Getenv(lakeChild+"_DIR"), logs); err != nil {
		t.Fatal(err)
	}
}

// everything is what a lake has: how often each event, with a digest of its record.
func everything(t *testing.T, dir string) map[string]int {
	t.Helper()
	l, err := lake.Open(dir, lake.Options{})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]int{}
	for e, err := range l.Events(t.Context(), lake.Query{Raw: true}) {
		if err != nil {
			t.Fatal(err)
		}
		out[fmt.Sprintf("%s %s %x", e.ID, e.Time, sha256.Sum256(e.Raw))]++
	}
	return out
}

// TestImportKilled kills the importing process again and again at random points. What the
// lake has in the end is what an import has that nobody disturbed.
func TestImportKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	const events = 40_000
	logs := t.TempDir()
	if _, _, err := trailtest.New(7, events).Write(logs, events, 2000); err != nil {
		t.Fatal(err)
	}
	whole := t.TempDir()
	if err := importInto(whole, logs); err != nil {
		t.Fatal(err)
	}
	want := everything(t, whole)
	if len(want) != events {
		t.Fatalf("an undisturbed import has %d of %d events", len(want), events)
	}
	dir := t.TempDir()
	random := rand.New(rand.NewPCG(1, uint64(os.Getpid())))
	kills, longest := 0, 60*time.Millisecond
	for {
		child := exec.Command(os.Args[0], "-test.run=^TestImportChild$")
		child.Env = append(os.Environ(), lakeChild+"="+logs, lakeChild+"_DIR="+dir)
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		stop := time.AfterFunc(time.Duration(random.Int64N(int64(longest))), func() { _ = child.Process.Kill() })
		err := child.Wait()
		if !stop.Stop() && err != nil {
			kills++
			longest += longest / 16 // so that it ends on slow machines too
			if kills%5 == 0 {
				for e, n := range everything(t, dir) {
					if n != 1 || want[e] != 1 {
						t.Fatalf("after %d kills %s is in the lake %d times", kills, e, n)
					}
				}
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		break
	}
	t.Logf("%d kills", kills)
	got := everything(t, dir)
	for e, n := range got {
		if n != 1 || want[e] != 1 {
			t.Errorf("%s is in the lake %d times", e, n)
		}
	}
	for e := range want {
		if got[e] == 0 {
			t.Errorf("%s was lost", e)
		}
	}
	// Once more adds nothing.
	if err := importInto(dir, logs); err != nil {
		t.Fatal(err)
	}
	if again := everything(t, dir); len(again) != len(want) {
		t.Errorf("importing again made %d events of %d", len(again), len(want))
	}
}
