package review

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/engine/check"
	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/finding"
	"holdfast.dev/holdfast/internal/operate/risk"
)

// Review sums up what Findings judged. It has a meaning only once that sequence
// has run to its end.
func (r *Reviewer) Review() *Review {
	s := summing{Reviewer: r, byControl: map[string]Counts{}, byAccount: map[string]Counts{}}
	for key, counts := range r.total.cells {
		sum := s.byControl[key.control]
		sum.merge(counts)
		s.byControl[key.control] = sum
		sum = s.byAccount[key.account]
		sum.merge(counts)
		s.byAccount[key.account] = sum
	}
	out := &Review{At: r.At, Estate: s.estate(), Matrix: r.Knowledge.Matrix, Exceptions: s.exceptions()}
	for _, counts := range s.byControl {
		out.Verdicts.merge(counts)
	}
	for _, c := range r.Engine.Controls() {
		out.Controls = append(out.Controls, s.control(c))
		out.Severities.merge(severities(c, s.byControl[c.ID].Fail))
	}
	for _, p := range r.Knowledge.Practices {
		out.Practices = append(out.Practices, s.practice(p))
	}
	out.Coverage = s.coverage()
	out.Accounts = s.accounts()
	s.alarms(out)
	out.Activity = s.activity()
	out.Risks = s.risks()
	out.First = s.first(out.Risks)
	return out
}

// summing is the work of one Review.
type summing struct {
	*Reviewer
	byControl, byAccount map[string]Counts
}

func severities(c *check.Control, failures int) SeverityCounts {
	var one SeverityCounts
	one.add(finding.Severity(c.Severity))
	return SeverityCounts{one.Critical * failures, one.High * failures, one.Medium * failures, one.Low * failures, one.Info * failures}
}

func (s *summing) estate() Estate {
	e := Estate{Organization: s.org.ID, Management: s.org.Management, Resources: s.total.resources, Types: len(s.total.types), Regions: []string{}}
	e.Accounts = len(s.liveAccounts())
	regions := map[string]bool{}
	for p := range s.total.places {
		if p.region != "" && p.region != evidence.Global {
			regions[p.region] = true
		}
	}
	e.Regions = append(e.Regions, sortedKeys(regions)...)
	return e
}

// liveAccounts are those the organisation lists as live, and those with
// evidence, or with activity that was read, that no organisation lists.
func (s *summing) liveAccounts() map[string]evidence.Account {
	live := map[string]evidence.Account{}
	for id, a := range s.org.Accounts {
		if a.Live() {
			live[id] = a
		}
	}
	for p := range s.total.places {
		if _, listed := s.org.Accounts[p.account]; !listed && p.account != "" {
			live[p.account] = evidence.Account{ID: p.account}
		}
	}
	for _, id := range s.watchedAccounts() {
		if _, listed := s.org.Accounts[id]; !listed {
			live[id] = evidence.Account{ID: id}
		}
	}
	return live
}

func (s *summing) control(c *check.Control) ControlScore {
	counts := s.byControl[c.ID]
	out := ControlScore{ID: c.ID, Title: c.Title, Severity: c.Severity, Practice: c.Practices(), Verdicts: counts, Status: "NO_DATA"}
	switch passed, failed, unknown := counts.judged(); {
	case passed:
		out.Status = "PASSED"
	case failed:
		out.Status = "FAILED"
	case unknown:
		out.Status = "UNKNOWN"
	}
	return out
}

func (s *summing) practice(p PracticeDef) Practice {
	out := Practice{ID: p.ID, Title: p.Title, Risk: p.Risk, NotSeen: p.Asks, Top: s.total.top[p.ID]}
	serves := map[string]bool{}
	for _, c := range s.Engine.Controls() {
		if slices.Contains(c.Practices(), p.ID) {
			serves[c.ID] = true
		}
	}
	out.Controls = len(serves)
	for key, counts := range s.total.cells {
		if serves[key.control] {
			out.Score.add(counts)
			out.Verdicts.merge(counts)
		}
	}
	out.Percent = percent(out.Score)
	return out
}

func percent(s Score) *int {
	if p, ok := s.Percent(); ok {
		return &p
	}
	return nil
}

func (s *summing) accounts() []Posture {
	live := s.liveAccounts()
	out := []Posture{}
	for _, id := range sortedKeys(live) {
		a := live[id]
		p := Posture{ID: id, Name: a.Name, Path: strings.Join(a.Path, "/"), Management: a.Management, Verdicts: s.byAccount[id]}
		for _, c := range s.Engine.Controls() {
			if counts, ok := s.total.cells[cell{c.ID, id}]; ok {
				p.Score.add(counts)
				p.Severities.merge(severities(c, counts.Fail))
			}
		}
		p.Percent = percent(p.Score)
		out = append(out, p)
	}
	return out
}

