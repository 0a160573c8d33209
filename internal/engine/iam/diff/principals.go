package diff

import (
	"fmt"
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
	"holdfast.dev/holdfast/internal/kleene"
)

// who is the principal element of a statement, asked through package iam.
type who struct {
	names []policy.Principal
	not   bool
	deny  bool
	ask   *iam.Policy
}

// who finds the principal element of a statement, or -1 where it has none and so
// concerns everyone.
func (c *comparison) who(s *policy.Statement) int {
	if s.Principals == nil && s.NotPrincipals == nil {
		return -1
	}
	w := who{names: s.Principals, deny: s.Effect == policy.Deny}
	if s.NotPrincipals != nil {
		w.names, w.not = s.NotPrincipals, true
	}
	w.names = slices.Clone(w.names)
	for i := range w.names {
		w.names[i].Name.Position = policy.Position{}
	}
	slices.SortFunc(w.names, func(a, b policy.Principal) int {
		return strings.Compare(a.Kind.String()+" "+a.Name.Value, b.Kind.String()+" "+b.Name.Value)
	})
	id := fmt.Sprintf("principal %v %v %v", w.not, w.deny, w.names)
	if i, ok := c.ids[id]; ok {
		return i
	}
	everything := []policy.Text{{Value: "*"}}
	asked := policy.Statement{Effect: s.Effect, Actions: everything, Resources: everything, Principals: s.Principals, NotPrincipals: s.NotPrincipals}
	doc := &policy.Document{Statements: []policy.Statement{asked}}
	if w.deny {
		doc.Statements = append(doc.Statements, policy.Statement{
			Effect: policy.Allow, Actions: everything, Resources: everything, Principals: []policy.Principal{{Kind: policy.Everyone, Name: everything[0]}},
		})
	}
	w.ask = iam.Compile("", doc)
	c.ids[id] = len(c.principals)
	c.principals = append(c.principals, w)
	return len(c.principals) - 1
}

// concerns tells whether the element is about a principal.
func (w *who) concerns(p *iam.Principal) bool {
	req, err := iam.NewRequest(iam.Request{Principal: p, Action: "s3:GetObject", Resource: "arn:aws:s3:::example/example", Account: owner})
	if err != nil {
		return false
	}
	out := iam.Decide(req, attachedTo(p, []*iam.Policy{w.ask}))
	if w.deny {
		return out.Decision == iam.ExplicitlyDenied
	}
	return out.Allowed == kleene.True
}

// owner is the account of resources: none that a policy names, so that only the
// resource's policy lets anybody in.
const owner = "999999999990"

// attachedTo is a resource policy together with all that the caller needs of its
// own side.
func attachedTo(p *iam.Principal, set []*iam.Policy) *iam.Policies {
	out := &iam.Policies{Resource: &iam.Set{Policies: set}}
	if p.Account != "" {
		out.Identity = iam.Set{Policies: []*iam.Policy{allowAll}}
		if p.Kind == iam.KindFederatedUser {
			out.Session = &iam.Set{Policies: []*iam.Policy{allowAll}}
		}
	}
	return out
}

var allowAll = iam.Compile("allow all", &policy.Document{Version: policy.Version2012, Statements: []policy.Statement{{
	Effect: policy.Allow, Actions: []policy.Text{{Value: "*"}}, Resources: []policy.Text{{Value: "*"}},
}}})

// person stands for all principals that the policies name alike.
type person struct {
	label string
	group string // what it is one of; where all of a group change alike, the group is named
	one   bool   // it stands for nobody but itself
	*iam.Principal
	// excluded are worlds of keys in which it cannot be, by their places.
	excluded map[int][]int
}

// strangers are those whom no policy names.
const strangers = "222222222222"

// populate lists a principal for each way to be named.
func (c *comparison) populate() {
	if c.kind != Resource {
		c.people = []person{{Principal: asker}}
		return
	}
	seen := map[string]bool{}
	add := func(label, group string, p *iam.Principal) {
		if id := p.Kind.String() + p.ARN + p.Name + p.ID + p.CanonicalID; !seen[id] {
			seen[id] = true
			p.OrgSeen, p.TagsSeen = true, true
			c.people = append(c.people, person{label: label, group: group, one: group == "", Principal: p})
		}
	}
	accounts := []string{}
	for _, w := range c.principals {
		for _, n := range w.names {
			c.person(n, add, &accounts)
		}
	}
	for _, a := range sorted(accounts) {
		addAccount(a, "account "+a, add)
	}
	other := func(kind policy.Kind) string {
		if slices.ContainsFunc(c.principals, func(w who) bool {
			return slices.ContainsFunc(w.names, func(n policy.Principal) bool { return n.Kind == kind })
		}) {
			return "any other "
		}
		return "any "
	}
	addAccount(strangers, other(policy.AWS)+"AWS account", add)
	add("anybody unsigned", "", iam.Anonymous())
	add(other(policy.Service)+"AWS service", "", iam.Service("example.amazonaws.com"))
	add(other(policy.Federated)+"identity provider", "", iam.Federated("example.com"))
	slices.SortStableFunc(c.people, func(a, b person) int { return strings.Compare(a.group, b.group) })
	for i := range c.people {
		c.exclude(&c.people[i])
	}
}

