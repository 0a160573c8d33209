package iam_test

import (
	"strings"
	"testing"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
	"holdfast.dev/holdfast/internal/kleene"
)

// Which bucket policies Amazon S3 takes for public.
func TestTruthOfPublicPolicies(t *testing.T) {
	for _, line := range truthTable(t, "public.txt") {
		f := strings.Fields(line.text)
		if len(f) != 5 || f[4] != "yes" && f[4] != "no" {
			t.Fatalf("public.txt:%d: %q is no row", line.number, line.text)
		}
		s := policy.Statement{Effect: policy.Allow, Actions: texts("s3:ListBucket"), Resources: texts("*")}
		if f[0] == "NOT" {
			s.NotPrincipals = []policy.Principal{policy.Named(policy.AWS, policy.Text{Value: otherAccount})}
		} else {
			s.Principals = []policy.Principal{policy.Named(policy.AWS, policy.Text{Value: f[0]})}
		}
		if f[1] != "-" {
			s.Conditions = []policy.Condition{{Operator: f[1], Key: f[2], Values: texts(strings.Split(f[3], "|")...)}}
		}
		named := policy.Statement{Effect: policy.Allow, Actions: texts("s3:GetObject"), Resources: texts("*"), Principals: []policy.Principal{policy.Named(policy.AWS, policy.Text{Value: ownAccount})}}
		w := &world{
			principal: caller("user"), action: "s3:GetObject", resource: "arn:aws:s3:::bucket/key", account: otherAccount,
			identity: documents{everything()}, attached: &documents{{Version: policy.Version2012, Statements: []policy.Statement{named, s}}},
		}
		for _, shut := range []kleene.Value{kleene.False, kleene.True, kleene.Unknown} {
			w.bucket = &iam.Bucket{RestrictPublicBuckets: shut, IgnorePublicACLs: kleene.False, ACLsDisabled: kleene.True}
			want := iam.Allowed
			if f[4] == "yes" && shut != kleene.False {
				want = map[kleene.Value]iam.Decision{kleene.True: iam.ImplicitlyDenied, kleene.Unknown: iam.Unknown}[shut]
			}
			if got := w.engine(t); got.Decision != want {
				t.Errorf("public.txt:%d: %s: with RestrictPublicBuckets %v the engine says %v (%v), expected %v", line.number, line.text, shut, got.Decision, got.Layer, want)
			}
			if got := oracle(w); shut != kleene.Unknown && got != want {
				t.Errorf("public.txt:%d: %s: the oracle says %v", line.number, line.text, got)
			}
		}
		// Services and the bucket's own account are never shut out.
		w.bucket.RestrictPublicBuckets = kleene.True
		(*w.attached)[0].Statements[0].Principals = append(named.Principals, policy.Principal{Kind: policy.Service, Name: policy.Text{Value: "sns.amazonaws.com"}})
		w.principal = iam.Service("sns.amazonaws.com")
		if got := w.engine(t).Decision; got != iam.Allowed {
			t.Errorf("public.txt:%d: %s: to a service the engine says %v", line.number, line.text, got)
		}
	}
}

func everything() *policy.Document {
	return &policy.Document{Version: policy.Version2012, Statements: []policy.Statement{{Effect: policy.Allow, Actions: texts("*"), Resources: texts("*")}}}
}

// What ACLs grant, and that they do not where they are disabled or, to the public,
// ignored.
func TestTruthOfACLs(t *testing.T) {
	for _, line := range truthTable(t, "acl.txt") {
		f := strings.Fields(line.text)
		if len(f) != 6 {
			t.Fatalf("acl.txt:%d: %q is no row", line.number, line.text)
		}
		w := aclWorld(f[0], f[1], f[2], f[3], f[4])
		if got := oracle(w).String(); got != f[5] {
			t.Errorf("acl.txt:%d: %s: the oracle says %v", line.number, line.text, got)
		}
		if got := w.engine(t); got.Decision.String() != f[5] {
			t.Errorf("acl.txt:%d: %s: the engine says %v (%v)", line.number, line.text, got.Decision, got.Layer)
		}
		public := f[2] == "everybody" || f[2] == "signed"
		for name, set := range map[string]func(kleene.Value){
			"ACLs disabled": func(v kleene.Value) { w.bucket.ACLsDisabled = v }, "public ACLs ignored": func(v kleene.Value) { w.bucket.IgnorePublicACLs = v },
		} {
			for _, v := range []kleene.Value{kleene.True, kleene.Unknown} {
				set(v)
				want := f[5]
				if want == "Allowed" && f[3] != "root" && (public || name == "ACLs disabled") {
					want = map[kleene.Value]string{kleene.True: "ImplicitlyDenied", kleene.Unknown: "Unknown"}[v]
				}
				if got := w.engine(t).Decision.String(); got != want {
					t.Errorf("acl.txt:%d: %s: with %s %v the engine says %v", line.number, line.text, name, v, got)
				}
				set(kleene.False)
			}
		}
	}
}

func aclWorld(permission, on, grantee, who, action string) *world {
	w := &world{principal: caller("user"), action: action, resource: "arn:aws:s3:::bucket", account: otherAccount}
	if strings.Contains(action, "Object") {
		w.resource += "/key"
	}
	w.principal.CanonicalID = "c0ffee"
	switch who {
	case "anonymous":
		w.principal = iam.Anonymous()
	case "cross":
		w.identity = documents{everything()}
	case "own":
		w.account = ownAccount
	case "root":
		w.account, w.principal = ownAccount, caller("root")
	}
	uri := map[string]string{
		"everybody": "http://acs.amazonaws.com/groups/global/AllUsers", "signed": "http://acs.amazonaws.com/groups/global/AuthenticatedUsers", "us": "c0ffee", "them": "decaf0",
	}[grantee]
	w.bucket = &iam.Bucket{
		RestrictPublicBuckets: kleene.False, IgnorePublicACLs: kleene.False, ACLsDisabled: kleene.False,
		Grants: []iam.Grant{{Grantee: uri, Permission: permission, Object: on == "object"}},
	}
	return w
}
