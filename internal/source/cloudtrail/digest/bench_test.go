package digest_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"

	"holdfast.dev/holdfast/internal/source/cloudtrail/digest"
	"holdfast.dev/holdfast/internal/source/cloudtrail/digest/digesttest"
)

// busy is a day of an account: log files of 5,000 records that differ as those of real
// activity do, each about 5 MB, uncompressed.
func busy(b *testing.B) (dir string, size int64) {
	b.Helper()
	w := digesttest.New()
	content := func(hour, log int) []byte {
		var t bytes.Buffer
		t.WriteString(`{"Records":[`)
		for i := range 5000 {
			if i > 0 {
				t.WriteByte(',')
			}
			id := sha256.Sum256(fmt.Append(nil, hour, log, i))
			fmt.Fprintf(&t, `{"eventVersion":"1.11","userIdentity":{"type":"AssumedRole","principalId":"AROA%X:i-%x","arn":"arn:aws:sts::111122223333:assumed-role/app-%d/i-%x","accountId":"111122223333","accessKeyId":"ASIA%X","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROA%X","arn":"arn:aws:iam::111122223333:role/app-%d","accountId":"111122223333","userName":"app-%d"},"attributes":{"creationDate":"2026-03-01T%02d:00:00Z","mfaAuthenticated":"false"}}},"eventTime":"2026-03-01T%02d:%02d:%02dZ","eventSource":"dynamodb.amazonaws.com","eventName":"DescribeTable","awsRegion":"eu-west-1","sourceIPAddress":"10.%d.%d.%d","userAgent":"aws-sdk-go-v2/1.30 lang/go","requestParameters":{"tableName":"orders-%d"},"responseElements":null,"requestID":"%x","eventID":"%x-%x","readOnly":true,"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"111122223333","eventCategory":"Management"}`,
				id[:8], id[:4], id[0]%20, id[:4], id[8:16], id[:8], id[0]%20, id[0]%20, hour, hour, i%60, id[1]%60, id[2], id[3], id[4], id[5], id[6:16], id[16:24], id[24:])
		}
		t.WriteString(`]}`)
		size += int64(t.Len())
		return t.Bytes()
	}
	for _, account := range []string{"111122223333", "222233334444"} {
		w.Chain(digesttest.Spec{Account: account, Hours: 4, Logs: 5, Content: content})
	}
	dir = b.TempDir()
	if err := w.Mirror(dir); err != nil {
		b.Fatal(err)
	}
	return dir, size
}

// BenchmarkVerify stands beside what no verification can do without: decompressing and
// hashing the same files, on all CPUs.
func BenchmarkVerify(b *testing.B) {
	dir, size := busy(b)
	b.Run("floor", func(b *testing.B) {
		b.SetBytes(size)
		for b.Loop() {
			floor(b, dir)
		}
	})
	b.Run("verify", func(b *testing.B) {
		b.SetBytes(size)
		b.ReportAllocs()
		for b.Loop() {
			if n := verifyAll(b, dir); n != 48 {
				b.Fatalf("%d objects are valid, want 48", n)
			}
		}
	})
	b.Run("ratio", func(b *testing.B) { // alternating, so that both see the same machine
		var least, most time.Duration
		for b.Loop() {
			start := time.Now()
			floor(b, dir)
			middle := time.Now()
			verifyAll(b, dir)
			least, most = least+middle.Sub(start), most+time.Since(middle)
		}
		b.ReportMetric(float64(least)/float64(most), "of-floor")
	})
}

func floor(b *testing.B, dir string) {
	names := make(chan string)
	var group sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() {
			var z gzip.Reader
			for name := range names {
				f, err := os.Open(name)
				if err != nil {
					b.Error(err)
					continue
				}
				h := sha256.New()
				err = z.Reset(f)
				if err == nil {
					_, err = io.Copy(h, &z)
				}
				if err != nil {
					b.Error(err)
				}
				h.Sum(nil)
				f.Close()
			}
		})
	}
	err := filepath.WalkDir(filepath.Join(dir, "objects"), func(name string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(name, ".gz") {
			names <- name
		}
		return err
	})
	close(names)
	group.Wait()
	if err != nil {
		b.Fatal(err)
	}
}

func verifyAll(tb testing.TB, dir string) int {
	m, err := digest.OpenMirror(dir)
	if err != nil {
		tb.Fatal(err)
	}
	var chains digest.Chains
	if err := m.Each(tb.Context(), func(l digest.Location) error { chains.Add(l); return nil }); err != nil {
		tb.Fatal(err)
	}
	v := digest.Verifier{Objects: m, Keys: m.Keys}
	valid := 0
	err = v.Run(context.Background(), chains.All(), func(i digest.Item) error {
		if i.Object != nil && i.Object.Status == digest.Valid {
			valid++
		}
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
	return valid
}

// BenchmarkSmall is a quiet organisation: many log files of a few records.
func BenchmarkSmall(b *testing.B) {
	w := digesttest.New()
	w.Chain(digesttest.Spec{Hours: 100, Logs: 50})
	dir := b.TempDir()
	if err := w.Mirror(dir); err != nil {
		b.Fatal(err)
	}
	b.Run("floor", func(b *testing.B) {
		for b.Loop() {
			floor(b, dir)
		}
	})
	b.Run("verify", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if n := verifyAll(b, dir); n != 5100 {
				b.Fatalf("%d objects are valid, want 5100", n)
			}
		}
	})
}
