package exposure

import (
	"fmt"
	"strings"
	"testing"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
	"holdfast.dev/holdfast/internal/kleene"
)

// Each kind of guest is asked about as what he is, conditions and denials
// included.
func TestGuestsMeetConditions(t *testing.T) {
	const act = `"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::a/*"`
	deny := func(condition string) string {
		return `,{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*","Condition":` + condition + `}]`
	}
	for name, c := range map[string]struct{ statements, want string }{
		"a service with its source":     {`{"Principal":{"Service":"sns.amazonaws.com"},` + act + `,"Condition":{"StringEquals":{"aws:SourceAccount":"111122223333"}}}`, "service:sns.amazonaws.com"},
		"a canonical id over TLS":       {`[{"Principal":{"CanonicalUser":"79a5"},` + act + `}` + deny(`{"Bool":{"aws:SecureTransport":"false"}}`), "canonical-user:79a5 x?"},
		"CloudFront over TLS":           {`[{"Principal":{"AWS":"arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1"},` + act + `}` + deny(`{"Bool":{"aws:SecureTransport":"false"}}`), "service:arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1"},
		"a deleted role":                {`[{"Principal":{"AWS":"AROAQQQQQQQQQQQQQQQQQ"},` + act + `}` + deny(`{"Bool":{"aws:SecureTransport":"false"}}`), "unique-id:AROAQQQQQQQQQQQQQQQQQ"},
		"a role of another name":        {`{"Principal":{"AWS":"arn:aws:iam::999988887777:role/a"},` + act + `,"Condition":{"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::999988887777:role/b"}}}`, ""},
		"a session":                     {`{"Principal":{"AWS":"arn:aws:sts::999988887777:assumed-role/r/s"},` + act + `,"Condition":{"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::999988887777:role/r"}}}`, "principal:arn:aws:sts::999988887777:assumed-role/r/s x"},
		"a user of an account":          {`{"Principal":{"AWS":"999988887777"},` + act + `,"Condition":{"StringEquals":{"aws:username":"alice"}}}`, "account:999988887777 x"},
		"the root of an account":        {`{"Principal":{"AWS":"999988887777"},` + act + `,"Condition":{"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::999988887777:root"}}}`, "account:999988887777 x"},
		"outside, who has to be inside": {`{"Principal":{"AWS":["999988887777","222233334444"]},` + act + `,"Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-ours"}}}`, "account:222233334444"},
		"by a variable of the owner":    {`{"Principal":{"AWS":["999988887777","222233334444"]},` + act + `,"Condition":{"StringEquals":{"aws:PrincipalOrgID":"${aws:ResourceOrgID}"}}}`, "account:222233334444"},
		"behind our endpoint":           {`{"Principal":"*",` + act + `,"Condition":{"StringEquals":{"aws:VpceAccount":"222233334444"}}}`, "via account:222233334444"},
		"by an access point":            {`{"Principal":"*",` + act + `,"Condition":{"StringEquals":{"s3:DataAccessPointAccount":"999988887777"}}}`, "via account:999988887777 x"},
		"services of an organisation":   {`{"Principal":"*",` + act + `,"Condition":{"StringEquals":{"aws:SourceOrgID":"o-theirs"}}}`, "via organization:o-theirs x"},
		"a source account":              {`{"Principal":"*",` + act + `,"Condition":{"StringEquals":{"aws:SourceAccount":"999988887777"}}}`, "via account:999988887777 x"},
		"an account and its network":    {`{"Principal":"*",` + act + `,"Condition":{"StringEquals":{"aws:PrincipalAccount":"999988887777"},"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}}`, "account:999988887777 x"},
	} {
		got, known := Grants(policy.Of(document(t, c.statements)), ourZone)
		if short(got) != c.want || known != kleene.True {
			t.Errorf("%s: %s, want %s", name, short(got), c.want)
		}
	}
}

