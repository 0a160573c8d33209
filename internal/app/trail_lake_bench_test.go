//go:build unix

package app_test

import (
	"bytes"
	"context"
	"fmt"
	"syscall"
	"testing"
	"time"

	"holdfast.dev/holdfast/internal/app"
	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/source/cloudtrail"
	"holdfast.dev/holdfast/internal/source/cloudtrail/trailtest"
	"holdfast.dev/holdfast/internal/store/lake"
)

const lakeFile = 5000 // events in a log file

// eachLakeEvent reports events for each second of processor time and of the clock.
func eachLakeEvent(b *testing.B, events int, do func()) {
	b.ReportAllocs()
	spent := func() time.Duration {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	before := spent()
	for b.Loop() {
		do()
	}
	all := float64(b.N * events)
	b.ReportMetric(all/(spent()-before).Seconds(), "events/cpu-s")
	b.ReportMetric(all/b.Elapsed().Seconds(), "events/s")
}

// BenchmarkLakeImport is the whole way from gz files to a lake.
func BenchmarkLakeImport(b *testing.B) {
	const events = 200_000
	logs := b.TempDir()
	_, size, err := trailtest.New(1, events).Write(logs, events, lakeFile)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(size)
	a := &app.App{Now: time.Now}
	var done *app.TrailImported
	eachLakeEvent(b, events, func() {
		if done, err = a.TrailImport(context.Background(), app.TrailImportOptions{Source: app.TrailSource{Paths: []string{logs}}, Dir: b.TempDir()}); err != nil {
			b.Fatal(err)
		}
	})
	if done.Written.Events != events {
		b.Fatalf("%d of %d events were written", done.Written.Events, events)
	}
	b.ReportMetric(100*float64(done.Written.Bytes)/float64(size), "%size")
}

// BenchmarkLakeWrite is the part of writing: rows from records that lie decoded in memory.
func BenchmarkLakeWrite(b *testing.B) {
	const events = 100_000
	m := trailtest.New(1, events)
	var records []*cloudtrail.Record
	var size int64
	for range events {
		r, err := cloudtrail.ParseRecord(bytes.Clone(m.Record()))
		if err != nil {
			b.Fatal(err)
		}
		records = append(records, r)
		size += int64(len(r.Raw()))
	}
	b.SetBytes(size)
	var written lake.Written
	eachLakeEvent(b, events, func() {
		w, err := lake.OpenWriter(b.TempDir(), lake.Options{})
		if err != nil {
			b.Fatal(err)
		}
		defer w.Close()
		var rows app.LakeRows
		for _, r := range records {
			if err := w.Append(context.Background(), rows.Of("logs", r)); err != nil {
				b.Fatal(err)
			}
		}
		if err := w.Commit(context.Background()); err != nil {
			b.Fatal(err)
		}
		written = w.Written()
	})
	if written.Events != events {
		b.Fatal(fmt.Errorf("%d of %d events were written", written.Events, events))
	}
	b.ReportMetric(100*float64(written.Bytes)/float64(size), "%size")
}

// BenchmarkLakeSearch is a search for what one role did on one day of thirty.
func BenchmarkLakeSearch(b *testing.B) {
	const days, events = 30, 10_000
	dir := b.TempDir()
	w, err := lake.OpenWriter(dir, lake.Options{})
	if err != nil {
		b.Fatal(err)
	}
	m := trailtest.New(1, days*events)
	var rows app.LakeRows
	first := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	for i := range days * events {
		r, err := cloudtrail.ParseRecord(m.Record())
		if err != nil {
			b.Fatal(err)
		}
		row := rows.Of("logs", r)
		row.Time = first.Add(time.Duration(i) * (24 * time.Hour / events))
		if err := w.Append(context.Background(), row); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Commit(context.Background()); err != nil {
		b.Fatal(err)
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
	a := &app.App{Now: time.Now}
	found := 0
	eachLakeEvent(b, events, func() {
		s, err := a.TrailSearch(context.Background(), app.TrailSearchOptions{
			Dir: dir, Since: first.AddDate(0, 0, 14), Until: first.AddDate(0, 0, 15), Raw: true,
			Principals: []string{"arn:aws:iam::111122223333:role/ci-deploy"},
			Event:      func(*evidence.Event) error { return nil },
		})
		if err != nil {
			b.Fatal(err)
		}
		found = s.Found
	})
	if found == 0 || found > events/2 {
		b.Fatalf("%d of the day's %d events are said to be one role's", found, events)
	}
	b.ReportMetric(float64(found), "found")
}
