package generate

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam/activity"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
)

// statements puts together the actions that are on the same resources under the
// same conditions, so that no action reaches further than it has to.
func statements(grants []grant) []policy.Statement {
	type on struct {
		action     string
		conditions []activity.Condition
		resources  map[string]bool
	}
	each := map[string]*on{}
	for _, g := range grants {
		k := g.action + "\x00" + fmt.Sprint(g.conditions)
		if each[k] == nil {
			each[k] = &on{g.action, g.conditions, map[string]bool{}}
		}
		each[k].resources[g.resource] = true
	}
	type group struct {
		actions    []string
		resources  []string
		conditions []activity.Condition
	}
	groups := map[string]*group{}
	for _, k := range slices.Sorted(maps.Keys(each)) {
		e := each[k]
		resources := slices.Sorted(maps.Keys(e.resources))
		resources = slices.DeleteFunc(resources, func(r string) bool { return covered(r, e.resources) })
		gk := strings.Join(resources, "\x00") + "\x01" + fmt.Sprint(e.conditions)
		if groups[gk] == nil {
			groups[gk] = &group{resources: resources, conditions: e.conditions}
		}
		groups[gk].actions = append(groups[gk].actions, e.action)
	}
	// By the first action, those on everything at the end: a policy is read from what
	// is narrow to what is wide.
	order := slices.SortedFunc(maps.Values(groups), func(a, b *group) int {
		if x, y := a.resources[0] == "*", b.resources[0] == "*"; x != y {
			return compareBool(x, y)
		}
		return cmp.Or(cmp.Compare(a.actions[0], b.actions[0]), slices.Compare(a.resources, b.resources), cmp.Compare(fmt.Sprint(a.conditions), fmt.Sprint(b.conditions)))
	})
	var out []policy.Statement
	for _, g := range order {
		s := policy.Statement{Effect: policy.Allow, Actions: texts(g.actions), Resources: texts(g.resources)}
		for _, c := range g.conditions {
			s.Conditions = append(s.Conditions, policy.Condition{Operator: "StringEquals", Key: c.Key, Values: texts([]string{c.Value})})
		}
		if !joined(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// joined adds a statement's value to the one before, where they differ in that
// alone: a role handed to two services.
func joined(out []policy.Statement, s policy.Statement) bool {
	if len(out) == 0 || len(s.Conditions) != 1 {
		return false
	}
	before := &out[len(out)-1]
	if len(before.Conditions) != 1 || before.Conditions[0].Key != s.Conditions[0].Key || !slices.Equal(before.Actions, s.Actions) || !slices.Equal(before.Resources, s.Resources) {
		return false
	}
	before.Conditions[0].Values = append(before.Conditions[0].Values, s.Conditions[0].Values...)
	return true
}

// covered tells whether another pattern of a set, which ends in its only wildcard,
// includes this one.
func covered(p string, set map[string]bool) bool {
	for q := range set {
		start, ok := strings.CutSuffix(q, "*")
		if ok && q != p && strings.HasPrefix(p, start) && !strings.ContainsAny(start, "*?$") {
			return true
		}
	}
	return false
}

func texts(list []string) []policy.Text {
	out := make([]policy.Text, len(list))
	for i, s := range list {
		out[i] = policy.Text{Value: s}
	}
	return out
}

// pack fills documents with statements, in order, each up to the limit.
func pack(all []policy.Statement, limit int) ([]*policy.Document, error) {
	documents := []*policy.Document{}
	var open *policy.Document
	for len(all) > 0 {
		s := all[0]
		if open != nil {
			wider := *open
			wider.Statements = append(slices.Clip(open.Statements), s)
			fits, err := within(&wider, limit)
			if err != nil {
				return nil, err
			}
			if fits {
				*open, all = wider, all[1:]
				continue
			}
		}
		alone := &policy.Document{Version: policy.Version2012, Statements: []policy.Statement{s}}
		fits, err := within(alone, limit)
		if err != nil {
			return nil, err
		}
		if !fits {
			halves, ok := halve(s)
			if !ok {
				return nil, fmt.Errorf("a statement with one action and one resource has more than %d characters", limit)
			}
			all = append(halves, all[1:]...)
			continue
		}
		documents, open, all = append(documents, alone), alone, all[1:]
	}
	return documents, nil
}

func within(d *policy.Document, limit int) (bool, error) {
	text, err := d.MarshalJSON()
	if err != nil {
		return false, fmt.Errorf("writing a generated policy: %w", err)
	}
	return policy.Measure(text).Dense <= limit, nil
}

// halve makes two statements of one that is too long.
func halve(s policy.Statement) ([]policy.Statement, bool) {
	a, b := s, s
	switch {
	case len(s.Resources) > 1:
		n := len(s.Resources) / 2
		a.Resources, b.Resources = s.Resources[:n], s.Resources[n:]
	case len(s.Actions) > 1:
		n := len(s.Actions) / 2
		a.Actions, b.Actions = s.Actions[:n], s.Actions[n:]
	default:
		return nil, false
	}
	return []policy.Statement{a, b}, true
}
