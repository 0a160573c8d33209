package iam

import (
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam/policy"
	"holdfast.dev/holdfast/internal/kleene"
)

// Explanation is a decision with everything that led to it.
type Explanation struct {
	Outcome
	// By are the deciding statements: those that deny, else those that grant, else
	// those of which it is not known whether they match.
	By []Ref
	// Missing are the condition keys, spelt as policies do, that the request does
	// not have or of which the value was not seen, where that made a difference to
	// a statement which otherwise matches.
	Missing []string
	// Layers are what each kind of policy says, in the order AWS asks them.
	Layers []LayerTrace
	// Alternatives are the answers that other values of unseen keys lead to, one
	// example each; empty where the answer is known.
	Alternatives []Alternative
}

// LayerTrace is what one layer, or one level of it, says.
type LayerTrace struct {
	Layer Layer
	Node  string
	// Skipped says why the layer has no say; the rest is then empty.
	Skipped        string
	Allows, Denies kleene.Value
	Unseen         string
	// Statements are those that concern the action; Others is how many do not.
	Statements []StatementTrace
	Others     int
}

// StatementTrace is how one statement compares with the request.
type StatementTrace struct {
	Ref
	Matches                     kleene.Value
	Principal, Action, Resource kleene.Value
	Conditions                  []ConditionTrace
}

// ConditionTrace is how one condition compares with the request.
type ConditionTrace struct {
	Operator, Key string
	Want          []string
	State         State
	Got           []string
	Holds         kleene.Value
}

// Explain answers a request as Decide does, and tells how it came to that.
func Explain(req *Request, p *Policies) *Explanation {
	req, ok := req.ready()
	if !ok {
		return &Explanation{}
	}
	var d decision
	d.weigh(req, p)
	e := &Explanation{Outcome: d.outcome()}
	if d.always {
		return e
	}
	e.layers(req, p)
	if e.Decision == Unknown {
		s := settling{policies: p, budget: settleBudget, first: e.Outcome, thorough: true}
		e.Outcome = s.run(req)
		if e.Decision == Unknown {
			e.Alternatives = s.found
			for _, k := range s.matter(req) {
				e.miss(k.name)
			}
		}
	}
	e.decisive()
	slices.SortFunc(e.Missing, func(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) })
	return e
}

func (e *Explanation) layers(req *Request, p *Policies) {
	who := req.Principal
	side := who.Kind != KindAnonymous && who.Kind != KindService && who.Kind != KindFederated
	sc := &scope{req: req, bounded: p.Boundary != nil && side && who.Kind != KindRoot}
	skip := ""
	switch {
	case who.ServiceLinked():
		skip = "service-linked roles are not bound"
	case !req.rules.controlled:
		skip = "RCPs do not reach this action"
	case req.Management:
		skip = "resources of the management account are not bound"
	}
	e.levels(RCPLayer, p.RCPs, skip, sc)
	skip = ""
	switch {
	case !side:
		skip = "SCPs bind users and roles only"
	case who.Management:
		skip = "the management account is not bound"
	case who.ServiceLinked():
		skip = "service-linked roles are not bound"
	}
	e.levels(SCPLayer, p.SCPs, skip, sc)
	e.layer(EndpointLayer, p.Endpoint, sc)
	e.layer(ResourceLayer, p.Resource, sc)
	if !side {
		return
	}
	if who.Kind != KindRoot {
		e.layer(IdentityLayer, &p.Identity, sc)
		e.layer(BoundaryLayer, p.Boundary, sc)
	}
	e.layer(SessionLayer, p.Session, sc)
}

func (e *Explanation) levels(layer Layer, sets []Set, skip string, sc *scope) {
	if skip != "" && len(sets) > 0 {
		e.Layers = append(e.Layers, LayerTrace{Layer: layer, Skipped: skip})
		return
	}
	for i := range sets {
		e.layer(layer, &sets[i], sc)
	}
}

func (e *Explanation) layer(layer Layer, set *Set, sc *scope) {
	if set == nil {
		return
	}
	v := newVerdict(layer)
	v.set(set, sc)
	t := LayerTrace{Layer: layer, Node: set.Node, Allows: v.any(), Denies: v.deny, Unseen: set.Unseen}
	t.Statements = slices.Grow(t.Statements, set.concerning(sc.req))
	for _, p := range set.Policies {
		for i := range p.statements {
			s := &p.statements[i]
			concerned := s.concerns(sc.req)
			if concerned == kleene.False {
				t.Others++
				continue
			}
			trace := e.statement(p, i, sc, layer)
			trace.Action = concerned
			trace.Matches = trace.Matches.And(concerned)
			trace.Ref.Layer, trace.Ref.Node = layer, set.Node
			t.Statements = append(t.Statements, trace)
		}
		if p.Doc.Unseen != "" && t.Unseen == "" {
			t.Unseen = p.Doc.Unseen
		}
	}
	e.Layers = append(e.Layers, t)
}

