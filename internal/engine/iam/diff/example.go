package diff

import (
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/action"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
	"holdfast.dev/holdfast/internal/kleene"
)

// Limits of the search for an example.
const (
	actionsTried   = 4
	resourcesTried = 12
	contextsTried  = 256
)

// exemplify finds a request of the region that package iam decides differently
// on the two sides. The first that was made is kept if none is.
func (c *comparison) exemplify(r *Region, f *finding) {
	person := c.people[f.people[0]].Principal
	for _, brief := range []bool{true, false} {
		for _, place := range c.places(f) {
			for _, resource := range c.examples(f.leaf, place) {
				for _, context := range c.contexts(f.leaf, f.people[0], brief, resource) {
					e := Example{Action: place.name, Resource: resource, Context: context}
					if c.kind == Resource {
						e.Principal = describe(person)
					}
					if r.Example.Action == "" {
						r.Example = shown(e)
					}
					if c.shows(r, person, place.name, resource, context) {
						r.Example, r.Verified = shown(e), true
						return
					}
				}
			}
		}
	}
}

// shows tells whether both sides decide a request as the region says. What AWS
// leaves to service-linked roles is tried as one.
func (c *comparison) shows(r *Region, p *iam.Principal, action, resource string, context map[string][]string) bool {
	old, new, ok := c.decide(p, action, resource, context)
	if ok && c.kind == Identity && (old != r.Old || new != r.New) && strings.Contains(resource, ":role/aws-service-role/") {
		old, new, ok = c.decide(linked, action, resource, context)
	}
	return ok && old == r.Old && new == r.New
}

// linked is a service-linked role.
var linked = &iam.Principal{
	Kind: iam.KindSession, ARN: "arn:aws:sts::111122223333:assumed-role/AWSServiceRoleForExample/example", Account: "111122223333", Name: "example",
	Role: "arn:aws:iam::111122223333:role/aws-service-role/example.amazonaws.com/AWSServiceRoleForExample", OrgSeen: true, TagsSeen: true,
}

// place is an action with the resources on which it differs.
type place struct {
	name   string
	action *action.Action // nil where the catalogue does not have it
	shape  *shape
	parts  []int
}

// places are the first few actions of a finding.
func (c *comparison) places(f *finding) []place {
	var out []place
	for _, s := range f.known[:min(len(f.known), actionsTried)] {
		a := catalogue().list[s.action]
		out = append(out, place{a.String(), a, s.shape, s.parts})
	}
	for _, s := range f.extra[:min(len(f.extra), actionsTried)] {
		out = append(out, place{c.written(s.action), nil, s.shape, s.parts})
	}
	for _, s := range f.later[:min(len(f.later), actionsTried)] {
		out = append(out, place{s.action.example, nil, s.shape, s.parts})
	}
	return out
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
		return &iam.Policies{Identity: iam.Set{Policies: []*iam.Policy{allowAll}}, Resource: delegating, SCPs: []iam.Set{{Node: "account", Policies: set}}}
	}
	return &iam.Policies{Identity: iam.Set{Policies: set}, Resource: delegating}
}

// delegating is what keys and roles need so that identity policies have a say.
var delegating = &iam.Set{Policies: []*iam.Policy{iam.Compile("delegation", &policy.Document{Version: policy.Version2012, Statements: []policy.Statement{{
	Effect: policy.Allow, Actions: []policy.Text{{Value: "*"}}, Principals: []policy.Principal{{Kind: policy.AWS, Name: policy.Text{Value: asker.Account}}},
}}})}}

// examples are resources of a place, those the action works on first.
func (c *comparison) examples(l leaf, p place) []string {
	var out []string
	try := func(resource string, at int) {
		if at >= 0 && len(out) < resourcesTried && slices.Contains(p.parts, at) && !slices.Contains(out, resource) {
			out = append(out, resource)
		}
	}
	works := func(resource string) {
		if len(out) < resourcesTried && (p.action == nil || c.worksOn(p.action, resource)) {
			try(resource, p.shape.place(resource))
		}
	}
	// With variables what a pattern covers depends on the request: their values
	// are those that contexts use.
	for _, x := range l.when {
		if c.atoms[x.atom].key == resourceAtom {
			for _, v := range c.atoms[x.atom].condition.Values {
				works(fill(substitute(v.Value, sentinels[0])))
				works(fill(substitute(v.Value, sentinels[1])))
			}
		}
	}
	var templates []string
	if p.action != nil {
		for _, u := range p.action.Resources {
			templates = append(templates, u.Type.Glob())
			works(fillTemplate(u.Type.ARN))
		}
	}
	if len(templates) == 0 {
		try("*", p.shape.place("*"))
	}
	for _, g := range p.shape.groups {
		for _, pattern := range g.patterns {
			works(fill(pattern))
		}
	}
	for _, t := range templates {
		for _, at := range p.shape.of(t) {
			for _, text := range p.shape.texts[t][at] {
				try(text, at)
			}
		}
	}
	for _, at := range p.parts {
		for _, text := range p.shape.parts[at].witnesses {
			try(text, at)
		}
	}
	return out
}

func (c *comparison) worksOn(a *action.Action, resource string) bool {
	for _, u := range a.Resources {
		template := u.Type.Glob()
		if c.templates[template] == nil {
			c.templates[template] = resourceGlob(template).Machine()
		}
		if c.templates[template].Match(resource) {
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
