package diff

import (
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/action"
	"holdfast.dev/holdfast/internal/kleene"
)

// Limits of the search for an example.
const (
	actionsTried   = 4
	resourcesTried = 8
	contextsTried  = 256
)

// exemplify finds a request of the region that package iam decides differently
// on the two sides. The first that was made is kept if none is.
func (c *comparison) exemplify(r *Region, f *finding) {
	names, actions := c.actionsOf(f)
	person := c.people[f.people[0]].Principal
	for i := range names[:min(len(names), actionsTried)] {
		for _, resource := range c.examples(f, actions[i]) {
			for _, context := range c.contexts(f.leaf) {
				e := Example{Action: names[i], Resource: resource, Context: context}
				if c.kind == Resource {
					e.Principal = describe(person)
				}
				if r.Example.Action == "" {
					r.Example = shown(e)
				}
				if old, new, ok := c.decide(person, names[i], resource, context); ok && old == r.old && new == r.new {
					r.Example, r.Verified = shown(e), true
					return
				}
			}
		}
	}
}

// describe names a principal.
func describe(p *iam.Principal) string {
	switch p.Kind {
	case iam.KindAnonymous:
		return "anonymous"
	case iam.KindService:
		return p.Name
	}
	return p.ARN
}

// shown leaves out keys that the request does not have.
func shown(e Example) Example {
	context := map[string][]string{}
	for key, values := range e.Context {
		if values != nil {
			context[key] = values
		}
	}
	e.Context = context
	return e
}

// decide asks both sides.
func (c *comparison) decide(p *iam.Principal, action, resource string, values map[string][]string) (old, new iam.Decision, ok bool) {
	context := iam.NewContext(nil)
	for key, v := range values {
		if v == nil {
			context.Mark(key, iam.Absent)
		} else {
			context.Set(key, v...)
		}
	}
	account := asker.Account
	if c.kind == Resource {
		account = owner
	}
	req, err := iam.NewRequest(iam.Request{Principal: p, Action: action, Resource: resource, Account: account, Context: context})
	if err != nil {
		return 0, 0, false
	}
	return iam.Decide(req, c.policies(p, 0)).Decision, iam.Decide(req, c.policies(p, 1)).Decision, true
}

// policies are those of a side with all that they need beside them.
func (c *comparison) policies(p *iam.Principal, side int) *iam.Policies {
	set := c.sides[side]
	switch c.kind {
	case Resource:
		return attachedTo(p, set)
	case SCP:
		return &iam.Policies{Identity: iam.Set{Policies: []*iam.Policy{allowAll}}, SCPs: []iam.Set{{Node: "account", Policies: set}}}
	}
	return &iam.Policies{Identity: iam.Set{Policies: set}}
}

// examples are resources of the finding's parts, those an action works on first.
func (c *comparison) examples(f *finding, a *action.Action) []string {
	var out []string
	try := func(resource string, at int) {
		if at >= 0 && slices.Contains(f.parts, at) && !slices.Contains(out, resource) {
			out = append(out, resource)
		}
	}
	var templates []string
	if a != nil {
		for _, u := range a.Resources {
			templates = append(templates, u.Type.Glob())
			ideal := fillTemplate(u.Type.ARN)
			try(ideal, f.shape.place(ideal))
		}
	}
	if star := f.shape.place("*"); a == nil || slices.Contains(f.shape.reach(a), star) && len(templates) == 0 {
		try("*", star)
	}
	// With variables what the pattern covers depends on the request: their values
	// are those that contexts use.
	for _, l := range f.leaf.when {
		if c.atoms[l.atom].key != resourceAtom {
			continue
		}
		for _, v := range c.atoms[l.atom].condition.Values {
			for _, with := range sentinels {
				resource := fill(substitute(v.Value, with))
				try(resource, f.shape.place(resource))
			}
		}
	}
	for _, p := range f.shape.patterns {
		resource := fill(p)
		if at := f.shape.place(resource); a == nil || c.worksOn(a, resource) {
			try(resource, at)
		}
	}
	for _, t := range templates {
		for _, at := range f.shape.of(t) {
			if text, ok := f.shape.texts[t][at]; ok {
				try(text, at)
			}
		}
	}
	for _, at := range f.parts {
		try(f.shape.parts[at].witness, at)
	}
	return out[:min(len(out), resourcesTried)]
}

func (c *comparison) worksOn(a *action.Action, resource string) bool {
	for _, u := range a.Resources {
		if resourceGlob(u.Type.Glob()).Machine().Match(resource) {
			return true
		}
	}
	return len(a.Resources) == 0
}

// fillTemplate makes an example of a resource type's ARN.
func fillTemplate(template string) string {
	for name, value := range map[string]string{"Partition": "aws", "Region": "us-east-1", "Account": "111122223333", "AccountId": "111122223333"} {
		template = strings.ReplaceAll(template, "${"+name+"}", value)
	}
	return strings.ReplaceAll(generalise(template), "*", "example")
}

// sentinels are values for keys that variables refer to.
var sentinels = []string{"alice", "bob"}

// substitute gives every variable of a text a value.
func substitute(s, with string) string {
	for _, escape := range []string{"*", "?", "$"} {
		s = strings.ReplaceAll(s, "${"+escape+"}", "\x00"+escape)
	}
	var b strings.Builder
	for {
		at := strings.Index(s, "${")
		end := -1
		if at >= 0 {
			end = strings.IndexByte(s[at:], '}')
		}
		if end < 0 {
			b.WriteString(s)
			break
		}
		b.WriteString(s[:at] + with)
		s = s[at+end+1:]
	}
	return strings.ReplaceAll(b.String(), "\x00", "")
}

// contexts are circumstances in which a leaf may be: for each key a value of a
// world that fits, for keys with variables some more.
func (c *comparison) contexts(l leaf) []map[string][]string {
	choices := map[string][][]string{}
	var names []string
	choose := func(name string, list [][]string) {
		if _, ok := choices[name]; !ok {
			names = append(names, name)
		}
		choices[name] = list
	}
	var texts []string // with variables
	for i := range c.keys {
		k := &c.keys[i]
		list := c.fitting(k, l)
		for _, a := range k.atoms {
			if c.atoms[a].open && len(list) > 0 {
				for _, v := range c.atoms[a].condition.Values {
					texts = append(texts, v.Value)
					for _, with := range sentinels {
						list = append(list, []string{fill(substitute(v.Value, with))})
					}
				}
			}
		}
		choose(strings.ToLower(k.name), list)
	}
	for i := range c.atoms {
		if c.atoms[i].key == resourceAtom {
			texts = append(texts, values(c.atoms[i].condition.Values)...)
		}
	}
	for _, text := range texts {
		for _, name := range variables(text) {
			name = strings.ToLower(name)
			list := choices[name]
			for _, with := range sentinels {
				list = append(list, []string{with})
			}
			choose(name, append(list, nil))
		}
	}
	return c.product(names, choices)
}

// fitting are values of a key under which the leaf can be.
func (c *comparison) fitting(k *key, l leaf) [][]string {
	var out [][]string
	for _, w := range k.worlds {
		fits := true
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
