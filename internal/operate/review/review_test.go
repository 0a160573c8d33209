package review

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast.dev/holdfast/catalog"
	"holdfast.dev/holdfast/internal/engine/check"
	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/finding"
)

var at = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

// world is a snapshot in memory.
type world struct {
	resources []*evidence.Resource
	gaps      []evidence.Gap
	listed    map[string]map[string]bool
	broken    bool // reading fails after the first resource
}

func (w world) Accounts(context.Context) ([]string, error) {
	var out []string
	for _, r := range w.resources {
		out = append(out, r.Account)
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

var errBroken = errors.New("the disk is gone")

func (w world) Resources(_ context.Context, account string, types []string) iter.Seq2[*evidence.Resource, error] {
	return func(yield func(*evidence.Resource, error) bool) {
		for _, r := range w.resources {
			if account != "" && r.Account != account || len(types) > 0 && !slices.Contains(types, r.Type) {
				continue
			}
			if !yield(r, nil) {
				return
			}
			if w.broken && len(types) == 0 {
				yield(nil, errBroken)
				return
			}
		}
	}
}

func (w world) Listed(context.Context) (map[string]map[string]bool, error) { return w.listed, nil }

func (w world) Gaps(context.Context) ([]evidence.Gap, error) { return w.gaps, nil }

const rule = `id: queue-encrypted
title: Queues are encrypted
severity: high
objective: encryption-at-rest
kind: detective
layer: workload
resource: AWS::SQS::Queue
check: resource.SqsManagedSseEnabled
message: "${meta.id} is not encrypted"
why: Whoever reads the disk reads the messages.
fix: {text: Turn encryption on.}
prevented_by: [some-guardrail]
maps: {sec01: [BP03]}
examples:
  pass: [{SqsManagedSseEnabled: true}]
  fail: [{SqsManagedSseEnabled: false}]
  unknown: [{SqsManagedSseEnabled: !unknown denied}]
`

func engine(t *testing.T) *check.Engine {
	t.Helper()
	controls, err := check.Parse("rule.yaml", []byte(rule))
	if err != nil {
		t.Fatal(err)
	}
	e, err := check.Compile(controls, check.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func queue(account, id string, encrypted any) *evidence.Resource {
	return &evidence.Resource{Type: "AWS::SQS::Queue", ID: id, Account: account, Region: "eu-west-1", Properties: map[string]any{"SqsManagedSseEnabled": encrypted}}
}

func member(id, state string, regions ...any) *evidence.Resource {
	return &evidence.Resource{Type: evidence.TypeAccount, ID: id, Account: id, Region: evidence.Global, Properties: map[string]any{"Id": id, "Name": "n" + id, "State": state, "EnabledRegions": regions}}
}

func review(t *testing.T, r *Reviewer) (*Review, []finding.Finding) {
	t.Helper()
	k, err := LoadKnowledge(catalog.Files)
	if err != nil {
		t.Fatal(err)
	}
	r.Engine, r.Knowledge, r.At = engine(t), k, at
	var found []finding.Finding
	for f, err := range r.Findings(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, f)
	}
	slices.SortFunc(found, func(a, b finding.Finding) int {
		return strings.Compare(a.Account+a.Resource+a.Type, b.Account+b.Resource+b.Type)
	})
	return r.Review(), found
}

func TestVerdictsAndScore(t *testing.T) {
	answer, found := review(t, &Reviewer{Evidence: world{resources: []*evidence.Resource{
		member("1", "ACTIVE", "eu-west-1", "us-east-1"), member("2", "ACTIVE"), member("3", "SUSPENDED"), member("4", "ACTIVE"),
		queue("1", "a", true), queue("1", "b", false), queue("2", "c", evidence.Unknown{Reason: "denied"}), queue("3", "d", false), queue("4", "e", true),
	}}})
	var verdicts []string
	for _, f := range found {
		verdicts = append(verdicts, f.Resource+":"+string(f.Verdict))
	}
	if got := strings.Join(verdicts, " "); got != "b:FAIL c:UNKNOWN" {
		t.Errorf("findings are %s", got)
	}
	bp03 := answer.Practices[2]
	if bp03.ID != "BP03" || bp03.Score != (Score{Passed: 1, Failed: 1, Unknown: 1}) || *bp03.Percent != 33 {
		t.Errorf("%s: %+v, %d %%", bp03.ID, bp03.Score, *bp03.Percent)
	}
	if bp01 := answer.Practices[0]; bp01.Percent != nil {
		t.Errorf("a practice that nothing judged has a score: %d", *bp01.Percent)
	}
	if answer.Estate.Accounts != 3 || answer.Verdicts.Pass != 2 || answer.Severities.High != 1 {
		t.Errorf("%+v %+v", answer.Estate, answer.Verdicts)
	}
	if c := answer.Coverage.Accounts[0]; fmt.Sprint(c.Regions, c.Unseen) != "[eu-west-1] [us-east-1]" {
		t.Errorf("coverage of the first account: %+v", c)
	}
	if len(answer.First) != 1 || answer.First[0].Fix != "Turn encryption on." || answer.First[0].Next != "holdfast findings list --rule queue-encrypted" || answer.First[0].Level == "" {
		t.Errorf("what to do first: %+v", answer.First)
	}
}

// A listing that was denied makes every control on its types UNKNOWN there, also
// where nothing of the type was seen at all.
func TestGapsAreUnknown(t *testing.T) {
	gap := evidence.Gap{Account: "1", Region: "eu-west-1", Service: "sqs", Operation: "ListQueues", Types: []string{"AWS::SQS::Queue"}, Reason: evidence.Denied}
	narrow := gap
	narrow.Resource = "one"
	answer, found := review(t, &Reviewer{Evidence: world{resources: []*evidence.Resource{member("1", "ACTIVE")}, gaps: []evidence.Gap{gap, gap, narrow}}})
	if len(found) != 1 || found[0].Verdict != finding.Unknown || found[0].Message != "not seen: sqs:ListQueues denied" {
		t.Fatalf("%+v", found)
	}
	if answer.Practices[2].Score != (Score{Unknown: 1}) || len(answer.Coverage.Gaps) != 1 || answer.Coverage.Gaps[0].Count != 3 {
		t.Errorf("%+v %+v", answer.Practices[2].Score, answer.Coverage.Gaps)
	}
}

// A type that was never collected is not one of which there is none.
func TestTypesNeverListedAreUnknown(t *testing.T) {
	source := strings.Replace(rule, "check: resource.SqsManagedSseEnabled", `check: resources("AWS::KMS::Key").exists(k, k.?Enabled.orValue(false))`, 1)
	controls, err := check.Parse("rule.yaml", []byte(source))
	if err != nil {
		t.Fatal(err)
	}
	e, err := check.Compile(controls, check.Options{})
	if err != nil {
		t.Fatal(err)
	}
	key := &evidence.Resource{Type: "AWS::KMS::Key", ID: "k", Account: "1", Region: "eu-west-1", Properties: map[string]any{"Enabled": false}}
	for name, c := range map[string]struct {
		world world
		want  finding.Verdict
	}{
		"never listed":           {world{resources: []*evidence.Resource{queue("1", "a", true)}}, finding.Unknown},
		"listed, and none there": {world{resources: []*evidence.Resource{queue("1", "a", true)}, listed: map[string]map[string]bool{"1": {"AWS::KMS::Key": true}}}, finding.Fail},
		"listed elsewhere":       {world{resources: []*evidence.Resource{queue("1", "a", true)}, listed: map[string]map[string]bool{"2": {"AWS::KMS::Key": true}}}, finding.Unknown},
		"one was seen":           {world{resources: []*evidence.Resource{queue("1", "a", true), key}}, finding.Fail},
	} {
		var got finding.Verdict
		for f, err := range (&Reviewer{Engine: e, At: at, Evidence: c.world}).Findings(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			got = f.Verdict
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

type always string

func (a always) Prevents(*check.Control, *evidence.Resource, check.Scope) (string, bool) {
	return string(a), true
}

func TestPreventedAndExcepted(t *testing.T) {
	w := world{resources: []*evidence.Resource{queue("1", "a", false), queue("1", "b", false)}}
	answer, found := review(t, &Reviewer{Evidence: w, Guardrails: func([]*evidence.Resource) Guardrails { return always("some-guardrail") }})
	if found[0].Verdict != finding.Prevented || found[0].PreventedBy != "some-guardrail" || answer.Verdicts.Prevented != 2 || answer.Practices[2].Score.Passed != 1 {
		t.Errorf("prevented: %+v", found[0])
	}
	exception := finding.Exception{ID: "EX-1", Controls: []string{"queue-encrypted"}, Scope: finding.Scope{Resources: []string{"a"}}, Created: at.AddDate(0, -1, 0), Expires: at.AddDate(0, 1, 0)}
	expired := exception
	expired.ID, expired.Scope, expired.Expires = "EX-2", finding.Scope{}, at
	answer, found = review(t, &Reviewer{Evidence: w, Exceptions: finding.Register{expired, exception}})
	var got []string
	for _, f := range found {
		got = append(got, f.Rule+":"+f.Resource+":"+string(f.Verdict)+":"+f.Exception)
	}
	if want := "queue-encrypted:a:EXCEPTED:EX-1 queue-encrypted:b:FAIL: exception-expired:EX-2:FAIL:"; strings.Join(got, " ") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, " "), want)
	}
	if len(answer.Exceptions) != 2 || answer.Exceptions[0].State != "expired" || answer.Exceptions[1].Covers != 1 {
		t.Errorf("%+v", answer.Exceptions)
	}
}

func TestEveryVerdictOnRequest(t *testing.T) {
	_, found := review(t, &Reviewer{All: true, Evidence: world{resources: []*evidence.Resource{queue("1", "a", true), queue("1", "b", false)}}})
	if len(found) != 2 || found[0].Verdict != finding.Pass || found[1].Verdict != finding.Fail {
		t.Errorf("%+v", found)
	}
}

// However many workers judge, the answer is the same to the byte.
func TestDeterministic(t *testing.T) {
	var w world
	for account := range 20 {
		id := fmt.Sprint(account)
		w.resources = append(w.resources, member(id, "ACTIVE", "eu-west-1"))
		for q := range 7 {
			w.resources = append(w.resources, queue(id, fmt.Sprint("q", q), (q*account)%3 != 0))
		}
	}
	var want string
	for _, workers := range []int{1, 2, 8} {
		answer, _ := review(t, &Reviewer{Evidence: w, Workers: workers})
		b, err := json.Marshal(answer)
		if err != nil {
			t.Fatal(err)
		}
		if want == "" {
			want = string(b)
		}
		if string(b) != want {
			t.Fatalf("%d workers come to another answer", workers)
		}
	}
}

func TestErrorsAndEarlyEnd(t *testing.T) {
	var resources []*evidence.Resource
	for i := range 2000 {
		resources = append(resources, queue(fmt.Sprint(i%9), fmt.Sprint("q", i), false))
	}
	broken := &Reviewer{Engine: engine(t), At: at, Evidence: world{resources: resources, broken: true}}
	var last error
	for _, err := range broken.Findings(t.Context()) {
		last = err
	}
	if !errors.Is(last, errBroken) {
		t.Errorf("a failed read ends with %v", last)
	}
	stopped := &Reviewer{Engine: engine(t), At: at, Evidence: world{resources: resources}}
	for range stopped.Findings(t.Context()) {
		break // must neither hang nor leak a worker
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	cancelled := &Reviewer{Engine: engine(t), At: at, Evidence: world{resources: resources}}
	last = nil
	for _, err := range cancelled.Findings(ctx) {
		last = err
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("a cancelled review ends with %v", last)
	}
}

func TestPercent(t *testing.T) {
	for _, c := range []struct {
		score Score
		want  int
		ok    bool
	}{
		{Score{}, 0, false}, {Score{Passed: 1}, 100, true}, {Score{Passed: 2, Failed: 1}, 67, true},
		{Score{Passed: 999, Failed: 1}, 99, true}, {Score{Passed: 6, Failed: 2, Unknown: 2}, 60, true}, {Score{Unknown: 3}, 0, true},
	} {
		if got, ok := c.score.Percent(); got != c.want || ok != c.ok {
			t.Errorf("%+v is %d %%, %v", c.score, got, ok)
		}
	}
}