// concerning counts the statements that may be about the action.
func (s *Set) concerning(r *Request) int {
	n := 0
	for _, p := range s.Policies {
		for i := range p.statements {
			if p.statements[i].concerns(r) != kleene.False {
				n++
			}
		}
	}
	return n
}

func (e *Explanation) statement(p *Policy, i int, sc *scope, layer Layer) StatementTrace {
	s, written := &p.statements[i], &p.Doc.Statements[i]
	t := StatementTrace{Principal: kleene.True, Resource: s.covers(sc, layer)}
	t.Ref = Ref{Policy: p.Name, Statement: i, Sid: written.Sid, Effect: written.Effect}
	if layer.namesCallers() {
		t.Principal = s.names(sc, layer).any()
	}
	for j := range s.conditions {
		t.Conditions = append(t.Conditions, traceCondition(&s.conditions[j], &written.Conditions[s.conditions[j].written], sc))
	}
	t.Matches = t.Principal.And(t.Resource).And(s.applies(sc))
	return t
}

func traceCondition(c *condition, written *policy.Condition, sc *scope) ConditionTrace {
	t := ConditionTrace{Operator: written.Operator, Key: written.Key, Holds: c.holds(sc)}
	for _, v := range written.Values {
		if v.Partial {
			t.Want = append(t.Want, v.Value+"…"+v.Suffix)
			continue
		}
		t.Want = append(t.Want, v.Value)
	}
	v := sc.lookup(c.key)
	t.State = v.state
	for i := range v.len() {
		t.Got = append(t.Got, v.at(i))
	}
	return t
}

// decisive finds the statements that decided, and the keys whose absence made a
// difference.
func (e *Explanation) decisive() {
	for i := range e.Layers {
		l := &e.Layers[i]
		for j := range l.Statements {
			t := &l.Statements[j]
			if e.decides(t, l.Layer) {
				e.By = append(e.By, t.Ref)
			}
			if e.blocks(t, l) {
				e.missing(t)
			}
		}
	}
}

// blocks tells whether the request would perhaps be allowed if the statement's
// conditions answered otherwise: it denies, or its layer has nothing else that
// allows. Of an unknown answer it is the unseen that decides.
func (e *Explanation) blocks(t *StatementTrace, l *LayerTrace) bool {
	switch {
	case e.Decision == Allowed || e.Decision == Unknown || t.Principal == kleene.False || t.Resource == kleene.False:
		return false
	case t.Effect == policy.Deny:
		return t.Matches != kleene.False
	}
	// What grants more closely may help where something grants already.
	return e.Decision != ExplicitlyDenied && (l.Allows != kleene.True || l.Layer == ResourceLayer)
}

func (e *Explanation) decides(t *StatementTrace, layer Layer) bool {
	switch e.Decision {
	case ExplicitlyDenied:
		return t.Effect == policy.Deny && t.Matches == kleene.True
	case Allowed:
		return t.Effect == policy.Allow && t.Matches == kleene.True && (layer == IdentityLayer || layer == ResourceLayer)
	case Unknown:
		return t.Matches == kleene.Unknown
	}
	return false
}

// missing notes the keys that a statement asked for in vain: an Allow that does
// not match without them, a Deny that matches because of it.
func (e *Explanation) missing(t *StatementTrace) {
	wanted := kleene.Of(t.Effect == policy.Deny)
	for i := range t.Conditions {
		c := &t.Conditions[i]
		if c.State != Absent && c.Holds == kleene.False {
			return // nothing that is missing would help
		}
	}
	for i := range t.Conditions {
		if c := &t.Conditions[i]; c.State == Absent && c.Holds == wanted {
			e.miss(c.Key)
		}
	}
}

func (e *Explanation) miss(key string) {
	if !slices.ContainsFunc(e.Missing, func(k string) bool { return strings.EqualFold(k, key) }) {
		e.Missing = append(e.Missing, key)
	}
}
