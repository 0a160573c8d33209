package storetest

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/finding"
	"holdfast.dev/holdfast/internal/store"
)

const quiet = 30 * 24 * time.Hour

// alerting is alert number i about a resource, an hour after the one before.
func alerting(i int, resource string) store.Alert {
	return store.Alert{Alert: finding.Alert{
		Rule: "trail-stopped", Title: "A trail was stopped", Severity: finding.High, EventID: fmt.Sprintf("event-%d", i), Time: at(i),
		Account: account, Region: region, Service: "cloudtrail.amazonaws.com", Name: "StopLogging", Principal: "arn:aws:iam::111122223333:user/eve", SourceIP: "198.51.100.7",
		Resource: resource, Message: fmt.Sprintf("eve stopped %s", resource), Count: 1, First: at(i), Last: at(i),
		Techniques: []string{"T1685.002"}, Objective: "log-integrity", Playbook: "trail-tampered",
	}, Type: "AWS::CloudTrail::Trail", Practices: []string{"BP04"}}
}

// readDays are readings of one Region from one day up to another, of n events each.
func readDays(where string, from, to, n int) []store.Reading {
	var out []store.Reading
	for d := from; d < to; d++ {
		day := t0.AddDate(0, 0, d)
		out = append(out, store.Reading{Account: account, Region: where, Day: day, Events: n, First: day.Add(time.Hour), Last: day.Add(23 * time.Hour), Logs: []string{"management"}})
	}
	return out
}

func record(t fataler, s *store.Store, hour int, r store.Recording) (int64, store.Changes) {
	t.Helper()
	if r.Source == "" {
		r.Source = "logs"
	}
	if r.Quiet == 0 {
		r.Quiet = quiet
	}
	r.At = at(hour)
	n, changes, err := s.Record(ctx, begin(t, s, "detect"), r)
	if err != nil {
		t.Fatal(err)
	}
	return n, changes
}

func detections(t fataler, s *store.Store) []finding.Finding {
	t.Helper()
	return collect(t, s.Findings(ctx, store.FindingQuery{Kinds: []finding.Kind{finding.Detection}}))
}

func standing(t fataler, s *store.Store) string {
	t.Helper()
	var out []string
	for _, f := range detections(t, s) {
		out = append(out, fmt.Sprintf("%s %s %s %d", f.Resource, f.Status, f.Verdict, f.Alerts))
	}
	return strings.Join(out, "; ")
}

func alertsAddUp(t *testing.T, open func(testing.TB) *store.Store) {
	s := open(t)
	alerts := []store.Alert{alerting(3, "main"), alerting(1, "main"), alerting(2, "other"), alerting(3, "main")}
	_, changes := record(t, s, 10, store.Recording{Alerts: alerts})
	if changes.New != 2 {
		t.Errorf("changes: %+v", changes)
	}
	want := finding.Finding{
		ID: store.FindingOf(alerting(1, "main").Alert), Kind: finding.Detection, Verdict: finding.Fail, Rule: "trail-stopped", Title: "A trail was stopped", Severity: finding.High,
		Type: "AWS::CloudTrail::Trail", Resource: "main", Account: account, Region: region, Message: "eve stopped main", Objective: "log-integrity", Practices: []string{"BP04"},
		Alerts: 2, Techniques: []string{"T1685.002"}, Playbook: "trail-tampered",
		State: finding.State{Status: finding.New, FirstSeen: at(1), LastSeen: at(3), Opened: at(10), Due: finding.DueBy(finding.High, at(10))},
	}
	if diff := cmp.Diff(want, detections(t, s)[0]); diff != "" {
		t.Error(diff)
	}
	kept, err := s.Alerts(ctx, want.ID)
	if err != nil || len(kept) != 2 || kept[0].EventID != "event-3" || kept[1].EventID != "event-1" {
		t.Errorf("the alerts: %+v, %v", kept, err)
	}
	if _, changes := record(t, s, 11, store.Recording{Alerts: alerts}); changes != (store.Changes{Unchanged: 2}) {
		t.Errorf("the same again: %+v", changes)
	}
	if got := detections(t, s)[0]; got.Alerts != 2 || !got.LastSeen.Equal(at(3)) {
		t.Errorf("the same again counts: %+v", got)
	}
	history, err := s.FindingHistory(ctx, want.ID)
	if err != nil || len(history) != 1 || !history[0].At.Equal(at(10)) || history[0].Status != finding.New {
		t.Errorf("history: %+v, %v", history, err)
	}
}

