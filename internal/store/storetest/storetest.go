// Package storetest is what every store has to pass, whatever keeps its data:
// evidence over time checked against a model that enumerates every instant,
// findings against finding.Advance itself, runs and their resumption.
package storetest

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"testing"
	"time"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/finding"
	"holdfast.dev/holdfast/internal/store"
)

// Run tests a kind of store. Each call of open gives an empty one, which the
// test closes.
func Run(t *testing.T, open func(t testing.TB) *store.Store) {
	tests := []struct {
		name string
		test func(t *testing.T, open func(t testing.TB) *store.Store)
	}{
		{"resources come back as they were", comeBack},
		{"what a listing lacks is gone", gone},
		{"a listing across Regions", acrossRegions},
		{"queries narrow", narrow},
		{"gaps have intervals", gaps},
		{"a late batch keeps later gaps", lateGaps},
		{"scopes and latest", scopes},
		{"batches are whole or not there", whole},
		{"input that cannot be stored", refused},
		{"cancelled", cancelled},
		{"timeline against every instant", timeline},
		{"runs", runs},
		{"resumption", resumption},
		{"findings against Advance", findingsModel},
		{"findings in order and filtered", findingsQuery},
		{"one finding", oneFinding},
		{"findings are refused", findingsRefused},
		{"reading while reviewing", readWhileReviewing},
		{"alerts add up to findings", alertsAddUp},
		{"findings of both kinds stay apart", kindsApart},
		{"detections of an earlier review", detectionsAsOf},
		{"quiet resolves where logs were read", quietResolves},
		{"exceptions of detections", exceptedDetections},
		{"alerts however they are cut", alertsModel},
		{"many alerts of a day", manyAlerts},
		{"recordings go on from one another", goingOn},
		{"what was read is evidence", activityEvidence},
		{"silent Regions are unknown", silentRegions},
		{"recordings that cannot be stored", recordingsRefused},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { tt.test(t, open) })
	}
}

var (
	ctx = context.Background()
	t0  = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
)

func at(hour int) time.Time { return t0.Add(time.Duration(hour) * time.Hour) }

const (
	account = "111122223333"
	region  = "eu-west-1"
	typ     = "AWS::S3::Bucket"
)

// fataler is what *testing.T and *rapid.T share.
type fataler interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

func begin(t fataler, s *store.Store, kind string) *store.Run {
	t.Helper()
	run, err := s.Begin(ctx, store.Run{Kind: kind, Started: t0})
	if err != nil {
		t.Fatal(err)
	}
	return run
}

func thing(id string, look int) *evidence.Resource {
	return &evidence.Resource{Type: typ, ID: id, Account: account, Region: region, Properties: map[string]any{"Look": int64(look)}}
}

func batch(hour int, resources ...*evidence.Resource) store.Batch {
	return store.Batch{At: at(hour), Account: account, Region: region, Unit: "s3", Resources: resources}
}

func apply(t fataler, s *store.Store, run *store.Run, b store.Batch) store.Applied {
	t.Helper()
	done, err := s.Apply(ctx, run, b)
	if err != nil {
		t.Fatal(err)
	}
	return done
}

// records prints a snapshot as Region/id=look.
func records(t fataler, s *store.Store, hour int, q store.Query) string {
	t.Helper()
	var out []string
	var d evidence.Decoder
	for rec, err := range s.Records(ctx, at(hour), q) {
		if err != nil {
			t.Fatal(err)
		}
		r, err := rec.Resource(&d)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, fmt.Sprintf("%s/%s=%v", r.Region, r.ID, r.Properties["Look"]))
	}
	return strings.Join(out, " ")
}

func each[T any](list ...T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, v := range list {
			if !yield(v, nil) {
				return
			}
		}
	}
}

func collect[T any](t fataler, seq iter.Seq2[T, error]) []T {
	t.Helper()
	var list []T
	for v, err := range seq {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, v)
	}
	return list
}

func failing(i int, severity finding.Severity) finding.Finding {
	resource := fmt.Sprintf("bucket-%03d", i)
	return finding.Finding{
		ID: finding.Identify("rule-"+string(severity), account, region, resource, ""), Verdict: finding.Fail,
		Rule: "rule-" + string(severity), Title: "A title", Severity: severity, Type: typ, Resource: resource, ARN: "arn:aws:s3:::" + resource,
		Account: account, Region: region, Message: resource + " is public", Objective: "an-objective", Practices: []string{"BP02"},
	}
}
