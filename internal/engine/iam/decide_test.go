package iam

import (
	"encoding/json"
	"testing"

	"holdfast.dev/holdfast/internal/engine/iam/policy"
)

func compileJSON(t testing.TB, name, text string) *Policy {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, text)
	}
	return Compile(name, policy.Of(v))
}

// one is the set of one document of one statement.
func one(t testing.TB, statement string) *Set {
	return &Set{Policies: []*Policy{compileJSON(t, "p", `{"Version":"2012-10-17","Statement":[`+statement+`]}`)}}
}

func ask(t testing.TB, principal, action, resource string, context map[string][]string) *Request {
	t.Helper()
	p, err := ParsePrincipal(principal)
	if err != nil {
		t.Fatal(err)
	}
	r, err := NewRequest(Request{Principal: p, Action: action, Resource: resource, Account: "111122223333", Context: NewContext(context)})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

const (
	alice = "arn:aws:iam::111122223333:user/alice"
	other = "arn:aws:iam::444455556666:user/alice"
)

func TestDecide(t *testing.T) {
	read := `{"Effect":"Allow","Action":"s3:Get*","Resource":"arn:aws:s3:::b/*"}`
	all := `{"Effect":"Allow","Action":"*","Resource":"*"}`
	object := "arn:aws:s3:::b/k"
	for name, c := range map[string]struct {
		who  string
		p    Policies
		want Decision
		by   Layer
	}{
		"nothing":                {alice, Policies{}, ImplicitlyDenied, IdentityLayer},
		"identity":               {alice, Policies{Identity: *one(t, read)}, Allowed, IdentityLayer},
		"boundary does not":      {alice, Policies{Identity: *one(t, read), Boundary: one(t, `{"Effect":"Allow","Action":"ec2:*","Resource":"*"}`)}, ImplicitlyDenied, BoundaryLayer},
		"identity denies":        {alice, Policies{Identity: *one(t, read+`,{"Effect":"Deny","Action":"s3:*","Resource":"*"}`)}, ExplicitlyDenied, IdentityLayer},
		"scp does not":           {alice, Policies{Identity: *one(t, read), SCPs: []Set{*one(t, all), {}}}, ImplicitlyDenied, SCPLayer},
		"scp allows":             {alice, Policies{Identity: *one(t, read), SCPs: []Set{*one(t, all), *one(t, all)}}, Allowed, IdentityLayer},
		"across, identity alone": {other, Policies{Identity: *one(t, read)}, ImplicitlyDenied, ResourceLayer},
		"across, both": {other, Policies{Identity: *one(t, read), Resource: one(t,
			`{"Effect":"Allow","Principal":{"AWS":"444455556666"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}`)}, Allowed, IdentityLayer},
		"direct grant passes the boundary": {alice, Policies{Boundary: one(t, `{"Effect":"Allow","Action":"ec2:*","Resource":"*"}`), Resource: one(t,
			`{"Effect":"Allow","Principal":{"AWS":"`+alice+`"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}`)}, Allowed, ResourceLayer},
		"unseen policies": {alice, Policies{Identity: Set{Unseen: "not collected"}}, Unknown, IdentityLayer},
	} {
		t.Run(name, func(t *testing.T) {
			out := Decide(ask(t, c.who, "s3:GetObject", object, nil), &c.p)
			if out.Decision != c.want || out.Layer != c.by {
				t.Errorf("%v by %v, want %v by %v", out.Decision, out.Layer, c.want, c.by)
			}
		})
	}
}
