package iam

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// mix is the realistic mix of the performance requirement: 500 requests of
// principals that have ten policies of 20 statements each, three levels of SCPs,
// an RCP, resource policies and conditions. Their policies are indexed one by
// one, or as a whole.
func mix(t testing.TB, whole bool) ([]Request, []*Policies) {
	r := rand.New(rand.NewPCG(7, 11))
	m := mixer{t: t, r: r}
	scps := []Set{
		{Node: "root", Policies: []*Policy{m.full(), m.regions()}},
		{Node: "ou", Policies: []*Policy{m.full(), m.protect()}},
		{Node: "account", Policies: []*Policy{m.full()}},
	}
	rcps := []Set{{Node: "root", Policies: []*Policy{m.compile("rcp", `{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}`,
		`{"Effect":"Deny","Principal":"*","Action":["s3:*","sqs:*","kms:*","secretsmanager:*","sts:AssumeRole"],"Resource":"*","Condition":{"StringNotEqualsIfExists":{"aws:PrincipalOrgID":"o-abcdefghij"},"BoolIfExists":{"aws:PrincipalIsAWSService":"false"}}}`)}}}
	principals := make([]*Principal, 25)
	identities := make([]Set, len(principals))
	for i := range principals {
		p, err := ParsePrincipal(fmt.Sprintf("arn:aws:iam::111122223333:role/team-%d/worker-%d", i%5, i))
		if err != nil {
			t.Fatal(err)
		}
		p.OrgSeen, p.OrgID = true, "o-abcdefghij"
		principals[i] = p
		for j := range 10 {
			identities[i].Policies = append(identities[i].Policies, m.identity(i*10+j))
		}
		if whole {
			identities[i].Index()
		}
	}
	var requests []Request
	var policies []*Policies
	for n := range 500 {
		i := n % len(principals)
		service := services[r.IntN(len(services))]
		req, err := NewRequest(Request{
			Principal: principals[i], Action: service.name + ":" + service.actions[r.IntN(len(service.actions))],
			Resource: strings.NewReplacer("%N", fmt.Sprint(r.IntN(60))).Replace(service.arn), Account: "111122223333",
			Context: NewContext(map[string][]string{
				"aws:RequestedRegion": {"eu-west-1"}, "aws:SecureTransport": {"true"}, "aws:SourceIp": {"203.0.113.7"},
				"aws:MultiFactorAuthPresent": {"true"}, "aws:CurrentTime": {"2026-11-21T10:00:00Z"}, "aws:ResourceTag/team": {fmt.Sprint("team-", n%5)},
			}),
		})
		if err != nil {
			t.Fatal(err)
		}
		p := &Policies{Identity: identities[i], SCPs: scps, RCPs: rcps}
		if service.policy {
			p.Resource = &Set{Policies: []*Policy{m.attached(service.name, n)}}
		}
		requests, policies = append(requests, *req), append(policies, p)
	}
	return requests, policies
}

var services = []struct {
	name    string
	actions []string
	arn     string
	policy  bool
}{
	{"s3", []string{"GetObject", "PutObject", "DeleteObject", "GetObjectTagging"}, "arn:aws:s3:::data-%N/2026/11/part-0.parquet", true},
	{"ec2", []string{"StartInstances", "StopInstances", "TerminateInstances", "CreateTags"}, "arn:aws:ec2:eu-west-1:111122223333:instance/i-0abc%N", false},
	{"dynamodb", []string{"GetItem", "PutItem", "Query", "UpdateItem"}, "arn:aws:dynamodb:eu-west-1:111122223333:table/orders-%N", false},
	{"sqs", []string{"SendMessage", "ReceiveMessage", "DeleteMessage"}, "arn:aws:sqs:eu-west-1:111122223333:queue-%N", true},
	{"lambda", []string{"InvokeFunction", "GetFunction", "UpdateFunctionCode"}, "arn:aws:lambda:eu-west-1:111122223333:function:worker-%N", false},
	{"kms", []string{"Decrypt", "Encrypt", "GenerateDataKey"}, "arn:aws:kms:eu-west-1:111122223333:key/key-%N", true},
	{"logs", []string{"CreateLogStream", "PutLogEvents"}, "arn:aws:logs:eu-west-1:111122223333:log-group:/app/%N:*", false},
	{"secretsmanager", []string{"GetSecretValue", "DescribeSecret"}, "arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-%N-AbCdEf", true},
}

type mixer struct {
	t testing.TB
	r *rand.Rand
}

func (m mixer) compile(name string, statements ...string) *Policy {
	return compileJSON(m.t, name, `{"Version":"2012-10-17","Statement":[`+strings.Join(statements, ",")+`]}`)
}

func (m mixer) full() *Policy {
	return m.compile("FullAWSAccess", `{"Effect":"Allow","Action":"*","Resource":"*"}`)
}

