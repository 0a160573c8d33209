package access

import (
	"testing"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/kleene"
)

// declared is a template in which everything refers to everything else.
func declared() []evidence.Resource {
	ref := func(id string) any { return evidence.Unknown{Ref: id, Present: true} }
	arn := func(id, suffix string) any {
		return evidence.Unknown{Ref: id, Present: true, Prefix: "arn:", Suffix: suffix}
	}
	r := func(typ, id string, p props) evidence.Resource {
		return evidence.Resource{Type: typ, ID: id, Account: prod, Region: "eu-west-1", Properties: p, Origin: &evidence.Origin{File: "t.yaml", LogicalID: id}}
	}
	conditional := r("AWS::IAM::Policy", "Maybe", props{"PolicyName": "maybe", "Users": []any{ref("User")}, "PolicyDocument": doc("Allow", "*", "*")})
	conditional.Origin.Conditional = true
	return []evidence.Resource{
		r(typeBucket, "Data", props{}),
		r("AWS::S3::BucketPolicy", "Policy", props{"Bucket": ref("Data"), "PolicyDocument": doc("Allow", "s3:GetObject", "*", props{"AWS": arn("Role", "")})}),
		r("AWS::SQS::Queue", "Queue", props{}),
		r("AWS::SQS::QueuePolicy", "QP", props{"Queues": []any{ref("Queue")}, "PolicyDocument": doc("Allow", "sqs:SendMessage", "*", props{"AWS": arn("Role", "")})}),
		r(typeRole, "Role", props{"Path": "/app/", "ManagedPolicyArns": []any{ref("Managed")}, "PermissionsBoundary": ref("Managed"), "AssumeRolePolicyDocument": doc("Allow", "sts:AssumeRole", "*", props{"Service": "lambda.amazonaws.com"}),
			"Policies": []any{props{"PolicyName": "own", "PolicyDocument": props{"Statement": props{"Effect": "Allow", "Action": "s3:PutObject", "Resource": arn("Data", "/*")}}}}}),
		r(typeManagedPolicy, "Managed", props{"ManagedPolicyName": "m", "PolicyDocument": doc("Allow", "*", "*"), "Groups": []any{ref("Group")}}),
		r("AWS::IAM::Policy", "Apart", props{"PolicyName": "apart", "Roles": []any{ref("Role")}, "PolicyDocument": doc("Deny", "s3:DeleteObject", "*")}),
		r(typeGroup, "Group", props{}),
		r(typeUser, "User", props{"UserName": "ann", "Groups": []any{ref("Group")}}),
		r(typeUser, "Added", props{}),
		r("AWS::IAM::UserToGroupAddition", "Addition", props{"GroupName": ref("Group"), "Users": []any{ref("Added")}}),
		conditional,
	}
}

func TestSettle(t *testing.T) {
	list := Settle(declared())
	listed := map[string]bool{}
	for _, typ := range Types() {
		listed[typ] = true
	}
	e := load(t, Evidence{Resources: each(list), Listed: map[string]map[string]bool{prod: listed}})
	for arn, want := range map[string]string{
		"role/app/Role": "own, apart, arn:aws:iam::111122223333:policy/m", "user/ann": "arn:aws:iam::111122223333:policy/m, ?whether Maybe exists depends on a condition",
		"user/Added": "arn:aws:iam::111122223333:policy/m",
	} {
		s, err := e.Subject("arn:aws:iam::" + prod + ":" + arn)
		if err != nil {
			t.Fatal(err)
		}
		if got := names(&s.Identity); got != want {
			t.Errorf("%s has %s, want %s", arn, got, want)
		}
	}
	role, _ := e.Subject("arn:aws:iam::" + prod + ":role/app/Role")
	if names(role.Boundary) != "arn:aws:iam::111122223333:policy/m" {
		t.Errorf("boundary %s", names(role.Boundary))
	}
	own := role.Identity.Policies[0].Doc.Statements[0].Resources[0]
	if own.Value != "arn:aws:s3:::Data/*" || own.Partial {
		t.Errorf("the reference to the bucket became %+v", own)
	}
	for arn, want := range map[string]string{"arn:aws:s3:::Data/x": "BucketPolicy", "arn:aws:sqs:eu-west-1:" + prod + ":Queue": "QueuePolicy", "arn:aws:iam::" + prod + ":role/app/Role": "trust policy"} {
		o := e.Object(arn)
		if got := names(o.Policy); got != want {
			t.Errorf("%s has %s, want %s", arn, got, want)
		}
	}
	named := e.Object("arn:aws:s3:::Data").Policy.Policies[0].Doc.Statements[0].Principals[0].Name.Value
	if named != "arn:aws:iam::111122223333:role/app/Role" {
		t.Errorf("the bucket policy names %q", named)
	}
	if len(e.Notes()) > 0 {
		t.Error(e.Notes())
	}
}