// Actions that the catalogue does not know yet are taken to exist.
func TestPublicWithActionsYetToCome(t *testing.T) {
	for statements, want := range map[string]kleene.Value{
		`{"Effect":"Allow","Principal":"*","Action":"newservice:Frob*","Resource":"*"}`:                                                                                                       kleene.True,
		`[{"Effect":"Allow","Principal":"*","Action":"newservice:Frob*","Resource":"*"},{"Effect":"Deny","Principal":"*","Action":"newservice:*","Resource":"*"}]`:                            kleene.False,
		`[{"Effect":"Allow","Principal":"*","Action":"newservice:Frob*","Resource":"*"},{"Effect":"Deny","Principal":"*","NotAction":"newservice:*Thing","Resource":"*"}]`:                    kleene.True,
		`[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"},{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}]`: kleene.True,
	} {
		if got := Public(document(t, statements)); got != want {
			t.Errorf("%s: %v, want %v", statements, got, want)
		}
	}
	cn := policy.Of(document(t, `{"Effect":"Allow","Principal":"*","Action":"sqs:SendMessage","Resource":"*","Condition":{"ArnLike":{"aws:SourceArn":"arn:aws-cn:sns:*:*:*"}}}`))
	if got := PublicTo(cn, Zone{}); got != kleene.True {
		t.Errorf("strangers have topics in China too, so %v is wrong", got)
	}
}

// Where two things keep strangers out together, both are named.
func TestJudgeNamesAllKeepers(t *testing.T) {
	doc := policy.Of(document(t, `[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::a/*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-a","aws:PrincipalAccount":"111122223333","aws:UserAgent":"x"}}},
		{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*","Condition":{"StringNotEquals":{"aws:SourceVpce":"vpce-1"}}}]`))
	d := Judge(doc, Zone{}).Doors[0]
	if fmt.Sprint(d.Kept) != "[StringEquals aws:PrincipalAccount 111122223333 StringEquals aws:PrincipalOrgID o-a]" || fmt.Sprint(d.Denied) != "[1]" {
		t.Errorf("%v, %v", d.Kept, d.Denied)
	}
}

// A way can be held against what else has a say.
func TestWorldsCanBeAskedAgain(t *testing.T) {
	doc := policy.Of(document(t, `{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::a/*","Condition":{"StringEquals":{"aws:Referer":"x"}}}`))
	grants, _ := ExplainGrants(doc, Zone{Account: "111122223333", Resource: "arn:aws:s3:::a"})
	way := grants[0].Way
	set := &iam.Set{Policies: []*iam.Policy{iam.Compile("p", doc)}}
	if got := way.Decide(iam.Policies{Resource: set}); got.Decision != iam.Allowed {
		t.Errorf("%+v: %v", way, got)
	}
	if got := way.Decide(iam.Policies{Resource: set, Bucket: &iam.Bucket{RestrictPublicBuckets: kleene.True, ACLsDisabled: kleene.True, IgnorePublicACLs: kleene.True}}); got.Layer != iam.PublicAccessLayer {
		t.Errorf("Block Public Access takes it back: %v", got)
	}
	if got := way.Decide(iam.Policies{}); got.Decision != iam.ImplicitlyDenied {
		t.Errorf("without the policy: %v", got)
	}
}

func TestStatements(t *testing.T) {
	got := fmt.Sprint(Statements(document(t, `[{"Sid":"A","Effect":"Allow","Principal":{"AWS":["1",`+hidden+`]},"NotAction":"s3:*","Resource":{"$unknown":{"reason":"x","prefix":"arn:a"}},"Condition":{"Bool":{"AWS:SecureTransport":["true",`+hidden+`]}}},`+hidden+`]`)))
	for _, want := range []string{"Sid:A", "Effect:Allow", "NotActions:[s3:*]", "AWS:1", "Key:aws:securetransport", "a principal is not known", "a condition value is not known", "part of the policy is not known", "only its start is known"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in %s", want, got)
		}
	}
	if list, _ := Statements(nil).([]any); len(list) != 0 {
		t.Error("no document has no statements")
	}
}
