package aws

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/google/go-cmp/cmp"

	"holdfast.dev/holdfast/internal/evidence"
)

func TestClassify(t *testing.T) {
	api := func(code, message string) error {
		return fmt.Errorf("operation error: %w", &smithy.GenericAPIError{Code: code, Message: message})
	}
	for name, c := range map[string]struct {
		err    error
		reason evidence.Reason
		detail string
	}{
		"denied":    {api("AccessDenied", "no"), evidence.Denied, "AccessDenied: no"},
		"ec2":       {api("UnauthorizedOperation", "You are not authorized. Encoded authorization failure message: abcDEF"), evidence.Denied, "UnauthorizedOperation: You are not authorized."},
		"throttled": {api("TooManyRequestsException", ""), evidence.Throttled, "TooManyRequestsException"},
		"opt in":    {api("OptInRequired", "x"), evidence.Unsupported, "OptInRequired: x"},
		"other":     {api("InternalError", "try\n again (RequestId: 0aa1b2c3-0000-1111-2222-333344445555)"), evidence.Failed, "InternalError: try again"},
		"session":   {api("AccessDenied", "User: arn:aws:sts::1:assumed-role/R/session-17 is not"), evidence.Denied, "AccessDenied: User: arn:aws:sts::1:assumed-role/R is not"},
		"no host":   {&net.DNSError{Name: "macie2.xx.amazonaws.com", IsNotFound: true}, evidence.Unsupported, "there is no endpoint macie2.xx.amazonaws.com"},
		"cancelled": {fmt.Errorf("x: %w", context.Canceled), evidence.Interrupted, "the run ended first"},
		"deadline":  {&smithy.CanceledError{Err: context.DeadlineExceeded}, evidence.Interrupted, "the run ended first"},
		"silence":   {fmt.Errorf("operation error: %w", &smithyhttp.RequestSendError{Err: silentServer{}}), evidence.Failed, "operation error: net/http: timeout awaiting response headers"},
		"port":      {errors.New("read tcp 127.0.0.1:55555->10.0.0.1:443: reset"), evidence.Failed, "read tcp 10.0.0.1:443: reset"},
		"long":      {errors.New(strings.Repeat("x", 9000)), evidence.Failed, "xxx"},
	} {
		reason, detail := Classify(c.err)
		if reason != c.reason || !strings.HasPrefix(detail, c.detail) || len(detail) > 4*maxDetail || strings.Contains(detail, "abcDEF") {
			t.Errorf("%s: %s %q, want %s %q", name, reason, detail, c.reason, c.detail)
		}
	}
}

// silentServer is what net/http answers when the other side does not: it says
// of itself that it is a deadline, though no context ended.
type silentServer struct{}

func (silentServer) Error() string        { return "net/http: timeout awaiting response headers" }
func (silentServer) Is(target error) bool { return target == context.DeadlineExceeded }

func testSession() *Session {
	w := newWire(4)
	w.sleep = func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	return &Session{
		Account: "111122223333", Region: "eu-west-1", Partition: "aws", Org: &Org{}, collector: "test", wire: w,
		operation: map[string]bool{"iam.List": true}, now: func() time.Time { return time.Unix(0, 0) }, partial: map[string]bool{},
	}
}

type listInput struct{ Marker *string }
type listOutput struct {
	Names  []string
	Marker *string
}
type listOptions struct{}

