package diff

import (
	"fmt"
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam/action"
	"holdfast.dev/holdfast/internal/engine/iam/glob"
)

// statesOfResources bounds the search for resources that differ.
const statesOfResources = 60_000

// everyARN is all that can be a resource, besides the * of actions that concern
// no resource in particular.
const everyARN = "arn:*:*:*:*:*"

// shape is all resources divided by the patterns of some statements.
type shape struct {
	patterns []string // without variables
	machines []*glob.Machine
	parts    []part
	byVector map[string]int
	reached  map[string][]int // template → the parts it has resources in
	texts    map[string]map[int]string
}

// part is the resources that fit the same ones of the patterns.
type part struct {
	in      []bool
	witness string
}

func resourceGlob(p string) glob.Glob { return glob.Glob{Pattern: p, ARN: true} }

// divideResources finds the shape of these patterns.
func (c *comparison) divideResources(patterns []string) (*shape, bool) {
	id := strings.Join(patterns, "\n")
	if s, ok := c.shapes[id]; ok {
		return s, s != nil
	}
	s := &shape{patterns: patterns, byVector: map[string]int{}, reached: map[string][]int{}, texts: map[string]map[int]string{}}
	globs := []glob.Glob{resourceGlob(everyARN)}
	for _, p := range patterns {
		globs = append(globs, resourceGlob(p))
		s.machines = append(s.machines, resourceGlob(p).Machine())
	}
	classes, ok := glob.Classes(globs, statesOfResources)
	if !ok {
		c.shapes[id] = nil
		return nil, false
	}
	for _, k := range classes {
		if k.In[0] {
			s.add(k.In[1:], k.Witness)
		}
	}
	s.add(s.vector("*"), "*")
	c.shapes[id] = s
	return s, true
}

func (s *shape) add(in []bool, witness string) {
	if key := fmt.Sprint(in); !has(s.byVector, key) {
		s.byVector[key] = len(s.parts)
		s.parts = append(s.parts, part{in: in, witness: witness})
	}
}

func has[K comparable, V any](m map[K]V, k K) bool {
	_, ok := m[k]
	return ok
}

// vector tells which of the patterns a resource fits. What is no ARN fits * only.
func (s *shape) vector(resource string) []bool {
	in := make([]bool, len(s.patterns))
	for i, p := range s.patterns {
		in[i] = p == "*" || strings.HasPrefix(resource, "arn:") && s.machines[i].Match(resource)
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
	fixed := make([]bool, len(s.patterns))
	var open []int
	globs := []glob.Glob{resourceGlob(everyARN), resourceGlob(template)}
	for i, p := range s.patterns {
		if !glob.ArnIntersects(p, template) {
			continue
		}
		if fixed[i] = glob.ArnIncludes(p, template); !fixed[i] {
			open = append(open, i)
			globs = append(globs, resourceGlob(p))
		}
	}
	classes, ok := glob.Classes(globs, statesOfResources)
	if !ok {
		s.reached[template] = s.all()
		return s.all()
	}
	var out []int
	s.texts[template] = map[int]string{}
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
			s.texts[template][at] = k.Witness
		}
	}
	s.reached[template] = out
	return out
}

// spans describes parts by patterns, out of those that can be at all.
func (s *shape) spans(parts, within []int) []Span {
	inside, outside := map[int]bool{}, map[int]bool{}
	for _, i := range within {
		outside[i] = true
	}
	for _, i := range parts {
		inside[i] = true
		delete(outside, i)
	}
	if len(outside) == 0 {
		return []Span{{Pattern: "*"}}
	}
	candidates := s.candidates(inside, outside)
	var out []Span
	for left := len(inside); left > 0; {
		best, most := -1, 0
		for i, k := range candidates {
			n := 0
			for _, at := range k.parts {
				if inside[at] {
					n++
				}
			}
			// Of those that say as much the simplest, then the one written first.
			if n > most || n == most && n > 0 && len(k.span.Except) < len(candidates[best].span.Except) {
				best, most = i, n
			}
		}
		if best < 0 {
			break
		}
		for _, at := range candidates[best].parts {
			delete(inside, at)
		}
		left = len(inside)
		out = append(out, candidates[best].span)
	}
	for _, at := range parts {
		if inside[at] {
			out = append(out, s.exact(at))
		}
	}
	return out
}

type candidate struct {
	span  Span
	parts []int
}

// candidates are patterns that, perhaps without some others, cover nothing from
// outside.
func (s *shape) candidates(inside, outside map[int]bool) []candidate {
	var out []candidate
	for i := -1; i < len(s.patterns); i++ {
		k := candidate{span: Span{Pattern: "*"}}
		fits := func(at int) bool { return i < 0 || s.parts[at].in[i] }
		if i >= 0 {
			k.span.Pattern = s.patterns[i]
		}
		var bad []int
		for at := range s.parts {
			switch {
			case inside[at] && fits(at):
				k.parts = append(k.parts, at)
			case outside[at] && fits(at):
				bad = append(bad, at)
			}
		}
		for j := 0; j < len(s.patterns) && len(bad) > 0; j++ {
			helps := slices.ContainsFunc(bad, func(at int) bool { return s.parts[at].in[j] })
			hurts := slices.ContainsFunc(k.parts, func(at int) bool { return s.parts[at].in[j] })
			if helps && !hurts {
				k.span.Except = append(k.span.Except, s.patterns[j])
				bad = slices.DeleteFunc(bad, func(at int) bool { return s.parts[at].in[j] })
			}
		}
		if len(bad) == 0 && len(k.parts) > 0 {
			out = append(out, k)
		}
	}
	return out
}

// exact describes one part by all patterns; which is ugly, and always possible.
func (s *shape) exact(at int) Span {
	var fit []string
	out := Span{}
	for i, in := range s.parts[at].in {
		if in && s.patterns[i] != "*" {
			fit = append(fit, s.patterns[i])
		} else if !in {
			out.Except = append(out.Except, s.patterns[i])
		}
	}
	if out.Pattern = strings.Join(fit, " and "); len(fit) == 0 {
		out.Pattern = "*"
	}
	return out
}
