package diff

import (
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/action"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
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
