package iam_test

import (
	"strings"
	"testing"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
	"holdfast.dev/holdfast/internal/kleene"
)

// What an ARN says of a principal.
func TestTruthOfPrincipals(t *testing.T) {
	for _, c := range []struct {
		arn  string
		kind iam.Kind
		name string
		role string
	}{
		{"111122223333", iam.KindRoot, "", ""},
		{"arn:aws:iam::111122223333:root", iam.KindRoot, "root", ""},
		{"arn:aws:iam::111122223333:user/alice", iam.KindUser, "alice", ""},
		{"arn:aws:iam::111122223333:user/a/path/alice", iam.KindUser, "alice", ""},
		{"arn:aws-cn:iam::111122223333:role/path/dev", iam.KindRole, "dev", "arn:aws-cn:iam::111122223333:role/path/dev"},
		{"arn:aws-us-gov:sts::111122223333:assumed-role/dev/work", iam.KindSession, "work", "arn:aws-us-gov:iam::111122223333:role/dev"},
		{"arn:aws:sts::111122223333:federated-user/carol", iam.KindFederatedUser, "carol", ""},
	} {
		p, err := iam.ParsePrincipal(c.arn)
		if err != nil {
			t.Errorf("%s: %v", c.arn, err)
			continue
		}
		if p.Kind != c.kind || p.Account != ownAccount || p.Role != c.role || c.name != "root" && p.Name != c.name {
			t.Errorf("%s is read as %+v", c.arn, p)
		}
	}
	for _, arn := range []string{
		"", "*", "alice", "11112222333", "11112222333x", "1111222233334", "arn:aws:iam::111122223333", "arn:aws:iam::111122223333:user/", "arn:aws:iam::111122223333:user/*", "arn:aws:iam::111122223333:role/d?v",
		"arn:aws:iam:us-east-1:111122223333:user/alice", "arn:aws:iam::1:user/alice", "arn:aws:s3:::bucket", "arn:aws:ec2::111122223333:user/alice", "nra:aws:iam::111122223333:user/alice",
		"arn:aws:sts::111122223333:assumed-role/dev", "arn:aws:sts::111122223333:assumed-role/dev/", "arn:aws:sts::111122223333:user/alice", "arn:aws:iam::111122223333:group/g", "arn:aws:iam::111122223333:federated-user/x",
	} {
		if p, err := iam.ParsePrincipal(arn); err == nil {
			t.Errorf("%q is read as %+v", arn, p)
		} else if arn != "" && !strings.Contains(err.Error(), arn) {
			t.Errorf("the error about %q does not name it: %v", arn, err)
		}
	}
}

// What is no request is refused, and says why.
func TestTruthOfRequests(t *testing.T) {
	whole := iam.Request{Principal: iam.Anonymous(), Action: "s3:GetObject", Resource: "arn:aws:s3:::b/k", Account: ownAccount}
	for want, change := range map[string]func(*iam.Request){
		"principal": func(r *iam.Request) { r.Principal = nil }, "is not one action": func(r *iam.Request) { r.Action = "GetObject" },
		`"s3:Get*"`: func(r *iam.Request) { r.Action = "s3:Get*" }, `"s3:"`: func(r *iam.Request) { r.Action = "s3:" }, `":x"`: func(r *iam.Request) { r.Action = ":x" },
		"the action has": func(r *iam.Request) { r.Action = "s3:" + strings.Repeat("x", 300) }, "the resource has": func(r *iam.Request) { r.Resource = strings.Repeat("x", 5000) },
		"no resource": func(r *iam.Request) { r.Resource = "" },
	} {
		r := whole
		change(&r)
		if _, err := iam.NewRequest(r); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("expected an error with %s, got %v", want, err)
		}
		if out := iam.Decide(&r, &iam.Policies{}); out.Decision != iam.Unknown || out.Allowed != kleene.Unknown {
			t.Errorf("a request that is none (%s) is answered %v", want, out.Decision)
		}
		if e := iam.Explain(&r, &iam.Policies{}); e.Decision != iam.Unknown {
			t.Errorf("a request that is none (%s) is explained as %v", want, e.Decision)
		}
	}
	// One that was not prepared is answered all the same.
	everyone := &policy.Document{Statements: []policy.Statement{{Effect: policy.Allow, Principals: []policy.Principal{policy.Named(policy.AWS, policy.Text{Value: "*"})}, Actions: texts("s3:*"), Resources: texts("*")}}}
	p := &iam.Policies{Resource: &iam.Set{Policies: []*iam.Policy{iam.Compile("public", everyone)}}}
	if out := iam.Decide(&whole, p); out.Decision != iam.Allowed || out.Layer != iam.ResourceLayer || out.Policy == nil || out.Policy.Name != "public" {
		t.Errorf("an unprepared request: %+v", out)
	}
	if e := iam.Explain(&whole, p); e.Decision != iam.Allowed || len(e.By) != 1 || e.By[0].Policy != "public" {
		t.Errorf("an unprepared request: %+v", e)
	}
}

