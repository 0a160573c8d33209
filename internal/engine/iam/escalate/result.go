package escalate

import (
	"fmt"
	"slices"

	"holdfast.dev/holdfast/internal/kleene"
)

// Path is how a principal reaches the goal in the fewest hops.
type Path struct {
	From  string // ARN
	Value kleene.Value
	Hops  []Hop
}

// Result is what a search found for one goal.
type Result struct {
	search  *Search
	goal    int
	certain *search
	// possible is the search that takes Unknown for enough.
	possible *search
	at       map[bool]*split // by whether Unknown is enough
	nodes    []Who
}

// split is which nodes are at the goal, and which reach it.
type split struct {
	there, reach []Who
	at           map[Who]bool // those that are there
}

// Run searches the way to a goal for every principal: the ARN of a principal, or
// "" for any administrator.
func (s *Search) Run(goal string) (*Result, error) {
	r := &Result{search: s, goal: -1, at: map[bool]*split{}, nodes: s.nodes()}
	if goal != "" {
		i, ok := s.about.index[goal]
		if !ok {
			return nil, fmt.Errorf("%q is no user or role of the evidence", goal)
		}
		r.goal = i
	}
	r.certain = r.pass(kleene.True)
	r.possible = r.pass(kleene.Unknown)
	return r, nil
}

// pass searches once.
func (r *Result) pass(want kleene.Value) *search {
	run := &search{Search: r.search, judge: r.search.judge, goal: r.goal, want: want, usable: map[Who][]*prepared{}}
	if r.certain != nil {
		run.usable = r.certain.usable
	}
	there, open := run.sort(r.nodes)
	run.run(there, open, nil)
	at := &split{there: there, at: make(map[Who]bool, len(there))}
	for _, n := range there {
		at.at[n] = true
	}
	for _, n := range open {
		if _, ok := run.next[n]; ok {
			at.reach = append(at.reach, n)
		}
	}
	r.at[want == kleene.Unknown] = at
	return run
}

// nodes are the states that principals are in or may come into.
func (s *Search) nodes() []Who {
	var out []Who
	join := &search{Search: s, judge: s.judge, goal: -1, want: kleene.Unknown, usable: map[Who][]*prepared{}}
	for i := range s.scene.Principals {
		p := &s.scene.Principals[i]
		states := []Who{{Principal: i}}
		if p.Bounded != kleene.False && !p.Service {
			states = append(states, Who{Principal: i, Unbounded: true})
		}
		if p.AttachedDenials != kleene.False && !p.Service {
			states = also(states, func(n *Who) { n.Detached = true })
		}
		if p.InlineDenials != kleene.False && !p.Service {
			states = also(states, func(n *Who) { n.Erased = true })
		}
		groups := map[string]bool{}
		for _, n := range states {
			out = append(out, n)
			if p.Service {
				continue
			}
			if !n.Detached && !n.Erased {
				out = append(out, Who{Principal: i, Raised: true, Unbounded: n.Unbounded})
			}
			for _, group := range join.joinable(n) {
				groups[group] = true
			}
		}
		// Who joined a group may drop its boundary afterwards, and the other way round.
		for _, group := range sortedKeys(groups) {
			for _, n := range states {
				n.Joined = group
				out = append(out, n)
			}
		}
	}
	return out
}

// also is the states and each of them changed.
func also(states []Who, change func(*Who)) []Who {
	for _, n := range slices.Clone(states) {
		change(&n)
		states = append(states, n)
	}
	return states
}

// joinable are the groups that somebody may add itself to.
func (s *search) joinable(who Who) []string {
	var out []string
	for _, t := range s.uses(who) {
		if t.Target.Change != "membership" {
			continue
		}
		p := &s.scene.Principals[who.Principal]
		for _, group := range s.about.groups[p.Account] {
			if slices.Contains(p.Groups, group) {
				continue
			}
			if _, ok := s.attempt(t, who, binding{target: -1, group: group}, kleene.Unknown); ok && !slices.Contains(out, group) {
				out = append(out, group)
			}
		}
	}
	return out
}

// There are the principals that are at the goal without any hop: certainly, and
// possibly.
func (r *Result) There() (certain, possible []string) {
	for _, n := range r.at[true].there {
		if n.Principal < 0 || n != (Who{Principal: n.Principal}) {
			continue
		}
		arn := r.search.scene.Principals[n.Principal].ARN
		if r.at[false].at[n] {
			certain = append(certain, arn)
		} else {
			possible = append(possible, arn)
		}
	}
	return certain, possible
}

// Paths are the shortest paths of all principals that reach the goal by some:
// certain ones where there are, else possible ones. Service-linked roles are left
// out: nobody but AWS can use them.
func (r *Result) Paths() []Path {
	var out []Path
	for i := range r.search.scene.Principals {
		if r.search.scene.Principals[i].Service {
			continue
		}
		if p, ok := r.path(i); ok && len(p.Hops) > 0 {
			out = append(out, p)
		}
	}
	return out
}

// Path is the shortest path of one principal. It has no hop where the principal
// is at the goal.
func (r *Result) Path(arn string) (Path, bool) {
	i, ok := r.search.about.index[arn]
	if !ok {
		return Path{}, false
	}
	return r.path(i)
}

