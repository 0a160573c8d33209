package iam

import "holdfast.dev/holdfast/internal/kleene"

// settle looks whether an answer that three-valued logic leaves open really
// depends on the context keys that were not seen. Logic takes every condition by
// itself, so it does not notice that a key cannot equal both "a" and "b", or that
// one of two statements holds either way. Settle tries the values that the
// conditions can tell apart (see candidates.go), key by key, and goes on only
// where the answer is still open. If all come to one answer that is the answer;
// if they do not, or the values cannot all be tried, it is Unknown.
func settle(req *Request, p *Policies, first Outcome) Outcome {
	s := settling{policies: p, budget: settleBudget, first: first}
	return s.run(req)
}

// settleBudget bounds how often a request is weighed: a decision takes about a
// microsecond.
const settleBudget = 5_000

type settling struct {
	policies *Policies
	keys     []*unseenKey
	budget   int
	first    Outcome
	found    []Alternative // one for each decision that was met, where all are looked for
	outcomes []Outcome
	open     bool // some world stays open, whatever the keys are
	thorough bool // look for every answer there is, though the decision is known to be Unknown
}

// Alternative is one answer that a request can have, with values of the unseen
// keys that lead to it. A key that is nil is absent.
type Alternative struct {
	Decision Decision
	Keys     map[string][]string
}

func (s *settling) run(req *Request) Outcome {
	s.keys = unseenKeys(req, s.policies)
	if len(s.keys) == 0 {
		return s.first
	}
	context := req.Context.clone()
	world := *req
	world.Context = &context
	s.explore(&world, 0)
	switch {
	case s.open || len(s.outcomes) != 1:
		out := s.first
		out.Allowed = s.allowed()
		return out
	}
	return s.outcomes[0]
}

// allowed is what all answers that were met have in common.
func (s *settling) allowed() kleene.Value {
	if s.open {
		return s.first.Allowed
	}
	for _, o := range s.outcomes {
		if o.Decision == Allowed {
			return kleene.Unknown
		}
	}
	return kleene.False
}

// explore tries every candidate of the key at this depth.
func (s *settling) explore(world *Request, depth int) {
	var d decision
	d.weigh(world, s.policies)
	out := d.outcome()
	s.budget--
	switch {
	case out.Decision != Unknown:
		s.meet(out, world)
		return
	case depth == len(s.keys) || s.budget < 0 || !s.keys[depth].exact:
		s.open = true
		if depth == len(s.keys) || s.budget < 0 {
			return
		}
	}
	key := s.keys[depth]
	for _, c := range key.candidates {
		key.set(world.Context, c)
		s.explore(world, depth+1)
		if s.done() {
			break
		}
	}
	key.forget(world.Context)
}

// done tells whether nothing can change the answer any more: some world stays
// open, or both an allowed and a denied one were met.
func (s *settling) done() bool {
	if s.open && !s.thorough {
		return true
	}
	var allowed, denied bool
	for _, o := range s.outcomes {
		allowed, denied = allowed || o.Decision == Allowed, denied || o.Decision != Allowed
	}
	return s.budget < 0 || allowed && denied
}

func (s *settling) meet(out Outcome, world *Request) {
	for _, o := range s.outcomes {
		if o.Decision == out.Decision {
			return
		}
	}
	s.outcomes = append(s.outcomes, out)
	if !s.thorough {
		return
	}
	keys := map[string][]string{}
	for _, k := range s.keys {
		if e := world.Context.find(k.key); e != nil && (e.state == Known || e.state == Absent) {
			keys[k.name] = e.values
		}
	}
	s.found = append(s.found, Alternative{Decision: out.Decision, Keys: keys})
}