func (s *summing) coverage() Coverage {
	var out Coverage
	gapsOf := map[string]int{}
	for i := range s.gaps {
		gapsOf[s.gaps[i].Account]++
	}
	for id, a := range s.liveAccounts() {
		c := AccountCoverage{ID: id, Name: a.Name, Gaps: gapsOf[id], Regions: []string{}}
		for p := range s.total.places {
			if p.account != id {
				continue
			}
			c.Seen = true
			if p.region != evidence.Global && p.region != "" {
				c.Regions = append(c.Regions, p.region)
			}
		}
		slices.Sort(c.Regions)
		for _, region := range s.enabled[id] {
			if !slices.Contains(c.Regions, region) {
				c.Unseen = append(c.Unseen, region)
			}
		}
		out.Accounts = append(out.Accounts, c)
	}
	slices.SortFunc(out.Accounts, func(a, b AccountCoverage) int { return cmp.Compare(a.ID, b.ID) })
	out.Types, out.Gaps = s.types(), groupGaps(s.gaps)
	return out
}

func (s *summing) types() []TypeCoverage {
	types := maps.Clone(s.total.types)
	for _, c := range s.Engine.Controls() {
		for _, t := range c.Resource {
			types[t] += 0
		}
	}
	gaps := map[string]int{}
	for i := range s.gaps {
		for _, t := range s.gaps[i].Types {
			gaps[t]++
		}
	}
	out := []TypeCoverage{}
	for _, t := range sortedKeys(types) {
		out = append(out, TypeCoverage{Type: t, Resources: types[t], Controls: len(s.Engine.For(t)), Gaps: gaps[t]})
	}
	return out
}

func groupGaps(gaps []evidence.Gap) []GapGroup {
	groups := map[[4]string]*GapGroup{}
	for i := range gaps {
		g := &gaps[i]
		key := [4]string{g.Service, g.Operation, string(g.Reason), g.Detail}
		group := groups[key]
		if group == nil {
			group = &GapGroup{Service: g.Service, Operation: g.Operation, Reason: string(g.Reason), Detail: g.Detail}
			groups[key] = group
		}
		group.Count++
		group.Accounts = append(group.Accounts, g.Account)
		group.Types = append(group.Types, g.Types...)
	}
	out := []GapGroup{}
	for _, g := range groups {
		slices.Sort(g.Accounts)
		slices.Sort(g.Types)
		g.Accounts, g.Types = slices.Compact(g.Accounts), slices.Compact(g.Types)
		out = append(out, *g)
	}
	slices.SortFunc(out, func(a, b GapGroup) int {
		return cmp.Or(-cmp.Compare(a.Count, b.Count), cmp.Compare(a.Service, b.Service), cmp.Compare(a.Operation, b.Operation), cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.Detail, b.Detail))
	})
	return out
}

// exceptedDetections counts the findings of detections that an exception covers.
func (s *summing) exceptedDetections(id string) int {
	if s.Watched == nil {
		return 0
	}
	n := 0
	for i := range s.Watched.Findings {
		if f := &s.Watched.Findings[i]; f.Verdict == finding.Excepted && f.Exception == id {
			n++
		}
	}
	return n
}

func (s *summing) exceptions() []ExceptionUse {
	var out []ExceptionUse
	for i := range s.Exceptions {
		x := &s.Exceptions[i]
		out = append(out, ExceptionUse{ID: x.ID, Controls: x.Controls, Owner: x.Owner, Approver: x.Approver, Reason: x.Reason,
			Expires: x.Expires, State: x.StateAt(s.At), Covers: s.total.covers[x.ID] + s.exceptedDetections(x.ID)})
	}
	slices.SortFunc(out, func(a, b ExceptionUse) int { return cmp.Or(a.Expires.Compare(b.Expires), cmp.Compare(a.ID, b.ID)) })
	return out
}

