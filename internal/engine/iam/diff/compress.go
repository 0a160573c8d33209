package diff

import (
	"slices"
	"strings"
	"unicode"

	"holdfast.dev/holdfast/internal/engine/iam/glob"
)

// worthy is how many actions a wildcard of ours has to stand for.
const worthy = 3

// written is an action or a pattern as the policies write it.
func (c *comparison) written(lower string) string {
	if s, ok := c.cases[lower]; ok {
		return s
	}
	return lower
}

// compress writes actions as people do: with wildcards that cover these and, of
// the catalogue, no others, or with one that covers too much and what to leave
// out, where that is shorter.
func (c *comparison) compress(known []int, extra []string) []Span {
	all := catalogue()
	in, out := make([]bool, len(all.list)), make([]bool, len(all.list))
	for i := range out {
		out[i] = true
	}
	for _, i := range known {
		in[i], out[i] = true, false
	}
	var spans, rest []Span
	for _, name := range all.names {
		spans = append(spans, c.compressService(name, in)...)
	}
	if len(known) > len(all.list)/2 {
		for _, name := range all.names {
			rest = append(rest, c.compressService(name, out)...)
		}
		nested := slices.ContainsFunc(rest, func(s Span) bool { return s.Except != nil })
		if !nested && 1+written(rest) < written(spans) {
			spans = []Span{{Pattern: "*", Except: flat(rest)}}
		}
	}
	for _, name := range extra {
		spans = append(spans, Span{Pattern: c.written(name)})
	}
	slices.SortStableFunc(spans, func(a, b Span) int { return strings.Compare(a.Pattern, b.Pattern) })
	return spans
}

// written is how many patterns spans take.
func written(list []Span) int {
	n := len(list)
	for _, s := range list {
		n += len(s.Except)
	}
	return n
}

// flat is the patterns of spans that leave nothing out.
func flat(list []Span) []string {
	var out []string
	for _, s := range list {
		out = append(out, s.Pattern)
	}
	return out
}

// compressService writes those of a service that are in.
func (c *comparison) compressService(name string, in []bool) []Span {
	span := catalogue().services[name]
	var have, lack []int
	for i := span[0]; i < span[1]; i++ {
		if in[i] {
			have = append(have, i)
		} else {
			lack = append(lack, i)
		}
	}
	switch {
	case len(have) == 0:
		return nil
	case len(lack) == 0 && len(have) > 1:
		return []Span{{Pattern: name + ":*"}}
	}
	direct := c.choose(name, span, have, in)
	if len(lack) > len(have) {
		return direct
	}
	turned := make([]bool, len(in))
	for i := span[0]; i < span[1]; i++ {
		turned[i] = !in[i]
	}
	if rest := c.choose(name, span, lack, turned); 1+len(rest) < len(direct) {
		return []Span{{Pattern: name + ":*", Except: flat(rest)}}
	}
	return direct
}

type wildcard struct {
	text    string
	own     bool // of the policies
	matches []int
}

// choose takes the wildcards that cover most, and names what they leave over.
func (c *comparison) choose(name string, span [2]int, have []int, in []bool) []Span {
	all := catalogue()
	var cards []wildcard
	for _, text := range c.wildcards(name, have) {
		card := wildcard{text: text, own: has(c.cases, strings.ToLower(text))}
		compiled := glob.Compile(strings.ToLower(text))
		fits := true
		for i := span[0]; i < span[1] && fits; i++ {
			if compiled.Match(all.lower[i]) {
				fits = in[i]
				card.matches = append(card.matches, i)
			}
		}
		if fits {
			cards = append(cards, card)
		}
	}
	covered := map[int]bool{}
	var out []Span
	for {
		best, most := -1, 0
		for i, card := range cards {
			n := 0
			for _, at := range card.matches {
				if !covered[at] {
					n++
				}
			}
			if n > most && (n >= worthy || card.own && n > 1) {
				best, most = i, n
			}
		}
		if best < 0 {
			break
		}
		out = append(out, Span{Pattern: cards[best].text})
		for _, at := range cards[best].matches {
			covered[at] = true
		}
	}
	for _, i := range have {
		if !covered[i] {
			out = append(out, Span{Pattern: all.list[i].String()})
		}
	}
	return out
}

// wildcards are those that the policies have for a service, and those that
// begin with whole words of the names.
func (c *comparison) wildcards(service string, have []int) []string {
	var out []string
	for lower, text := range c.cases {
		if strings.HasPrefix(lower, service+":") && strings.ContainsAny(lower, "*?") {
			out = append(out, text)
		}
	}
	slices.Sort(out)
	seen := map[string]bool{}
	for _, i := range have {
		a := catalogue().list[i]
		for at, r := range a.Name {
			if at > 0 && unicode.IsUpper(r) && !seen[a.Name[:at]] {
				seen[a.Name[:at]] = true
				out = append(out, a.Service+":"+a.Name[:at]+"*")
			}
		}
	}
	return out
}
