package review

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/finding"
)

// Watched is what is known of activity beside the snapshot: which of it was read, and
// what detections made of it.
type Watched struct {
	Days     []WatchedDay      // in any order
	Findings []finding.Finding // of detections: those that are open, excepted ones too
	Coverage DetectionCoverage
	Off      []OffDetection
}

// WatchedDay is what was read of one account, Region and day.
type WatchedDay struct {
	Account, Region string
	Day             time.Time // midnight, UTC
	Events          int
	Faults          int // files that could not be read
}

// TypeIntegrity is the type of the resources that say what verifying a trail came to.
const TypeIntegrity = "Holdfast::CloudTrail::Integrity"

// ofActivity are the types of resources that logs were read for.
var ofActivity = map[string]bool{TypeIntegrity: true, "Holdfast::Activity::RegionStatus": true, "Holdfast::Activity::AccountStatus": true}

// How far a review looks back for what was read, and how old the newest of it may be.
const (
	ActivityDays = 14
	staleDays    = 3
)

// How well the activity of an account or Region was read.
const (
	ActivityRead   = "read"   // lately, and whole
	ActivityPartly = "partly" // some Regions or files were not
	ActivityStale  = "stale"  // not in the last days
	ActivityUnread = "unread" // nothing
)

// activity says what was seen of what is done in the estate.
func (s *summing) activity() *Activity {
	w := s.Watched
	if w == nil {
		return nil
	}
	a := &Activity{Days: ActivityDays, Coverage: w.Coverage, Off: w.Off, Accounts: []ActivityCoverage{}, Integrity: s.integrity()}
	if a.Off == nil {
		a.Off = []OffDetection{}
	}
	days := map[string][]WatchedDay{}
	for _, d := range w.Days {
		if n := s.daysAgo(d.Day); n >= 0 && n < ActivityDays {
			days[d.Account] = append(days[d.Account], d)
		}
	}
	live := s.liveAccounts()
	for _, id := range sortedKeys(live) {
		c := s.watched(id, days[id])
		c.Name = live[id].Name
		a.Events += c.Events
		a.Accounts = append(a.Accounts, c)
	}
	for i := range w.Findings {
		f := &w.Findings[i]
		switch f.Verdict {
		case finding.Fail:
			a.Open.add(f.Severity)
			a.Gravest = append(a.Gravest, *f)
		case finding.Excepted:
			a.Excepted++
		}
	}
	slices.SortFunc(a.Gravest, func(x, y finding.Finding) int {
		return cmp.Or(-cmp.Compare(x.Severity.Rank(), y.Severity.Rank()), y.LastSeen.Compare(x.LastSeen), cmp.Compare(x.ID, y.ID))
	})
	a.Gravest = a.Gravest[:min(len(a.Gravest), gravest)]
	return a
}

// gravest is how many open detections a review shows.
const gravest = 10

func (s *summing) daysAgo(day time.Time) int {
	return int(s.At.UTC().Truncate(24*time.Hour).Sub(day.UTC().Truncate(24*time.Hour)) / (24 * time.Hour))
}

// watchedAccounts are those of which activity was read or findings are open.
func (s *summing) watchedAccounts() []string {
	if s.Watched == nil {
		return nil
	}
	seen := map[string]bool{}
	for _, d := range s.Watched.Days {
		seen[d.Account] = true
	}
	for i := range s.Watched.Findings {
		seen[s.Watched.Findings[i].Account] = true
	}
	delete(seen, "")
	return sortedKeys(seen)
}

// watched sums one account up.
func (s *summing) watched(id string, days []WatchedDay) ActivityCoverage {
	c := ActivityCoverage{ID: id, Regions: []RegionActivity{}, ByDay: make([]int, ActivityDays)}
	regions := map[string]*RegionActivity{}
	for _, d := range days {
		r := regions[d.Region]
		if r == nil {
			r = &RegionActivity{Region: d.Region}
			regions[d.Region] = r
		}
		c.Events, c.Faults = c.Events+d.Events, c.Faults+d.Faults
		c.ByDay[ActivityDays-1-s.daysAgo(d.Day)] += d.Events
		r.Events, r.Faults = r.Events+d.Events, r.Faults+d.Faults
		if d.Events == 0 {
			continue
		}
		r.Days++
		day := d.Day.UTC().Format(time.DateOnly)
		if r.From == "" || day < r.From {
			r.From = day
		}
		r.To = max(r.To, day)
	}
	stale, whole := s.At.UTC().AddDate(0, 0, -staleDays).Format(time.DateOnly), true
	newest := ""
	for _, name := range sortedKeys(regions) {
		r := regions[name]
		newest, whole = max(newest, r.To), whole && r.Faults == 0
		c.Regions = append(c.Regions, *r)
	}
	for _, name := range s.enabled[id] {
		if r := regions[name]; r == nil || r.To < stale {
			c.Unread = append(c.Unread, name)
		}
	}
	slices.Sort(c.Unread)
	switch {
	case newest == "":
		c.State = ActivityUnread
	case newest < stale:
		c.State = ActivityStale
	case !whole || len(c.Unread) > 0:
		c.State = ActivityPartly
	default:
		c.State = ActivityRead
	}
	return c
}

// integrity lists what verifying trails came to, by account and trail.
func (s *summing) integrity() []IntegrityCoverage {
	out := slices.Clone(s.total.integrity)
	slices.SortFunc(out, func(a, b IntegrityCoverage) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Trail, b.Trail))
	})
	if out == nil {
		out = []IntegrityCoverage{}
	}
	return out
}

