package paths

import (
	"slices"
	"strings"
	"testing"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/operate/access"
)

type props = map[string]any

func document(statements ...props) props {
	list := []any{}
	for _, s := range statements {
		list = append(list, s)
	}
	return props{"Version": "2012-10-17", "Statement": list}
}

func allow(resource any, actions ...any) props {
	return props{"Effect": "Allow", "Action": actions, "Resource": resource}
}

func deny(actions ...any) props {
	return props{"Effect": "Deny", "Action": actions, "Resource": "*"}
}

func on(condition props, s props) props { s["Condition"] = condition; return s }

func resource(typ, name string, p props) *evidence.Resource {
	kind := map[string]string{typeUser: "user", typeRole: "role", typeGroup: "group", typeManagedPolicy: "policy", typeInstanceProfile: "instance-profile"}[typ]
	return &evidence.Resource{Type: typ, ID: name[strings.LastIndexByte(name, '/')+1:], ARN: "arn:aws:iam::" + Account + ":" + kind + "/" + name, Account: Account, Region: evidence.Global, Properties: p}
}

func identity(statements ...props) props { return props{"Policies": inline(document(statements...))} }

// trusted adds a trust policy.
func trusted(p props, principal any) props {
	p["AssumeRolePolicyDocument"] = document(props{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal})
	return p
}

func admin() props { return identity(allow("*", "*")) }

func lambdaAdmin() *evidence.Resource {
	return resource(typeRole, "lambda-admin", trusted(admin(), props{"Service": "lambda.amazonaws.com"}))
}

func load(t *testing.T, list ...*evidence.Resource) *World {
	t.Helper()
	return loadFrom(t, access.Evidence{Alone: true}, list...)
}

func loadFrom(t *testing.T, from access.Evidence, list ...*evidence.Resource) *World {
	t.Helper()
	from.Resources = func(yield func(*evidence.Resource, error) bool) {
		for _, r := range list {
			if !yield(r, nil) {
				return
			}
		}
	}
	w, err := Load(from, techniques(t))
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// route is the techniques of a principal's path, with ? where it is possible only.
func route(t *testing.T, w *World, goal, name string) string {
	t.Helper()
	arn, err := w.Find(name)
	if err != nil {
		t.Fatal(err)
	}
	r, err := w.Report(goal, arn)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Paths) == 0 {
		if slices.Contains(r.There, arn) {
			return "there"
		}
		return ""
	}
	var out []string
	for _, h := range r.Paths[0].Hops {
		out = append(out, h.Technique)
	}
	route := strings.Join(out, " ")
	if !r.Paths[0].Certain {
		route += " ?"
	}
	return route
}

