package access

import (
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/kleene"
)

// block is what a public access block does to requests; the other two settings
// only refuse changes.
type block struct{ restrict, ignore kleene.Value }

func blockOf(p map[string]any) block {
	return block{truth(p["RestrictPublicBuckets"], kleene.False), truth(p["IgnorePublicAcls"], kleene.False)}
}

// truth is a property that is true or false; absent has a meaning of its own.
func truth(v any, absent kleene.Value) kleene.Value {
	switch v := v.(type) {
	case nil:
		return absent
	case bool:
		return kleene.Of(v)
	}
	return kleene.Unknown
}

// block is the public access block of an account.
func (l *loader) block(account string) block {
	if b, ok := l.blocks[account]; ok {
		return b
	}
	if l.from.Alone || l.estate.seen.missing(account, typeAccountBlock) == "" {
		return block{kleene.False, kleene.False}
	}
	return block{}
}

// bucketDraft is what a bucket says beside its policy.
type bucketDraft struct {
	block
	disabled kleene.Value
	grants   []iam.Grant
	hidden   bool // there may be any grants
}

func bucketOf(r *evidence.Resource) bucketDraft {
	d := bucketDraft{disabled: ownership(r)}
	switch own := r.Properties["PublicAccessBlockConfiguration"].(type) {
	case map[string]any:
		d.block = blockOf(own)
	case nil:
		// Since April 2023 new buckets are blocked unless told otherwise, so what a
		// template does not say depends on the age of the bucket.
		if r.Origin == nil {
			d.block = block{kleene.False, kleene.False}
		}
	}
	observed, _ := r.Properties["Observed"].(map[string]any)
	grants, seen := observed["AclGrants"].([]any)
	d.hidden = !seen && r.Origin == nil && d.disabled != kleene.True
	for _, g := range grants {
		grant, _ := g.(map[string]any)
		d.grants = append(d.grants, iam.Grant{Grantee: text(grant["Grantee"]), Permission: text(grant["Permission"])})
	}
	return d
}

// allUsers is everybody, as access control lists name them.
const allUsers = "http://acs.amazonaws.com/groups/global/AllUsers"

// owners are the canonical ids of accounts. No evidence tells them, but a bucket's
// list grants its owner everything unless that was taken away: what two buckets
// of an account or more agree on is the owner.
func (l *loader) owners() map[string]string {
	common, buckets := map[string][]string{}, map[string]int{}
	for _, d := range l.objects {
		account := d.object.Account
		var ids []string
		for _, g := range d.bucket.grants {
			if g.Permission == "FULL_CONTROL" && !strings.Contains(g.Grantee, "/") {
				ids = append(ids, g.Grantee)
			}
		}
		if len(d.bucket.grants) == 0 || account == "" {
			continue
		}
		if buckets[account]++; buckets[account] == 1 {
			common[account] = ids
			continue
		}
		common[account] = slices.DeleteFunc(common[account], func(id string) bool { return !slices.Contains(ids, id) })
	}
	out := map[string]string{}
	for account, ids := range common {
		if len(ids) == 1 && buckets[account] > 1 {
			out[account] = ids[0]
		}
	}
	return out
}

// ownership tells whether access control lists are out of force.
func ownership(r *evidence.Resource) kleene.Value {
	controls, known := property(r.Properties, "OwnershipControls/Rules")
	if !known {
		return kleene.Unknown
	}
	if controls == nil {
		if r.Origin != nil {
			return kleene.Unknown // as with the public access block
		}
		return kleene.False
	}
	for _, rule := range listOf(controls) {
		fields, ok := rule.(map[string]any)
		if !ok {
			return kleene.Unknown
		}
		switch v := fields["ObjectOwnership"].(type) {
		case string:
			return kleene.Of(v == "BucketOwnerEnforced")
		default:
			return kleene.Unknown
		}
	}
	return kleene.False
}

// with adds the block of the account (the stricter of the two holds), and takes
// away what is granted to the owner, whose own policies decide.
func (d *bucketDraft) with(account block, owner string) *iam.Bucket {
	b := &iam.Bucket{
		RestrictPublicBuckets: d.restrict.Or(account.restrict), IgnorePublicACLs: d.ignore.Or(account.ignore), ACLsDisabled: d.disabled,
	}
	for _, g := range d.grants {
		if g.Grantee != owner || owner == "" {
			b.Grants = append(b.Grants, g)
		}
	}
	if d.hidden {
		// Whatever can be granted may be; whether the lists are in force at all is
		// what stands for not knowing it.
		b.ACLsDisabled = kleene.Unknown
		for _, object := range []bool{false, true} {
			b.Grants = append(b.Grants, iam.Grant{Grantee: allUsers, Permission: "FULL_CONTROL", Object: object}, iam.Grant{Grantee: "not seen", Permission: "FULL_CONTROL", Object: object})
		}
	}
	return b
}
