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
	index index // first, where a processor's cache line begins

	Name string
	Doc  *policy.Document

	statements []statement
	public     kleene.Value // what Amazon S3 calls public
}

// Compile makes a document ready to decide. It does not fail: what it does not
// understand is unseen, and makes what depends on it Unknown.
func Compile(name string, doc *policy.Document) *Policy { return new(Compiler).Compile(name, doc) }

// Compiler compiles many documents, which then share what they have in common:
// much faster, and smaller, than each by itself. One worker can use it at a time.
// The zero Compiler remembers nothing.
type Compiler struct {
	actions map[string]actionPattern // by what was written
	heads   map[string]arnHead
	keys    map[string]keyName
	layout  layout
	current []actionPattern // of the statement that is compiled
}

// NewCompiler makes a compiler that remembers.
func NewCompiler() *Compiler {
	return &Compiler{actions: map[string]actionPattern{}, heads: map[string]arnHead{}, keys: map[string]keyName{}}
}

// Compile is the same as the function of this name.
func (c *Compiler) Compile(name string, doc *policy.Document) *Policy {
	p := &Policy{Name: name, Doc: doc, statements: make([]statement, len(doc.Statements)), public: s3Public(doc)}
	for i := range doc.Statements {
		c.statement(&doc.Statements[i], doc.Variables(), &p.statements[i])
		c.layout.statement(int32(i), &p.statements[i], c.current)
	}
	c.layout.hides(doc.Unseen)
	p.index = c.layout.seal()
	return p
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
	actions        []glob.Pattern // in lower case
	services       []word         // of actions, apart from them: most are told by it
	principals     []principal
}

// actionPattern is one element of Action or NotAction.
type actionPattern struct {
	pattern  glob.Pattern // in lower case
	service  word         // the zero word where that is left open
	name     glob.Pattern // what follows the colon
	nameWord word         // the same; the zero word where it has a wildcard
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

func (c *Compiler) statement(s *policy.Statement, variables bool, out *statement) {
	*out = statement{allows: s.Effect != policy.Deny, denies: s.Effect != policy.Allow, unseen: s.Unseen}
	actions := s.Actions
	if s.NotActions != nil {
		actions, out.notActions = s.NotActions, true
	}
	c.current = c.current[:0]
	out.actions, out.services = make([]glob.Pattern, 0, len(actions)), make([]word, 0, len(actions))
	for _, a := range actions {
		if a.Partial {
			out.unseen |= policy.ActionPart // which services it concerns is not known
			continue
		}
		compiled := c.action(a.Value)
		out.actions, out.services = append(out.actions, compiled.pattern), append(out.services, compiled.service)
		c.current = append(c.current, compiled)
	}
	resources := s.Resources
	if s.NotResources != nil {
		resources, out.notResources = s.NotResources, true
	}
	out.resources = make([]resourcePattern, len(resources))
	for i, r := range resources {
		if r.Partial {
			known := glob.Compile(r.Value + "*" + r.Suffix)
			out.resources[i].known = &known
			continue
		}
		out.resources[i].pattern = c.arn(r.Value, variables)
	}
	switch {
	case s.NotPrincipals != nil:
		out.naming, out.principals = namesOthers, compilePrincipals(s.NotPrincipals)
	case s.Principals != nil || s.Unseen.Has(policy.PrincipalPart):
		out.naming, out.principals = namesThese, compilePrincipals(s.Principals)
	}
	out.conditions = make([]condition, len(s.Conditions))
	for i := range s.Conditions {
		out.conditions[i] = c.condition(&s.Conditions[i], variables)
		out.conditions[i].written = i
	}
	// The cheapest first: one that does not hold saves the others.
	slices.SortStableFunc(out.conditions, func(a, b condition) int { return cmp.Compare(a.cost(), b.cost()) })
}

func (c *Compiler) action(written string) actionPattern {
	if a, ok := c.actions[written]; ok {
		return a
	}
	lower := strings.ToLower(written)
	a := actionPattern{pattern: glob.Compile(lower)}
	if service, name, ok := strings.Cut(lower, ":"); ok && !strings.ContainsAny(service, "*?") {
		a.service, a.name = unique.Make(service), glob.Compile(name)
		if _, literal := a.name.Text(); literal {
			a.nameWord = unique.Make(name)
		}
	}
	if c.actions != nil {
		c.actions[written] = a
	}
	return a
}

func (c *Compiler) key(written string) keyName {
	if k, ok := c.keys[written]; ok {
		return k
	}
	k := keyOf(written)
	if c.keys != nil {
		c.keys[written] = k
	}
	return k
}

// everything tells whether the statement allows all there is. With principals it
// has to allow it to everyone.
func (s *statement) everything() bool {
	return s.allows && !s.denies && !s.notActions && !s.notResources && s.unseen == 0 && len(s.conditions) == 0 &&
		slices.ContainsFunc(s.actions, func(p glob.Pattern) bool { return p.Any() }) &&
		slices.ContainsFunc(s.resources, func(r resourcePattern) bool { return r.pattern.any }) &&
		(s.naming == namesNobody || s.naming == namesThese && slices.ContainsFunc(s.principals, func(p principal) bool { return p.kind == policy.Everyone }))
}
