package control

import (
	"strings"
	"testing"

	"holdfast.dev/holdfast/internal/engine/check"
)

// try runs one example of a control that is nothing but an expression. The other
// examples, which a control has to have, are told by their tags.
func try(t *testing.T, resource, expression, group, example string) error {
	t.Helper()
	examples := map[string]string{
		"pass": "    - {Tags: [{Key: a, Value: pass}]}\n", "fail": "    - {Tags: [{Key: a, Value: fail}]}\n", "unknown": "    - {Tags: [{Key: a, Value: !unknown x}]}\n",
	}
	examples[group] += example
	source := "id: x\ntitle: X\nseverity: low\nobjective: least-privilege\nkind: detective\nlayer: workload\nresource: " + resource +
		"\ncheck: 'has(resource.Tags) ? resource.Tags.exists(t, t.Value == \"pass\") : " + expression +
		"'\nmessage: X.\nwhy: X.\nfix: {text: X.}\nmaps: {sec01: [BP03]}\nexamples:\n  pass:\n" + examples["pass"] + "  fail:\n" + examples["fail"] + "  unknown:\n" + examples["unknown"]
	controls, err := check.Parse("x.yaml", []byte(source))
	if err != nil {
		t.Fatalf("%v in\n%s", err, source)
	}
	return check.Test(controls, Options(nil))
}

// The world of these: one account without an organisation, a role that may read
// a bucket, and one that may not.
const neighbours = `
      $related:
        - {$type: Holdfast::Account, $id: "111122223333", $region: global, Id: "111122223333", Management: false}
        - $type: AWS::IAM::Role
          $id: reader
          $arn: arn:aws:iam::111122223333:role/reader
          $region: global
          AssumeRolePolicyDocument: {Statement: []}
          Policies: [{PolicyName: p, PolicyDocument: {Version: "2012-10-17", Statement: [
            {Effect: Allow, Action: "s3:GetObject", Resource: "arn:aws:s3:::data/*"},
            {Effect: Allow, Action: "s3:PutObject", Resource: "*", Condition: {IpAddress: {"aws:SourceIp": 203.0.113.0/24}}}]}}]
        - {$type: AWS::IAM::Role, $id: idle, $arn: "arn:aws:iam::111122223333:role/idle", $region: global, AssumeRolePolicyDocument: {Statement: []}}
`

