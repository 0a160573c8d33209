package iam_test

import (
	"fmt"
	"slices"
	"testing"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
)

// A policy of hundreds of actions finds each of them, and no other.
func TestTruthOfManyActions(t *testing.T) {
	d := &policy.Document{Version: policy.Version2012}
	for i := range 40 {
		s := policy.Statement{Effect: policy.Allow, Resources: texts("*")}
		for j := range 10 {
			s.Actions = append(s.Actions, policy.Text{Value: fmt.Sprintf("Test:Action%d", i*10+j)})
		}
		d.Statements = append(d.Statements, s)
	}
	d.Statements = append(d.Statements, policy.Statement{Effect: policy.Deny, Actions: texts("test:*7"), Resources: texts("*")})
	for i := range 420 {
		w := conditionWorld(policy.Allow, "Null", nil)
		w.identity, w.action = documents{d}, fmt.Sprintf("test:action%d", i)
		if got, want := w.engine(t).Decision, oracle(w); got != want {
			t.Errorf("%s: the engine says %v, the oracle %v", w.action, got, want)
		}
	}
}

// A request without a context has no key; what is derived is there.
func TestTruthOfNoContext(t *testing.T) {
	for condition, want := range map[string]iam.Decision{
		"Null test:key true": iam.Allowed, "StringEquals test:key x": iam.ImplicitlyDenied, "StringEquals aws:username alice": iam.Allowed, "StringEquals aws:PrincipalTag/team blue": iam.Allowed,
	} {
		var operator, key, value string
		if _, err := fmt.Sscan(condition, &operator, &key, &value); err != nil {
			t.Fatal(err)
		}
		w := conditionWorld(policy.Allow, operator, []string{value})
		w.identity[0].Statements[0].Conditions[0].Key = key
		req, p := w.question(t)
		req.Context = nil
		if got := iam.Decide(req, p).Decision; got != want {
			t.Errorf("%s: %v, expected %v", condition, got, want)
		}
	}
}

// What is known of the principal's organisation, and what is not.
func TestTruthOfOrganisations(t *testing.T) {
	in := func(p iam.Principal) *iam.Principal {
		p.Kind, p.ARN, p.Account, p.Name = iam.KindUser, "arn:aws:iam::111122223333:user/alice", ownAccount, "alice"
		return &p
	}
	for _, c := range []struct {
		who             *iam.Principal
		operator, key   string
		value           string
		want            iam.Decision
		anythingUnknown bool
	}{
		{in(iam.Principal{OrgSeen: true, OrgID: "o-1"}), "StringEquals", "aws:PrincipalOrgID", "o-1", iam.Allowed, false},
		{in(iam.Principal{OrgSeen: true, OrgID: "o-1"}), "StringEquals", "aws:PrincipalOrgID", "o-2", iam.ImplicitlyDenied, false},
		{in(iam.Principal{OrgSeen: true}), "StringEquals", "aws:PrincipalOrgID", "o-1", iam.ImplicitlyDenied, false},
		{in(iam.Principal{OrgSeen: true}), "StringNotEquals", "aws:PrincipalOrgID", "o-1", iam.Allowed, false},
		{in(iam.Principal{}), "StringNotEquals", "aws:PrincipalOrgID", "o-1", iam.Unknown, true},
		{in(iam.Principal{}), "Null", "aws:PrincipalOrgID", "true", iam.Unknown, true},
		{in(iam.Principal{OrgSeen: true, OrgID: "o-1"}), "Null", "aws:PrincipalOrgPaths", "true", iam.ImplicitlyDenied, true},
		{in(iam.Principal{OrgSeen: true, OrgID: "o-1"}), "ForAnyValue:StringLike", "aws:PrincipalOrgPaths", "o-1/*", iam.Unknown, true},
		{in(iam.Principal{OrgSeen: true, OrgID: "o-1", OrgPaths: []string{"o-1/r-1/ou-1/"}}), "ForAnyValue:StringLike", "aws:PrincipalOrgPaths", "o-1/*", iam.Allowed, false},
		{in(iam.Principal{OrgSeen: true}), "ForAnyValue:StringLike", "aws:PrincipalOrgPaths", "o-1/*", iam.ImplicitlyDenied, false},
		{in(iam.Principal{TagsSeen: true, Tags: map[string]string{"Team": "blue"}}), "StringEquals", "aws:PrincipalTag/team", "blue", iam.Allowed, false},
		{in(iam.Principal{}), "StringEquals", "aws:PrincipalTag/team", "blue", iam.Unknown, true},
		{in(iam.Principal{}), "StringLike", "aws:userid", "AIDA*", iam.Unknown, true},
		{in(iam.Principal{}), "Null", "aws:userid", "true", iam.ImplicitlyDenied, true},
		{iam.Service("sns.amazonaws.com"), "Null", "aws:PrincipalOrgID", "true", iam.Allowed, false},
		{iam.Anonymous(), "StringEquals", "aws:PrincipalType", "Anonymous", iam.Allowed, false},
		{iam.Anonymous(), "StringEquals", "aws:userid", "anonymous", iam.Allowed, false},
		{iam.Federated("accounts.google.com"), "Null", "aws:PrincipalType", "true", iam.Allowed, false},
	} {
		w := conditionWorld(policy.Allow, c.operator, []string{c.value})
		w.identity[0].Statements[0].Conditions[0].Key = c.key
		w.identity[0].Statements[0].Principals = []policy.Principal{policy.Named(policy.AWS, policy.Text{Value: "*"})}
		w.principal, w.attached, w.identity = c.who, &documents{w.identity[0]}, nil
		if got := w.engine(t).Decision; got != c.want {
			t.Errorf("%s %s %s of %+v: %v, expected %v", c.operator, c.key, c.value, *c.who, got, c.want)
		}
		if got := oracle(w); !c.anythingUnknown && got != c.want {
			t.Errorf("%s %s %s of %+v: the oracle says %v, expected %v", c.operator, c.key, c.value, *c.who, got, c.want)
		}
	}
}