// What a template declares for another resource than its own is passed over.
func TestSettleLeavesWhatIsElsewhere(t *testing.T) {
	list := Settle([]evidence.Resource{
		{Type: "AWS::IAM::Policy", ID: "P", Account: prod, Properties: props{"PolicyName": "p", "Roles": []any{"elsewhere"}, "PolicyDocument": doc("Allow", "*", "*")}, Origin: &evidence.Origin{LogicalID: "P"}},
		{Type: "AWS::S3::BucketPolicy", ID: "B", Account: prod, Properties: props{"Bucket": evidence.Unknown{Reason: "a parameter"}, "PolicyDocument": doc("Allow", "*", "*", "*")}, Origin: &evidence.Origin{LogicalID: "B"}},
	})
	e := load(t, Evidence{Resources: each(list), Alone: true})
	if len(e.Subjects()) != 0 || len(e.Notes()) != 1 {
		t.Errorf("%v %v", e.Subjects(), e.Notes())
	}
}

// A bucket's list names its owner; what is granted to the owner says nothing
// about others.
func TestOwners(t *testing.T) {
	bucket := func(name string, grants ...string) *evidence.Resource {
		list := []any{}
		for _, g := range grants {
			list = append(list, props{"Grantee": g, "Permission": "FULL_CONTROL"})
		}
		return &evidence.Resource{Type: typeBucket, ID: name, ARN: "arn:aws:s3:::" + name, Account: prod, Properties: props{"Observed": props{"AclGrants": list}}}
	}
	hidden := bucket("hidden")
	hidden.Properties = props{}
	e := load(t, Evidence{Alone: false, Listed: map[string]map[string]bool{prod: {"AWS::S3::BucketPolicy": true, typeAccountBlock: true, typeUser: true}},
		Resources: each([]*evidence.Resource{bucket("a", "me"), bucket("b", "me", "friend"), hidden,
			{Type: typeUser, ID: "u", ARN: "arn:aws:iam::" + prod + ":user/u", Account: prod, Properties: props{}}})})
	if got := e.Object("arn:aws:s3:::a").Bucket.Grants; len(got) != 0 {
		t.Errorf("%v", got)
	}
	if got := e.Object("arn:aws:s3:::b").Bucket.Grants; len(got) != 1 || got[0].Grantee != "friend" {
		t.Errorf("%v", got)
	}
	u, _ := e.Subject("arn:aws:iam::" + prod + ":user/u")
	if u.Principal.CanonicalID != "me" {
		t.Errorf("%+v", u.Principal)
	}
	// Of a list that was not seen it is not known whom it lets in.
	anyone, _ := e.Find("anonymous")
	for name, want := range map[string]kleene.Value{"hidden": kleene.Unknown, "a": kleene.False} {
		if got := e.Decide(anyone, "s3:ListBucket", e.Object("arn:aws:s3:::"+name), &iam.Context{}).Allowed; got != want {
			t.Errorf("anyone lists %s: %v, want %v", name, got, want)
		}
	}
}

// An access point is not decided by its own policy alone.
func TestAccessPoints(t *testing.T) {
	arn := "arn:aws:s3:eu-west-1:" + prod + ":accesspoint/p"
	point := &evidence.Resource{Type: typeAccessPoint, ID: "p", ARN: arn, Account: prod, Region: "eu-west-1", Properties: props{"Bucket": "logs", "Policy": doc("Allow", "s3:GetObject", "*", "*")}}
	from := world()
	inner := from.Resources
	from.Resources = func(yield func(*evidence.Resource, error) bool) {
		for r, err := range inner {
			if !yield(r, err) {
				return
			}
		}
		yield(point, nil)
	}
	if got := names(load(t, from).Object(arn + "/object/x").Policy); got != "Policy, ?what the policy of bucket logs says of requests through the access point is not weighed" {
		t.Error(got)
	}
}
