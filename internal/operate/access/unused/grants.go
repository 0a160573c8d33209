package unused

import (
	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/action"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
)

// grants tells what actions policies allow on anything at all. A policy is
// expanded once, however many principals have it.
type grants struct {
	all    []*action.Action
	number map[*action.Action]int
	known  map[*iam.Policy]grant
}

// grant is the actions that a policy allows, and those that it denies whatever
// the resource and the circumstances.
type grant struct{ allow, deny actionSet }

func newGrants() *grants { return &grants{known: map[*iam.Policy]grant{}} }

// of is what a principal may do by its identity policies.
func (g *grants) of(set iam.Set) actionSet {
	var allow, deny actionSet
	for _, p := range set.Policies {
		one := g.policy(p)
		allow, deny = allow.or(one.allow), deny.or(one.deny)
	}
	return allow.without(deny)
}

func (g *grants) policy(p *iam.Policy) grant {
	if known, ok := g.known[p]; ok {
		return known
	}
	var out grant
	if p != nil && p.Doc != nil {
		for i := range p.Doc.Statements {
			s := &p.Doc.Statements[i]
			switch {
			case s.Effect == policy.Allow && !s.Unseen.Has(policy.EffectPart):
				out.allow = out.allow.or(g.statement(s))
			case s.Effect == policy.Deny && unlimited(s):
				out.deny = out.deny.or(g.statement(s))
			}
		}
	}
	g.known[p] = out
	return out
}

// unlimited tells whether a statement holds for every resource and request.
func unlimited(s *policy.Statement) bool {
	if len(s.Conditions) > 0 || s.Unseen.Has(policy.EffectPart|policy.ConditionPart) {
		return false
	}
	for _, r := range s.Resources {
		if r.Value == "*" && !r.Partial {
			return true
		}
	}
	return false
}

// statement is the actions that a statement is certainly about. Of NotAction
// whose list is not wholly known that is none.
func (g *grants) statement(s *policy.Statement) actionSet {
	g.load()
	var named actionSet
	list := s.Actions
	if s.NotActions != nil {
		list = s.NotActions
	}
	partial := s.Unseen.Has(policy.ActionPart)
	for _, t := range list {
		if t.Partial {
			partial = true
			continue
		}
		for _, a := range action.Expand(t.Value) {
			named = named.with(g.number[a], len(g.all))
		}
	}
	if s.NotActions == nil {
		return named
	}
	if partial {
		return nil
	}
	return every(len(g.all)).without(named)
}

func (g *grants) load() {
	if g.all != nil {
		return
	}
	g.all = action.Expand("*")
	g.number = make(map[*action.Action]int, len(g.all))
	for i, a := range g.all {
		g.number[a] = i
	}
}

// service lists the granted actions of a service.
func (g *grants) service(granted actionSet, prefix string) []*action.Action {
	s, ok := action.Find(prefix)
	if !ok {
		return nil
	}
	g.load()
	var out []*action.Action
	for _, a := range s.Actions() {
		if granted.has(g.number[a]) {
			out = append(out, a)
		}
	}
	return out
}

// actionSet is a set of actions by number.
type actionSet []uint64

func (s actionSet) has(n int) bool { return n/64 < len(s) && s[n/64]&(1<<(n%64)) != 0 }

func (s actionSet) with(n, size int) actionSet {
	if s == nil {
		s = make(actionSet, (size+63)/64)
	}
	s[n/64] |= 1 << (n % 64)
	return s
}

func every(size int) actionSet {
	s := make(actionSet, (size+63)/64)
	for i := range s {
		s[i] = ^uint64(0)
	}
	if rest := size % 64; rest > 0 {
		s[len(s)-1] = 1<<rest - 1
	}
	return s
}

func (s actionSet) or(t actionSet) actionSet {
	if s == nil || t == nil {
		if s == nil {
			s = t
		}
		return s
	}
	out := make(actionSet, len(s))
	for i := range s {
		out[i] = s[i] | t[i]
	}
	return out
}

func (s actionSet) without(t actionSet) actionSet {
	if s == nil || t == nil {
		return s
	}
	out := make(actionSet, len(s))
	for i := range s {
		out[i] = s[i] &^ t[i]
	}
	return out
}