func (m mixer) regions() *Policy {
	return m.compile("regions", `{"Effect":"Deny","NotAction":["a4b:*","acm:*","aws-marketplace:*","budgets:*","ce:*","chime:*","cloudfront:*","config:*","cur:*","directconnect:*","ec2:DescribeRegions","ec2:DescribeTransitGateways","fms:*","globalaccelerator:*","health:*","iam:*","importexport:*","kms:*","networkmanager:*","organizations:*","pricing:*","route53:*","route53domains:*","s3:GetAccountPublic*","s3:ListAllMyBuckets","s3:PutAccountPublic*","shield:*","sts:*","support:*","trustedadvisor:*","waf:*","wafv2:*","wellarchitected:*"],"Resource":"*","Condition":{"StringNotEquals":{"aws:RequestedRegion":["eu-west-1","eu-central-1"]},"ArnNotLike":{"aws:PrincipalARN":"arn:aws:iam::*:role/break-glass"}}}`)
}

func (m mixer) protect() *Policy {
	return m.compile("protect",
		`{"Effect":"Deny","Action":["cloudtrail:DeleteTrail","cloudtrail:StopLogging","cloudtrail:UpdateTrail"],"Resource":"*"}`,
		`{"Effect":"Deny","Action":["config:Delete*","config:Stop*","guardduty:Delete*","guardduty:Update*","securityhub:Disable*"],"Resource":"*"}`,
		`{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:root"}}}`,
		`{"Effect":"Deny","Action":["s3:PutBucketPolicy","s3:DeleteBucket*"],"Resource":"*","Condition":{"StringNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/platform/*"}}}`)
}

func (m mixer) identity(n int) *Policy {
	var statements []string
	for i := range 20 {
		s := services[(n+i)%len(services)]
		var actions []string
		for range 2 + m.r.IntN(3) {
			a := s.actions[m.r.IntN(len(s.actions))]
			if m.r.IntN(4) == 0 {
				a = a[:3] + "*"
			}
			actions = append(actions, fmt.Sprintf("%q", s.name+":"+a))
		}
		resource := strings.Replace(s.arn, "%N", fmt.Sprint(m.r.IntN(60)), 1)
		if m.r.IntN(3) == 0 {
			resource = resource[:strings.LastIndexAny(resource, ":/-")+1] + "*"
		}
		condition := ""
		switch m.r.IntN(4) {
		case 0:
			condition = `,"Condition":{"StringEquals":{"aws:ResourceTag/team":"team-` + fmt.Sprint(m.r.IntN(5)) + `"}}`
		case 1:
			condition = `,"Condition":{"Bool":{"aws:SecureTransport":"true"},"IpAddress":{"aws:SourceIp":["203.0.113.0/24","198.51.100.0/24"]}}`
		}
		statements = append(statements, fmt.Sprintf(`{"Effect":"Allow","Action":[%s],"Resource":%q%s}`, strings.Join(actions, ","), resource, condition))
	}
	return m.compile(fmt.Sprint("identity-", n), statements...)
}

func (m mixer) attached(service string, n int) *Policy {
	return m.compile("attached",
		fmt.Sprintf(`{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"%s:*","Resource":"*"}`, service),
		fmt.Sprintf(`{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam::111122223333:role/team-%d/worker-%d","444455556666"]},"Action":"%s:*","Resource":"*"}`, n%5, n%25, service),
		fmt.Sprintf(`{"Effect":"Deny","Principal":"*","Action":"%s:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}`, service))
}

// BenchmarkMix is the mix of the performance requirement.
func BenchmarkMix(b *testing.B) {
	for _, whole := range []bool{true, false} {
		b.Run(fmt.Sprintf("whole=%v", whole), func(b *testing.B) {
			requests, policies := mix(b, whole)
			decideAll(b, requests, policies)
		})
	}
}

// TestMix holds what the benchmark reports: no allocation, and the same answers
// whichever way policies are indexed.
func TestMix(t *testing.T) {
	requests, one := mix(t, false)
	_, whole := mix(t, true)
	counts := map[Decision]int{}
	for i := range requests {
		a, b := Decide(&requests[i], one[i]), Decide(&requests[i], whole[i])
		if a.Decision != b.Decision || a.Layer != b.Layer {
			t.Errorf("request %d: %v by %v, and %v by %v with one index", i, a.Decision, a.Layer, b.Decision, b.Layer)
		}
		counts[a.Decision]++
	}
	if counts[Allowed] < 300 || counts[ImplicitlyDenied] < 20 {
		t.Errorf("the mix is no mix: %v", counts)
	}
	if n := testing.AllocsPerRun(3, func() {
		for i := range requests {
			sink = Decide(&requests[i], whole[i])
			sink = Decide(&requests[i], one[i])
		}
	}); n != 0 {
		t.Errorf("%v allocations in %d decisions", n, 2*len(requests))
	}
}
