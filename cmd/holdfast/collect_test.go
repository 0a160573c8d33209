package main

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"holdfast.dev/holdfast/internal/app"
	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/finding"
	"holdfast.dev/holdfast/internal/source/aws"
	"holdfast.dev/holdfast/internal/source/aws/awstest"
)

func TestCollectTwiceChangesNothing(t *testing.T) {
	e := newEstate(t)
	first := e.mustCollect(nil, app.CollectOptions{})
	if first.New != first.Resources || first.Resources < 500 || first.Changed != 0 || first.Gone != 0 {
		t.Errorf("%+v", first)
	}
	before := e.digests()
	second := e.mustCollect(nil, app.CollectOptions{})
	if second.New != 0 || second.Changed != 0 || second.Gone != 0 || second.Resources != first.Resources || second.Gaps != first.Gaps || second.Units != first.Units {
		t.Errorf("first %+v\nsecond %+v", first, second)
	}
	if diff := cmp.Diff(before, e.digests()); diff != "" {
		t.Error(diff)
	}
}

const buckets = member + "/global/s3/ListBuckets.json"

func TestBucketThatIsGoneResolvesItsFindings(t *testing.T) {
	e := newEstate(t)
	e.mustCollect(nil, app.CollectOptions{})
	const name = "plain"
	open := map[string]bool{}
	e.change(buckets, func(doc map[string]any) {
		doc["Buckets"] = slices.DeleteFunc(doc["Buckets"].([]any), func(b any) bool { return b.(map[string]any)["Name"] == name })
	})
	for key, f := range e.review() {
		if f.Account == member && f.Resource == name && f.State.Live() {
			open[key] = true
		}
	}
	if len(open) == 0 {
		t.Fatalf("bucket %s has no open finding to begin with", name)
	}
	done := e.mustCollect(nil, app.CollectOptions{})
	if done.Gone == 0 || done.New != 0 {
		t.Errorf("%+v", done)
	}
	after := e.review()
	for key := range open {
		if f := after[key]; f.State.Status != finding.Resolved {
			t.Errorf("%s is %s (%s)", key, f.State.Status, f.Verdict)
		}
	}
	for key, f := range after {
		if f.Resource == name && f.Account != member && f.State.Status == finding.Resolved {
			t.Errorf("%s of another account was resolved", key)
		}
	}
}

func TestDeniedListingLosesNothing(t *testing.T) {
	e := newEstate(t)
	e.mustCollect(nil, app.CollectOptions{})
	before, found := e.digests(), e.review()
	done := e.mustCollect(awstest.Deny("s3.ListBuckets", "ec2.DescribeSecurityGroups", "iam.GetAccountAuthorizationDetails", "organizations.ListRoots"), app.CollectOptions{})
	if done.Gone != 0 {
		t.Errorf("%d gone", done.Gone)
	}
	after := e.digests()
	for key := range before {
		if _, ok := after[key]; !ok {
			t.Errorf("%s is gone, though nobody looked", key)
		}
	}
	if !hasGap(e.gaps(), "ListBuckets", evidence.Denied) {
		t.Error("no gap says that buckets were not listed")
	}
	unknown, live := 0, 0
	for key, f := range e.review() {
		was := found[key]
		if was.State.Live() && !f.State.Live() {
			t.Errorf("%s was open and is %s (%s)", key, f.State.Status, f.Verdict)
		}
		if was.State.Live() {
			live++
		}
		if f.Verdict == finding.Unknown && was.Verdict != finding.Unknown {
			unknown++
		}
	}
	if unknown == 0 || live == 0 {
		t.Errorf("%d became UNKNOWN, %d had been open", unknown, live)
	}
}

func hasGap(gaps []evidence.Gap, operation string, reason evidence.Reason) bool {
	for _, g := range gaps {
		if g.Operation == operation && g.Reason == reason {
			return true
		}
	}
	return false
}

// orgWide are units that an interrupted collection runs again on purpose: the
// accounts' units lean on what they learn.
func orgWide(unit string) bool { return strings.HasSuffix(unit, "/organizations") }