func TestPaths(t *testing.T) {
	bounded := func(p props, boundary string) props {
		p["PermissionsBoundary"] = "arn:aws:iam::" + Account + ":policy/" + boundary
		return p
	}
	attached := func(p props, name string) props {
		p["ManagedPolicyArns"] = []any{"arn:aws:iam::" + Account + ":policy/" + name}
		return p
	}
	noPolicies := resource(typeManagedPolicy, "no-policies", props{"PolicyDocument": document(deny("iam:Put*", "iam:Attach*", "iam:Create*", "iam:Update*", "iam:AddUserToGroup", "iam:SetDefaultPolicyVersion", "iam:PassRole"))})
	small := resource(typeManagedPolicy, "small", props{"PolicyDocument": document(allow("*", "s3:*", "iam:PutUserPolicy"))})
	root := resource(typeUser, "root-ops", admin())
	pass := func(service string) props {
		return on(props{"StringEquals": props{"iam:PassedToService": service}}, allow("*", "iam:PassRole"))
	}
	for _, c := range []struct {
		name string
		want string
		me   props
		with []*evidence.Resource
	}{
		{"an administrator is there", "there", admin(), nil},
		{"nothing leads nowhere", "", identity(allow("*", "s3:*")), []*evidence.Resource{root}},
		{"its own policy", "iam-put-user-policy", identity(allow("*", "iam:PutUserPolicy")), nil},
		{"its own policy, by a variable", "iam-put-user-policy", identity(allow("arn:aws:iam::*:user/${aws:username}", "iam:PutUserPolicy")), nil},
		{"somebody else's policy", "", identity(allow("arn:aws:iam::*:user/other", "iam:PutUserPolicy")), nil},
		{"a boundary holds what a policy would raise", "", bounded(identity(allow("*", "iam:PutUserPolicy")), "small"), []*evidence.Resource{small}},
		{"a boundary that may be taken away does not", "iam-delete-user-permissions-boundary",
			bounded(identity(allow("*", "*")), "loose"), []*evidence.Resource{resource(typeManagedPolicy, "loose", props{"PolicyDocument": document(allow("*", "iam:DeleteUserPermissionsBoundary"))})}},
		{"a guardrail that it may detach", "iam-detach-own-user-policy iam-create-policy-version", attached(identity(allow("*", "iam:*")), "no-policies"), []*evidence.Resource{noPolicies}},
		{"only that guardrail", "iam-detach-own-user-policy iam-put-user-policy",
			attached(identity(allow("*", "iam:PutUserPolicy"), on(props{"ArnLike": props{"iam:PolicyARN": "arn:aws:iam::*:policy/no-*"}}, allow("*", "iam:DetachUserPolicy"))), "no-policies"), []*evidence.Resource{noPolicies}},
		{"another one", "", attached(identity(allow("*", "iam:PutUserPolicy"), on(props{"ArnLike": props{"iam:PolicyARN": "arn:aws:iam::*:policy/other"}}, allow("*", "iam:DetachUserPolicy"))), "no-policies"), []*evidence.Resource{noPolicies}},
		{"a guardrail that guards itself", "", attached(identity(allow("*", "iam:PutUserPolicy", "iam:DetachUserPolicy")), "whole"),
			[]*evidence.Resource{resource(typeManagedPolicy, "whole", props{"PolicyDocument": document(deny("iam:PutUserPolicy", "iam:DetachUserPolicy"))})}},
		{"a guardrail that the group brings", "", props{"Policies": inline(document(allow("*", "iam:PutUserPolicy", "iam:DetachUserPolicy"))), "Groups": []any{"team"}},
			[]*evidence.Resource{noPolicies, resource(typeGroup, "team", props{"GroupName": "team", "ManagedPolicyArns": []any{noPolicies.ARN}})}},
		{"one that the group brings as well", "", attached(props{"Policies": inline(document(allow("*", "iam:PutUserPolicy", "iam:DetachUserPolicy"))), "Groups": []any{"team"}}, "no-policies"),
			[]*evidence.Resource{noPolicies, resource(typeGroup, "team", props{"GroupName": "team", "ManagedPolicyArns": []any{noPolicies.ARN}})}},
		{"one that also allows is left alone", "", attached(identity(allow("*", "iam:DetachUserPolicy")), "mixed"),
			[]*evidence.Resource{resource(typeManagedPolicy, "mixed", props{"PolicyDocument": document(allow("*", "iam:PutUserPolicy"), deny("iam:PutUserPolicy"))})}},
		{"an inline guardrail", "iam-delete-own-user-policy iam-put-user-policy", props{"Policies": append(inline(document(allow("*", "iam:PutUserPolicy", "iam:DeleteUserPolicy"))), props{"PolicyName": "no", "PolicyDocument": document(deny("iam:PutUserPolicy"))})}, nil},
		{"both", "iam-delete-own-user-policy iam-detach-own-user-policy iam-put-user-policy",
			attached(props{"Policies": append(inline(document(allow("*", "iam:PutUserPolicy", "iam:DeleteUserPolicy", "iam:DetachUserPolicy"))), props{"PolicyName": "no", "PolicyDocument": document(deny("iam:DetachUserPolicy"))})}, "no-policies"), []*evidence.Resource{noPolicies}},
		{"a key", "iam-create-access-key ?", identity(allow("*", "iam:CreateAccessKey")), []*evidence.Resource{root}},
		{"a key where there is room", "iam-create-access-key", identity(allow("*", "iam:CreateAccessKey")), []*evidence.Resource{root,
			{Type: typeCredentials, ID: "root-ops", ARN: root.ARN, Account: Account, Properties: props{"AccessKeys": []any{props{"Index": int64(1)}}, "PasswordEnabled": true, "MfaActive": true}}}},
		{"no key where there are two", "", identity(allow("*", "iam:CreateAccessKey")), []*evidence.Resource{root,
			{Type: typeCredentials, ID: "root-ops", ARN: root.ARN, Account: Account, Properties: props{"AccessKeys": []any{props{"Index": int64(1)}, props{"Index": int64(2)}}}}}},
		{"its own key only", "", identity(allow("arn:aws:iam::*:user/${aws:username}", "iam:CreateAccessKey")), []*evidence.Resource{root}},
		{"a password for one without MFA", "iam-update-login-profile", identity(allow("*", "iam:UpdateLoginProfile")), []*evidence.Resource{root,
			{Type: typeCredentials, ID: "root-ops", ARN: root.ARN, Account: Account, Properties: props{"PasswordEnabled": true, "MfaActive": false}}}},
		{"no password for one with MFA", "", identity(allow("*", "iam:UpdateLoginProfile")), []*evidence.Resource{root,
			{Type: typeCredentials, ID: "root-ops", ARN: root.ARN, Account: Account, Properties: props{"PasswordEnabled": true, "MfaActive": true}}}},
		{"a passed role", "lambda-create-function-invoke", identity(pass("lambda.amazonaws.com"), allow("*", "lambda:*")), []*evidence.Resource{lambdaAdmin()}},
		{"functions of one name in one Region", "lambda-create-function-invoke",
			identity(pass("lambda.amazonaws.com"), allow("arn:aws:lambda:eu-west-3:"+Account+":function:app-*", "lambda:*")), []*evidence.Resource{lambdaAdmin()}},
		{"a role passed to another service", "", identity(pass("ec2.amazonaws.com"), allow("*", "lambda:*")), []*evidence.Resource{lambdaAdmin()}},
		{"a role that trusts another service", "", identity(pass("lambda.amazonaws.com"), allow("*", "lambda:CreateFunction", "lambda:InvokeFunction")),
			[]*evidence.Resource{resource(typeRole, "ec2-admin", trusted(admin(), props{"Service": "ec2.amazonaws.com"}))}},
		{"instances need an instance profile", "", identity(pass("ec2.amazonaws.com"), allow("*", "ec2:RunInstances")),
			[]*evidence.Resource{resource(typeRole, "ec2-admin", trusted(admin(), props{"Service": "ec2.amazonaws.com"}))}},
		{"and have one", "ec2-run-instances", identity(pass("ec2.amazonaws.com"), allow("*", "ec2:RunInstances")),
			[]*evidence.Resource{resource(typeRole, "ec2-admin", trusted(admin(), props{"Service": "ec2.amazonaws.com"})), resource(typeInstanceProfile, "p", props{"InstanceProfileName": "p", "Roles": []any{"ec2-admin"}})}},
		{"a condition that is open", "lambda-create-function-invoke ?",
			identity(on(props{"Bool": props{"aws:MultiFactorAuthPresent": "true"}}, allow("*", "iam:PassRole")), allow("*", "lambda:CreateFunction", "lambda:InvokeFunction")), []*evidence.Resource{lambdaAdmin()}},
		{"a Region of the caller's choice", "lambda-create-function-invoke",
			identity(allow("*", "iam:PassRole"), on(props{"StringEquals": props{"aws:RequestedRegion": "eu-north-1"}}, allow("*", "lambda:CreateFunction", "lambda:InvokeFunction"))), []*evidence.Resource{lambdaAdmin()}},
		{"a harmless policy to attach", "", identity(on(props{"ArnEquals": props{"iam:PolicyARN": "arn:aws:iam::aws:policy/ReadOnlyAccess"}}, allow("*", "iam:AttachUserPolicy"))), nil},
		{"policies on bounded roles only", "", identity(allow("*", "sts:AssumeRole"), on(props{"StringEquals": props{"iam:PermissionsBoundary": "arn:aws:iam::" + Account + ":policy/small"}}, allow("*", "iam:PutRolePolicy"))),
			[]*evidence.Resource{small, resource(typeRole, "weak", trusted(props{}, props{"AWS": Account}))}},
		{"a role assumed and raised", "iam-put-role-policy-assume", identity(allow("*", "sts:AssumeRole", "iam:PutRolePolicy")), []*evidence.Resource{resource(typeRole, "weak", trusted(props{}, props{"AWS": Account}))}},
		{"a role that trusts it by name", "sts-assume-role", identity(), []*evidence.Resource{resource(typeRole, "boss", trusted(admin(), props{"AWS": "arn:aws:iam::" + Account + ":user/me"}))}},
		{"a role that trusts the account", "", identity(), []*evidence.Resource{resource(typeRole, "boss", trusted(admin(), props{"AWS": Account}))}},
		{"a role of AWS", "", identity(allow("*", "iam:UpdateAssumeRolePolicy")), []*evidence.Resource{resource(typeRole, "aws-reserved/sso.amazonaws.com/Admin", trusted(admin(), props{"Federated": "x"}))}},
		{"a group", "iam-add-user-to-group", identity(allow("*", "iam:AddUserToGroup")), []*evidence.Resource{resource(typeGroup, "admins", props{"GroupName": "admins", "Policies": inline(allAllowed)})}},
		{"a function with a role", "lambda-update-function-code-invoke", identity(allow("*", "lambda:UpdateFunctionCode", "lambda:InvokeFunction")), []*evidence.Resource{lambdaAdmin(),
			{Type: "AWS::Lambda::Function", ID: "f", ARN: "arn:aws:lambda:eu-west-1:" + Account + ":function:f", Account: Account, Region: "eu-west-1", Properties: props{"Role": lambdaAdmin().ARN}}}},
		{"an instance by its profile", "ssm-send-command ?", identity(allow("*", "ssm:SendCommand")), []*evidence.Resource{
			resource(typeRole, "ec2-admin", trusted(admin(), props{"Service": "ec2.amazonaws.com"})), resource(typeInstanceProfile, "p", props{"InstanceProfileName": "p", "Roles": []any{"ec2-admin"}}),
			{Type: "AWS::EC2::Instance", ID: "i-1", ARN: "arn:aws:ec2:eu-west-1:" + Account + ":instance/i-1", Account: Account, Region: "eu-west-1", Properties: props{"IamInstanceProfile": "p"}}}},
		{"two hops", "sts-assume-role lambda-create-function-invoke", identity(allow("*", "sts:AssumeRole")), []*evidence.Resource{lambdaAdmin(),
			resource(typeRole, "deploy", trusted(identity(allow("*", "iam:PassRole", "lambda:*")), props{"AWS": Account}))}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := load(t, append(c.with, resource(typeUser, "me", c.me))...)
			if got := route(t, w, GoalAdministrator, "me"); got != c.want {
				t.Errorf("the path is %q, want %q", got, c.want)
			}
		})
	}
}

