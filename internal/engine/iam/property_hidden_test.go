package iam_test

import (
	"slices"
	"strings"
	"testing"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
	"holdfast.dev/holdfast/internal/kleene"
)

// Hiding something of a world never changes the answer to another one, only to
// Unknown: whatever was hidden, the engine commits itself to nothing that is not so.
func TestPropertyHidingNeverMisleads(t *testing.T) {
	m := newMaker(6)
	hides := m.hides()
	committed, failed := make([]int, len(hides)), 0
	for i := range cases(t, 20_000) {
		m.focus = i%2 == 0
		w := m.world()
		want := oracle(w)
		h := i % len(hides)
		hidden := w.clone()
		if !hides[h].hide(hidden) {
			continue
		}
		got := hidden.engine(t)
		if got.Decision != iam.Unknown {
			committed[h]++
		}
		allowed := kleene.Of(want == iam.Allowed)
		if got.Decision != iam.Unknown && got.Decision != want || got.Allowed != kleene.Unknown && got.Allowed != allowed {
			t.Errorf("case %d: with %s hidden the engine says %v (allowed %v), though it is %v\nwhole: %v\nhidden: %v", i, hides[h].name, got.Decision, got.Allowed, want, w, hidden)
			if failed++; failed > 3 {
				t.FailNow()
			}
		}
	}
	for h, n := range committed {
		if n == 0 {
			t.Errorf("with %s hidden the engine never says anything", hides[h].name)
		}
	}
}

// hide takes something out of a world and says so; false where there is nothing.
type hide struct {
	name string
	hide func(w *world) bool
}

func (m *maker) hides() []hide {
	return []hide{
		{"the account of the resource", func(w *world) bool { w.account = ""; return true }},
		{"the tags of the principal", func(w *world) bool { w.principal.TagsSeen, w.principal.Tags = false, nil; return true }},
		{"the organisation of the principal", func(w *world) bool {
			w.principal.OrgSeen, w.principal.OrgID, w.principal.OrgPaths = false, "", nil
			return true
		}},
		{"the canonical id", func(w *world) bool { w.principal.CanonicalID = ""; return true }},
		{"the session of the role", func(w *world) bool {
			if w.principal.Kind != iam.KindSession {
				return false
			}
			p := w.principal
			p.Kind, p.ARN = iam.KindRole, p.Role
			p.Name = p.Role[strings.LastIndexByte(p.Role, '/')+1:]
			return true
		}},
		{"what Block Public Access says", func(w *world) bool {
			if w.bucket == nil {
				return false
			}
			field := pick(m, &w.bucket.RestrictPublicBuckets, &w.bucket.IgnorePublicACLs, &w.bucket.ACLsDisabled)
			*field = kleene.Unknown
			return true
		}},
		{"the value of a key", func(w *world) bool {
			key, ok := m.key(w)
			if ok {
				w.states = map[string]iam.State{key: iam.Present}
				delete(w.context, key)
			}
			return ok
		}},
		{"whether a key is there", func(w *world) bool {
			key := pick(m, testKeys...).name
			w.states = map[string]iam.State{key: iam.Unseen}
			delete(w.context, key)
			return true
		}},
		{"a key, in an open context", func(w *world) bool {
			delete(w.context, pick(m, testKeys...).name)
			w.open = true
			return true
		}},
		{"the end of the resource", func(w *world) bool {
			w.resource, w.partial = w.resource[:m.IntN(len(w.resource)+1)], true
			return true
		}},
		{"a document", m.hideDocument},
		{"a statement", m.hideStatement},
		{"an effect", m.inStatement(func(s *policy.Statement) bool { s.Effect, s.Unseen = "", s.Unseen|policy.EffectPart; return true })},
		{"an action", m.inStatement(func(s *policy.Statement) bool {
			return drop(m, s, policy.ActionPart, &s.Actions) || drop(m, s, policy.ActionPart, &s.NotActions)
		})},
		{"a resource", m.inStatement(func(s *policy.Statement) bool {
			return drop(m, s, policy.ResourcePart, &s.Resources) || drop(m, s, policy.ResourcePart, &s.NotResources)
		})},
		{"a principal", m.inStatement(func(s *policy.Statement) bool {
			return drop(m, s, policy.PrincipalPart, &s.Principals) || drop(m, s, policy.PrincipalPart, &s.NotPrincipals)
		})},
		{"a condition", m.inStatement(func(s *policy.Statement) bool { return drop(m, s, policy.ConditionPart, &s.Conditions) })},
		{"a value of a condition", m.inCondition(func(c *policy.Condition) bool {
			i := m.IntN(len(c.Values))
			c.Values, c.Unseen = slices.Delete(c.Values, i, i+1), true
			return true
		})},
		{"a part of a value", m.inCondition(func(c *policy.Condition) bool { return m.blur(&c.Values[m.IntN(len(c.Values))]) })},
		{"the operator of a condition", m.inCondition(func(c *policy.Condition) bool { c.Operator = "StringResembles"; return true })},
		{"a part of an action", m.inStatement(func(s *policy.Statement) bool { return m.blurOne(s.Actions, s.NotActions) })},
		{"a part of a resource", m.inStatement(func(s *policy.Statement) bool { return m.blurOne(s.Resources, s.NotResources) })},
		{"a part of a principal", m.inStatement(func(s *policy.Statement) bool {
			list := s.Principals
			if list == nil {
				list = s.NotPrincipals
			}
			if len(list) == 0 {
				return false
			}
			p := &list[m.IntN(len(list))]
			if p.Kind == policy.Everyone {
				p.Kind = policy.AWS
			}
			return m.blur(&p.Name)
		})},
	}
}

