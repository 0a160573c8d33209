package iam_test

import (
	"net"
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
)

// policyShut: with RestrictPublicBuckets a public policy serves only services and
// the bucket's own account. Amazon S3 User Guide, "Blocking public access".
func (o *reading) policyShut() bool {
	if o.bucket == nil || !isTrue(o.bucket.RestrictPublicBuckets) || !o.public() {
		return false
	}
	return o.principal.Kind != iam.KindService && o.principal.Account != o.account
}

// public: "Amazon S3 begins by assuming that the policy is public", and takes it
// back where every Allow names fixed principals or fixed values of certain keys.
func (o *reading) public() bool {
	for _, d := range *o.attached {
		for i := range d.Statements {
			s := &d.Statements[i]
			if s.Effect == policy.Allow && anybody(s) && !narrowed(s) {
				return true
			}
		}
	}
	return false
}

func anybody(s *policy.Statement) bool {
	return s.NotPrincipals != nil || slices.ContainsFunc(s.Principals, func(p policy.Principal) bool { return p.Kind == policy.Everyone })
}

var narrowingKeys = []string{
	"aws:sourceip", "aws:sourcearn", "aws:sourcevpc", "aws:sourcevpce", "aws:sourceowner", "aws:sourceaccount", "aws:userid",
	"aws:principalorgid", "aws:principalorgpaths", "aws:principalarn", "aws:principalaccount", "s3:dataaccesspointarn", "s3:dataaccesspointaccount",
}

func narrowed(s *policy.Statement) bool {
	return slices.ContainsFunc(s.Conditions, func(c policy.Condition) bool {
		if !slices.Contains(narrowingKeys, strings.ToLower(c.Key)) || len(c.Values) == 0 {
			return false
		}
		switch strings.ToLower(c.Operator) {
		case "stringequals", "stringlike", "arnequals", "arnlike", "ipaddress", "stringequalsignorecase", "foranyvalue:stringlike":
		default:
			return false
		}
		return !slices.ContainsFunc(c.Values, func(t policy.Text) bool {
			if _, network, err := net.ParseCIDR(t.Value); err == nil {
				ones, bits := network.Mask.Size()
				return bits == 32 && ones < 8 || bits == 128 && ones < 32
			}
			if parts := strings.SplitN(t.Value, ":", 6); len(parts) == 6 && parts[4] != "" {
				return strings.ContainsAny(parts[4], "*?$") // what belongs to one account
			}
			if strings.HasSuffix(strings.ToLower(c.Key), "orgpaths") {
				return strings.HasPrefix(t.Value, "*")
			}
			return strings.ContainsAny(t.Value, "*?$") || c.Operator == "IpAddress" && net.ParseIP(t.Value) == nil
		})
	})
}

// What an ACL's permission lets one do. Amazon S3 User Guide, "Access control list
// (ACL) overview", mapping of ACL permissions and policy actions.
var aclActions = map[string][2][]string{ // permission: on the bucket, on the object
	"READ":      {{"s3:listbucket", "s3:listbucketversions", "s3:listbucketmultipartuploads"}, {"s3:getobject", "s3:getobjectversion"}},
	"WRITE":     {{"s3:putobject"}, nil},
	"READ_ACP":  {{"s3:getbucketacl"}, {"s3:getobjectacl", "s3:getobjectversionacl"}},
	"WRITE_ACP": {{"s3:putbucketacl"}, {"s3:putobjectacl", "s3:putobjectversionacl"}},
}

// aclGrant is what the access control lists give: they name accounts, everybody who
// is signed in, or everybody.
func (o *reading) aclGrant() naming {
	if o.bucket == nil || isTrue(o.bucket.ACLsDisabled) {
		return namesNobody
	}
	best := namesNobody
	for _, g := range o.bucket.Grants {
		on := 0
		if g.Object {
			on = 1
		}
		if permits(g.Permission, on, strings.ToLower(o.action)) {
			best = max(best, o.grantee(g.Grantee))
		}
	}
	return best
}

func permits(permission string, on int, action string) bool {
	if permission != "FULL_CONTROL" {
		return slices.Contains(aclActions[permission][on], action)
	}
	for _, actions := range aclActions {
		if slices.Contains(actions[on], action) {
			return true
		}
	}
	return false
}

func (o *reading) grantee(grantee string) naming {
	ignored := isTrue(o.bucket.IgnorePublicACLs)
	switch {
	case strings.HasSuffix(grantee, "/groups/global/AllUsers"):
		return directlyIf(!ignored)
	case strings.HasSuffix(grantee, "/groups/global/AuthenticatedUsers"):
		if !ignored && o.hasIdentity() {
			return namesAccount // "all AWS accounts"
		}
		return namesNobody
	}
	if o.hasIdentity() && o.principal.CanonicalID != "" && grantee == o.principal.CanonicalID {
		return namesAccount
	}
	return namesNobody
}
