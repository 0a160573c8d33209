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
	records := make([]Record, 1)
	before := CPU()
	for b.Loop() {
		n := 0
		for at := len(`{"Records":[`); at < len(content)-1; at++ {
			end, err := records[0].scan(content[at:], 128, false)
			if err != nil {
				b.Fatal(err)
			}
			at += end
			n++
		}
		if n != 2000 {
			b.Fatal(n)
		}
	}
	b.ReportMetric(float64(CPU()-before)/float64(b.N*2000), "cpu-ns/event")
}
