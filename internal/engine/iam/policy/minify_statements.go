package policy

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// mostStatements bounds how many statements are compared each with each. No
// policy of AWS has room for more.
const mostStatements = 500

// Comparable tells whether the statements are few and small enough to compare each
// with each, as those of every policy of AWS are.
func (d *Document) Comparable() bool {
	patterns, entries := 0, 0
	for i := range d.Statements {
		for _, list := range [][]Text{d.Statements[i].Actions, d.Statements[i].Resources} {
			entries += len(list)
			for _, t := range list {
				if strings.ContainsAny(t.Value, "*?") {
					patterns++
				}
			}
		}
	}
	return len(d.Statements) <= mostStatements && (len(d.Statements) < 2 || patterns*entries <= 1_000_000)
}

// dropCovered leaves out statements of which another says all and more.
func (d *Document) dropCovered() {
	if !d.Comparable() {
		return
	}
	variables := d.Variables()
	for j := 0; j < len(d.Statements); j++ {
		for i := range d.Statements {
			a, b := &d.Statements[i], &d.Statements[j]
			if i == j || !a.covers(b, variables) || i > j && b.covers(a, variables) {
				continue
			}
			a.Sid = cmp.Or(a.Sid, b.Sid)
			d.Statements = slices.Delete(d.Statements, j, j+1)
			j--
			break
		}
	}
}

// Covers tells whether the statement matches every request that the other does,
// to the same effect. False may mean that it cannot be told.
func (s *Statement) Covers(other *Statement, variables bool) bool {
	return s.Unseen == 0 && other.Unseen == 0 && s.covers(other, variables)
}

func (s *Statement) covers(other *Statement, variables bool) bool {
	if s.Effect != other.Effect || !samePrincipals(s.Principals, other.Principals) || !samePrincipals(s.NotPrincipals, other.NotPrincipals) {
		return false
	}
	for _, c := range s.Conditions {
		if !slices.ContainsFunc(other.Conditions, func(o Condition) bool { return sameCondition(c, o) }) {
			return false
		}
	}
	return elementCovers(s.Actions, s.NotActions, other.Actions, other.NotActions, actionCovers) &&
		elementCovers(s.Resources, s.NotResources, other.Resources, other.NotResources, func(a, b string) bool { return resourceCovers(a, b, variables) })
}

// elementCovers compares Action or Resource with its negation on either side.
func elementCovers(has, not, otherHas, otherNot []Text, covers func(a, b string) bool) bool {
	if sameTexts(has, otherHas) && sameTexts(not, otherNot) {
		return true
	}
	if not != nil || otherNot != nil || has == nil || otherHas == nil {
		return len(has) == 1 && has[0].Value == "*" && !has[0].Partial && (otherHas != nil || otherNot != nil)
	}
	for _, o := range otherHas {
		if o.Partial || !slices.ContainsFunc(has, func(h Text) bool { return !h.Partial && covers(h.Value, o.Value) }) {
			return false
		}
	}
	return true
}

// mergeAlike joins statements that differ in one list only, and tells whether
// there were any. Names are never lost by it.
func (d *Document) mergeAlike() bool {
	any := false
	for i := 0; i < len(d.Statements) && len(d.Statements) <= mostStatements; i++ {
		for j := i + 1; j < len(d.Statements); j++ {
			a, b := &d.Statements[i], &d.Statements[j]
			if a.Sid != "" && b.Sid != "" {
				continue
			}
			if merged, ok := merge(*a, *b); ok {
				merged.Sid = cmp.Or(a.Sid, b.Sid)
				d.Statements[i] = merged
				d.Statements = slices.Delete(d.Statements, j, j+1)
				any = true
				j--
			}
		}
	}
	return any
}

