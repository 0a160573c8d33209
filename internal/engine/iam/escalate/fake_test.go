package escalate

import (
	"fmt"
	"math/rand/v2"

	"holdfast.dev/holdfast/internal/kleene"
)

// fake is a world of tables: what is not in them is False.
type fake struct {
	scene  Scene
	may    map[string]kleene.Value // principal, state, action and resource
	admin  map[Who]kleene.Value
	trusts map[string]kleene.Value
}

func newFake() *fake {
	return &fake{may: map[string]kleene.Value{}, admin: map[Who]kleene.Value{}, trusts: map[string]kleene.Value{}, scene: Scene{Listed: map[string]map[string]bool{}}}
}

func (f *fake) key(who Who, action, resource string) string {
	return fmt.Sprint(who, action, resource)
}

func (f *fake) May(who Who, ask Ask) Answer {
	if ask.Granted {
		return Answer{Value: kleene.True}
	}
	return Answer{Value: falseIfAbsent(f.may, f.key(who, ask.Action, ask.Resource))}
}

func falseIfAbsent(m map[string]kleene.Value, k string) kleene.Value {
	if v, ok := m[k]; ok {
		return v
	}
	return kleene.False
}

func (f *fake) Administrator(who Who) kleene.Value {
	if v, ok := f.admin[who]; ok {
		return v
	}
	return kleene.False
}

func (f *fake) Trusts(role int, service string) kleene.Value {
	return falseIfAbsent(f.trusts, fmt.Sprint(role, service))
}

const account = "111122223333"

func (f *fake) add(user bool, name string) int {
	kind := "role"
	if user {
		kind = "user"
	}
	f.scene.Principals = append(f.scene.Principals, Principal{ARN: "arn:aws:iam::" + account + ":" + kind + "/" + name, Account: account, User: user, Bounded: kleene.False, AttachedDenials: kleene.False, InlineDenials: kleene.False,
		LoginProfile: kleene.True, MFA: kleene.False, InstanceProfile: kleene.True})
	return len(f.scene.Principals) - 1
}

// few are techniques of every shape.
var few = []Technique{
	{ID: "key", Kind: "credential", Requires: []Requirement{{Action: "iam:CreateAccessKey", Resource: Texts{"target"}}}, Target: Target{Who: "user", When: []string{"key-to-spare"}}},
	{ID: "assume", Kind: "principal", Requires: []Requirement{{Action: "sts:AssumeRole", Resource: Texts{"target"}}}, Target: Target{Who: "role"}},
	{ID: "put-self", Kind: "self", By: "user", Requires: []Requirement{{Action: "iam:PutUserPolicy", Resource: Texts{"self"}}}, Target: Target{Who: "self", Change: "permissions"}},
	{ID: "policy-self", Kind: "self", Requires: []Requirement{{Action: "iam:CreatePolicyVersion", Resource: Texts{"policy"}}}, Target: Target{Who: "self", Change: "permissions"}},
	{ID: "unbound", Kind: "self", Requires: []Requirement{{Action: "iam:DeleteBoundary", Resource: Texts{"self"}}}, Target: Target{Who: "self", Change: "boundary", When: []string{"bounded"}}},
	{ID: "detach", Kind: "self", Requires: []Requirement{{Action: "iam:DetachPolicy", Resource: Texts{"self"}}}, Target: Target{Who: "self", Change: "attached-denials", When: []string{"attached-denials"}}},
	{ID: "join", Kind: "self", By: "user", Requires: []Requirement{{Action: "iam:AddUserToGroup", Resource: Texts{"group"}}}, Target: Target{Who: "self", Change: "membership"}},
	{ID: "raise-assume", Kind: "principal", Requires: []Requirement{{Action: "iam:PutRolePolicy", Resource: Texts{"target"}}, {Action: "sts:AssumeRole", Resource: Texts{"target"}}}, Target: Target{Who: "role", Change: "permissions"}},
	{ID: "trust", Kind: "principal", Requires: []Requirement{{Action: "iam:UpdateAssumeRolePolicy", Resource: Texts{"target"}}, {Action: "sts:AssumeRole", Resource: Texts{"target"}, Granted: true}}, Target: Target{Who: "role"}},
	{ID: "pass", Kind: "passrole", Requires: []Requirement{{Action: "iam:PassRole", Resource: Texts{"target"}}, {Action: "lambda:CreateFunction", Resource: Texts{"*"}}}, Target: Target{Who: "role", Trusts: "lambda.amazonaws.com"}},
	{ID: "code", Kind: "existing", Requires: []Requirement{{Action: "lambda:UpdateFunctionCode", Resource: Texts{"through"}}}, Target: Target{Who: "role", Through: &Thing{Type: "F", Role: "Role"}}},
	{ID: "job", Kind: "passrole", Requires: []Requirement{{Action: "iam:PassRole", Resource: Texts{"target"}}, {Action: "glue:UpdateJob", Resource: Texts{"beside"}}}, Target: Target{Who: "role", Trusts: "glue.amazonaws.com", Beside: &Thing{Type: "J", ARN: "job"}}},
	{ID: "hope", Kind: "existing", Requires: []Requirement{{Action: "ssm:StartSession", Resource: Texts{"through"}}}, Target: Target{Who: "role", Through: &Thing{Type: "F", Role: "Role"}}, Given: []string{"an agent"}},
	{ID: "sso", Kind: "principal", Requires: []Requirement{{Action: "sso:Assign", Resource: Texts{"*"}}}, Target: Target{Who: "administrator"}, Given: []string{"the right account"}},
}

