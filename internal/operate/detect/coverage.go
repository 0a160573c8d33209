package detect

import (
	"slices"
	"strings"
)

// Coverage says which techniques of ATT&CK are detected, by what, and which are not.
type Coverage struct {
	Version    string
	Techniques []Covered // those of the cloud, and others that detections name; by id
	Tactics    []TacticCoverage
	Off        []Off
	Detections int      // that were looked at
	Tested     int      // of them: have examples, and all come out as they say
	Unmapped   []string // detections that name no technique of the table
	Unknown    []string // ids that are in no table
}

// Covered is one technique and the detections that find it.
type Covered struct {
	Technique
	State State
	By    []CoveredBy
	// Below are its sub-techniques that are detected, where it is not itself.
	Below []string
}

// CoveredBy is one detection of a technique.
type CoveredBy struct {
	Name     string
	Examples int
	Passed   bool // it has examples, and all come out as they say
	Off      *Off // it finds nothing at present
}

// State is how well a technique is covered.
type State string

const (
	Detected State = "detected" // by a detection that is on and passes its tests
	Untested State = "untested" // by detections of which none passes tests of its own
	Sleeping State = "off"      // by detections that are all off
	Partial  State = "partial"  // in some of its sub-techniques
	Open     State = "open"     // by nothing
)

// States lists them from best to worst.
var States = [...]State{Detected, Partial, Untested, Sleeping, Open}

// TacticCoverage counts the techniques of one tactic. One of several tactics counts in
// each.
type TacticCoverage struct {
	Tactic
	Counts map[State]int
	Total  int
}

// cloudPlatforms are those whose techniques an AWS estate is attacked by.
var cloudPlatforms = []string{"IaaS", "Identity Provider"}

// Cloud tells whether a technique is one of the cloud.
func (t *Technique) Cloud() bool {
	return slices.ContainsFunc(t.Platforms, func(p string) bool { return slices.Contains(cloudPlatforms, p) })
}

// Cover works out the coverage of detections, by what became of their examples and
// which of them are off.
func Cover(a *Attack, all []Detection, trials []Trial, off []Off) *Coverage {
	c := &Coverage{Version: a.Version, Off: off}
	passed := passing(trials)
	by := map[string][]CoveredBy{}
	for i := range all {
		x := &all[i]
		if x.Rule.Filter != nil {
			continue
		}
		c.Detections++
		if passed[x.Name] {
			c.Tested++
		}
		ids, unknown := a.Techniques(x)
		c.Unknown = append(c.Unknown, unknown...)
		if len(ids) == len(unknown) {
			c.Unmapped = append(c.Unmapped, x.Name)
		}
		for _, id := range ids {
			by[id] = append(by[id], CoveredBy{x.Name, x.Examples.Count(), passed[x.Name], offNow(off, x.Name)})
		}
	}
	slices.Sort(c.Unknown)
	c.Unknown = slices.Compact(c.Unknown)
	for _, t := range a.Rows {
		if t.Cloud() || len(by[t.ID]) > 0 {
			c.Techniques = append(c.Techniques, Covered{Technique: t, By: by[t.ID]})
		}
	}
	slices.SortFunc(c.Techniques, func(x, y Covered) int { return strings.Compare(x.ID, y.ID) })
	c.judge()
	c.count(a)
	return c
}

// passing are the detections whose examples all come out as they say.
func passing(trials []Trial) map[string]bool {
	passed := map[string]bool{}
	for i := range trials {
		name := trials[i].Detection.Name
		before, tried := passed[name]
		passed[name] = trials[i].Passed() && (before || !tried)
	}
	return passed
}

// offNow is why a detection finds nothing; nil where it does, if less than it could.
func offNow(off []Off, name string) *Off {
	i := slices.IndexFunc(off, func(o Off) bool { return o.Rule == name && o.Why != Partly })
	if i < 0 {
		return nil
	}
	return &off[i]
}

func (c *Coverage) judge() {
	for i := range c.Techniques {
		c.Techniques[i].State = stateOf(c.Techniques[i].By)
	}
	for i := range c.Techniques {
		t := &c.Techniques[i]
		if t.State == Detected {
			continue
		}
		for j := range c.Techniques {
			if sub := &c.Techniques[j]; strings.HasPrefix(sub.ID, t.ID+".") && sub.State == Detected {
				t.Below = append(t.Below, sub.ID)
			}
		}
		if len(t.Below) > 0 {
			t.State = Partial
		}
	}
}

func stateOf(by []CoveredBy) State {
	state := Open
	for i := range by {
		switch b := &by[i]; {
		case b.Off == nil && b.Passed:
			return Detected
		case b.Off == nil:
			state = Untested
		case state == Open:
			state = Sleeping
		}
	}
	return state
}

func (c *Coverage) count(a *Attack) {
	for _, tactic := range a.Tactics {
		t := TacticCoverage{Tactic: tactic, Counts: map[State]int{}}
		for i := range c.Techniques {
			if slices.Contains(c.Techniques[i].Tactics, tactic.Tag) {
				t.Counts[c.Techniques[i].State]++
				t.Total++
			}
		}
		if t.Total > 0 {
			c.Tactics = append(c.Tactics, t)
		}
	}
}

// Count is how many techniques are in a state.
func (c *Coverage) Count(s State) (n int) {
	for i := range c.Techniques {
		if c.Techniques[i].State == s {
			n++
		}
	}
	return n
}