// risks assesses each objective's scenario by the controls that serve it.
func (s *summing) risks() []risk.Risk {
	out := []risk.Risk{}
	for _, o := range s.Knowledge.Objectives {
		var facts risk.Facts
		accounts := map[string]bool{}
		for _, c := range s.Engine.Controls() {
			if c.Objective != o.ID {
				continue
			}
			s.weigh(c, &facts, accounts)
		}
		s.weighAlarms(o.ID, &facts, accounts)
		if facts.Judged == 0 {
			continue // no evidence speaks about it, so it has no level to show
		}
		facts.Accounts = len(accounts)
		out = append(out, risk.Assess(s.Knowledge.Matrix, risk.Risk{ID: o.ID, Title: o.Risk.Title, Likelihood: o.Risk.Likelihood, Consequence: o.Risk.Consequence}, facts))
	}
	m := s.Knowledge.Matrix
	slices.SortStableFunc(out, func(a, b risk.Risk) int {
		return cmp.Or(-cmp.Compare(m.Rank(a.Level), m.Rank(b.Level)), -cmp.Compare(a.Likelihood*a.Consequence, b.Likelihood*b.Consequence),
			-cmp.Compare(a.Findings, b.Findings), cmp.Compare(a.ID, b.ID))
	})
	return out
}

func (s *summing) weigh(c *check.Control, facts *risk.Facts, accounts map[string]bool) {
	for key, counts := range s.total.cells {
		if key.control != c.ID {
			continue
		}
		passed, failed, unknown := counts.judged()
		if passed || failed || unknown {
			facts.Judged++
		}
		if unknown {
			facts.Unknown++
		}
		if failed {
			facts.Failed++
			accounts[key.account] = true
			facts.Findings += counts.Fail
			if c.Severity == string(finding.Critical) {
				facts.Critical += counts.Fail
			}
		}
	}
}

// weighAlarms adds the open detections that serve an objective.
func (s *summing) weighAlarms(objective string, facts *risk.Facts, accounts map[string]bool) {
	if s.Watched == nil {
		return
	}
	cells := map[cell]bool{}
	for i := range s.Watched.Findings {
		f := &s.Watched.Findings[i]
		if f.Objective != objective || f.Verdict != finding.Fail {
			continue
		}
		cells[cell{f.Rule, f.Account}] = true
		accounts[f.Account] = true
		facts.Findings++
		if f.Severity == finding.Critical {
			facts.Critical++
		}
	}
	facts.Judged, facts.Failed = facts.Judged+len(cells), facts.Failed+len(cells)
}

// firstActions is how many things a review says to do first: what a team can
// take up before the next one.
const firstActions = 10

// first ranks the failing controls: by severity, then the risk they feed, then
// how far they spread.
func (s *summing) first(risks []risk.Risk) []Action {
	byObjective := map[string]risk.Risk{}
	for _, r := range risks {
		byObjective[r.ID] = r
	}
	m := s.Knowledge.Matrix
	out := append([]Action{}, s.answers()...)
	alarms := map[string]bool{}
	for _, a := range out {
		alarms[a.Control] = true
	}
	for _, c := range s.Engine.Controls() {
		failures := s.byControl[c.ID].Fail
		if failures == 0 {
			continue
		}
		r := byObjective[c.Objective]
		out = append(out, Action{Control: c.ID, Title: c.Title, Severity: c.Severity, Risk: r.Title, Level: string(r.Level), Findings: failures,
			Accounts: s.failing(c.ID), Why: strings.TrimSpace(c.Why), Fix: strings.TrimSpace(c.Fix.Text), Next: "holdfast findings list --rule " + c.ID})
	}
	slices.SortFunc(out, func(a, b Action) int {
		x, y := weight(m, a), weight(m, b)
		if alarms[a.Control] { // somebody may be at work right now
			x += alarmWeight
		}
		if alarms[b.Control] {
			y += alarmWeight
		}
		return cmp.Or(-cmp.Compare(x, y), -cmp.Compare(len(a.Accounts), len(b.Accounts)), -cmp.Compare(a.Findings, b.Findings), cmp.Compare(a.Control, b.Control))
	})
	for i := range out {
		if out[i].Why == "" {
			out[i].Why = fmt.Sprintf("%s feeds the risk %q", out[i].Control, out[i].Risk)
		}
	}
	return out[:min(len(out), firstActions)]
}

// alarmWeight puts an open detection before the failures of its own severity.
const alarmWeight = 9

// weight is severity first, since a medium failure of a dire scenario is still
// a medium failure; the risk's level decides among equals.
func weight(m risk.Matrix, a Action) int {
	return finding.Severity(a.Severity).Rank()*10 + m.Rank(risk.Level(a.Level))
}

func (s *summing) failing(control string) []string {
	var out []string
	for key, counts := range s.total.cells {
		if key.control == control && counts.Fail > 0 {
			out = append(out, key.account)
		}
	}
	slices.Sort(out)
	return out
}
