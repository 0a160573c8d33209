package escalate

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"holdfast.dev/holdfast/internal/kleene"
)

// edge is what the oracle finds by spelling out every technique of the fake
// world on every pair of states.
func edge(f *fake, from, to Who, denied map[string]bool) kleene.Value {
	if from == to || from.Principal < 0 {
		return kleene.False
	}
	me := f.scene.Principals[from.Principal]
	may := func(action, resource string) kleene.Value {
		if !from.Raised && denied[fmt.Sprint(from.Principal, action)] {
			return kleene.False
		}
		return falseIfAbsent(f.may, f.key(from, action, resource))
	}
	if to == Administrator {
		return may("sso:Assign", "*").And(kleene.Unknown)
	}
	best := kleene.False
	if from.Principal == to.Principal {
		raised := from
		raised.Raised, raised.Joined, raised.Detached = true, "", false
		if to == raised {
			if me.User {
				best = best.Or(may("iam:PutUserPolicy", me.ARN))
			}
			best = best.Or(may("iam:CreatePolicyVersion", me.Policies[0]))
		}
		free := from
		free.Unbounded = true
		if to == free {
			best = best.Or(may("iam:DeleteBoundary", me.ARN).And(me.Bounded))
		}
		detached := from
		detached.Detached = true
		if to == detached && !from.Raised {
			best = best.Or(may("iam:DetachPolicy", me.ARN).And(me.AttachedDenials))
		}
		member := from
		member.Joined = "group"
		if to == member && !from.Raised && me.User && me.Account == account {
			best = best.Or(may("iam:AddUserToGroup", "group"))
		}
		return best
	}
	if to.Joined != "" || to.Unbounded || to.Detached {
		return kleene.False // no technique of the few takes over another without its boundary
	}
	other := f.scene.Principals[to.Principal]
	near := me.Account == other.Account
	switch {
	case other.User && !to.Raised && near:
		return may("iam:CreateAccessKey", other.ARN).And(keys(other.Keys, func(n int) bool { return n < 2 }))
	case other.User:
		return kleene.False
	case to.Raised && near:
		return may("iam:PutRolePolicy", other.ARN).And(may("sts:AssumeRole", other.ARN))
	case to.Raised:
		return kleene.False
	}
	best = may("sts:AssumeRole", other.ARN)
	if !near {
		return best
	}
	trusts := func(service string) kleene.Value { return f.trusts[fmt.Sprint(to.Principal, service)] }
	best = best.Or(may("iam:UpdateAssumeRolePolicy", other.ARN)).
		Or(may("iam:PassRole", other.ARN).And(may("lambda:CreateFunction", "*")).And(trusts("lambda.amazonaws.com")))
	pass := may("iam:PassRole", other.ARN).And(trusts("glue.amazonaws.com"))
	if !f.scene.Listed["J"][me.Account] {
		best = best.Or(pass.And(may("glue:UpdateJob", "job")).And(kleene.Unknown))
	}
	for _, h := range f.scene.Holders {
		switch {
		case h.Account != me.Account:
		case h.Type == "J":
			best = best.Or(pass.And(may("glue:UpdateJob", h.ARN)))
		case h.Role == other.ARN:
			certain := kleene.Unknown
			if h.Certain {
				certain = kleene.True
			}
			best = best.Or(may("lambda:UpdateFunctionCode", h.ARN).And(certain)).Or(may("ssm:StartSession", h.ARN).And(kleene.Unknown))
		}
	}
	return best
}

// distances are the hops from each principal to an administrator, or to a goal,
// by a plain breadth-first search forward from each.
func distances(f *fake, goal int, want kleene.Value, denied map[string]bool) []int {
	states := append(allStates(f), Administrator)
	at := func(w Who) bool {
		if goal >= 0 {
			return w.Principal == goal
		}
		return w == Administrator || enough(f.Administrator(w), want)
	}
	out := make([]int, len(f.scene.Principals))
	for i := range out {
		depth := map[Who]int{{Principal: i}: 0}
		queue := []Who{{Principal: i}}
		out[i] = -1
		for len(queue) > 0 {
			n := queue[0]
			queue = queue[1:]
			if at(n) {
				out[i] = depth[n]
				break
			}
			for _, m := range states {
				if _, seen := depth[m]; !seen && enough(edge(f, n, m, denied), want) {
					depth[m] = depth[n] + 1
					queue = append(queue, m)
				}
			}
		}
	}
	return out
}

// TestAgainstBruteForce: in tiny random worlds the search finds the same shortest
// distances, and edits no larger than the smallest set of denials.
func TestAgainstBruteForce(t *testing.T) {
	found, edited := 0, 0
	for seed := range uint64(1500) {
		f := random(rand.New(rand.NewPCG(seed, 7)))
		goal, name := -1, ""
		if seed%4 == 0 {
			goal = 0
			name = f.scene.Principals[0].ARN
		}
		s := New(&f.scene, f, few)
		r, err := s.Run(name)
		if err != nil {
			t.Fatal(err)
		}
		certain, possible := distances(f, goal, kleene.True, nil), distances(f, goal, kleene.Unknown, nil)
		for i, p := range f.scene.Principals {
			path, ok := r.Path(p.ARN)
			want, value := certain[i], kleene.True
			if want < 0 {
				want, value = possible[i], kleene.Unknown
			}
			if ok != (want >= 0) || ok && (len(path.Hops) != want || path.Value != value) {
				t.Fatalf("seed %d, principal %d: found %v with %d hops, %v; want %d, %v: %+v", seed, i, ok, len(path.Hops), path.Value, want, value, path.Hops)
			}
			if !ok || want == 0 {
				if b := r.Break(p.ARN); b != nil {
					t.Fatalf("seed %d, principal %d: edits for nothing: %v", seed, i, b.Edits)
				}
				continue
			}
			found++
			checkHops(t, f, path)
			if seed%5 == 0 {
				edited++
				checkBreak(t, f, r, i, goal, value)
			}
		}
	}
	if found < 1000 || edited < 200 {
		t.Errorf("only %d paths and %d edits were compared", found, edited)
	}
}

