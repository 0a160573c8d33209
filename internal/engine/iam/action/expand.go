package action

import "strings"

// Expand lists the actions that a pattern of a policy means, sorted: "s3:Get*",
// "*:Describe?*", "*". Letter case does not count. A pattern without a colon
// means something only where it can reach over one.
func Expand(pattern string) []*Action {
	c := open()
	pattern = single(pattern)
	prefix, name, colon := strings.Cut(pattern, ":")
	if stars(prefix) && (!colon || stars(name)) {
		return c.all()
	}
	if colon && !strings.ContainsAny(prefix, "*?") {
		s, ok := Find(prefix)
		if !ok {
			return nil
		}
		return s.expand(nil, name)
	}
	var out []*Action
	for i := range c.names {
		s := c.service(i)
		switch {
		case s == nil:
		case !colon:
			out = s.expandWhole(out, pattern)
		case matches(prefix, s.Prefix):
			out = s.expand(out, name)
		case strings.Contains(prefix, "*"):
			out = s.expandWhole(out, pattern) // a * may stand for a colon too
		}
	}
	return out
}

func (s *Service) expand(out []*Action, pattern string) []*Action {
	if stars(pattern) {
		return append(out, s.actions...)
	}
	if !strings.ContainsAny(pattern, "*?") {
		if a, ok := s.Action(pattern); ok {
			out = append(out, a)
		}
		return out
	}
	for _, a := range s.actions {
		if matches(pattern, a.Name) {
			out = append(out, a)
		}
	}
	return out
}

func (s *Service) expandWhole(out []*Action, pattern string) []*Action {
	for _, a := range s.actions {
		if matches(pattern, a.full) {
			out = append(out, a)
		}
	}
	return out
}

// single makes one * of several in a row, which mean the same and cost more.
func single(pattern string) string {
	for strings.Contains(pattern, "**") {
		pattern = strings.ReplaceAll(pattern, "**", "*")
	}
	return pattern
}

// stars tells whether a pattern matches everything.
func stars(pattern string) bool { return pattern != "" && strings.Trim(pattern, "*") == "" }

// matches tells whether * and ? of the pattern can stand for the text, without
// regard to the case of ASCII letters. It needs time in proportion to the
// product of both lengths at most.
func matches(pattern, text string) bool {
	p, star, from := 0, -1, 0
	for t := 0; t < len(text); {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, from = p, t
			p++
		case p < len(pattern) && (pattern[p] == '?' || lower(pattern[p]) == lower(text[t])):
			p, t = p+1, t+1
		case star >= 0:
			from++
			p, t = star+1, from
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