func (m *maker) key(w *world) (string, bool) {
	var keys []string
	for key, values := range w.context {
		if len(values) > 0 {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	if len(keys) == 0 {
		return "", false
	}
	return keys[m.IntN(len(keys))], true
}

// layer picks one that has documents.
func (m *maker) layer(w *world) (string, *documents) {
	all := w.layers()
	var names []string
	for name, d := range all {
		if len(*d) > 0 {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	if len(names) == 0 {
		return "", nil
	}
	name := names[m.IntN(len(names))]
	return name, all[name]
}

func (m *maker) hideDocument(w *world) bool {
	name, d := m.layer(w)
	if d == nil {
		return false
	}
	i := m.IntN(len(*d))
	*d = slices.Delete(*d, i, i+1)
	w.unseen = map[string]string{name: "a document was not seen"}
	return true
}

func (m *maker) hideStatement(w *world) bool {
	_, d := m.layer(w)
	if d == nil {
		return false
	}
	doc := (*d)[m.IntN(len(*d))]
	i := m.IntN(len(doc.Statements))
	doc.Statements, doc.Unseen = slices.Delete(doc.Statements, i, i+1), "a statement was not seen"
	return true
}

func (m *maker) inStatement(f func(*policy.Statement) bool) func(*world) bool {
	return func(w *world) bool {
		_, d := m.layer(w)
		if d == nil {
			return false
		}
		doc := (*d)[m.IntN(len(*d))]
		return f(&doc.Statements[m.IntN(len(doc.Statements))])
	}
}

func (m *maker) inCondition(f func(*policy.Condition) bool) func(*world) bool {
	return m.inStatement(func(s *policy.Statement) bool {
		return len(s.Conditions) > 0 && f(&s.Conditions[m.IntN(len(s.Conditions))])
	})
}

// drop takes one element out of a list and notes that the part is not whole.
func drop[T any](m *maker, s *policy.Statement, part policy.Parts, list *[]T) bool {
	if len(*list) == 0 {
		return false
	}
	i := m.IntN(len(*list))
	*list = slices.Delete(*list, i, i+1)
	s.Unseen |= part
	return true
}

func (m *maker) blurOne(lists ...[]policy.Text) bool {
	for _, list := range lists {
		if len(list) > 0 {
			return m.blur(&list[m.IntN(len(list))])
		}
	}
	return false
}

// blur leaves of a text its start and its end, as sources do: neither with a sign
// of a variable.
func (m *maker) blur(t *policy.Text) bool {
	i := m.IntN(len(t.Value) + 1)
	j := i + m.IntN(len(t.Value)-i+1)
	if i == 0 && j == len(t.Value) || strings.Contains(t.Value[:i]+t.Value[j:], "$") {
		return false
	}
	t.Value, t.Partial, t.Suffix = t.Value[:i], true, t.Value[j:]
	return true
}

// clone copies a world so far that hiding does not touch the original.
func (w *world) clone() *world {
	out := *w
	p := *w.principal
	out.principal = &p
	out.context = cloneValues(w.context)
	out.identity = w.identity.clone()
	for _, d := range []**documents{&out.boundary, &out.session, &out.attached, &out.endpoint} {
		if *d != nil {
			c := (*d).clone()
			*d = &c
		}
	}
	out.scps, out.rcps = cloneLevels(w.scps), cloneLevels(w.rcps)
	if w.bucket != nil {
		b := *w.bucket
		out.bucket = &b
	}
	return &out
}

func cloneLevels(levels []documents) []documents {
	var out []documents
	for _, d := range levels {
		out = append(out, d.clone())
	}
	return out
}

func (d documents) clone() documents {
	var out documents
	for _, doc := range d {
		c := *doc
		c.Statements = slices.Clone(doc.Statements)
		for i := range c.Statements {
			s := &c.Statements[i]
			s.Actions, s.NotActions = slices.Clone(s.Actions), slices.Clone(s.NotActions)
			s.Resources, s.NotResources = slices.Clone(s.Resources), slices.Clone(s.NotResources)
			s.Principals, s.NotPrincipals = slices.Clone(s.Principals), slices.Clone(s.NotPrincipals)
			s.Conditions = slices.Clone(s.Conditions)
			for j := range s.Conditions {
				s.Conditions[j].Values = slices.Clone(s.Conditions[j].Values)
			}
		}
		out = append(out, &c)
	}
	return out
}
