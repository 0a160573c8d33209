package detect_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"holdfast.dev/holdfast/internal/finding"
	"holdfast.dev/holdfast/internal/operate/detect"
	"holdfast.dev/holdfast/internal/operate/detect/analytic"
)

var start = time.Date(2026, 3, 4, 5, 0, 0, 0, time.UTC)

// event writes a record; fields are laid over a plain one.
func event(n int, at time.Duration, fields map[string]any) []byte {
	record := map[string]any{
		"eventID": fmt.Sprintf("e-%03d", n), "eventTime": start.Add(at).Format(time.RFC3339), "eventSource": "s3.amazonaws.com", "eventName": "GetObject",
		"awsRegion": "eu-west-1", "recipientAccountId": "111122223333", "sourceIPAddress": "198.51.100.7", "eventCategory": "Management",
		"userIdentity": map[string]any{"type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/ops/alice", "principalId": "AROA:alice", "accountId": "111122223333"},
	}
	for name, v := range fields {
		record[name] = v
	}
	data, err := json.Marshal(record)
	if err != nil {
		panic(err)
	}
	return data
}

func deleted(n int, at time.Duration, bucket string) []byte {
	return event(n, at, map[string]any{"eventName": "DeleteBucket", "requestParameters": map[string]any{"bucketName": bucket}})
}

func load(t *testing.T, text string) []detect.Detection {
	t.Helper()
	all, faults := detect.Parse("rule.yaml", []byte(text))
	if len(faults) > 0 {
		t.Fatal(errors.Join(faults...))
	}
	return all
}

func detector(t *testing.T, all []detect.Detection, o detect.Options) *detect.Detector {
	t.Helper()
	d, refusals, err := detect.New(all, o)
	if err != nil || len(refusals) > 0 {
		t.Fatal(err, refusals)
	}
	return d
}

// feed runs events through a detector, one batch.
func feed(t *testing.T, d *detect.Detector, events [][]byte) (alerts []finding.Alert) {
	t.Helper()
	keep := func(a finding.Alert) error { alerts = append(alerts, a); return nil }
	w, seen := d.Worker(), &detect.Seen{}
	for i, e := range events {
		w.Look(i, detect.NewRaw(e), seen)
	}
	for i, e := range events {
		if err := d.Take(i, detect.NewRaw(e), seen, keep); err != nil {
			t.Fatal(err)
		}
	}
	return alerts
}

func flush(t *testing.T, d *detect.Detector) (alerts []finding.Alert) {
	t.Helper()
	if err := d.Flush(func(a finding.Alert) error { alerts = append(alerts, a); return nil }); err != nil {
		t.Fatal(err)
	}
	return alerts
}

func TestAlert(t *testing.T) {
	_, o := knowledge(t)
	d := detector(t, load(t, strings.Replace(whole, "attack.t1485", "attack.t1562.008", 1)), o)
	alerts := feed(t, d, [][]byte{event(1, 0, nil), deleted(2, time.Minute, "shop"), event(3, 2*time.Minute, nil)})
	if len(alerts) != 1 {
		t.Fatalf("%d alerts", len(alerts))
	}
	at := start.Add(time.Minute)
	want := finding.Alert{
		Rule: "bucket-deleted", Title: "Bucket deleted", Severity: finding.Medium, EventID: "e-002", Time: at, Account: "111122223333", Region: "eu-west-1",
		Service: "s3.amazonaws.com", Name: "DeleteBucket", Principal: "arn:aws:iam::111122223333:role/ops", Session: "arn:aws:sts::111122223333:assumed-role/ops/alice", SourceIP: "198.51.100.7", Resource: "shop",
		Message: "arn:aws:sts::111122223333:assumed-role/ops/alice deleted shop.", Count: 1, First: at, Last: at, Events: []string{"e-002"},
		Techniques: []string{"T1685.002"}, Objective: "resilience", Playbook: "data-destroyed",
	}
	if got, want := fmt.Sprintf("%+v", alerts[0]), fmt.Sprintf("%+v", want); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if logs := d.Logs(); !slices.Equal(logs, []string{"management"}) {
		t.Errorf("logs: %v", logs)
	}
}