func merge(a, b Statement) (Statement, bool) {
	if a.Effect != b.Effect || !slices.EqualFunc(a.Conditions, b.Conditions, sameCondition) ||
		!sameTexts(a.NotActions, b.NotActions) || !sameTexts(a.NotResources, b.NotResources) || !samePrincipals(a.NotPrincipals, b.NotPrincipals) {
		return a, false
	}
	actions, resources, principals := sameTexts(a.Actions, b.Actions), sameTexts(a.Resources, b.Resources), samePrincipals(a.Principals, b.Principals)
	switch {
	case resources && principals && a.Actions != nil && b.Actions != nil:
		a.Actions = union(a.Actions, b.Actions)
	case actions && principals && a.Resources != nil && b.Resources != nil:
		a.Resources = union(a.Resources, b.Resources)
	case actions && resources && a.Principals != nil && b.Principals != nil:
		a.Principals = reducePrincipals(slices.Concat(a.Principals, b.Principals))
	default:
		return a, false
	}
	return a, true
}

// union joins two sorted lists into one.
func union(a, b []Text) []Text {
	out := slices.Concat(a, b)
	slices.SortStableFunc(out, func(a, b Text) int { return cmp.Compare(a.Value, b.Value) })
	return slices.CompactFunc(out, func(a, b Text) bool { return a.Value == b.Value && !a.Partial && !b.Partial })
}

// cutAction is an action's service and name, in lower case.
func cutAction(a string) (service, name string) {
	service, name, ok := strings.Cut(strings.ToLower(a), ":")
	if !ok {
		return "*", "*"
	}
	return service, name
}

// asPatterns writes the actions of a list as prefixes with *, where those mean
// no other action. Patterns that are there already stay, unless such a prefix
// includes them: they may mean actions that nobody documents.
func asPatterns(list []Text, expand func(string) []string) []Text {
	services := map[string]*compressor{}
	out := []Text{}
	for _, t := range list {
		known := expand(t.Value)
		pattern := strings.ContainsAny(t.Value, "*?")
		if t.Partial || len(known) == 0 || pattern {
			out = append(out, t)
		}
		for _, a := range known {
			service, name := cutAction(a)
			c := services[service]
			if c == nil {
				c = &compressor{service: service, meant: map[string]string{}, single: map[string]bool{}}
				services[service] = c
			}
			c.meant[name] = a
			c.single[name] = c.single[name] || !pattern
		}
	}
	for _, service := range slices.Sorted(maps.Keys(services)) {
		c := services[service]
		for _, a := range expand(service + ":*") {
			_, name := cutAction(a)
			c.all = append(c.all, name)
		}
		slices.Sort(c.all)
		c.write("")
		out = append(out, c.out...)
	}
	out = reduce(out, actionCovers)
	if length(out) >= length(list) {
		return list
	}
	return out
}

func length(list []Text) int {
	n := 0
	for _, t := range list {
		n += len(t.Value) + len(`"",`)
	}
	return n
}

// compressor writes the actions of one service.
type compressor struct {
	service string
	meant   map[string]string // name in lower case → the action as AWS writes it
	single  map[string]bool   // those meant by name
	all     []string          // names of the service, sorted
	out     []Text
}

// write covers the actions that start with a prefix: by one pattern where all of
// them are meant, else by those of longer prefixes.
func (c *compressor) write(prefix string) {
	from, _ := slices.BinarySearch(c.all, prefix)
	to, meant, single := from, 0, ""
	for ; to < len(c.all) && strings.HasPrefix(c.all[to], prefix); to++ {
		name := c.all[to]
		if _, ok := c.meant[name]; ok {
			meant++
		}
		if c.single[name] {
			single = name
		}
	}
	group := c.all[from:to]
	switch {
	case single == "":
		return // nothing that is not said by a pattern already
	case len(group) == 1:
		c.out = append(c.out, Text{Value: c.meant[single]})
		return
	case meant == len(group):
		c.out = append(c.out, Text{Value: c.meant[single][:len(c.service)+1+len(prefix)] + "*"})
		return
	case c.single[prefix]:
		c.out = append(c.out, Text{Value: c.meant[prefix]})
	}
	for i := 0; i < len(group); {
		if len(group[i]) == len(prefix) {
			i++
			continue
		}
		longer := group[i][:len(prefix)+1]
		c.write(longer)
		for i < len(group) && strings.HasPrefix(group[i], longer) {
			i++
		}
	}
}