// A value of which only the ends are known leaves open what it may be, and is shown
// with its gap.
func TestTruthOfPartialValues(t *testing.T) {
	for _, operator := range []string{"StringEquals", "StringLike", "NumericEquals", "IpAddress", "DateEquals", "Bool", "ArnLike", "Null"} {
		for _, state := range []iam.State{iam.Known, iam.Present, iam.Unseen} {
			w := conditionWorld(policy.Allow, operator, nil)
			w.identity[0].Statements[0].Conditions[0].Values = []policy.Text{{Value: "1", Partial: true, Suffix: "0"}}
			if state == iam.Known {
				w.context = map[string][]string{"test:key": {"10"}}
			} else {
				w.states = map[string]iam.State{"test:key": state}
			}
			req, p := w.question(t)
			e := iam.Explain(req, p)
			if got := iam.Decide(req, p).Decision; got != iam.Unknown || e.Decision != got {
				t.Errorf("%s of a partial value, key %d: %v", operator, state, got)
			}
			i := slices.IndexFunc(e.Layers, func(l iam.LayerTrace) bool { return l.Layer == iam.IdentityLayer })
			if want := e.Layers[i].Statements[0].Conditions[0].Want; !slices.Equal(want, []string{"1…0"}) {
				t.Errorf("%s is shown as %q", operator, want)
			}
		}
	}
}