// Without a resource an alert is about who did it, whatever the session's name.
func TestResourceIsStable(t *testing.T) {
	d := detector(t, load(t, strings.Replace(whole, "requestParameters.bucketName]", "responseElements.arn, userIdentity.arn]", 1)), detect.Options{})
	alerts := feed(t, d, [][]byte{deleted(1, 0, "a"), event(2, 0, map[string]any{"eventName": "DeleteBucket", "userIdentity": map[string]any{"type": "AWSAccount", "principalId": "AROAX:s"}})})
	if len(alerts) != 2 || alerts[0].Resource != "arn:aws:iam::111122223333:role/ops" || alerts[1].Resource != "AROAX" {
		t.Errorf("%+v", alerts)
	}
	if !strings.Contains(alerts[1].Message, "(unknown) deleted (unknown).") {
		t.Errorf("message %q", alerts[1].Message)
	}
}

// What did something is named as well as the record can: failed sign-ins, callers of
// other accounts and AWS itself have no ARN.
func TestWhoDidIt(t *testing.T) {
	for _, c := range []struct {
		identity      map[string]any
		want, session string
	}{
		{map[string]any{"type": "IAMUser", "arn": "arn:aws:iam::1:user/a", "userName": "a"}, "arn:aws:iam::1:user/a", ""},
		{map[string]any{"type": "AssumedRole", "arn": "arn:aws:sts::1:assumed-role/r/me@example.com"}, "arn:aws:iam::1:role/r", "arn:aws:sts::1:assumed-role/r/me@example.com"},
		{map[string]any{"type": "IAMUser", "principalId": "AIDAX", "userName": "bob", "accountId": "1"}, "bob", ""},
		{map[string]any{"type": "AWSAccount", "principalId": "AROAX:session", "accountId": "2"}, "AROAX", ""},
		{map[string]any{"principalId": "AROAX:session"}, "AROAX", ""},
		{map[string]any{"type": "Root", "principalId": "111122223333"}, "Root", ""},
		{map[string]any{"type": "AWSService", "invokedBy": "ec2.amazonaws.com"}, "ec2.amazonaws.com", ""},
		{map[string]any{"type": "AWSAccount", "principalId": "", "accountId": "ANONYMOUS_PRINCIPAL"}, "AWSAccount", ""},
		{map[string]any{}, "", ""},
	} {
		alerts := feed(t, detector(t, load(t, whole), detect.Options{}), [][]byte{event(1, 0, map[string]any{"eventName": "DeleteBucket", "userIdentity": c.identity})})
		if len(alerts) != 1 || alerts[0].Principal != c.want || alerts[0].Session != c.session {
			t.Errorf("%v: %+v, want %q and %q", c.identity, alerts, c.want, c.session)
		}
	}
}

const many = `title: Deleted
id: 3f0c7a52-6f5d-4c0e-9a57-0f6d3b1f7a01
name: many-deleted.part
logsource: {product: aws, service: cloudtrail}
detection:
  selection: {eventSource: s3.amazonaws.com, eventName: DeleteBucket}
  condition: selection
---
title: Many buckets deleted
id: 3f0c7a52-6f5d-4c0e-9a57-0f6d3b1f7a02
name: many-deleted
level: high
correlation:
  type: value_count
  rules: [many-deleted.part]
  group-by: [userIdentity.arn]
  timespan: 10m
  condition: {gte: 3, field: requestParameters.bucketName}
holdfast:
  needs: [management]
  resource: [requestParameters.bucketName]
  message: ${value} buckets deleted by ${userIdentity.arn}, ${requestParameters.bucketName} last.
`

