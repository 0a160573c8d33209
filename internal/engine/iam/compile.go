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
	public     kleene.Value // what Amazon S3 calls public
}

// Compile makes a document ready to decide. It does not fail: what it does not
// understand is unseen, and makes what depends on it Unknown.
func Compile(name string, doc *policy.Document) *Policy {
	p := &Policy{Name: name, Doc: doc, statements: make([]statement, len(doc.Statements)), public: s3Public(doc)}
	for i := range doc.Statements {
		p.statements[i] = compileStatement(&doc.Statements[i], doc.Variables())
	}
	p.index.policy(0, p)
	p.index.seal()
	return p
}

// Index makes one index of all policies of the set, which must not change any
// more. Deciding is faster by it, at the cost of memory: worth it for a principal
// that many questions are about.
func (s *Set) Index() {
	s.whole = &index{}
	for i, p := range s.Policies {
		s.whole.policy(int32(i), p)
	}
	s.whole.seal()
}

// statement is one statement, ready to match.
type statement struct {
	allows, denies bool // both where the effect was not seen
	notResources   bool
	notActions     bool
	naming         naming
	unseen         policy.Parts
	conditions     []condition
	resources      []resourcePattern
	actions        []actionPattern
	services       []word // of actions, apart from them: most are told by it
	principals     []principal
}

// actionPattern is one element of Action or NotAction, in lower case.
type actionPattern struct{ pattern glob.Pattern }

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
	out := statement{allows: s.Effect != policy.Deny, denies: s.Effect != policy.Allow, unseen: s.Unseen}
	actions := s.Actions
	if s.NotActions != nil {
		actions, out.notActions = s.NotActions, true
	}
	for _, a := range actions {
		if a.Partial {
			out.unseen |= policy.ActionPart // which services it concerns is not known
			continue
		}
		pattern, service := compileAction(strings.ToLower(a.Value))
		out.actions, out.services = append(out.actions, pattern), append(out.services, service)
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

// compileAction also names the service; the zero word where that is left open.
func compileAction(s string) (actionPattern, word) {
	prefix, _, ok := strings.Cut(s, ":")
	if !ok || strings.ContainsAny(prefix, "*?") {
		return actionPattern{glob.Compile(s)}, word{}
	}
	return actionPattern{glob.Compile(s)}, unique.Make(prefix)
}

// everything tells whether the statement allows all there is. With principals it
// has to allow it to everyone.
func (s *statement) everything() bool {
	return s.allows && !s.denies && !s.notActions && !s.notResources && s.unseen == 0 && len(s.conditions) == 0 &&
		slices.ContainsFunc(s.actions, func(a actionPattern) bool { return a.pattern.Any() }) &&
		slices.ContainsFunc(s.resources, func(r resourcePattern) bool { return r.pattern.any }) &&
		(s.naming == namesNobody || s.naming == namesThese && slices.ContainsFunc(s.principals, func(p principal) bool { return p.kind == policy.Everyone }))
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
	denies   bool   // some statement may deny
	unseen   bool   // there may be statements besides those listed
}

// service is what a document says of the actions of one service.
type service struct {
	hashes []uint32 // of the names of exact, in the same order
	exact  []exactAction
	wild   []wildAction
}

type exactAction struct {
	candidate
	name word
}

type wildAction struct {
	candidate
	name glob.Pattern // what follows the colon
}

// candidate is a statement that concerns an action, with what rules most of them
// out before the statement itself is looked at. Statements of all policies of an
// estate do not fit in a processor's caches; these do.
type candidate struct {
	statement  *statement
	policy     int32 // its place in the set
	number     int32 // the statement's in the policy
	allows     bool  // it can only allow
	everything bool
	gate       gate
}

// policy adds the statements of one policy.
func (x *index) policy(place int32, p *Policy) {
	x.unseen = x.unseen || p.Doc.Unseen != ""
	x.denies = x.denies || x.unseen
	for i := range p.statements {
		x.denies = x.denies || p.statements[i].denies
		x.add(place, int32(i), &p.statements[i])
	}
}

func (x *index) add(place, number int32, s *statement) {
	c := candidate{statement: s, policy: place, number: number, allows: !s.denies, everything: s.everything(), gate: s.gate()}
	if s.notActions || s.unseen.Has(policy.ActionPart) || slices.Contains(s.services, word{}) {
		x.always = append(x.always, c)
		return
	}
	for i := range s.actions {
		prefix, name, _ := strings.Cut(s.actions[i].pattern.String(), ":")
		e := x.service(prefix)
		if strings.ContainsAny(name, "*?") {
			e.wild = append(e.wild, wildAction{c, glob.Compile(name)})
		} else {
			e.hashes, e.exact = append(e.hashes, hash(name)), append(e.exact, exactAction{c, unique.Make(name)})
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
		slices.SortStableFunc(e.exact, func(a, b exactAction) int { return cmp.Compare(hash(a.name.Value()), hash(b.name.Value())) })
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
