package diff

import (
	"fmt"
	"slices"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/kleene"
)

// literal is an atom and whether it holds.
type literal struct {
	atom  int
	holds bool
}

// clause is a statement of which only conditions are left: it matters where all
// of them are so.
type clause struct {
	deny bool
	all  []literal
}

// leaf is circumstances in which the two sides decide differently.
type leaf struct {
	when     []literal
	old, new iam.Decision
}

type solution struct {
	leaves []leaf
	ok     bool
}

// Limits of the decision trees: of one, of the effort to say simply what it
// found, and of all together.
const (
	nodesOfTree = 20_000
	nodesOfTrim = 50_000
	nodesOfAll  = 1_000_000
	// leavesOfTree are more ways to differ than anybody reads.
	leavesOfTree = 400
)

// solve compares two sets of clauses under all circumstances that a principal can
// be in. It is not ok where there are too many.
func (c *comparison) solve(old, new []clause, person int) solution {
	old, new = tidy(old), tidy(new)
	if same(old, new) {
		return solution{ok: true}
	}
	id := fmt.Sprint(old, "|", new, "|", c.people[person].excluded)
	if s, ok := c.solved[id]; ok {
		return s
	}
	t := tree{comparison: c, person: person, assigned: map[int]bool{}, limit: min(nodesOfTree, nodesOfAll-c.nodes)}
	s := solution{ok: t.grow(old, new)}
	if s.ok {
		s.leaves = t.trim(old, new)
	}
	c.nodes += t.nodes // of all trees, with what trimming took
	c.solved[id] = s
	return s
}

// tidy puts clauses into one form: sorted, without those that others make
// superfluous.
func tidy(list []clause) []clause {
	out := make([]clause, 0, len(list))
	for _, k := range list {
		all := slices.Clone(k.all)
		slices.SortFunc(all, func(a, b literal) int {
			if a.atom != b.atom {
				return a.atom - b.atom
			}
			return boolean(a.holds) - boolean(b.holds)
		})
		out = append(out, clause{k.deny, slices.Compact(all)})
	}
	slices.SortFunc(out, compare)
	out = slices.CompactFunc(out, func(a, b clause) bool { return compare(a, b) == 0 })
	return slices.Clone(prune(out))
}

// prune drops clauses that ask for more than another of their effect does.
func prune(list []clause) []clause {
	var out []clause
	for i, k := range list {
		implied := slices.ContainsFunc(list[:i], func(l clause) bool {
			return (l.deny == k.deny || l.deny && len(l.all) == 0) && within(l.all, k.all)
		})
		if !implied {
			out = append(out, k)
		}
	}
	return out
}

func within(a, b []literal) bool {
	for _, l := range a {
		if !slices.Contains(b, l) {
			return false
		}
	}
	return true
}

func boolean(b bool) int {
	if b {
		return 1
	}
	return 0
}

// compare puts denials and short clauses first.
func compare(a, b clause) int {
	if a.deny != b.deny {
		return boolean(b.deny) - boolean(a.deny)
	}
	if len(a.all) != len(b.all) {
		return len(a.all) - len(b.all)
	}
	return slices.CompareFunc(a.all, b.all, func(x, y literal) int {
		if x.atom != y.atom {
			return x.atom - y.atom
		}
		return boolean(x.holds) - boolean(y.holds)
	})
}

func same(a, b []clause) bool {
	return slices.EqualFunc(a, b, func(x, y clause) bool { return compare(x, y) == 0 })
}

type tree struct {
	*comparison
	person   int
	assigned map[int]bool
	leaves   []leaf
	nodes    int
	limit    int
}

// grow decides atom after atom until both sides are decided, or come to the same.
func (t *tree) grow(old, new []clause) bool {
	if t.nodes++; t.nodes > t.limit {
		return false
	}
	if same(old, new) {
		return true
	}
	oldDecision, newDecision := decided(old), decided(new)
	if oldDecision != iam.Unknown && newDecision != iam.Unknown {
		if oldDecision != newDecision {
			if len(t.leaves) == leavesOfTree {
				return false
			}
			t.leaves = append(t.leaves, leaf{t.path(), oldDecision, newDecision})
		}
		return true
	}
	next := pick(old, new)
	for _, holds := range []bool{true, false} {
		l := literal{next, holds}
		if !t.possible(l) {
			continue
		}
		t.assigned[next] = holds
		ok := t.grow(tidy(assume(old, l)), tidy(assume(new, l)))
		delete(t.assigned, next)
		if !ok {
			return false
		}
	}
	return true
}

