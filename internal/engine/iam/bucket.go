package iam

import (
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam/policy"
	"holdfast.dev/holdfast/internal/kleene"
)

// Groups that an ACL can name. Source: Amazon S3 User Guide, "Access control list
// (ACL) overview".
const (
	allUsers      = "http://acs.amazonaws.com/groups/global/AllUsers"
	authenticated = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"
)

// aclActions are what a permission of an ACL lets one do, on a bucket and on an
// object. Source: the mapping table of the same page.
var aclActions = map[string][2][]string{
	"READ":      {{"s3:listbucket", "s3:listbucketversions", "s3:listbucketmultipartuploads"}, {"s3:getobject", "s3:getobjectversion"}},
	"WRITE":     {{"s3:putobject"}, nil},
	"READ_ACP":  {{"s3:getbucketacl"}, {"s3:getobjectacl", "s3:getobjectversionacl"}},
	"WRITE_ACP": {{"s3:putbucketacl"}, {"s3:putobjectacl", "s3:putobjectversionacl"}},
}

// grants is what the bucket's and the object's ACLs grant the caller.
func (b *Bucket) grants(req *Request) named {
	out := about(kleene.False)
	for i := range b.Grants {
		g := &b.Grants[i]
		if !g.covers(req.action) {
			continue
		}
		is, how := g.names(req.Principal)
		if g.Grantee == allUsers || g.Grantee == authenticated {
			is = is.And(b.IgnorePublicACLs.Not())
		}
		out[how] = out[how].Or(is.And(b.ACLsDisabled.Not()))
	}
	return out
}

func (g *Grant) covers(action string) bool {
	kind := 0
	if g.Object {
		kind = 1
	}
	if g.Permission == "FULL_CONTROL" {
		for _, actions := range aclActions {
			if slices.Contains(actions[kind], action) {
				return true
			}
		}
		return false
	}
	return slices.Contains(aclActions[g.Permission][kind], action)
}

func (g *Grant) names(who *Principal) (kleene.Value, grant) {
	switch {
	case g.Grantee == allUsers:
		return kleene.True, directly
	case g.Grantee == authenticated: // "all AWS accounts"
		return kleene.Of(who.Account != ""), byAccount
	case who.Account == "":
		return kleene.False, byAccount
	case who.CanonicalID == "":
		return kleene.Unknown, byAccount
	}
	return kleene.Of(who.CanonicalID == g.Grantee), byAccount
}

// blocks tells whether Block Public Access takes away what the bucket policy
// grants: RestrictPublicBuckets leaves a public policy to services and to the
// bucket's own account.
func (b *Bucket) blocks(set *Set, req *Request) kleene.Value {
	if set == nil || req.Principal.Kind == KindService {
		return kleene.False
	}
	public := kleene.False
	for _, p := range set.Policies {
		public = public.Or(p.public)
	}
	outside := kleene.True
	if req.Principal.Account != "" {
		outside = req.sameAccount().Not()
	}
	return b.RestrictPublicBuckets.And(public).And(outside)
}

// s3Public tells whether a policy is public in the sense of Amazon S3: it lets in
// everybody, and no condition narrows that to fixed values. A Deny elsewhere does
// not make it less so. Source: Amazon S3 User Guide, "The meaning of public".
func s3Public(doc *policy.Document) kleene.Value {
	result := kleene.False
	if doc.Unseen != "" {
		result = kleene.Unknown
	}
	for i := range doc.Statements {
		s := &doc.Statements[i]
		effect := kleene.Of(s.Effect == policy.Allow)
		if s.Effect == "" {
			effect = kleene.Unknown
		}
		result = result.Or(effect.And(toEveryone(s)).And(narrowed(s).Not()))
	}
	return result
}

func toEveryone(s *policy.Statement) kleene.Value {
	if s.NotPrincipals != nil {
		return kleene.True
	}
	for _, p := range s.Principals {
		if p.Kind == policy.Everyone {
			return kleene.True
		}
	}
	return kleene.Of(s.Unseen.Has(policy.PrincipalPart)).And(kleene.Unknown)
}

// narrowingKeys pin down who calls or from where.
var narrowingKeys = []string{
	"aws:principalorgid", "aws:principalorgpaths", "aws:principalarn", "aws:principalaccount", "aws:principalisawsservice",
	"aws:principalservicename", "aws:principalservicenameslist", "aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths",
	"aws:sourcevpc", "aws:sourcevpcarn", "aws:sourcevpce", "aws:vpceaccount", "aws:vpceorgid", "aws:vpceorgpaths", "aws:sourceip", "aws:vpcsourceip",
	"aws:userid", "s3:dataaccesspointarn", "s3:dataaccesspointaccount",
}

func narrowed(s *policy.Statement) kleene.Value {
	result := kleene.Of(s.Unseen.Has(policy.ConditionPart)).And(kleene.Unknown)
	for i := range s.Conditions {
		result = result.Or(narrows(&s.Conditions[i]))
	}
	return result
}

func narrows(c *policy.Condition) kleene.Value {
	op, ok := policy.ParseOperator(c.Operator)
	key := strings.ToLower(c.Key)
	if !ok || !slices.Contains(narrowingKeys, key) || op.IfExists || op.Set == policy.ForAllValues || !pins(op.Base) {
		return kleene.False
	}
	open := c.Unseen
	for _, v := range c.Values {
		switch {
		case v.Partial:
			open = true
		case !fixed(key, op.Base, v.Value):
			return kleene.False // one open value opens the condition
		}
	}
	if open {
		return kleene.Unknown
	}
	return kleene.Of(len(c.Values) > 0)
}

// pins tells whether an operator holds only for what it names.
func pins(b policy.Base) bool {
	switch b {
	case policy.StringEquals, policy.StringEqualsIgnoreCase, policy.StringLike, policy.ArnEquals, policy.ArnLike, policy.IPAddress, policy.Bool:
		return true
	}
	return false
}

// fixed tells whether a value names something rather than anything.
func fixed(key string, base policy.Base, value string) bool {
	wild := strings.ContainsAny(value, "*?") && base != policy.StringEquals && base != policy.StringEqualsIgnoreCase
	switch {
	case strings.Contains(value, "${"):
		return false
	case base == policy.Bool || key == "aws:principalisawsservice":
		return strings.EqualFold(value, "true")
	case key == "aws:sourceip" || key == "aws:vpcsourceip":
		return narrowNetwork(value)
	case strings.HasSuffix(key, "arn"):
		a := splitARN(value)
		return a.ok && a.part[3] != "" && !strings.ContainsAny(a.part[3], "*?") || a.ok && a.part[3] == "" && !strings.ContainsAny(value, "*?")
	case key == "aws:userid":
		id, _, _ := strings.Cut(value, ":")
		return !wild || len(id) >= 16 && !strings.ContainsAny(id, "*?")
	case strings.HasSuffix(key, "orgpaths"):
		org, _, ok := strings.Cut(value, "/")
		return ok && !strings.ContainsAny(org, "*?")
	case strings.HasPrefix(key, "aws:principalservicename"):
		return strings.HasSuffix(value, ".amazonaws.com") || strings.HasSuffix(value, ".amazonaws.com.cn")
	}
	return !wild
}

// narrowNetwork tells whether a range is narrower than what Amazon S3 calls too
// broad: /0 to /7 of IPv4 and /0 to /31 of IPv6.
func narrowNetwork(value string) bool {
	p, ok := parseNetwork(value)
	if !ok {
		return false
	}
	if p.Addr().Is4() {
		return p.Bits() >= 8
	}
	return p.Bits() >= 32 || p.Addr().IsPrivate()
}
