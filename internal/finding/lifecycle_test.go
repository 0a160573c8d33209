package finding

import (
	"slices"
	"testing"
	"time"
)

var t0 = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

func TestAdvance(t *testing.T) {
	for _, c := range []struct {
		name     string
		verdicts []Verdict
		want     Status
		kept     bool
	}{
		{"first failure", []Verdict{Fail}, New, true},
		{"still there", []Verdict{Fail, Fail}, Open, true},
		{"mended", []Verdict{Fail, Pass}, Resolved, true},
		{"no longer applies", []Verdict{Fail, NotApplicable}, Resolved, true},
		{"came back", []Verdict{Fail, Pass, Fail}, Reopened, true},
		{"came back and stayed", []Verdict{Fail, Pass, Fail, Fail}, Open, true},
		{"lost sight is not mended", []Verdict{Fail, Unknown}, Open, true},
		{"an error is not mended", []Verdict{Fail, Error}, Open, true},
		{"never seen is not invented", []Verdict{Unknown}, "", false},
		{"a pass is not tracked", []Verdict{Pass}, "", false},
		{"excepted is tracked", []Verdict{Excepted}, New, true},
		{"exception ended", []Verdict{Excepted, Fail}, Open, true},
		{"unknown after resolved stays resolved", []Verdict{Fail, Pass, Unknown}, Resolved, true},
	} {
		var s State
		kept := false
		for i, v := range c.verdicts {
			s, kept = Advance(s, v, High, t0.Add(time.Duration(i)*time.Hour))
		}
		if s.Status != c.want || kept != c.kept {
			t.Errorf("%s: %q (kept %v), want %q (kept %v)", c.name, s.Status, kept, c.want, c.kept)
		}
	}
}

func TestAdvanceKeepsTimes(t *testing.T) {
	s, _ := Advance(State{}, Fail, High, t0)
	if !s.FirstSeen.Equal(t0) || !s.Due.Equal(t0.Add(30*day)) {
		t.Fatalf("new: %+v", s)
	}
	s, _ = Advance(s, Fail, Critical, t0.Add(day))
	if !s.Due.Equal(t0.Add(7*day)) || !s.LastSeen.Equal(t0.Add(day)) {
		t.Fatalf("a worse severity has to bring the due date closer: %+v", s)
	}
	s, _ = Advance(s, Fail, Low, t0.Add(2*day))
	if !s.Due.Equal(t0.Add(7 * day)) {
		t.Fatalf("a due date must not move away: %+v", s)
	}
	s, _ = Advance(s, Unknown, Low, t0.Add(3*day))
	if !s.LastSeen.Equal(t0.Add(2 * day)) {
		t.Fatalf("unknown is not seen: %+v", s)
	}
	s, _ = Advance(s, Pass, Low, t0.Add(4*day))
	s, _ = Advance(s, Fail, Low, t0.Add(5*day))
	if !s.FirstSeen.Equal(t0) || !s.Opened.Equal(t0.Add(5*day)) || !s.Due.Equal(t0.Add(185*day)) || !s.Resolved.IsZero() {
		t.Fatalf("reopened: %+v", s)
	}
}

// The same review twice changes nothing.
func TestAdvanceIsIdempotent(t *testing.T) {
	for _, v := range Verdicts {
		once, _ := Advance(State{}, v, High, t0)
		twice, _ := Advance(once, v, High, t0)
		if once != twice {
			t.Errorf("%s: %+v, then %+v", v, once, twice)
		}
	}
}

func TestIdentify(t *testing.T) {
	a := Identify("r", "1", "eu-west-1", "x", "")
	if a != Identify("r", "1", "eu-west-1", "x", "") {
		t.Error("not stable")
	}
	if a == Identify("r1", "", "eu-west-1", "x", "") || a == Identify("r", "1", "eu-west-1", "", "x") {
		t.Error("parts run into each other")
	}
}

func TestBeforeIsATotalOrder(t *testing.T) {
	list := []Finding{
		{ID: "3", Severity: Low, Rule: "a"}, {ID: "1", Severity: Critical, Rule: "z"},
		{ID: "2", Severity: Low, Rule: "a", Account: "2"}, {ID: "4", Severity: "odd"},
	}
	slices.SortFunc(list, func(a, b Finding) int {
		if Before(a, b) {
			return -1
		}
		return 1
	})
	var order string
	for _, f := range list {
		order += f.ID
	}
	if order != "1324" {
		t.Errorf("order is %s", order)
	}
}