func TestPages(t *testing.T) {
	page := func(names []string, marker string) *listOutput {
		if marker == "" {
			return &listOutput{Names: names}
		}
		return &listOutput{Names: names, Marker: &marker}
	}
	for name, c := range map[string]struct {
		pages []*listOutput
		want  string
		fails string
	}{
		"three, the second empty": {[]*listOutput{page([]string{"a"}, "1"), page(nil, "2"), page([]string{"b"}, "")}, "a b", ""},
		"a token that comes back": {[]*listOutput{page([]string{"a"}, "1"), page([]string{"b"}, "1")}, "a b", "same page token"},
		"nothing":                 {[]*listOutput{nil}, "", "empty"},
	} {
		s, n := testSession(), 0
		var got []string
		fn := func(context.Context, *listInput, ...func(*listOptions)) (*listOutput, error) {
			n++
			return c.pages[n-1], nil
		}
		in := &listInput{}
		err := Pages(t.Context(), s, "iam", "List", fn, in,
			func(in *listInput, out *listOutput) bool { return NextToken(&in.Marker, out.Marker) },
			func(out *listOutput) error { got = append(got, out.Names...); return nil })
		if strings.Join(got, " ") != c.want || (err == nil) != (c.fails == "") || (err != nil && !strings.Contains(err.Error(), c.fails)) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
		if in.Marker != nil {
			t.Errorf("%s: the caller's input was changed", name)
		}
	}
}

func TestCallAsksOnlyWhatTheCollectorDeclares(t *testing.T) {
	asked := false
	fn := func(context.Context, *listInput, ...func(*listOptions)) (*listOutput, error) {
		asked = true
		return &listOutput{}, nil
	}
	_, err := Call(t.Context(), testSession(), "iam", "Delete", fn, &listInput{})
	var refused *RefusedError
	if !errors.As(err, &refused) || asked {
		t.Errorf("%v, asked %t", err, asked)
	}
}

func TestEmitRefusesWhatIsNoEvidence(t *testing.T) {
	s := testSession()
	s.Emit(evidence.Resource{Type: "AWS::X::Y", ID: "ok", Properties: map[string]any{"A": int64(1)}})
	s.Emit(evidence.Resource{Type: "AWS::X::Y", ID: "int", Properties: map[string]any{"A": 1}})
	s.Emit(evidence.Resource{Type: "AWS::X::Z"})
	b := s.batch(Unit{}, []string{"AWS::X::Y", "AWS::X::Z", "AWS::X::W"})
	if len(b.Resources) != 1 || len(b.Gaps) != 2 || b.Gaps[0].Reason != evidence.Corrupt || !cmp.Equal(b.Complete, []string{"AWS::X::W"}) {
		t.Errorf("%+v", b)
	}
	if r := b.Resources[0]; r.Account != "111122223333" || r.Region != "eu-west-1" || r.Partition != "aws" || r.Source != "aws" || r.Observed.IsZero() {
		t.Errorf("%+v", r)
	}
}

func TestGapsDecideWhatIsComplete(t *testing.T) {
	s := testSession()
	denied := &smithy.GenericAPIError{Code: "AccessDenied"}
	s.Gap("configservice", "DescribeX", denied, []string{"A"}, "")
	s.Gap("iam", "GetY", denied, []string{"B"}, "one")
	s.Gap("iam", "GetY", denied, []string{"B"}, "one")
	s.Gap("iam", "GetZ", nil, []string{"C"}, "")
	b := s.batch(Unit{}, []string{"A", "B", "C"})
	if !cmp.Equal(b.Complete, []string{"B", "C"}) || len(b.Gaps) != 2 || b.Gaps[0].Service != "config" {
		t.Errorf("%+v", b)
	}
	if u := s.Unknown("s3control", "GetX", denied); u.Reason != "s3:GetX denied" {
		t.Errorf("%q", u.Reason)
	}
}

func TestBucketHalvesAndRecovers(t *testing.T) {
	b := newBucket(pace{8, 1})
	b.slow()
	b.slow()
	if b.limiter.Limit() != 2 {
		t.Errorf("after two throttlings the rate is %v", b.limiter.Limit())
	}
	for range 1000 {
		b.recover()
	}
	if b.limiter.Limit() != 8 {
		t.Errorf("the rate came back to %v", b.limiter.Limit())
	}
	for range 100 {
		b.slow()
	}
	if b.limiter.Limit() != slowest {
		t.Errorf("the rate fell to %v", b.limiter.Limit())
	}
	now := time.Unix(0, 0)
	c := newBucket(pace{2, 1})
	if first, second := c.delay(now), c.delay(now); first != 0 || second != 500*time.Millisecond {
		t.Errorf("waits %v, %v", first, second)
	}
}

