package storetest

import (
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/finding"
	"holdfast.dev/holdfast/internal/store"
)

// ledger is the model of stored findings: finding.Advance applied to all.
type ledger map[string]finding.Finding

func (l ledger) review(hour int, yielded map[string]finding.Finding) {
	for id, f := range yielded {
		state, keep := finding.Advance(l[id].State, f.Verdict, f.Severity, at(hour))
		if keep {
			f.State = state
			l[id] = f
		}
	}
	for id, f := range l {
		if _, ok := yielded[id]; ok || f.Verdict == finding.Pass {
			continue
		}
		f.State, _ = finding.Advance(f.State, finding.Pass, f.Severity, at(hour))
		f.Verdict, f.Message, f.Exception, f.PreventedBy = finding.Pass, "", "", ""
		l[id] = f
	}
}

func (l ledger) sorted() []finding.Finding {
	return slices.SortedFunc(maps.Values(l), func(a, b finding.Finding) int {
		if finding.Before(a, b) {
			return -1
		}
		return 1
	})
}

// However reviews follow one another, the stored findings are what Advance
// says, and every earlier review can still be read as it was.
func findingsModel(t *testing.T, open func(testing.TB) *store.Store) {
	severities := finding.Severities[:]
	verdicts := []finding.Verdict{finding.Fail, finding.Excepted, finding.Prevented, finding.Unknown, finding.Error}
	rapid.Check(t, func(rt *rapid.T) {
		s := open(t)
		defer s.Close()
		model := ledger{}
		asOf := map[int64][]finding.Finding{}
		hour := 0
		for range rapid.IntRange(1, 6).Draw(rt, "reviews") {
			hour += rapid.IntRange(0, 2).Draw(rt, "later")
			yielded := map[string]finding.Finding{}
			for range rapid.IntRange(0, 6).Draw(rt, "findings") {
				f := failing(rapid.IntRange(0, 3).Draw(rt, "resource"), rapid.SampledFrom(severities[:2]).Draw(rt, "rule"))
				f.Severity = rapid.SampledFrom(severities).Draw(rt, "severity")
				f.Verdict = rapid.SampledFrom(verdicts).Draw(rt, "verdict")
				f.Message = rapid.SampledFrom([]string{"one", "two"}).Draw(rt, "message")
				if f.Verdict == finding.Excepted {
					f.Exception = "EX-1"
				}
				yielded[f.ID] = f
			}
			run := begin(rt, s, "review")
			before := maps.Clone(model)
			model.review(hour, yielded)
			ch, err := s.ApplyFindings(ctx, run, at(hour), each(slices.Collect(maps.Values(yielded))...))
			if err != nil {
				rt.Fatal(err)
			}
			if got, want := ch, changes(before, model); got.New != want.New || got.Reopened != want.Reopened || got.Resolved != want.Resolved || got.Changed+got.Unchanged != want.Changed+want.Unchanged {
				rt.Fatalf("changes are %+v, want %+v", got, want)
			}
			asOf[run.ID] = model.sorted()
			if diff := cmp.Diff(asOf[run.ID], collect(rt, s.Findings(ctx, store.FindingQuery{}))); diff != "" {
				rt.Fatalf("after run %d: %s", run.ID, diff)
			}
		}
		for run, want := range asOf {
			if diff := cmp.Diff(want, collect(rt, s.Findings(ctx, store.FindingQuery{AsOfRun: run}))); diff != "" {
				rt.Fatalf("as of run %d: %s", run, diff)
			}
		}
	})
}

func changes(before, after ledger) (c store.Changes) {
	for id, f := range after {
		was := before[id]
		switch {
		case was.ID == "":
			c.New++
		case !was.Live() && f.Live():
			c.Reopened++
		case was.Live() && !f.Live():
			c.Resolved++
		case f.Live():
			c.Unchanged++
		}
	}
	return c
}

func reviewed(t fataler, s *store.Store, hour int, list ...finding.Finding) *store.Run {
	t.Helper()
	run := begin(t, s, "review")
	if _, err := s.ApplyFindings(ctx, run, at(hour), each(list...)); err != nil {
		t.Fatal(err)
	}
	return run
}

