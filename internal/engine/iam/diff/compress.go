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
// the catalogue, no others.
func (c *comparison) compress(known []int, extra []string) []string {
	all := catalogue()
	if len(known) == len(all.list) {
		return []string{"*"}
	}
	in := make([]bool, len(all.list))
	for _, i := range known {
		in[i] = true
	}
	var out []string
	for _, name := range all.names {
		span := all.services[name]
		var have []int
		for i := span[0]; i < span[1]; i++ {
			if in[i] {
				have = append(have, i)
			}
		}
		switch {
		case len(have) == 0:
		case len(have) == span[1]-span[0] && len(have) > 1:
			out = append(out, name+":*")
		default:
			out = append(out, c.compressService(name, span, have, in)...)
		}
	}
	for _, name := range extra {
		out = append(out, c.written(name))
	}
	slices.Sort(out)
	return out
}

type wildcard struct {
	text    string
	own     bool // of the policies
	matches []int
}

func (c *comparison) compressService(name string, span [2]int, have []int, in []bool) []string {
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
	var out []string
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
		out = append(out, cards[best].text)
		for _, at := range cards[best].matches {
			covered[at] = true
		}
	}
	for _, i := range have {
		if !covered[i] {
			out = append(out, all.list[i].String())
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