// An earlier review is read with the detections of its time.
func detectionsAsOf(t *testing.T, open func(testing.TB) *store.Store) {
	s := open(t)
	before := reviewed(t, s, 1, failing(1, finding.Low))
	record(t, s, 2, store.Recording{Alerts: []store.Alert{alerting(1, "main")}})
	between := reviewed(t, s, 3, failing(1, finding.Low))
	covered := func(*finding.Finding) (string, bool) { return "EX-1", true }
	if _, err := s.SettleDetections(ctx, begin(t, s, "review"), at(4), covered, quiet); err != nil {
		t.Fatal(err)
	}
	after := reviewed(t, s, 4, failing(1, finding.Low))
	for run, want := range map[int64]string{before.ID: "", between.ID: "FAIL", after.ID: "EXCEPTED"} {
		got := ""
		for _, f := range collect(t, s.Findings(ctx, store.FindingQuery{AsOfRun: run, Kinds: []finding.Kind{finding.Detection}})) {
			got += string(f.Verdict)
		}
		if got != want {
			t.Errorf("as of run %d: %q, want %q", run, got, want)
		}
	}
}

// Neither kind touches the other's findings.
func kindsApart(t *testing.T, open func(testing.TB) *store.Store) {
	s := open(t)
	record(t, s, 10, store.Recording{Alerts: []store.Alert{alerting(1, "main")}})
	reviewed(t, s, 11, failing(1, finding.Low))
	reviewed(t, s, 12, failing(1, finding.Low))
	record(t, s, 13, store.Recording{})
	list := collect(t, s.Findings(ctx, store.FindingQuery{}))
	if len(list) != 2 || list[0].Kind != finding.Detection || list[0].Status != finding.Open || list[1].Kind != finding.Control || list[1].Status != finding.Open {
		t.Errorf("%+v", list)
	}
	if !list[0].LastSeen.Equal(at(1)) || !list[1].LastSeen.Equal(at(12)) {
		t.Errorf("last seen %s and %s", list[0].LastSeen, list[1].LastSeen)
	}
	controls := collect(t, s.Findings(ctx, store.FindingQuery{Kinds: []finding.Kind{finding.Control}}))
	if len(controls) != 1 || controls[0].Kind != finding.Control {
		t.Errorf("only controls: %+v", controls)
	}
	reviewed(t, s, 14)
	if got := standing(t, s); got != "main open FAIL 1" {
		t.Errorf("a review that yields nothing: %s", got)
	}
}

