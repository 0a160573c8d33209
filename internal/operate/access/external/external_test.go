package external

import (
	"iter"
	"slices"
	"strings"
	"testing"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/kleene"
	"holdfast.dev/holdfast/internal/operate/access"
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

func res(typ, account, region, id, arn string, p props) *evidence.Resource {
	return &evidence.Resource{Type: typ, Account: account, Region: region, ID: id, ARN: arn, Partition: "aws", Properties: p}
}

const (
	us, sister, them = "111122223333", "222233334444", "999988887777"
	region           = "eu-west-1"
)

func statement(effect string, principal any, action, resource string, condition any) any {
	s := props{"Effect": effect, "Principal": principal, "Action": action}
	if resource != "" {
		s["Resource"] = resource
	}
	if condition != nil {
		s["Condition"] = condition
	}
	return s
}

func document(statements ...any) props {
	return props{"Version": "2012-10-17", "Statement": statements}
}

// organised is an organisation of two accounts, with these resources and RCPs.
func organised(rcps []any, more ...*evidence.Resource) access.Evidence {
	attached := []any{}
	list := []*evidence.Resource{
		res(evidence.TypeOrganization, sister, "global", "o-ours", "", props{"Id": "o-ours", "RootId": "r-1", "ManagementAccountId": sister,
			"EnabledPolicyTypes": []any{"SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"}}),
	}
	for i, p := range rcps {
		id := "p-" + string(rune('a'+i))
		attached = append(attached, props{"Id": id, "Name": id, "Type": "RESOURCE_CONTROL_POLICY"})
		list = append(list, res("AWS::Organizations::Policy", sister, "global", id, "", props{"Name": id, "Type": "RESOURCE_CONTROL_POLICY", "Content": p, "Observed": props{"Id": id}}))
	}
	list = append(list, res(evidence.TypeNode, sister, "global", "r-1", "", props{"Id": "r-1", "Kind": "ROOT", "Policies": attached}))
	listed := map[string]map[string]bool{}
	for _, account := range []string{us, sister} {
		list = append(list, res(evidence.TypeAccount, account, "global", account, "", props{"Id": account, "ParentId": "r-1", "Management": account == sister, "Policies": []any{}}))
		listed[account] = map[string]bool{}
		for _, typ := range access.Types() {
			listed[account][typ] = true
		}
	}
	return access.Evidence{Resources: each(append(list, more...)), Listed: listed}
}

func find(t *testing.T, from access.Evidence, zone Zone, shared ...*evidence.Resource) *Report {
	t.Helper()
	e, err := access.Load(from)
	if err != nil {
		t.Fatal(err)
	}
	r, err := Find(e, each(shared), zone)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// short writes findings as the last part of the resource, what it is by, who, and
// ! for public, ? for not certain.
func short(list []Finding) string {
	var out []string
	for _, x := range list {
		s := x.Resource[strings.LastIndexAny(x.Resource, ":/")+1:] + " " + string(x.Means) + " " + x.Name
		if x.Public {
			s += "!"
		}
		if x.Known == kleene.Unknown {
			s += "?"
		}
		out = append(out, s)
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

func queue(statements ...any) []*evidence.Resource {
	const url = "https://sqs.eu-west-1.amazonaws.com/111122223333/q"
	return []*evidence.Resource{
		res("AWS::SQS::Queue", us, region, url, "arn:aws:sqs:eu-west-1:111122223333:q", props{"QueueName": "q"}),
		res("AWS::SQS::QueuePolicy", us, region, "p", "", props{"Queues": []any{url}, "PolicyDocument": document(statements...)}),
	}
}

func TestZones(t *testing.T) {
	resources := append(queue(
		statement("Allow", props{"AWS": []any{us, sister, them}}, "sqs:SendMessage", "*", nil),
		statement("Allow", props{"Service": "sns.amazonaws.com"}, "sqs:SendMessage", "*", nil),
		statement("Allow", "*", "sqs:ReceiveMessage", "*", props{"StringEquals": props{"aws:PrincipalOrgID": "o-ours"}}),
	), res("AWS::IAM::Role", us, "global", "r", "arn:aws:iam::111122223333:role/r", props{"RoleName": "r", "AssumeRolePolicyDocument": document(
		statement("Allow", props{"AWS": "arn:aws:iam::" + them + ":root"}, "sts:AssumeRole", "", props{"StringEquals": props{"sts:ExternalId": "42"}}))}))
	for zone, want := range map[Zone]string{
		Account:      "q policy " + sister + ", q policy " + them + ", q policy o-ours, r trust-policy " + them,
		Organization: "q policy " + them + ", r trust-policy " + them,
	} {
		r := find(t, organised(nil, resources...), zone)
		if got := short(r.Findings); got != want {
			t.Errorf("%s: %s, want %s", zone, got, want)
		}
		if r.Looked["AWS::SQS::Queue"] != 1 || r.Looked["AWS::IAM::Role"] != 1 {
			t.Errorf("looked at %v", r.Looked)
		}
		role := r.Findings[slices.IndexFunc(r.Findings, func(x Finding) bool { return x.Means == ByTrust })]
		if len(role.Conditions) != 1 || role.Conditions[0] != "StringEquals sts:ExternalId 42" || role.CrossAccount != kleene.True || role.External != kleene.True {
			t.Errorf("%+v", role)
		}
	}
}

// Without the organisation it is not known who is outside.
func TestWithoutAnOrganisation(t *testing.T) {
	from := organised(nil)
	from.Resources = each(queue(statement("Allow", props{"AWS": []any{us, them}}, "sqs:SendMessage", "*", nil)))
	r := find(t, from, Organization)
	if len(r.Findings) != 1 || r.Findings[0].External != kleene.Unknown || r.Findings[0].Known != kleene.True {
		t.Errorf("%+v", r.Findings)
	}
}

func TestControlPolicies(t *testing.T) {
	perimeter := document(statement("Deny", "*", "sqs:*", "*", props{"StringNotEqualsIfExists": props{"aws:PrincipalOrgID": "o-ours"}, "BoolIfExists": props{"aws:PrincipalIsAWSService": "false"}}))
	tls := document(statement("Deny", "*", "sqs:*", "*", props{"Bool": props{"aws:SecureTransport": "false"}}))
	other := document(statement("Deny", "*", "s3:*", "*", nil))
	open := statement("Allow", "*", "sqs:SendMessage", "*", nil)
	named := statement("Allow", props{"AWS": []any{sister, them}}, "sqs:ReceiveMessage", "*", nil)
	for name, c := range map[string]struct {
		rcp            any
		findings, held string
	}{
		"none":               {nil, "q policy *!, q policy " + sister + ", q policy " + them, ""},
		"of the perimeter":   {perimeter, "q policy *!, q policy " + sister, "q policy " + them}, // services that strangers send
		"of TLS":             {tls, "q policy *!, q policy " + sister + ", q policy " + them, ""},
		"of another service": {other, "q policy *!, q policy " + sister + ", q policy " + them, ""},
		"not seen":           {evidence.Unknown{Reason: "denied"}, "q policy *!, q policy " + sister + ", q policy " + them, ""},
	} {
		var rcps []any
		if c.rcp != nil {
			rcps = []any{c.rcp}
		}
		r := find(t, organised(rcps, queue(open, named)...), Account)
		if got := short(r.Findings); got != c.findings || short(r.Held) != c.held {
			t.Errorf("%s: %s; held %s", name, got, short(r.Held))
		}
		if name == "not seen" && r.Findings[0].ControlsUnseen == "" {
			t.Errorf("it does not say so: %+v", r.Findings[0])
		}
	}
}

func bucket(block props, acl []any, statements ...any) []*evidence.Resource {
	p := props{"BucketName": "b", "Observed": props{"AclGrants": acl}}
	if block != nil {
		p["PublicAccessBlockConfiguration"] = block
	}
	out := []*evidence.Resource{res("AWS::S3::Bucket", us, region, "b", "arn:aws:s3:::b", p)}
	if len(statements) > 0 {
		out = append(out, res("AWS::S3::BucketPolicy", us, region, "b", "", props{"Bucket": "b", "PolicyDocument": document(statements...)}))
	}
	return out
}

func TestBuckets(t *testing.T) {
	owner := props{"Grantee": "79a59df900b949e5", "Permission": "FULL_CONTROL"}
	all := props{"Grantee": everyUser, "Permission": "READ"}
	signed := props{"Grantee": authenticated, "Permission": "WRITE"}
	logs := props{"Grantee": "http://acs.amazonaws.com/groups/s3/LogDelivery", "Permission": "WRITE"}
	public := statement("Allow", "*", "s3:GetObject", "arn:aws:s3:::b/*", nil)
	named := statement("Allow", props{"AWS": them}, "s3:PutObject", "arn:aws:s3:::b/*", nil)
	canonical := props{"Grantee": "1234567890abcdef", "Permission": "READ"}
	for name, c := range map[string]struct {
		block          props
		acl            []any
		statements     []any
		findings, held string
	}{
		"quiet":                  {nil, []any{owner, logs}, nil, "", ""},
		"by policy":              {nil, []any{owner}, []any{public, named}, "b policy *!, b policy " + them, ""},
		"restricted":             {props{"RestrictPublicBuckets": true}, []any{owner}, []any{public, named}, "", "b policy *!, b policy " + them},
		"restricted, not public": {props{"RestrictPublicBuckets": true}, []any{owner}, []any{named}, "b policy " + them, ""},
		"who knows":              {props{"RestrictPublicBuckets": evidence.Unknown{Reason: "x"}}, []any{owner}, []any{public}, "b policy *!?", ""},
		"refuses new ones":       {props{"BlockPublicPolicy": true, "BlockPublicAcls": true}, []any{owner, all}, []any{public}, "b acl *!, b policy *!", ""},
		"by ACL":                 {nil, []any{owner, all, signed}, nil, "b acl *!, b acl *!", ""},
		"ACLs ignored":           {props{"IgnorePublicAcls": true}, []any{owner, all}, nil, "", "b acl *!"},
		"somebody by id":         {nil, []any{owner, canonical}, nil, "b acl 1234567890abcdef", ""},
		"the block not seen":     {props{"IgnorePublicAcls": evidence.Unknown{Reason: "x"}}, []any{owner, all}, nil, "b acl *!?", ""},
	} {
		r := find(t, organised(nil, bucket(c.block, c.acl, c.statements...)...), Account)
		if got := short(r.Findings); got != c.findings || short(r.Held) != c.held {
			t.Errorf("%s: %s; held %s", name, got, short(r.Held))
		}
		for _, x := range r.Held {
			if len(x.Restricted) == 0 {
				t.Errorf("%s: %s does not say what holds it back", name, x.Title())
			}
		}
	}
}

func TestShares(t *testing.T) {
	snapshot := func(p props) *evidence.Resource {
		return res("Holdfast::EC2::Snapshot", us, region, "snap-1", "arn:aws:ec2:eu-west-1::snapshot/snap-1", p)
	}
	for name, c := range map[string]struct {
		resource *evidence.Resource
		zone     Zone
		findings string
		unseen   int
	}{
		"private":          {snapshot(props{"Public": false, "SharedWith": []any{}}), Account, "", 0},
		"public":           {snapshot(props{"Public": true, "SharedWith": []any{}}), Organization, "snap-1 share *!", 0},
		"with accounts":    {snapshot(props{"Public": false, "SharedWith": []any{us, sister, them}}), Account, "snap-1 share " + sister + ", snap-1 share " + them, 0},
		"within":           {snapshot(props{"Public": false, "SharedWith": []any{sister, them}}), Organization, "snap-1 share " + them, 0},
		"not seen":         {snapshot(props{"Public": evidence.Unknown{Reason: "denied"}, "SharedWith": evidence.Unknown{Reason: "denied"}}), Account, "", 1},
		"an image":         {res("Holdfast::EC2::Image", us, region, "ami-1", "arn:aws:ec2:eu-west-1::image/ami-1", props{"Public": true}), Account, "ami-1 share *!", 0},
		"a document":       {res("AWS::SSM::Document", us, region, "d", "arn:aws:ssm:eu-west-1:111122223333:document/d", props{"Observed": props{"Public": false, "SharedWith": []any{them}}}), Account, "d share " + them, 0},
		"a layer":          {res("AWS::Lambda::LayerVersionPermission", us, region, "x", "", props{"LayerVersionArn": "arn:aws:lambda:eu-west-1:111122223333:layer:l:1", "Action": "lambda:GetLayerVersion", "Principal": "*"}), Account, "1 policy *!", 0},
		"a layer for ours": {res("AWS::Lambda::LayerVersionPermission", us, region, "x", "", props{"LayerVersionArn": "arn:aws:lambda:eu-west-1:111122223333:layer:l:1", "Action": "lambda:GetLayerVersion", "Principal": "*", "OrganizationId": "o-ours"}), Organization, "", 0},
		"a stream":         {res("AWS::DynamoDB::Table", us, region, "t", "arn:aws:dynamodb:eu-west-1:111122223333:table/t", props{"StreamSpecification": props{"ResourcePolicy": props{"PolicyDocument": document(statement("Allow", props{"AWS": them}, "dynamodb:GetRecords", "*", nil))}}}), Account, "* policy " + them, 0},
	} {
		r := find(t, organised(nil), c.zone, c.resource)
		if got := short(r.Findings); got != c.findings || len(r.Unseen) != c.unseen {
			t.Errorf("%s: %s, %d unseen", name, got, len(r.Unseen))
		}
	}
}

func TestUnseenPolicies(t *testing.T) {
	const url = "https://sqs.eu-west-1.amazonaws.com/111122223333/q"
	r := find(t, organised(nil,
		res("AWS::SQS::Queue", us, region, url, "arn:aws:sqs:eu-west-1:111122223333:q", props{"QueueName": "q"}),
		res("AWS::SQS::QueuePolicy", us, region, "p", "", props{"Queues": []any{url}, "PolicyDocument": evidence.Unknown{Reason: "sqs:GetQueueAttributes denied"}})), Account)
	if len(r.Findings) != 0 || len(r.Unseen) != 1 || !strings.Contains(r.Unseen[0].Why, "denied") {
		t.Errorf("%+v", r)
	}
}
