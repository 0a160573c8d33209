package access

import (
	"iter"
	"slices"
	"strings"
	"testing"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/kleene"
)

const (
	prod  = "111122223333"
	other = "444455556666"
	root  = "999900001111"
)

type props = map[string]any

func each(list []*evidence.Resource) iter.Seq2[*evidence.Resource, error] {
	return func(yield func(*evidence.Resource, error) bool) {
		for _, r := range list {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// doc is a document of one statement; a principal makes it a resource policy.
func doc(effect, action, resource string, principal ...any) props {
	s := props{"Effect": effect, "Action": action, "Resource": resource}
	if len(principal) > 0 {
		s["Principal"] = principal[0]
	}
	return props{"Version": "2012-10-17", "Statement": []any{s}}
}

// world is a small organisation: a member account with a user, a role and some
// resources, and another that was never visited.
func world() Evidence {
	arn := func(what string) string { return "arn:aws:iam::" + prod + ":" + what }
	attached := func(ids ...string) []any {
		out := []any{}
		for _, id := range ids {
			out = append(out, props{"Id": id, "Type": scpType})
		}
		return out
	}
	list := []*evidence.Resource{
		{Type: evidence.TypeOrganization, ID: "o-1", Account: root, Properties: props{"Id": "o-1", "ManagementAccountId": root, "RootId": "r-1", "EnabledPolicyTypes": []any{scpType, rcpType}}},
		{Type: evidence.TypeNode, ID: "r-1", Account: root, Properties: props{"Id": "r-1", "Kind": "ROOT", "Policies": attached("p-FullAWSAccess")}},
		{Type: evidence.TypeNode, ID: "ou-1", Account: root, Properties: props{"Id": "ou-1", "Kind": "OU", "ParentId": "r-1", "Policies": attached("p-FullAWSAccess", "p-guard")}},
		{Type: evidence.TypeAccount, ID: root, Account: root, Properties: props{"Management": true, "ParentId": "r-1", "Policies": attached("p-FullAWSAccess")}},
		{Type: evidence.TypeAccount, ID: prod, Account: prod, Properties: props{"Management": false, "ParentId": "ou-1", "Policies": attached("p-FullAWSAccess")}},
		{Type: evidence.TypeAccount, ID: other, Account: other, Properties: props{"Management": false, "ParentId": "ou-1", "Policies": attached("p-FullAWSAccess")}},
		{Type: typeOrgPolicy, ID: "p-guard", Account: root, Properties: props{"Name": "guard", "Type": scpType, "Content": doc("Deny", "iam:CreateUser", "*"), "Observed": props{"Id": "p-guard"}}},

		{Type: typeManagedPolicy, ID: arn("policy/read"), ARN: arn("policy/read"), Account: prod, Properties: props{"PolicyDocument": doc("Allow", "s3:GetObject", "*")}},
		{Type: typeGroup, ID: "devs", ARN: arn("group/devs"), Account: prod, Properties: props{"GroupName": "devs", "ManagedPolicyArns": []any{arn("policy/read")},
			"Policies": []any{props{"PolicyName": "write", "PolicyDocument": doc("Allow", "s3:PutObject", "*")}}}},
		{Type: typeUser, ID: "ann", ARN: arn("user/ann"), Account: prod, Tags: map[string]string{"team": "a"}, Properties: props{"Groups": []any{"devs"}, "ManagedPolicyArns": []any{arn("policy/read"), "arn:aws:iam::aws:policy/ReadOnlyAccess"}}},
		{Type: typeUser, ID: "bob", ARN: arn("user/bob"), Account: prod, Properties: props{"Groups": []any{"gone"}, "PermissionsBoundary": arn("policy/nowhere")}},
		{Type: typeRole, ID: "deploy", ARN: arn("role/ci/deploy"), Account: prod, Properties: props{"PermissionsBoundary": arn("policy/read"),
			"AssumeRolePolicyDocument": doc("Allow", "sts:AssumeRole", "*", props{"AWS": "arn:aws:iam::" + other + ":root"}),
			"Policies":                 []any{props{"PolicyName": "all", "PolicyDocument": doc("Allow", "*", "*")}, evidence.Unknown{Reason: "denied"}}}},

		{Type: typeBucket, ID: "logs", ARN: "arn:aws:s3:::logs", Account: prod, Region: "eu-west-1", Properties: props{
			"PublicAccessBlockConfiguration": props{"RestrictPublicBuckets": true}, "OwnershipControls": props{"Rules": []any{props{"ObjectOwnership": "BucketOwnerEnforced"}}},
			"Observed": props{"AclGrants": []any{props{"Grantee": "abc", "Permission": "FULL_CONTROL"}}}}},
		{Type: typeBucket, ID: "bare", ARN: "arn:aws:s3:::bare", Account: prod, Region: "eu-west-1", Properties: props{"Observed": props{"AclGrants": []any{}}}},
		{Type: "AWS::S3::BucketPolicy", ID: "logs", Account: prod, Region: "eu-west-1", Properties: props{"Bucket": "logs", "PolicyDocument": doc("Allow", "s3:GetObject", "*", "*")}},
		{Type: typeAccountBlock, ID: prod, Account: prod, Properties: props{"RestrictPublicBuckets": false, "IgnorePublicAcls": evidence.Unknown{}}},
		{Type: "AWS::SQS::Queue", ID: "https://sqs.eu-west-1.amazonaws.com/" + prod + "/q", ARN: "arn:aws:sqs:eu-west-1:" + prod + ":q", Account: prod, Region: "eu-west-1", Properties: props{}},
		{Type: "AWS::SQS::QueuePolicy", ID: "https://sqs.eu-west-1.amazonaws.com/" + prod + "/q", Account: prod, Region: "eu-west-1", Properties: props{
			"Queues": []any{"https://sqs.eu-west-1.amazonaws.com/" + prod + "/q"}, "PolicyDocument": evidence.Unknown{Reason: "sqs:GetQueueAttributes denied"}}},
		{Type: "AWS::Lambda::Function", ID: "f", ARN: "arn:aws:lambda:eu-west-1:" + prod + ":function:f", Account: prod, Region: "eu-west-1", Properties: props{}},
		{Type: typePermission, ID: "f|s3", Account: prod, Region: "eu-west-1", Properties: props{"FunctionName": "f", "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com", "SourceArn": "arn:aws:s3:::logs"}},
		{Type: typePermission, ID: "f|x", Account: prod, Region: "eu-west-1", Properties: props{"FunctionName": "f:live", "Action": "lambda:InvokeFunction", "Principal": other}},
		{Type: "AWS::KMS::Key", ID: "k1", ARN: "arn:aws:kms:eu-west-1:" + prod + ":key/k1", Account: prod, Region: "eu-west-1", Properties: props{"KeyPolicy": evidence.Unknown{Reason: "kms:GetKeyPolicy denied"}}},
		{Type: typeEndpoint, ID: "vpce-1", Account: prod, Properties: props{}},
	}
	listed := map[string]bool{}
	for _, r := range list {
		listed[r.Type] = true
	}
	delete(listed, "AWS::SNS::TopicPolicy")
	return Evidence{Resources: each(list), Listed: map[string]map[string]bool{prod: listed}}
}

func load(t testing.TB, from Evidence) *Estate {
	t.Helper()
	e, err := Load(from)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func names(set *iam.Set) string {
	if set == nil {
		return "none"
	}
	var out []string
	for _, p := range set.Policies {
		out = append(out, p.Name)
	}
	if set.Unseen != "" {
		out = append(out, "?"+set.Unseen)
	}
	return strings.Join(out, ", ")
}

func TestLoadPrincipals(t *testing.T) {
	e := load(t, world())
	for _, c := range []struct{ arn, identity, boundary string }{
		{"user/ann", "arn:aws:iam::111122223333:policy/read, arn:aws:iam::aws:policy/ReadOnlyAccess, write", "none"},
		{"user/bob", "?group gone was not collected", "?the permissions boundary arn:aws:iam::111122223333:policy/nowhere was not collected"},
		{"role/ci/deploy", "all, ?denied", "arn:aws:iam::111122223333:policy/read"},
	} {
		s, err := e.Subject("arn:aws:iam::" + prod + ":" + c.arn)
		if err != nil {
			t.Fatal(err)
		}
		if got := names(&s.Identity); got != c.identity {
			t.Errorf("identity policies of %s: %s, want %s", c.arn, got, c.identity)
		}
		if got := names(s.Boundary); got != c.boundary {
			t.Errorf("boundary of %s: %s, want %s", c.arn, got, c.boundary)
		}
	}
	ann, _ := e.Subject("arn:aws:iam::" + prod + ":user/ann")
	if want := []Source{{ARN: "arn:aws:iam::111122223333:policy/read"}, {ARN: "arn:aws:iam::aws:policy/ReadOnlyAccess"}, {Group: "devs"}}; !slices.Equal(ann.Sources, want) {
		t.Errorf("the policies of ann come from %v, want %v", ann.Sources, want)
	}
	if p := ann.Principal; p.OrgID != "o-1" || !p.OrgSeen || p.OrgPaths[0] != "o-1/r-1/ou-1/" || p.Management || p.Tags["team"] != "a" || !p.TagsSeen {
		t.Errorf("%+v", p)
	}
	if got := len(e.Subjects()); got != 3 {
		t.Errorf("%d subjects", got)
	}
}

func TestLoadGuardrails(t *testing.T) {
	e := load(t, world())
	s, _ := e.Subject("arn:aws:iam::" + prod + ":user/ann")
	var got []string
	for i := range s.SCPs {
		got = append(got, s.SCPs[i].Node+": "+names(&s.SCPs[i]))
	}
	want := []string{"r-1: FullAWSAccess", "ou-1: FullAWSAccess, guard", prod + ": FullAWSAccess"}
	if !slices.Equal(got, want) {
		t.Errorf("SCPs %v, want %v", got, want)
	}
	o := e.Object("arn:aws:s3:::logs/a/b")
	if len(o.RCPs) != 3 || names(&o.RCPs[1]) != "RCPFullAWSAccess" {
		t.Errorf("RCPs %v: AWS attaches its own everywhere", o.RCPs)
	}
	m, err := e.Subject("arn:aws:iam::" + root + ":root")
	if err != nil || !m.Principal.Management {
		t.Errorf("%+v %v", m, err)
	}
	// Nothing is known of an account that nobody mentioned.
	x, err := e.Subject("arn:aws:iam::123456789012:role/x")
	if err != nil || x.Identity.Unseen == "" || x.Boundary == nil || x.SCPs[0].Unseen == "" || x.Principal.OrgSeen {
		t.Errorf("%+v %v", x, err)
	}
}

func TestGuardrailsThatWereNotSeen(t *testing.T) {
	for name, c := range map[string]struct {
		change func(r *evidence.Resource)
		want   string
	}{
		"attachments": {func(r *evidence.Resource) {
			if r.ID == "ou-1" {
				r.Properties["Policies"] = evidence.Unknown{Reason: "ListPolicies denied"}
			}
		}, "?ListPolicies denied"},
		"a policy": {func(r *evidence.Resource) {
			if r.Type == typeOrgPolicy {
				r.Type = "AWS::Other::Type"
			}
		}, "FullAWSAccess, ?policy p-guard was not collected"},
		"a node": {func(r *evidence.Resource) {
			if r.ID == "ou-1" {
				r.Type = "AWS::Other::Type"
			}
		}, "?the organisation above account 111122223333 was not collected whole"},
		"which types are enabled": {func(r *evidence.Resource) {
			if r.Type == evidence.TypeOrganization {
				r.Properties["EnabledPolicyTypes"] = evidence.Unknown{}
			}
		}, "FullAWSAccess, guard, ?whether SERVICE_CONTROL_POLICY is enabled was not seen"},
	} {
		from := world()
		inner := from.Resources
		from.Resources = func(yield func(*evidence.Resource, error) bool) {
			for r, err := range inner {
				c.change(r)
				if !yield(r, err) {
					return
				}
			}
		}
		e := load(t, from)
		s, err := e.Subject("arn:aws:iam::" + prod + ":user/ann")
		if err != nil {
			t.Fatal(err)
		}
		level := &s.SCPs[min(1, len(s.SCPs)-1)]
		if got := names(level); got != c.want {
			t.Errorf("without %s: %s, want %s", name, got, c.want)
		}
	}
}

func TestLoadObjects(t *testing.T) {
	e := load(t, world())
	region := "eu-west-1:" + prod + ":"
	for arn, want := range map[string]string{
		"arn:aws:s3:::logs":                            "BucketPolicy",
		"arn:aws:s3:::logs/a/b":                        "BucketPolicy",
		"arn:aws:s3:::bare":                            "none",
		"arn:aws:s3:::elsewhere/x":                     "?the resource is not in the evidence, so its policy was not seen",
		"arn:aws:sqs:" + region + "q":                  "?sqs:GetQueueAttributes denied",
		"arn:aws:lambda:" + region + "function:f":      "Permissions",
		"arn:aws:lambda:" + region + "function:f:live": "Permissions",
		"arn:aws:kms:" + region + "key/k1":             "?kms:GetKeyPolicy denied",
		"arn:aws:ec2:" + region + "instance/i-1":       "none",
		"arn:aws:iam::" + prod + ":role/ci/deploy":     "trust policy",
		"arn:aws:iam::123456789012:role/elsewhere":     "?AWS::IAM::Role was not collected in account 123456789012",
		"*":        "none",
		"nonsense": `?"nonsense" is not the ARN of a resource`,
		"arn:aws:secretsmanager:" + region + "secret:x": "?the resource is not in the evidence, so its policy was not seen",
	} {
		o := e.Object(arn)
		if got := names(o.Policy); got != want {
			t.Errorf("policy of %s: %s, want %s", arn, got, want)
		}
		if o.ARN != arn {
			t.Errorf("%s came back as %s", arn, o.ARN)
		}
	}
	f := e.Object("arn:aws:lambda:" + region + "function:f").Policy.Policies[0].Doc
	if len(f.Statements) != 2 || f.Statements[0].Principals[0].Kind != policy.Service || f.Statements[0].Conditions[0].Key != "aws:SourceArn" ||
		f.Statements[1].Principals[0].Kind != policy.AWS || f.Statements[1].Resources[0].Value != "arn:aws:lambda:"+region+"function:f:live" {
		t.Errorf("%+v", f.Statements)
	}
}

func TestLoadBuckets(t *testing.T) {
	e := load(t, world())
	logs, bare := e.Object("arn:aws:s3:::logs/x").Bucket, e.Object("arn:aws:s3:::bare").Bucket
	if logs.RestrictPublicBuckets != kleene.True || logs.ACLsDisabled != kleene.True || len(logs.Grants) != 1 {
		t.Errorf("%+v", logs)
	}
	if bare.RestrictPublicBuckets != kleene.False || bare.IgnorePublicACLs != kleene.Unknown || bare.ACLsDisabled != kleene.False {
		t.Errorf("%+v", bare)
	}
	if b := e.Object("arn:aws:s3:::elsewhere").Bucket; b == nil || b.RestrictPublicBuckets != kleene.Unknown {
		t.Errorf("%+v", b)
	}
}

// A policy that may be there and was not seen is not none.
func TestTypesThatWereNeverListed(t *testing.T) {
	from := world()
	delete(from.Listed[prod], "AWS::S3::BucketPolicy")
	if got := names(load(t, from).Object("arn:aws:s3:::bare").Policy); got != "?AWS::S3::BucketPolicy was not collected in account "+prod {
		t.Error(got)
	}
	from = world()
	from.Gaps = []evidence.Gap{{Account: prod, Service: "s3", Operation: "GetBucketPolicy", Types: []string{"AWS::S3::BucketPolicy"}, Resource: "bare", Reason: evidence.Denied}}
	e := load(t, from)
	if got := names(e.Object("arn:aws:s3:::bare").Policy); got != "?s3:GetBucketPolicy was denied" {
		t.Error(got)
	}
	if got := names(e.Object("arn:aws:s3:::logs").Policy); got != "BucketPolicy" {
		t.Error(got)
	}
	from.Alone = true
	from.Listed = nil
	e = load(t, from)
	bob, _ := e.Subject("arn:aws:iam::" + prod + ":user/bob")
	if names(e.Object("arn:aws:s3:::bare").Policy) != "none" || names(&bob.Identity) != "" || bob.Boundary == nil {
		t.Error("what was not seen counts as not there, save a boundary that is")
	}
}

func TestFind(t *testing.T) {
	e := load(t, world())
	for name, want := range map[string]string{
		"ann": "arn:aws:iam::111122223333:user/ann", "deploy": "arn:aws:iam::111122223333:role/ci/deploy", "ci/deploy": "arn:aws:iam::111122223333:role/ci/deploy",
		"role/deploy":/* the path may be left out */ "arn:aws:iam::111122223333:role/ci/deploy", "111122223333/user/ann": "arn:aws:iam::111122223333:user/ann",
		"444455556666": "arn:aws:iam::444455556666:root", "lambda.amazonaws.com": "lambda.amazonaws.com", "anonymous": "anyone",
		"arn:aws:sts::111122223333:assumed-role/deploy/s1": "arn:aws:sts::111122223333:assumed-role/deploy/s1",
	} {
		s, err := e.Find(name)
		if err != nil || s.Name() != want {
			t.Errorf("Find(%q) = %v, %v", name, s, err)
		}
	}
	session, _ := e.Find("arn:aws:sts::111122223333:assumed-role/deploy/s1")
	if session.Principal.Role != "arn:aws:iam::111122223333:role/ci/deploy" || names(&session.Identity) != "all, ?denied" {
		t.Errorf("%+v", session)
	}
	for name, want := range map[string]string{
		"zed": `the user or role "zed" is not in the evidence`, "user/deploy": "not in the evidence", "arn:aws:iam::111122223333:user/Ann": "did you mean arn:aws:iam::111122223333:user/ann?",
		"arn:aws:iam::1:user/x": "is not the ARN of a principal",
	} {
		if _, err := e.Find(name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Find(%q): %v, want %q", name, err, want)
		}
	}
	for name, want := range map[string]string{"logs": "arn:aws:s3:::logs", "s3://logs/x": "arn:aws:s3:::logs/x", "q": "arn:aws:sqs:eu-west-1:111122223333:q", "*": "*"} {
		if o, err := e.FindObject(name); err != nil || o.ARN != want {
			t.Errorf("FindObject(%q) = %v, %v", name, o, err)
		}
	}
	for _, name := range []string{"nothing", "arn:aws:s3"} {
		if _, err := e.FindObject(name); err == nil {
			t.Errorf("FindObject(%q) found something", name)
		}
	}
}
