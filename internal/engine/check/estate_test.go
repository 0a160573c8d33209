package check

import (
	"testing"

	"holdfast.dev/holdfast/internal/evidence"
)

// relationControl judges a bucket by one expression.
func judgeBucket(t *testing.T, expression string, estate func(*Engine) *Estate, bucket *evidence.Resource) Outcome {
	t.Helper()
	c := Control{ID: "c", Title: "t", Severity: "low", Objective: "o", Kind: "detective", Layer: "workload", Resource: oneOrMany{"AWS::S3::Bucket"}, Check: expression, Message: "m", File: "c"}
	e, err := Compile([]Control{c}, Options{})
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	result := e.NewJudge(Scope{Now: exampleNow, Estate: estate(e)}).one(bucket, "c")
	if result.Outcome == Error {
		t.Fatalf("%s: %s", expression, result.Message)
	}
	return result.Outcome
}

func policyOf(bucket any) *evidence.Resource {
	return &evidence.Resource{Type: "AWS::S3::BucketPolicy", ID: "p", Account: "1", Region: "eu-west-1", Properties: map[string]any{"Bucket": bucket}}
}

func TestRelations(t *testing.T) {
	bucket := &evidence.Resource{Type: "AWS::S3::Bucket", ID: "b", ARN: "arn:aws:s3:::b", Account: "1", Region: "eu-west-1", Properties: map[string]any{"LoggingConfiguration": map[string]any{"DestinationBucketName": "logs"}}}
	logs := &evidence.Resource{Type: "AWS::S3::Bucket", ID: "logs", Account: "1", Region: "us-east-1", Properties: map[string]any{"BucketName": "logs"}}
	gap := evidence.Gap{Account: "1", Region: "eu-west-1", Service: "s3", Operation: "GetBucketPolicy", Types: []string{"AWS::S3::BucketPolicy"}, Reason: evidence.Denied}
	other := gap
	other.Account = "2"
	const hasPolicy = `size(related("AWS::S3::BucketPolicy", "Bucket")) > 0`
	const anyPolicy = `related("AWS::S3::BucketPolicy", "Bucket").exists(p, true)`
	for _, c := range []struct {
		name, expression string
		gaps             []evidence.Gap
		world            []*evidence.Resource
		want             Outcome
	}{
		{"none", hasPolicy, nil, nil, Fail},
		{"by name", hasPolicy, nil, []*evidence.Resource{policyOf("b")}, Pass},
		{"by ARN", hasPolicy, nil, []*evidence.Resource{policyOf("arn:aws:s3:::b")}, Pass},
		{"of another", hasPolicy, nil, []*evidence.Resource{policyOf("other")}, Fail},
		{"of an unknown one", hasPolicy, nil, []*evidence.Resource{policyOf(evidence.Unknown{})}, Unknown},
		{"hidden by a gap", hasPolicy, []evidence.Gap{gap}, nil, Unknown},
		{"hidden, and none is needed", anyPolicy, []evidence.Gap{gap}, nil, Unknown},
		{"found in spite of a gap", anyPolicy, []evidence.Gap{gap}, []*evidence.Resource{policyOf("b")}, Pass},
		{"a gap elsewhere", hasPolicy, []evidence.Gap{other}, nil, Fail},
		{"lookup across Regions", `lookup("AWS::S3::Bucket", resource.LoggingConfiguration.DestinationBucketName).exists(b, b.BucketName == "logs")`, nil, []*evidence.Resource{logs}, Pass},
		{"all of a type", `resources("AWS::S3::Bucket").exists(b, b.?BucketName.orValue("") == "logs")`, nil, []*evidence.Resource{logs}, Pass},
	} {
		got := judgeBucket(t, c.expression, func(e *Engine) *Estate {
			estate := e.NewEstate(evidence.Org{}, c.gaps)
			for _, r := range c.world {
				estate.Add(r)
			}
			return estate
		}, bucket)
		if got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// In a template the only name a resource has may be its logical id.
func TestRelationsInTemplates(t *testing.T) {
	in := func(file, logical, typ string, p map[string]any) *evidence.Resource {
		return &evidence.Resource{Type: typ, ID: logical, Properties: p, Origin: &evidence.Origin{File: file, LogicalID: logical}}
	}
	bucket := in("a.yaml", "Data", "AWS::S3::Bucket", map[string]any{})
	ref := evidence.Unknown{Reason: "reference to Data", Present: true, Ref: "Data"}
	for file, want := range map[string]Outcome{"a.yaml": Pass, "b.yaml": Fail} {
		got := judgeBucket(t, `related("AWS::S3::BucketPolicy", "Bucket").exists(p, true)`, func(e *Engine) *Estate {
			estate := e.NewEstate(evidence.Org{}, nil)
			estate.Add(in(file, "Policy", "AWS::S3::BucketPolicy", map[string]any{"Bucket": ref}))
			return estate
		}, bucket)
		if got != want {
			t.Errorf("a policy in %s: %v, want %v", file, got, want)
		}
	}
}

func TestAccountVariable(t *testing.T) {
	org := evidence.Org{Accounts: map[string]evidence.Account{"1": {ID: "1", Name: "shop-prod", Path: []string{"Workloads", "Prod"}, Tags: map[string]string{"owner": "shop"}}}}
	for account, want := range map[string]Outcome{"1": Pass, "2": Unknown} {
		bucket := &evidence.Resource{Type: "AWS::S3::Bucket", ID: "b", Account: account}
		got := judgeBucket(t, `account.environment == "prod" && account.tags.owner == "shop" && "Prod" in account.path && !account.management`, func(e *Engine) *Estate { return e.NewEstate(org, nil) }, bucket)
		if got != want {
			t.Errorf("account %s: %v, want %v", account, got, want)
		}
	}
}

// What an account hides is not what an account without it would show.
func TestAccountVariableNotSeen(t *testing.T) {
	denied := evidence.Unknown{Reason: "denied"}
	account := &evidence.Resource{Type: evidence.TypeAccount, ID: "1", Account: "1", Properties: map[string]any{
		"Id": "1", "Name": denied, "State": denied, "Management": denied, "Path": denied, "Tags": denied, "Email": denied}}
	org := evidence.OrgOf(func(yield func(*evidence.Resource) bool) { yield(account) })
	bucket := &evidence.Resource{Type: "AWS::S3::Bucket", ID: "b", Account: "1"}
	for expression, want := range map[string]Outcome{
		`!account.management`: Unknown, `account.name == ""`: Unknown, `account.state != "SUSPENDED"`: Unknown, `size(account.path) == 0`: Unknown,
		`!has(account.tags.owner)`: Unknown, `account.environment != "prod"`: Unknown, `account.email == ""`: Unknown, `account.id == "1"`: Pass,
	} {
		if got := judgeBucket(t, expression, func(e *Engine) *Estate { return e.NewEstate(org, nil) }, bucket); got != want {
			t.Errorf("%s: %v, want %v", expression, got, want)
		}
	}
}

func TestIngressOpen(t *testing.T) {
	rule := func(kv ...any) map[string]any {
		m := map[string]any{}
		for i := 0; i < len(kv); i += 2 {
			m[kv[i].(string)] = kv[i+1]
		}
		return m
	}
	unknown := evidence.Unknown{Reason: "parameter"}
	for _, c := range []struct {
		name  string
		rules any
		want  any
	}{
		{"none", []any{}, false},
		{"open", []any{rule("IpProtocol", "tcp", "FromPort", int64(20), "ToPort", int64(25), "CidrIp", "0.0.0.0/0")}, true},
		{"open to IPv6", []any{rule("IpProtocol", "tcp", "FromPort", int64(22), "ToPort", int64(22), "CidrIpv6", "::/0")}, true},
		{"every protocol", []any{rule("IpProtocol", "-1", "CidrIp", "0.0.0.0/0")}, true},
		{"by number", []any{rule("IpProtocol", int64(6), "FromPort", int64(0), "ToPort", int64(65535), "CidrIp", "0.0.0.0/0")}, true},
		{"every port", []any{rule("IpProtocol", "tcp", "FromPort", int64(-1), "ToPort", int64(-1), "CidrIp", "0.0.0.0/0")}, true},
		{"another port", []any{rule("IpProtocol", "tcp", "FromPort", int64(23), "ToPort", int64(443), "CidrIp", "0.0.0.0/0")}, false},
		{"another protocol", []any{rule("IpProtocol", "udp", "FromPort", int64(22), "ToPort", int64(22), "CidrIp", "0.0.0.0/0")}, false},
		{"a private range", []any{rule("IpProtocol", "tcp", "FromPort", int64(22), "ToPort", int64(22), "CidrIp", "10.0.0.0/8")}, false},
		{"half of all addresses", []any{rule("IpProtocol", "tcp", "FromPort", int64(22), "ToPort", int64(22), "CidrIp", "128.0.0.0/1")}, true},
		{"unknown range", []any{rule("IpProtocol", "tcp", "FromPort", int64(22), "ToPort", int64(22), "CidrIp", unknown)}, unknown},
		{"unknown range, another port", []any{rule("IpProtocol", "tcp", "FromPort", int64(80), "ToPort", int64(80), "CidrIp", unknown)}, false},
		{"unknown port", []any{rule("IpProtocol", "tcp", "FromPort", unknown, "ToPort", int64(100), "CidrIp", "0.0.0.0/0")}, unknown},
		{"unknown port that cannot matter", []any{rule("IpProtocol", "tcp", "FromPort", unknown, "ToPort", int64(21), "CidrIp", "0.0.0.0/0")}, false},
		{"an unknown rule beside an open one", []any{unknown, rule("IpProtocol", "-1", "CidrIp", "0.0.0.0/0")}, true},
		{"unknown rules", unknown, unknown},
		{"a prefix list nobody read", []any{rule("IpProtocol", "tcp", "FromPort", int64(22), "ToPort", int64(22), "SourcePrefixListId", "pl-1")}, evidence.Unknown{Reason: "what the prefix list admits was not read"}},
		{"a prefix list, another port", []any{rule("IpProtocol", "tcp", "FromPort", int64(443), "ToPort", int64(443), "SourcePrefixListId", "pl-1")}, false},
		{"a prefix list that may be none", []any{rule("IpProtocol", "-1", "SourcePrefixListId", unknown)}, evidence.Unknown{Reason: "what the prefix list admits was not read"}},
		{"no protocol", []any{rule("FromPort", int64(22), "ToPort", int64(22), "CidrIp", "0.0.0.0/0")}, evidence.Unknown{Reason: "the rule gives no protocol"}},
		{"ports as text", []any{rule("IpProtocol", "tcp", "FromPort", "22", "ToPort", "22", "CidrIp", "0.0.0.0/0")}, true},
	} {
		if got := ingressOpen([]any{c.rules, "tcp", int64(22)}); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	v6 := []any{rule("IpProtocol", "-1", "CidrIpv6", "::/0")}
	if ingressOpen([]any{v6, "tcp", int64(22), "ipv4"}) != false || ingressOpen([]any{v6, "tcp", int64(22), "ipv6"}) != true {
		t.Error("the family does not count")
	}
}
