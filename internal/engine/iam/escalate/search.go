package escalate

import (
	"slices"

	"holdfast.dev/holdfast/internal/kleene"
)

// Search answers about one scene.
type Search struct {
	scene      *Scene
	judge      Judge
	techniques []*prepared
	about      things
}

// things finds parts of the scene.
type things struct {
	index   map[string]int        // principals by ARN
	groups  map[string][]string   // ARNs by account
	holding map[holding][]*Holder // by type and role
	types   map[string][]*Holder  // by type
	listed  func(typ, acc string) bool
}

type holding struct{ typ, role string }

// New prepares a search. The scene and the techniques are not changed afterwards.
func New(scene *Scene, judge Judge, techniques []Technique) *Search {
	scene.sort()
	s := &Search{scene: scene, judge: judge}
	for i := range techniques {
		s.techniques = append(s.techniques, prepare(&techniques[i]))
	}
	// What is certain and simple is told first where several ways are as short.
	slices.SortStableFunc(s.techniques, func(a, b *prepared) int {
		if c := compareBool(len(a.Given) > 0, len(b.Given) > 0); c != 0 {
			return c
		}
		if c := slices.Index(kinds, a.Kind) - slices.Index(kinds, b.Kind); c != 0 {
			return c
		}
		if c := len(a.Requires) - len(b.Requires); c != 0 {
			return c
		}
		if c := a.fame() - b.fame(); c != 0 {
			return c
		}
		return compareText(a.ID, b.ID)
	})
	s.about = things{index: map[string]int{}, groups: map[string][]string{}, holding: map[holding][]*Holder{}, types: map[string][]*Holder{}}
	for i := range scene.Principals {
		s.about.index[scene.Principals[i].ARN] = i
	}
	for _, g := range scene.Groups {
		s.about.groups[g.Account] = append(s.about.groups[g.Account], g.ARN)
	}
	for i := range scene.Holders {
		h := &scene.Holders[i]
		s.about.holding[holding{h.Type, h.Role}] = append(s.about.holding[holding{h.Type, h.Role}], h)
		s.about.types[h.Type] = append(s.about.types[h.Type], h)
	}
	s.about.listed = func(typ, account string) bool { return scene.Listed[typ][account] }
	return s
}

