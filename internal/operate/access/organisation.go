package access

import (
	"slices"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/evidence"
)

const (
	typeOrgPolicy = "AWS::Organizations::Policy"
	scpType       = "SERVICE_CONTROL_POLICY"
	rcpType       = "RESOURCE_CONTROL_POLICY"
)

// organisation is the tree with the policies attached to it.
type organisation struct {
	orgs     []org
	nodes    map[string]*node // roots, OUs and accounts by id
	policies map[string]*orgPolicy
	fullSCP  *iam.Policy
	fullRCP  *iam.Policy
	alone    bool
}

// org is one organisation: an estate may hold the evidence of several.
type org struct {
	id, root, management string
	// types are the enabled policy types; typesSeen whether they are known.
	types     []string
	typesSeen bool
}

// node is a root, an OU or an account.
type node struct {
	parent       string
	parentUnseen string // why the parent is not known
	management   bool
	account      bool
	attached     []attachment
	unseen       string // why attached may not be all
}

// attachment is a policy on a node; typ is empty where the list does not say.
type attachment struct{ id, typ string }

type orgPolicy struct {
	typ    string
	policy *iam.Policy
}

// membership is what an account's place in its organisation means for requests.
type membership struct {
	org        string // "" where it is in none
	path       string // as in aws:PrincipalOrgPaths
	seen       bool   // whether the above is known
	management bool
	scps, rcps []iam.Set
}

// fullAccess is the document of both policies that AWS attaches everywhere.
func fullAccess(name string, principal bool) *iam.Policy {
	statement := map[string]any{"Effect": "Allow", "Action": "*", "Resource": "*"}
	if principal {
		statement["Principal"] = "*"
	}
	return compile(name, map[string]any{"Version": "2012-10-17", "Statement": []any{statement}})
}

func newOrganisation(alone bool) *organisation {
	return &organisation{
		nodes: map[string]*node{}, policies: map[string]*orgPolicy{}, alone: alone,
		fullSCP: fullAccess("FullAWSAccess", false), fullRCP: fullAccess("RCPFullAWSAccess", true),
	}
}

// add takes a resource that describes the organisation.
func (o *organisation) add(r *evidence.Resource, docs *documents) {
	p := r.Properties
	switch r.Type {
	case evidence.TypeOrganization:
		types, seen := p["EnabledPolicyTypes"].([]any)
		root, _ := textOf(p["RootId"])
		o.orgs = append(o.orgs, org{id: text(p["Id"]), root: root, management: text(p["ManagementAccountId"]), types: textsOf(types), typesSeen: seen})
	case evidence.TypeNode:
		o.nodes[r.ID] = nodeOf(p)
	case evidence.TypeAccount:
		n := nodeOf(p)
		n.account = true
		management, known := p["Management"].(bool)
		if n.management = management; !known && n.parentUnseen == "" {
			n.parentUnseen = reason(p["Management"], "whether it is the management account is not known")
		}
		o.nodes[r.Account] = n
	case typeOrgPolicy:
		observed, _ := p["Observed"].(map[string]any)
		id := text(observed["Id"])
		if id == "" {
			id = r.ID
		}
		entry := &orgPolicy{typ: text(p["Type"])}
		o.policies[id] = entry
		if entry.typ == scpType || entry.typ == rcpType {
			docs.add(nameOf(p["Name"], id), p["Content"], func(c *iam.Policy) { entry.policy = c })
		}
	}
}

func nodeOf(p map[string]any) *node {
	n := &node{parent: text(p["ParentId"])}
	if u, unknown := p["ParentId"].(evidence.Unknown); unknown {
		n.parentUnseen = reason(u, "its place in the organisation is not known")
	}
	list, known := p["Policies"].([]any)
	if !known && p["Policies"] != nil {
		n.unseen = reason(p["Policies"], "the attached policies are not known")
	}
	for _, e := range list {
		entry, _ := e.(map[string]any)
		if id := text(entry["Id"]); id != "" {
			n.attached = append(n.attached, attachment{id, text(entry["Type"])})
		} else {
			n.unseen = "an attached policy is not known"
		}
	}
	return n
}

