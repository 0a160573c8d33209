package diff

import (
	"fmt"
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/glob"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
)

// comparison is the work on one pair of sides.
type comparison struct {
	kind   Kind
	result *Result
	sides  [2][]*iam.Policy
	only   []string // patterns of the actions that are asked about; none: all

	statements []statement
	actions    []element
	resources  []element
	principals []who
	ids        map[string]int // of elements and atoms, by what they say
	atoms      []atom
	keys       []key
	cases      map[string]string // actions in lower case → as they are written

	people    []person
	templates map[string]*glob.Machine
	shapes    map[string]*shape // resource patterns divided
	solved    map[string]solution
	found     map[string]*finding
	order     []string // of found
	nodes     int      // of decision trees, all together
}

func newComparison(kind Kind) *comparison {
	return &comparison{
		kind: kind, result: &Result{}, ids: map[string]int{}, cases: map[string]string{}, shapes: map[string]*shape{}, templates: map[string]*glob.Machine{},
		solved: map[string]solution{}, found: map[string]*finding{},
	}
}

// statement refers to what it says; who says the same refers to the same.
type statement struct {
	side      int
	deny      bool
	action    int
	resource  int // -1: whatever the policy is attached to
	principal int // -1: everyone
	atoms     []int
}

// element is the actions or resources of a statement.
type element struct {
	patterns []string
	not      bool
	// general has * for each variable, and differs from patterns just there.
	general []string
}

// atom is something that holds or not: a condition, or, where key is -1, that
// the resource fits the value, which has variables.
type atom struct {
	key       int
	condition policy.Condition
	variables []string // keys that the values refer to
	open      bool     // whether it holds is not decided by its key's value alone
}

const resourceAtom = -1

func (c *comparison) unknown(format string, args ...any) {
	s := fmt.Sprintf(format, args...)
	if !slices.Contains(c.result.Unknown, s) {
		c.result.Unknown = append(c.result.Unknown, s)
	}
}

// add reads a policy. What of it was not seen is said, and left out.
func (c *comparison) add(side int, p Policy) {
	c.sides[side] = append(c.sides[side], iam.Compile(p.Name, p.Doc))
	if p.Doc.Unseen != "" {
		c.unknown("%s: %s", p.Name, p.Doc.Unseen)
	}
	for i := range p.Doc.Statements {
		s := &p.Doc.Statements[i]
		why := unseen(s)
		if why == "" && c.kind != Resource && len(s.Resources)+len(s.NotResources) == 0 {
			why = "it has neither Resource nor NotResource, without which AWS takes no such policy"
		}
		if why == "" && c.kind == Resource && s.Principals == nil && s.NotPrincipals == nil {
			why = "it has neither Principal nor NotPrincipal, without which AWS takes no such policy; --type identity compares it as one of a user or role"
		}
		if why != "" {
			c.unknown("%s: statement %d was left out: %s", p.Name, i+1, why)
			continue
		}
		c.statement(side, s, p.Doc.Variables())
	}
}

func unseen(s *policy.Statement) string {
	partial := func(list []policy.Text) bool {
		return slices.ContainsFunc(list, func(t policy.Text) bool { return t.Partial })
	}
	for _, p := range slices.Concat(s.Principals, s.NotPrincipals) {
		if p.Name.Partial {
			return "a principal is not wholly known"
		}
	}
	for i := range s.Conditions {
		cond := &s.Conditions[i]
		if _, ok := policy.ParseOperator(cond.Operator); !ok {
			return fmt.Sprintf("%q is no condition operator", cond.Operator)
		}
		if cond.Unseen || partial(cond.Values) {
			return fmt.Sprintf("the values of %s are not wholly known", cond.Key)
		}
	}
	switch {
	case s.Unseen != 0 || s.Effect != policy.Allow && s.Effect != policy.Deny:
		return "a part of it is not known"
	case partial(s.Actions) || partial(s.NotActions):
		return "an action is not wholly known"
	case partial(s.Resources) || partial(s.NotResources):
		return "a resource is not wholly known"
	}
	return ""
}

