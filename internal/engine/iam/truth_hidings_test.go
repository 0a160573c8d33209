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

// What AWS would not have accepted is not taken for a grant: a resource policy that
// names nobody, an identity policy about nothing.
func TestTruthOfWhatIsNoPolicy(t *testing.T) {
	w := conditionWorld(policy.Allow, "Null", nil)
	w.identity, w.attached = nil, &documents{everything()}
	for _, who := range []*iam.Principal{iam.Anonymous(), caller("user"), caller("session")} {
		w.principal = who
		if got := w.engine(t).Decision; got != iam.Unknown {
			t.Errorf("an Allow to nobody, asked by %s: %v", who.Kind, got)
		}
	}
	for _, layer := range []string{"identity", "boundary", "session", "scp", "trust"} {
		w := conditionWorld(policy.Allow, "Null", nil)
		bare := &policy.Document{Version: policy.Version2012, Statements: []policy.Statement{{Effect: policy.Allow, Actions: texts("*")}}}
		w.identity, w.principal = documents{everything()}, caller("session")
		want := iam.Unknown
		switch layer {
		case "identity":
			w.identity = documents{bare}
		case "boundary":
			w.boundary = &documents{bare}
		case "session":
			w.session = &documents{bare}
		case "scp":
			w.scps = []documents{{bare}}
		case "trust":
			bare.Statements[0].Principals = []policy.Principal{policy.Named(policy.AWS, policy.Text{Value: ownAccount})}
			w.attached, w.action, w.resource, want = &documents{bare}, "sts:AssumeRole", "arn:aws:iam::111122223333:role/target", iam.Allowed
		}
		if got := w.engine(t).Decision; got != want {
			t.Errorf("an Allow on no resource, in %s: %v, expected %v", layer, got, want)
		}
	}
}

// The path of a session's role is not in its ARN, but the names of service-linked
// roles are kept for them.
func TestTruthOfServiceLinkedSessions(t *testing.T) {
	for arn, want := range map[string]iam.Decision{
		"arn:aws:sts::111122223333:assumed-role/AWSServiceRoleForSupport/s": iam.Allowed, "arn:aws:sts::111122223333:assumed-role/dev/s": iam.ImplicitlyDenied,
		"arn:aws:iam::111122223333:role/aws-service-role/support.amazonaws.com/AWSServiceRoleForSupport": iam.Allowed, "arn:aws:iam::111122223333:role/dev": iam.ImplicitlyDenied,
	} {
		p, err := iam.ParsePrincipal(arn)
		if err != nil {
			t.Fatal(err)
		}
		w := conditionWorld(policy.Allow, "Null", nil)
		w.principal, w.identity, w.scps = p, documents{everything()}, []documents{{}}
		if got := w.engine(t).Decision; got != want {
			t.Errorf("%s under an SCP that allows nothing: %v, expected %v", arn, got, want)
		}
	}
}
