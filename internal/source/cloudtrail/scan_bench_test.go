//go:build unix

package cloudtrail

import (
	"testing"

	"holdfast.dev/holdfast/internal/source/cloudtrail/trailtest"
)

// BenchmarkScan is the cutting of records out of content that is in memory.
func BenchmarkScan(b *testing.B) {
	content := trailtest.New(1, 100_000).File(2000)
	b.SetBytes(int64(len(content)))
	before := CPU()
	for b.Loop() {
		if n := ScanAll(content); n != 2000 {
			b.Fatal(n)
		}
	}
	b.ReportMetric(float64(CPU()-before)/float64(b.N*2000), "cpu-ns/event")
}
