package paths

import (
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/escalate"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
	"holdfast.dev/holdfast/internal/kleene"
	"holdfast.dev/holdfast/internal/operate/access"
)

// judge answers the search with the decision engine. It remembers, so it is not
// for several goroutines.
type judge struct {
	estate   *access.Estate
	facts    *facts
	scene    *escalate.Scene
	index    map[string]int // principals by ARN
	subjects []*access.Subject
	known    map[string]*iam.Policy // managed policies by ARN
	surveyed survey
	requests map[question]*iam.Request
	doors    []door // of the principals that are roles
	stances  map[escalate.Who]*stance
	trusts   map[trust]kleene.Value
	removed  map[int][]iam.Ref
}

type trust struct {
	role    int
	service string
}

// stance is what applies to a principal in one of its states.
type stance struct {
	principal *iam.Principal
	policies  iam.Policies // without what the resource adds
	may       actions      // that it may do somewhere
	granted   *iam.Set     // a resource policy that names it, once it was asked for
}

// everything is what a principal with whatever permissions it likes has.
var everything = iam.Compile("a policy of its own making", &policy.Document{Version: policy.Version2012, Statements: []policy.Statement{{
	Effect: policy.Allow, Actions: []policy.Text{{Value: "*"}}, Resources: []policy.Text{{Value: "*"}},
}}})

func newJudge(e *access.Estate, f *facts, scene *escalate.Scene, techniques []escalate.Technique) *judge {
	j := &judge{estate: e, facts: f, scene: scene, index: map[string]int{}, subjects: e.Subjects(), known: map[string]*iam.Policy{},
		requests: map[question]*iam.Request{}, stances: map[escalate.Who]*stance{}, trusts: map[trust]kleene.Value{}}
	for i := range scene.Principals {
		j.index[scene.Principals[i].ARN] = i
	}
	for _, s := range j.subjects {
		for i, source := range s.Sources {
			if source.ARN != "" {
				j.known[source.ARN] = s.Identity.Policies[i]
			}
		}
	}
	j.surveyed = newSurvey(j.subjects, techniques)
	j.doors = make([]door, len(j.subjects))
	for i, s := range j.subjects {
		if s.Type == typeRole {
			j.doors[i] = doorOf(e.Object(s.Principal.ARN).Policy)
		}
	}
	return j
}

// stance is what applies to somebody, worked out once.
func (j *judge) stance(who escalate.Who) *stance {
	if st, ok := j.stances[who]; ok {
		return st
	}
	s := j.subjects[who.Principal]
	st := &stance{principal: s.Principal, policies: iam.Policies{Identity: s.Identity, Boundary: s.Boundary, SCPs: s.SCPs}}
	if refs := j.removed[who.Principal]; len(refs) > 0 {
		st.policies.Identity = without(s.Identity, refs)
	}
	if who.Detached || who.Erased {
		st.policies.Identity = j.facts.unguarded(st.policies.Identity, s, who)
	}
	if who.Raised {
		st.policies.Identity = iam.Set{Policies: []*iam.Policy{everything}}
	}
	if who.Unbounded {
		st.policies.Boundary = nil
	}
	if g := j.facts.groups[who.Joined]; g != nil && !who.Raised {
		joined := j.facts.policiesOf(g, j.known)
		identity := &st.policies.Identity
		identity.Policies = append(identity.Policies[:len(identity.Policies):len(identity.Policies)], joined.Policies...)
		identity.Unseen = either(identity.Unseen, joined.Unseen)
	}
	st.may = j.surveyed.allows(&st.policies.Identity)
	j.stances[who] = st
	return st
}

// Never implements escalate.Indexed. What resources grant by themselves, roles by
// their trust policy and functions by theirs, is left to the engine.
func (j *judge) Never(who escalate.Who, action string) bool {
	if action == assumeRole || strings.HasPrefix(action, "lambda:") {
		return false
	}
	at, ok := j.surveyed.number[action]
	return ok && !j.stance(who).may.has(at)
}

// May implements escalate.Judge. Where the answer is open, it is asked again with
// circumstances of the caller's choice: the Regions that policies speak of.
func (j *judge) May(who escalate.Who, ask escalate.Ask) escalate.Answer {
	best := escalate.Answer{Value: kleene.False}
	st := j.stance(who)
	if ask.Action == assumeRole && ask.Target >= 0 && !ask.Granted && j.doors[ask.Target].shut(st, &j.surveyed) {
		return best
	}
	for _, resource := range j.resources(st, &ask) {
		for choice := range choices(ask.With) {
			for _, region := range j.regions(resource) {
				place := strings.ReplaceAll(resource, "{region}", either(region, defaultRegion))
				outcome := j.decide(st, &ask, question{ask.Action, place, region, choice})
				if outcome.Allowed == kleene.True || outcome.Allowed == kleene.Unknown && best.Value == kleene.False {
					best = escalate.Answer{Value: outcome.Allowed, Resource: place, By: refs(outcome)}
				}
				if outcome.Allowed == kleene.True || region == "" && outcome.Allowed == kleene.False {
					break // no other Region makes a difference, or none is needed
				}
			}
			if best.Value == kleene.True {
				return best
			}
		}
	}
	return best
}

// question is one request, but for who makes it.
type question struct{ action, resource, region, choice string }

