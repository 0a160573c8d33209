//go:build unix

package app

import (
	"context"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"
	"time"

	"holdfast.dev/holdfast/internal/engine/check"
	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/source/cloudformation/cftest"
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

// BenchmarkCheck is the whole of `holdfast check` on 40 templates of 500
// resources each.
func BenchmarkCheck(b *testing.B) {
	for _, format := range []string{"yaml", "json"} {
		b.Run(format, func(b *testing.B) {
			dir := b.TempDir()
			if err := cftest.Write(dir, format, 40, 500, 1); err != nil {
				b.Fatal(err)
			}
			controls, err := Controls(nil)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			before, n := cpu(b), 0
			for b.Loop() {
				n++
				engine, err := Engine(controls, nil)
				if err != nil {
					b.Fatal(err)
				}
				checked, err := Check(b.Context(), engine, CheckOptions{Paths: []string{dir}, Now: DemoInstant})
				if err != nil || checked.Resources != 20_000 || len(checked.Faults) > 0 {
					b.Fatalf("%d resources, %v, %v", checked.Resources, checked.Faults, err)
				}
			}
			b.ReportMetric((cpu(b)-before).Seconds()/float64(n), "cpu-s/op")
		})
	}
}

// BenchmarkHelp is a cold start of the program: what every command pays before
// it begins. It needs the binary in $HOLDFAST_BIN.
func BenchmarkHelp(b *testing.B) {
	bin := os.Getenv("HOLDFAST_BIN")
	if bin == "" {
		b.Skip("build holdfast and set HOLDFAST_BIN to it")
	}
	for b.Loop() {
		if err := exec.Command(bin, "--help").Run(); err != nil {
			b.Fatal(err)
		}
	}
}