// checkHops looks whether every hop is an edge, and each starts where the one
// before ended.
func checkHops(t *testing.T, f *fake, p Path) {
	t.Helper()
	for i, hop := range p.Hops {
		if v := edge(f, hop.From, hop.To, nil); !enough(v, p.Value) {
			t.Fatalf("%s: hop %d (%s) is no edge", p.From, i, hop.Technique.ID)
		}
		if i > 0 && p.Hops[i-1].To != hop.From {
			t.Fatalf("%s: hop %d starts elsewhere", p.From, i)
		}
	}
}

func checkBreak(t *testing.T, f *fake, r *Result, i, goal int, want kleene.Value) {
	t.Helper()
	b := r.Break(f.scene.Principals[i].ARN)
	if b == nil {
		t.Fatalf("principal %d reaches the goal and no edit was found", i)
	}
	denied := map[string]bool{}
	for _, e := range b.Edits {
		denied[fmt.Sprint(e.principal, e.Action)] = true
	}
	if d := distances(f, goal, want, denied)[i]; d >= 0 {
		t.Fatalf("principal %d still has %d hops after %v", i, d, b.Edits)
	}
	if left := distances(f, goal, kleene.Unknown, denied)[i]; (left >= 0) != (b.Left != nil) || left >= 0 && left != len(b.Left.Hops) {
		t.Fatalf("principal %d: %d hops may be left, told %v", i, left, b.Left)
	}
	if !b.Minimal {
		return
	}
	var all []string
	for j := range f.scene.Principals {
		for _, t := range few {
			for _, a := range t.Actions() {
				if k := fmt.Sprint(j, a); !slices.Contains(all, k) {
					all = append(all, k)
				}
			}
		}
	}
	for size := range len(b.Edits) {
		subsets(all, size, func(set map[string]bool) {
			if distances(f, goal, want, set)[i] < 0 {
				t.Fatalf("principal %d: %v is said to be minimal, %v suffices", i, b.Edits, set)
			}
		})
	}
}

func subsets(all []string, size int, each func(map[string]bool)) {
	var pick func(from int, set []string)
	pick = func(from int, set []string) {
		if len(set) == size {
			m := map[string]bool{}
			for _, s := range set {
				m[s] = true
			}
			each(m)
			return
		}
		for i := from; i < len(all); i++ {
			pick(i+1, append(slices.Clip(set), all[i]))
		}
	}
	if size <= 1 {
		pick(0, nil)
	}
}

// TestListings: what lists the same facts another way agrees with the paths.
func TestListings(t *testing.T) {
	ways := 0
	for seed := range uint64(400) {
		f := random(rand.New(rand.NewPCG(seed, 11)))
		s := New(&f.scene, f, few)
		r, err := s.Run("")
		if err != nil {
			t.Fatal(err)
		}
		certain, possible := distances(f, -1, kleene.True, nil), distances(f, -1, kleene.Unknown, nil)
		there, perhaps := r.There()
		paths := r.Paths()
		for i, p := range f.scene.Principals {
			if slices.Contains(there, p.ARN) != (certain[i] == 0) || slices.Contains(perhaps, p.ARN) != (certain[i] != 0 && possible[i] == 0) {
				t.Fatalf("seed %d: %s is at distance %d or %d; there %v, perhaps %v", seed, p.ARN, certain[i], possible[i], there, perhaps)
			}
			listed := slices.ContainsFunc(paths, func(x Path) bool { return x.From == p.ARN })
			if want := certain[i] > 0 || certain[i] < 0 && possible[i] > 0; listed != want {
				t.Fatalf("seed %d: the path of %s is listed: %v", seed, p.ARN, listed)
			}
			for _, hop := range append(r.Ways(p.ARN), s.Uses(p.ARN)...) {
				ways++
				if v := edge(f, hop.From, hop.To, nil); !enough(v, kleene.Unknown) || v == kleene.Unknown && hop.Value == kleene.True {
					t.Fatalf("seed %d: %s of %s is %v, told %v", seed, hop.Technique.ID, p.ARN, v, hop.Value)
				}
			}
			if listed && len(r.Ways(p.ARN)) == 0 {
				t.Fatalf("seed %d: %s reaches the goal and has no way to begin", seed, p.ARN)
			}
		}
	}
	if ways < 1000 {
		t.Errorf("only %d ways were compared", ways)
	}
	if _, err := New(&Scene{}, newFake(), few).Run("arn:aws:iam::111122223333:user/nobody"); err == nil {
		t.Error("a goal that is not there is searched for")
	}
}
