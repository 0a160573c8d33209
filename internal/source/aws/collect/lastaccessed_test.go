package collect

import (
	"context"
	"strings"
	"sync"
	"testing"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/source/aws"
	"holdfast.dev/holdfast/internal/source/aws/awstest"
)

// inTime answers a job as in progress the first time it is asked for.
func inTime(next awstest.Answer) awstest.Answer {
	var mu sync.Mutex
	asked := 0
	return func(ctx context.Context, r *aws.Request) (any, error) {
		if r.Operation != "GetServiceLastAccessedDetails" {
			return next(ctx, r)
		}
		mu.Lock()
		defer mu.Unlock()
		if asked++; asked <= 2 {
			return map[string]any{"JobStatus": "IN_PROGRESS", "IsTruncated": false}, nil
		}
		return next(ctx, r)
	}
}

func TestLastAccessedWaitsForTheReport(t *testing.T) {
	out := awstest.Run(t.Context(), t, []aws.Collector{lastAccessedCollector()}, load(t, "iam-last-accessed"), inTime)
	r := find(t, out, typeLastAccessed, "arn:aws:iam::111122223333:role/ci/deploy")
	services, _ := r.Properties["Services"].([]any)
	if len(services) != 1 || services[0].(map[string]any)["LastAuthenticated"] != "2026-03-01T00:00:00Z" || len(gaps(out)) != 0 {
		t.Errorf("%v, gaps %+v", r.Properties, gaps(out))
	}
	if n := out.Calls["iam.GetServiceLastAccessedDetails"]; n != 4 {
		t.Errorf("asked %d times, want 4: each report was not ready once, or one of them twice", n)
	}
}

func TestLastAccessedGivesUp(t *testing.T) {
	never := func(awstest.Answer) awstest.Answer {
		return func(ctx context.Context, r *aws.Request) (any, error) {
			if r.Operation == "GetServiceLastAccessedDetails" {
				return map[string]any{"JobStatus": "IN_PROGRESS", "IsTruncated": false}, nil
			}
			return aws.FromFS(load(t, "iam-last-accessed"))(ctx, r)
		}
	}
	out := awstest.Run(t.Context(), t, []aws.Collector{lastAccessedCollector()}, load(t, "iam-last-accessed"), never)
	unknown(t, out, "not ready after several minutes")
	if n := out.Calls["iam.GetServiceLastAccessedDetails"]; n != 2*maxAccessPolls {
		t.Errorf("asked %d times for two reports that never come", n)
	}
}

func TestLastAccessedTellsOfFailure(t *testing.T) {
	failed := func(next awstest.Answer) awstest.Answer {
		return func(ctx context.Context, r *aws.Request) (any, error) {
			if r.Operation == "GetServiceLastAccessedDetails" {
				return map[string]any{"JobStatus": "FAILED", "Error": map[string]any{"Code": "SERVICE_ERROR", "Message": "try later"}}, nil
			}
			return next(ctx, r)
		}
	}
	out := awstest.Run(t.Context(), t, []aws.Collector{lastAccessedCollector()}, load(t, "iam-last-accessed"), failed)
	unknown(t, out, "SERVICE_ERROR: try later")
}

// unknown asserts that both principals are there, with unknown services.
func unknown(t *testing.T, out awstest.Outcome, says string) {
	t.Helper()
	for _, id := range []string{"arn:aws:iam::111122223333:role/ci/deploy", "arn:aws:iam::111122223333:user/alice"} {
		u, ok := find(t, out, typeLastAccessed, id).Properties["Services"].(evidence.Unknown)
		if !ok || !strings.Contains(u.Reason, says) {
			t.Errorf("%s has services %v, want unknown because %q", id, u, says)
		}
	}
	if len(gaps(out)) != 2 {
		t.Errorf("gaps %+v", gaps(out))
	}
}

func TestLastAccessedOfADeletedPrincipal(t *testing.T) {
	out := awstest.Run(t.Context(), t, []aws.Collector{lastAccessedCollector()}, load(t, "iam-last-accessed"),
		awstest.Fail("NoSuchEntity", "gone", "iam.GenerateServiceLastAccessedDetails"))
	for _, b := range out.Batches {
		if len(b.Resources) != 0 || len(b.Gaps) != 0 {
			t.Errorf("%+v", b)
		}
	}
}

// TestLastAccessedIsAskedFor: nobody waits for it who did not name it.
func TestLastAccessedIsAskedFor(t *testing.T) {
	runs := func(services, types []string) bool {
		for _, c := range aws.Select(All(), services, types) {
			if c.Name == "iam-last-accessed" {
				return true
			}
		}
		return false
	}
	if runs(nil, nil) || runs([]string{"iam"}, nil) || runs(nil, []string{typeUser}) {
		t.Error("it runs though nobody asked for it")
	}
	if !runs([]string{"iam-last-accessed"}, nil) || !runs(nil, []string{typeLastAccessed}) || !runs([]string{"iam"}, []string{typeLastAccessed}) {
		t.Error("it does not run though it is asked for")
	}
	if runs([]string{"s3"}, []string{typeLastAccessed}) {
		t.Error("it runs among other services")
	}
}