func compareText(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// search is one run: with some edits, for one goal.
type search struct {
	*Search
	judge  Judge
	denied []denial
	goal   int // index of a principal; -1 is any administrator
	want   kleene.Value
	next   map[Who]Hop // the first hop of each node that reaches the goal
	usable map[Who][]*prepared
}

// denial takes an action from a principal, whatever allows it.
type denial struct {
	principal int
	action    string
}

// reached tells whether a node is at the goal by itself.
func (s *search) reached(who Who) bool {
	if s.goal >= 0 {
		return who.Principal == s.goal
	}
	return who == Administrator || enough(s.judge.Administrator(who), s.want)
}

// sort tells nodes that are at the goal from those that are not.
func (s *search) sort(nodes []Who) (there, open []Who) {
	if s.goal < 0 {
		there = append(there, Administrator)
	}
	for _, n := range nodes {
		if s.reached(n) {
			there = append(there, n)
		} else {
			open = append(open, n)
		}
	}
	return there, open
}

// run searches from the goal back to all open nodes, in layers. It ends early
// once the node that stop names is found.
func (s *search) run(layer, open []Who, stop *Who) {
	s.next = map[Who]Hop{}
	for len(layer) > 0 && len(open) > 0 {
		front := s.front(layer)
		var reached, rest []Who
		for _, n := range open {
			if hop, ok := s.toward(n, front); ok {
				s.next[n] = hop
				reached = append(reached, n)
			} else {
				rest = append(rest, n)
			}
		}
		if stop != nil && slices.Contains(reached, *stop) {
			return
		}
		layer, open = reached, rest
	}
}

// front is a layer, arranged to be aimed at.
type front struct {
	nodes map[Who]bool
	// principals by account, whether users, and state
	targets map[aim][]Who
	all     map[aim][]Who // account left out
}

type aim struct {
	account           string
	user              bool
	raised, unbounded bool
}

func (s *search) front(layer []Who) *front {
	f := &front{nodes: make(map[Who]bool, len(layer)), targets: map[aim][]Who{}, all: map[aim][]Who{}}
	for _, n := range layer {
		f.nodes[n] = true
		if n.Principal < 0 || n.Joined != "" || n.Detached || n.Erased {
			continue
		}
		p := &s.scene.Principals[n.Principal]
		a := aim{p.Account, p.User, n.Raised, n.Unbounded}
		f.targets[a] = append(f.targets[a], n)
		a.account = ""
		f.all[a] = append(f.all[a], n)
	}
	return f
}

// toward is the first technique that leads from a node into a layer.
func (s *search) toward(from Who, f *front) (Hop, bool) {
	for _, t := range s.uses(from) {
		if hop, ok := s.use(t, from, f); ok {
			return hop, true
		}
	}
	return Hop{}, false
}

// uses are the techniques whose actions the principal may do somewhere.
func (s *search) uses(from Who) []*prepared {
	if list, ok := s.usable[from]; ok {
		return list
	}
	p := &s.scene.Principals[from.Principal]
	indexed, _ := s.judge.(Indexed)
	var list []*prepared
	for _, t := range s.techniques {
		if t.By == "user" && !p.User || t.By == "role" && p.User {
			continue
		}
		if indexed != nil && slices.ContainsFunc(t.actions, func(a string) bool { return indexed.Never(from, a) }) {
			continue
		}
		list = append(list, t)
	}
	s.usable[from] = list
	return list
}

// use tries one technique on all targets of a layer.
func (s *search) use(t *prepared, from Who, f *front) (Hop, bool) {
	switch {
	case t.Target.Who == "administrator":
		if f.nodes[Administrator] {
			return s.attempt(t, from, binding{to: Administrator, target: -1}, s.want)
		}
		return Hop{}, false
	case t.Target.Who == "self":
		return s.change(t, from, f)
	}
	account := s.scene.Principals[from.Principal].Account
	a := aim{account, t.Target.Who == "user", t.Target.Change == "permissions", t.Target.Change == "boundary"}
	targets := f.targets[a]
	if t.roams {
		a.account = ""
		targets = f.all[a]
	}
	for _, to := range targets {
		if to.Principal == from.Principal || s.scene.Principals[to.Principal].Service && t.Target.Through == nil {
			continue
		}
		if hop, ok := s.take(t, from, to); ok {
			return hop, true
		}
	}
	return Hop{}, false
}

// change tries a technique that changes who uses it.
func (s *search) change(t *prepared, from Who, f *front) (Hop, bool) {
	to := from
	switch t.Target.Change {
	case "permissions":
		to = Who{Principal: from.Principal, Raised: true, Unbounded: from.Unbounded}
	case "boundary":
		to.Unbounded = true
	case "attached-denials":
		to.Detached = true
	case "inline-denials":
		to.Erased = true
	case "membership":
		if from.Joined != "" || from.Raised {
			return Hop{}, false
		}
		for _, group := range s.about.groups[s.scene.Principals[from.Principal].Account] {
			if to.Joined = group; !f.nodes[to] {
				continue
			}
			if hop, ok := s.attempt(t, from, binding{to: to, target: -1, group: group}, s.want); ok {
				return hop, true
			}
		}
		return Hop{}, false
	}
	if to == from || !f.nodes[to] {
		return Hop{}, false
	}
	return s.attempt(t, from, binding{to: to, target: -1}, s.want)
}

// take tries a technique that takes over another principal.
func (s *search) take(t *prepared, from, to Who) (Hop, bool) {
	role := s.scene.Principals[to.Principal].ARN
	account := s.scene.Principals[from.Principal].Account
	var things []*Holder
	switch {
	case t.Target.Through != nil:
		things = s.about.holding[holding{t.Target.Through.Type, role}]
	case t.Target.Beside != nil:
		things = s.about.types[t.Target.Beside.Type]
		if !s.about.listed(t.Target.Beside.Type, account) {
			hop, ok := s.attempt(t, from, binding{to: to, target: to.Principal, through: t.Target.Beside.ARN, open: "no " + t.Target.Beside.Type + " was looked for"}, s.want)
			if ok {
				return hop, true
			}
		}
	default:
		return s.attempt(t, from, binding{to: to, target: to.Principal}, s.want)
	}
	for _, h := range things {
		if h.Account != account {
			continue
		}
		b := binding{to: to, target: to.Principal, through: h.ARN}
		if !h.Certain && t.Target.Through != nil {
			b.open = "which role " + h.ARN + " has was not seen for certain"
		}
		if hop, ok := s.attempt(t, from, b, s.want); ok {
			return hop, true
		}
	}
	return Hop{}, false
}
