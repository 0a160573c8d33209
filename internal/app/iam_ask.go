package app

import (
	"fmt"
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/kleene"
	"holdfast.dev/holdfast/internal/operate/access"
)

// Circumstances are what a person says of a request's context. Keys that are not
// mentioned may be there or not, unless Absent holds "*".
type Circumstances struct {
	Values                   map[string][]string
	Unknown, Present, Absent []string
}

// ParseCircumstances reads key=value pairs (a key given several times has
// several values) and lists of keys.
func ParseCircumstances(pairs, unknown, present, absent []string) (Circumstances, error) {
	c := Circumstances{Values: map[string][]string{}, Unknown: unknown, Present: present, Absent: absent}
	for _, pair := range pairs {
		key, value, ok := strings.Cut(pair, "=")
		if !ok || key == "" {
			return c, Usage(fmt.Errorf("--context %q is not key=value, such as aws:SourceIp=203.0.113.7", pair))
		}
		c.Values[key] = append(c.Values[key], value)
	}
	for _, list := range [][]string{unknown, present, absent} {
		for _, key := range list {
			if _, given := c.Values[key]; given {
				return c, Usage(fmt.Errorf("%s has a value by --context, so nothing else can be said of it", key))
			}
		}
	}
	return c, nil
}

// context is what is known of a request about the object.
func (c *Circumstances) context(o *access.Object) *iam.Context {
	out := o.Context(!slices.Contains(c.Absent, "*"))
	for key, values := range c.Values {
		out.Set(key, values...)
	}
	for state, keys := range map[iam.State][]string{iam.Unseen: c.Unknown, iam.Present: c.Present, iam.Absent: c.Absent} {
		for _, key := range keys {
			if key != "*" {
				out.Mark(key, state)
			}
		}
	}
	return out
}

// Asked is a question about an estate, with its answer.
type Asked struct {
	Subject  *access.Subject // nil where the question brought its own policies
	Object   *access.Object
	Request  *iam.Request
	Policies iam.Policies
	*iam.Explanation
}

// Ask decides whether a principal may do an action on a resource. Principal and
// resource may be short names.
func Ask(e *access.Estate, principal, action, resource string, c Circumstances) (*Asked, error) {
	s, err := e.Find(principal)
	if err != nil {
		return nil, Usage(err)
	}
	o, err := e.FindObject(resource)
	if err != nil {
		return nil, Usage(err)
	}
	return ask(e, s, action, o, c)
}

func ask(e *access.Estate, s *access.Subject, action string, o *access.Object, c Circumstances) (*Asked, error) {
	request, err := e.Request(s, action, o, c.context(o))
	if err != nil {
		return nil, Usage(err)
	}
	a := &Asked{Subject: s, Object: o, Request: request, Policies: e.Policies(s, o)}
	if endpoint := endpointOf(c); endpoint != "" {
		a.Policies.Endpoint = e.Endpoint(endpoint)
	}
	a.Explanation = iam.Explain(a.Request, &a.Policies)
	return a, nil
}

// endpointOf is the VPC endpoint that the request passes, where that was said.
func endpointOf(c Circumstances) string {
	for key, values := range c.Values {
		if strings.EqualFold(key, "aws:SourceVpce") && len(values) == 1 {
			return values[0]
		}
	}
	return ""
}

// AskLine answers a request that brings its policies along, in the form of
// `holdfast iam decide`.
func AskLine(line []byte) (*Asked, error) {
	q, err := NewQuestions().Parse(line)
	if err != nil {
		return nil, Usage(err)
	}
	a := &Asked{Request: q.Request, Policies: q.Policies}
	a.Explanation = iam.Explain(a.Request, &a.Policies)
	return a, nil
}

// Unseen lists why the answer is not known, besides context keys: what of the
// evidence is missing in layers that have a say.
func (a *Asked) Unseen() []string {
	var out []string
	if a.Decision != iam.Unknown || a.Allowed == kleene.False {
		return nil // what is not known is at most how it is denied
	}
	for _, l := range a.Layers {
		if l.Unseen != "" && !slices.Contains(out, l.Unseen) {
			out = append(out, l.Unseen)
		}
	}
	return out
}

