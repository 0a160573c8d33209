package cloudformation_test

import (
	"context"
	"testing"

	"holdfast.dev/holdfast/internal/source/cloudformation"
	"holdfast.dev/holdfast/internal/source/cloudformation/cftest"
)

func BenchmarkParseYAML(b *testing.B) { benchmarkParse(b, "yaml") }
func BenchmarkParseJSON(b *testing.B) { benchmarkParse(b, "json") }

func benchmarkParse(b *testing.B, format string) {
	data := cftest.Template(format, 500, 1)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		t, err := cloudformation.Parse("t."+format, data, cloudformation.Options{})
		if err != nil || len(t.Resources) < 490 {
			b.Fatal(len(t.Resources), err)
		}
	}
}

func BenchmarkWalkYAML(b *testing.B) { benchmarkWalk(b, "yaml") }
func BenchmarkWalkJSON(b *testing.B) { benchmarkWalk(b, "json") }

// benchmarkWalk is the tree that the requirement names: 40 templates of 500
// resources.
func benchmarkWalk(b *testing.B, format string) {
	dir := b.TempDir()
	if err := cftest.Write(dir, format, 40, 500, 1); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		err := cloudformation.Walk(context.Background(), []string{dir}, cloudformation.WalkOptions{}, func(t cloudformation.Template, err error) error {
			n += len(t.Resources)
			return err
		})
		if err != nil || n < 19_000 {
			b.Fatal(n, err)
		}
	}
}
