package iam

import (
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam/action"
	"holdfast.dev/holdfast/internal/kleene"
)

// rules are what services do differently for an action and a resource. Where only
// the start of the resource is known, they may not be known either.
type rules struct {
	// ownPolicy is whether the resource's policy has to agree even within one
	// account: the trust policy of a role, the key policy of a KMS key.
	ownPolicy kleene.Value
	// policy and role are whether this changes what only AWS itself changes: its
	// managed policies, service-linked roles and the roles of IAM Identity Center.
	policy, role kleene.Value
	// controlled is set where resource control policies reach the action.
	controlled bool
	// caller, session and assume are set for sts:GetCallerIdentity,
	// sts:GetSessionToken and sts:AssumeRole.
	caller, session, assume bool
	// bucketPolicy is set for what the root of a bucket's account may always do.
	bucketPolicy bool
	bucket       bool // the action concerns a bucket or its objects
}

func rulesOf(r *Request) rules {
	out := rules{ownPolicy: kleene.False, policy: kleene.False, role: kleene.False}
	switch r.service {
	case "sts":
		out.caller, out.session, out.assume = r.name == "getcalleridentity", r.name == "getsessiontoken", r.name == "assumerole"
		if trustActions[r.name] {
			out.ownPolicy = r.isIn("iam", "role/")
		}
	case "kms":
		out.ownPolicy = r.isIn("kms", "key/")
	case "s3":
		out.bucket = true
		out.bucketPolicy = r.name == "getbucketpolicy" || r.name == "putbucketpolicy" || r.name == "deletebucketpolicy"
	case "iam":
		if policyChanges[r.name] {
			out.policy = r.isIn("iam", "policy/").And(r.ofAWS())
		}
		if roleChanges[r.name] {
			linked := r.isIn("iam", "role/aws-service-role/").And(kleene.Of(!strings.HasPrefix(r.name, "updaterole")))
			out.role = linked.Or(r.isIn("iam", "role/aws-reserved/"))
		}
	}
	out.controlled = action.RCP(r.service) && r.action != "kms:retiregrant"
	return out
}

// isIn tells whether the resource is one of a service whose name starts so.
func (r *Request) isIn(service, start string) kleene.Value {
	if !r.arn.ok {
		return kleene.Of(r.Partial).And(kleene.Unknown)
	}
	if r.arn.part[1] != service {
		return kleene.False
	}
	resource := r.arn.part[4]
	if r.Partial && len(resource) < len(start) && strings.HasPrefix(start, resource) {
		return kleene.Unknown
	}
	return kleene.Of(strings.HasPrefix(resource, start))
}

// ofAWS tells whether the resource belongs to AWS itself.
func (r *Request) ofAWS() kleene.Value {
	if !r.arn.ok {
		return kleene.Of(r.Partial).And(kleene.Unknown)
	}
	return kleene.Of(r.arn.part[3] == "aws")
}

// trustActions are decided by the trust policy of the role they are about.
// Source: AWS IAM User Guide, "Roles terms and concepts" and "Passing session tags".
var trustActions = map[string]bool{
	"assumerole": true, "assumerolewithsaml": true, "assumerolewithwebidentity": true, "tagsession": true, "setsourceidentity": true,
	"setcontext": true,
}

var policyChanges = map[string]bool{
	"createpolicy": true, "createpolicyversion": true, "deletepolicy": true, "deletepolicyversion": true,
	"setdefaultpolicyversion": true, "tagpolicy": true, "untagpolicy": true,
}

// roleChanges are refused for such roles; the description of a service-linked
// role may be edited all the same.
var roleChanges = map[string]bool{
	"createrole": true, "deleterole": true, "updaterole": true, "updateroledescription": true, "updateassumerolepolicy": true,
	"attachrolepolicy": true, "detachrolepolicy": true, "putrolepolicy": true, "deleterolepolicy": true,
	"putrolepermissionsboundary": true, "deleterolepermissionsboundary": true,
}

// always is set where no policy has a say: who am I, and, for those who have
// credentials of their own, a session of them. Source: AWS STS API Reference,
// GetCallerIdentity and GetSessionToken ("no permissions are required").
func (r *Request) always() bool {
	kind := r.Principal.Kind
	if r.rules.caller {
		return kind != KindAnonymous
	}
	return r.rules.session && (kind == KindUser || kind == KindRoot)
}

// refused is whether the service says no whatever policies say. Source: AWS IAM
// User Guide, "Service-linked roles", and AWS STS API Reference, AssumeRole ("you
// cannot use root credentials").
func (r *Request) refused() kleene.Value {
	who := r.Principal
	role := r.rules.role.And(kleene.Of(!who.ServiceLinked()))
	return r.rules.policy.Or(role).Or(kleene.Of(r.rules.assume && who.Kind == KindRoot))
}

// ownBucketPolicy is whether a bucket policy cannot lock its owner out.
// Source: Amazon S3 API Reference, PutBucketPolicy ("the root principal in a
// bucket owner's account can perform …, even if their bucket policy explicitly
// denies the root principal's access").
func (r *Request) ownBucketPolicy() kleene.Value {
	return r.sameAccount().And(kleene.Of(r.rules.bucketPolicy && r.Principal.Kind == KindRoot))
}