func TestCan(t *testing.T) {
	bucket := func(policy string) string {
		return "    - $id: data\n      $arn: arn:aws:s3:::data\n      $region: eu-west-1\n      PublicAccessBlockConfiguration: {RestrictPublicBuckets: true, IgnorePublicAcls: true}\n" +
			"      OwnershipControls: {Rules: [{ObjectOwnership: BucketOwnerEnforced}]}" + neighbours + policy
	}
	denied := `        - {$type: AWS::S3::BucketPolicy, $region: eu-west-1, Bucket: data, PolicyDocument: {Statement: [{Effect: Deny, Principal: "*", Action: "s3:*", Resource: "arn:aws:s3:::data/*"}]}}
`
	hidden := `        - {$type: AWS::S3::BucketPolicy, $region: eu-west-1, Bucket: data, PolicyDocument: !unknown denied}
`
	for name, c := range map[string]struct{ expression, group, policy string }{
		"may":                    {`can("reader", "s3:GetObject", "arn:aws:s3:::data/x")`, "pass", ""},
		"may, by ARN":            {`can("arn:aws:iam::111122223333:role/reader", "s3:GetObject", "arn:aws:s3:::data/x")`, "pass", ""},
		"may not do that":        {`can("reader", "s3:DeleteObject", "arn:aws:s3:::data/x")`, "fail", ""},
		"has nothing":            {`can("idle", "s3:GetObject", "arn:aws:s3:::data/x")`, "fail", ""},
		"denied by the bucket":   {`can("reader", "s3:GetObject", "arn:aws:s3:::data/x")`, "fail", denied},
		"who knows what it says": {`can("reader", "s3:GetObject", "arn:aws:s3:::data/x")`, "unknown", hidden},
		"depends on where":       {`can("reader", "s3:PutObject", "arn:aws:s3:::data/x")`, "unknown", ""},
		"nobody of that name":    {`can("ghost", "s3:GetObject", "arn:aws:s3:::data/x")`, "fail", ""},
		"with an unknown name":   {`can(resource.BucketName, "s3:GetObject", "arn:aws:s3:::data/x")`, "unknown", "      BucketName: !unknown later\n"},
	} {
		if err := try(t, "AWS::S3::Bucket", c.expression, c.group, bucket(c.policy)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := try(t, "AWS::S3::Bucket", `can("reader", "s3:*", "arn:aws:s3:::data/x")`, "pass", bucket("")); err == nil || !strings.Contains(err.Error(), "not one action") {
		t.Errorf("a pattern is no action: %v", err)
	}
}

// Without an organisation in sight an SCP may be in the way: never a plain yes.
func TestCanDoesNotVouchForWhatWasNotSeen(t *testing.T) {
	example := `    - $id: reader
      $arn: arn:aws:iam::111122223333:role/reader
      $region: global
      AssumeRolePolicyDocument: {Statement: []}
      Policies: [{PolicyName: p, PolicyDocument: {Statement: [{Effect: Allow, Action: "sns:*", Resource: "*"}]}}]
`
	for expression, group := range map[string]string{
		`can(meta.arn, "sns:ListTopics", "*")`: "unknown",
		`can(meta.arn, "sqs:ListQueues", "*")`: "fail",
	} {
		if err := try(t, "AWS::IAM::Role", expression, group, example); err != nil {
			t.Errorf("%s: %v", expression, err)
		}
	}
}

func TestExternalPrincipals(t *testing.T) {
	const org = `, $related: [{$type: Holdfast::Organizations::Organization, $id: o-ours, $region: global, Id: o-ours}, {$type: Holdfast::Account, $id: "111122223333", $region: global, Id: "111122223333"}]`
	example := func(principal, condition, related string) string {
		if condition != "" {
			condition = ", Condition: " + condition
		}
		return `    - {KeyPolicy: {Statement: [{Effect: Allow, Principal: ` + principal + `, Action: "kms:Decrypt", Resource: "*"` + condition + `}]}` + related + "}\n"
	}
	own := `external_principals(resource.KeyPolicy)`
	for name, c := range map[string]struct{ expression, group, example string }{
		"its own account is none": {own + `.size() == 0`, "pass", example(`{AWS: "111122223333"}`, "", "")},
		"a service is none":       {own + `.size() == 0`, "pass", example(`{Service: logs.amazonaws.com}`, "", "")},
		"an account":              {own + `.exists(p, p.kind == "account" && p.who == "999988887777" && p.account == p.who && !p.public && p.actions == ["kms:Decrypt"])`, "pass", example(`{AWS: "999988887777"}`, "", "")},
		"everybody":               {own + `.all(p, p.kind == "everyone" && p.public && p.external)`, "pass", example(`"*"`, "", "")},
		"with its condition":      {own + `.all(p, p.kind == "organization" && p.condition == ["StringEquals aws:PrincipalOrgID o-ours"])`, "pass", example(`"*"`, `{StringEquals: {"aws:PrincipalOrgID": o-ours}}`, "")},
		"inside":                  {own + `.all(p, !p.external)`, "pass", example(`"*"`, `{StringEquals: {"aws:PrincipalOrgID": o-ours}}`, org)},
		"outside":                 {own + `.all(p, !p.external)`, "fail", example(`"*"`, `{StringEquals: {"aws:PrincipalOrgID": o-theirs}}`, org)},
		"who knows":               {own + `.all(p, !p.external)`, "unknown", example(`"*"`, `{StringEquals: {"aws:PrincipalOrgID": o-theirs}}`, "")},
		"not seen":                {own + `.size() == 0`, "unknown", example(`{AWS: !unknown later}`, "", "")},
		"some actions":            {`external_principals_to(resource.KeyPolicy, ["kms:Decrypt"]).size() == 1`, "pass", example(`{AWS: "999988887777"}`, "", "")},
		"other actions":           {`external_principals_to(resource.KeyPolicy, ["kms:Encrypt"]).size() == 0`, "pass", example(`{AWS: "999988887777"}`, "", "")},
		"no actions":              {`external_principals_to(resource.KeyPolicy, []).size() == 0`, "pass", example(`{AWS: "999988887777"}`, "", "")},
		"public to some":          {`policy_public_to(resource.KeyPolicy, ["kms:D*"]) && !policy_public_to(resource.KeyPolicy, ["kms:Encrypt", "kms:List*"])`, "pass", example(`"*"`, "", "")},
	} {
		if err := try(t, "AWS::KMS::Key", c.expression, c.group, c.example); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