func (r *Result) path(principal int) (Path, bool) {
	from := Who{Principal: principal}
	for _, run := range []*search{r.certain, r.possible} {
		if r.at[run.want == kleene.Unknown].at[from] {
			return Path{From: r.search.scene.Principals[principal].ARN, Value: run.want}, true
		}
		if _, ok := run.next[from]; ok {
			return run.trace(from), true
		}
	}
	return Path{}, false
}

// trace follows the hops of a node to the goal.
func (s *search) trace(from Who) Path {
	p := Path{From: s.scene.Principals[from.Principal].ARN, Value: s.want}
	for hop, ok := s.next[from]; ok; hop, ok = s.next[hop.To] {
		p.Hops = append(p.Hops, s.told(hop))
		if hop.To == Administrator {
			break
		}
	}
	return p
}

// told is a hop with all that the judge can say about it.
func (s *search) told(hop Hop) Hop {
	explainer, ok := s.judge.(Explainer)
	if !ok {
		return hop
	}
	hop.Steps = slices.Clone(hop.Steps)
	for i := range hop.Steps {
		step := &hop.Steps[i]
		ask := Ask{Action: step.Action, Resource: step.Resource, Granted: step.Granted, Target: -1}
		if target, ok := s.about.index[step.Resource]; ok {
			ask.Target = target
		}
		for j := range hop.Technique.Requires {
			if r := &hop.Technique.Requires[j]; r.Action == step.Action {
				for _, key := range sortedKeys(r.With) {
					ask.With = append(ask.With, Choice{key, r.With[key]})
				}
				break
			}
		}
		answer := explainer.Explain(hop.From, ask)
		step.By = answer.By
		if answer.Why != "" && step.Value == kleene.Unknown && !slices.Contains(hop.Why, answer.Why) {
			hop.Why = append(hop.Why, answer.Why)
		}
	}
	hop.Why = append(hop.Why, s.open(&hop)...)
	return hop
}

// open says which conditions of the technique were not seen to hold.
func (s *search) open(hop *Hop) []string {
	var out []string
	t := hop.Technique
	about := hop.From.Principal
	if hop.To.Principal >= 0 {
		about = hop.To.Principal
	}
	for _, w := range t.Target.When {
		if s.scene.Principals[about].ask(w) == kleene.Unknown {
			out = append(out, unseenCondition(w))
		}
	}
	if t.Target.Trusts != "" && s.judge.Trusts(about, t.Target.Trusts) == kleene.Unknown {
		out = append(out, "whether the role trusts "+t.Target.Trusts+" was not seen for certain")
	}
	if b := t.Target.Beside; b != nil && !s.about.listed(b.Type, s.scene.Principals[hop.From.Principal].Account) {
		out = append(out, b.Type+" was not collected")
	}
	return out
}

// Ways are the first hops by which a principal comes nearer to the goal, one of
// each technique.
func (r *Result) Ways(arn string) []Hop {
	i, ok := r.search.about.index[arn]
	if !ok {
		return nil
	}
	run := r.certain
	if _, ok := run.next[Who{Principal: i}]; !ok {
		run = r.possible
	}
	at := r.at[run.want == kleene.Unknown]
	return run.first(Who{Principal: i}, append(slices.Clip(at.there), at.reach...))
}

// first are the hops from one node to any of others, one of each technique.
func (s *search) first(from Who, to []Who) []Hop {
	front := s.front(to)
	delete(front.nodes, from)
	var out []Hop
	for _, t := range s.uses(from) {
		if hop, ok := s.use(t, from, front); ok {
			out = append(out, s.told(hop))
		}
	}
	return out
}

// Uses are the techniques that a principal can use on anybody, wherever that
// leads: the certain ones, and those that are possible.
func (s *Search) Uses(arn string) []Hop {
	i, ok := s.about.index[arn]
	if !ok {
		return nil
	}
	from := Who{Principal: i}
	all := []Who{Administrator}
	for _, n := range s.nodes() {
		if n != from {
			all = append(all, n)
		}
	}
	run := &search{Search: s, judge: s.judge, goal: -1, want: kleene.True, usable: map[Who][]*prepared{}}
	out := run.first(from, all)
	run.want = kleene.Unknown
	for _, hop := range run.first(from, all) {
		if !slices.ContainsFunc(out, func(h Hop) bool { return h.Technique == hop.Technique }) {
			out = append(out, hop)
		}
	}
	slices.SortFunc(out, func(a, b Hop) int { return compareText(a.Technique.ID, b.Technique.ID) })
	return out
}

// Blind are the types of resources that nobody looked for in an account where
// somebody who is not at the goal may do what the techniques ask of them, with
// those techniques.
func (r *Result) Blind() map[string][]string {
	out := map[string][]string{}
	for _, t := range r.search.techniques {
		if t.Target.Through == nil {
			continue
		}
		for i := range r.search.scene.Principals {
			account := r.search.scene.Principals[i].Account
			if r.at[true].at[Who{Principal: i}] || r.search.about.listed(t.Target.Through.Type, account) || !slices.Contains(r.possible.uses(Who{Principal: i}), t) {
				continue
			}
			out[t.Target.Through.Type] = append(out[t.Target.Through.Type], t.ID)
			break
		}
	}
	for _, ids := range out {
		slices.Sort(ids)
	}
	return out
}

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
