package diff

import (
	"slices"
	"strings"
	"sync"

	"holdfast.dev/holdfast/internal/engine/iam/action"
	"holdfast.dev/holdfast/internal/engine/iam/glob"
)

// known is the catalogue in one list, by service.
type known struct {
	list     []*action.Action
	lower    []string
	services map[string][2]int // where a service begins and ends
	names    []string          // of the services, in order
	index    map[string]int
}

var catalogue = sync.OnceValue(func() *known {
	k := &known{services: map[string][2]int{}, index: map[string]int{}}
	for _, prefix := range action.Services() {
		s, ok := action.Find(prefix)
		if !ok {
			continue
		}
		from := len(k.list)
		for _, a := range s.Actions() {
			name := strings.ToLower(a.String())
			k.index[name] = len(k.list)
			k.list = append(k.list, a)
			k.lower = append(k.lower, name)
		}
		k.services[strings.ToLower(prefix)] = [2]int{from, len(k.list)}
		k.names = append(k.names, strings.ToLower(prefix))
	}
	return k
})

// class is actions that the same statements name.
type class struct {
	in    []bool // by element
	known []int  // in the catalogue
	extra []string
	later []later
}

// later is actions that AWS may add.
type later struct {
	pattern string // that covers them; where none does, "" or service:*
	example string
}

// classes divides the actions there are, that policies name, and that there may
// be, by the elements that have them.
func (c *comparison) classes() []*class {
	d := division{comparison: c, bySignature: map[string]*class{}}
	d.read()
	d.today()
	d.future()
	for _, k := range d.out {
		c.restrict(k)
	}
	return slices.DeleteFunc(d.out, func(k *class) bool { return len(k.known)+len(k.extra)+len(k.later) == 0 })
}

// restrict leaves those actions that are asked about.
func (c *comparison) restrict(k *class) {
	if c.only == nil {
		return
	}
	out := func(name string) bool {
		return !slices.ContainsFunc(c.only, func(p string) bool { return glob.Intersects(p, name) })
	}
	k.known = slices.DeleteFunc(k.known, func(i int) bool { return out(catalogue().lower[i]) })
	k.extra = slices.DeleteFunc(k.extra, out)
	k.later = slices.DeleteFunc(k.later, func(l later) bool { return out(l.example) })
}

type division struct {
	*comparison
	wild        []string         // patterns with wildcards
	has         map[string][]int // pattern → elements
	extra       []string         // literal actions that the catalogue does not have
	out         []*class
	bySignature map[string]*class
}

func (d *division) read() {
	d.has = map[string][]int{}
	for i, e := range d.actions {
		for _, p := range e.patterns {
			if d.has[p] == nil {
				if strings.ContainsAny(p, "*?") {
					d.wild = append(d.wild, p)
				} else if _, ok := catalogue().index[p]; !ok {
					d.extra = append(d.extra, p)
				}
			}
			d.has[p] = append(d.has[p], i)
		}
	}
	slices.Sort(d.wild)
	slices.Sort(d.extra)
}

// class finds the class of what is in these elements, before NotAction turns
// them round.
func (d *division) class(in []bool) *class {
	signature := make([]byte, len(in))
	turned := make([]bool, len(in))
	for i, e := range d.actions {
		turned[i] = in[i] != e.not
		if turned[i] {
			signature[i] = 1
		}
	}
	if found, ok := d.bySignature[string(signature)]; ok {
		return found
	}
	found := &class{in: turned}
	d.bySignature[string(signature)] = found
	d.out = append(d.out, found)
	return found
}