// Of a resource only the start is known.
func TestTruthOfPartialResources(t *testing.T) {
	for _, c := range []struct {
		action, start, pattern string
		want                   iam.Decision
	}{
		{"s3:GetObject", "arn:aws:s3:::bucket/logs/", "arn:aws:s3:::bucket/*", iam.Allowed},
		{"s3:GetObject", "arn:aws:s3:::bucket/logs/", "arn:aws:s3:::bucket/logs/*", iam.Allowed},
		{"s3:GetObject", "arn:aws:s3:::bucket/logs/", "arn:aws:s3:::bucket/logs/a*", iam.Unknown},
		{"s3:GetObject", "arn:aws:s3:::bucket/logs/", "arn:aws:s3:::bucket/data/*", iam.ImplicitlyDenied},
		{"s3:GetObject", "arn:aws:s3:::bucket/logs/", "arn:aws:s3", iam.ImplicitlyDenied},
		{"s3:GetObject", "arn:aws:s3:::bucket/logs/", "arn:aws:s3:*", iam.Allowed},
		{"s3:GetObject", "arn:aws:s3:::bucket/logs/", "*", iam.Allowed},
		{"s3:GetObject", "arn:aws:s3:::b", "arn:aws:s3:::bucket", iam.Unknown},
		{"s3:GetObject", "arn:aws:s", "arn:aws:s3:::bucket", iam.Unknown},
		{"s3:GetObject", "", "*", iam.Allowed},
		{"kms:Decrypt", "arn:aws:kms:us-east-1:111122223333:", "*", iam.Unknown},       // a key needs its policy, an alias does not
		{"kms:Decrypt", "arn:aws:kms:us-east-1:111122223333:alias/", "*", iam.Allowed}, // not a key
		{"kms:Decrypt", "arn:aws:kms:us-east-1:111122223333:key/", "*", iam.ImplicitlyDenied},
		{"sts:AssumeRole", "arn:aws:iam::111122223333:role/", "*", iam.ImplicitlyDenied},
		{"sts:AssumeRole", "arn:aws:s3:::", "*", iam.Allowed},
		{"iam:DeletePolicy", "arn:aws:iam::", "*", iam.Unknown},
		{"iam:DeletePolicy", "arn:aws:iam::aws:policy/", "*", iam.ImplicitlyDenied},
		{"iam:DeletePolicy", "arn:aws:iam::111122223333:policy/", "*", iam.Allowed},
		{"iam:DeleteRole", "arn:aws:iam::111122223333:role/", "*", iam.Unknown},
		{"iam:DeleteRole", "arn:aws:iam::111122223333:role/x", "*", iam.Allowed},
		{"iam:DeleteRole", "arn:aws:iam::111122223333:role/aws-", "*", iam.Unknown},
		{"iam:DeleteRole", "arn:aws:iam::111122223333:role/aws-reserved/", "*", iam.ImplicitlyDenied},
	} {
		w := conditionWorld(policy.Allow, "Null", nil)
		w.identity[0].Statements[0].Actions, w.identity[0].Statements[0].Conditions = texts("*"), nil
		w.identity[0].Statements[0].Resources = texts(c.pattern)
		w.action, w.resource, w.partial = c.action, c.start, true
		if got := w.engine(t).Decision; got != c.want {
			t.Errorf("%s on %s… where %s is allowed: %v, expected %v", c.action, c.start, c.pattern, got, c.want)
		}
	}
}

// Explain names the keys that a request lacks, where that made a difference.
func TestTruthOfMissingKeys(t *testing.T) {
	for _, c := range []struct {
		name       string
		statements []string
		context    map[string][]string
		want       []string
	}{
		{"an Allow asks for it", []string{given("Allow", `{"StringEquals":{"test:Key":"x"}}`)}, nil, []string{"test:Key"}},
		{"two ask for two", []string{given("Allow", `{"StringEquals":{"test:b":"x"}}`), given("Allow", `{"Bool":{"test:a":"true"}}`)}, nil, []string{"test:a", "test:b"}},
		{"an Allow asks for two", []string{given("Allow", `{"StringEquals":{"test:a":"x","test:b":"x"}}`)}, nil, []string{"test:a", "test:b"}},
		{"an Allow wants it to be there", []string{given("Allow", `{"Null":{"test:key":"false"}}`)}, nil, []string{"test:key"}},
		{"it would not help beside what fails", []string{given("Allow", `{"StringEquals":{"test:key":"x","test:other":"x"}}`)}, map[string][]string{"test:other": {"y"}}, nil},
		{"an Allow asks for it, and a Deny holds", []string{given("Allow", `{"StringEquals":{"test:key":"x"}}`), `{"Effect":"Deny","Action":"*","Resource":"*"}`}, nil, nil},
		{"it is there and does not match", []string{given("Allow", `{"StringEquals":{"test:key":"x"}}`)}, map[string][]string{"test:key": {"y"}}, nil},
		{"a Deny holds without it", []string{allowAll, given("Deny", `{"StringNotEquals":{"test:key":"x"}}`)}, nil, []string{"test:key"}},
		{"an Allow does not need it", []string{given("Allow", `{"StringNotEquals":{"test:key":"x"}}`)}, nil, nil},
		{"another resource asks for it", []string{`{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::other","Condition":{"StringEquals":{"test:key":"x"}}}`}, nil, nil},
		{"another action asks for it", []string{`{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"test:key":"x"}}}`}, nil, nil},
	} {
		corner := corner{statements: c.statements, known: c.context}
		e := iam.Explain(corner.world(t).question(t))
		if !slices.Equal(e.Missing, c.want) {
			t.Errorf("%s: missing are %q, expected %q", c.name, e.Missing, c.want)
		}
	}
}

