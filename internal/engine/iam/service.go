package iam

import (
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam/action"
	"holdfast.dev/holdfast/internal/kleene"
)

// rules are what services do differently for an action and a resource.
type rules struct {
	// ownPolicy is set where the resource's policy has to agree even within one
	// account: the trust policy of a role, the key policy of a KMS key.
	ownPolicy bool
	// controlled is set where resource control policies reach the action.
	controlled bool
	// caller and session are set for sts:GetCallerIdentity and sts:GetSessionToken.
	caller, session bool
	// bucketPolicy is set for what the root of a bucket's account may always do.
	bucketPolicy bool
	// policy and role are set for changes of what only AWS itself changes: its
	// managed policies, service-linked roles and the roles of IAM Identity Center.
	policy, role bool
	assume       bool // sts:AssumeRole, which root may not call
	bucket       bool // the action concerns a bucket or its objects
}

func rulesOf(r *Request) rules {
	var out rules
	switch r.service {
	case "sts":
		out.assume = r.name == "assumerole"
		out.caller = r.name == "getcalleridentity"
		out.session = r.name == "getsessiontoken"
		out.ownPolicy = r.arn.part[1] == "iam" && strings.HasPrefix(r.arn.part[4], "role/") && trustActions[r.name]
	case "kms":
		out.ownPolicy = r.arn.part[1] == "kms" && strings.HasPrefix(r.arn.part[4], "key/")
	case "s3":
		out.bucket = r.arn.part[1] == "s3"
		out.bucketPolicy = r.name == "getbucketpolicy" || r.name == "putbucketpolicy" || r.name == "deletebucketpolicy"
	case "iam":
		resource := r.arn.part[4]
		out.policy = r.arn.part[3] == "aws" && strings.HasPrefix(resource, "policy/") && policyChanges[r.name]
		out.role = (strings.HasPrefix(resource, "role/aws-service-role/") || strings.HasPrefix(resource, "role/aws-reserved/")) && roleChanges[r.name]
	}
	out.controlled = action.RCP(r.service) && r.action != "kms:retiregrant"
	return out
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

// refused is set where the service says no whatever policies say. Source: AWS IAM
// User Guide, "Service-linked roles", and AWS STS API Reference, AssumeRole ("you
// cannot use root credentials").
func (r *Request) refused() bool {
	return r.rules.policy || r.rules.role && !r.Principal.ServiceLinked() || r.rules.assume && r.Principal.Kind == KindRoot
}

// ownBucketPolicy is set where a bucket policy cannot lock its owner out.
// Source: Amazon S3 API Reference, PutBucketPolicy ("the root principal in a
// bucket owner's account can perform …, even if their bucket policy explicitly
// denies the root principal's access").
func (r *Request) ownBucketPolicy() bool {
	return r.rules.bucketPolicy && r.Principal.Kind == KindRoot && r.sameAccount() == kleene.True
}