func (j *judge) decide(st *stance, ask *escalate.Ask, q question) iam.Outcome {
	request, policies := j.prepare(st, ask, q)
	if request == nil {
		return iam.Outcome{}
	}
	return iam.Decide(request, &policies)
}

// prepare is a request with all that applies; nil where the engine cannot read it.
func (j *judge) prepare(st *stance, ask *escalate.Ask, q question) (*iam.Request, iam.Policies) {
	policies := st.policies
	shared, ok := j.requests[q]
	if !ok {
		shared = j.request(st, ask, q)
		j.requests[q] = shared
	}
	if shared == nil {
		return nil, policies
	}
	r := shared.By(st.principal)
	if q.resource == "*" {
		r.Account = st.principal.Account
	}
	if strings.HasPrefix(q.action, "sts:") || strings.HasPrefix(q.action, "lambda:") {
		o := j.estate.Object(q.resource)
		policies.RCPs = o.RCPs
		if o.Seen {
			policies.Resource = o.Policy
		}
	}
	if ask.Granted {
		policies.Resource = st.grant()
	}
	return &r, policies
}

func (j *judge) request(st *stance, ask *escalate.Ask, q question) *iam.Request {
	account := ""
	if a, ok := policy.SplitARN(q.resource); ok {
		account = either(a.Account, st.principal.Account)
	}
	management := false
	if i := ask.Target; i >= 0 {
		management = j.subjects[i].Principal.Management
	}
	r, err := iam.NewRequest(iam.Request{Principal: st.principal, Action: q.action, Resource: q.resource, Account: account, Management: management, Context: j.context(ask, q)})
	if err != nil {
		return nil
	}
	return r
}

// grant is a resource policy that lets in the principal by name.
func (st *stance) grant() *iam.Set {
	if st.granted == nil {
		st.granted = &iam.Set{Policies: []*iam.Policy{iam.Compile("the policy it writes", &policy.Document{Version: policy.Version2012, Statements: []policy.Statement{{
			Effect: policy.Allow, Principals: []policy.Principal{policy.Named(policy.AWS, policy.Text{Value: st.principal.ARN})},
			Actions: []policy.Text{{Value: "*"}}, Resources: []policy.Text{{Value: "*"}},
		}}})}}
	}
	return st.granted
}

func refs(o iam.Outcome) []iam.Ref {
	if o.Policy == nil || o.Statement >= len(o.Policy.Doc.Statements) {
		return nil
	}
	s := &o.Policy.Doc.Statements[o.Statement]
	return []iam.Ref{{Layer: o.Layer, Policy: o.Policy.Name, Statement: o.Statement, Sid: s.Sid, Effect: s.Effect}}
}

// Trusts implements escalate.Judge.
func (j *judge) Trusts(role int, service string) kleene.Value {
	key := trust{role, service}
	if v, ok := j.trusts[key]; ok {
		return v
	}
	p := &j.scene.Principals[role]
	spec := iam.Request{Principal: iam.Service(service), Action: "sts:AssumeRole", Resource: p.ARN, Account: p.Account, Context: &iam.Context{Open: true}}
	if service == identityPools {
		spec.Principal, spec.Action = iam.Federated(service), "sts:AssumeRoleWithWebIdentity"
	}
	// The service acts for a resource of the caller's, which is in this account.
	spec.Context.Set("aws:SourceAccount", p.Account)
	r, err := iam.NewRequest(spec)
	if err != nil {
		return kleene.Unknown
	}
	o := j.estate.Object(p.ARN)
	v := iam.Decide(r, &iam.Policies{Resource: o.Policy, RCPs: o.RCPs}).Allowed
	j.trusts[key] = v
	return v
}

// identityPools trade a token of theirs for a role, so roles trust them as an
// identity provider.
const identityPools = "cognito-identity.amazonaws.com"

// Without implements escalate.Editable.
func (j *judge) Without(principal int, statements []iam.Ref) escalate.Judge {
	out := *j
	out.stances = map[escalate.Who]*stance{}
	for who, st := range j.stances {
		if who.Principal != principal {
			out.stances[who] = st
		}
	}
	out.removed = map[int][]iam.Ref{principal: statements}
	for i, refs := range j.removed {
		out.removed[i] = append(out.removed[i], refs...)
	}
	return &out
}

// without empties statements of a set, so that the others keep their numbers.
func without(set iam.Set, refs []iam.Ref) iam.Set {
	out := set
	out.Policies = nil
	seen := map[string]bool{} // of two of one name the first is meant, for want of a better sign
	for _, p := range set.Policies {
		var doc *policy.Document
		if seen[p.Name] {
			out.Policies = append(out.Policies, p)
			continue
		}
		seen[p.Name] = true
		for _, ref := range refs {
			if ref.Policy != p.Name || ref.Statement >= len(p.Doc.Statements) {
				continue
			}
			if doc == nil {
				copied := *p.Doc
				copied.Statements = append([]policy.Statement(nil), p.Doc.Statements...)
				doc = &copied
			}
			doc.Statements[ref.Statement] = policy.Statement{Effect: policy.Allow, Actions: []policy.Text{}, Resources: []policy.Text{}}
		}
		if doc != nil {
			p = iam.Compile(p.Name, doc)
		}
		out.Policies = append(out.Policies, p)
	}
	return out
}
