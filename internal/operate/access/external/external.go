// Package external lists what somebody outside the account or the organisation
// can reach: by the policies of resources, the trust policies of roles, access
// control lists and shares. Whom a policy lets in is the business of package
// exposure; what stands here is what else has a say: Amazon S3 Block Public
// Access, resource control policies, the organisation's list of accounts.
//
// The resource types are those that AWS IAM Access Analyzer watches for external
// access, and the others whose policies Holdfast reads. Like there, AWS services
// are not outsiders; unlike there, an answer that hangs on what was not seen is
// given as unknown.
package external

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/exposure"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/kleene"
	"holdfast.dev/holdfast/internal/operate/access"
)

// Zone is whom an owner trusts: what is beyond it is external.
type Zone string

const (
	Account      Zone = "account"
	Organization Zone = "organization"
)

// Means is what lets somebody in.
type Means string

const (
	ByPolicy Means = "policy"
	ByTrust  Means = "trust-policy"
	ByACL    Means = "acl"
	ByShare  Means = "share"
)

// Finding is one thing that somebody outside can reach.
type Finding struct {
	Resource string // ARN
	Type     string
	Account  string // owner
	Region   string
	exposure.Who
	Public       bool
	CrossAccount kleene.Value
	External     kleene.Value // beyond the organisation
	Means        Means
	Policy       string // name of the policy
	Statement    int    // from 0; -1 where no statement says so
	Sid          string
	Actions      []string // patterns, of a share or an ACL what it permits
	NotActions   []string
	Resources    []string
	Conditions   []string // what narrows it
	// Known is True where it is certain, Unknown where it hangs on what was not seen.
	Known kleene.Value
	// Restricted says what narrows or ends the access besides the policy itself.
	Restricted []string
	// ControlsUnseen is why resource control policies may restrict it further.
	ControlsUnseen string
	Way            *exposure.World
}

// Unseen is a thing of which too little was seen.
type Unseen struct{ Resource, Type, Account, Why string }

// Report is what was found.
type Report struct {
	Zone     Zone
	Findings []Finding
	// Held are grants that something else takes back altogether.
	Held   []Finding
	Unseen []Unseen
	Looked map[string]int // resources by type
	// NotCollected are types of evidence that are missing in some accounts.
	NotCollected []Gap
}

// Find looks at every resource of an estate that carries a policy, and at the
// resources that are shared without one.
func Find(e *access.Estate, shared iter.Seq2[*evidence.Resource, error], zone Zone) (*Report, error) {
	f := finder{estate: e, members: map[string]membership{}, owners: owners(e), report: &Report{Zone: zone, Looked: map[string]int{}}}
	for _, o := range e.Objects() {
		f.object(o)
	}
	if shared != nil {
		for r, err := range shared {
			if err != nil {
				return nil, err
			}
			f.shared(r)
		}
	}
	f.report.sort()
	return f.report, nil
}

type membership struct {
	accounts []string
	all      bool
}

type finder struct {
	estate  *access.Estate
	members map[string]membership
	owners  map[string]string // canonical ids by account
	report  *Report
}

// object is about one resource with its policy and ACL.
func (f *finder) object(o *access.Object) {
	f.report.Looked[o.Type]++
	if o.Policy != nil {
		if o.Policy.Unseen != "" {
			f.report.Unseen = append(f.report.Unseen, Unseen{o.ARN, o.Type, o.Account, o.Policy.Unseen})
		}
		for _, p := range o.Policy.Policies {
			f.policy(o, p)
		}
	}
	if o.Bucket != nil {
		f.acl(o)
	}
}

// zoneOf is what is known of the owner of a resource.
func (f *finder) zoneOf(account, arn, org string, seen bool) exposure.Zone {
	z := exposure.Zone{Resource: arn, Account: account}
	if !seen {
		return z
	}
	if org == "" {
		z.OrgSeen = true
		z.Accounts = []string{account}
		return z
	}
	m, done := f.members[org]
	if !done {
		m.accounts, m.all = f.estate.Members(org)
		f.members[org] = m
	}
	if m.all {
		z.OrgID, z.Accounts, z.OrgSeen = org, m.accounts, true
	}
	return z
}

func (f *finder) policy(o *access.Object, p *iam.Policy) {
	zone := f.zoneOf(o.Account, o.ARN, o.OrgID, o.OrgSeen)
	means := ByPolicy
	if o.Type == "AWS::IAM::Role" {
		means = ByTrust
	}
	grants, _ := exposure.ExplainGrants(p.Doc, zone)
	for i := range grants {
		g := &grants[i]
		out := Finding{
			Resource: o.ARN, Type: o.Type, Account: o.Account, Region: o.Region, Who: g.Who, Public: g.Public, Known: g.Known,
			CrossAccount: g.CrossAccount, External: g.External, Means: means, Policy: p.Name, Statement: g.Statement, Sid: g.Sid,
			Actions: g.Actions, NotActions: g.NotActions, Resources: g.Resources, Conditions: g.Conditions, Way: g.Way,
		}
		if !f.outside(&out) {
			continue
		}
		f.control(o, p, g, zone, &out)
		f.block(o, g, &out)
		f.add(out)
	}
}

