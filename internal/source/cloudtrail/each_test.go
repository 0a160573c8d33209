package cloudtrail_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"holdfast.dev/holdfast/internal/source/cloudtrail"
	"holdfast.dev/holdfast/internal/source/cloudtrail/trailtest"
)

// TestEachIsEventsWithWorkers: whatever the number of workers, the same records come in
// the same order with the same faults and figures.
func TestEachIsEventsWithWorkers(t *testing.T) {
	dir := t.TempDir()
	m := trailtest.New(5, 100_000)
	names, _, err := m.Write(dir, 9_000, 700)
	if err != nil {
		t.Fatal(err)
	}
	twice, err := os.ReadFile(names[2])
	if err != nil {
		t.Fatal(err)
	}
	half := func(b []byte) []byte { return b[:len(b)/2] }
	for name, content := range map[string][]byte{
		"twice.json.gz": twice, "cut.json.gz": half(twice), "bad.json": []byte(record(1, "") + "nope"), "empty.json": nil, "none.json": []byte(`{"Records":[]}`),
		"digest.json": []byte(`{"digestS3Object":"x"}`), "foreign.json": []byte(`{"a":1}` + record(2, "") + `{"b":2}`),
		"long.json":   []byte(record(3, `"x":"`+strings.Repeat("y", 700<<10)+`"`) + record(4, "")),
		"lookup.json": []byte(`{"Events":[{"CloudTrailEvent":"{\"eventID\":\"q\",\"eventName\":\"n\"}"},{"CloudTrailEvent":"{"}]}`),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	files, err := cloudtrail.Local(dir)
	if err != nil {
		t.Fatal(err)
	}
	var want strings.Builder
	serial := &cloudtrail.Reader{Files: files}
	for e, err := range serial.Events(t.Context()) {
		fmt.Fprintln(&want, e.ID, e.Name, len(e.Raw), err)
	}
	for _, workers := range []int{1, 2, 5} {
		var got strings.Builder
		var events cloudtrail.Eventer
		r := &cloudtrail.Reader{Files: files, Workers: workers}
		last := map[string]int{}
		err := cloudtrail.Each(t.Context(), r, func(_ int, b *cloudtrail.Batch) int { return len(b.Records) }, func(b *cloudtrail.Batch, n int) error {
			if n != len(b.Records) {
				t.Errorf("%d records looked at, %d taken", n, len(b.Records))
			}
			if b.Last {
				last[b.File]++
			}
			if b.Fault != nil {
				fmt.Fprintln(&got, "", "", 0, b.Fault)
			}
			for i := range b.Records {
				if !b.Records[i].Duplicate() {
					e := events.Event(&b.Records[i])
					fmt.Fprintln(&got, e.ID, e.Name, len(e.Raw), nil)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if got.String() != want.String() {
			t.Errorf("%d workers: another outcome\n%s", workers, firstDifference(got.String(), want.String()))
		}
		if r.Stats() != serial.Stats() {
			t.Errorf("%d workers: %+v, want %+v", workers, r.Stats(), serial.Stats())
		}
		if len(last) != len(files) {
			t.Errorf("%d files of %d ended", len(last), len(files))
		}
		for name, n := range last {
			if n != 1 {
				t.Errorf("%s ended %d times", name, n)
			}
		}
	}
}

func firstDifference(a, b string) string {
	as, bs := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(as), len(bs)) {
		if as[i] != bs[i] {
			return fmt.Sprintf("line %d: %s\nwant    %s", i, as[i], bs[i])
		}
	}
	return fmt.Sprintf("%d lines, want %d", len(as), len(bs))
}

// TestMemoryOfEach is flat: a hundred times the events, no more memory.
func TestMemoryOfEach(t *testing.T) {
	dir := t.TempDir()
	names, _, err := trailtest.New(5, 100_000).Write(dir, 2_000, 2_000)
	if err != nil {
		t.Fatal(err)
	}
	files, err := cloudtrail.Local(names...)
	if err != nil {
		t.Fatal(err)
	}
	run := func(times int) uint64 {
		var many []cloudtrail.File
		for range times {
			many = append(many, files...)
		}
		var most runtime.MemStats
		var highest uint64
		r := &cloudtrail.Reader{Files: many, Workers: 2}
		n := 0
		err := cloudtrail.Each(t.Context(), r, func(int, *cloudtrail.Batch) int { return 0 }, func(b *cloudtrail.Batch, _ int) error {
			if n++; n%50 == 0 {
				runtime.ReadMemStats(&most)
				highest = max(highest, most.HeapInuse)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if s := r.Stats(); s.Events+s.Duplicates != 2000*times {
			t.Errorf("%+v", s)
		}
		return highest
	}
	few, many := run(10), run(100)
	t.Logf("%d MiB, then %d MiB", few>>20, many>>20)
	if many > few+few/2+16<<20 {
		t.Errorf("%d bytes for ten files, %d for a hundred", few, many)
	}
}

func TestEachStops(t *testing.T) {
	dir := t.TempDir()
	names, _, err := trailtest.New(5, 100_000).Write(dir, 3_000, 300)
	if err != nil {
		t.Fatal(err)
	}
	files, err := cloudtrail.Local(names...)
	if err != nil {
		t.Fatal(err)
	}
	enough := errors.New("enough")
	n := 0
	err = cloudtrail.Each(t.Context(), &cloudtrail.Reader{Files: files, Workers: 3}, func(int, *cloudtrail.Batch) int { return 0 }, func(*cloudtrail.Batch, int) error {
		if n++; n == 2 {
			return enough
		}
		return nil
	})
	if !errors.Is(err, enough) || n != 2 {
		t.Errorf("%d batches, %v", n, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := cloudtrail.Each(ctx, &cloudtrail.Reader{Files: files}, func(int, *cloudtrail.Batch) int { return 0 }, func(*cloudtrail.Batch, int) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if err := cloudtrail.Each(t.Context(), &cloudtrail.Reader{}, func(int, *cloudtrail.Batch) int { return 0 }, func(*cloudtrail.Batch, int) error { return nil }); err != nil {
		t.Errorf("no files: %v", err)
	}
}