// TestGuardrails: what an SCP denies is no step, and an account's administrator
// stays one under SCPs that leave the account its own.
func TestGuardrails(t *testing.T) {
	org := func(statements ...props) []*evidence.Resource {
		return []*evidence.Resource{
			{Type: evidence.TypeOrganization, Account: "999999999999", Properties: props{"Id": "o-1", "RootId": "r-1", "ManagementAccountId": "999999999999", "EnabledPolicyTypes": []any{"SERVICE_CONTROL_POLICY"}}},
			{Type: evidence.TypeNode, ID: "r-1", Properties: props{"Policies": []any{props{"Id": "p-1", "Type": "SERVICE_CONTROL_POLICY"}, props{"Id": "p-FullAWSAccess", "Type": "SERVICE_CONTROL_POLICY"}}}},
			{Type: evidence.TypeAccount, ID: Account, Account: Account, Properties: props{"ParentId": "r-1", "Management": false, "Policies": []any{props{"Id": "p-FullAWSAccess", "Type": "SERVICE_CONTROL_POLICY"}}}},
			{Type: "AWS::Organizations::Policy", ID: "p-1", Properties: props{"Type": "SERVICE_CONTROL_POLICY", "Content": document(statements...)}},
		}
	}
	regions := props{"Effect": "Deny", "NotAction": []any{"iam:*", "sts:*"}, "Resource": "*", "Condition": props{"StringNotEquals": props{"aws:RequestedRegion": "eu-central-1"}}}
	me := resource(typeUser, "me", identity(allow("*", "iam:PutUserPolicy", "iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction")))
	boss := resource(typeUser, "boss", admin())
	for _, c := range []struct {
		name, who, want string
		scp             props
	}{
		{"unhindered", "me", "iam-put-user-policy", deny("organizations:LeaveOrganization")},
		{"one way denied", "me", "lambda-create-function-invoke", deny("iam:PutUserPolicy")},
		{"every way denied", "me", "", deny("iam:PutUserPolicy", "iam:PassRole")},
		{"a Region that is allowed is chosen", "me", "iam-put-user-policy", regions},
		{"an administrator under a Region denial", "boss", "there", regions},
		{"an administrator who may not leave", "boss", "there", deny("organizations:LeaveOrganization", "cloudtrail:*")},
		{"none where nobody may change permissions", "boss", "sso-attach-managed-policy ?", deny("iam:*")},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := load(t, append(org(c.scp), me, boss, lambdaAdmin())...)
			got := route(t, w, GoalAdministrator, c.who)
			if got != c.want {
				t.Errorf("the path is %q, want %q", got, c.want)
			}
		})
	}
}

