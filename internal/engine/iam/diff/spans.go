package diff

import (
	"slices"
	"strings"
)

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
			if n > most || n == most && n > 0 && k.size() < candidates[best].size() {
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
		for _, p := range candidates[best].patterns {
			out = append(out, Span{Pattern: p, Except: candidates[best].except})
		}
	}
	for _, at := range parts {
		if inside[at] {
			out = append(out, s.exact(at))
		}
	}
	return out
}

type candidate struct {
	patterns, except []string
	parts            []int
}

func (k *candidate) size() int { return len(k.patterns) + len(k.except) }

// candidates are patterns that, perhaps without some others, cover nothing from
// outside.
func (s *shape) candidates(inside, outside map[int]bool) []candidate {
	var out []candidate
	for i := -1; i < len(s.groups); i++ {
		k := candidate{patterns: []string{"*"}}
		fits := func(at int) bool { return i < 0 || s.parts[at].in[i] }
		if i >= 0 {
			k.patterns = s.groups[i].patterns
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
		for j := 0; j < len(s.groups) && len(bad) > 0; j++ {
			helps := slices.ContainsFunc(bad, func(at int) bool { return s.parts[at].in[j] })
			hurts := slices.ContainsFunc(k.parts, func(at int) bool { return s.parts[at].in[j] })
			if helps && !hurts {
				k.except = append(k.except, s.groups[j].patterns...)
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
		switch patterns := s.groups[i].patterns; {
		case !in:
			out.Except = append(out.Except, patterns...)
		case !slices.Contains(patterns, "*"):
			fit = append(fit, strings.Join(patterns, " or "))
		}
	}
	if out.Pattern = strings.Join(fit, " and "); len(fit) == 0 {
		out.Pattern = "*"
	}
	return out
}