// The same question about somebody else.
func TestTruthOfBy(t *testing.T) {
	req, err := iam.NewRequest(iam.Request{Principal: alice(), Action: "S3:getobject", Resource: "arn:aws:s3:::b/k", Account: ownAccount})
	if err != nil {
		t.Fatal(err)
	}
	if out := iam.Decide(req, &iam.Policies{}); out.Decision != iam.ImplicitlyDenied || out.Layer != iam.IdentityLayer {
		t.Errorf("alice: %+v", out)
	}
	root := req.By(caller("root"))
	if out := iam.Decide(&root, &iam.Policies{}); out.Decision != iam.Allowed {
		t.Errorf("root: %+v", out)
	}
	if req.Principal.Kind != iam.KindUser {
		t.Error("asking about somebody else changed the request")
	}
}

// What IAM refuses whatever policies say: changes of what is AWS's own.
func TestTruthOfReservedThings(t *testing.T) {
	const (
		managed  = "arn:aws:iam::aws:policy/ReadOnlyAccess"
		reserved = "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_x"
		linked   = "arn:aws:iam::111122223333:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX"
	)
	for resource, actions := range map[string]struct{ refused, allowed string }{
		managed:                                 {"CreatePolicyVersion DeletePolicy DeletePolicyVersion SetDefaultPolicyVersion TagPolicy UntagPolicy", "GetPolicy GetPolicyVersion ListEntitiesForPolicy"},
		"arn:aws:iam::111122223333:policy/mine": {"", "CreatePolicyVersion DeletePolicy SetDefaultPolicyVersion GetPolicy"},
		reserved:                                {"DeleteRole UpdateAssumeRolePolicy AttachRolePolicy DetachRolePolicy PutRolePolicy DeleteRolePolicy PutRolePermissionsBoundary DeleteRolePermissionsBoundary UpdateRole UpdateRoleDescription", "GetRole ListRolePolicies GetRolePolicy"},
		linked:                                  {"DeleteRole UpdateAssumeRolePolicy AttachRolePolicy DetachRolePolicy PutRolePolicy DeleteRolePolicy PutRolePermissionsBoundary DeleteRolePermissionsBoundary", "GetRole DeleteServiceLinkedRole CreateServiceLinkedRole UpdateRoleDescription"},
		"arn:aws:iam::111122223333:role/mine":   {"", "DeleteRole AttachRolePolicy PutRolePolicy GetRole"},
	} {
		for _, name := range strings.Fields(actions.refused + " " + actions.allowed) {
			w := &world{principal: caller("user"), account: ownAccount, action: "iam:" + name, resource: resource, identity: documents{everything()}}
			want := iam.Allowed
			if strings.Contains(" "+actions.refused+" ", " "+name+" ") {
				want = iam.ImplicitlyDenied
			}
			if got := w.engine(t); got.Decision != want || want != iam.Allowed && got.Layer != iam.ServiceLayer {
				t.Errorf("%s of %s: %v (%v), expected %v", name, resource, got.Decision, got.Layer, want)
			}
			w.principal = caller("session")
			w.principal.Role = linked
			if got := w.engine(t).Decision; (got == iam.ImplicitlyDenied) != (want != iam.Allowed && resource == managed) {
				t.Errorf("%s of %s by a service-linked role: %v", name, resource, got)
			}
		}
	}
}

// Which layer is named as the one that decided.
func TestTruthOfNamedLayers(t *testing.T) {
	base := map[string]string{"kind": "bucket", "accounts": "same", "caller": "user", "grant": "none", "identity": "allow", "boundary": "-", "session": "-", "scp": "-", "rcp": "-"}
	for change, want := range map[string]iam.Layer{
		"": iam.IdentityLayer, "identity -": iam.IdentityLayer, "identity deny": iam.IdentityLayer, "boundary other": iam.BoundaryLayer, "boundary deny": iam.BoundaryLayer,
		"session other": iam.SessionLayer, "session deny": iam.SessionLayer, "scp other": iam.SCPLayer, "scp deny": iam.SCPLayer, "rcp other": iam.RCPLayer, "rcp deny": iam.RCPLayer,
		"accounts cross": iam.ResourceLayer, "grant deny": iam.ResourceLayer, "kind key": iam.ResourceLayer, "identity - grant everyone": iam.ResourceLayer, "identity - grant itself": iam.ResourceLayer,
		// Named directly, nothing else is needed; across accounts it is.
		"grant everyone": iam.ResourceLayer, "grant itself": iam.ResourceLayer, "grant account": iam.IdentityLayer, "accounts cross grant everyone": iam.IdentityLayer, "kind role caller root": iam.ServiceLayer,
	} {
		var cell []string
		fields := strings.Fields(change)
		for _, column := range layerColumns {
			value := base[column.name]
			for i := 0; i+1 < len(fields); i += 2 {
				if fields[i] == column.name {
					value = fields[i+1]
				}
			}
			cell = append(cell, value)
		}
		if out := layerWorld(cell).engine(t); out.Layer != want {
			t.Errorf("%s: %v by %s, expected %s", change, out.Decision, out.Layer, want)
		}
	}
	for layer, want := range map[iam.Layer]string{iam.NoLayer: "", iam.EndpointLayer: "endpoint", iam.ServiceLayer: "service", iam.PublicAccessLayer: "public-access-block", iam.ACLLayer: "acl", 99: ""} {
		if got := layer.String(); got != want {
			t.Errorf("layer %d is called %q", layer, got)
		}
	}
}