func TestInterruptedCollectionGoesOn(t *testing.T) {
	whole := newEstate(t)
	total := whole.mustCollect(nil, app.CollectOptions{})
	for _, n := range []int{1, 60} {
		e := newEstate(t)
		ctx, cancel := context.WithCancel(t.Context())
		first := &units{each: func(done int) {
			if done == n {
				cancel()
			}
		}}
		partly, err := e.collect(ctx, nil, app.CollectOptions{Reporter: first, Concurrency: 3})
		if err == nil || app.Code(err) != app.ExitUnseen || !strings.Contains(err.Error(), "--resume") || strings.Contains(err.Error(), "\n") {
			t.Fatalf("interrupted after %d units: %v", n, err)
		}
		e.store.Close()
		e.open()
		second := &units{}
		rest := e.mustCollect(nil, app.CollectOptions{Reporter: second, Resume: true})
		for unit, times := range second.finished {
			if (times != 1 || first.finished[unit] != 0) && !orgWide(unit) {
				t.Errorf("%s ran %d times before and %d times after the interruption", unit, first.finished[unit], times)
			}
		}
		all := maps.Clone(first.finished)
		maps.Copy(all, second.finished)
		if len(all) != total.Units || partly.Units+rest.Units < total.Units {
			t.Errorf("after %d units: %d + %d of %d", n, partly.Units, rest.Units, total.Units)
		}
		if diff := cmp.Diff(whole.digests(), e.digests()); diff != "" {
			t.Errorf("after %d units (-whole +resumed)\n%s", n, diff)
		}
		if diff := cmp.Diff(whole.gaps(), e.gaps()); diff != "" {
			t.Errorf("after %d units (-whole +resumed)\n%s", n, diff)
		}
		third := &units{}
		again := e.mustCollect(nil, app.CollectOptions{Reporter: third, Resume: true})
		if again.Units != total.Units || third.skipped != 0 || again.New+again.Changed+again.Gone != 0 {
			t.Errorf("with nothing to resume: %+v, %d skipped", again, third.skipped)
		}
	}
}

func TestEverythingDeniedEndsWithGaps(t *testing.T) {
	e := newEstate(t)
	e.mustCollect(nil, app.CollectOptions{})
	before := e.digests()
	done := e.mustCollect(awstest.Deny(), app.CollectOptions{})
	if done.Gone != 0 || done.Gaps < done.Units {
		t.Errorf("%+v", done)
	}
	after := e.digests()
	for key := range before {
		if _, ok := after[key]; !ok {
			t.Errorf("%s is gone, though everything was denied", key)
		}
	}
	for _, g := range e.gaps() {
		if g.Reason != evidence.Denied && g.Reason != evidence.NotRecorded {
			t.Errorf("%+v", g)
		}
	}
}

func TestThrottledForGoodIsAGap(t *testing.T) {
	e := newEstate(t)
	done := e.mustCollect(awstest.Throttle(1<<30, "sqs.ListQueues"), app.CollectOptions{Services: []string{"sqs", "sns"}})
	if !hasGap(e.gaps(), "ListQueues", evidence.Throttled) || done.Resources == 0 {
		t.Errorf("%+v, %v", done, e.gaps())
	}
}

// expire answers n calls and then says that the credentials have expired.
func expire(n int) func(aws.Answer) aws.Answer {
	return func(next aws.Answer) aws.Answer {
		left := make(chan struct{}, n)
		for range n {
			left <- struct{}{}
		}
		return func(ctx context.Context, r *aws.Request) (any, error) {
			select {
			case <-left:
				return next(ctx, r)
			default:
				return nil, &smithy.GenericAPIError{Code: "ExpiredToken", Message: "The security token included in the request is expired"}
			}
		}
	}
}

