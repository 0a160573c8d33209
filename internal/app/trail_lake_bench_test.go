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
