//go:build unix

package app

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"

	"holdfast.dev/holdfast/internal/source/cloudtrail"
	"holdfast.dev/holdfast/internal/source/cloudtrail/trailtest"
)

const benchEvents = 5000 // in a file

func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// perEvent reports events for each second of processor time and of the clock.
func perEvent(b *testing.B, events int, do func()) {
	b.ReportAllocs()
	before := processorTime()
	for b.Loop() {
		do()
	}
	all := float64(b.N * events)
	b.ReportMetric(all/(processorTime()-before).Seconds(), "events/cpu-s")
	b.ReportMetric(all/b.Elapsed().Seconds(), "events/s")
}

// BenchmarkDetect is the whole way from gz files to alerts, beside the floors in the
// same run: decompression alone, and with reading to the fields that rules need.
func BenchmarkDetect(b *testing.B) {
	dir := b.TempDir()
	names, size, err := trailtest.New(1, 1_000_000).Write(dir, 40*benchEvents, benchEvents)
	if err != nil {
		b.Fatal(err)
	}
	events := len(names) * benchEvents
	b.Run("floor: gunzip", func(b *testing.B) {
		b.SetBytes(size)
		var content bytes.Buffer
		perEvent(b, events, func() {
			for _, name := range names {
				file, err := os.ReadFile(name)
				if err != nil {
					b.Fatal(err)
				}
				z, err := gzip.NewReader(bytes.NewReader(file))
				if err != nil {
					b.Fatal(err)
				}
				content.Reset()
				if _, err := io.Copy(&content, z); err != nil {
					b.Fatal(err)
				}
			}
		})
	})
	b.Run("floor: read", func(b *testing.B) {
		b.SetBytes(size)
		perEvent(b, events, func() {
			files, err := cloudtrail.Local(dir)
			if err != nil {
				b.Fatal(err)
			}
			r := &cloudtrail.Reader{Files: files}
			look := func(_ int, batch *cloudtrail.Batch) (n int) {
				for i := range batch.Records {
					n += len(batch.Records[i].Text(cloudtrail.EventName))
				}
				return n
			}
			if err := cloudtrail.Each(context.Background(), r, look, func(*cloudtrail.Batch, int) error { return nil }); err != nil {
				b.Fatal(err)
			}
		})
	})
	catalogue := DetectSources{}
	for _, rules := range []int{0, 57, 150, 1500} {
		for _, only := range []bool{true, false} {
			if rules == 0 && only {
				continue
			}
			from := catalogue
			from.RulesOnly = only
			name := fmt.Sprintf("%d rules", rules)
			if rules > 0 {
				file := filepath.Join(b.TempDir(), "rules.yml")
				if err := os.WriteFile(file, []byte(trailtest.Rules(rules)), 0o600); err != nil {
					b.Fatal(err)
				}
				from.Rules = []string{file}
			}
			if !only {
				name += " and the catalogue"
			}
			b.Run(name, func(b *testing.B) {
				b.SetBytes(size)
				benchDetect(b, dir, events, from)
			})
		}
	}
}

// benchDetect measures without the reading of rules, which a long run does once.
func benchDetect(b *testing.B, dir string, events int, from DetectSources) {
	a := &App{Now: time.Now, Env: func(string) string { return "" }}
	o := TrailDetectOptions{Source: TrailSource{Paths: []string{dir}}, Detections: from}
	finder, err := a.trailFinder(b.Context(), &o.Source)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	var used time.Duration
	for range b.N {
		b.StopTimer()
		d, err := a.detecting(Workspace{Dir: b.TempDir()}, o)
		if err != nil {
			b.Fatal(err)
		}
		before := processorTime()
		b.StartTimer()
		if err := d.once(b.Context(), finder); err != nil || d.out.Stats.Events != events {
			b.Fatal(err, d.out)
		}
		used += processorTime() - before
	}
	all := float64(b.N * events)
	b.ReportMetric(all/used.Seconds(), "events/cpu-s")
	b.ReportMetric(all/b.Elapsed().Seconds(), "events/s")
}
