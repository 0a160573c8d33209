package iam

import (
	"slices"

	"holdfast.dev/holdfast/internal/engine/iam/policy"
	"holdfast.dev/holdfast/internal/kleene"
)

// grant is how narrowly a statement of a resource policy names the caller, which
// decides what else has to agree within one account.
type grant uint8

const (
	byAccount grant = iota // the account: whatever its own policies say
	byRole                 // the role behind a session
	directly               // the very caller, or everyone
	grants
)

// concerns tells whether the statement is about the action.
func (s *statement) concerns(r *Request) kleene.Value {
	result := kleene.False
	for i := range s.actions {
		if a := &s.actions[i]; (a.any || a.service == r.serviceName) && a.pattern.Match(r.action) {
			result = kleene.True
			break
		}
	}
	if result != kleene.True && s.unseen.Has(policy.ActionPart) {
		result = kleene.Unknown
	}
	if s.notActions {
		return result.Not()
	}
	return result
}

// covers tells whether the statement is about the resource. One without a
// resource element is about what it is attached to.
func (s *statement) covers(sc *scope, layer Layer) kleene.Value {
	if len(s.resources) == 0 && !s.unseen.Has(policy.ResourcePart) {
		if layer.namesCallers() {
			return kleene.True
		}
		return kleene.Unknown // AWS takes no such statement; whoever wrote this has not finished
	}
	r, result := sc.req, kleene.False
	if s.unseen.Has(policy.ResourcePart) {
		result = kleene.Unknown
	}
	for i := range s.resources {
		e := &s.resources[i]
		switch {
		case e.known != nil:
			if r.Partial || e.known.Match(r.Resource) {
				result = result.Or(kleene.Unknown)
			}
		case r.Partial:
			result = result.Or(e.pattern.matchStart(&r.arn, sc))
		default:
			result = result.Or(e.pattern.match(&r.arn, sc))
		}
		if result == kleene.True {
			break
		}
	}
	if s.notResources {
		return result.Not()
	}
	return result
}

// applies tells whether all conditions hold.
func (s *statement) applies(sc *scope) kleene.Value {
	result := kleene.True
	if s.unseen.Has(policy.ConditionPart) {
		result = kleene.Unknown
	}
	for i := range s.conditions {
		if result = result.And(s.conditions[i].holds(sc)); result == kleene.False {
			break
		}
	}
	return result
}

// matches is all but the action and the principal.
func (s *statement) matches(sc *scope, layer Layer) kleene.Value {
	result := s.covers(sc, layer)
	if result == kleene.False {
		return result
	}
	return result.And(s.applies(sc))
}

// verdict is what one layer says of a request.
type verdict struct {
	layer Layer
	allow [grants]kleene.Value // of an identity policy only byAccount is used
	deny  kleene.Value
	// allowed and denied are the first statements that say so, or may.
	allowed, denied place
}

// place is one statement of one policy.
type place struct {
	policy    *Policy
	statement int32
}

func newVerdict(layer Layer) verdict {
	return verdict{layer: layer, allow: [grants]kleene.Value{kleene.False, kleene.False, kleene.False}, deny: kleene.False}
}

// any is whether the layer allows at all.
func (v *verdict) any() kleene.Value {
	return v.allow[byAccount].Or(v.allow[byRole]).Or(v.allow[directly])
}

// set asks every policy of a set.
func (v *verdict) set(set *Set, sc *scope) {
	for _, p := range set.Policies {
		v.policy(p, sc)
	}
	if set.Unseen != "" {
		v.deny = v.deny.Or(kleene.Unknown)
		for g := range v.allow {
			v.allow[g] = v.allow[g].Or(kleene.Unknown)
		}
	}
}

// policy asks the statements that may concern the action.
func (v *verdict) policy(p *Policy, sc *scope) {
	if !p.denies && v.settled() {
		return // it can only allow what is allowed already
	}
	for i := range p.index.always {
		a := &p.index.always[i]
		if !v.wants(a, sc.req) {
			continue
		}
		if c := p.statements[a.statement].concerns(sc.req); c != kleene.False {
			v.statement(p, a.statement, c, sc)
		}
	}
	if p.index.mask&sc.req.serviceBit != 0 {
		v.service(p, sc)
	}
	if p.unseen {
		v.deny = v.deny.Or(kleene.Unknown)
		for g := range v.allow {
			v.allow[g] = v.allow[g].Or(kleene.Unknown)
		}
	}
}

func (v *verdict) service(p *Policy, sc *scope) {
	r := sc.req
	k := slices.Index(p.index.names, r.serviceName)
	if k < 0 {
		return
	}
	e := &p.index.services[k]
	for j := e.first(r.nameHash); j < len(e.hashes) && e.hashes[j] == r.nameHash; j++ {
		if a := &e.exact[j]; v.wants(&a.candidate, r) && a.name == r.name {
			v.statement(p, a.statement, kleene.True, sc)
		}
	}
	for j := range e.wild {
		if a := &e.wild[j]; v.wants(&a.candidate, r) && a.name.Match(r.name) {
			v.statement(p, a.statement, kleene.True, sc)
		}
	}
}

// wants tells whether a candidate is worth a look: it could change something, and
// its resource may be the one.
func (v *verdict) wants(c *candidate, r *Request) bool {
	return (r.Partial || c.gate.admits(r)) && !(c.allows && v.settled())
}

// statement weighs one statement that concerns the action.
func (v *verdict) statement(p *Policy, i int32, concerned kleene.Value, sc *scope) {
	s := &p.statements[i]
	mayDeny := s.effect != policy.Allow && v.deny != kleene.True
	mayAllow := s.effect != policy.Deny && !v.settled()
	if !mayDeny && !mayAllow {
		return
	}
	who := named{byAccount: kleene.True, byRole: kleene.False, directly: kleene.False}
	if v.layer.namesCallers() {
		who = s.names(sc, v.layer)
	}
	result := concerned.And(who.any())
	if result == kleene.False {
		return
	}
	matches := s.matches(sc, v.layer)
	if s.effect == "" {
		matches = matches.And(kleene.Unknown)
	}
	if result = result.And(matches); result == kleene.False {
		return
	}
	if mayDeny && v.deny.Or(result) != v.deny {
		v.deny, v.denied = v.deny.Or(result), place{p, i}
	}
	if !mayAllow {
		return
	}
	if v.any().Or(result) != v.any() {
		v.allowed = place{p, i}
	}
	for g := range v.allow {
		v.allow[g] = v.allow[g].Or(concerned.And(who[g]).And(matches))
	}
}

// namesCallers tells whether the layer's policies say whom they are about.
func (l Layer) namesCallers() bool { return l == ResourceLayer || l == RCPLayer || l == EndpointLayer }

// settled tells whether another Allow would change nothing.
func (v *verdict) settled() bool {
	if v.layer.namesCallers() {
		return v.allow[directly] == kleene.True
	}
	return v.allow[byAccount] == kleene.True
}
