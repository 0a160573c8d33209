package lake

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"holdfast.dev/holdfast/internal/evidence"
)

// abandoned leaves a writer as kill -9 would: the lock goes, nothing else happens.
func abandoned(w *Writer) { w.lock.Close() }

// TestEveryPointOfDying ends a writer at each step of carrying a unit out. Readers see the
// unit from the commit on, and never a part of it; the next writer finishes it.
func TestEveryPointOfDying(t *testing.T) {
	rows := variety(600)
	for _, r := range rows { // a dozen partitions are enough
		r.Text[Organisation], r.Text[Account] = nil, []byte("111122223333")
	}
	before, after := events(rows[:400], nil), events(rows, nil)
	for steps := -1; ; steps++ {
		dir := t.TempDir()
		fill(t, dir, Options{}, rows[:400]...)
		w, err := OpenWriter(dir, Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows[400:] {
			if err := w.Append(t.Context(), r); err != nil {
				t.Fatal(err)
			}
		}
		c, done := dyingCommit(t, w, steps)
		abandoned(w)
		want := after
		if steps < 0 {
			want = before
		}
		same(t, all(t, opened(t, dir), Query{Raw: true}), want)
		if w, err = OpenWriter(dir, Options{}); err != nil {
			t.Fatal(err)
		}
		same(t, all(t, opened(t, dir), Query{Raw: true}), want)
		if has, err := w.Has("a log", midnight); err != nil || has != (steps >= 0) {
			t.Errorf("after %d steps the log file is in: %v %v", steps, has, err)
		}
		if left, err := os.ReadDir(own(dir, newDir)); err != nil || len(left) > 0 {
			t.Errorf("after %d steps %d files are left behind: %v", steps, len(left), err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if w := fill(t, dir, Options{}, rows...); steps >= 0 && w.Events > 0 {
			t.Errorf("after %d steps %d events were added again", steps, w.Events)
		}
		same(t, all(t, opened(t, dir), Query{Raw: true}), after)
		if done {
			if steps < len(c.Put) {
				t.Fatalf("only %d steps", steps)
			}
			return
		}
	}
}

// dyingCommit does a commit as far as a number of moves; below zero it stops before the
// commit itself.
func dyingCommit(t *testing.T, w *Writer, steps int) (*commit, bool) {
	t.Helper()
	w.Done("a log", midnight)
	var waiting []partition
	for p := range w.buffers {
		waiting = append(waiting, p)
	}
	if err := errors.Join(w.flush(t.Context(), waiting), w.finish(t.Context(), waiting)); err != nil {
		t.Fatal(err)
	}
	c := &commit{Format: journalFormat, Unit: w.last.Unit + 1, At: time.Now()}
	for p, f := range w.building {
		c.Put = append(c.Put, move{filepath.Base(f.path), filepath.ToSlash(filepath.Join(relRoot, p.path(), f.name.String()))})
	}
	slices.SortFunc(c.Put, func(a, b move) int { return strings.Compare(a.To, b.To) })
	var err error
	if c.Done, err = w.done.take(); err != nil {
		t.Fatal(err)
	}
	if steps < 0 {
		return c, false
	}
	if err := c.write(w.dir); err != nil {
		t.Fatal(err)
	}
	for i, m := range c.Put {
		if i == steps {
			return c, false
		}
		to := filepath.Join(w.dir, filepath.FromSlash(m.To))
		if err := errors.Join(os.MkdirAll(filepath.Dir(to), 0o755), renamed(own(w.dir, newDir, m.From), to)); err != nil {
			t.Fatal(err)
		}
	}
	for _, m := range c.Done {
		if err := m.write(w.dir); err != nil {
			t.Fatal(err)
		}
	}
	return c, true
}

func TestOneWriterAtATime(t *testing.T) {
	dir := t.TempDir()
	w, err := OpenWriter(dir, Options{Command: []string{"/bin/holdfast", "trail", "import"}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = OpenWriter(dir, Options{})
	if !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), "holdfast trail import") {
		t.Errorf("the second writer got %v", err)
	}
	all(t, opened(t, dir), Query{}) // readers are not held up
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if w, err = OpenWriter(dir, Options{}); err != nil {
		t.Fatal(err)
	}
	w.Close()
	if _, err := Open(filepath.Join(dir, "nowhere"), Options{}); !errors.Is(err, ErrNoLake) {
		t.Errorf("a lake that is not there: %v", err)
	}
}

// TestDamageIsSaid damages files in several ways: each is one sentence with its name, and
// everything else is read.
func TestDamageIsSaid(t *testing.T) {
	for name, c := range map[string]struct {
		damage func(b []byte) []byte
		says   string
	}{
		"cut off":      {func(b []byte) []byte { return b[:len(b)/2] }, "cut off"},
		"nearly empty": {func([]byte) []byte { return []byte("PAR1") }, "too few"},
		"no Parquet":   {func(b []byte) []byte { return []byte(strings.Repeat("text ", len(b)/5)) }, "something else"},
		"one bit":      {oneBit, "checksum"},
		"footer":       {func(b []byte) []byte { copy(b[len(b)-400:], strings.Repeat("\xff", 380)); return b }, ""},
		"not ours": {func(b []byte) []byte {
			return []byte(strings.ReplaceAll(string(b), formatKey, "somebody.else"))
		}, "did not write"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			fill(t, dir, Options{}, row(1, midnight, nil), row(2, midnight.Add(time.Hour), nil))
			fill(t, dir, Options{}, row(3, midnight, map[Column]string{Region: "us-east-1"}))
			l, err := list(t.Context(), dir, selection{regions: []string{"eu-west-1"}})
			if err != nil || len(l.files) != 1 {
				t.Fatal(err, l)
			}
			path := filepath.Join(dir, l.files[0].path)
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, c.damage(b), 0o644); err != nil {
				t.Fatal(err)
			}
			got, faults := faulty(t, opened(t, dir))
			if len(got) != 1 || got[0].Region != "us-east-1" || len(faults) != 1 || !strings.Contains(faults[0].Error(), c.says) || !strings.Contains(faults[0].Error(), l.files[0].path) {
				t.Errorf("%d events, faults %v", len(got), faults)
			}
			if gap := faults[0].Gap(); gap.Reason != evidence.Corrupt || gap.Detail == "" {
				t.Errorf("gap %+v", gap)
			}
			// Nobody can tell whether the new event is in the damaged file.
			w, err := OpenWriter(dir, Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer w.Close()
			if err := errors.Join(w.Append(t.Context(), row(2, midnight.Add(time.Hour), nil)), w.Commit(t.Context())); err == nil || !strings.Contains(err.Error(), "cannot be read") || strings.Contains(err.Error(), "\n") {
				if name != "one bit" { // the ids can be read
					t.Errorf("appending beside a damaged file: %v", err)
				}
			}
		})
	}
}

// oneBit changes a bit of the raw records.
func oneBit(b []byte) []byte {
	r, err := readFooter(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return nil
	}
	m := r.meta.RowGroups[0].Columns[rawLeaf()].MetaData
	b[m.DataPageOffset+m.TotalCompressedSize-9] ^= 4
	return b
}

func faulty(t *testing.T, l *Lake) (got []evidence.Event, faults []*Fault) {
	t.Helper()
	for e, err := range l.Events(t.Context(), Query{Raw: true}) {
		fault := (*Fault)(nil)
		switch {
		case errors.As(err, &fault):
			faults = append(faults, fault)
		case err != nil:
			t.Fatal(err)
		default:
			got = append(got, e)
		}
	}
	return got, faults
}

func TestForeignFilesAreNamedAndStay(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir, Options{}, row(1, midnight, nil))
	folder := filepath.Join(dir, relRoot, partitionOf(row(1, midnight, nil)).path())
	foreign := filepath.Join(folder, "mine.parquet")
	for _, path := range []string{foreign, filepath.Join(folder, "_SUCCESS")} {
		if err := os.WriteFile(path, []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, faults := faulty(t, opened(t, dir))
	if len(got) != 1 || len(faults) != 1 || !strings.Contains(faults[0].Error(), "mine.parquet") {
		t.Errorf("%d events, %v", len(got), faults)
	}
	w, err := OpenWriter(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	pruned, err := w.Prune(t.Context(), midnight.AddDate(1, 0, 0))
	if err != nil || pruned.Events != 1 || len(pruned.Foreign) != 1 {
		t.Errorf("pruned %+v, %v", pruned, err)
	}
	if _, err := os.Stat(foreign); err != nil {
		t.Errorf("pruning took a file that is not ours: %v", err)
	}
}

func TestPruneTakesWholeDaysThatAreOlder(t *testing.T) {
	dir := t.TempDir()
	rows := variety(500)
	fill(t, dir, Options{}, rows...)
	before := midnight.AddDate(0, 0, 1)
	would, err := opened(t, dir).Expired(t.Context(), before.Add(5*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	same(t, all(t, opened(t, dir), Query{Raw: true}), events(rows, nil))
	w, err := OpenWriter(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	did, err := w.Prune(t.Context(), before.Add(5*time.Hour))
	if err != nil || did.Events != would.Events || did.Files != would.Files || did.Events == 0 {
		t.Errorf("%d events would go and %d went: %v", would.Events, did.Events, err)
	}
	same(t, all(t, opened(t, dir), Query{Raw: true}), events(rows, func(r *Row) bool { return r.Time.IsZero() || !r.Time.Before(before) }))
}

func TestCompactionKeepsEventsAndReaders(t *testing.T) {
	dir := t.TempDir()
	rows := variety(3000)
	for i := range rows {
		rows[i].Text[Account], rows[i].Text[Region], rows[i].Text[Organisation] = []byte("111122223333"), []byte("eu-west-1"), nil
	}
	for part := range slices.Chunk(rows, 250) {
		fill(t, dir, Options{}, part...)
	}
	slow, stop := pull(t, opened(t, dir)) // a reader that has listed the files and is slow
	first := slow(t, 1)
	clock := time.Now()
	w, err := OpenWriter(dir, Options{Now: func() time.Time { return clock }})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows[:1] { // touches its day only
		if err := w.Append(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	w.touched = map[partition]bool{}
	for _, r := range rows {
		w.touched[partitionOf(r)] = true
	}
	if err := errors.Join(w.Commit(t.Context()), w.Compact(t.Context())); err != nil {
		t.Fatal(err)
	}
	if n := w.Written(); n.Compacted < 3*manySmall || len(n.Damaged) > 0 {
		t.Errorf("compaction did %+v", n)
	}
	days, err := opened(t, dir).Coverage(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, d := range days {
		if total += d.Events; d.Files > manySmall {
			t.Errorf("%s still has %d files", d.Day, d.Files)
		}
	}
	if total != len(rows) {
		t.Errorf("coverage counts %d events of %d", total, len(rows))
	}
	same(t, all(t, opened(t, dir), Query{Raw: true}), events(rows, nil))
	same(t, append(first, slow(t, len(rows))...), events(rows, nil))
	stop()
	w.Close()
	// Nothing of what was replaced is deleted within the grace, and all of it after.
	for _, c := range []struct {
		later time.Duration
		left  bool
	}{{time.Minute, true}, {2 * time.Hour, false}} {
		clock = clock.Add(c.later)
		w, err := OpenWriter(dir, Options{Now: func() time.Time { return clock }})
		if err != nil {
			t.Fatal(err)
		}
		w.Close()
		if old, err := os.ReadDir(own(dir, retiredDir)); err != nil || len(old) > 0 != c.left {
			t.Errorf("%s later %d replaced files are left: %v", c.later, len(old), err)
		}
	}
	if w := fill(t, dir, Options{}, rows...); w.Events != 0 {
		t.Errorf("after compaction %d events were added again", w.Events)
	}
}

// pull reads a lake step by step.
func pull(t *testing.T, l *Lake) (next func(*testing.T, int) []evidence.Event, stop func()) {
	events := make(chan evidence.Event)
	quit := make(chan struct{})
	go func() {
		defer close(events)
		for e, err := range l.Events(t.Context(), Query{Raw: true}) {
			if err != nil {
				t.Error(err)
				return
			}
			select {
			case events <- e:
			case <-quit:
				return
			}
		}
	}()
	return func(_ *testing.T, n int) (out []evidence.Event) {
		for range n {
			e, ok := <-events
			if !ok {
				break
			}
			out = append(out, e)
		}
		return out
	}, func() { close(quit) }
}

func TestErrorsOfTheSystemAreSentences(t *testing.T) {
	for cause, is := range map[error]error{syscall.ENOSPC: ErrFull, syscall.EACCES: ErrDenied, syscall.EROFS: ErrDenied} {
		err := explain("/data/lake", &os.PathError{Op: "write", Path: "/data/lake/x", Err: cause})
		if !errors.Is(err, is) || !errors.Is(err, cause) || !strings.Contains(err.Error(), `"/data/lake"`) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v is explained as %v", cause, err)
		}
	}
}

func TestFailedWriterCommitsNothingMore(t *testing.T) {
	dir := t.TempDir()
	rows := variety(300)
	fill(t, dir, Options{}, rows[:100]...)
	w, err := OpenWriter(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows[100:] {
		if err := w.Append(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	// A folder in the place of what is to be written is as good as a full disk.
	if err := os.RemoveAll(own(dir, newDir)); err != nil {
		t.Fatal(err)
	}
	if err := w.Commit(t.Context()); err == nil {
		t.Fatal("it was committed nowhere")
	}
	if w.Commit(t.Context()) == nil || w.Append(t.Context(), rows[0]) == nil {
		t.Error("a writer that failed goes on")
	}
	w.Close()
	same(t, all(t, opened(t, dir), Query{Raw: true}), events(rows[:100], nil))
	if w := fill(t, dir, Options{}, rows...); w.Events != 200 {
		t.Errorf("afterwards %d of 200 events were added", w.Events)
	}
	same(t, all(t, opened(t, dir), Query{Raw: true}), events(rows, nil))
}