// The same events give the same alerts in every order, wherever the state was saved in
// between, and by however many workers they were looked at.
func TestOrderDoesNotMatter(t *testing.T) {
	all := load(t, many)
	var events [][]byte
	for i := range 40 {
		events = append(events, deleted(i, time.Duration(i*20)*time.Second, fmt.Sprint("b-", i%7)))
	}
	plain := func(alerts []finding.Alert) string {
		texts := make([]string, len(alerts))
		for i, a := range alerts {
			texts[i] = fmt.Sprintf("%+v", a)
		}
		slices.Sort(texts)
		return strings.Join(texts, "\n")
	}
	d := detector(t, all, detect.Options{})
	want := plain(append(feed(t, d, events), flush(t, d)...))
	if !strings.Contains(want, "Message:3 buckets deleted by arn:aws:sts::111122223333:assumed-role/ops/alice, b-2 last.") || !strings.Contains(want, "Count:3") {
		t.Fatalf("got %s", want)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for round := range 20 {
		shuffled := slices.Clone(events)
		random.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		cutAt := random.IntN(len(shuffled))
		d := detector(t, all, detect.Options{})
		got := feed(t, d, shuffled[:cutAt])
		state, err := d.Save()
		if err != nil {
			t.Fatal(err)
		}
		later := detector(t, all, detect.Options{})
		if forgotten, err := later.Load(state); err != nil || len(forgotten) > 0 {
			t.Fatal(forgotten, err)
		}
		if again, err := later.Save(); err != nil || string(again) != string(state) {
			t.Fatalf("the state reads back as\n%s\nnot\n%s", again, state)
		}
		got = append(got, feed(t, later, shuffled[cutAt:])...)
		if got := plain(append(got, flush(t, later)...)); got != want {
			t.Fatalf("round %d: got\n%s\nwant\n%s", round, got, want)
		}
	}
}

// Workers look at batches at the same time; what comes of them does not depend on it.
func TestWorkersAreIndependent(t *testing.T) {
	all, o := knowledge(t)
	d := detector(t, all, o)
	var batches [][][]byte
	for b := range 8 {
		var batch [][]byte
		for i := range 200 {
			batch = append(batch, deleted(b*1000+i, time.Duration(b*200+i)*time.Second, fmt.Sprint("b-", i)))
		}
		batches = append(batches, batch)
	}
	run := func(d *detect.Detector, workers int) (alerts []string) {
		seen := make([]*detect.Seen, len(batches))
		var wait sync.WaitGroup
		for n := range workers {
			w := d.Worker()
			wait.Go(func() {
				for b := n; b < len(batches); b += workers {
					seen[b] = &detect.Seen{}
					for i, e := range batches[b] {
						w.Look(i, detect.NewRaw(e), seen[b])
					}
				}
			})
		}
		wait.Wait()
		for b := range batches {
			for i, e := range batches[b] {
				if i%3 == 1 {
					continue // as duplicates are left out
				}
				if err := d.Take(i, detect.NewRaw(e), seen[b], func(a finding.Alert) error { alerts = append(alerts, fmt.Sprintf("%+v", a)); return nil }); err != nil {
					t.Fatal(err)
				}
			}
		}
		return alerts
	}
	one, three := run(d, 1), run(detector(t, all, o), 3)
	if len(one) == 0 || !slices.Equal(one, three) {
		t.Errorf("%d alerts by one worker, %d by three", len(one), len(three))
	}
}

func TestErrorsOfYieldEndTheCall(t *testing.T) {
	d := detector(t, load(t, whole), detect.Options{})
	full := errors.New("disk full")
	w, seen := d.Worker(), &detect.Seen{}
	e := detect.NewRaw(deleted(1, 0, "a"))
	w.Look(0, e, seen)
	if err := d.Take(0, e, seen, func(finding.Alert) error { return full }); !errors.Is(err, full) {
		t.Errorf("got %v", err)
	}
}

func TestTuning(t *testing.T) {
	exceptions, err := finding.ParseExceptions("x.yaml", []byte(`
- id: EX-1
  controls: [bucket-deleted]
  scope: {accounts: ["111122223333"], resources: ["tmp-*"], principals: ["*:role/ops"], sources: [198.51.100.0/24]}
  owner: a@example.com
  approver: b@example.com
  reason: Buckets for tests come and go.
  created: 2026-03-01
  expires: 2026-04-01
`))
	if err != nil {
		t.Fatal(err)
	}
	all := load(t, whole)
	at := func(day int) func() time.Time {
		return func() time.Time { return start.AddDate(0, 0, day) }
	}
	network := []detect.Network{{Range: netip.MustParsePrefix("198.51.100.0/24"), Owner: "net@example.com", Reason: "office", Until: start.AddDate(0, 0, 5)}}
	switched := []detect.Switch{{Rule: "bucket-deleted", Owner: "me", Reason: "noise", Until: start.AddDate(0, 0, 5)}}
	for name, test := range map[string]struct {
		o      detect.Options
		bucket string
		want   string // severity and exception; empty for no alert
	}{
		"plain":             {detect.Options{}, "shop", "medium "},
		"severity":          {detect.Options{Severity: map[string]finding.Severity{"bucket-deleted": finding.Critical}}, "shop", "critical "},
		"covered":           {detect.Options{Exceptions: exceptions, Now: at(1)}, "tmp-1", "medium EX-1"},
		"other resource":    {detect.Options{Exceptions: exceptions, Now: at(1)}, "shop", "medium "},
		"expired":           {detect.Options{Exceptions: exceptions, Now: at(60)}, "tmp-1", "medium "},
		"by the event":      {detect.Options{Exceptions: exceptions}, "tmp-1", "medium EX-1"},
		"trusted":           {detect.Options{Trusted: network, Now: at(1)}, "shop", "medium trusted-network 198.51.100.0/24"},
		"trusted till then": {detect.Options{Trusted: network, Now: at(6)}, "shop", "medium "},
		"off":               {detect.Options{Switched: switched, Now: at(1)}, "shop", ""},
		"off till then":     {detect.Options{Switched: switched, Now: at(6)}, "shop", "medium "},
	} {
		t.Run(name, func(t *testing.T) {
			got := ""
			for _, a := range feed(t, detector(t, all, test.o), [][]byte{deleted(1, 0, test.bucket)}) {
				got += string(a.Severity) + " " + a.Exception
			}
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// An alert of many events is lived with only where each of them is: the last one alone
// says little of who did it, and from where.
func TestEachEventOfACorrelationIsDecidedAbout(t *testing.T) {
	all := load(t, many)
	exceptions, err := finding.ParseExceptions("x.yaml", []byte(`
- id: EX-1
  controls: [many-deleted]
  scope: {principals: ["*:role/ops"], sources: [198.51.100.0/24]}
  owner: a@example.com
  approver: b@example.com
  reason: Buckets for tests come and go.
  created: 2026-03-01
  expires: 2026-04-01
`))
	if err != nil {
		t.Fatal(err)
	}
	trusted := []detect.Network{{Range: netip.MustParsePrefix("198.51.100.0/24"), Owner: "net@example.com", Reason: "office"}}
	for name, test := range map[string]struct {
		o       detect.Options
		sources []string
		want    string
	}{
		"all trusted":         {detect.Options{Trusted: trusted}, []string{"198.51.100.7", "198.51.100.8", "198.51.100.9"}, "trusted-network 198.51.100.0/24"},
		"the last is not":     {detect.Options{Trusted: trusted}, []string{"198.51.100.7", "198.51.100.8", "203.0.113.9"}, ""},
		"the first is not":    {detect.Options{Trusted: trusted}, []string{"203.0.113.9", "198.51.100.8", "198.51.100.9"}, ""},
		"by way of a service": {detect.Options{Trusted: trusted}, []string{"cloudformation.amazonaws.com", "198.51.100.8", "198.51.100.9"}, "trusted-network 198.51.100.0/24"},
		"covered":             {detect.Options{Exceptions: exceptions}, []string{"198.51.100.7", "198.51.100.8", "198.51.100.9"}, "EX-1"},
		"covered in part":     {detect.Options{Exceptions: exceptions}, []string{"203.0.113.9", "198.51.100.8", "198.51.100.9"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var events [][]byte
			for i, source := range test.sources {
				events = append(events, event(i, time.Duration(i)*time.Second, map[string]any{
					"eventName": "DeleteBucket", "sourceIPAddress": source, "requestParameters": map[string]any{"bucketName": fmt.Sprint("b-", i)}}))
			}
			d := detector(t, all, test.o)
			alerts := append(feed(t, d, events), flush(t, d)...)
			if len(alerts) != 1 || alerts[0].Exception != test.want {
				t.Errorf("got %+v, want one with exception %q", alerts, test.want)
			}
		})
	}
}

// Correlations that share a rule each get to know what they ask for.
func TestCorrelationsShareARule(t *testing.T) {
	other := strings.NewReplacer("many-deleted\n", "all-deleted\n", "7a02", "7a04", "[requestParameters.bucketName]\n  message", "[requestParameters.owner]\n  message",
		"${value} buckets", "As ${requestParameters.owner} asked, ${value} buckets").Replace(many[strings.Index(many, "---\n")+4:])
	d := detector(t, append(load(t, many), load(t, other)...), detect.Options{})
	var events [][]byte
	for i := range 3 {
		events = append(events, event(i, time.Duration(i)*time.Second, map[string]any{
			"eventName": "DeleteBucket", "requestParameters": map[string]any{"bucketName": fmt.Sprint("b-", i), "owner": "bob"}}))
	}
	got := map[string]string{}
	for _, a := range append(feed(t, d, events), flush(t, d)...) {
		got[a.Rule] = a.Resource + ": " + a.Message
	}
	const who = "arn:aws:sts::111122223333:assumed-role/ops/alice"
	if got["many-deleted"] != "b-2: 3 buckets deleted by "+who+", b-2 last." || got["all-deleted"] != "bob: As bob asked, 3 buckets deleted by "+who+", b-2 last." {
		t.Errorf("got %q", got)
	}
}

// A decision about a detection that is not there would be without effect.
func TestDecisionsAboutNothingAreRefused(t *testing.T) {
	for name, o := range map[string]detect.Options{
		"off":       {Switched: []detect.Switch{{Rule: "bucket-delete"}}},
		"severity":  {Severity: map[string]finding.Severity{"bucket-delete": finding.Low}},
		"params":    {Params: map[string]map[string]any{"bucket-delete": {}}},
		"no params": {Params: map[string]map[string]any{"bucket-deleted": {"x": 1}}},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := detect.New(load(t, whole), o)
			if err == nil || !strings.Contains(err.Error(), "bucket-delete") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestOff(t *testing.T) {
	text := strings.Replace(whole, "[management]", "['data:AWS::S3::Object']", 1)
	reason := func(d *detect.Detector) string {
		out := ""
		for _, o := range d.Off() {
			out += fmt.Sprintf("%s %s: %s; ", o.Rule, o.Why, o.Reason)
		}
		return out
	}
	const blind = "bucket-deleted blind: needs data events of AWS::S3::Object, of which nothing was seen; "
	d := detector(t, load(t, text), detect.Options{})
	if got := reason(d); got != "" {
		t.Errorf("before anything is known: %q", got)
	}
	feed(t, d, [][]byte{event(1, 0, nil)})
	if got := reason(d); got != blind {
		t.Errorf("with management events: %q", got)
	}
	state, err := d.Save()
	if err != nil {
		t.Fatal(err)
	}
	feed(t, d, [][]byte{event(2, 0, map[string]any{"eventCategory": "Data"})})
	if got := reason(d); got != "" {
		t.Errorf("with data events: %q", got)
	}
	later := detector(t, load(t, text), detect.Options{})
	if _, err := later.Load(state); err != nil || reason(later) != blind {
		t.Errorf("read back: %q, %v", reason(later), err)
	}
	if got := reason(detector(t, load(t, text), detect.Options{Logs: []string{"management"}})); got != blind {
		t.Errorf("as the store knows: %q", got)
	}
	if got := reason(detector(t, load(t, text), detect.Options{Logs: []string{"data:AWS::S3::Object"}})); got != "" {
		t.Errorf("as the store knows: %q", got)
	}
	switched := detect.Options{Switched: []detect.Switch{{Rule: "bucket-deleted", Owner: "me", Reason: "noise"}}}
	if got := reason(detector(t, load(t, text), switched)); got != "bucket-deleted switched-off: switched off by me: noise; " {
		t.Errorf("switched off: %q", got)
	}
	refused, refusals, err := detect.New(load(t, "title: Of placeholders\nlogsource: {product: aws, service: cloudtrail}\ndetection: {s: {'eventName|expand': '%names%'}, condition: s}\n"), detect.Options{})
	if err != nil || len(refusals) != 1 || !strings.HasPrefix(reason(refused), "Of placeholders refused: it was refused: ") || refused.Count() != 0 {
		t.Errorf("refused: %v %v %q", err, refusals, reason(refused))
	}
}

func TestStatesFromElsewhereAreRefused(t *testing.T) {
	d := detector(t, load(t, many), detect.Options{})
	for _, state := range []string{"", "{", `{"version":99}`, `{"version":1}`, `{"version":1,"correlations":{"version":7}}`} {
		if _, err := d.Load([]byte(state)); err == nil {
			t.Errorf("%q is taken", state)
		}
	}
	feed(t, d, [][]byte{deleted(1, 0, "a")})
	state, err := d.Save()
	if err != nil {
		t.Fatal(err)
	}
	other := detector(t, load(t, whole), detect.Options{})
	forgotten, err := other.Load(state)
	if err != nil || len(forgotten) == 0 {
		t.Errorf("forgotten %v, %v", forgotten, err)
	}
}

// Parameters that make an analytic look at something else leave its state behind, and
// nothing of the others'.
func TestStateOfOtherParametersIsForgotten(t *testing.T) {
	first := func(of string) *detect.Detector {
		return detector(t, append(load(t, many), load(t, `title: First
id: 3f0c7a52-6f5d-4c0e-9a57-0f6d3b1f7a09
name: first
level: low
logsource: {product: aws, service: cloudtrail}
analytic: first-seen
params: {of: `+of+`}
holdfast: {needs: [management]}
`)...), detect.Options{})
	}
	d := first("region")
	feed(t, d, [][]byte{deleted(1, 0, "a"), deleted(2, time.Second, "b")})
	state, err := d.Save()
	if err != nil {
		t.Fatal(err)
	}
	if forgotten, err := first("region").Load(state); err != nil || len(forgotten) > 0 {
		t.Errorf("the same: forgotten %v, %v", forgotten, err)
	}
	later := first("user-agent")
	if forgotten, err := later.Load(state); err != nil || !slices.Equal(forgotten, []string{"first"}) {
		t.Fatalf("another: forgotten %v, %v", forgotten, err)
	}
	alerts := append(feed(t, later, [][]byte{deleted(3, 2*time.Second, "c")}), flush(t, later)...)
	if len(alerts) != 1 || alerts[0].Rule != "many-deleted" {
		t.Errorf("the correlation does not go on: %+v", alerts)
	}
}

// Other logs' detections are left to their own detectors, and rules of logs that nobody
// reads here are refused.
func TestLogs(t *testing.T) {
	flows := "title: F\nlogsource: {product: aws, service: vpcflow}\ndetection: {s: {a: b}, condition: s}\n"
	d, refusals, err := detect.New(load(t, flows), detect.Options{})
	if err != nil || len(refusals) > 0 || d.Count() != 0 {
		t.Errorf("%v %v %d", err, refusals, d.Count())
	}
	windows := "title: W\nlogsource: {product: windows}\ndetection: {s: {a: b}, condition: s}\n"
	if _, refusals, err = detect.New(load(t, windows), detect.Options{}); err != nil || len(refusals) != 1 {
		t.Errorf("%v %v", err, refusals)
	}
	for _, test := range []struct {
		a    analytic.Activity
		want string
	}{
		{analytic.Activity{}, "management"}, {analytic.Activity{Data: true, Service: "lambda.amazonaws.com"}, "data:AWS::Lambda::Function"},
		{analytic.Activity{Data: true, Service: "new.amazonaws.com"}, "data:new.amazonaws.com"}, {analytic.Activity{EventType: "AwsVpceEvent"}, "network"},
		{analytic.Activity{EventType: "AwsCloudTrailInsight"}, "insights"},
	} {
		if got := detect.LogOf(&test.a); got != test.want {
			t.Errorf("%+v is %q, not %q", test.a, got, test.want)
		}
	}
}

// Nothing is allocated for an event of which nothing comes.
func TestQuietEventsCostNoMemory(t *testing.T) {
	all, o := knowledge(t)
	d := detector(t, all, o)
	w, seen := d.Worker(), &detect.Seen{}
	e := quiet{detect.NewRaw(event(1, 0, map[string]any{"eventSource": "sqs.amazonaws.com", "eventName": "ReceiveMessage", "readOnly": true}))}
	look := func() {
		seen.Reset()
		w.Look(0, e, seen)
	}
	look()
	if n := testing.AllocsPerRun(100, look); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// quiet is an event whose activity costs nothing, so that the detector's own cost is
// seen.
type quiet struct{ *detect.Raw }

func (quiet) Activity(a *analytic.Activity) {
	*a = analytic.Activity{ID: "e", Time: start, Account: "111122223333", Service: "sqs.amazonaws.com", Name: "ReceiveMessage", Data: true, ReadOnly: true, PrincipalType: "AWSService"}
}

// A correlation of the user's does not take the voice of the catalogue's detections.
func TestCatalogueIsNotSilenced(t *testing.T) {
	all, err := detect.Load(catalogue(whole), "d")
	if err != nil {
		t.Fatal(err)
	}
	own := load(t, "title: Often\nname: often\ncorrelation: {type: event_count, rules: [bucket-deleted], timespan: 1h, condition: {gte: 2}}\n")
	d := detector(t, append(all, own...), detect.Options{})
	alerts := append(feed(t, d, [][]byte{deleted(1, 0, "a"), deleted(2, time.Minute, "b")}), flush(t, d)...)
	var rules []string
	for _, a := range alerts {
		rules = append(rules, a.Rule)
	}
	if !slices.Equal(rules, []string{"bucket-deleted", "bucket-deleted", "often"}) {
		t.Errorf("%q", rules)
	}
	if last := alerts[2]; last.Account != "111122223333" || last.Principal != "arn:aws:iam::111122223333:role/ops" || last.Resource != last.Principal || last.Count != 2 || last.EventID != "e-002" || last.Severity != finding.Medium {
		t.Errorf("%+v", last)
	}
}

// A record without a time still speaks.
func TestTimelessRecordsSpeak(t *testing.T) {
	d := detector(t, load(t, whole), detect.Options{})
	timeless := event(2, 0, map[string]any{"eventName": "DeleteBucket", "eventTime": "yesterday"})
	alerts := feed(t, d, [][]byte{event(1, time.Hour, nil), deleted(3, 2*time.Hour, "a"), timeless})
	if len(alerts) != 2 || !alerts[1].Time.Equal(start.Add(2*time.Hour)) {
		t.Errorf("%+v", alerts)
	}
}