// outside tells whether a finding is about somebody beyond the zone, or may be.
func (f *finder) outside(x *Finding) bool {
	if x.CrossAccount == kleene.False && x.External == kleene.False {
		return false // AWS itself, or nobody any more
	}
	if f.report.Zone == Organization {
		return x.External != kleene.False
	}
	return true
}

// add keeps a finding, among those held back where nothing is left of it.
func (f *finder) add(x Finding) {
	if x.Known == kleene.False {
		f.report.Held = append(f.report.Held, x)
		return
	}
	f.report.Findings = append(f.report.Findings, x)
}

// block asks Amazon S3 Block Public Access.
func (f *finder) block(o *access.Object, g *exposure.Grant, x *Finding) {
	if o.Bucket == nil || g.Way == nil || x.Known == kleene.False {
		return
	}
	policyAlone := *o.Bucket
	policyAlone.Grants = nil // what the ACL grants stands for itself
	outcome := g.Way.Decide(iam.Policies{Resource: o.Policy, Bucket: &policyAlone})
	switch {
	case outcome.Allowed == kleene.False && outcome.Layer == iam.PublicAccessLayer:
		x.Known = kleene.False
		x.Restricted = append(x.Restricted, "Block Public Access (RestrictPublicBuckets) takes it back")
	case outcome.Allowed == kleene.Unknown && o.Bucket.RestrictPublicBuckets == kleene.Unknown:
		x.Known = kleene.Unknown
		x.Restricted = append(x.Restricted, "Block Public Access was not seen")
	}
}

// control asks the resource control policies, whose statements deny in addition
// to those of the policy itself.
func (f *finder) control(o *access.Object, p *iam.Policy, g *exposure.Grant, zone exposure.Zone, x *Finding) {
	if o.Management || len(o.RCPs) == 0 || !controlled(g) {
		return
	}
	with, unseen := controls(p.Doc, o.RCPs)
	if unseen != "" {
		x.ControlsUnseen = unseen
	}
	if with == nil {
		return
	}
	left, _ := exposure.Grants(with, zone)
	still := slices.IndexFunc(left, func(l exposure.Grant) bool { return l.Statement == g.Statement && l.Who == g.Who })
	switch {
	case still < 0:
		x.Known = kleene.False
		x.Restricted = append(x.Restricted, "a resource control policy denies it")
	case left[still].Known != g.Known:
		x.Known = x.Known.And(left[still].Known)
		x.Restricted = append(x.Restricted, "a resource control policy may deny it")
	case x.Public && !left[still].Public:
		x.Public = false
		x.Restricted = append(x.Restricted, "a resource control policy narrows it")
	}
}

func (r *Report) sort() {
	slices.SortStableFunc(r.Findings, order)
	slices.SortStableFunc(r.Held, order)
	slices.SortFunc(r.Unseen, func(a, b Unseen) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Resource, b.Resource))
	})
}

// order puts what is public first, then goes by account and resource.
func order(a, b Finding) int {
	public := func(x Finding) int {
		if x.Public {
			return 0
		}
		return 1
	}
	return cmp.Or(cmp.Compare(public(a), public(b)), cmp.Compare(a.Account, b.Account), cmp.Compare(a.Resource, b.Resource),
		cmp.Compare(a.Statement, b.Statement), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
}

// Title is the finding in one sentence.
func (x *Finding) Title() string {
	who := x.Name
	switch {
	case x.Kind == exposure.Everyone && x.Public:
		who = "anyone"
	case x.Kind == exposure.Everyone:
		who = "whoever fits the conditions"
	case x.Kind == exposure.Provider && x.Public:
		who = "anyone with an account at " + x.Name[strings.LastIndexByte(x.Name, '/')+1:]
	case x.Kind == exposure.Account:
		who = "account " + x.Name
	case x.Kind == exposure.Organization:
		who = "organisation " + x.Name
	}
	if x.Via {
		who = "AWS services for " + who
	}
	verb := "can"
	if x.Known == kleene.Unknown {
		verb = "may be able to"
	}
	return fmt.Sprintf("%s %s do %s", who, verb, strings.Join(x.What(), ", "))
}

// What is what the finding lets do, for people.
func (x *Finding) What() []string {
	if len(x.NotActions) > 0 {
		return []string{"all but " + strings.Join(x.NotActions, ", ")}
	}
	return x.Actions
}

// controls is a policy with the Deny statements of resource control policies
// behind its own; nil where there are none, or where the two cannot be read by
// one version of the language.
func controls(doc *policy.Document, sets []iam.Set) (with *policy.Document, unseen string) {
	merged := *doc
	merged.Statements = slices.Clone(doc.Statements)
	for i := range sets {
		if sets[i].Unseen != "" {
			unseen = sets[i].Unseen
		}
		for _, p := range sets[i].Policies {
			if p.Doc.Unseen != "" {
				unseen = p.Doc.Unseen
			}
			for _, s := range p.Doc.Statements {
				if s.Effect != policy.Allow {
					merged.Statements = append(merged.Statements, everybody(s))
				}
			}
		}
	}
	if len(merged.Statements) == len(doc.Statements) {
		return nil, unseen
	}
	if !doc.Variables() && variables(doc) {
		return nil, "the policy is of version 2008, in which ${ is text"
	}
	merged.Version = policy.Version2012
	return &merged, unseen
}
