package review

import (
	"testing"
	"time"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/finding"
)

func alarmed(rule, account string, severity finding.Severity, v finding.Verdict, at time.Time) finding.Finding {
	return finding.Finding{
		ID: finding.Identify(rule, account, "eu-west-1", "thing", "alert"), Kind: finding.Detection, Verdict: v, Rule: rule, Title: "Something happened", Severity: severity,
		Account: account, Region: "eu-west-1", Resource: "thing", Message: "it happened", Objective: "activity-monitored", Practices: []string{"BP04"}, Playbook: "look-into-it",
		State: finding.State{Status: finding.New, FirstSeen: at, LastSeen: at, Opened: at},
	}
}

const watchedAccount = "111111111111"

// reviewed runs a review of one account with what is known of activity.
func reviewed(t *testing.T, w *Watched) *Review {
	t.Helper()
	answer, _ := review(t, &Reviewer{Watched: w, Evidence: world{resources: []*evidence.Resource{
		member(watchedAccount, "ACTIVE", "eu-west-1"), queue(watchedAccount, "a", true),
	}}})
	return answer
}

func practiceOf(t *testing.T, r *Review, id string) Practice {
	t.Helper()
	for _, p := range r.Practices {
		if p.ID == id {
			return p
		}
	}
	t.Fatalf("there is no practice %s", id)
	return Practice{}
}

// An open detection fails a cell; one that nobody had, or that is excepted, passes none.
func TestDetectionsMoveTheScore(t *testing.T) {
	before := reviewed(t, nil)
	if before.Activity != nil {
		t.Errorf("activity that nobody asked for: %+v", before.Activity)
	}
	quiet := reviewed(t, &Watched{})
	if got, want := practiceOf(t, quiet, "BP04").Score, practiceOf(t, before, "BP04").Score; got != want {
		t.Errorf("silence moved the score from %+v to %+v", want, got)
	}
	account := before.Accounts[0].ID
	loud := reviewed(t, &Watched{Findings: []finding.Finding{
		alarmed("root-used", account, finding.High, finding.Fail, before.At),
		alarmed("trail-stopped", account, finding.Critical, finding.Fail, before.At),
		alarmed("scan", account, finding.Low, finding.Excepted, before.At),
	}})
	was, is := practiceOf(t, before, "BP04"), practiceOf(t, loud, "BP04")
	if is.Score.Failed != was.Score.Failed+2 || is.Score.Passed != was.Score.Passed || is.Verdicts.Excepted != was.Verdicts.Excepted+1 {
		t.Errorf("BP04 went from %+v to %+v, %+v", was.Score, is.Score, is.Verdicts)
	}
	if is.Top[0].Rule != "trail-stopped" {
		t.Errorf("the gravest finding of BP04 is %+v", is.Top[0])
	}
	if loud.Severities.Critical != before.Severities.Critical+1 || loud.Severities.High != before.Severities.High+1 || loud.Verdicts.Fail != before.Verdicts.Fail+2 {
		t.Errorf("severities %+v, verdicts %+v", loud.Severities, loud.Verdicts)
	}
	p, q := before.Accounts[0], loud.Accounts[0]
	if q.Score.Failed != p.Score.Failed+2 || q.Severities.Critical != p.Severities.Critical+1 || q.Verdicts.Excepted != p.Verdicts.Excepted+1 {
		t.Errorf("the account went from %+v to %+v", p, q)
	}
	if a := loud.Activity; a == nil || a.Open != (SeverityCounts{Critical: 1, High: 1}) || a.Excepted != 1 || len(a.Gravest) != 2 || a.Gravest[0].Rule != "trail-stopped" {
		t.Errorf("%+v", a)
	}
	if first := loud.First[0]; first.Control != "trail-stopped" || first.Title != "Answer: Something happened" || first.Next != "holdfast findings list --rule trail-stopped" {
		t.Errorf("first: %+v", first)
	}
}

// An account that only logs tell of counts, and not as one whose configuration was seen.
func TestAccountsOfLogsOnly(t *testing.T) {
	r := reviewed(t, &Watched{Days: []WatchedDay{{Account: "999988887777", Region: "eu-west-1", Day: at, Events: 3}}})
	if len(r.Accounts) != 2 || r.Accounts[1].ID != "999988887777" || r.Activity.Accounts[1].Events != 3 {
		t.Errorf("%+v, %+v", r.Accounts, r.Activity.Accounts)
	}
	if c := r.Coverage.Accounts[1]; c.ID != "999988887777" || c.Seen {
		t.Errorf("%+v", c)
	}
}

func TestHowFarActivityWasRead(t *testing.T) {
	base := reviewed(t, nil)
	account := watchedAccount
	day := base.At.UTC().Truncate(24 * time.Hour)
	on := func(ago, events, faults int) WatchedDay {
		return WatchedDay{Account: account, Region: "eu-west-1", Day: day.AddDate(0, 0, -ago), Events: events, Faults: faults}
	}
	for name, c := range map[string]struct {
		days []WatchedDay
		want string
	}{
		"nothing":        {nil, ActivityUnread},
		"too long ago":   {[]WatchedDay{on(ActivityDays, 5, 0)}, ActivityUnread},
		"in the future":  {[]WatchedDay{on(-1, 5, 0)}, ActivityUnread},
		"not lately":     {[]WatchedDay{on(staleDays+1, 5, 0)}, ActivityStale},
		"lately":         {[]WatchedDay{on(staleDays, 5, 0), on(9, 7, 0)}, ActivityRead},
		"not whole":      {[]WatchedDay{on(1, 5, 1)}, ActivityPartly},
		"only with gaps": {[]WatchedDay{on(1, 0, 2)}, ActivityUnread},
	} {
		r := reviewed(t, &Watched{Days: c.days})
		got := r.Activity.Accounts[0]
		if got.State != c.want {
			t.Errorf("%s: %s, want %s (%+v)", name, got.State, c.want, got)
		}
		if len(got.ByDay) != ActivityDays {
			t.Errorf("%s: %d days", name, len(got.ByDay))
		}
	}
	r := reviewed(t, &Watched{Days: []WatchedDay{on(0, 5, 0), on(2, 3, 0)}})
	a := r.Activity.Accounts[0]
	if r.Activity.Events != 8 || a.Events != 8 || a.ByDay[ActivityDays-1] != 5 || a.ByDay[ActivityDays-3] != 3 || a.Regions[0].Days != 2 {
		t.Errorf("%+v", a)
	}
}
