package exposure

import (
	"strings"
	"testing"

	"holdfast.dev/holdfast/internal/engine/iam/policy"
	"holdfast.dev/holdfast/internal/kleene"
)

const allowAll = `{"Principal":"*","Effect":"Allow","Action":"s3:*","Resource":["arn:aws:s3:::a","arn:aws:s3:::a/*"]}`

// What one statement opens another may close.
func TestPublicWeighsDenials(t *testing.T) {
	deny := func(rest string) string { return `[` + allowAll + `,{"Effect":"Deny",` + rest + `}]` }
	const all = `"Action":"s3:*","Resource":["arn:aws:s3:::a","arn:aws:s3:::a/*"]`
	for name, c := range map[string]struct {
		statements string
		want       kleene.Value
	}{
		"everybody":                          {deny(`"Principal":"*",` + all), kleene.False},
		"everybody, by another spelling":     {deny(`"Principal":{"AWS":"*"},"Action":"*","Resource":"*"`), kleene.False},
		"all but one account":                {deny(`"NotPrincipal":{"AWS":["111122223333","arn:aws:iam::111122223333:root"]},` + all), kleene.False},
		"one account":                        {deny(`"Principal":{"AWS":"111122223333"},` + all), kleene.True},
		"outside the organisation":           {deny(`"Principal":"*",` + all + `,"Condition":{"StringNotEquals":{"aws:PrincipalOrgID":"o-abc"}}`), kleene.False},
		"outside, where it is known":         {deny(`"Principal":"*",` + all + `,"Condition":{"StringNotEqualsIfExists":{"aws:PrincipalOrgID":"o-abc"}}`), kleene.False},
		"outside, but for services":          {deny(`"Principal":"*",` + all + `,"Condition":{"StringNotEquals":{"aws:PrincipalOrgID":"o-abc"},"BoolIfExists":{"aws:PrincipalIsAWSService":"false"}}`), kleene.True},
		"outside, but for our services":      {`[` + allowAll + `,{"Effect":"Deny","Principal":"*",` + all + `,"Condition":{"StringNotEquals":{"aws:PrincipalOrgID":"o-abc"},"BoolIfExists":{"aws:PrincipalIsAWSService":"false"}}},{"Effect":"Deny","Principal":"*",` + all + `,"Condition":{"StringNotEquals":{"aws:SourceOrgID":"o-abc"},"Bool":{"aws:PrincipalIsAWSService":"true"}}}]`, kleene.False},
		"those of an organisation":           {deny(`"Principal":"*",` + all + `,"Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-abc"}}`), kleene.True},
		"outside a network":                  {deny(`"Principal":"*",` + all + `,"Condition":{"NotIpAddress":{"aws:SourceIp":["203.0.113.0/24","2001:db8::/32"]}}`), kleene.False},
		"outside half the internet":          {deny(`"Principal":"*",` + all + `,"Condition":{"NotIpAddress":{"aws:SourceIp":"0.0.0.0/1"}}`), kleene.True},
		"inside a network":                   {deny(`"Principal":"*",` + all + `,"Condition":{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}`), kleene.True},
		"the whole internet":                 {deny(`"Principal":"*",` + all + `,"Condition":{"IpAddress":{"aws:SourceIp":["0.0.0.0/0","::/0"]}}`), kleene.True}, // by an endpoint
		"outside an endpoint":                {deny(`"Principal":"*",` + all + `,"Condition":{"StringNotEquals":{"aws:SourceVpce":"vpce-1"}}`), kleene.False},
		"outside an endpoint, if there is":   {deny(`"Principal":"*",` + all + `,"Condition":{"StringNotEqualsIfExists":{"aws:SourceVpce":"vpce-1"}}`), kleene.False},
		"of endpoints":                       {deny(`"Principal":"*",` + all + `,"Condition":{"Null":{"aws:SourceVpce":"false"}}`), kleene.True},
		"without TLS":                        {deny(`"Principal":"*",` + all + `,"Condition":{"Bool":{"aws:SecureTransport":"false"}}`), kleene.True},
		"with and without TLS":               {`[` + allowAll + `,{"Effect":"Deny","Principal":"*",` + all + `,"Condition":{"Bool":{"aws:SecureTransport":"false"}}},{"Effect":"Deny","Principal":"*",` + all + `,"Condition":{"Bool":{"aws:SecureTransport":"true"}}},{"Effect":"Deny","Principal":"*",` + all + `,"Condition":{"Null":{"aws:SecureTransport":"true"}}}]`, kleene.False},
		"some actions":                       {deny(`"Principal":"*","Action":["s3:Put*","s3:Get*"],"Resource":"*"`), kleene.True},
		"all actions but one":                {deny(`"Principal":"*","NotAction":"s3:GetObject","Resource":"*"`), kleene.True},
		"all actions but those of another":   {deny(`"Principal":"*","NotAction":"sqs:*","Resource":"*"`), kleene.False},
		"all actions but verbs":              {deny(`"Principal":"*","NotAction":"s3:*Tagging","Resource":"*"`), kleene.True},
		"all but a folder":                   {deny(`"Principal":"*","Action":"s3:*","NotResource":"arn:aws:s3:::a/public/*"`), kleene.True},
		"all but a folder of another bucket": {deny(`"Principal":"*","Action":"s3:*","NotResource":"arn:aws:s3:::b/public/*"`), kleene.False},
		"the bucket, not its objects":        {deny(`"Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::a"`), kleene.True},
		"who knows whom":                     {deny(`"Principal":` + hidden + `,` + all), kleene.Unknown},
		"who knows when":                     {deny(`"Principal":"*",` + all + `,"Condition":{"StringNotEquals":{"aws:PrincipalOrgID":` + hidden + `}}`), kleene.Unknown},
		"something else, who knows when":     {deny(`"Principal":"*","Action":"sqs:*","Resource":"*","Condition":` + hidden), kleene.True},
		"a statement that was not seen":      {`[` + allowAll + `,` + hidden + `]`, kleene.Unknown},
		"an effect that was not seen":        {`[` + allowAll + `,{"Effect":` + hidden + `,"Principal":"*",` + all + `}]`, kleene.Unknown},
	} {
		if got := Public(document(t, c.statements)); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// What a stranger can have of a key decides, not how the key is called.
func TestPublicAsksWhatStrangersCanHave(t *testing.T) {
	for condition, want := range map[string]kleene.Value{
		// His own names fit a pattern, or not.
		`{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/reader"}}`:                    kleene.True,
		`{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::111122223333:role/*"}}`:              kleene.False,
		`{"StringLike":{"aws:PrincipalArn":"*:role/reader"}}`:                              kleene.True,
		`{"StringLike":{"aws:PrincipalArn":"*:111122223333:*"}}`:                           kleene.False,
		`{"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::*:root"}}`:                         kleene.True,
		`{"StringLike":{"aws:PrincipalAccount":"1111*"}}`:                                  kleene.True,
		`{"StringEquals":{"aws:PrincipalAccount":"111122223333"}}`:                         kleene.False,
		`{"StringLike":{"aws:PrincipalOrgID":"o-*"}}`:                                      kleene.True,
		`{"ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"*/r-1/ou-1/*"}}`:              kleene.True,
		`{"ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"o-abc/*"}}`:                   kleene.False,
		`{"StringLike":{"aws:userid":"AROAEXAMPLEID:*"}}`:                                  kleene.False,
		`{"StringLike":{"aws:userid":"*:session"}}`:                                        kleene.True,
		`{"StringEquals":{"aws:username":"alice"}}`:                                        kleene.True, // anybody can call a user alice
		`{"StringEquals":{"aws:PrincipalTag/team":"red"}}`:                                 kleene.True, // and tag one
		`{"StringEquals":{"aws:PrincipalAccount":"${aws:ResourceAccount}"}}`:               kleene.False,
		`{"StringEquals":{"aws:PrincipalOrgID":"${aws:ResourceOrgID}"}}`:                   kleene.False,
		`{"StringEquals":{"s3:prefix":"home/${aws:username}"}}`:                            kleene.True,
		`{"StringEquals":{"s3:prefix":"${aws:PrincipalTag/team}"}}`:                        kleene.True,
		`{"StringEquals":{"aws:ResourceAccount":"111122223333"}}`:                          kleene.True,
		`{"StringEquals":{"aws:PrincipalServiceName":"sns.amazonaws.com"}}`:                kleene.True, // anybody can have a topic
		`{"Bool":{"aws:PrincipalIsAWSService":"true"}}`:                                    kleene.True,
		`{"StringEquals":{"aws:SourceAccount":"111122223333"}}`:                            kleene.False,
		`{"StringEquals":{"aws:SourceOrgID":"o-abc"}}`:                                     kleene.False,
		`{"ArnLike":{"aws:SourceArn":"arn:aws:s3:::logs-*"}}`:                              kleene.True, // a bucket of such a name
		`{"ArnLike":{"aws:SourceArn":"arn:aws:lambda:*:111122223333:function:*"}}`:         kleene.False,
		`{"StringEquals":{"aws:SourceVpc":"vpc-1"}}`:                                       kleene.False,
		`{"StringLike":{"aws:SourceVpce":"vpce-*"}}`:                                       kleene.True,
		`{"StringEquals":{"aws:VpceAccount":"111122223333"}}`:                              kleene.False,
		`{"StringEquals":{"aws:VpceOrgID":"o-abc"}}`:                                       kleene.False,
		`{"IpAddress":{"aws:VpcSourceIp":"10.0.0.0/16"}}`:                                  kleene.True, // his network may have any numbers
		`{"IpAddress":{"aws:SourceIp":"198.51.100.7"}}`:                                    kleene.False,
		`{"IpAddress":{"aws:SourceIp":["0.0.0.0/1","128.0.0.0/1"]}}`:                       kleene.True,
		`{"NotIpAddress":{"aws:SourceIp":"203.0.113.0/24"}}`:                               kleene.True,
		`{"Bool":{"aws:SecureTransport":"true"}}`:                                          kleene.True,
		`{"Bool":{"aws:MultiFactorAuthPresent":"true"}}`:                                   kleene.True, // his own
		`{"NumericLessThan":{"aws:MultiFactorAuthAge":"300"}}`:                             kleene.True,
		`{"DateGreaterThan":{"aws:CurrentTime":"2031-01-01T00:00:00Z"}}`:                   kleene.True, // one day
		`{"DateLessThan":{"aws:EpochTime":"1700000000"}}`:                                  kleene.True,
		`{"Null":{"aws:PrincipalOrgID":"true"}}`:                                           kleene.True,
		`{"Null":{"aws:SourceVpce":"false"}}`:                                              kleene.True,
		`{"ForAllValues:StringEquals":{"aws:TagKeys":["a","b"]}}`:                          kleene.True,
		`{"StringEquals":{"lambda:EventSourceToken":"amzn1.ask.skill.1"}}`:                 kleene.False,
		`{"StringEquals":{"kms:CallerAccount":"111122223333"}}`:                            kleene.False,
		`{"StringEquals":{"kms:ViaService":"s3.eu-west-1.amazonaws.com"}}`:                 kleene.True,
		`{"StringEquals":{"s3:DataAccessPointAccount":"111122223333"}}`:                    kleene.False,
		`{"StringEquals":{"aws:Referer":"https://example.com"}}`:                           kleene.True,
		`{"StringEquals":{"aws:UserAgent":"x","aws:PrincipalOrgID":"o-abc"}}`:              kleene.False,
		`{"StringEquals":{"aws:PrincipalOrgID":[]}}`:                                       kleene.False,
		`{"StringEquals":{"s3:prefix":"a"},"StringNotEquals":{"s3:prefix":"a"}}`:           kleene.False,
		`{"NumericGreaterThan":{"s3:max-keys":"5"},"NumericLessThan":{"s3:max-keys":"6"}}`: kleene.False,
	} {
		statement := `{"Principal":"*","Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":` + condition + `}`
		if got := Public(document(t, statement)); got != want {
			t.Errorf("%s: %v, want %v", condition, got, want)
		}
	}
}

// A policy is about what it is attached to, so that * and its ARN are the same.
func TestPublicKnowsWhatStarMeans(t *testing.T) {
	for statements, want := range map[string]kleene.Value{
		`[{"Principal":"*","Effect":"Allow","Action":"sqs:*","Resource":"*"},{"Effect":"Deny","Principal":"*","Action":"sqs:*","Resource":"arn:aws:sqs:eu-west-1:111122223333:q"}]`:                          kleene.False,
		`[{"Principal":"*","Effect":"Allow","Action":"s3:GetObject","Resource":"*"},{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::a","arn:aws:s3:::a/*"]}]`:                     kleene.False,
		`[{"Principal":"*","Effect":"Allow","Action":"s3:GetObject","Resource":"*"},{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::a/private/*"]}]`:                              kleene.True,
		`[{"Principal":"*","Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::a/*"},{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::a/private/*"]}]`:               kleene.True,
		`[{"Principal":"*","Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::a/*"},{"Effect":"Deny","Principal":"*","Action":"s3:*","NotResource":["arn:aws:s3:::a","arn:aws:s3:::a/p/*"]}]`: kleene.True,
	} {
		if got := Public(document(t, statements)); got != want {
			t.Errorf("%s: %v, want %v", statements, got, want)
		}
	}
	doc := policy.Of(document(t, `[{"Principal":"*","Effect":"Allow","Action":"s3:*","Resource":"*"},{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::a"}]`))
	if got := PublicTo(doc, Zone{Resource: "arn:aws:s3:::a"}); got != kleene.True {
		t.Errorf("the objects stay open, so %v is wrong", got)
	}
}

func TestPublicToSomeActions(t *testing.T) {
	doc := policy.Of(document(t, `[`+allowAll+`,{"Effect":"Deny","Principal":"*","Action":"s3:Put*","Resource":"*"}]`))
	for pattern, want := range map[string]kleene.Value{
		"s3:Get*": kleene.True, "s3:PutObject": kleene.False, "S3:puto*": kleene.False, "s3:P*": kleene.True, "s3:Put*": kleene.False, "s3:*Acl": kleene.True, "sqs:*": kleene.False, "*": kleene.True,
	} {
		if got := PublicTo(doc, Zone{}, pattern); got != want {
			t.Errorf("%s: %v, want %v", pattern, got, want)
		}
	}
}

func TestJudgeSaysWhy(t *testing.T) {
	doc := policy.Of(document(t, `[
		{"Sid":"Open","Principal":"*","Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::a/*","Condition":{"StringLike":{"aws:Referer":"https://*"}}},
		{"Sid":"Ours","Principal":"*","Effect":"Allow","Action":"s3:PutObject","Resource":"arn:aws:s3:::a/*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-abc","aws:UserAgent":"x"}}},
		{"Sid":"Shut","Principal":"*","Effect":"Allow","Action":"s3:DeleteObject","Resource":"arn:aws:s3:::a/*"},
		{"Sid":"Hazy","Principal":"*","Effect":"Allow","Action":"s3:ListBucket","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalOrgID":`+hidden+`}}},
		{"Effect":"Deny","Principal":"*","Action":"s3:Delete*","Resource":"*"}]`))
	v := Judge(doc, Zone{Account: "111122223333", Resource: "arn:aws:s3:::a"})
	if v.Public != kleene.True || len(v.Doors) != 4 {
		t.Fatalf("%+v", v)
	}
	open, ours, shut, hazy := v.Doors[0], v.Doors[1], v.Doors[2], v.Doors[3]
	if open.Public != kleene.True || open.Way == nil || open.Way.Action != "s3:GetObject" || !strings.HasPrefix(open.Way.Context["aws:referer"][0], "https://") {
		t.Errorf("open: %+v %+v", open, open.Way)
	}
	if ours.Public != kleene.False || len(ours.Kept) != 1 || ours.Kept[0] != "StringEquals aws:PrincipalOrgID o-abc" || len(ours.Denied) != 0 {
		t.Errorf("ours: %+v", ours)
	}
	if shut.Public != kleene.False || len(shut.Kept) != 0 || len(shut.Denied) != 1 || shut.Denied[0] != 4 {
		t.Errorf("shut: %+v", shut)
	}
	if hazy.Public != kleene.Unknown || !strings.Contains(hazy.Unseen, "aws:PrincipalOrgID") {
		t.Errorf("hazy: %+v", hazy)
	}
}

// A hostile document must not hold anybody up, and what was not tried is not
// called safe.
func TestPublicGivesUpHonestly(t *testing.T) {
	var conditions, denies []string
	for i := range 14 {
		key := `"s3:k` + string(rune('a'+i)) + `"`
		conditions = append(conditions, key+`:["1","2"]`)
		for _, v := range []string{"1", "2"} {
			denies = append(denies, `{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*","Condition":{"StringEquals":{`+key+`:"`+v+`","s3:k`+string(rune('a'+(i+1)%14))+`":"`+v+`"}}}`)
		}
	}
	doc := document(t, `[{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{`+strings.Join(conditions, ",")+`}}},`+strings.Join(denies, ",")+`]`)
	if got := Public(doc); got == kleene.False {
		t.Errorf("alternating values get in, so %v is wrong", got)
	}
}

func BenchmarkPublic(b *testing.B) {
	for name, statements := range map[string]string{
		"named":     `{"Principal":{"AWS":"111122223333"},"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}`,
		"open":      `{"Principal":"*","Effect":"Allow","Action":"s3:GetObject","Resource":"*"}`,
		"condition": `{"Principal":"*","Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-abc"}}}`,
		"denials":   `[` + allowAll + `,{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}},{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*","Condition":{"StringNotEquals":{"aws:PrincipalOrgID":"o-abc"}}}]`,
	} {
		doc := document(b, statements)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Public(doc)
			}
		})
	}
}
