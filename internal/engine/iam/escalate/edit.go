package escalate

import (
	"fmt"
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/kleene"
)

// Edit is one change that takes something away from a principal: an action that
// it is allowed no longer, or a statement that goes.
type Edit struct {
	Principal string // ARN
	Action    string
	Statement *iam.Ref
	// By are the statements that allow the action, where it is an action.
	By []iam.Ref

	principal int
}

// Breaking is a set of edits after which a principal does not reach the goal.
type Breaking struct {
	Edits []Edit
	// Minimal is set where no smaller set does. It is not where the search for a
	// smaller one was given up.
	Minimal bool
	// Left is the shortest path that may remain: one that rests on what was not
	// seen, where the edits break the certain ones. It has no hop where the
	// principal may be at the goal itself, and is nil where no path remains.
	Left *Path
}

// How far the search for the smallest set goes.
const (
	maxEdits    = 3
	maxSearches = 400
)

// Break finds the smallest set of edits that keeps a principal from the goal, and
// has verified it by searching again with the edits made. A set of the same size
// that only denies actions, and to the principal itself, is preferred. It is nil
// where the principal does not reach the goal, or is at it.
//
// It is a breadth-first search over sets of edits: any set that breaks every path
// has to break the shortest one, so only edits of that path's hops are tried next
// (Reiter's hitting-set tree). What a principal with whatever permissions it likes
// does cannot be edited: it would undo the edit.
func (r *Result) Break(arn string) *Breaking {
	i, ok := r.search.about.index[arn]
	if !ok {
		return nil
	}
	from := Who{Principal: i}
	run := r.certain
	if _, ok := run.next[from]; !ok {
		run = r.possible
	}
	if _, ok := run.next[from]; !ok {
		return nil
	}
	b := &breaker{result: r, run: run, from: from}
	out := b.smallest()
	if out == nil {
		out = b.greedy()
	}
	if run == r.certain {
		if r.at[true].at[from] {
			out.Left = &Path{From: arn}
		} else if left, ok := b.again(r.possible, out.Edits); ok {
			out.Left = &left
		}
	}
	return out
}

type breaker struct {
	result   *Result
	run      *search
	from     Who
	searches int
}

// again searches with edits made, among the nodes that reached the goal without
// them: taking permissions away opens no path.
func (b *breaker) again(run *search, edits []Edit) (Path, bool) {
	b.searches++
	at := b.result.at[run.want == kleene.Unknown]
	s := &search{Search: run.Search, judge: run.judge, goal: run.goal, want: run.want, usable: run.usable}
	removed := map[int][]iam.Ref{}
	for _, e := range edits {
		if e.Statement == nil {
			s.denied = append(s.denied, denial{e.principal, e.Action})
		} else {
			removed[e.principal] = append(removed[e.principal], *e.Statement)
		}
	}
	for _, principal := range sortedInts(removed) {
		if editable, ok := s.judge.(Editable); ok {
			s.judge = editable.Without(principal, removed[principal])
		}
	}
	s.run(at.there, at.reach, &b.from)
	if _, ok := s.next[b.from]; !ok {
		return Path{}, false
	}
	return s.trace(b.from), true
}

// smallest looks for the smallest set, by size.
func (b *breaker) smallest() *Breaking {
	type node struct{ edits []Edit }
	queue := []node{{}}
	seen := map[string]bool{"": true}
	for len(queue) > 0 && b.searches < maxSearches {
		n := queue[0]
		queue = queue[1:]
		path, ok := b.again(b.run, n.edits)
		if !ok {
			return &Breaking{Edits: n.edits, Minimal: true}
		}
		if len(n.edits) == maxEdits {
			continue
		}
		for _, e := range b.candidates(path) {
			edits := append(slices.Clone(n.edits), e)
			slices.SortStableFunc(edits, func(x, y Edit) int { return strings.Compare(x.key(), y.key()) })
			if k := keyOf(edits); !seen[k] {
				seen[k] = true
				queue = append(queue, node{edits})
			}
		}
	}
	return nil
}

// greedy breaks one path after the other, with the statement where there is one,
// and then drops the edits that turn out not to be needed.
func (b *breaker) greedy() *Breaking {
	var edits []Edit
	for {
		path, ok := b.again(b.run, edits)
		if !ok {
			break
		}
		// Denying an action always ends the hop that needs it, so there is one that
		// was not tried, and the loop ends.
		fresh := slices.DeleteFunc(b.candidates(path), func(e Edit) bool {
			return slices.ContainsFunc(edits, func(x Edit) bool { return x.key() == e.key() })
		})
		if len(fresh) == 0 {
			break
		}
		at := slices.IndexFunc(fresh, func(e Edit) bool { return e.Statement != nil && e.principal == b.from.Principal })
		edits = append(edits, fresh[max(0, at)])
	}
	for i := len(edits) - 1; i >= 0; i-- {
		fewer := slices.Delete(slices.Clone(edits), i, i+1)
		if _, ok := b.again(b.run, fewer); !ok {
			edits = fewer
		}
	}
	return &Breaking{Edits: edits}
}

// candidates are the edits that break a path: at its start first, and actions
// before statements.
func (b *breaker) candidates(path Path) []Edit {
	var actions, statements []Edit
	_, editable := b.run.judge.(Editable)
	for _, hop := range path.Hops {
		if hop.From.Raised {
			continue
		}
		arn := b.result.search.scene.Principals[hop.From.Principal].ARN
		for _, step := range hop.Steps {
			if step.Granted {
				continue
			}
			actions = add(actions, Edit{Principal: arn, principal: hop.From.Principal, Action: step.Action, By: step.By})
			for _, ref := range step.By {
				if editable && ref.Layer == iam.IdentityLayer {
					statements = add(statements, Edit{Principal: arn, principal: hop.From.Principal, Statement: &ref})
				}
			}
		}
	}
	return append(actions, statements...)
}

func add(list []Edit, e Edit) []Edit {
	if slices.ContainsFunc(list, func(x Edit) bool { return x.key() == e.key() }) {
		return list
	}
	return append(list, e)
}

// key tells edits apart.
func (e *Edit) key() string {
	if e.Statement == nil {
		return "a" + e.Principal + " " + e.Action
	}
	return fmt.Sprintf("s%s %s %d", e.Principal, e.Statement.Policy, e.Statement.Statement)
}

func keyOf(edits []Edit) string {
	var b strings.Builder
	for i := range edits {
		b.WriteString(edits[i].key())
		b.WriteByte('\n')
	}
	return b.String()
}

func sortedInts[V any](m map[int]V) []int {
	out := make([]int, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
