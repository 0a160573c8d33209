// Package access gathers who may do what: the principals of an estate with the
// policies that apply to them, the resources with theirs, and the organisation's
// guardrails over both. It is what package iam needs to decide about a real
// estate, built from evidence once (Load) and asked many times.
//
// What was not collected is never taken for absent: a set of policies that was
// not seen, or not seen whole, says so (iam.Set.Unseen), and the engine answers
// Unknown where it matters. Only Evidence.Alone, which a person has to ask for,
// takes what was not seen for not there.
//
// Rooms that ask special questions of an estate stand below this one: external,
// unused, generate, paths.
package access

import (
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
)

// Estate is everything that was seen of who may do what. It is not changed once
// it is loaded, so that many workers can ask at once.
type Estate struct {
	subjects []*Subject // sorted by ARN
	byARN    map[string]*Subject
	byName   map[string][]*Subject // by the last part of the name
	objects  []*Object             // sorted by ARN
	objectAt map[string]*Object
	// endpoints are the policies of VPC endpoints by id.
	endpoints map[string]*iam.Set
	accounts  map[string]*membership
	org       *organisation
	seen      *seen
	notes     []string
}

// Subject is somebody who may do things.
type Subject struct {
	Principal *iam.Principal
	Type      string // AWS::IAM::User, AWS::IAM::Role; "" where it is neither
	Identity  iam.Set
	Boundary  *iam.Set
	Session   *iam.Set
	SCPs      []iam.Set
	// Sources says where each policy of Identity comes from, in the same order.
	Sources []Source
	Groups  []string // names, of a user
}

// Source is how a policy came to a principal.
type Source struct {
	ARN   string // of a managed policy; "" of an inline one
	Group string // the name of the group it is attached to; "" where it is attached directly
}

// Object is something that things are done to.
type Object struct {
	ARN     string
	Type    string // CloudFormation's; "" where it was not seen
	Account string // owner; "" where that is not known
	Region  string
	// Policy is attached to it; nil where it has none.
	Policy *iam.Set
	RCPs   []iam.Set
	Bucket *iam.Bucket // of buckets and what is in them
	// Management is set where it belongs to the management account.
	Management bool
	Tags       map[string]string
	TagsSeen   bool
	Seen       bool // whether the evidence has it
	OrgID      string
	OrgPaths   []string
	OrgSeen    bool
	// callers is set where nothing tells the owner and what was not seen counts as
	// not there: it is then the account of who asks.
	callers bool
}

// Subjects are the users and roles, sorted by ARN.
func (e *Estate) Subjects() []*Subject { return e.subjects }

// Objects are the resources that carry a policy or may, sorted by ARN.
func (e *Estate) Objects() []*Object { return e.objects }

// Notes are what loading found that a reader should know: references that lead
// nowhere, policies that could not be placed.
func (e *Estate) Notes() []string { return e.notes }

// Endpoint is the policy of a VPC endpoint; of one that was not seen it is
// unseen.
func (e *Estate) Endpoint(id string) *iam.Set {
	if set, ok := e.endpoints[id]; ok {
		return set
	}
	return &iam.Set{Unseen: "VPC endpoint " + id + " was not collected"}
}

// Policies are all that apply when the subject does something to the object.
func (e *Estate) Policies(s *Subject, o *Object) iam.Policies {
	return iam.Policies{
		Identity: s.Identity, Boundary: s.Boundary, Session: s.Session, SCPs: s.SCPs,
		Resource: o.Policy, RCPs: o.RCPs, Bucket: o.Bucket,
	}
}

// Request is the question whether the subject may do the action to the object.
func (e *Estate) Request(s *Subject, action string, o *Object, c *iam.Context) (*iam.Request, error) {
	return iam.NewRequest(iam.Request{
		Principal: s.Principal, Action: action, Resource: o.ARN, Account: o.account(s.Principal),
		Management: o.Management, Context: c,
	})
}

// account is the owner of the object. What concerns no resource in particular
// concerns the account of who asks.
func (o *Object) account(p *iam.Principal) string {
	if o.ARN == "*" || o.callers {
		return p.Account
	}
	return o.Account
}

// Decide answers whether the subject may do the action to the object. An action
// that cannot be read is Unknown; use Request to learn why.
func (e *Estate) Decide(s *Subject, action string, o *Object, c *iam.Context) iam.Outcome {
	r, err := e.Request(s, action, o, c)
	if err != nil {
		return iam.Outcome{}
	}
	p := e.Policies(s, o)
	return iam.Decide(r, &p)
}

// Context is a new context with what the evidence knows of the object: its tags
// and whose organisation it is in. Open says that other keys may be there all
// the same.
func (o *Object) Context(open bool) *iam.Context {
	c := &iam.Context{Open: open}
	for _, key := range sortedKeys(o.Tags) {
		c.Set("aws:ResourceTag/"+key, o.Tags[key])
	}
	switch {
	case !o.OrgSeen:
	case o.OrgID == "":
		c.Mark("aws:ResourceOrgID", iam.Absent)
	default:
		c.Set("aws:ResourceOrgID", o.OrgID)
		c.Set("aws:ResourceOrgPaths", o.OrgPaths...)
	}
	return c
}

// statements goes through the statements of a set.
func statements(set *iam.Set, each func(*policy.Statement)) {
	if set == nil {
		return
	}
	for _, p := range set.Policies {
		if p.Doc == nil {
			continue
		}
		for i := range p.Doc.Statements {
			each(&p.Doc.Statements[i])
		}
	}
}

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.SortFunc(out, strings.Compare)
	return out
}
