package awsconfig

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
)

// stream writes a snapshot of n items without holding it.
func stream(n int) io.Reader {
	r, w := io.Pipe()
	go func() {
		_, _ = io.WriteString(w, `{"configurationItems":[`)
		for i := range n {
			comma := ","
			if i == 0 {
				comma = ""
			}
			_, _ = io.WriteString(w, comma+item("AWS::EC2::Volume", fmt.Sprintf("vol-%d", i), stamp, `{"volumeId":"v","note":"`+strings.Repeat("x", 4000)+`"}`))
		}
		_, _ = io.WriteString(w, "]}")
		_ = w.Close()
	}()
	return r
}

// A file of any length is read in the memory of one item.
func TestScanKeepsNothing(t *testing.T) {
	const n = 10_000 // 45 MB
	var high uint64
	count := 0
	_, err := Scan(context.Background(), snapshotKey, stream(n), Options{}, func(Item) error {
		if count++; count%2000 == 0 {
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			high = max(high, m.HeapAlloc)
		}
		return nil
	})
	if err != nil || count != n {
		t.Fatalf("%d items, %v", count, err)
	}
	if high > 40<<20 {
		t.Errorf("the heap grew to %d MiB", high>>20)
	}
}

func BenchmarkParse(b *testing.B) {
	var items []string
	for i := range 50 {
		for _, c := range mappingCases {
			items = append(items, strings.Replace(c.item, `"resourceId":"`, fmt.Sprintf(`"resourceId":"%d-`, i), 1))
		}
	}
	data := zipped(body(items...))
	b.SetBytes(int64(len(body(items...))))
	b.ReportAllocs()
	for b.Loop() {
		file, err := Parse(snapshotKey, bytes.NewReader(data), Options{})
		if err != nil || len(file.Items) != len(items) {
			b.Fatal(err, len(file.Items))
		}
	}
	b.ReportMetric(float64(len(items)), "items/op")
}
