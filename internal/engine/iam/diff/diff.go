// Package diff tells what changes between two sets of policies: which requests
// become allowed, which denied, and which denials come or go. It compares what
// the policies mean, never their text.
//
// The requests there can be are divided into cells in which no statement of
// either side makes a difference: actions by the catalogue and by the wildcards
// written (classes.go of glob, actions.go here), resources by the patterns
// (resources.go), principals by the names (principals.go). Within a cell only
// conditions are left. Each is an atom; which atoms can hold together is found
// key by key (worlds.go), and a decision tree over them (tree.go) compares the
// two sides. What differs is put together again into regions that a person would
// write (regions.go), and every region is shown by a request that package iam
// decides differently on the two sides (example.go).
//
// So "no difference" is a proof, up to what Result.Unknown names. It rests on
// these readings: a condition key is single-valued unless AWS documents it as
// multivalued or a condition asks for all or any of its values; text with a
// policy variable matches or not independently of everything else, which can
// only show a difference too many; keys that AWS puts into every signed request
// are there. A difference that concerns only resources which the action does not
// work on is counted, not listed.
package diff

import (
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
)

// Kind is what the policies are attached to.
type Kind uint8

const (
	Identity Kind = iota // to users, groups and roles; boundaries and session policies alike
	Resource             // to resources: bucket, key and trust policies
	SCP                  // to the organisation: service control policies of one level
)

// Policy is one document of a side. The policies of a side count as one.
type Policy struct {
	Name string
	Doc  *policy.Document
}

// Change is what becomes of requests.
type Change string

const (
	Allowed Change = "allowed" // was denied, is allowed
	Denied  Change = "denied"  // was allowed, is denied
	// Lifted: no statement denies it any more. None of these policies allows it
	// either, but others may.
	Lifted Change = "denial lifted"
	// Barred: a statement denies it now, whatever other policies allow.
	Barred Change = "denial added"
)

// Widens tells whether somebody may be able to do more than before.
func (c Change) Widens() bool { return c == Allowed || c == Lifted }

// Region is requests that change alike.
type Region struct {
	Change Change
	// Actions are written as people write them, with wildcards where all that
	// AWS has today fits; Count is how many actions of today that are. Later is
	// set where it is none: actions that AWS may add.
	Actions    []Span
	Count      int
	Later      bool
	Resources  []Span
	Principals []string // of resource policies
	When       []Term   // all must be so
	// Example is one request of the region. Verified says that the engine decides
	// it differently on the two sides; where no such request was found the
	// difference may not be real.
	Example  Example
	Verified bool

	Old, New iam.Decision
}

// Span is what a pattern covers without what some others do.
type Span struct {
	Pattern string
	Except  []string
}

// Term is one condition and whether it holds.
type Term struct {
	Operator string
	Key      string
	Values   []string
	Holds    bool
}

// Example is one request.
type Example struct {
	Principal string
	Action    string
	Resource  string
	Context   map[string][]string
}

// Result is what changes.
type Result struct {
	Regions []Region
	// Vacuous is how many kinds of difference concern only resources that the
	// actions do not work on.
	Vacuous int
	// Unknown says what could not be compared, and why.
	Unknown []string
}

// Equal tells whether it is proved that every request is decided alike, besides
// those for actions that AWS may add.
func (r *Result) Equal() bool {
	if len(r.Unknown) > 0 {
		return false
	}
	for i := range r.Regions {
		if !r.Regions[i].Later {
			return false
		}
	}
	return true
}

// Widens tells whether somebody may be able to do more than before, or whether
// that could not be ruled out.
func (r *Result) Widens() bool {
	for i := range r.Regions {
		if r.Regions[i].Change.Widens() {
			return true
		}
	}
	return len(r.Unknown) > 0
}

// Compare tells what changes when the old policies are replaced by the new.
func Compare(kind Kind, old, new []Policy) *Result {
	return newComparison(kind).run(old, new)
}

// Granted tells which of the actions, which may have wildcards, the policies
// allow on some resource under some circumstances: the regions of the result.
func Granted(kind Kind, policies []Policy, actions []string) *Result {
	c := newComparison(kind)
	for _, a := range actions {
		c.only = append(c.only, strings.ToLower(a))
	}
	r := c.run(nil, policies)
	r.Regions = slices.DeleteFunc(r.Regions, func(x Region) bool { return x.Change != Allowed })
	return r
}

func (c *comparison) run(old, new []Policy) *Result {
	for _, p := range old {
		c.add(0, p)
	}
	for _, p := range new {
		c.add(1, p)
	}
	c.divide()
	c.report()
	return c.result
}
