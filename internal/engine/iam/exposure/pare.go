package exposure

import (
	"maps"
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
	"holdfast.dev/holdfast/internal/kleene"
)

// axes are, key by key, the choices worth trying; nil where some condition of
// the target can never hold for this visitor.
func (s *search) axes(v *visitor, denies []policy.Statement) (out [][]choice, all bool) {
	out, all = [][]choice{}, true
	for _, key := range slices.Sorted(maps.Keys(s.keys)) {
		list, whole := s.choices(v, key)
		all = all && whole
		if list = s.worthwhile(v, key, list, denies); len(list) == 0 {
			return nil, true
		}
		out = append(out, list)
	}
	return out, all
}

// worthwhile leaves out choices under which a condition of the target fails, and
// those under which more conditions of Deny statements hold than under another.
// Conditions with variables, which hang on other keys too, have no say in it.
func (s *search) worthwhile(v *visitor, key string, list []choice, denies []policy.Statement) []choice {
	var must, mustNot []*policy.Condition
	entangled := false
	sort := func(st *policy.Statement, into *[]*policy.Condition) {
		for i := range st.Conditions {
			c := &st.Conditions[i]
			switch {
			case !strings.EqualFold(c.Key, key):
			case s.variables && slices.ContainsFunc(c.Values, func(t policy.Text) bool { return strings.Contains(t.Value, "${") }):
				entangled = true
			default:
				*into = append(*into, c)
			}
		}
	}
	sort(&s.target, &must)
	for i := range denies {
		sort(&denies[i], &mustNot)
	}
	var kept []choice
	var signs [][]kleene.Value
	for _, c := range list {
		sign, ok := s.sign(v, &c, must, mustNot)
		if !ok {
			continue
		}
		kept, signs = append(kept, c), append(signs, sign)
	}
	if entangled || s.inVariables(key) {
		return kept
	}
	return undominated(kept, signs)
}

// inVariables tells whether a key is asked about by variables alone, or besides.
func (s *search) inVariables(key string) bool {
	if !s.variables {
		return false
	}
	if len(s.about[key]) == 0 {
		return true
	}
	for _, list := range s.texts() {
		for _, t := range list {
			if i := strings.Index(strings.ToLower(t.Value), "${"+key); i >= 0 {
				return true
			}
		}
	}
	return false
}

// texts are all texts of the search in which variables count.
func (s *search) texts() [][]policy.Text {
	out := [][]policy.Text{s.target.Resources, s.target.NotResources}
	for i := range s.denies {
		out = append(out, s.denies[i].Resources, s.denies[i].NotResources)
	}
	for _, c := range s.conditions {
		out = append(out, c.Values)
	}
	return out
}

// sign is how a choice comes out under each condition of the target, which it
// must not fail, and of the Deny statements.
func (s *search) sign(v *visitor, c *choice, must, mustNot []*policy.Condition) ([]kleene.Value, bool) {
	out := make([]kleene.Value, 0, len(must)+len(mustNot))
	for _, condition := range must {
		holds := s.condition(v, condition, c)
		if holds == kleene.False {
			return nil, false
		}
		out = append(out, holds.Not()) // a condition that holds for certain is worth more
	}
	for _, condition := range mustNot {
		out = append(out, s.condition(v, condition, c))
	}
	return out, true
}

// condition asks the engine about one condition by itself.
func (s *search) condition(v *visitor, c *policy.Condition, with *choice) kleene.Value {
	compiled := s.holds[c]
	if compiled == nil {
		compiled = iam.Compile("", &policy.Document{Version: s.version, Statements: []policy.Statement{{
			Effect: policy.Allow, Principals: []policy.Principal{{Kind: policy.Everyone, Name: policy.Text{Value: "*"}}},
			Actions: []policy.Text{{Value: "*"}}, Resources: []policy.Text{{Value: "*"}}, Conditions: []policy.Condition{*c},
		}}})
		s.holds[c] = compiled
	}
	ctx := &iam.Context{}
	with.put(ctx)
	room := iam.Policies{Identity: everything, Resource: &iam.Set{Policies: []*iam.Policy{compiled}}}
	return s.decide(v.principal, deed{"s3:GetObject", s.arn("s3", "", "", freshWord+"/"+freshWord)}, ctx, &room)
}

// undominated keeps those of which no other is at least as good everywhere.
func undominated[T any](list []T, signs [][]kleene.Value) []T {
	var out []T
	for i := range list {
		beaten := false
		for j := range list {
			better := j != i && atMost(signs[j], signs[i]) && (j < i || !atMost(signs[i], signs[j]))
			beaten = beaten || better
		}
		if !beaten {
			out = append(out, list[i])
		}
	}
	return out
}

// rank orders truth by how much it helps a Deny.
func rank(v kleene.Value) int {
	switch v {
	case kleene.False:
		return 0
	case kleene.True:
		return 2
	}
	return 1
}

func atMost(a, b []kleene.Value) bool {
	for i := range a {
		if rank(a[i]) > rank(b[i]) {
			return false
		}
	}
	return true
}
