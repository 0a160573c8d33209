package iam

import (
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
	for i, service := range s.services {
		if (service == r.serviceName || service == word{}) && s.actions[i].Match(r.action) {
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
	allow named // of an identity policy only byAccount is used
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
	return verdict{layer: layer, allow: about(kleene.False), deny: kleene.False}
}

// any is whether the layer allows at all.
func (v *verdict) any() kleene.Value { return v.allow.any() }

// set asks every policy of a set.
func (v *verdict) set(set *Set, sc *scope) {
	if set.whole != nil && set.indexed == len(set.Policies) {
		v.ask(set.whole, set.Policies, sc)
	} else {
		for i := range set.Policies {
			v.ask(&set.Policies[i].index, set.Policies[i:i+1], sc)
		}
	}
	if set.Unseen != "" {
		v.open()
	}
}

// open leaves both answers open, as far as they are.
func (v *verdict) open() {
	v.deny = v.deny.Or(kleene.Unknown)
	for g := range v.allow {
		v.allow[g] = v.allow[g].Or(kleene.Unknown)
	}
}

// ask weighs the statements of an index that may concern the action.
func (v *verdict) ask(x *index, policies []*Policy, sc *scope) {
	if !x.denies && v.settled() {
		return // it can only allow what is allowed already
	}
	for i := range x.always {
		a := &x.always[i]
		switch {
		case !v.wants(a, sc.req):
		case a.everything && (a.statement.naming != namesNobody || !v.layer.namesCallers()):
			v.grant(a, policies)
		default:
			if c := a.statement.concerns(sc.req); c != kleene.False {
				v.statement(a, policies, c, sc)
			}
		}
	}
	if x.mask&sc.req.serviceBit != 0 {
		v.service(x, policies, sc)
	}
	if x.unseen {
		v.open()
	}
}

func (v *verdict) service(x *index, policies []*Policy, sc *scope) {
	r := sc.req
	k := x.find(r.serviceName)
	if k < 0 {
		return
	}
	from, to := &x.services[k], &x.services[k+1]
	hashes, exact := x.hashes[from.exact:to.exact], x.exact[from.exact:to.exact]
	for j := first(hashes, r.nameHash); j < len(hashes) && hashes[j] == r.nameHash; j++ {
		if a := &exact[j]; v.wants(&a.candidate, r) && a.name == r.nameWord {
			v.statement(&a.candidate, policies, kleene.True, sc)
		}
	}
	for j := from.wild; j < to.wild; j++ {
		if a := &x.wild[j]; v.wants(&a.candidate, r) && a.name.Match(r.name) {
			v.statement(&a.candidate, policies, kleene.True, sc)
		}
	}
}

// wants tells whether a candidate is worth a look: it could change something, and
// its resource may be the one.
func (v *verdict) wants(c *candidate, r *Request) bool {
	return (r.Partial || c.gate.admits(r)) && !(c.allows && v.settled()) && (c.allows || v.deny != kleene.True || c.statement.allows)
}

// grant takes note of a statement that allows everything.
func (v *verdict) grant(a *candidate, policies []*Policy) {
	if v.any() != kleene.True {
		v.allowed = place{policies[a.policy], a.number}
	}
	if v.layer.namesCallers() {
		v.allow[directly] = kleene.True
	} else {
		v.allow[byAccount] = kleene.True
	}
}

// statement weighs one statement that concerns the action.
func (v *verdict) statement(a *candidate, policies []*Policy, concerned kleene.Value, sc *scope) {
	s := a.statement
	who := named{byAccount: kleene.True, byRole: kleene.False, directly: kleene.False}
	if v.layer.namesCallers() {
		who = s.names(sc, v.layer)
		if concerned = concerned.And(who.any()); concerned == kleene.False {
			return
		}
	}
	matches := s.matches(sc, v.layer)
	if s.allows && s.denies {
		matches = matches.And(kleene.Unknown)
	}
	result := concerned.And(matches)
	if result == kleene.False {
		return
	}
	if s.denies && v.deny.Or(result) != v.deny {
		v.deny, v.denied = v.deny.Or(result), place{policies[a.policy], a.number}
	}
	if !s.allows {
		return
	}
	if v.any().Or(result) != v.any() {
		v.allowed = place{policies[a.policy], a.number}
	}
	for g := range v.allow {
		v.allow[g] = v.allow[g].Or(who[g].And(result))
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
