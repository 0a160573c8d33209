package lint

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"holdfast.dev/holdfast/internal/engine/iam/managed"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
)

// whole makes a document of what a case holds.
func whole(t *testing.T, text string) string {
	text = strings.TrimSpace(text)
	if n, ok := strings.CutPrefix(text, "PADDING "); ok {
		size, err := strconv.Atoi(n)
		if err != nil {
			t.Fatal(err)
		}
		resource := "arn:aws:s3:::" + strings.Repeat("b", size)
		return `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"s3:*","Resource":"` + resource + `"}}`
	}
	if strings.Contains(text, `"Version"`) || strings.HasPrefix(text, `{"Statement"`) {
		return text
	}
	return "{\"Version\":\"2012-10-17\",\"Statement\":[\n" + text + "\n]}"
}

// TestRules shows each rule a policy that it is for and one that it is not.
func TestRules(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/rules.txtar")
	if err != nil {
		t.Fatal(err)
	}
	shown := map[string]bool{}
	for _, f := range archive.Files {
		name := strings.Fields(f.Name)
		if len(name) != 3 {
			t.Fatalf("the name %q should be rule, bad or good, type", f.Name)
		}
		code, bad := name[0], name[1] == "bad"
		kind, err := policy.ParseType(name[2])
		if err != nil {
			t.Fatal(err)
		}
		shown[code+" "+name[1]] = true
		t.Run(f.Name, func(t *testing.T) {
			_, _, findings := Text([]byte(whole(t, string(f.Data))), kind, Options{})
			found := false
			for _, x := range findings {
				if x.Code == code {
					found = true
				} else if (x.Severity == Error || !bad) && !strings.HasPrefix(string(f.Data), "PADDING") {
					t.Errorf("something besides: %+v", x)
				}
				if x.Message == "" || x.Position.Line == 0 || x.Position.Column == 0 {
					t.Errorf("%+v lacks its message or place", x)
				}
			}
			if found != bad {
				t.Errorf("found %v, want %v: %+v", found, bad, findings)
			}
		})
	}
	for _, r := range Rules() {
		for _, kind := range []string{"bad", "good"} {
			if !shown[r.Code+" "+kind] {
				t.Errorf("the rule %s has no %s example", r.Code, kind)
			}
		}
	}
}

func TestMessages(t *testing.T) {
	for text, want := range map[string]string{
		`{"Effect":"Allow","Action":"s33:GetObject","Resource":"*"}`:                                                                        "did you mean s3?",
		`{"Effect":"Allow","Action":"s3:GetObjcet","Resource":"*"}`:                                                                         "did you mean s3:GetObject?",
		`{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalOrgld":"o"}}}`:                 "did you mean aws:PrincipalOrgID?",
		`{"Effect":"Allow","Action":"sqs:SendMessage","Resource":"arn:aws:sqs:::q"}`:                                                        "Region and account are missing",
		`{"Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws:s3::111122223333:b"}`:                                               "it has no account; leave the fifth part empty",
		`{"Effect":"Allow","Action":"s3:ListAllMyBuckets","Resource":"arn:aws:s3:::b"}`:                                                     `"Resource": "*"`,
		`{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"StringEqualsIfExists":{"aws:SourceVpce":"vpce-1"}}}`:        "write StringEquals if",
		`{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"ForAnyValue:StringEquals":{"aws:PrincipalOrgID":["o-*"]}}}`: "write ForAnyValue:StringLike",
	} {
		_, _, findings := Text([]byte(whole(t, text)), policy.Identity, Options{})
		if !slices.ContainsFunc(findings, func(f Finding) bool { return strings.Contains(f.Message, want) }) {
			t.Errorf("%s: no message says %q: %+v", text, want, findings)
		}
	}
}

// TestNarrowing tells which values of a condition leave a principal * open.
func TestNarrowing(t *testing.T) {
	for condition, public := range map[string]bool{
		`"StringEquals":{"aws:PrincipalOrgID":"o-a1b2c3d4e5"}`:                 false,
		`"StringLike":{"aws:PrincipalOrgID":"*"}`:                              true,
		`"StringEquals":{"AWS:SourceOwner":"111122223333"}`:                    false,
		`"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/app"}`:             true,
		`"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::111122223333:role/*"}`:    false,
		`"ArnLike":{"aws:SourceArn":"arn:aws:s3:::bucket"}`:                    false,
		`"ArnLike":{"aws:SourceArn":["arn:aws:s3:::bucket","arn:aws:s3:::*"]}`: true,
		`"IpAddress":{"aws:SourceIp":"0.0.0.0/0"}`:                             true,
		`"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}`:                        false,
		`"NotIpAddress":{"aws:SourceIp":"203.0.113.0/24"}`:                     true,
		`"StringEqualsIfExists":{"aws:SourceVpce":"vpce-1"}`:                   true,
		`"StringEquals":{"aws:SourceVpce":"vpce-1"}`:                           false,
		`"ForAllValues:StringLike":{"aws:PrincipalOrgPaths":"o-a1b2c3d4e5/*"}`: true,
		`"ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"o-a1b2c3d4e5/*"}`:  false,
		`"Bool":{"aws:SecureTransport":"true"}`:                                true,
	} {
		text := `{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sns:Publish","Resource":"*","Condition":{` + condition + `}}`
		_, _, findings := Text([]byte(whole(t, text)), policy.Resource, Options{})
		if got := slices.ContainsFunc(findings, func(f Finding) bool { return f.Code == publicPrincipal }); got != public {
			t.Errorf("%s: public %v, want %v", condition, got, public)
		}
	}
}