// maxLevels is far beyond what Organizations allows; it ends the walk where
// evidence has a loop in it.
const maxLevels = 32

// of is the membership of an account.
func (o *organisation) of(account string) *membership {
	n := o.nodes[account]
	switch {
	case n == nil && o.alone:
		return &membership{seen: true}
	case account == "":
		return unseenMembership(account, "the account of the resource was not seen")
	case n == nil || !n.account:
		return unseenMembership(account, "the organisation of account "+account+" was not collected")
	case n.parentUnseen != "" && o.alone:
		return &membership{seen: true}
	case n.parentUnseen != "":
		return unseenMembership(account, "the place of account "+account+" in its organisation was not seen: "+n.parentUnseen)
	case n.parent == "":
		return &membership{seen: true}
	}
	chain, whole := o.chain(account)
	if !whole && !o.alone {
		return unseenMembership(account, "the organisation above account "+account+" was not collected whole")
	}
	in, known := o.orgOf(chain[0])
	m := &membership{org: in.id, management: n.management, seen: known}
	m.path = in.id + "/"
	for _, id := range chain[:len(chain)-1] {
		m.path += id + "/"
	}
	m.scps, m.rcps = o.levels(chain, in, scpType), o.levels(chain, in, rcpType)
	return m
}

// unseenMembership stands for a place in the organisation that was not seen.
func unseenMembership(account, why string) *membership {
	set := []iam.Set{{Node: account, Unseen: why}}
	return &membership{scps: set, rcps: set}
}

// chain is the path from the root down to an account, and whether it ends at a
// root.
func (o *organisation) chain(account string) ([]string, bool) {
	ids := []string{account}
	for id := o.nodes[account].parent; id != "" && len(ids) < maxLevels; {
		ids = append(ids, id)
		n := o.nodes[id]
		if n == nil || n.parentUnseen != "" {
			slices.Reverse(ids)
			return ids, false
		}
		id = n.parent
	}
	slices.Reverse(ids)
	return ids, len(ids) < maxLevels
}

// orgOf is the organisation of a root.
func (o *organisation) orgOf(root string) (org, bool) {
	for _, candidate := range o.orgs {
		if candidate.root == root || candidate.root == "" && len(o.orgs) == 1 {
			return candidate, true
		}
	}
	return org{}, false
}

// levels are the policies of a type along a path; none where the type is not
// enabled.
func (o *organisation) levels(chain []string, in org, typ string) []iam.Set {
	if in.typesSeen && !slices.Contains(in.types, typ) {
		return nil
	}
	out := make([]iam.Set, 0, len(chain))
	for _, id := range chain {
		out = append(out, o.level(id, typ, in.typesSeen))
	}
	return out
}

func (o *organisation) level(id, typ string, enabled bool) iam.Set {
	set := iam.Set{Node: id}
	n := o.nodes[id]
	if n == nil {
		if !o.alone {
			set.Unseen = "the policies of " + id + " were not collected"
		}
		return set
	}
	if set.Unseen = n.unseen; o.alone {
		set.Unseen = ""
	}
	if !enabled && !o.alone && set.Unseen == "" {
		set.Unseen = "whether " + typ + " is enabled was not seen"
	}
	for _, a := range n.attached {
		known := o.policies[a.id]
		switch {
		case a.typ != "" && a.typ != typ:
		case a.id == "p-FullAWSAccess" && typ == scpType:
			set.Policies = append(set.Policies, o.fullSCP)
		case a.id == "p-RCPFullAWSAccess":
			// Added below: AWS attaches it everywhere, and it cannot be detached.
		case known == nil && !o.alone:
			set.Unseen = "policy " + a.id + " was not collected"
		case known != nil && known.typ == typ:
			set.Policies = append(set.Policies, known.policy)
		}
	}
	if typ == rcpType {
		set.Policies = append(set.Policies, o.fullRCP)
	}
	return set
}
