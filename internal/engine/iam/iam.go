// Package iam decides AWS authorization: whether a principal may do an action on
// a resource, under every kind of policy that has a say, and why. It is pure:
// values in, values out; no input or output, no clock.
//
// Documents are read by package policy and compiled once (Compile); a Request
// names who, what, on what and in which circumstances; Policies gathers the
// compiled documents that apply; Decide answers, Explain answers and tells why.
//
// Answers are Allowed, ExplicitlyDenied, ImplicitlyDenied or Unknown. What was
// not seen (a context key, a part of a document, a whole policy) is carried
// through with three-valued logic, and Decide then looks whether the answer
// really depends on it (see settle.go), so that Unknown means just that.
//
// Rooms beside it: policy (the language), glob (patterns), action (what AWS
// offers: actions, resource types, condition keys), managed (the policies AWS
// maintains), lint, exposure, diff, escalate.
//
// Source of the rules: AWS IAM User Guide, "Policy evaluation logic" and the
// pages it refers to; service guides where a comment names them.
package iam

import (
	"holdfast.dev/holdfast/internal/engine/iam/policy"
	"holdfast.dev/holdfast/internal/kleene"
)

// Decision is the answer to a request.
type Decision uint8

const (
	// Unknown: what was not seen decides.
	Unknown Decision = iota
	Allowed
	// ExplicitlyDenied: some statement denies it, whatever others allow.
	ExplicitlyDenied
	// ImplicitlyDenied: nothing denies it, and something that must allow it does not.
	ImplicitlyDenied
)

// String is the decision's name.
func (d Decision) String() string {
	switch d {
	case Allowed:
		return "Allowed"
	case ExplicitlyDenied:
		return "ExplicitlyDenied"
	case ImplicitlyDenied:
		return "ImplicitlyDenied"
	}
	return "Unknown"
}

// Layer is a kind of policy, or another thing that has a say.
type Layer uint8

const (
	NoLayer Layer = iota
	IdentityLayer
	BoundaryLayer
	SessionLayer
	ResourceLayer
	SCPLayer
	RCPLayer
	EndpointLayer
	PublicAccessLayer // Amazon S3 Block Public Access
	ACLLayer          // Amazon S3 access control lists
	ServiceLayer      // what the service itself always allows or never does
)

var layerNames = [...]string{
	IdentityLayer: "identity", BoundaryLayer: "boundary", SessionLayer: "session", ResourceLayer: "resource", SCPLayer: "scp",
	RCPLayer: "rcp", EndpointLayer: "endpoint", PublicAccessLayer: "public-access-block", ACLLayer: "acl", ServiceLayer: "service",
}

// String is the layer's name in what Holdfast prints.
func (l Layer) String() string {
	if int(l) < len(layerNames) {
		return layerNames[l]
	}
	return ""
}

// Outcome is a decision and what decided it. Of several statements that decide
// alike the first stands here; Explain lists them all.
type Outcome struct {
	Decision Decision
	// Allowed is the same answer with both denials taken together: a request that
	// is denied either way, though it is not known how, is False here.
	Allowed kleene.Value
	// Layer granted the request, or blocked it, or is where it is not known.
	Layer Layer
	// Policy and Statement (its index) are what decided, nil where no statement did.
	Policy    *Policy
	Statement int
}

// Set is policies that count as one: what any of them allows, the set allows.
type Set struct {
	Node     string // root, OU or account that the policies are attached to (SCPs and RCPs)
	Policies []*Policy
	// Unseen is set where there may be policies besides those listed, and says why.
	Unseen string

	whole   *index // of the first indexed policies, where Index made it
	indexed int
}

// Policies are all documents that apply to a request. A nil Set does not limit:
// there is no boundary, no session policy, no endpoint on the way.
type Policies struct {
	Identity Set   // of the user and its groups, or of the role
	Boundary *Set  // permissions boundary of the user or role
	Session  *Set  // passed when the session was made; of a central root session: the task policy
	Resource *Set  // attached to the resource: bucket policy, key policy, trust policy
	Endpoint *Set  // of the VPC endpoint the request passes
	SCPs     []Set // from the root down to the principal's account; none: no organisation
	RCPs     []Set // from the root down to the resource's account; none: no organisation
	Bucket   *Bucket
}

// Bucket is what Amazon S3 weighs besides policies.
type Bucket struct {
	RestrictPublicBuckets kleene.Value // of the bucket or its account
	IgnorePublicACLs      kleene.Value
	ACLsDisabled          kleene.Value // object ownership BucketOwnerEnforced
	Grants                []Grant      // of the bucket's ACL, and of the object's
}

// Grant is one line of an ACL.
type Grant struct {
	Grantee    string // canonical id, or the URI of a group: …/groups/global/AllUsers
	Permission string // READ, WRITE, READ_ACP, WRITE_ACP, FULL_CONTROL
	Object     bool   // of an object's ACL, not of the bucket's
}

// Ref names one statement.
type Ref struct {
	Layer     Layer
	Node      string // of an SCP or RCP
	Policy    string // name
	Statement int    // from 0
	Sid       string
	Effect    policy.Effect
}
