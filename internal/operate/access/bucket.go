package access

import (
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
	hidden   string // why there may be more grants
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
	if !seen && r.Origin == nil && d.disabled != kleene.True {
		d.hidden = reason(observed["AclGrants"], "the access control list was not seen")
	}
	for _, g := range grants {
		grant, _ := g.(map[string]any)
		d.grants = append(d.grants, iam.Grant{Grantee: text(grant["Grantee"]), Permission: text(grant["Permission"])})
	}
	return d
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

// with adds the block of the account: the stricter of the two holds.
func (d bucketDraft) with(account block) *iam.Bucket {
	return &iam.Bucket{
		RestrictPublicBuckets: d.restrict.Or(account.restrict), IgnorePublicACLs: d.ignore.Or(account.ignore),
		ACLsDisabled: d.disabled, Grants: d.grants,
	}
}