// Of the keys that were not seen Explain names those that decide.
func TestTruthOfUnseenKeysThatMatter(t *testing.T) {
	for _, c := range []struct {
		name       string
		statements []string
		want       []string
	}{
		{"one of two", []string{given("Allow", `{"StringEquals":{"test:a":"x"}}`), `{"Effect":"Deny","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"test:b":"x"}}}`}, []string{"test:a"}},
		{"both", []string{given("Allow", `{"StringEquals":{"test:a":"x","test:b":"x"}}`)}, []string{"test:a", "test:b"}},
		{"one that another statement makes up for", []string{given("Allow", `{"StringEquals":{"test:a":"x"}}`), given("Allow", `{"StringEquals":{"test:a":"x","test:b":"x"}}`)}, []string{"test:a"}},
		{"one that holds either way", []string{given("Allow", `{"Bool":{"test:a":"true"}}`), given("Deny", `{"Null":{"test:b":"true"},"StringEquals":{"test:b":"x"}}`)}, []string{"test:a"}},
	} {
		corner := corner{statements: c.statements}
		w := corner.world(t)
		w.states = map[string]iam.State{"test:a": iam.Unseen, "test:b": iam.Unseen}
		e := iam.Explain(w.question(t))
		if e.Decision != iam.Unknown || !slices.Equal(e.Missing, c.want) {
			t.Errorf("%s: %v, missing are %q, expected %q", c.name, e.Decision, e.Missing, c.want)
		}
	}
}

// Explain says which layers were not wholly seen, and why.
func TestTruthOfUnseenLayers(t *testing.T) {
	for _, c := range []struct{ set, doc, want string }{{"", "", ""}, {"denied", "", "denied"}, {"", "cut short", "cut short"}, {"denied", "cut short", "denied"}} {
		w := conditionWorld(policy.Allow, "Null", nil)
		w.identity = documents{everything()}
		w.identity[0].Unseen = c.doc
		if c.set != "" {
			w.unseen = map[string]string{"identity": c.set}
		}
		e := iam.Explain(w.question(t))
		i := slices.IndexFunc(e.Layers, func(l iam.LayerTrace) bool { return l.Layer == iam.IdentityLayer })
		if i < 0 || e.Layers[i].Unseen != c.want {
			t.Errorf("%+v: the trace says %+v", c, e.Layers)
		}
		if want := map[bool]iam.Decision{true: iam.Allowed, false: iam.Unknown}[c.want == ""]; e.Decision != want {
			t.Errorf("%+v: %v", c, e.Decision)
		}
	}
}

// The names of kinds of principals are those that are printed.
func TestTruthOfKinds(t *testing.T) {
	want := []string{"anonymous", "user", "role", "session", "federated-user", "root", "service", "federated"}
	for i, name := range want {
		if got := iam.Kind(i).String(); got != name {
			t.Errorf("kind %d is called %q, expected %q", i, got, name)
		}
	}
}
