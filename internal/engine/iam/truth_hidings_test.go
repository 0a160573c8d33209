package iam_test

import (
	"testing"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
)

// Two hidings that random worlds meet once in a hundred thousand times.
func TestTruthOfRareHidings(t *testing.T) {
	// An effect that was not seen may be Deny, and a Deny with NotPrincipal spares
	// nobody who has a permissions boundary.
	w := conditionWorld(policy.Allow, "Null", nil)
	s := policy.Statement{Unseen: policy.EffectPart, Actions: texts("*"), Resources: texts("*"), NotPrincipals: []policy.Principal{policy.Named(policy.AWS, policy.Text{Value: ownAccount})}}
	w.attached = &documents{{Version: policy.Version2012, Statements: []policy.Statement{s}}}
	w.identity, w.boundary = documents{everything()}, &documents{everything()}
	if got := w.engine(t).Decision; got != iam.Unknown {
		t.Errorf("an effect that was not seen, with a boundary: %v", got)
	}
	if w.boundary = nil; w.engine(t).Decision != iam.Allowed {
		t.Errorf("an effect that was not seen, without a boundary: %v", w.engine(t).Decision)
	}
	// Whether the bucket is of root's own account decides whether its policy can
	// lock root out.
	w = conditionWorld(policy.Allow, "Null", nil)
	s = policy.Statement{Effect: policy.Deny, Actions: texts("s3:*"), Resources: texts("*"), Principals: []policy.Principal{policy.Named(policy.AWS, policy.Text{Value: "*"})}}
	w.identity, w.attached = nil, &documents{{Version: policy.Version2012, Statements: []policy.Statement{s}}}
	w.principal, w.action, w.resource = caller("root"), "s3:PutBucketPolicy", "arn:aws:s3:::bucket"
	for account, want := range map[string]iam.Decision{ownAccount: iam.Allowed, otherAccount: iam.ExplicitlyDenied, "": iam.Unknown} {
		w.account = account
		if got := w.engine(t).Decision; got != want {
			t.Errorf("root and the policy of a bucket of account %q: %v, expected %v", account, got, want)
		}
	}
}