func quietResolves(t *testing.T, open func(testing.TB) *store.Store) {
	const day, month = 24, 24 * 30
	settle := func(s *store.Store, hour int) {
		if _, err := s.SettleDetections(ctx, begin(t, s, "review"), at(hour), nil, quiet); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name string
		read []store.Reading
		gaps []evidence.Gap
		hour int
		want string
	}{
		{"never without logs", nil, nil, month * 3, "main open FAIL 1"},
		{"not before its time", readDays(region, 0, 40, 5), nil, month, "main open FAIL 1"},
		{"after a month of logs", readDays(region, 0, 40, 5), nil, month + 10, "main resolved PASS 1"},
		{"not with a day missing", append(readDays(region, 0, 12, 5), readDays(region, 13, 40, 5)...), nil, month * 2, "main open FAIL 1"},
		{"another Region's logs show that those of the account came", append(readDays("eu-north-1", 0, 40, 5), readDays(region, 7, 8, 1)...), nil, month + 10, "main resolved PASS 1"},
		{"but not that those of this Region do", readDays("eu-north-1", 0, 40, 5), nil, month + 10, "main open FAIL 1"},
		{"not with a file that could not be read", readDays(region, 0, 40, 5),
			[]evidence.Gap{{Account: account, Region: region, Resource: "111122223333_CloudTrail_eu-west-1_20261110T0005Z_x.json.gz", Reason: evidence.Corrupt}}, month + 10, "main open FAIL 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := open(t)
			record(t, s, 9, store.Recording{Alerts: []store.Alert{alerting(1, "main")}})
			record(t, s, month, store.Recording{Read: c.read, Gaps: c.gaps})
			reviewed(t, s, month)
			settle(s, c.hour)
			if got := standing(t, s); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
	t.Run("old activity waits to be looked at", func(t *testing.T) {
		s := open(t)
		record(t, s, month*3, store.Recording{Alerts: []store.Alert{alerting(1, "main")}, Read: readDays(region, 0, 80, 5)})
		settle(s, month*3+day)
		if got := standing(t, s); got != "main new FAIL 1" {
			t.Error(got)
		}
	})
	t.Run("it comes back", func(t *testing.T) {
		s := open(t)
		record(t, s, 9, store.Recording{Alerts: []store.Alert{alerting(5, "main")}})
		record(t, s, month+9, store.Recording{Read: readDays(region, 0, 40, 5)})
		id := detections(t, s)[0].ID
		record(t, s, month+10, store.Recording{Alerts: []store.Alert{alerting(4, "main")}})
		if got := standing(t, s); got != "main resolved PASS 2" {
			t.Errorf("a late alert: %s", got)
		}
		record(t, s, month+12, store.Recording{Alerts: []store.Alert{alerting(month+11, "main")}})
		if got := standing(t, s); got != "main reopened FAIL 3" {
			t.Errorf("a new alert: %s", got)
		}
		history, err := s.FindingHistory(ctx, id)
		var told []string
		for _, h := range history {
			told = append(told, fmt.Sprintf("%s %s", h.At.Sub(t0), h.Status))
		}
		if got := strings.Join(told, ", "); err != nil || got != "9h0m0s new, 729h0m0s resolved, 732h0m0s reopened" {
			t.Errorf("history: %s, %v", got, err)
		}
	})
}

func exceptedDetections(t *testing.T, open func(testing.TB) *store.Store) {
	s := open(t)
	covered := alerting(1, "main")
	covered.Exception = "EX-1"
	except := func(ids ...string) func(*finding.Finding) (string, bool) {
		return func(f *finding.Finding) (string, bool) {
			for _, id := range ids {
				if id == f.Exception || id == "EX-2" {
					return id, true
				}
			}
			return "", false
		}
	}
	step := func(what, want string) {
		t.Helper()
		if got := standing(t, s); got != want {
			t.Errorf("%s: %s, want %s", what, got, want)
		}
	}
	record(t, s, 9, store.Recording{Alerts: []store.Alert{covered}, Excepts: except("EX-1")})
	step("a covered alert", "main new EXCEPTED 1")
	record(t, s, 10, store.Recording{Alerts: []store.Alert{alerting(2, "main")}, Excepts: except("EX-1")})
	step("one that is not", "main new FAIL 2")
	later := alerting(3, "main")
	later.Exception = "EX-1"
	record(t, s, 11, store.Recording{Alerts: []store.Alert{later}, Excepts: except("EX-1")})
	step("a covered one hides none before it", "main new FAIL 3")
	for _, c := range []struct{ exception, want string }{{"EX-2", "main new EXCEPTED 3"}, {"EX-3", "main new FAIL 3"}} {
		if _, err := s.SettleDetections(ctx, begin(t, s, "review"), at(12), except(c.exception), quiet); err != nil {
			t.Fatal(err)
		}
		step("a review with "+c.exception, c.want)
	}
}

// However the same alerts are cut into recordings, in whatever order, and however
// often they come again, the findings are the same.
func alertsModel(t *testing.T, open func(testing.TB) *store.Store) {
	rapid.Check(t, func(rt *rapid.T) {
		s := open(t)
		defer s.Close()
		hours := map[string]map[int]bool{}
		for n := range rapid.IntRange(1, 6).Draw(rt, "recordings") {
			var alerts []store.Alert
			for range rapid.IntRange(0, 8).Draw(rt, "alerts") {
				i, resource := rapid.IntRange(0, 60).Draw(rt, "hour"), rapid.SampledFrom([]string{"a", "b"}).Draw(rt, "resource")
				alerts = append(alerts, alerting(i, resource))
				if hours[resource] == nil {
					hours[resource] = map[int]bool{}
				}
				hours[resource][i] = true
			}
			record(rt, s, 100+n, store.Recording{Alerts: alerts})
		}
		for _, f := range detections(rt, s) {
			first, last := at(1000), time.Time{}
			for i := range hours[f.Resource] {
				if at(i).Before(first) {
					first = at(i)
				}
				if at(i).After(last) {
					last = at(i)
				}
			}
			if f.Alerts != len(hours[f.Resource]) || !f.FirstSeen.Equal(first) || !f.LastSeen.Equal(last) {
				rt.Fatalf("%s: %d alerts from %s to %s, want %d from %s to %s", f.Resource, f.Alerts, f.FirstSeen, f.LastSeen, len(hours[f.Resource]), first, last)
			}
			delete(hours, f.Resource)
		}
		if len(hours) > 0 {
			rt.Fatalf("no finding of %v", hours)
		}
	})
}

// A day with more alerts than are told apart is counted once all the same.
func manyAlerts(t *testing.T, open func(testing.TB) *store.Store) {
	s := open(t)
	const n = 6000
	var alerts []store.Alert
	for i := range n {
		a := alerting(0, "main")
		a.EventID, a.Time = fmt.Sprintf("e%d", i), t0.Add(time.Duration(i)*time.Second)
		alerts = append(alerts, a)
	}
	for range 2 {
		for from := 0; from < n; from += 1000 {
			record(t, s, 30, store.Recording{Alerts: alerts[from : from+1000]})
		}
		if got := standing(t, s); got != "main new FAIL 6000" {
			t.Errorf("%s", got)
		}
	}
	kept, err := s.Alerts(ctx, detections(t, s)[0].ID)
	if err != nil || len(kept) == 0 || len(kept) > 100 || kept[0].EventID != "e5999" {
		t.Errorf("%d alerts are kept, %v", len(kept), err)
	}
}

func goingOn(t *testing.T, open func(testing.TB) *store.Store) {
	s := open(t)
	if state, n, err := s.DetectorState(ctx, "logs", 0); state != nil || n != 0 || err != nil {
		t.Errorf("before anything: %q, %d, %v", state, n, err)
	}
	stretch := func(after int64, state string, read ...store.Reading) int64 {
		n, _ := record(t, s, 48, store.Recording{After: after, State: []byte(state), Read: read})
		return n
	}
	one := stretch(0, "one", readDays(region, 0, 1, 10)...)
	two := stretch(one, "two", readDays(region, 0, 1, 5)...)
	stretch(one, "again", readDays(region, 0, 1, 5)...) // two was lost: the process ended before it had noted it
	state, n, err := s.DetectorState(ctx, "logs", 0)
	if err != nil || string(state) != "again" || n <= two {
		t.Errorf("the latest: %q, %d, %v", state, n, err)
	}
	if state, _, err := s.DetectorState(ctx, "logs", one); err != nil || string(state) != "one" {
		t.Errorf("the one before: %q, %v", state, err)
	}
	if _, _, err := s.DetectorState(ctx, "logs", two); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("one that was replaced: %v", err)
	}
	if _, _, err := s.Record(ctx, begin(t, s, "detect"), store.Recording{At: at(49), Source: "logs", After: 999}); !errors.Is(err, store.ErrInput) {
		t.Errorf("after one that is not there: %v", err)
	}
	events := func() int {
		list, err := s.Activity(ctx, t0, t0)
		if err != nil || len(list) != 1 {
			t.Fatalf("%v, %v", list, err)
		}
		return list[0].Events
	}
	if got := events(); got != 15 {
		t.Errorf("%d events of the chain, want 15", got)
	}
	stretch(0, "anew", readDays(region, 0, 1, 12)...)
	for range 5 { // others who read the same leave the chain alone
		record(t, s, 49, store.Recording{Read: readDays(region, 0, 1, 12)})
	}
	last := stretch(two+1, "on")
	if state, _, err := s.DetectorState(ctx, "logs", last); err != nil || string(state) != "on" {
		t.Errorf("the chain goes on: %q, %v", state, err)
	}
	if got := events(); got != 15 {
		t.Errorf("%d events once the day was read from the start again, want 15", got)
	}
}

func activityEvidence(t *testing.T, open func(testing.TB) *store.Store) {
	s := open(t)
	status := func(hour int) map[string]any {
		t.Helper()
		var d evidence.Decoder
		for rec, err := range s.Records(ctx, at(hour), store.Query{Types: []string{store.TypeActivity}}) {
			if err != nil {
				t.Fatal(err)
			}
			r, err := rec.Resource(&d)
			if err != nil {
				t.Fatal(err)
			}
			return r.Properties
		}
		return nil
	}
	broken := evidence.Gap{Account: account, Region: region, Service: "cloudtrail", Operation: "ReadLogs", Resource: "x/111122223333_CloudTrail_eu-west-1_20261102T0005Z_a.json.gz", Reason: evidence.Corrupt}
	one, _ := record(t, s, 30, store.Recording{Read: readDays(region, 0, 2, 5), Gaps: []evidence.Gap{broken}})
	want := map[string]any{"Name": region, "DaysRead": int64(2), "Logs": []any{"management"}, "FirstDay": "2026-11-01T00:00:00Z", "LastDay": "2026-11-02T00:00:00Z",
		"Whole": evidence.Unknown{Reason: "1 log file of 2026-11-02 could not be read"}}
	if diff := cmp.Diff(want, status(30)); diff != "" {
		t.Error(diff)
	}
	gaps, err := s.Gaps(ctx, at(30))
	if diff := cmp.Diff([]evidence.Gap{broken}, gaps); diff != "" || err != nil {
		t.Error(diff, err)
	}
	other := broken
	other.Resource = strings.Replace(other.Resource, "_a.", "_b.", 1)
	record(t, s, 31, store.Recording{After: one, Gaps: []evidence.Gap{other}, Read: readDays(region, 1, 2, 3)})
	if gaps, err := s.Gaps(ctx, at(31)); err != nil || len(gaps) != 2 {
		t.Errorf("more files of the day: %v, %v", gaps, err)
	}
	record(t, s, 32, store.Recording{Read: readDays(region, 1, 3, 8)})
	if gaps, err := s.Gaps(ctx, at(32)); err != nil || len(gaps) != 0 {
		t.Errorf("after the day was read again, whole: %v, %v", gaps, err)
	}
	want["DaysRead"], want["LastDay"], want["Whole"] = int64(3), "2026-11-03T00:00:00Z", true
	if diff := cmp.Diff(want, status(32)); diff != "" {
		t.Error(diff)
	}
	if gaps, err := s.Gaps(ctx, at(31)); err != nil || len(gaps) != 2 {
		t.Errorf("the past has changed: %v, %v", gaps, err)
	}
}

// A Region that is enabled and of which nothing came is UNKNOWN, and what detections
// lack stands beside it.
func silentRegions(t *testing.T, open func(testing.TB) *store.Store) {
	s := open(t)
	enabled := []*evidence.Resource{
		{Type: "Holdfast::Region", ID: region, Account: account, Region: region, Properties: map[string]any{"Name": region}},
		{Type: "Holdfast::Region", ID: "sa-east-1", Account: account, Region: "sa-east-1", Properties: map[string]any{"Name": "sa-east-1"}},
	}
	apply(t, s, begin(t, s, "collect"), store.Batch{At: at(0), Account: account, Unit: "account", Resources: enabled})
	record(t, s, 30, store.Recording{Read: readDays(region, 0, 2, 5), Off: []store.Off{{Rule: "mass-delete", Reason: "needs data events", Needs: []string{"data:AWS::S3::Object"}}}})
	got := map[string]map[string]any{}
	var d evidence.Decoder
	for rec, err := range s.Records(ctx, at(30), store.Query{Types: []string{store.TypeActivity, store.TypeDetecting}}) {
		if err != nil {
			t.Fatal(err)
		}
		r, err := rec.Resource(&d)
		if err != nil {
			t.Fatal(err)
		}
		got[r.ID] = r.Properties
	}
	if _, unknown := got["sa-east-1"]["LastDay"].(evidence.Unknown); !unknown || got["sa-east-1"]["DaysRead"] != int64(0) {
		t.Errorf("the silent Region: %v", got["sa-east-1"])
	}
	if got[region]["LastDay"] != "2026-11-02T00:00:00Z" {
		t.Errorf("the Region that was read: %v", got[region])
	}
	want := map[string]any{"Logs": []any{"management"}, "DetectionsOff": []any{map[string]any{"Rule": "mass-delete", "Reason": "needs data events", "Needs": []any{"data:AWS::S3::Object"}}}}
	if diff := cmp.Diff(want, got[account]); diff != "" {
		t.Error(diff)
	}
	latest, err := s.Detecting(ctx, at(30))
	if err != nil || len(latest) != 1 || latest[0].Source != "logs" || len(latest[0].Off) != 1 || latest[0].Off[0].Rule != "mass-delete" {
		t.Errorf("%+v, %v", latest, err)
	}
	if latest, err := s.Detecting(ctx, at(29)); err != nil || len(latest) != 0 {
		t.Errorf("before that: %+v, %v", latest, err)
	}
}

func recordingsRefused(t *testing.T, open func(testing.TB) *store.Store) {
	s := open(t)
	run := begin(t, s, "detect")
	odd := func(change func(*store.Alert)) store.Recording {
		a := alerting(1, "main")
		change(&a)
		return store.Recording{At: at(1), Source: "logs", Alerts: []store.Alert{alerting(2, "main"), a}}
	}
	for name, r := range map[string]store.Recording{
		"no source":    {At: at(1)},
		"no rule":      odd(func(a *store.Alert) { a.Rule = "" }),
		"odd severity": odd(func(a *store.Alert) { a.Severity = "dire" }),
		"no time":      odd(func(a *store.Alert) { a.Time = time.Time{} }),
		"no day":       {At: at(1), Source: "logs", Read: []store.Reading{{Account: account, Region: region}}},
	} {
		if _, _, err := s.Record(ctx, run, r); !errors.Is(err, store.ErrInput) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := standing(t, s); got != "" {
		t.Errorf("a refused recording left traces: %s", got)
	}
	huge := alerting(3, strings.Repeat("x", 1<<20))
	record(t, s, 5, store.Recording{Alerts: []store.Alert{huge}})
	if f := detections(t, s); len(f) != 1 || len(f[0].Resource) > 8<<10 {
		t.Errorf("a resource of a megabyte is stored whole")
	}
}