func TestRunIsolatesAPanic(t *testing.T) {
	world := &World{Org: &Org{}, Targets: []Target{{Account: "111122223333"}}, Collectors: []Collector{
		{Name: "bad", Scope: GlobalScope, Types: []string{"A"}, Collect: func(context.Context, *Session) error { panic("index out of range") }},
		{Name: "good", Scope: GlobalScope, Types: []string{"B"}, Collect: func(context.Context, *Session) error { return nil }},
	}}
	complete := map[string][]string{}
	err := Run(t.Context(), world, RunOptions{Sink: func(_ context.Context, b Batch) error {
		complete[b.Unit.Collector] = b.Complete
		if b.Unit.Collector == "bad" && (len(b.Gaps) != 1 || b.Gaps[0].Reason != evidence.Failed) {
			t.Errorf("%+v", b.Gaps)
		}
		return nil
	}})
	if err != nil || len(complete["bad"]) != 0 || len(complete["good"]) != 1 {
		t.Errorf("%v, %v", err, complete)
	}
}

func TestRunEndsWithTheSink(t *testing.T) {
	world := &World{Org: &Org{}, Targets: []Target{{Account: "111122223333"}}, Collectors: []Collector{
		{Name: "a", Scope: GlobalScope, Collect: func(context.Context, *Session) error { return nil }},
	}}
	full := errors.New("the disk is full")
	err := Run(t.Context(), world, RunOptions{Sink: func(context.Context, Batch) error { return full }})
	if !errors.Is(err, full) {
		t.Errorf("got %v", err)
	}
}

func TestPolicy(t *testing.T) {
	var actions []string
	for i := range 300 {
		actions = append(actions, fmt.Sprintf("svc%c:DescribeSomethingLongEnough%03d", 'a'+i%20, i))
	}
	documents, err := Policy([]Collector{
		{Scope: Regional, Actions: actions}, {Scope: GlobalScope, Actions: []string{"access-analyzer:ListAnalyzers", actions[0]}},
		{Scope: OrgWide, Actions: []string{"organizations:ListRoots"}},
	}, "Audit")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for _, d := range documents {
		var doc struct{ Statement []statement }
		if err := json.Unmarshal(d.JSON, &doc); err != nil {
			t.Fatal(err)
		}
		compact := strings.Join(strings.Fields(string(d.JSON)), "")
		if len(compact) > maxPolicy {
			t.Errorf("%s has %d characters", d.Name, len(compact))
		}
		for _, s := range doc.Statement {
			if strings.ContainsAny(s.Sid, "-_ ") {
				t.Errorf("IAM does not admit the Sid %q", s.Sid)
			}
			for _, a := range s.Action {
				seen[a]++
			}
		}
	}
	for _, a := range append(actions, "access-analyzer:ListAnalyzers", "organizations:ListRoots", "sts:AssumeRole", "account:ListRegions") {
		if seen[a] != 1 {
			t.Errorf("%s stands %d times in the policy", a, seen[a])
		}
	}
	if len(documents) < 3 || documents[0].Name != "HoldfastCollect1" || documents[len(documents)-1].Name != "HoldfastOrganization" {
		t.Errorf("%d documents", len(documents))
	}
}

