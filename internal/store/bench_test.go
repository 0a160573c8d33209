package store

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"strings"
	"testing"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/finding"
)

// peak is the most memory the process has held so far, in MiB, where the
// system tells.
func peak() float64 {
	text, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(text)) {
		var kib float64
		if n, _ := fmt.Sscanf(line, "VmHWM: %f", &kib); n == 1 {
			return kib / 1024
		}
	}
	return 0
}

// estate makes n resources of about 900 bytes in 50 accounts and 20 types, a
// batch at a time.
func estate(n int) iter.Seq[Batch] {
	const size = 1000
	return func(yield func(Batch) bool) {
		for first := 0; first < n; first += size {
			b := Batch{At: t0, Account: fmt.Sprintf("%012d", first/size%50), Region: "eu-west-1", Unit: fmt.Sprint(first / size)}
			for i := first; i < min(n, first+size); i++ {
				b.Resources = append(b.Resources, made(b.Account, i))
			}
			if !yield(b) {
				return
			}
		}
	}
}

func made(account string, i int) *evidence.Resource {
	id := fmt.Sprintf("i-%016x", i)
	return &evidence.Resource{
		Type: fmt.Sprintf("AWS::Made::Type%02d", i%20), ID: id, ARN: "arn:aws:made:eu-west-1:" + account + ":thing/" + id,
		Account: account, Region: "eu-west-1", Partition: "aws", Source: "aws", Tags: map[string]string{"Name": id, "Owner": "team-" + account, "Stage": "prod"},
		Properties: map[string]any{
			"Name": id, "Count": int64(i), "Encrypted": i%3 == 0, "KmsKeyId": "arn:aws:kms:eu-west-1:" + account + ":key/1234abcd-12ab-34cd-56ef-1234567890ab",
			"Rules": []any{
				map[string]any{"IpProtocol": "tcp", "FromPort": int64(443), "ToPort": int64(443), "CidrIp": "10.0.0.0/8", "Description": "from the office"},
				map[string]any{"IpProtocol": "tcp", "FromPort": int64(22), "ToPort": int64(22), "CidrIp": "192.0.2.0/24", "Description": "administration"},
			},
			"Policy": map[string]any{"Version": "2012-10-17", "Statement": []any{map[string]any{"Effect": "Allow", "Principal": map[string]any{"AWS": "arn:aws:iam::" + account + ":root"}, "Action": []any{"s3:GetObject", "s3:PutObject"}, "Resource": "*"}}},
		},
	}
}

func BenchmarkApply100k(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		s := open(b, b.TempDir(), Options{})
		run := begin(b, s, "collect")
		for batch := range estate(100_000) {
			apply(b, s, run, batch)
		}
		if err := errors.Join(run.Finish(context.Background(), Finished, nil), s.Close()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(peak(), "peak-MiB")
}

func BenchmarkApplySame100k(b *testing.B) {
	s := open(b, b.TempDir(), Options{})
	run := begin(b, s, "collect")
	for batch := range estate(100_000) {
		apply(b, s, run, batch)
	}
	b.ReportAllocs()
	for b.Loop() {
		for batch := range estate(100_000) {
			batch.At = at(1)
			apply(b, s, run, batch)
		}
	}
}

func benchmarkScan(b *testing.B, n int) {
	s := open(b, b.TempDir(), Options{})
	run := begin(b, s, "collect")
	for batch := range estate(n) {
		apply(b, s, run, batch)
	}
	b.ReportAllocs()
	for b.Loop() {
		got := 0
		for _, err := range s.Records(context.Background(), at(1), Query{}) {
			if err != nil {
				b.Fatal(err)
			}
			got++
		}
		if got != n {
			b.Fatalf("%d records", got)
		}
	}
	b.ReportMetric(peak(), "peak-MiB")
	size, _ := s.Size()
	b.ReportMetric(float64(size)/float64(n), "disk-B/resource")
}

func BenchmarkScan100k(b *testing.B) { benchmarkScan(b, 100_000) }

// Run it alone to see that memory does not grow with the store.
func BenchmarkScan1M(b *testing.B) {
	if os.Getenv("HOLDFAST_BENCH_LARGE") == "" {
		b.Skip("set HOLDFAST_BENCH_LARGE=1 to write and scan a million resources")
	}
	benchmarkScan(b, 1_000_000)
}

func verdictsOf(n int) iter.Seq2[finding.Finding, error] {
	return func(yield func(finding.Finding, error) bool) {
		for i := range n {
			if !yield(fail(i), nil) {
				return
			}
		}
	}
}

func benchmarkFindings(b *testing.B, n int) {
	b.Run("first", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			s := open(b, b.TempDir(), Options{})
			review(b, s, 0, verdictsOf(n))
			s.Close()
		}
		b.ReportMetric(peak(), "peak-MiB")
	})
	s := open(b, b.TempDir(), Options{})
	review(b, s, 0, verdictsOf(n))
	b.Run("same", func(b *testing.B) {
		b.ReportAllocs()
		for hour := 1; b.Loop(); hour++ {
			review(b, s, hour, verdictsOf(n))
		}
	})
	b.Run("list", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			for _, err := range s.Findings(context.Background(), FindingQuery{}) {
				if err != nil {
					b.Fatal(err)
				}
			}
		}
		b.ReportMetric(peak(), "peak-MiB")
	})
}

func BenchmarkApplyFindings(b *testing.B) { benchmarkFindings(b, 100_000) }

func BenchmarkApplyFindings500k(b *testing.B) {
	if os.Getenv("HOLDFAST_BENCH_LARGE") == "" {
		b.Skip("set HOLDFAST_BENCH_LARGE=1 to review half a million findings")
	}
	benchmarkFindings(b, 500_000)
}

func review(t testing.TB, s *Store, hour int, seq iter.Seq2[finding.Finding, error]) (Changes, *Run) {
	t.Helper()
	run := begin(t, s, "review")
	ch, err := s.ApplyFindings(context.Background(), run, at(hour), seq)
	if err != nil {
		t.Fatal(err)
	}
	if err := run.Finish(context.Background(), Finished, nil); err != nil {
		t.Fatal(err)
	}
	return ch, run
}