func (t *tree) path() []literal {
	var out []literal
	for atom, holds := range t.assigned {
		out = append(out, literal{atom, holds})
	}
	slices.SortFunc(out, func(a, b literal) int { return a.atom - b.atom })
	return out
}

// decided is what clauses come to if no condition can change it any more.
func decided(list []clause) iam.Decision {
	if len(list) == 0 {
		return iam.ImplicitlyDenied
	}
	mayDeny := false
	for _, k := range list {
		switch {
		case k.deny && len(k.all) == 0:
			return iam.ExplicitlyDenied
		case k.deny:
			mayDeny = true
		case len(k.all) == 0 && !mayDeny: // denials come first
			return iam.Allowed
		}
	}
	return iam.Unknown
}

// pick chooses the atom to decide next: of a clause that only one side has.
func pick(old, new []clause) int {
	for _, sides := range [][2][]clause{{new, old}, {old, new}} {
		for _, k := range sides[0] {
			if len(k.all) > 0 && !slices.ContainsFunc(sides[1], func(l clause) bool { return compare(k, l) == 0 }) {
				return k.all[0].atom
			}
		}
	}
	for _, k := range slices.Concat(new, old) {
		if len(k.all) > 0 {
			return k.all[0].atom
		}
	}
	return 0 // not reached: clauses without conditions are decided
}

// assume drops what a literal settles.
func assume(list []clause, l literal) []clause {
	var out []clause
	for _, k := range list {
		if slices.Contains(k.all, literal{l.atom, !l.holds}) {
			continue
		}
		out = append(out, clause{k.deny, slices.DeleteFunc(slices.Clone(k.all), func(x literal) bool { return x == l })})
	}
	return out
}

// possible tells whether the literal can be so together with what is assigned.
// Only atoms of one key have to do with each other.
func (t *tree) possible(l literal) bool {
	key := t.atoms[l.atom].key
	if key == resourceAtom {
		return true
	}
	k := &t.keys[key]
	excluded := t.people[t.person].excluded[key]
	at := -1
	return slices.ContainsFunc(k.worlds, func(w world) bool {
		if at++; slices.Contains(excluded, at) {
			return false
		}
		for i, a := range k.atoms {
			holds, ok := t.assigned[a]
			if a == l.atom {
				holds, ok = l.holds, true
			}
			if ok && w.truth[i] != kleene.Unknown && w.truth[i] != kleene.Of(holds) {
				return false
			}
		}
		return true
	})
}

// trim drops literals that do not matter, so that leaves say what a person would:
// where a literal is left out the sides must still decide as in the leaf, come
// what may.
func (t *tree) trim(old, new []clause) []leaf {
	var out []leaf
	limit := t.nodes + nodesOfTrim
	for _, l := range t.leaves {
		for i := 0; i < len(l.when) && t.nodes < limit; {
			rest := slices.Delete(slices.Clone(l.when), i, i+1)
			if t.settles(old, new, rest, l) {
				l.when = rest
			} else {
				i++
			}
		}
		if !slices.ContainsFunc(out, func(o leaf) bool { return o.old == l.old && o.new == l.new && within(o.when, l.when) }) {
			out = append(out, l)
		}
	}
	return out
}

// settles tells whether the circumstances lead to the leaf's decisions whatever
// else is the case.
func (t *tree) settles(old, new []clause, when []literal, l leaf) bool {
	sub := tree{comparison: t.comparison, person: t.person, assigned: map[int]bool{}, limit: 200}
	for _, w := range when {
		if !sub.possible(w) {
			return false
		}
		sub.assigned[w.atom] = w.holds
		old, new = assume(old, w), assume(new, w)
	}
	ok := sub.only(tidy(old), tidy(new), l)
	t.nodes += sub.nodes
	return ok
}

// only tells whether every circumstance leads to the leaf's decisions.
func (t *tree) only(old, new []clause, l leaf) bool {
	if t.nodes++; t.nodes > t.limit {
		return false
	}
	oldDecision, newDecision := decided(old), decided(new)
	if oldDecision != iam.Unknown && oldDecision != l.old || newDecision != iam.Unknown && newDecision != l.new {
		return false
	}
	if oldDecision == l.old && newDecision == l.new {
		return true
	}
	next := pick(old, new)
	for _, holds := range []bool{true, false} {
		k := literal{next, holds}
		if !t.possible(k) {
			continue
		}
		t.assigned[next] = holds
		ok := t.only(tidy(assume(old, k)), tidy(assume(new, k)), l)
		delete(t.assigned, next)
		if !ok {
			return false
		}
	}
	return true
}
