package app

import (
	"context"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"

	"holdfast.dev/holdfast/internal/engine/check"
	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/source/demo"
	"holdfast.dev/holdfast/internal/store"
)

// size is how many resources the benchmarks make up: HOLDFAST_BENCH_RESOURCES,
// else 100,000.
func size() int {
	if n, err := strconv.Atoi(os.Getenv("HOLDFAST_BENCH_RESOURCES")); err == nil {
		return n
	}
	return 100_000
}

// filled is a store with the demo's mix in it.
func filled(b *testing.B, resources int) *store.Store {
	b.Helper()
	s, err := store.Open(b.Context(), b.TempDir(), store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	if err := fill(b.Context(), s, demo.Options{Seed: 1, At: DemoInstant, Resources: resources, Accounts: max(24, resources/800)}); err != nil {
		b.Fatal(err)
	}
	return s
}

func reviewing(b *testing.B) *Reviewing {
	b.Helper()
	r, err := NewReviewing(Workspace{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	return r
}

// cpu is the processor time this process has used.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkEvaluate judges resources that are loaded already, with everything
// they relate to, and counts control evaluations per second of processor time.
func BenchmarkEvaluate(b *testing.B) {
	s, r := filled(b, size()), reviewing(b)
	var decoder evidence.Decoder
	var resources []*evidence.Resource
	for record, err := range s.Records(b.Context(), DemoInstant, store.Query{}) {
		if err != nil {
			b.Fatal(err)
		}
		resource, err := record.Resource(&decoder)
		if err != nil {
			b.Fatal(err)
		}
		resources = append(resources, resource)
	}
	estate := r.Engine.NewEstate(evidence.OrgOf(func(yield func(*evidence.Resource) bool) {
		for _, resource := range resources {
			if !yield(resource) {
				return
			}
		}
	}), nil)
	for _, resource := range resources {
		if estate.Wants(resource.Type) {
			estate.Add(resource)
		}
	}
	judge := r.Engine.NewJudge(check.Scope{Now: DemoInstant, Estate: estate})
	b.ReportAllocs()
	evaluations, before := 0, cpu(b)
	for b.Loop() {
		for _, resource := range resources {
			judge.Each(resource, func(check.Result) { evaluations++ })
		}
	}
	used := cpu(b) - before
	b.ReportMetric(float64(evaluations)/used.Seconds(), "evaluations/cpu-s")
	b.ReportMetric(float64(len(resources)), "resources")
}

// BenchmarkReview is the whole of `holdfast review`: read, judge, record, sum up.
func BenchmarkReview(b *testing.B) {
	s, r := filled(b, size()), reviewing(b)
	b.ReportAllocs()
	before := cpu(b)
	n := 0
	for b.Loop() {
		n++
		if _, err := r.Review(context.Background(), s, DemoInstant.Add(time.Duration(n)*time.Hour), nil); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric((cpu(b)-before).Seconds()/float64(n), "cpu-s/op")
}
