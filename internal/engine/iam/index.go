package iam

import (
	"cmp"
	"slices"

	"holdfast.dev/holdfast/internal/engine/iam/glob"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
)

// index finds the statements that may concern an action, without a look at those
// that name other services. What is looked at first stands first, in as few
// places as possible: the policies of an estate do not fit in a processor's
// caches.
type index struct {
	mask   uint64 // a bit for each service, to tell quickly that it is not there
	denies bool   // some statement may deny
	unseen bool   // there may be statements besides those listed
	// always are statements which any action may concern: NotAction, an action that
	// was not seen, a wildcard in the name of the service.
	always   []candidate
	services []service // and one more, where the last one ends
	hashes   []uint32  // of the names of exact, in the same order
	exact    []exactAction
	wild     []wildAction
}

// service is where what an index has of one service begins in exact and in wild.
type service struct {
	name        word
	exact, wild int32
}

type exactAction struct {
	candidate
	name word
}

type wildAction struct {
	candidate
	name glob.Pattern // what follows the colon
}

// candidate is a statement that concerns an action, with what rules most of them
// out before the statement itself is looked at.
type candidate struct {
	gate       gate
	statement  *statement
	policy     int32 // its place in the set
	number     int32 // the statement's in the policy
	allows     bool  // it can only allow
	everything bool
}

// find is the place of a service, or -1.
func (x *index) find(name word) int {
	for i := range x.services {
		if x.services[i].name == name {
			return i
		}
	}
	return -1
}

// first is where names of this hash begin, if there are any. Few are looked
// through faster than they are searched.
func first(hashes []uint32, hash uint32) int {
	if len(hashes) > 16 {
		at, _ := slices.BinarySearch(hashes, hash)
		return at
	}
	return max(0, slices.Index(hashes, hash))
}

// hash is FNV-1a, which is short and does not allocate. What has one hash is told
// apart by the text.
func hash(s string) uint32 {
	h := uint32(2166136261)
	for i := range len(s) {
		h = (h ^ uint32(s[i])) * 16777619
	}
	return h
}

// Index makes one index of all policies that the set has now. Deciding is faster
// by it, at the cost of memory: worth it for a principal that many questions are
// about. A set that gains or loses policies goes on without it.
func (s *Set) Index() {
	var l layout
	for i, p := range s.Policies {
		l.merge(int32(i), &p.index)
	}
	whole := l.seal()
	s.whole, s.indexed = &whole, len(s.Policies)
}

// layout is an index in the making. What it gathers is put in order at the end,
// in slices that are just large enough.
type layout struct {
	index
	exactAt, wildAt []slot
}

// slot says where an element of exact or wild belongs.
type slot struct {
	service int32
	hash    uint32
	from    int32
}

func compareSlots(a, b slot) int {
	return cmp.Or(cmp.Compare(a.service, b.service), cmp.Compare(a.hash, b.hash), cmp.Compare(a.from, b.from))
}

// hides notes why there may be more statements, if there is a reason.
func (l *layout) hides(why string) {
	l.unseen = l.unseen || why != ""
	l.denies = l.denies || l.unseen
}

// statement gathers a statement, which is about these actions.
func (l *layout) statement(number int32, s *statement, actions []actionPattern) {
	l.denies = l.denies || s.denies
	c := candidate{statement: s, number: number, allows: !s.denies, everything: s.everything(), gate: s.gate()}
	if s.notActions || s.unseen.Has(policy.ActionPart) || slices.Contains(s.services, word{}) {
		l.always = append(l.always, c)
		return
	}
	for i := range actions {
		if a := &actions[i]; a.nameWord != (word{}) {
			l.addExact(a.service, hash(a.nameWord.Value()), exactAction{c, a.nameWord})
		} else {
			l.addWild(a.service, wildAction{c, a.name})
		}
	}
}

// merge gathers what is in the index of one policy of a set.
func (l *layout) merge(place int32, x *index) {
	l.denies, l.unseen = l.denies || x.denies, l.unseen || x.unseen
	for _, c := range x.always {
		c.policy = place
		l.always = append(l.always, c)
	}
	for k := range max(1, len(x.services)) - 1 {
		from, to := x.services[k], x.services[k+1]
		for i := from.exact; i < to.exact; i++ {
			e := x.exact[i]
			e.policy = place
			l.addExact(from.name, x.hashes[i], e)
		}
		for i := from.wild; i < to.wild; i++ {
			e := x.wild[i]
			e.policy = place
			l.addWild(from.name, e)
		}
	}
}

func (l *layout) addExact(service word, hash uint32, e exactAction) {
	l.exactAt = append(l.exactAt, slot{l.service(service), hash, int32(len(l.exact))})
	l.exact = append(l.exact, e)
}

func (l *layout) addWild(service word, e wildAction) {
	l.wildAt = append(l.wildAt, slot{service: l.service(service), from: int32(len(l.wild))})
	l.wild = append(l.wild, e)
}

// service is the place of a service, which is made where there is none.
func (l *layout) service(name word) int32 {
	if i := l.find(name); i >= 0 {
		return int32(i)
	}
	l.mask |= 1 << (hash(name.Value()) & 63)
	l.services = append(l.services, service{name: name})
	return int32(len(l.services)) - 1
}

// seal is the index of what was gathered. The layout is empty again.
func (l *layout) seal() index {
	x := index{mask: l.mask, denies: l.denies, unseen: l.unseen, always: exactly(l.always)}
	if len(l.services) > 0 {
		slices.SortFunc(l.exactAt, compareSlots)
		slices.SortFunc(l.wildAt, compareSlots)
		x.services = exactly(append(l.services, service{}))
		x.hashes, x.exact, x.wild = make([]uint32, len(l.exact)), make([]exactAction, len(l.exact)), make([]wildAction, len(l.wild))
		for i, s := range l.exactAt {
			x.hashes[i], x.exact[i] = s.hash, l.exact[s.from]
			x.services[s.service+1].exact = int32(i) + 1
		}
		for i, s := range l.wildAt {
			x.wild[i] = l.wild[s.from]
			x.services[s.service+1].wild = int32(i) + 1
		}
		for k := range l.services { // services without exact or without wild
			before, at := &x.services[k], &x.services[k+1]
			at.exact, at.wild = max(at.exact, before.exact), max(at.wild, before.wild)
		}
	}
	l.reset()
	return x
}

// reset empties the layout. Its room is kept for the next, but nothing in it.
func (l *layout) reset() {
	clear(l.always)
	clear(l.services)
	clear(l.exact)
	clear(l.wild)
	l.index = index{always: l.always[:0], services: l.services[:0], exact: l.exact[:0], wild: l.wild[:0]}
	l.exactAt, l.wildAt = l.exactAt[:0], l.wildAt[:0]
}

// exactly is a copy that shares nothing and has no room to grow.
func exactly[E any](s []E) []E {
	if len(s) == 0 {
		return nil
	}
	out := make([]E, len(s))
	copy(out, s)
	return out
}
