package review

import (
	"maps"
	"slices"

	"holdfast.dev/holdfast/internal/engine/check"
	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/finding"
)

// add counts one verdict.
func (c *Counts) add(v finding.Verdict) {
	switch v {
	case finding.Pass:
		c.Pass++
	case finding.Fail:
		c.Fail++
	case finding.Unknown:
		c.Unknown++
	case finding.NotApplicable:
		c.NotApplicable++
	case finding.Prevented:
		c.Prevented++
	case finding.Excepted:
		c.Excepted++
	case finding.Error:
		c.Error++
	}
}

func (c *Counts) merge(o Counts) {
	c.Pass += o.Pass
	c.Fail += o.Fail
	c.Unknown += o.Unknown
	c.NotApplicable += o.NotApplicable
	c.Prevented += o.Prevented
	c.Excepted += o.Excepted
	c.Error += o.Error
}

func (s *SeverityCounts) add(severity finding.Severity) {
	switch severity {
	case finding.Critical:
		s.Critical++
	case finding.High:
		s.High++
	case finding.Medium:
		s.Medium++
	case finding.Low:
		s.Low++
	default:
		s.Info++
	}
}

func (s *SeverityCounts) merge(o SeverityCounts) {
	s.Critical += o.Critical
	s.High += o.High
	s.Medium += o.Medium
	s.Low += o.Low
	s.Info += o.Info
}

// judged is what the counts of one cell, a control in an account, come to.
// PREVENTED holds; EXCEPTED is neither for nor against; an error is not a
// judgement.
func (c Counts) judged() (passed, failed, unknown bool) {
	switch {
	case c.Fail > 0:
		return false, true, false
	case c.Unknown > 0 || c.Error > 0:
		return false, false, true
	case c.Pass > 0 || c.Prevented > 0:
		return true, false, false
	}
	return false, false, false
}

func (s *Score) add(c Counts) {
	switch passed, failed, unknown := c.judged(); {
	case passed:
		s.Passed++
	case failed:
		s.Failed++
	case unknown:
		s.Unknown++
	}
}

// cell is one control in one account.
type cell struct{ control, account string }

// tally is what one worker counted. Merging is commutative, so that the answer
// does not depend on who counted what.
type tally struct {
	cells     map[cell]Counts
	types     map[string]int
	places    map[place]int // resources seen by account and Region
	top       map[string][]finding.Finding
	covers    map[string]int // by exception
	integrity []IntegrityCoverage
	resources int
}

type place struct{ account, region string }

func newTally() *tally {
	return &tally{cells: map[cell]Counts{}, types: map[string]int{}, places: map[place]int{}, top: map[string][]finding.Finding{}, covers: map[string]int{}}
}

func (t *tally) see(r *evidence.Resource) {
	t.types[r.Type]++
	if ofActivity[r.Type] {
		if r.Type == TypeIntegrity {
			t.integrity = append(t.integrity, integrityOf(r))
		}
		return // it tells what was done there, and that is not to have seen what is there
	}
	t.resources++
	if r.Type != evidence.TypeAccount {
		t.places[place{r.Account, r.Region}]++
	}
}

func (t *tally) count(c *check.Control, account string, v finding.Verdict) {
	key := cell{c.ID, account}
	counts := t.cells[key]
	counts.add(v)
	t.cells[key] = counts
}

// keep remembers a failure if it is among the worst of its practices.
func (t *tally) keep(f finding.Finding) {
	for _, p := range f.Practices {
		t.top[p] = insert(t.top[p], f)
	}
}

// topPerPractice is how many findings a review shows with each practice.
const topPerPractice = 5

func insert(list []finding.Finding, f finding.Finding) []finding.Finding {
	if len(list) == topPerPractice && !finding.Before(f, list[len(list)-1]) {
		return list
	}
	at, _ := slices.BinarySearchFunc(list, f, func(a, b finding.Finding) int {
		if finding.Before(a, b) {
			return -1
		}
		return 1
	})
	list = slices.Insert(list, at, f)
	return list[:min(len(list), topPerPractice)]
}

func (t *tally) merge(o *tally) {
	for key, counts := range o.cells {
		sum := t.cells[key]
		sum.merge(counts)
		t.cells[key] = sum
	}
	addAll(t.types, o.types)
	addAll(t.places, o.places)
	addAll(t.covers, o.covers)
	for practice, list := range o.top {
		for _, f := range list {
			t.top[practice] = insert(t.top[practice], f)
		}
	}
	t.integrity = append(t.integrity, o.integrity...)
	t.resources += o.resources
}

func addAll[K comparable](into, from map[K]int) {
	for k, n := range from {
		into[k] += n
	}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