// set is the layer, or the level of it, that a reference means.
func (a *Asked) set(l iam.Layer, node string) *iam.Set {
	p := &a.Policies
	switch l {
	case iam.IdentityLayer:
		return &p.Identity
	case iam.BoundaryLayer:
		return p.Boundary
	case iam.SessionLayer:
		return p.Session
	case iam.ResourceLayer:
		return p.Resource
	case iam.EndpointLayer:
		return p.Endpoint
	}
	levels := p.SCPs
	if l == iam.RCPLayer {
		levels = p.RCPs
	}
	for i := range levels {
		if levels[i].Node == node {
			return &levels[i]
		}
	}
	return nil
}

// Group is the group that brings the policy which a reference means to a user; ""
// where the policy is the principal's own.
func (a *Asked) Group(r iam.Ref) string {
	if a.Subject == nil || r.Layer != iam.IdentityLayer {
		return ""
	}
	group, found := "", false
	for i, p := range a.Subject.Identity.Policies {
		if p.Name != r.Policy || i >= len(a.Subject.Sources) {
			continue
		}
		if found && a.Subject.Sources[i].Group != group {
			return "" // two of one name
		}
		group, found = a.Subject.Sources[i].Group, true
	}
	return group
}

// Refusing is the layer that keeps a request out which is denied in any case,
// though it is not known whether something denies it explicitly.
func (a *Asked) Refusing() iam.Layer {
	if a.Decision == iam.Unknown && a.Allowed == kleene.False {
		for i := range a.Layers {
			if l := &a.Layers[i]; l.Allows == kleene.False {
				return l.Layer
			}
		}
	}
	return iam.NoLayer
}

// Resources are the resources that the statement a reference means is about, and
// whether they are those it is not about.
func (a *Asked) Resources(r iam.Ref) (list []string, not bool) {
	set := a.set(r.Layer, r.Node)
	if set == nil {
		return nil, false
	}
	for _, p := range set.Policies {
		if p.Name != r.Policy || p.Doc == nil || r.Statement >= len(p.Doc.Statements) {
			continue
		}
		s := &p.Doc.Statements[r.Statement]
		texts, not := s.Resources, false
		if s.NotResources != nil {
			texts, not = s.NotResources, true
		}
		for _, t := range texts {
			if t.Partial {
				list = append(list, t.Value+"…"+t.Suffix)
			} else {
				list = append(list, t.Value)
			}
		}
		return list, not
	}
	return nil, false
}

// Who is one principal that may do something.
type Who struct {
	Subject *access.Subject
	Outcome iam.Outcome
	// Depends are the context keys that decide where it is not known, and Unseen
	// what else was not seen.
	Depends []string
	Unseen  []string
}

// mostExplained is how many principals of whom it is not known are asked why.
const mostExplained = 500

// Whoever is the answer to who can do an action on a resource.
type Whoever struct {
	Object  *access.Object
	Action  string
	Inside  []Who // users and roles, by ARN
	Outside []Who // whom else the resource's policy lets in
	Asked   int   // how many users and roles there are
}

// WhoCan lists who may do an action on a resource, and of whom it is not known.
func WhoCan(e *access.Estate, action, resource string, c Circumstances) (*Whoever, error) {
	o, err := e.FindObject(resource)
	if err != nil {
		return nil, Usage(err)
	}
	context := c.context(o)
	inside, err := e.WhoCan(action, o, context)
	if err != nil {
		return nil, Usage(err)
	}
	outside, err := e.Outsiders(action, o, func() *iam.Context { return c.context(o) })
	if err != nil {
		return nil, Usage(err)
	}
	out := &Whoever{Object: o, Action: action, Asked: len(e.Subjects())}
	for i, found := range slices.Concat(outside, inside) {
		w := Who{Subject: found.Subject, Outcome: found.Outcome}
		if found.Outcome.Decision == iam.Unknown && i < mostExplained {
			a, err := ask(e, found.Subject, action, o, c)
			if err != nil {
				return nil, err
			}
			w.Depends, w.Unseen = a.Missing, a.Unseen()
		}
		if i < len(outside) {
			out.Outside = append(out.Outside, w)
		} else {
			out.Inside = append(out.Inside, w)
		}
	}
	return out, nil
}
