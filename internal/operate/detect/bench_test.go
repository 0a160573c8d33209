package detect_test

import (
	"testing"

	"holdfast.dev/holdfast/catalog"
	"holdfast.dev/holdfast/internal/operate/detect"
)

// BenchmarkLoad reads and checks the whole catalogue, as every command does that asks
// for detections.
func BenchmarkLoad(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := detect.Load(catalog.Files, "detections"); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkLoadLean reads it as commands do that try no examples.
func BenchmarkLoadLean(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := detect.LoadLean(catalog.Files, "detections"); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkNew compiles it.
func BenchmarkNew(b *testing.B) {
	all, err := detect.Load(catalog.Files, "detections")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := detect.New(all, detect.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