func findingsQuery(t *testing.T, open func(testing.TB) *store.Store) {
	s := open(t)
	if got := collect(t, s.Findings(ctx, store.FindingQuery{})); len(got) != 0 {
		t.Errorf("an empty store has findings: %v", got)
	}
	old, low, high, gone := failing(1, finding.Low), failing(2, finding.Low), failing(3, finding.High), failing(4, finding.High)
	low.Verdict = finding.Excepted
	first := reviewed(t, s, 0, low, old, gone)
	reviewed(t, s, 1, low, old, high)
	for want, q := range map[string]store.FindingQuery{
		"3 4 1 2": {},
		"3":       {Statuses: []finding.Status{finding.New}},
		"1 2":     {Statuses: []finding.Status{finding.Open}},
		"4":       {Statuses: []finding.Status{finding.Resolved}, Severities: []finding.Severity{finding.High}},
		"2":       {Verdicts: []finding.Verdict{finding.Excepted}, Rules: []string{"rule-low"}, Accounts: []string{account}, Types: []string{typ}, Regions: []string{region}},
		"":        {Accounts: []string{"none"}},
		"4 1 2":   {AsOfRun: first.ID, Statuses: []finding.Status{finding.New}},
	} {
		var got []string
		for _, f := range collect(t, s.Findings(ctx, q)) {
			got = append(got, strings.TrimPrefix(f.Resource, "bucket-00"))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%+v: %v, want %s", q, got, want)
		}
	}
}

func oneFinding(t *testing.T, open func(testing.TB) *store.Store) {
	s := open(t)
	a, b := failing(1, finding.High), failing(2, finding.High)
	a.ID, b.ID = "ab1"+strings.Repeat("0", 29), "ab2"+strings.Repeat("0", 29)
	first := reviewed(t, s, 0, a, b)
	excepted := a
	excepted.Verdict, excepted.Exception = finding.Excepted, "EX-1"
	second := reviewed(t, s, 1, excepted, b)
	third := reviewed(t, s, 2)

	f, err := s.Finding(ctx, "AB1")
	if err != nil || f.ID != a.ID || f.Status != finding.Resolved || !f.Resolved.Equal(at(2)) || !f.LastSeen.Equal(at(1)) {
		t.Errorf("by prefix: %+v, %v", f, err)
	}
	if _, err := s.Finding(ctx, "ab"); !errors.Is(err, store.ErrAmbiguous) || !strings.Contains(err.Error(), a.ID) {
		t.Errorf("ambiguous: %v", err)
	}
	if _, err := s.Finding(ctx, "c"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("unknown: %v", err)
	}
	for _, bad := range []string{"", "xyz", strings.Repeat("a", 33)} {
		if _, err := s.Finding(ctx, bad); !errors.Is(err, store.ErrInput) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	history, err := s.FindingHistory(ctx, a.ID)
	want := []store.Change{
		{Run: first.ID, At: at(0), Status: finding.New, Verdict: finding.Fail, Message: a.Message},
		{Run: second.ID, At: at(1), Status: finding.Open, Verdict: finding.Excepted, Message: a.Message},
		{Run: third.ID, At: at(2), Status: finding.Resolved, Verdict: finding.Pass},
	}
	if diff := cmp.Diff(want, history); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if _, err := s.FindingHistory(ctx, strings.Repeat("0", 32)); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("history of nothing: %v", err)
	}
}

func findingsRefused(t *testing.T, open func(testing.TB) *store.Store) {
	s := open(t)
	reviewed(t, s, 5, failing(1, finding.High))
	run := begin(t, s, "review")
	odd := failing(2, finding.High)
	odd.ID = "odd"
	broken := errors.New("the engine broke")
	for name, c := range map[string]struct {
		hour int
		seq  iter.Seq2[finding.Finding, error]
		want error
	}{
		"earlier":     {4, each[finding.Finding](), store.ErrEarlier},
		"twice":       {6, each(failing(2, finding.High), failing(2, finding.High)), store.ErrInput},
		"no id":       {6, each(odd), store.ErrInput},
		"broken off":  {6, func(yield func(finding.Finding, error) bool) { yield(finding.Finding{}, broken) }, broken},
		"not a state": {6, each(finding.Finding{ID: odd.ID, Verdict: "MAYBE"}), store.ErrInput},
	} {
		if _, err := s.ApplyFindings(ctx, run, at(c.hour), c.seq); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := collect(t, s.Findings(ctx, store.FindingQuery{})); len(got) != 1 || got[0].Status != finding.New {
		t.Errorf("a refused review left traces: %v", got)
	}
}

// A review streams the snapshot while its verdicts are written.
func readWhileReviewing(t *testing.T, open func(testing.TB) *store.Store) {
	s := open(t)
	var resources []*evidence.Resource
	for i := range 2000 {
		resources = append(resources, thing(fmt.Sprintf("bucket-%04d", i), i))
	}
	apply(t, s, begin(t, s, "collect"), batch(0, resources...))
	run := begin(t, s, "review")
	ch, err := s.ApplyFindings(ctx, run, at(0), func(yield func(finding.Finding, error) bool) {
		for rec, err := range s.Records(ctx, at(0), store.Query{}) {
			f := failing(0, finding.High)
			f.ID, f.Resource = finding.Identify(f.Rule, rec.Account, rec.Region, rec.ID, ""), rec.ID
			if !yield(f, err) {
				return
			}
		}
	})
	if err != nil || ch.New != 2000 {
		t.Fatalf("%+v, %v", ch, err)
	}
}