// TestQuiet: what people write every day has nothing wrong.
func TestQuiet(t *testing.T) {
	for text, kind := range map[string]policy.Type{
		`{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"},"Action":["sts:AssumeRoleWithWebIdentity","sts:TagSession"],"Condition":{"StringEquals":{"token.actions.githubusercontent.com:aud":"sts.amazonaws.com","token.actions.githubusercontent.com:sub":"repo:o/r:ref:refs/heads/main"}}}`: policy.Trust,
		`{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::111122223333:saml-provider/idp"},"Action":["sts:AssumeRoleWithSAML","sts:TagSession"],"Condition":{"StringEquals":{"SAML:aud":"https://signin.aws.amazon.com/saml"}}}`:                                                                                                                               policy.Trust,
		`{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"x"}}}`:                                                                                                                                                                                                        policy.Trust,
		`{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLE"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLE:sub":"system:serviceaccount:a:b"}}}`:                                                                     policy.Trust,
		`{"Sid":"Enable IAM","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"}`:                                                                                                                                                                                                                                   policy.Resource,
		`{"Sid":"__default","Effect":"Allow","Principal":{"AWS":"*"},"Action":["SNS:Publish","SNS:Subscribe"],"Resource":"arn:aws:sns:eu-west-1:111122223333:t","Condition":{"StringEquals":{"AWS:SourceOwner":"111122223333"}}}`:                                                                                                                                      policy.Resource,
		`{"Effect":"Allow","Principal":{"Service":"cloudfront.amazonaws.com"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*","Condition":{"StringEquals":{"AWS:SourceArn":"arn:aws:cloudfront::111122223333:distribution/E1"}}}`:                                                                                                                                policy.Resource,
		`{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::b","arn:aws:s3:::b/*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}}`:                                                                                                                                                                                                      policy.Resource,
		`{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}`:                                                                                                                          policy.Endpoint,
		`{"Effect":"Allow","Action":"*","Resource":"*"}`:                                                                                                                                          policy.SCP,
		`{"Sid":"Full","Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}`:                                                                                                             policy.RCP,
		`{"Effect":"Allow","Action":["logs:CreateLogGroup","logs:CreateLogStream","logs:PutLogEvents"],"Resource":"arn:aws:logs:*:*:*"}`:                                                          policy.Identity,
		`{"Effect":"Allow","Action":["ec2:StartInstances","ec2:StopInstances"],"Resource":"arn:aws:ec2:*:*:instance/*","Condition":{"StringEquals":{"aws:ResourceTag/Owner":"${aws:username}"}}}`: policy.Identity,
		`{"Effect":"Allow","Action":["dynamodb:GetItem","dynamodb:Query"],"Resource":["arn:aws:dynamodb:eu-west-1:111122223333:table/t","arn:aws:dynamodb:eu-west-1:111122223333:table/t/index/*"],"Condition":{"ForAllValues:StringEquals":{"dynamodb:LeadingKeys":["${aws:userid}"]},"Null":{"dynamodb:LeadingKeys":"false"}}}`: policy.Identity,
	} {
		_, _, findings := Text([]byte(whole(t, text)), kind, Options{})
		if len(findings) > 0 {
			t.Errorf("%s %s\n%+v", kind, text, findings)
		}
	}
}

