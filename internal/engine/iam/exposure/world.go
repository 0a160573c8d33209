package exposure

import (
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
	"holdfast.dev/holdfast/internal/kleene"
)

// World is one request in full.
type World struct {
	Principal string // ARN, service, identity provider, or "anonymous"
	Action    string
	Resource  string
	Context   map[string][]string // the keys that the document asks about

	who   *iam.Principal
	owner string
	made  []choice
}

// Decide asks what else has a say in this world: Block Public Access, resource
// control policies. What the visitor's own account allows, it allows.
func (w *World) Decide(policies iam.Policies) iam.Outcome {
	ctx := &iam.Context{}
	for i := range w.made {
		w.made[i].put(ctx)
	}
	req, err := iam.NewRequest(iam.Request{Principal: w.who, Action: w.Action, Resource: w.Resource, Account: w.owner, Context: ctx})
	if err != nil {
		return iam.Outcome{}
	}
	policies.Identity = everything
	return iam.Decide(req, &policies)
}

// search looks for a world in which one Allow statement of a document lets a
// visitor in and no Deny of it keeps him out.
type search struct {
	zone      Zone
	version   string
	variables bool
	unseenDoc string
	asked     []string // action patterns; none: any
	named     []string // ARNs that the document is about

	target     policy.Statement
	doubt      bool // whether the target allows at all was not seen
	denies     []policy.Statement
	deniedAt   []int // where they stand in the document
	conditions []*policy.Condition
	about      map[string][]*policy.Condition // by key in lower case
	keys       map[string]bool                // those that conditions and variables ask about

	partition, owner, fresh string
	holds                   map[*policy.Condition]*iam.Policy
	names                   map[*policy.Statement][]string // actions worth trying, by the first Deny
	things                  map[*policy.Statement][]string // likewise resources
	tally                   *tally
}

// tally counts the questions of all searches in one document.
type tally struct {
	steps   int
	overrun bool // more would have had to be asked
}

// maxSteps bounds the questions that are asked of the engine about one document.
// Documents that people write need tens to some thousands; what is left open by a
// hostile one is Unknown.
const maxSteps = 50_000

// newSearch is about the statement at a place in a document.
func newSearch(doc *policy.Document, at int, zone Zone, asked []string, count *tally) *search {
	s := &search{
		zone: zone, version: doc.Version, variables: doc.Variables(), unseenDoc: doc.Unseen, asked: asked, named: namedIn(doc),
		target: doc.Statements[at], partition: partitionOf(doc, zone),
		fresh: freshAccount(doc, zone, '9'), owner: zone.Account, tally: count,
	}
	if s.owner == "" {
		s.owner = freshAccount(doc, zone, '7')
	}
	if s.target.Effect == "" {
		s.doubt, s.target.Effect = true, policy.Allow
		s.target.Unseen &^= policy.EffectPart
	}
	for i := range doc.Statements {
		if st := &doc.Statements[i]; i != at && st.Effect != policy.Allow {
			s.denies, s.deniedAt = append(s.denies, *st), append(s.deniedAt, i)
		}
	}
	s.index()
	return s
}

// index gathers the conditions and the keys of what the search is about.
func (s *search) index() {
	s.conditions, s.about, s.keys, s.holds = nil, map[string][]*policy.Condition{}, map[string]bool{}, map[*policy.Condition]*iam.Policy{}
	s.names, s.things = map[*policy.Statement][]string{}, map[*policy.Statement][]string{}
	note := func(st *policy.Statement) {
		for i := range st.Conditions {
			c := &st.Conditions[i]
			key := strings.ToLower(c.Key)
			s.conditions, s.about[key], s.keys[key] = append(s.conditions, c), append(s.about[key], c), true
			s.noteVariables(c.Values)
		}
		s.noteVariables(st.Resources)
		s.noteVariables(st.NotResources)
	}
	note(&s.target)
	for i := range s.denies {
		note(&s.denies[i])
	}
}

func (s *search) noteVariables(list []policy.Text) {
	if !s.variables {
		return
	}
	for _, t := range list {
		rest := t.Value
		for {
			_, after, ok := strings.Cut(rest, "${")
			inner, tail, closed := strings.Cut(after, "}")
			if !ok || !closed {
				break
			}
			rest = tail
			name, _, _ := strings.Cut(inner, ",")
			if name = strings.ToLower(strings.TrimSpace(name)); len(name) > 1 {
				s.keys[name] = true
			}
		}
	}
}

// strangers asks whether some stranger gets in, and how.
func (s *search) strangers() (kleene.Value, *World) {
	inner := s.everyone()
	return inner.admitsAny(inner.strangersAt())
}

// with is the same search for another statement.
func (s *search) with(target policy.Statement) *search {
	c := *s
	c.target = target
	c.index()
	return &c
}

func (s *search) withoutCondition(i int) *search {
	t := s.target
	t.Conditions = slices.Delete(slices.Clone(t.Conditions), i, i+1)
	return s.with(t)
}

func (s *search) withoutDeny(i int) *search {
	c := *s
	c.denies, c.deniedAt = slices.Delete(slices.Clone(s.denies), i, i+1), slices.Delete(slices.Clone(s.deniedAt), i, i+1)
	c.index()
	return &c
}

// admitsAny asks for several visitors: is one let in?
func (s *search) admitsAny(list []*visitor) (kleene.Value, *World) {
	result, way := kleene.False, (*World)(nil)
	for _, v := range list {
		answer, w := s.admits(v)
		if answer == kleene.True {
			return answer, w
		}
		if answer == kleene.Unknown && way == nil {
			way = w
		}
		result = result.Or(answer)
	}
	return result, way
}

