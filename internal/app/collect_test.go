package app

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/source/aws"
	"holdfast.dev/holdfast/internal/store"
)

const (
	theManagement = "111111111111"
	theAuditor    = "222222222222" // a delegated administrator, where the run is at home
	theWorkload   = "333333333333"
	theLoner      = "444444444444" // in no organisation
	theRival      = "555555555555" // manages another organisation
)

// tree is a stand-in for the organisation's collector, run in the auditor's
// account: it tells of the management account and of members.
type tree struct {
	units    []string
	accounts []string
	whole    bool
	gap      bool
}

func (o *tree) collector() aws.Collector {
	return aws.Collector{
		Name: "tree", Service: "organizations", Scope: aws.OrgWide, Types: []string{evidence.TypeNode, evidence.TypeAccount},
		Collect: func(_ context.Context, s *aws.Session) error {
			for _, id := range o.units {
				s.Emit(evidence.Resource{Type: evidence.TypeNode, ID: id, Account: theManagement})
			}
			for _, id := range o.accounts {
				s.Emit(evidence.Resource{Type: evidence.TypeAccount, ID: id, Account: id, ARN: "arn:aws:organizations::" + theManagement + ":account/o-ours/" + id})
			}
			s.Incomplete(evidence.TypeAccount)
			if o.whole {
				s.Members("o-ours", o.accounts)
			}
			if o.gap {
				s.NotVisited(theWorkload)
			}
			return nil
		},
	}
}

// TestOrganisationSeenFromAMember: what a delegated administrator's account
// tells of others is closed where it belongs, and nowhere else.
func TestOrganisationSeenFromAMember(t *testing.T) {
	from := t.TempDir()
	write(t, filepath.Join(from, theAuditor, "global", "organizations", "DescribeOrganization.json"),
		`{"Organization": {"Id": "o-ours", "MasterAccountId": "`+theManagement+`"}}`)
	write(t, filepath.Join(from, theAuditor, "global", "organizations", "ListRoots.json"), `{"Roots": []}`)
	now := DemoInstant
	s, err := store.Open(t.Context(), t.TempDir(), store.Options{Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	before, err := s.Begin(t.Context(), store.Run{Kind: "collect"})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []evidence.Resource{
		{Type: evidence.TypeAccount, ID: theLoner, Account: theLoner, Region: evidence.Global},
		{Type: evidence.TypeAccount, ID: theRival, Account: theRival, Region: evidence.Global, ARN: "arn:aws:organizations::" + theRival + ":account/o-theirs/" + theRival},
		{Type: evidence.TypeNode, ID: "ou-rival", Account: theRival, Region: evidence.Global},
		{Type: "AWS::SQS::Queue", ID: "jobs", Account: theWorkload, Region: "eu-west-1"},
	} {
		b := store.Batch{At: now, Account: r.Account, Unit: r.ID, Resources: []*evidence.Resource{&r}}
		if r.Account == theWorkload {
			b.Unit, b.Region = theWorkload+"/eu-west-1/sqs", "eu-west-1"
			b.Gaps = []evidence.Gap{{Account: theWorkload, Region: "eu-west-1", Service: "sqs", Operation: "ListQueueTags", Resource: "jobs", Reason: evidence.Denied}}
		}
		if _, err := s.Apply(t.Context(), before, b); err != nil {
			t.Fatal(err)
		}
	}
	o := &tree{}
	a := &App{Now: func() time.Time { return now }, Env: os.Getenv, Collectors: []aws.Collector{o.collector(), {Name: "sqs", Scope: aws.Regional, Types: []string{"AWS::SQS::Queue"}, Collect: func(context.Context, *aws.Session) error { return nil }}}}
	collect := func() Collected {
		t.Helper()
		now = now.Add(time.Hour)
		done, err := a.Collect(t.Context(), s, CollectOptions{From: from, Services: []string{"organizations"}})
		if err != nil {
			t.Fatal(err)
		}
		return done
	}
	ids := func() []string {
		t.Helper()
		var out []string
		for r, err := range s.Records(t.Context(), now, store.Query{}) {
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, r.ID)
		}
		slices.Sort(out)
		return out
	}
	want := func(step string, ids []string, want ...string) {
		t.Helper()
		if slices.Sort(want); !slices.Equal(ids, want) {
			t.Errorf("%s: %q, want %q", step, ids, want)
		}
	}
	others := []string{theLoner, theRival, "ou-rival"}

	*o = tree{units: []string{"ou-1", "ou-2"}, accounts: []string{theManagement, theAuditor, theWorkload}, whole: true, gap: true}
	if done := collect(); done.New != 5 || done.Gone != 0 || done.Units != 1 || done.Gaps != 1 {
		t.Errorf("%+v", done)
	}
	want("all are there", ids(), append(others, "jobs", "ou-1", "ou-2", theManagement, theAuditor, theWorkload)...)

	// An OU that is gone is closed in the management account.
	*o = tree{units: []string{"ou-1"}, accounts: []string{theManagement, theAuditor, theWorkload}, whole: true, gap: true}
	if done := collect(); done.Gone != 1 {
		t.Errorf("%+v", done)
	}
	want("an OU is gone", ids(), append(others, "jobs", "ou-1", theManagement, theAuditor, theWorkload)...)

	// A listing that is not whole closes no account.
	*o = tree{units: []string{"ou-1"}, accounts: []string{theManagement}}
	if done := collect(); done.Gone != 0 {
		t.Errorf("%+v", done)
	}
	want("half a listing", ids(), append(others, "jobs", "ou-1", theManagement, theAuditor, theWorkload)...)

	// An account that left goes, with its evidence and its gaps.
	*o = tree{units: []string{"ou-1"}, accounts: []string{theManagement, theAuditor}, whole: true}
	if done := collect(); done.Gone != 2 {
		t.Errorf("%+v", done)
	}
	want("an account left", ids(), append(others, "ou-1", theManagement, theAuditor)...)
	if gaps, err := s.Gaps(t.Context(), now); err != nil || len(gaps) != 0 {
		t.Errorf("%v, %v", gaps, err)
	}
}
