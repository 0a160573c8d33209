package sigma_test

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"holdfast.dev/holdfast/internal/engine/sigma"
)

// BenchmarkMatch runs a log through rule sets of growing size. events/cpu-s is what one
// core does, reading the fields out of JSON text included.
func BenchmarkMatch(b *testing.B) {
	worlds := []struct {
		name    string
		records func(testing.TB) [][]byte
	}{
		{"generated", func(testing.TB) [][]byte { return generated(20_000) }},
		{"recorded", recorded},
	}
	for _, w := range worlds {
		b.Run(w.name, func(b *testing.B) {
			records := w.records(b)
			for _, n := range []int{57, 150, 1500} {
				b.Run(fmt.Sprint(n), func(b *testing.B) { benchmark(b, records, compiled(b, sigma.Options{}, synthetic(n))) })
			}
		})
	}
}

// processor gives the time this process has used processors for: others may use them
// too.
func processor(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func benchmark(b *testing.B, records [][]byte, e *sigma.Engine) {
	m := e.Matcher()
	var r sigma.Record
	found := 0
	run := func(i int) {
		r.Reset(records[i%len(records)])
		m.Match(&r, func(*sigma.Compiled) bool { found++; return true })
	}
	for i := range records {
		run(i) // plans and memos are made once
	}
	b.ReportAllocs()
	b.ResetTimer()
	before := processor(b)
	for i := range b.N {
		run(i)
	}
	b.ReportMetric(float64(b.N)/(processor(b)-before).Seconds(), "events/cpu-s")
}

// BenchmarkFirst is the whole of a short run: compiling 1,500 rules and meeting
// every call for the first time.
func BenchmarkFirst(b *testing.B) {
	records := generated(5000)
	rules := synthetic(1500)
	b.ReportAllocs()
	for b.Loop() {
		m := compiled(b, sigma.Options{}, rules).Matcher()
		var r sigma.Record
		for _, raw := range records {
			r.Reset(raw)
			m.Match(&r, func(*sigma.Compiled) bool { return true })
		}
	}
}

// BenchmarkKnown is BenchmarkMatch where the reader of the log has found the common
// fields already.
func BenchmarkKnown(b *testing.B) {
	records := generated(20_000)
	for _, n := range []int{150, 1500} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			e := compiled(b, sigma.Options{}, synthetic(n))
			var common []*sigma.Path
			for _, p := range e.Paths() {
				switch p.Name {
				case "eventSource", "eventName", "userIdentity.arn", "userAgent", "sourceIPAddress", "errorCode":
					common = append(common, p)
				}
			}
			values := make([][]sigma.Value, len(records)*len(common))
			for i, raw := range records {
				var r sigma.Record
				r.Reset(raw)
				for j, p := range common {
					values[i*len(common)+j] = r.Values(nil, p)
				}
			}
			m := e.Matcher()
			var r sigma.Record
			run := func(i int) {
				i %= len(records)
				r.Reset(records[i])
				for j, p := range common {
					if v := values[i*len(common)+j]; len(v) == 1 {
						r.Know(p, v[0])
					} else {
						r.KnowAbsent(p)
					}
				}
				m.Match(&r, func(*sigma.Compiled) bool { return true })
			}
			for i := range records {
				run(i)
			}
			b.ReportAllocs()
			b.ResetTimer()
			before := processor(b)
			for i := range b.N {
				run(i)
			}
			b.ReportMetric(float64(b.N)/(processor(b)-before).Seconds(), "events/cpu-s")
		})
	}
}
