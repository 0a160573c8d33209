package diff

import (
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/kleene"
)

// sentinels are values for keys that variables refer to.
var sentinels = []string{"alice", "bob"}

// contexts are circumstances in which a leaf may be: for each key a value of a
// world that fits, for keys with variables some more. Brief ones have only those
// keys that the leaf is about. Variables may stand for a segment of the resource,
// or for a value of the key that is compared with them.
func (c *comparison) contexts(l leaf, person int, brief bool, resource string) []map[string][]string {
	choices := map[string][][]string{}
	var names []string
	choose := func(name string, list [][]string) {
		if _, ok := choices[name]; !ok {
			names = append(names, name)
		}
		choices[name] = list
	}
	var texts []string // with variables
	ideas := slices.Clone(sentinels)
	matters := func(atom int) bool {
		return !brief || slices.ContainsFunc(l.when, func(x literal) bool { return x.atom == atom })
	}
	for i := range c.keys {
		k := &c.keys[i]
		if !slices.ContainsFunc(k.atoms, matters) {
			continue
		}
		list := c.fitting(k, l, c.people[person].excluded[i])
		for _, a := range k.atoms {
			if c.atoms[a].open && matters(a) && len(list) > 0 {
				for _, v := range list {
					if len(v) == 1 && !slices.Contains(ideas, v[0]) {
						ideas = append(ideas, v[0])
					}
				}
				for _, v := range c.atoms[a].condition.Values {
					texts = append(texts, v.Value)
					for _, with := range sentinels {
						list = append(list, []string{fill(substitute(v.Value, with))})
					}
				}
			}
		}
		choose(k.name, list)
	}
	for i := range c.atoms {
		if c.atoms[i].key == resourceAtom && matters(i) {
			texts = append(texts, values(c.atoms[i].condition.Values)...)
			for _, segment := range strings.FieldsFunc(resource, func(r rune) bool { return r == ':' || r == '/' }) {
				if !slices.Contains(ideas, segment) {
					ideas = append(ideas, segment)
				}
			}
		}
	}
	for _, text := range texts {
		for _, name := range variables(text) {
			for _, k := range c.keys {
				if strings.EqualFold(k.name, name) {
					name = k.name
				}
			}
			list := choices[name]
			for _, with := range ideas {
				list = append(list, []string{with})
			}
			choose(name, append(list, nil))
		}
	}
	return slices.Concat(c.united(l, names, choices, texts), c.product(names, choices))
}

// united are contexts in which all variables stand for the same.
func (c *comparison) united(l leaf, names []string, choices map[string][][]string, texts []string) []map[string][]string {
	var out []map[string][]string
	for _, with := range sentinels {
		m := map[string][]string{}
		for _, name := range names {
			switch {
			case c.refers(texts, name):
				m[name] = []string{with}
			case len(choices[name]) > 0:
				m[name] = choices[name][0]
			}
		}
		for _, x := range l.when {
			if a := &c.atoms[x.atom]; a.open && a.key != resourceAtom && x.holds && !c.refers(texts, c.keys[a.key].name) {
				m[c.keys[a.key].name] = []string{fill(substitute(a.condition.Values[0].Value, with))}
			}
		}
		out = append(out, m)
	}
	return out
}

// refers tells whether a variable in one of the texts stands for the key.
func (c *comparison) refers(texts []string, name string) bool {
	return slices.ContainsFunc(texts, func(text string) bool {
		return slices.ContainsFunc(variables(text), func(v string) bool { return strings.EqualFold(v, name) })
	})
}

// fitting are values of a key under which the leaf can be.
func (c *comparison) fitting(k *key, l leaf, excluded []int) [][]string {
	var out [][]string
	for at, w := range k.worlds {
		fits := !slices.Contains(excluded, at)
		for i, a := range k.atoms {
			for _, x := range l.when {
				fits = fits && (x.atom != a || w.truth[i] == kleene.Unknown || w.truth[i] == kleene.Of(x.holds))
			}
		}
		if fits {
			out = append(out, w.values)
		}
	}
	return out
}

// product combines the choices, the first of each first, up to a limit: keys that
// need a search come last in the names, so those are varied first.
func (c *comparison) product(names []string, choices map[string][][]string) []map[string][]string {
	out := []map[string][]string{{}}
	for _, name := range names {
		var next []map[string][]string
		for _, v := range choices[name] {
			for _, before := range out {
				if len(next) == contextsTried {
					break
				}
				m := map[string][]string{name: v}
				for k, v := range before {
					m[k] = v
				}
				next = append(next, m)
			}
			if !c.searches(name) {
				break // the first that fits is as good as any
			}
		}
		if next != nil {
			out = next
		}
	}
	return out
}

// searches tells whether it takes a search to find the right value of a key:
// variables refer to it, or its conditions have some.
func (c *comparison) searches(name string) bool {
	for i := range c.atoms {
		a := &c.atoms[i]
		if slices.ContainsFunc(a.variables, func(v string) bool { return strings.EqualFold(v, name) }) {
			return true
		}
		if a.open && a.key >= 0 && strings.EqualFold(c.keys[a.key].name, name) {
			return true
		}
	}
	for i := range c.keys {
		if c.keys[i].open && strings.EqualFold(c.keys[i].name, name) {
			return true
		}
	}
	return false
}
