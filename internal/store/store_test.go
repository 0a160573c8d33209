package store

import (
	"context"
	"fmt"
	"testing"
	"time"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/finding"
)

var t0 = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

func at(hours int) time.Time { return t0.Add(time.Duration(hours) * time.Hour) }

func open(t testing.TB, dir string, o Options) *Store {
	t.Helper()
	if o.Now == nil {
		o.Now = func() time.Time { return t0 }
	}
	s, err := Open(context.Background(), dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func begin(t testing.TB, s *Store, kind string) *Run {
	t.Helper()
	run, err := s.Begin(context.Background(), Run{Kind: kind, Started: t0})
	if err != nil {
		t.Fatal(err)
	}
	return run
}

func bucket(id string, size int64) *evidence.Resource {
	return &evidence.Resource{
		Type: "AWS::S3::Bucket", ID: id, ARN: "arn:aws:s3:::" + id, Account: "111122223333", Region: "eu-west-1", Partition: "aws", Source: "aws",
		Tags: map[string]string{"Owner": "team"}, Properties: map[string]any{"BucketName": id, "Size": size, "Policy": evidence.Unknown{Reason: "denied"}},
	}
}

func apply(t testing.TB, s *Store, run *Run, b Batch) Applied {
	t.Helper()
	if b.Account == "" {
		b.Account, b.Region, b.Unit = "111122223333", "eu-west-1", "s3"
	}
	done, err := s.Apply(context.Background(), run, b)
	if err != nil {
		t.Fatal(err)
	}
	return done
}

// snapshot prints the resources of an instant as id=size.
func snapshot(t testing.TB, s *Store, when time.Time) string {
	t.Helper()
	var out string
	var d evidence.Decoder
	for rec, err := range s.Records(context.Background(), when, Query{}) {
		if err != nil {
			t.Fatal(err)
		}
		r, err := rec.Resource(&d)
		if err != nil {
			t.Fatal(err)
		}
		out += fmt.Sprintf("%s=%v ", r.ID, r.Properties["Size"])
	}
	return out
}

func fail(i int) finding.Finding {
	resource := fmt.Sprintf("bucket-%07d", i)
	account := fmt.Sprintf("%012d", i%50)
	return finding.Finding{
		ID: finding.Identify("s3-bucket-public-read-prohibited", account, "eu-west-1", resource, ""), Verdict: finding.Fail,
		Rule: "s3-bucket-public-read-prohibited", Title: "S3 buckets do not allow public read", Severity: finding.High,
		Type: "AWS::S3::Bucket", Resource: resource, ARN: "arn:aws:s3:::" + resource, Account: account, Region: "eu-west-1",
		Message: "The bucket policy of " + resource + " lets anybody read objects.", Objective: "no-unintended-public-access", Practices: []string{"BP01", "BP02"},
	}
}

func TestEvidenceOverTime(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	run := begin(t, s, "collect")
	all := []string{"AWS::S3::Bucket"}
	if got := apply(t, s, run, Batch{At: at(0), Resources: []*evidence.Resource{bucket("a", 1), bucket("b", 1)}, Complete: all}); got != (Applied{Seen: 2, New: 2}) {
		t.Errorf("first: %+v", got)
	}
	if got := apply(t, s, run, Batch{At: at(1), Resources: []*evidence.Resource{bucket("a", 1), bucket("b", 2)}, Complete: all}); got != (Applied{Seen: 2, Changed: 1}) {
		t.Errorf("second: %+v", got)
	}
	if got := apply(t, s, run, Batch{At: at(2), Resources: []*evidence.Resource{bucket("b", 2), bucket("c", 1)}, Complete: all}); got != (Applied{Seen: 2, New: 1, Gone: 1}) {
		t.Errorf("third: %+v", got)
	}
	for hour, want := range map[int]string{-1: "", 0: "a=1 b=1 ", 1: "a=1 b=2 ", 2: "b=2 c=1 ", 99: "b=2 c=1 "} {
		if got := snapshot(t, s, at(hour)); got != want {
			t.Errorf("at %d: %q, want %q", hour, got, want)
		}
	}
}