// admits asks whether there is a world in which the visitor is let in.
func (s *search) admits(v *visitor) (kleene.Value, *World) {
	answer, way := s.admitsWith(v, s.denies)
	if answer == kleene.True && s.hazy() {
		// What the statement allows was not wholly seen. Only what survives every
		// Deny, whatever it is about, is let in for certain.
		if widened, _ := s.admitsWith(v, widen(s.denies, s.target.Unseen)); widened != kleene.True {
			answer = kleene.Unknown
		}
	}
	if s.doubt {
		answer = answer.And(kleene.Unknown)
	}
	if answer == kleene.False {
		way = nil
	}
	return answer, way
}

// hazy tells whether something about what the target allows was not seen.
func (s *search) hazy() bool { return s.target.Unseen.Has(policy.ActionPart | policy.ResourcePart) }

// widen makes Deny statements be about every action, or every resource.
func widen(denies []policy.Statement, parts policy.Parts) []policy.Statement {
	out := slices.Clone(denies)
	everything := []policy.Text{{Value: "*"}}
	for i := range out {
		if parts.Has(policy.ActionPart) {
			out[i].Actions, out[i].NotActions = everything, nil
		}
		if parts.Has(policy.ResourcePart) {
			out[i].Resources, out[i].NotResources = everything, nil
		}
	}
	return out
}

func (s *search) admitsWith(v *visitor, denies []policy.Statement) (kleene.Value, *World) {
	room := s.room(denies)
	axes, all := s.axes(v, denies)
	if axes == nil {
		return kleene.False, nil
	}
	result, way := kleene.False, (*World)(nil)
	if !all {
		result = kleene.Unknown // a choice that was not tried may be the one
	}
	for _, deed := range s.deeds(v, denies) {
		answer, w := s.try(v, room, deed, axes, nil)
		if answer == kleene.True {
			return answer, w
		}
		if answer == kleene.Unknown && way == nil {
			way = w
		}
		result = result.Or(answer)
	}
	if s.tally.overrun && result == kleene.False {
		result = kleene.Unknown
	}
	return result, way
}

// try goes through the choices of every key.
func (s *search) try(v *visitor, room *iam.Policies, d deed, axes [][]choice, made []*choice) (kleene.Value, *World) {
	if len(made) < len(axes) {
		result, way := kleene.False, (*World)(nil)
		for i := range axes[len(made)] {
			answer, w := s.try(v, room, d, axes, append(made, &axes[len(made)][i]))
			if answer == kleene.True {
				return answer, w
			}
			if answer == kleene.Unknown && way == nil {
				way = w
			}
			result = result.Or(answer)
		}
		return result, way
	}
	ctx := &iam.Context{}
	for _, c := range made {
		c.put(ctx)
	}
	answer := s.decide(v.principal, d, ctx, room)
	if answer == kleene.False {
		return answer, nil
	}
	return answer, s.worldOf(v, d, made)
}

func (s *search) worldOf(v *visitor, d deed, made []*choice) *World {
	w := &World{Principal: nameOf(v.principal), Action: d.action, Resource: d.resource, Context: map[string][]string{}, who: v.principal, owner: s.owner}
	for _, c := range made {
		w.made = append(w.made, *c)
		if c.values != nil {
			w.Context[c.key] = c.values
		}
	}
	return w
}

func nameOf(p *iam.Principal) string {
	switch {
	case p.Kind == iam.KindAnonymous:
		return "anonymous"
	case p.ARN != "":
		return p.ARN
	}
	return p.Name
}

// decide asks the engine. Whatever the visitor's own account allows, it allows.
func (s *search) decide(p *iam.Principal, d deed, ctx *iam.Context, room *iam.Policies) kleene.Value {
	if s.tally.steps++; s.tally.steps > maxSteps {
		s.tally.overrun = true
		return kleene.Unknown
	}
	req, err := iam.NewRequest(iam.Request{Principal: p, Action: d.action, Resource: d.resource, Account: s.owner, Context: ctx})
	if err != nil {
		return kleene.Unknown
	}
	return iam.Decide(req, room).Allowed
}

// room compiles what the visitor meets.
func (s *search) room(denies []policy.Statement) *iam.Policies {
	target := s.target
	target.Unseen &^= policy.ActionPart | policy.ResourcePart
	if s.target.Unseen.Has(policy.ActionPart) || target.Actions == nil && target.NotActions == nil {
		target.Actions, target.NotActions = []policy.Text{{Value: "*"}}, nil
	}
	if s.target.Unseen.Has(policy.ResourcePart) {
		target.Resources, target.NotResources = []policy.Text{{Value: "*"}}, nil
	}
	target.Actions, target.Resources = spelt(target.Actions), spelt(target.Resources)
	doc := &policy.Document{Version: s.version, Statements: append([]policy.Statement{target}, denies...), Unseen: s.unseenDoc}
	return &iam.Policies{Identity: everything, Resource: &iam.Set{Policies: []*iam.Policy{iam.Compile("", doc)}}}
}

// spelt takes a text that is known in part for all that it may be.
func spelt(list []policy.Text) []policy.Text {
	if !slices.ContainsFunc(list, func(t policy.Text) bool { return t.Partial }) {
		return list
	}
	out := slices.Clone(list)
	for i, t := range out {
		if t.Partial {
			out[i] = policy.Text{Value: t.Value + "*" + t.Suffix}
		}
	}
	return out
}

// everything is what visitors may do at home.
var everything = iam.Set{Policies: []*iam.Policy{iam.Compile("", &policy.Document{Statements: []policy.Statement{{
	Effect: policy.Allow, Actions: []policy.Text{{Value: "*"}}, Resources: []policy.Text{{Value: "*"}},
}}})}}
