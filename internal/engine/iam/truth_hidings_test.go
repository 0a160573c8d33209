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

// Of a principal only the ends are known: it may be the caller, its account, its
// unique id or everyone, and it may be none of them.
func TestTruthOfPartialPrincipals(t *testing.T) {
	for _, c := range []struct {
		kind       policy.Kind
		start, end string
		who        string
		want       iam.Decision
	}{
		{policy.AWS, "arn:aws:iam::111122223333:user/", "", "user", iam.Unknown},
		{policy.AWS, "arn:aws:iam::111122223333:", "ice", "user", iam.Unknown},
		{policy.AWS, "arn:aws:iam::111122223333:", "bob", "user", iam.ImplicitlyDenied},
		{policy.AWS, "arn:aws:iam::444455556666:", "", "user", iam.ImplicitlyDenied},
		{policy.AWS, "arn:aws:iam::111122223333:ro", "", "user", iam.Unknown}, // the root, or a role
		{policy.AWS, "1111", "", "user", iam.Unknown},
		{policy.AWS, "4444", "", "user", iam.ImplicitlyDenied},
		{policy.AWS, "AIDA", "", "user", iam.Unknown},
		{policy.AWS, "AROA", "", "user", iam.ImplicitlyDenied},
		{policy.AWS, "", "", "anonymous", iam.Unknown}, // it may be everyone
		{policy.AWS, "arn:", "", "anonymous", iam.ImplicitlyDenied},
		{policy.AWS, "arn:aws:iam::111122223333:role/", "dev", "session", iam.Unknown},
		{policy.Service, "sns.", "", "service", iam.Unknown},
		{policy.Service, "sqs.", "", "service", iam.ImplicitlyDenied},
		{policy.Federated, "accounts.", ".com", "federated", iam.Unknown},
		{policy.Federated, "cognito-", "", "federated", iam.ImplicitlyDenied},
	} {
		w := conditionWorld(policy.Allow, "Null", nil)
		w.identity, w.principal = nil, caller(c.who)
		w.principal.ID = "AIDAEXAMPLE"
		switch c.who {
		case "anonymous":
			w.principal = iam.Anonymous()
		case "service":
			w.principal = iam.Service("sns.amazonaws.com")
		case "federated":
			w.principal = iam.Federated("accounts.google.com")
		}
		s := policy.Statement{Effect: policy.Allow, Actions: texts("*"), Resources: texts("*")}
		s.Principals = []policy.Principal{{Kind: c.kind, Name: policy.Text{Value: c.start, Partial: true, Suffix: c.end}}}
		w.attached = &documents{{Version: policy.Version2012, Statements: []policy.Statement{s}}}
		if got := w.engine(t).Decision; got != c.want {
			t.Errorf("%s %s…%s and %s: %v, expected %v", c.kind, c.start, c.end, c.who, got, c.want)
		}
	}
}

// A resource control policy is about everyone, though it names nobody.
func TestTruthOfRCPWithoutPrincipal(t *testing.T) {
	for _, effect := range []policy.Effect{policy.Allow, policy.Deny} {
		w := &world{principal: caller("user"), account: ownAccount, action: "s3:GetObject", resource: "arn:aws:s3:::b/k", identity: documents{everything()}}
		d := everything()
		d.Statements[0].Effect = effect
		w.rcps = []documents{{d}}
		want := map[policy.Effect]iam.Decision{policy.Allow: iam.Allowed, policy.Deny: iam.ExplicitlyDenied}[effect]
		if got := w.engine(t).Decision; got != want {
			t.Errorf("%s: %v, expected %v", effect, got, want)
		}
	}
}
