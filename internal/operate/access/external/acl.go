package external

import (
	"maps"
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam/exposure"
	"holdfast.dev/holdfast/internal/kleene"
	"holdfast.dev/holdfast/internal/operate/access"
)

// Groups that an ACL can name. Source: Amazon S3 User Guide, "Access control list
// (ACL) overview".
const (
	everyUser     = "http://acs.amazonaws.com/groups/global/AllUsers"
	authenticated = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"
	groups        = "http://acs.amazonaws.com/groups/"
)

// acl is about the access control list of a bucket.
func (f *finder) acl(o *access.Object) {
	granted := map[string][]string{}
	for _, g := range o.Bucket.Grants {
		granted[g.Grantee] = append(granted[g.Grantee], g.Permission)
	}
	for _, grantee := range slices.Sorted(maps.Keys(granted)) {
		x := Finding{
			Resource: o.ARN, Type: o.Type, Account: o.Account, Region: o.Region, Means: ByACL, Statement: -1,
			Actions: granted[grantee], Known: o.Bucket.ACLsDisabled.Not(),
		}
		if o.Bucket.ACLsDisabled != kleene.False {
			x.Restricted = append(x.Restricted, seen(o.Bucket.ACLsDisabled, "object ownership puts access control lists out of force"))
		}
		switch {
		case grantee == everyUser || grantee == authenticated:
			x.Who, x.Public, x.CrossAccount, x.External = exposure.Who{Kind: exposure.Everyone, Name: "*"}, true, kleene.True, kleene.True
			if grantee == authenticated {
				x.Conditions = []string{"only with an AWS account"}
			}
			if ignored := o.Bucket.IgnorePublicACLs; ignored != kleene.False {
				x.Known = x.Known.And(ignored.Not())
				x.Restricted = append(x.Restricted, seen(ignored, "Block Public Access (IgnorePublicAcls) takes it back"))
			}
		case strings.HasPrefix(grantee, groups), grantee == "", grantee == f.owners[o.Account]:
			continue // AWS's own delivery of logs, and the owner
		default:
			x.Who = exposure.Who{Kind: exposure.CanonicalID, Name: grantee}
		}
		if f.outside(&x) {
			f.add(x)
		}
	}
}

func seen(v kleene.Value, what string) string {
	if v == kleene.True {
		return what
	}
	return "not seen whether " + what
}

// owners finds the canonical id of each account. AWS does not say it with a
// bucket, but gives the owner FULL_CONTROL of every new one: an id that has it on
// all buckets of an account which grant it to anybody is taken to be the owner's.
func owners(e *access.Estate) map[string]string {
	counts := map[string]map[string]int{}
	total := map[string]int{}
	for _, o := range e.Objects() {
		if o.Bucket == nil {
			continue
		}
		full := map[string]bool{}
		for _, g := range o.Bucket.Grants {
			if g.Permission == "FULL_CONTROL" && !strings.HasPrefix(g.Grantee, groups) {
				full[g.Grantee] = true
			}
		}
		if len(full) == 0 {
			continue
		}
		total[o.Account]++
		if counts[o.Account] == nil {
			counts[o.Account] = map[string]int{}
		}
		for id := range full {
			counts[o.Account][id]++
		}
	}
	out := map[string]string{}
	for account, ids := range counts {
		var always []string
		for id, n := range ids {
			if n == total[account] {
				always = append(always, id)
			}
		}
		if len(always) == 1 { // of several, one is a stranger's
			out[account] = always[0]
		}
	}
	return out
}