func TestCredentialsThatExpireMidwayKeepWhatWasFound(t *testing.T) {
	whole := newEstate(t)
	whole.mustCollect(nil, app.CollectOptions{})
	for _, calls := range []int{0, 300} {
		e := newEstate(t)
		partly, err := e.collect(t.Context(), expire(calls), app.CollectOptions{})
		var credentials *aws.CredentialsError
		if !errors.As(err, &credentials) || app.Code(err) != app.ExitUsage || strings.Contains(err.Error(), "\n") ||
			strings.Contains(err.Error(), "operation error") || !strings.Contains(err.Error(), "--resume") || !strings.Contains(err.Error(), "expired") {
			t.Fatalf("after %d calls: %v", calls, err)
		}
		if (partly.Units > 0) != (calls > 0) || (len(e.digests()) > 0) != (calls > 0) {
			t.Errorf("after %d calls: %+v, %d resources kept", calls, partly, len(e.digests()))
		}
		e.mustCollect(nil, app.CollectOptions{Resume: true})
		if diff := cmp.Diff(whole.digests(), e.digests()); diff != "" {
			t.Errorf("after %d calls (-whole +resumed)\n%s", calls, diff)
		}
	}
}

func TestRecordingGivesTheSameEvidence(t *testing.T) {
	e, dir := newEstate(t), t.TempDir()
	e.mustCollect(nil, app.CollectOptions{Record: dir})
	back := newEstate(t)
	done, err := back.app.Collect(t.Context(), back.store, app.CollectOptions{From: dir})
	if err != nil || done.Gaps == 0 && len(e.gaps()) > 0 {
		t.Fatalf("%+v, %v", done, err)
	}
	if diff := cmp.Diff(e.digests(), back.digests()); diff != "" {
		t.Errorf("(-live +recorded)\n%s", diff)
	}
	if diff := cmp.Diff(e.gaps(), back.gaps()); diff != "" {
		t.Errorf("(-live +recorded)\n%s", diff)
	}
}

// TestAccountThatLeftIsClosed: of the accounts of the organisation, the one that
// left goes with all its evidence; others stay.
func TestAccountThatLeftIsClosed(t *testing.T) {
	e := newEstate(t)
	e.mustCollect(nil, app.CollectOptions{})
	before := e.digests()
	e.change(management+"/global/organizations/ListAccountsForParent.json", func(doc map[string]any) { without(doc, other) })
	for name := range maps.Clone(e.world) {
		if strings.HasPrefix(name, other) {
			delete(e.world, name)
		}
	}
	done := e.mustCollect(nil, app.CollectOptions{})
	after := e.digests()
	for key := range before {
		_, still := after[key]
		if left := strings.HasPrefix(key, other+"|"); still == left {
			t.Errorf("%s: still there %t, of the account that left %t", key, still, left)
		}
	}
	if done.Gone != len(before)-len(after) {
		t.Errorf("%+v, and %d are gone", done, len(before)-len(after))
	}
	for _, g := range e.gaps() {
		if g.Account == other {
			t.Errorf("a gap of the account that left: %+v", g)
		}
	}
}

// without takes the account out of every list of accounts.
func without(v any, account string) {
	switch v := v.(type) {
	case map[string]any:
		if list, ok := v["Accounts"].([]any); ok {
			var rest []any
			for _, a := range list {
				if a.(map[string]any)["Id"] != account {
					rest = append(rest, a)
				}
			}
			v["Accounts"] = rest
		}
		for _, e := range v {
			without(e, account)
		}
	case []any:
		for _, e := range v {
			without(e, account)
		}
	}
}

func TestCorruptSavedResponseIsAGap(t *testing.T) {
	e := newEstate(t)
	e.mustCollect(nil, app.CollectOptions{})
	e.world[buckets] = &fstest.MapFile{Data: []byte(`{"Buckets": [`)}
	done, err := e.collect(t.Context(), nil, app.CollectOptions{})
	if app.Code(err) != app.ExitUsage || !strings.Contains(err.Error(), buckets+": the JSON ends too early") || strings.Contains(err.Error(), "\n") {
		t.Errorf("%v", err)
	}
	if done.Gone != 0 || !hasGap(e.gaps(), "ListBuckets", evidence.Corrupt) {
		t.Errorf("%+v, %v", done, e.gaps())
	}
}