func TestRecordingHoldsNoSecrets(t *testing.T) {
	in := map[string]any{
		"Functions": []any{map[string]any{"FunctionName": "f", "Environment": map[string]any{"Variables": map[string]any{"TOKEN": "hunter2", "STAGE": "hunter2"}}}},
		"UserData":  map[string]any{"Value": "hunter2"}, "SecretString": "hunter2", "Size": int64(1),
	}
	got := redact("lambda", "ListFunctions", in)
	want := map[string]any{
		"Functions": []any{map[string]any{"FunctionName": "f", "Environment": map[string]any{"Variables": map[string]any{"TOKEN": Redacted, "STAGE": Redacted}}}},
		"UserData":  map[string]any{"Value": Redacted}, "SecretString": Redacted, "Size": int64(1),
	}
	if diff := cmp.Diff(any(want), got); diff != "" {
		t.Error(diff)
	}
	if in["SecretString"] != "hunter2" {
		t.Error("the collector's own copy was changed")
	}
	ecs := redact("ecs", "DescribeTaskDefinition", map[string]any{"Environment": []any{map[string]any{"Name": "TOKEN", "Value": "hunter2"}}})
	if diff := cmp.Diff(any(map[string]any{"Environment": []any{map[string]any{"Name": "TOKEN", "Value": Redacted}}}), ecs); diff != "" {
		t.Error(diff)
	}
	cc := redact("cloudcontrol", "GetResource", map[string]any{"Properties": `{"Environment":{"Variables":{"A":"hunter2"}},"Name":"n"}`})
	if s := fmt.Sprint(cc); strings.Contains(s, "hunter2") || !strings.Contains(s, `"Name":"n"`) {
		t.Errorf("%v", cc)
	}
}

// Accounts and Regions come from answers; none may lead out of the recording.
func TestRecordingStaysInItsDirectory(t *testing.T) {
	for _, key := range []answerKey{
		{"111122223333", "../../../evil", "test", "iam", "List"}, {"..", "eu-west-1", "test", "iam", "List"}, {"111122223333", "a/b", "test", "iam", "List"},
		{"111122223333", "", "test", "iam", "List"}, {"111122223333", `a\b`, "test", "iam", "List"}, {"111122223333", "a\x00", "test", "iam", "List"},
	} {
		dir := t.TempDir()
		r := &recorder{dir: filepath.Join(dir, "a", "b", "c"), calls: map[answerKey][]savedCall{}}
		r.add(key, &listInput{}, map[string]any{"Names": []any{"x"}}, nil)
		if err := r.flush(Unit{Account: key.account, Region: key.region, Collector: "test"}); err == nil || !strings.Contains(err.Error(), "cannot name a folder") {
			t.Errorf("%q: %v", key, err)
		}
		if entries, _ := os.ReadDir(dir); len(entries) != 0 {
			t.Errorf("%q left %v", key, entries)
		}
	}
}

// A way in that was shut last time and is open now must not leave the old gap.
func TestRunTellsThatAnAccountWasEntered(t *testing.T) {
	var units []string
	w := &World{Org: &Org{}, Targets: []Target{{Account: "111122223333"}}}
	err := Run(t.Context(), w, RunOptions{Sink: func(_ context.Context, b Batch) error {
		units = append(units, fmt.Sprint(b.Unit.String(), len(b.Gaps), b.Complete))
		return nil
	}})
	if want := []string{"111122223333/global/discovery0 []"}; err != nil || !cmp.Equal(units, want) {
		t.Errorf("%v, %v, want %v", units, err, want)
	}
}

func TestRecordingIsWholeOrNotThere(t *testing.T) {
	dir := t.TempDir()
	r := &recorder{dir: dir, calls: map[answerKey][]savedCall{}}
	key := answerKey{"111122223333", "global", "c", "iam", "GetUser"}
	type input struct{ UserName *string }
	for _, name := range []string{"b", "a", "b"} {
		r.add(key, &input{&name}, map[string]any{"Name": name}, nil)
	}
	other := "x"
	r.add(key, &input{&other}, nil, &CallError{"iam", "GetUser", &smithy.GenericAPIError{Code: "NoSuchEntity", Message: "gone"}})
	if err := r.flush(Unit{Account: "111122223333", Region: "global", Collector: "c"}); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "111122223333/global/iam/GetUser.json")
	first, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	file, err := readSaved(path)
	if err != nil || len(file.calls) != 3 {
		t.Fatalf("%d calls, %v\n%s", len(file.calls), err, first)
	}
	if c, ok := file.answer(map[string]any{"UserName": "x"}); !ok || !Is(c.err, "NoSuchEntity") {
		t.Errorf("%+v", c)
	}
	left, err := filepath.Glob(filepath.Join(dir, "111122223333/global/iam/.saving-*"))
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %q, %v", left, err)
	}
}