// exclude finds the worlds of keys in which a principal cannot be, since the key
// follows from who it is.
func (c *comparison) exclude(p *person) {
	p.excluded = map[int][]int{}
	for i := range c.keys {
		k := &c.keys[i]
		if !p.follows(strings.ToLower(k.name)) {
			continue
		}
		for at, w := range k.worlds {
			for j, a := range k.atoms {
				is := answerOf(p.Principal, c.atoms[a].condition)
				if is != kleene.Unknown && w.truth[j] != kleene.Unknown && is != w.truth[j] {
					p.excluded[i] = append(p.excluded[i], at)
					break
				}
			}
		}
	}
}

// follows tells whether a key follows from the principal.
func (p *person) follows(key string) bool {
	account := p.Account != ""
	switch key {
	case "aws:principaltype", "aws:principalisawsservice", "aws:principalservicename":
		return true
	case "aws:principalaccount":
		return !account || p.Account != strangers
	case "aws:principalarn", "aws:username":
		return !account || p.one
	case "aws:principalorgid", "aws:principalorgpaths":
		return !account
	}
	return !account && strings.HasPrefix(key, "aws:principaltag/")
}

// answerOf is what a condition on a key that follows from the principal says.
func answerOf(p *iam.Principal, cond policy.Condition) kleene.Value {
	req, err := iam.NewRequest(iam.Request{Principal: p, Action: "s3:GetObject", Resource: "arn:aws:s3:::example/example", Account: owner})
	if err != nil {
		return kleene.Unknown
	}
	asked := iam.Compile("", &policy.Document{Version: policy.Version2008, Statements: []policy.Statement{{
		Effect: policy.Allow, Actions: []policy.Text{{Value: "*"}}, Resources: []policy.Text{{Value: "*"}},
		Principals: []policy.Principal{{Kind: policy.Everyone, Name: policy.Text{Value: "*"}}}, Conditions: []policy.Condition{cond},
	}}})
	return iam.Decide(req, attachedTo(p, []*iam.Policy{asked})).Allowed
}

// person adds those whom one entry of a principal element names.
func (c *comparison) person(n policy.Principal, add func(string, string, *iam.Principal), accounts *[]string) {
	name := n.Name.Value
	switch n.Kind {
	case policy.Service:
		add(name, "", iam.Service(name))
		return
	case policy.Federated:
		add(name, "", iam.Federated(name))
		return
	case policy.Canonical:
		add("canonical user "+name, "", &iam.Principal{Kind: iam.KindRoot, ARN: "arn:aws:iam::" + strangers + ":root", Account: strangers, CanonicalID: name})
		return
	case policy.Everyone:
		return
	}
	p, err := iam.ParsePrincipal(name)
	if err != nil {
		add("unique id "+name, "", &iam.Principal{Kind: iam.KindSession, ARN: "arn:aws:sts::" + strangers + ":assumed-role/gone/example",
			Role: "arn:aws:iam::" + strangers + ":role/gone", Account: strangers, Name: "example", ID: name})
		return
	}
	*accounts = append(*accounts, p.Account)
	switch p.Kind {
	case iam.KindRoot:
	case iam.KindRole:
		add(name, "", &iam.Principal{Kind: iam.KindSession, ARN: "arn:aws:sts::" + p.Account + ":assumed-role/" + p.Name + "/example", Role: p.ARN, Account: p.Account, Name: "example"})
	default:
		add(name, "", p)
	}
}

func addAccount(id, group string, add func(string, string, *iam.Principal)) {
	arn := "arn:aws:iam::" + id
	add("root of "+group, group, &iam.Principal{Kind: iam.KindRoot, ARN: arn + ":root", Account: id})
	add("users of "+group, group, &iam.Principal{Kind: iam.KindUser, ARN: arn + ":user/example", Account: id, Name: "example"})
	add("roles of "+group, group, &iam.Principal{Kind: iam.KindSession, ARN: "arn:aws:sts::" + id + ":assumed-role/example/example",
		Role: arn + ":role/example", Account: id, Name: "example"})
}

// named lists those in words, groups where all of one are in.
func (c *comparison) named(in []int) []string {
	if c.kind != Resource {
		return nil
	}
	if len(in) == len(c.people) {
		return []string{"everyone"}
	}
	size, have := map[string]int{}, map[string]int{}
	for _, p := range c.people {
		size[p.group]++
	}
	for _, i := range in {
		have[c.people[i].group]++
	}
	var out []string
	for _, i := range in {
		p := c.people[i]
		label := p.label
		if p.group != "" && have[p.group] == size[p.group] {
			label = p.group
		}
		if !slices.Contains(out, label) {
			out = append(out, label)
		}
	}
	return out
}
