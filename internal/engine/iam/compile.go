package iam

import (
	"cmp"
	"slices"
	"strings"
	"unique"

	"holdfast.dev/holdfast/internal/engine/iam/glob"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
	"holdfast.dev/holdfast/internal/kleene"
)

// Policy is a compiled document. It is safe for concurrent use.
type Policy struct {
	Name string
	Doc  *policy.Document

	statements []statement
	index      index
	denies     bool         // some statement may deny, or was not seen
	unseen     bool         // there may be statements besides those listed
	public     kleene.Value // what Amazon S3 calls public
}

// Compile makes a document ready to decide. It does not fail: what it does not
// understand is unseen, and makes what depends on it Unknown.
func Compile(name string, doc *policy.Document) *Policy {
	p := &Policy{Name: name, Doc: doc, statements: make([]statement, len(doc.Statements)), unseen: doc.Unseen != "", denies: doc.Unseen != ""}
	for i := range doc.Statements {
		p.statements[i] = compileStatement(&doc.Statements[i], doc.Variables())
		p.index.add(int32(i), &p.statements[i])
		p.denies = p.denies || doc.Statements[i].Effect != policy.Allow
	}
	p.index.seal()
	p.public = s3Public(doc)
	return p
}

// statement is one statement, ready to match.
type statement struct {
	effect       policy.Effect
	actions      []actionPattern
	notActions   bool
	resources    []resourcePattern
	notResources bool
	principals   []principal
	naming       naming
	conditions   []condition
	unseen       policy.Parts
}

// actionPattern is one element of Action or NotAction, in lower case. Where the service
// is named, its hash tells most others apart at once.
type actionPattern struct {
	pattern glob.Pattern
	service word
	any     bool // the service is left open
}

// word is a string of which there is one copy, so that comparing two of them is
// comparing two pointers.
type word = unique.Handle[string]

// naming is how a statement says whom it concerns.
type naming uint8

const (
	namesNobody naming = iota // no principal element
	namesThese
	namesOthers // NotPrincipal
)

// resourcePattern is one element of Resource or NotResource.
type resourcePattern struct {
	pattern arnPattern
	// known is the start and the end of one of which no more was seen; else nil.
	known *glob.Pattern
}

func compileStatement(s *policy.Statement, variables bool) statement {
	out := statement{effect: s.Effect, unseen: s.Unseen}
	actions := s.Actions
	if s.NotActions != nil {
		actions, out.notActions = s.NotActions, true
	}
	for _, a := range actions {
		if a.Partial {
			out.unseen |= policy.ActionPart // which services it concerns is not known
			continue
		}
		out.actions = append(out.actions, compileAction(strings.ToLower(a.Value)))
	}
	resources := s.Resources
	if s.NotResources != nil {
		resources, out.notResources = s.NotResources, true
	}
	for _, r := range resources {
		if r.Partial {
			known := glob.Compile(r.Value + "*" + r.Suffix)
			out.resources = append(out.resources, resourcePattern{known: &known})
			continue
		}
		out.resources = append(out.resources, resourcePattern{pattern: compileARN(r.Value, variables)})
	}
	switch {
	case s.NotPrincipals != nil:
		out.naming, out.principals = namesOthers, compilePrincipals(s.NotPrincipals)
	case s.Principals != nil || s.Unseen.Has(policy.PrincipalPart):
		out.naming, out.principals = namesThese, compilePrincipals(s.Principals)
	}
	for i := range s.Conditions {
		c := compileCondition(&s.Conditions[i], variables)
		c.written = i
		out.conditions = append(out.conditions, c)
	}
	// The cheapest first: one that does not hold saves the others.
	slices.SortStableFunc(out.conditions, func(a, b condition) int { return cmp.Compare(a.cost(), b.cost()) })
	return out
}

func compileAction(s string) actionPattern {
	prefix, _, ok := strings.Cut(s, ":")
	if !ok || strings.ContainsAny(prefix, "*?") {
		return actionPattern{pattern: glob.Compile(s), any: true}
	}
	return actionPattern{pattern: glob.Compile(s), service: unique.Make(prefix)}
}

// index finds the statements that may concern an action, without a look at those
// that name other services.
type index struct {
	// always are statements which any action may concern: NotAction, an action that
	// was not seen, a wildcard in the name of the service.
	always   []candidate
	names    []word // of the services, apart from what is known of them: they are looked through
	services []service
	mask     uint64 // a bit for each service, to tell quickly that it is not there
}

// service is what a document says of the actions of one service.
type service struct {
	hashes []uint32 // of the names of exact, in the same order
	exact  []exactAction
	wild   []wildAction
}

type exactAction struct {
	candidate
	name string
}

type wildAction struct {
	candidate
	name glob.Pattern // what follows the colon
}

// candidate is a statement that concerns an action, with what rules most of them
// out before the statement itself is looked at. Statements of all policies of an
// estate do not fit in a processor's caches; these do.
type candidate struct {
	statement int32
	allows    bool // it can only allow
	gate      gate
}

func (x *index) add(number int32, s *statement) {
	c := candidate{statement: number, allows: s.effect == policy.Allow, gate: s.gate()}
	if s.notActions || s.unseen.Has(policy.ActionPart) || slices.ContainsFunc(s.actions, func(a actionPattern) bool { return a.any }) {
		x.always = append(x.always, c)
		return
	}
	for i := range s.actions {
		prefix, name, _ := strings.Cut(s.actions[i].pattern.String(), ":")
		e := x.service(prefix)
		if strings.ContainsAny(name, "*?") {
			e.wild = append(e.wild, wildAction{c, glob.Compile(name)})
		} else {
			e.hashes, e.exact = append(e.hashes, hash(name)), append(e.exact, exactAction{c, name})
		}
	}
}

func (x *index) service(name string) *service {
	w := unique.Make(name)
	x.mask |= 1 << (hash(name) & 63)
	if i := slices.Index(x.names, w); i >= 0 {
		return &x.services[i]
	}
	x.names, x.services = append(x.names, w), append(x.services, service{})
	return &x.services[len(x.services)-1]
}

// seal orders what is looked up by its hash, and gives back the room that growing
// took.
func (x *index) seal() {
	x.names, x.services, x.always = slices.Clip(x.names), slices.Clip(x.services), slices.Clip(x.always)
	for i := range x.services {
		e := &x.services[i]
		slices.SortStableFunc(e.exact, func(a, b exactAction) int { return cmp.Compare(hash(a.name), hash(b.name)) })
		slices.Sort(e.hashes)
		e.hashes, e.exact, e.wild = slices.Clip(e.hashes), slices.Clip(e.exact), slices.Clip(e.wild)
	}
}

// first is where names of this hash begin, if there are any. Few are looked
// through faster than they are searched.
func (e *service) first(hash uint32) int {
	if len(e.hashes) > 16 {
		at, _ := slices.BinarySearch(e.hashes, hash)
		return at
	}
	return max(0, slices.Index(e.hashes, hash))
}

// hash is FNV-1a, which is short and does not allocate. What has one hash is told
// apart by the text.
func hash(s string) uint32 {
	h := uint32(2166136261)
	for i := range len(s) {
		h = (h ^ uint32(s[i])) * 16777619
	}
	return h
}