// TestAcrossAccounts: a role of another account needs both sides.
func TestAcrossAccounts(t *testing.T) {
	far := func(principal any) *evidence.Resource {
		r := resource(typeRole, "far", trusted(admin(), principal))
		r.Account, r.ARN = "444455556666", "arn:aws:iam::444455556666:role/far"
		return r
	}
	for _, c := range []struct {
		want string
		me   props
		far  any
	}{
		{"sts-assume-role", identity(allow("*", "sts:AssumeRole")), props{"AWS": Account}},
		{"", identity(), props{"AWS": "arn:aws:iam::" + Account + ":user/me"}},
		{"", identity(allow("*", "sts:AssumeRole")), props{"AWS": "777788889999"}},
		{"", identity(allow("*", "iam:UpdateAssumeRolePolicy")), props{"AWS": "444455556666"}},
	} {
		w := load(t, resource(typeUser, "me", c.me), far(c.far))
		if got := route(t, w, "arn:aws:iam::444455556666:role/far", "me"); got != c.want {
			t.Errorf("%v and %v: the path is %q, want %q", c.me, c.far, got, c.want)
		}
	}
}

// TestUnseen: what was not collected is neither a path nor none.
func TestUnseen(t *testing.T) {
	listed := map[string]map[string]bool{Account: {typeUser: true, typeRole: true, typeGroup: true, typeManagedPolicy: true}}
	w := loadFrom(t, access.Evidence{Listed: listed}, resource(typeUser, "me", identity(allow("*", "codebuild:StartBuild", "iam:CreateAccessKey"))), resource(typeUser, "boss", admin()))
	if got := route(t, w, GoalAdministrator, "me"); got != "iam-create-access-key ?" {
		t.Errorf("the path is %q", got)
	}
	r, err := w.Report(GoalAdministrator, "")
	if err != nil {
		t.Fatal(err)
	}
	if len(r.There) != 0 || len(r.Perhaps) != 1 {
		t.Errorf("there %v, perhaps %v: SCPs were not seen", r.There, r.Perhaps)
	}
	if !slices.ContainsFunc(r.Unseen, func(u Unseen) bool {
		return u.Type == "AWS::CodeBuild::Project" && slices.Equal(u.Techniques, []string{"codebuild-start-build"})
	}) {
		t.Errorf("unseen: %v", r.Unseen)
	}
}