func (c *comparison) statement(side int, s *policy.Statement, variables bool) {
	out := statement{side: side, deny: s.Effect == policy.Deny, resource: -1, principal: -1}
	actions, not := s.Actions, false
	if s.NotActions != nil {
		actions, not = s.NotActions, true
	}
	lowered := make([]string, len(actions))
	for i, a := range actions {
		lowered[i] = strings.ToLower(a.Value)
		if !has(c.cases, lowered[i]) {
			c.cases[lowered[i]] = a.Value
		}
	}
	out.action = intern(c, &c.actions, "action", element{patterns: sorted(lowered), not: not})
	resources, not := s.Resources, false
	if s.NotResources != nil {
		resources, not = s.NotResources, true
	}
	if len(resources) > 0 {
		e := element{patterns: sorted(values(resources)), not: not}
		for _, p := range e.patterns {
			if variables {
				p = generalise(p)
			}
			e.general = append(e.general, p)
		}
		out.resource = intern(c, &c.resources, "resource", e)
	}
	if c.kind == Resource {
		out.principal = c.who(s)
	}
	for i := range s.Conditions {
		out.atoms = append(out.atoms, c.condition(&s.Conditions[i], variables))
	}
	slices.Sort(out.atoms)
	out.atoms = slices.Compact(out.atoms)
	c.statements = append(c.statements, out)
}

// intern finds the element that says the same, or adds it.
func intern(c *comparison, list *[]element, kind string, e element) int {
	id := fmt.Sprintf("%s %v %q %q", kind, e.not, e.patterns, e.general)
	if i, ok := c.ids[id]; ok {
		return i
	}
	c.ids[id] = len(*list)
	*list = append(*list, e)
	return len(*list) - 1
}

func values(list []policy.Text) []string {
	out := make([]string, len(list))
	for i, t := range list {
		out[i] = t.Value
	}
	return out
}

func sorted(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}

// generalise puts * where a variable stands.
func generalise(s string) string {
	for {
		at := strings.Index(s, "${")
		if at < 0 {
			return s
		}
		end := strings.IndexByte(s[at:], '}')
		if end < 0 {
			return s[:at] + "*"
		}
		s = s[:at] + "*" + s[at+end+1:]
	}
}

// variables are the keys that a text refers to, with what they stand for in it.
func variables(s string) []string {
	var out []string
	for {
		at := strings.Index(s, "${")
		if at < 0 {
			return out
		}
		end := strings.IndexByte(s[at:], '}')
		if end < 0 {
			return out
		}
		name, _, _ := strings.Cut(s[at+2:at+end], ",")
		if name = strings.TrimSpace(name); len(name) > 1 {
			out = append(out, name)
		}
		s = s[at+end+1:]
	}
}

// condition finds the atom of a condition. Two that differ in the order of their
// values or the letter case of their key are the same.
func (c *comparison) condition(cond *policy.Condition, isNew bool) int {
	op, _ := policy.ParseOperator(cond.Operator) // add has checked it
	texts := sorted(values(cond.Values))
	a := atom{key: c.key(cond.Key)}
	for _, v := range texts {
		if isNew && strings.Contains(v, "${") {
			a.open = true
			a.variables = append(a.variables, variables(v)...)
		}
	}
	id := fmt.Sprintf("condition %s %d %q %v", op, a.key, texts, a.open)
	if i, ok := c.ids[id]; ok {
		return i
	}
	a.condition = policy.Condition{Operator: op.String(), Key: cond.Key}
	for _, v := range texts {
		a.condition.Values = append(a.condition.Values, policy.Text{Value: v})
	}
	c.ids[id] = len(c.atoms)
	c.keys[a.key].atoms = append(c.keys[a.key].atoms, len(c.atoms))
	c.atoms = append(c.atoms, a)
	return len(c.atoms) - 1
}

// key finds a condition key, whatever its letter case.
func (c *comparison) key(name string) int {
	id := "key " + strings.ToLower(name)
	if i, ok := c.ids[id]; ok {
		return i
	}
	c.ids[id] = len(c.keys)
	c.keys = append(c.keys, key{name: name})
	return len(c.keys) - 1
}

// fits finds the atom that says that the resource fits a pattern with variables.
func (c *comparison) fits(pattern string) int {
	id := "fits " + pattern
	if i, ok := c.ids[id]; ok {
		return i
	}
	c.ids[id] = len(c.atoms)
	c.atoms = append(c.atoms, atom{
		key: resourceAtom, open: true, variables: variables(pattern),
		condition: policy.Condition{Operator: "Resource", Values: []policy.Text{{Value: pattern}}},
	})
	return len(c.atoms) - 1
}
