package diff

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam/action"
	"holdfast.dev/holdfast/internal/engine/iam/glob"
)

// Limits of the search for resources that differ: pattern by pattern, which
// describes best what differs, and statement by statement.
const (
	statesByPattern = 10_000
	statesByElement = 60_000
)

// everyARN is all that can be a resource, besides the * of actions that concern
// no resource in particular.
const everyARN = "arn:*:*:*:*:*"

// shape is all resources divided by the patterns of some statements.
type shape struct {
	groups   []group
	byText   map[string]int // pattern → group
	parts    []part
	byVector map[string]int
	reached  map[string][]int // template → the parts it has resources in
	texts    map[string]map[int][]string
}

// group is patterns without variables that need not be told apart: one alone, or
// all of an element.
type group struct {
	patterns []string
	machines []*glob.Machine
}

// part is the resources that fit the same ones of the groups.
type part struct {
	in        []bool
	witnesses []string
}

func resourceGlob(p string) glob.Glob { return glob.Glob{Pattern: p, ARN: true} }

// divideResources finds the shape of these elements' patterns.
func (c *comparison) divideResources(elements []int) (*shape, bool) {
	elements = slices.Clone(elements)
	slices.Sort(elements)
	elements = slices.Compact(elements)
	id := fmt.Sprint(elements)
	if s, ok := c.shapes[id]; ok {
		return s, s != nil
	}
	var all []string
	for _, e := range elements {
		all = append(all, c.resources[e].general...)
	}
	var alone [][]string
	for _, p := range sorted(all) {
		alone = append(alone, []string{p})
	}
	s, ok := newShape(alone, statesByPattern)
	if !ok {
		s, ok = newShape(c.together(elements), statesByElement)
	}
	c.shapes[id] = s
	return s, ok
}

// together groups the patterns of each element that the same elements have.
// Those with variables stay alone.
func (c *comparison) together(elements []int) [][]string {
	homes := map[string][]int{}
	for _, e := range elements {
		for i, p := range c.resources[e].general {
			home := e
			if c.resources[e].patterns[i] != p {
				home = -1 - len(homes) // of its own
			}
			if !slices.Contains(homes[p], home) {
				homes[p] = append(homes[p], home)
			}
		}
	}
	byHomes := map[string][]string{}
	for _, p := range slices.Sorted(maps.Keys(homes)) {
		id := fmt.Sprint(homes[p])
		byHomes[id] = append(byHomes[id], p)
	}
	var out [][]string
	for _, id := range slices.Sorted(maps.Keys(byHomes)) {
		out = append(out, byHomes[id])
	}
	return out
}

func newShape(groups [][]string, limit int) (*shape, bool) {
	s := &shape{byText: map[string]int{}, byVector: map[string]int{}, reached: map[string][]int{}, texts: map[string]map[int][]string{}}
	globs := [][]glob.Glob{{everyGlob}}
	for i, patterns := range groups {
		g := group{patterns: patterns}
		var list []glob.Glob
		for _, p := range patterns {
			s.byText[p] = i
			list = append(list, resourceGlob(p))
			g.machines = append(g.machines, resourceGlob(p).Machine())
		}
		s.groups = append(s.groups, g)
		globs = append(globs, list)
	}
	classes, ok := glob.GroupClasses(globs, limit)
	if !ok {
		return nil, false
	}
	for _, k := range classes {
		if k.In[0] {
			s.add(k.In[1:], witnesses(k))
		}
	}
	s.add(s.vector("*"), []string{"*"})
	return s, true
}

func witnesses(k glob.Class) []string {
	if k.Only {
		return []string{k.Witness}
	}
	return []string{k.Second, k.Witness}
}

func (s *shape) add(in []bool, witnesses []string) {
	if key := fmt.Sprint(in); !has(s.byVector, key) {
		s.byVector[key] = len(s.parts)
		s.parts = append(s.parts, part{in: in, witnesses: witnesses})
	}
}

func has[K comparable, V any](m map[K]V, k K) bool {
	_, ok := m[k]
	return ok
}

// vector tells which of the groups a resource fits. What is no ARN fits * only.
func (s *shape) vector(resource string) []bool {
	in := make([]bool, len(s.groups))
	for i, g := range s.groups {
		for j, p := range g.patterns {
			in[i] = in[i] || p == "*" || strings.HasPrefix(resource, "arn:") && g.machines[j].Match(resource)
		}
	}
	return in
}

// place finds the part that a resource belongs to.
func (s *shape) place(resource string) int {
	if i, ok := s.byVector[fmt.Sprint(s.vector(resource))]; ok {
		return i
	}
	return -1
}

// reach lists the parts in which an action can have resources; every part where
// that is not known.
func (s *shape) reach(a *action.Action) []int {
	if a == nil {
		return s.all()
	}
	var out []int
	optional := true
	for _, u := range a.Resources {
		optional = optional && !u.Required
		out = append(out, s.of(u.Type.Glob())...)
	}
	if optional {
		out = append(out, s.place("*"))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (s *shape) all() []int {
	out := make([]int, len(s.parts))
	for i := range out {
		out[i] = i
	}
	return out
}

// of lists the parts that have resources of a template. Patterns that cover all
// of it or nothing need no search.
func (s *shape) of(template string) []int {
	if out, ok := s.reached[template]; ok {
		return out
	}
	fixed := make([]bool, len(s.groups))
	var open []int
	globs := [][]glob.Glob{{everyGlob}, {resourceGlob(template)}}
	for i, g := range s.groups {
		var meet []glob.Glob
		for _, p := range g.patterns {
			if !mayMeet(p, template) || !glob.ArnIntersects(p, template) {
				continue
			}
			fixed[i] = fixed[i] || glob.ArnIncludes(p, template)
			meet = append(meet, resourceGlob(p))
		}
		if len(meet) > 0 && !fixed[i] {
			open = append(open, i)
			globs = append(globs, meet)
		}
	}
	if at, ok := s.byVector[fmt.Sprint(fixed)]; ok && len(open) == 0 {
		s.reached[template] = []int{at}
		return s.reached[template]
	}
	classes, ok := glob.GroupClasses(globs, statesByElement)
	if !ok {
		s.reached[template] = s.all()
		return s.all()
	}
	var out []int
	s.texts[template] = map[int][]string{}
	for _, k := range classes {
		if !k.In[0] || !k.In[1] {
			continue
		}
		in := slices.Clone(fixed)
		for j, i := range open {
			in[i] = k.In[j+2]
		}
		if at, ok := s.byVector[fmt.Sprint(in)]; ok {
			out = append(out, at)
			s.texts[template][at] = witnesses(k)
		}
	}
	s.reached[template] = out
	return out
}

// mayMeet rules out quickly what concerns different services.
func mayMeet(pattern, template string) bool {
	service := func(s string) (string, bool) {
		parts := strings.SplitN(s, ":", 4)
		return parts[min(2, len(parts)-1)], len(parts) == 4 && !strings.ContainsAny(parts[2], "*?")
	}
	a, fixedA := service(pattern)
	b, fixedB := service(template)
	return !fixedA || !fixedB || a == b
}