// today places the actions of the catalogue and those that policies name.
func (d *division) today() {
	all := catalogue()
	in := make([][]bool, len(all.list)) // nil where no pattern names the action
	mark := func(i int, elements []int) {
		if in[i] == nil {
			in[i] = make([]bool, len(d.actions))
		}
		for _, e := range elements {
			in[i][e] = true
		}
	}
	for p, elements := range d.has {
		if i, ok := all.index[p]; ok {
			mark(i, elements)
		}
	}
	extra := make([][]bool, len(d.extra))
	for i, name := range d.extra {
		extra[i] = make([]bool, len(d.actions))
		for _, e := range d.has[name] {
			extra[i][e] = true
		}
	}
	for _, p := range d.wild {
		compiled := glob.Compile(p)
		from, to := all.reach(p)
		for i := from; i < to; i++ {
			if compiled.Match(all.lower[i]) {
				mark(i, d.has[p])
			}
		}
		for i, name := range d.extra {
			if compiled.Match(name) {
				for _, e := range d.has[p] {
					extra[i][e] = true
				}
			}
		}
	}
	nowhere := make([]bool, len(d.actions))
	for i := range in {
		if in[i] == nil {
			in[i] = nowhere
		}
		k := d.class(in[i])
		k.known = append(k.known, i)
	}
	for i, name := range d.extra {
		k := d.class(extra[i])
		k.extra = append(k.extra, name)
	}
}

// reach is the part of the catalogue that a pattern can match.
func (k *known) reach(pattern string) (from, to int) {
	service, _, ok := strings.Cut(pattern, ":")
	if !ok || strings.ContainsAny(service, "*?") {
		return 0, len(k.list)
	}
	at := k.services[service]
	return at[0], at[1]
}

// statesOfActions bounds the search for actions that AWS may add.
const statesOfActions = 50_000

// future places actions that AWS may add, service by service: what their names
// may be is up to the wildcards alone.
func (d *division) future() {
	var everywhere []string // patterns that reach more than one service
	byService := map[string][]string{}
	var services []string
	for _, p := range d.wild {
		service, _, ok := strings.Cut(p, ":")
		if !ok || strings.ContainsAny(service, "*?") {
			everywhere = append(everywhere, p)
			continue
		}
		if byService[service] == nil {
			services = append(services, service)
		}
		byService[service] = append(byService[service], p)
	}
	for _, service := range services {
		d.laterOf(service+":?*", slices.Concat(byService[service], everywhere))
	}
	d.laterOf("?*:?*", everywhere)
}

func (d *division) laterOf(universe string, patterns []string) {
	globs := []glob.Glob{{Pattern: universe}}
	for _, p := range patterns {
		globs = append(globs, glob.Glob{Pattern: p})
	}
	classes, ok := glob.Classes(globs, statesOfActions)
	if !ok {
		d.unknown("the wildcards for %s are too many to say what they mean for actions that AWS may add", universe)
		return
	}
	for _, k := range classes {
		if !k.In[0] {
			continue
		}
		in := make([]bool, len(d.actions))
		closest := ""
		for i, p := range patterns {
			if !k.In[i+1] {
				continue
			}
			for _, e := range d.has[p] {
				in[e] = true
			}
			if len(p) > len(closest) {
				closest = p
			}
		}
		if closest == "" && universe != "?*:?*" {
			closest = strings.TrimSuffix(universe, "?*") + "*"
		}
		name := d.name(closest, k, globs)
		if name == "" {
			continue
		}
		found := d.class(in)
		found.later = append(found.later, later{pattern: closest, example: name})
	}
}

// name makes a name that an action of the class may have and no action of today
// has; empty where all that are possible are taken.
func (d *division) name(pattern string, k glob.Class, globs []glob.Glob) string {
	ideas := []string{k.Witness}
	if !k.Only {
		ideas = append(ideas, k.Second)
	}
	for _, with := range []string{"somethingnew", "anotherthing"} {
		idea := fillWith(pattern, with)
		fits := true
		for i, g := range globs {
			fits = fits && g.Machine().Match(idea) == k.In[i]
		}
		if fits {
			ideas = slices.Insert(ideas, 0, idea)
		}
	}
	for _, idea := range ideas {
		if _, known := catalogue().index[idea]; !known && !slices.Contains(d.extra, idea) {
			return idea
		}
	}
	if k.Only {
		return ""
	}
	return ideas[0]
}