// TestBreak: the edit is the smallest, and what it leaves is told.
func TestBreak(t *testing.T) {
	for _, c := range []struct {
		name    string
		me      props
		with    []*evidence.Resource
		want    []string
		minimal bool
	}{
		{"one action", identity(allow("*", "iam:PassRole", "lambda:*")), []*evidence.Resource{lambdaAdmin()}, []string{"iam:PassRole"}, true},
		{"two ways, one action", identity(allow("*", "iam:PassRole", "lambda:*", "cloudformation:CreateStack")), []*evidence.Resource{lambdaAdmin(),
			resource(typeRole, "cfn", trusted(admin(), props{"Service": "cloudformation.amazonaws.com"}))}, []string{"iam:PassRole"}, true},
		{"a statement is less than all of its actions", identity(allow("*", "iam:*")), []*evidence.Resource{lambdaAdmin()}, []string{"inline 0"}, true},
		{"two statements", identity(allow("*", "iam:PutUserPolicy"), allow("*", "iam:AttachUserPolicy")), nil, []string{"iam:AttachUserPolicy", "iam:PutUserPolicy"}, true},
		{"too many ways to try every set", identity(allow("*", "iam:PutUserPolicy"), allow("*", "iam:AttachUserPolicy"), allow("*", "iam:CreatePolicyVersion"), allow("*", "iam:AddUserToGroup")),
			[]*evidence.Resource{resource(typeGroup, "admins", props{"GroupName": "admins", "Policies": inline(allAllowed)}), resource(typeManagedPolicy, "mine", props{"PolicyDocument": document()})},
			[]string{"inline 0", "inline 1", "inline 2", "inline 3"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.me["ManagedPolicyArns"] = []any{"arn:aws:iam::" + Account + ":policy/mine"}
			w := load(t, append(c.with, resource(typeUser, "me", c.me))...)
			r, err := w.Report(GoalAdministrator, "arn:aws:iam::"+Account+":user/me")
			if err != nil || len(r.Paths) != 1 || r.Paths[0].Break == nil {
				t.Fatalf("%v, %+v", err, r)
			}
			b := r.Paths[0].Break
			var got []string
			for _, e := range b.Edits {
				if e.Remove != nil {
					got = append(got, e.Remove.Policy+" "+string(rune('0'+e.Remove.Statement)))
				} else {
					got = append(got, e.Action)
				}
			}
			slices.Sort(got)
			if !slices.Equal(got, c.want) || b.Minimal != c.minimal || b.Left != nil {
				t.Errorf("edits %v, minimal %v, left %v; want %v", got, b.Minimal, b.Left, c.want)
			}
		})
	}
}