func integrityOf(r *evidence.Resource) IntegrityCoverage {
	text := func(name string) string { s, _ := r.Properties[name].(string); return s }
	number := func(name string) int { n, _ := r.Properties[name].(int64); return int(n) }
	c := IntegrityCoverage{
		Account: r.Account, Trail: cmp.Or(text("TrailArn"), r.ID), Verified: text("VerifiedAt"), From: text("From"), To: text("To"), Regions: []string{},
		Digests: number("Digests"), Logs: number("Logs"), Invalid: number("Invalid"), Missing: number("Missing"), Gaps: number("Gaps"), Uncovered: number("Uncovered"), State: "unknown",
	}
	regions, _ := r.Properties["Regions"].([]any)
	for _, v := range regions {
		if name, ok := v.(string); ok {
			c.Regions = append(c.Regions, name)
		}
	}
	if valid, ok := r.Properties["Valid"].(bool); ok {
		c.State = map[bool]string{true: "valid", false: "invalid"}[valid]
	}
	return c
}

// alarm is what the open findings of one detection come to in one account.
type alarm struct {
	cell
	first  finding.Finding
	counts Counts
}

// alarms adds what detections found to the answer. An open one is a failed cell of
// its practices, like a control that fails; quiet ones count for nothing, since that
// nothing was found is no evidence that there was nothing.
func (s *summing) alarms(out *Review) {
	if s.Watched == nil {
		return
	}
	live, byCell := s.liveAccounts(), map[cell]*alarm{}
	for i := range s.Watched.Findings {
		f := &s.Watched.Findings[i]
		if listed, known := s.org.Accounts[f.Account]; known && !listed.Live() {
			continue
		}
		key := cell{f.Rule, f.Account}
		a := byCell[key]
		if a == nil {
			a = &alarm{cell: key, first: *f}
			byCell[key] = a
		} else if f.Verdict == finding.Fail && (a.counts.Fail == 0 || f.Severity.Rank() > a.first.Severity.Rank()) {
			a.first = *f
		}
		a.counts.add(f.Verdict)
		out.Verdicts.add(f.Verdict)
		if f.Verdict == finding.Fail {
			out.Severities.add(f.Severity)
			s.total.keep(*f)
		}
		if _, ok := live[f.Account]; !ok {
			continue
		}
		for j := range out.Accounts {
			if p := &out.Accounts[j]; p.ID == f.Account {
				p.Verdicts.add(f.Verdict)
				if f.Verdict == finding.Fail {
					p.Severities.add(f.Severity)
				}
			}
		}
	}
	cells := make([]*alarm, 0, len(byCell))
	for _, a := range byCell {
		cells = append(cells, a)
	}
	slices.SortFunc(cells, func(a, b *alarm) int {
		return cmp.Or(cmp.Compare(a.control, b.control), cmp.Compare(a.account, b.account))
	})
	for _, a := range cells {
		s.score(out, a)
	}
}

func (s *summing) score(out *Review, a *alarm) {
	for i := range out.Practices {
		if p := &out.Practices[i]; slices.Contains(a.first.Practices, p.ID) {
			p.Score.add(a.counts)
			p.Verdicts.merge(a.counts)
			p.Percent, p.Top = percent(p.Score), s.total.top[p.ID]
		}
	}
	for i := range out.Accounts {
		if p := &out.Accounts[i]; p.ID == a.account {
			p.Score.add(a.counts)
			p.Percent = percent(p.Score)
		}
	}
}

// whereSeen says what a detection saw, and where and when.
func whereSeen(f *finding.Finding) string {
	text := strings.TrimRight(strings.TrimSpace(f.Message), ".")
	if f.Resource != "" && !strings.Contains(text, f.Resource) {
		text += ": " + f.Resource
	}
	return fmt.Sprintf("%s (%s, %s UTC)", text, strings.Trim(f.Account+"/"+f.Region, "/"), f.LastSeen.UTC().Format("2006-01-02 15:04"))
}

// answers are the open detections as things to do: one for each detection.
func (s *summing) answers() []Action {
	if s.Watched == nil {
		return nil
	}
	byRule := map[string]*Action{}
	accounts := map[string]map[string]bool{}
	for i := range s.Watched.Findings {
		f := &s.Watched.Findings[i]
		if f.Verdict != finding.Fail {
			continue
		}
		a := byRule[f.Rule]
		if a == nil {
			a = &Action{Control: f.Rule, Title: "Answer: " + f.Title, Severity: string(f.Severity), Why: whereSeen(f), Fix: "Find out who did it and whether they were meant to.", Next: "holdfast findings list --rule " + f.Rule}
			if f.Playbook != "" {
				a.Fix = fmt.Sprintf("Find out who did it and whether they were meant to; answer by the playbook %s.", f.Playbook)
			}
			byRule[f.Rule], accounts[f.Rule] = a, map[string]bool{}
		}
		if f.Severity.Rank() > finding.Severity(a.Severity).Rank() {
			a.Severity, a.Why = string(f.Severity), whereSeen(f)
		}
		a.Findings++
		if f.Account != "" {
			accounts[f.Rule][f.Account] = true
		}
	}
	var out []Action
	for _, rule := range sortedKeys(byRule) {
		a := byRule[rule]
		a.Accounts, a.Why = sortedKeys(accounts[rule]), strings.TrimSpace(a.Why)
		out = append(out, *a)
	}
	return out
}