func TestContradictions(t *testing.T) {
	for conditions, want := range map[string]bool{
		`"StringEquals":{"aws:username":"a"},"StringLike":{"aws:username":"b"}`:                                                              false,
		`"StringEquals":{"aws:username":"a"},"StringEqualsIfExists":{"aws:username":"b"}`:                                                    false,
		`"ForAnyValue:StringEquals":{"aws:TagKeys":"a"},"ForAnyValue:StringNotEquals":{"aws:TagKeys":"a"}`:                                   false,
		`"StringEquals":{"aws:username":["a","b"]},"StringNotEquals":{"aws:username":"a"}`:                                                   false,
		`"StringEquals":{"aws:username":["a"]},"StringNotEquals":{"aws:username":["a","b"]}`:                                                 true,
		`"Null":{"aws:username":"true"},"StringEquals":{"aws:username":"a"}`:                                                                 true,
		`"Null":{"aws:username":"true"},"StringNotEquals":{"aws:username":"a"}`:                                                              false,
		`"Null":{"aws:username":"true"},"StringLikeIfExists":{"aws:username":"a"}`:                                                           false,
		`"NumericLessThan":{"aws:MultiFactorAuthAge":"10"},"NumericGreaterThanEquals":{"aws:MultiFactorAuthAge":"10"}`:                       true,
		`"NumericLessThanEquals":{"aws:MultiFactorAuthAge":"10"},"NumericGreaterThanEquals":{"aws:MultiFactorAuthAge":"10"}`:                 false,
		`"DateLessThan":{"aws:CurrentTime":"2026-01-01T00:00:00Z"},"DateGreaterThan":{"aws:CurrentTime":"2026-06-01"}`:                       true,
		`"DateLessThan":{"aws:CurrentTime":["2026-01-01T00:00:00Z","2027-01-01T00:00:00Z"]},"DateGreaterThan":{"aws:CurrentTime":"2026-06"}`: false,
		`"StringEquals":{"aws:username":"${aws:PrincipalTag/a}"},"StringNotEquals":{"aws:username":"${aws:PrincipalTag/a}"}`:                 false,
	} {
		_, _, findings := Text([]byte(whole(t, `{"Effect":"Allow","Action":"*","Resource":"*","Condition":{`+conditions+`}}`)), policy.Identity, Options{})
		if got := slices.ContainsFunc(findings, func(f Finding) bool { return f.Code == neverMatches }); got != want {
			t.Errorf("%s: %v, want %v", conditions, got, want)
		}
	}
}

// TestManagedPolicies: what AWS itself maintains has no error.
func TestManagedPolicies(t *testing.T) {
	sample := 5 // all of them take seconds; they were looked at when the rules were made
	if testing.Short() {
		sample = 20
	}
	n, judged, loud := 0, 0, 0
	for name := range managed.Names() {
		text, ok := managed.Policy(name)
		if !ok {
			t.Fatalf("no document of %s", name)
		}
		n++
		doc, problems := policy.Parse(text)
		if len(problems) > 0 {
			t.Errorf("%s: %v", name, problems.Err())
		}
		if n%sample > 0 {
			continue
		}
		judged++
		warnings := 0
		for _, f := range Lint(doc, policy.Identity, Options{}) {
			if f.Severity == Error {
				t.Errorf("%s: %+v", name, f)
			}
			if f.Severity == Warning {
				warnings++
			}
		}
		if warnings > 0 {
			loud++
		}
	}
	if n < 1500 {
		t.Errorf("only %d policies", n)
	}
	if loud*4 > judged {
		t.Errorf("%d of %d policies that AWS maintains get a warning; a rule is too loud", loud, judged)
	}
}

func TestTypeIsGuessed(t *testing.T) {
	_, kind, findings := Text([]byte(whole(t, `{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}`)), 0, Options{})
	if kind != policy.Trust || slices.ContainsFunc(findings, func(f Finding) bool { return f.Severity == Error }) {
		t.Errorf("%s: %+v", kind, findings)
	}
	if _, _, findings := Text([]byte("{"), 0, Options{}); len(findings) != 1 || findings[0].Code != policy.JSONSyntax || findings[0].Severity != Error {
		t.Errorf("not JSON: %+v", findings)
	}
}

func TestSeverity(t *testing.T) {
	if _, err := ParseSeverity("fatal"); err == nil {
		t.Error("fatal is no severity")
	}
	if s, err := ParseSeverity("warning"); err != nil || s != Warning || s.Rank() != 1 {
		t.Errorf("%v %v", s, err)
	}
}

// What was not seen gives no findings about it.
func TestUnseenIsNotJudged(t *testing.T) {
	var v any
	if err := json.Unmarshal([]byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject",5],"Resource":["arn:aws:s3:::b/*"]}]}`), &v); err != nil {
		t.Fatal(err)
	}
	d := policy.Of(v)
	d.Statements[0].Unseen |= policy.ResourcePart
	d.Statements[0].Resources = []policy.Text{{Value: "arn:aws:s3:::", Partial: true}}
	if findings := Lint(d, policy.Identity, Options{}); len(findings) > 0 {
		t.Errorf("%+v", findings)
	}
}

func FuzzLint(f *testing.F) {
	archive, err := txtar.ParseFile("testdata/rules.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for i, file := range archive.Files {
		f.Add("{\"Version\":\"2012-10-17\",\"Statement\":["+string(file.Data)+"]}", uint8(i%9))
	}
	f.Fuzz(func(t *testing.T, text string, kind uint8) {
		if len(text) > 4096 {
			return
		}
		_, _, findings := Text([]byte(text), policy.Type(kind%9), Options{})
		for _, x := range findings {
			if x.Message == "" || x.Position.Line < 1 || x.Severity.Rank() < 0 {
				t.Fatalf("%+v", x)
			}
		}
	})
}

func BenchmarkLint(b *testing.B) {
	for _, name := range []string{"AmazonS3ReadOnlyAccess", "ReadOnlyAccess"} {
		text, ok := managed.Policy(name)
		if !ok {
			b.Fatal(fmt.Errorf("no %s: %w", name, os.ErrNotExist))
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Text(text, policy.Identity, Options{})
			}
		})
	}
}