// random is a tiny world: a few principals, a few permissions.
func random(r *rand.Rand) *fake {
	f := newFake()
	value := func() kleene.Value {
		return []kleene.Value{kleene.True, kleene.True, kleene.Unknown, kleene.False}[r.IntN(4)]
	}
	n := 2 + r.IntN(3)
	for i := range n {
		f.add(r.IntN(2) == 0, fmt.Sprint(i))
		p := &f.scene.Principals[i]
		p.AttachedDenials = value()
		p.Bounded, p.Keys, p.Policies = value(), r.IntN(4)-1, []string{fmt.Sprint("policy", r.IntN(2))}
		if r.IntN(6) == 0 {
			p.Account = "444455556666"
		}
	}
	f.scene.Groups = []Group{{ARN: "group", Account: account}}
	for i := range 1 + r.IntN(2) {
		f.scene.Holders = append(f.scene.Holders, Holder{ARN: fmt.Sprint("thing", i), Type: []string{"F", "J"}[r.IntN(2)], Account: account, Role: f.scene.Principals[r.IntN(n)].ARN, Certain: r.IntN(3) > 0})
	}
	if r.IntN(2) == 0 {
		f.scene.Listed["J"] = map[string]bool{account: true}
	}
	resources := []string{"*", "group", "policy0", "policy1", "thing0", "thing1", "job"}
	for i := range n {
		resources = append(resources, f.scene.Principals[i].ARN)
		for _, service := range []string{"lambda.amazonaws.com", "glue.amazonaws.com"} {
			f.trusts[fmt.Sprint(i, service)] = value()
		}
	}
	for _, who := range allStates(f) {
		for _, t := range few {
			for _, q := range t.Requires {
				for _, resource := range resources {
					if r.IntN(7) == 0 || who.Raised && r.IntN(3) == 0 {
						f.may[f.key(who, q.Action, resource)] = value()
					}
				}
			}
		}
		if r.IntN(5) == 0 {
			f.admin[who] = value()
		}
	}
	return f
}

func allStates(f *fake) []Who {
	var out []Who
	for i := range f.scene.Principals {
		for bits := range 16 {
			who := Who{Principal: i, Raised: bits&1 != 0, Unbounded: bits&2 != 0, Detached: bits&8 != 0}
			if bits&4 != 0 {
				who.Joined = "group"
			}
			out = append(out, who)
		}
	}
	return out
}
