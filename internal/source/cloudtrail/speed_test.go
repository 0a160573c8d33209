//go:build unix

package cloudtrail_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"testing"

	"github.com/klauspost/compress/gzip"

	"holdfast.dev/holdfast/internal/source/cloudtrail"
	"holdfast.dev/holdfast/internal/source/cloudtrail/inflate"
	"holdfast.dev/holdfast/internal/source/cloudtrail/trailtest"
)

const eventsInFile = 5000

// logs are files of 5,000 events, as many as asked for.
func logs(b *testing.B, files int) []string {
	b.Helper()
	names, size, err := trailtest.New(1, 1_000_000).Write(b.TempDir(), files*eventsInFile, eventsInFile)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(size)
	return names
}

// measure reports events for each second of processor time, and of the clock.
func measure(b *testing.B, names []string, do func()) {
	b.ReportAllocs()
	before := cloudtrail.CPU()
	for b.Loop() {
		do()
	}
	events := float64(b.N * len(names) * eventsInFile)
	b.ReportMetric(events/(cloudtrail.CPU()-before).Seconds(), "events/cpu-s")
	b.ReportMetric(events/b.Elapsed().Seconds(), "events/s")
}

// BenchmarkFloor is what others would need: decompression alone, with and without a
// scan of the content, by klauspost/compress and by inflate.
func BenchmarkFloor(b *testing.B) {
	names := logs(b, 8)
	var content bytes.Buffer
	for _, floor := range []struct {
		name string
		open func(file []byte) (io.Reader, error)
		scan bool
	}{
		{"gunzip", klauspost, false}, {"gunzip and scan", klauspost, true}, {"inflate", ours, false},
	} {
		b.Run(floor.name, func(b *testing.B) {
			measure(b, names, func() {
				for _, name := range names {
					file, err := os.ReadFile(name)
					if err != nil {
						b.Fatal(err)
					}
					r, err := floor.open(file)
					if err != nil {
						b.Fatal(err)
					}
					content.Reset()
					if _, err := content.ReadFrom(r); err != nil {
						b.Fatal(err)
					}
					if floor.scan && cloudtrail.ScanAll(content.Bytes()) != eventsInFile {
						b.Fatal("the scan missed records")
					}
				}
			})
		})
	}
}

func klauspost(file []byte) (io.Reader, error) { return gzip.NewReader(bytes.NewReader(file)) }

func ours(file []byte) (io.Reader, error) {
	var r inflate.Reader
	r.Reset(file)
	return &r, nil
}

// BenchmarkEach reads to the fields that rules need, with one worker and with one for
// each processor.
func BenchmarkEach(b *testing.B) {
	for name, workers := range map[string]int{"one": 1, "all": 0} {
		b.Run(name, func(b *testing.B) {
			names := logs(b, 8)
			files, err := cloudtrail.Local(names...)
			if err != nil {
				b.Fatal(err)
			}
			measure(b, names, func() {
				n := 0
				r := &cloudtrail.Reader{Files: files, Workers: workers}
				err := cloudtrail.Each(context.Background(), r, func(_ int, b *cloudtrail.Batch) int { return tenFields(b) },
					func(_ *cloudtrail.Batch, found int) error { n += found; return nil })
				if err != nil || n == 0 || r.Stats().Events != len(names)*eventsInFile {
					b.Fatal(err, n, r.Stats())
				}
			})
		})
	}
}

// tenFields looks at what rules look at.
func tenFields(b *cloudtrail.Batch) (n int) {
	for i := range b.Records {
		r := &b.Records[i]
		for _, f := range []cloudtrail.Field{cloudtrail.EventSource, cloudtrail.EventName, cloudtrail.IdentityType, cloudtrail.IdentityARN, cloudtrail.AWSRegion,
			cloudtrail.RecipientAccountID, cloudtrail.ErrorCode, cloudtrail.SourceIPAddress, cloudtrail.UserAgent} {
			n += len(r.Text(f))
		}
		if r.Time().IsZero() {
			n++
		}
	}
	return n
}

// BenchmarkEvents reads to evidence, one event after the other.
func BenchmarkEvents(b *testing.B) {
	names := logs(b, 8)
	files, err := cloudtrail.Local(names...)
	if err != nil {
		b.Fatal(err)
	}
	measure(b, names, func() {
		for _, err := range (&cloudtrail.Reader{Files: files}).Events(context.Background()) {
			if err != nil {
				b.Fatal(err)
			}
		}
	})
}
