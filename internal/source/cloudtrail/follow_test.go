package cloudtrail_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"holdfast.dev/holdfast/internal/source/cloudtrail"
	"holdfast.dev/holdfast/internal/source/cloudtrail/trailtest"
)

// follow writes the ids of events below a folder to a file, one by line, and takes
// back on a restart what the checkpoint does not cover: what a consumer does.
func follow(ctx context.Context, dir, out, checkpoint string) error {
	f := &cloudtrail.Follower{
		Finder: &cloudtrail.Folder{Paths: []string{dir}}, Source: "test", Checkpoint: checkpoint, Every: -1, Most: 3, Settle: 48 * time.Hour,
	}
	position, err := f.Open(ctx)
	if err != nil {
		return err
	}
	var length int64
	if position != nil {
		if err := json.Unmarshal(position, &length); err != nil {
			return err
		}
	}
	w, err := os.OpenFile(out, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	defer w.Close()
	if err := w.Truncate(length); err != nil {
		return err
	}
	if _, err := w.Seek(length, io.SeekStart); err != nil {
		return err
	}
	for {
		files, err := f.Next(ctx)
		if err != nil || files == nil {
			return err
		}
		r := &cloudtrail.Reader{Files: files, Seen: f.Seen}
		err = cloudtrail.Each(ctx, r, func(int, *cloudtrail.Batch) int { return 0 }, func(b *cloudtrail.Batch, _ int) error {
			for i := range b.Records {
				if rec := &b.Records[i]; !rec.Duplicate() {
					n, err := fmt.Fprintf(w, "%s %s\n", rec.Text(cloudtrail.EventID), rec.Text(cloudtrail.EventName))
					if length += int64(n); err != nil {
						return err
					}
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		if err := f.Done(ctx, files, json.RawMessage(fmt.Sprint(length))); err != nil {
			return err
		}
	}
}

// TestHelperProcess is no test but the process that TestKilled kills.
func TestHelperProcess(t *testing.T) {
	args := strings.Split(os.Getenv("HOLDFAST_FOLLOW"), "|")
	if len(args) != 3 {
		t.Skip("it runs inside TestKilledAtRandom")
	}
	if err := follow(t.Context(), args[0], args[1], args[2]); err != nil {
		t.Fatal(err)
	}
}

// TestKilledAtRandom: however often following is killed, and new files come meanwhile,
// in the end the output is that of a run nobody disturbed.
func TestKilledAtRandom(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts processes")
	}
	dir, work := t.TempDir(), t.TempDir()
	m := trailtest.New(7, 20_000)
	names, _, err := m.Write(dir, 12_000, 300)
	if err != nil {
		t.Fatal(err)
	}
	// The same events once more, in files delivered later: copies of another trail.
	for _, name := range names[:10] {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		again := strings.Replace(name, "T0", "T1", 1)
		if err := os.WriteFile(strings.TrimSuffix(again, ".json.gz")+"copy.json.gz", content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	whole := filepath.Join(work, "whole")
	if err := follow(t.Context(), dir, whole, filepath.Join(work, "whole.json")); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(want, []byte("\n")); n != 12_000 {
		t.Fatalf("undisturbed: %d events", n)
	}
	out, checkpoint := filepath.Join(work, "out"), filepath.Join(work, "checkpoint.json")
	random := rand.New(rand.NewPCG(1, uint64(time.Now().UnixNano())))
	kills := 0
	for range 60 {
		c := exec.Command(os.Args[0], "-test.run", "^TestHelperProcess$")
		c.Env = append(os.Environ(), "HOLDFAST_FOLLOW="+dir+"|"+out+"|"+checkpoint)
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- c.Wait() }()
		if kills < 25 {
			select {
			case <-time.After(time.Duration(15+random.IntN(60)) * time.Millisecond):
				_ = c.Process.Kill()
				kills++
				<-ended
				continue
			case err := <-ended:
				if err != nil {
					t.Fatal(err)
				}
			}
			break
		}
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		break
	}
	got, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("after %d kills: %d events, undisturbed %d", kills, bytes.Count(got, []byte("\n")), bytes.Count(want, []byte("\n")))
	}
	t.Logf("killed %d times", kills)
}

func TestFollowingTakesNewFilesOnce(t *testing.T) {
	name := func(minute int) string {
		return fmt.Sprintf("AWSLogs/111122223333/CloudTrail/eu-west-1/2024/05/01/111122223333_CloudTrail_eu-west-1_20240501T%02d%02dZ_a%d.json", 10+minute/60, minute%60, minute)
	}
	dir := folder(t, map[string]string{name(5): record(1, ""), name(10): record(2, ""), "other.json": record(3, "")})
	add := func(minute, n int) {
		if err := os.WriteFile(filepath.Join(dir, name(minute)), []byte(record(n, "")), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	checkpoint := filepath.Join(t.TempDir(), "c.json")
	start := func() *cloudtrail.Follower {
		f := &cloudtrail.Follower{Finder: &cloudtrail.Folder{Paths: []string{dir}}, Source: "x", Checkpoint: checkpoint, Every: -1, Settle: 30 * time.Minute}
		if _, err := f.Open(t.Context()); err != nil {
			t.Fatal(err)
		}
		return f
	}
	next := func(f *cloudtrail.Follower) (out []string, files []cloudtrail.File) {
		files, err := f.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for e, err := range (&cloudtrail.Reader{Files: files, Seen: f.Seen}).Events(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, strings.TrimLeft(e.ID[24:], "0"))
		}
		return out, files
	}
	expect := func(f *cloudtrail.Follower, want string, done bool) {
		t.Helper()
		got, files := next(f)
		if strings.Join(got, " ") != want {
			t.Errorf("read %q, want %q", got, want)
		}
		if done {
			if err := f.Done(t.Context(), files, json.RawMessage(`"p"`)); err != nil {
				t.Fatal(err)
			}
		}
	}
	f := start()
	expect(f, "3 1 2", true)
	expect(f, "", false)
	add(3, 4) // late, but not too late
	expect(f, "4", true)
	add(50, 5)
	f = start() // what was read and not done comes again; ids of done files are known
	add(51, 1)
	expect(f, "5", false)
	f = start()
	expect(f, "5", true)
	expect(f, "", false)
	add(70, 6)
	add(71, 7)
	files, err := f.Next(t.Context())
	if err != nil || len(files) != 2 {
		t.Fatal(files, err)
	}
	if err := f.Done(t.Context(), files[1:], nil); err != nil { // the first failed
		t.Fatal(err)
	}
	f = start()
	expect(f, "6", true)

	if _, err := (&cloudtrail.Follower{Finder: &cloudtrail.Folder{}, Source: "y", Checkpoint: checkpoint}).Open(t.Context()); err == nil || !strings.Contains(err.Error(), `"x"`) {
		t.Errorf("another source: %v", err)
	}
	if err := os.WriteFile(checkpoint, []byte(`{"version":1,`), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := (&cloudtrail.Follower{Finder: &cloudtrail.Folder{}, Source: "x", Checkpoint: checkpoint}).Open(t.Context()); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("damaged: %v", err)
	}
}

func TestFollowingWaits(t *testing.T) {
	dir := t.TempDir()
	waited := 0
	f := &cloudtrail.Follower{Finder: &cloudtrail.Folder{Paths: []string{dir}}, Sleep: func(context.Context, time.Duration) error {
		if waited++; waited == 3 {
			return os.WriteFile(filepath.Join(dir, "a.json"), []byte(record(1, "")), 0o644)
		}
		if waited > 3 {
			return errors.New("enough")
		}
		return nil
	}}
	if _, err := f.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	files, err := f.Next(t.Context())
	if err != nil || len(files) != 1 || waited != 3 {
		t.Fatal(files, err, waited)
	}
	if err := f.Done(t.Context(), files, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Next(t.Context()); err == nil || err.Error() != "enough" {
		t.Error(err)
	}
}
