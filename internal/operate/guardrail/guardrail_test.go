package guardrail

import (
	"slices"
	"testing"

	"holdfast.dev/holdfast/catalog"
	"holdfast.dev/holdfast/internal/engine/check"
	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/operate/control"
)

// Every guardrail of the catalogue recognises what its examples say, and every
// control that names one names one that is there.
func TestCatalogue(t *testing.T) {
	list, err := Load(catalog.Files, "guardrails")
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, g := range list {
		known[g.ID] = true
		if err := check.TestGuardrail(g, control.Options(nil)); err != nil {
			t.Error(err)
		}
	}
	controls, err := control.Load(catalog.Files, "controls")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range controls {
		for _, id := range c.PreventedBy {
			if !known[id] {
				t.Errorf("%s is prevented by %q, which is not in the catalogue", c.ID, id)
			}
		}
	}
}

func scp(id, action string) *evidence.Resource {
	return &evidence.Resource{Type: "AWS::Organizations::Policy", ID: id, Properties: map[string]any{
		"Type": "SERVICE_CONTROL_POLICY", "Observed": map[string]any{"Id": id},
		"Content": map[string]any{"Statement": map[string]any{"Effect": "Deny", "Action": action, "Resource": "*",
			"Condition": map[string]any{"StringLike": map[string]any{"aws:PrincipalArn": "arn:*:iam::*:root"}}}},
	}}
}

func node(id, parent string, policies ...string) *evidence.Resource {
	return &evidence.Resource{Type: evidence.TypeNode, ID: id, Properties: map[string]any{"ParentId": parent, "Policies": attachments(policies)}}
}

func attachments(ids []string) []any {
	var out []any
	for _, id := range ids {
		out = append(out, map[string]any{"Id": id})
	}
	return out
}

func account(id, parent string, management bool, policies ...string) *evidence.Resource {
	return &evidence.Resource{Type: evidence.TypeAccount, ID: id, Account: id, Properties: map[string]any{"ParentId": parent, "Management": management, "Policies": attachments(policies)}}
}

func TestPoliciesFollowTheTree(t *testing.T) {
	p := Collect(slices.Values([]*evidence.Resource{
		scp("p-root", "*"), scp("p-ou", "s3:*"), scp("p-own", "ec2:*"),
		node("r-1", "", "p-root"), node("ou-1", "r-1", "p-ou"), node("ou-loop", "ou-loop", "p-ou"),
		account("111111111111", "r-1", true), account("222222222222", "ou-1", false, "p-own"), account("333333333333", "ou-loop", false),
	}))
	for id, want := range map[string]int{"111111111111": 0, "222222222222": 3, "999999999999": 0} {
		if got := len(p.On(id, "SERVICE_CONTROL_POLICY")); got != want {
			t.Errorf("%s is bound by %d policies, want %d", id, got, want)
		}
	}
	if len(p.On("222222222222", "RESOURCE_CONTROL_POLICY")) != 0 {
		t.Error("a policy of another type is counted")
	}
	p.On("333333333333", "SERVICE_CONTROL_POLICY") // ends in spite of the loop
}

// Where it was not seen whether an account is the management account, no policy
// is certain to bind it.
func TestPoliciesOfAnAccountHalfSeen(t *testing.T) {
	half := account("222222222222", "r-1", false)
	half.Properties["Management"] = evidence.Unknown{Reason: "organizations:DescribeOrganization denied"}
	p := Collect(slices.Values([]*evidence.Resource{scp("p-root", "*"), node("r-1", "", "p-root"), half}))
	if got := p.On("222222222222", "SERVICE_CONTROL_POLICY"); len(got) != 0 {
		t.Errorf("bound by %v", got)
	}
}

func TestPrevents(t *testing.T) {
	list, err := Load(catalog.Files, "guardrails")
	if err != nil {
		t.Fatal(err)
	}
	set, err := check.CompileGuardrails(list, control.Options(nil))
	if err != nil {
		t.Fatal(err)
	}
	preventer := Preventer{Guardrails: set, Policies: Collect(slices.Values([]*evidence.Resource{
		scp("p-1", "*"), node("r-1", "", "p-1"), account("111111111111", "r-1", true), account("222222222222", "r-1", false),
	}))}
	c := &check.Control{PreventedBy: []string{"no-such-guardrail", "deny-root-user"}}
	if id, ok := preventer.Prevents(c, &evidence.Resource{Account: "222222222222"}, check.Scope{}); !ok || id != "deny-root-user" {
		t.Errorf("a member account's root is denied everything, yet %q %v", id, ok)
	}
	if _, ok := preventer.Prevents(c, &evidence.Resource{Account: "111111111111"}, check.Scope{}); ok {
		t.Error("service control policies do not bind the management account")
	}
	if _, ok := preventer.Prevents(&check.Control{}, &evidence.Resource{Account: "222222222222"}, check.Scope{}); ok {
		t.Error("a control that names no guardrail is not prevented")
	}
}
