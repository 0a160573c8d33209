package policy

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// with is a valid policy in which one statement's elements are replaced.
func with(elements string) string {
	return `{"Version":"2012-10-17","Statement":[{` + elements + `}]}`
}

// refusals are documents with what AWS has against them. Those of identity
// policies follow answers of iam:CreatePolicy that LocalStack and moto recorded.
var refusals = []struct {
	name, text string
	kind       Type
	want       string // codes, in the order of the text
	at         string // how the text starts where the first of them stands
}{
	{"empty", ``, Identity, JSONSyntax, ``},
	{"not json", `This is not a json document`, Identity, JSONSyntax, `This is not `},
	{"byte order mark", "\ufeff{}", Identity, JSONSyntax, "\ufeff{}"},
	{"trailing data", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]} x`, Identity, JSONSyntax, `x`},
	{"trailing comma", "{\"Version\":\"2012-10-17\",\n}", Identity, JSONSyntax, `}`},
	{"comment", "{\n  // why\n}", Identity, JSONSyntax, "// why\n}"},
	{"single quotes", `{'Version': '2012-10-17'}`, Identity, JSONSyntax, `'Version': '`},
	{"raw control character", "{\"Version\":\"2012\n-10-17\"}", Identity, JSONSyntax, "\n-10-17\"}"},
	{"bad escape", `{"Version":"\x"}`, Identity, JSONSyntax, `\x"}`},
	{"half a surrogate", `{"Version":"\ud800"}`, Identity, JSONSyntax, `\ud800"}`},
	{"not utf-8", "{\"Version\":\"\xff\"}", Identity, JSONSyntax, "\ufffd"},
	{"unclosed", `{"Version":"2012-10-17"`, Identity, JSONSyntax, ``},
	{"deep", strings.Repeat("[", 40), Identity, TooLarge, `[[[[[[[`},
	{"huge", `"` + strings.Repeat("x", maxBytes) + `"`, Identity, TooLarge, `"xxxxxxxxxxx`},
	{"a list", `[]`, Identity, WrongType, `[]`},
	{"no statement", `{"Version":"2012-10-17"}`, Identity, MissingStatement, `{"Version":"`},
	{"no statements", `{"Version":"2012-10-17","Statement":[]}`, Identity, MissingStatement, `[]}`},
	{"statement is text", `{"Version":"2012-10-17","Statement":["afd"]}`, Identity, WrongType, `"afd"]}`},
	{"unknown element of the document", `{"Version":"2012-10-17","Extra":"x","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`, Identity, UnknownElement, `"Extra":"x",`},
	{"case of an element", `{"version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`, Identity, OldVersion + " " + UnknownElement, `{"version":"`},
	{"version twice", `{"Version":"2012-10-17","Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`, Identity, DuplicateKey, `"Version":"2`},
	{"version of the future", `{"Version":"2013-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`, Identity, InvalidVersion, `"2013-10-17"`},
	{"old version", `{"Version":"2008-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`, Identity, OldVersion, `"2008-10-17"`},
	{"no version", `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`, SCP, OldVersion, `{"Statement"`},
	{"id is a list", `{"Version":"2012-10-17","Id":["x"],"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`, Identity, WrongType, `["x"],"State`},
	{"unknown element of the statement", with(`"Effect":"Allow","Action":"s3:ListBucket","Resource":"*","Extra":1`), Identity, UnknownElement, `"Extra":1}]}`},
	{"plural element", with(`"Effect":"Allow","Actions":"s3:ListBucket","Resource":"*"`), Identity, MissingAction + " " + UnknownElement, `{"Effect":"A`},
	{"no effect", with(`"Action":"s3:ListBucket","Resource":"*"`), Identity, MissingEffect, `{"Action":"s`},
	{"unknown effect", with(`"Effect":"invalid","Action":"s3:ListBucket","Resource":"*"`), Identity, InvalidEffect, `"invalid","A`},
	{"case of the effect", with(`"Effect":"allow","Action":"s3:ListBucket","Resource":"*"`), Identity, InvalidEffect, `"allow","Act`},
	{"no action", with(`"Effect":"Allow","Resource":"*"`), Identity, MissingAction, `{"Effect":"A`},
	{"no actions", with(`"Effect":"Allow","Action":[],"Resource":"*"`), Identity, EmptyList, `[],"Resource`},
	{"action twice", with(`"Effect":"Allow","Action":"s3:ListBucket","Action":"s3:GetObject","Resource":"*"`), Identity, DuplicateKey, `"Action":"s3`},
	{"both actions", with(`"Effect":"Allow","Action":"s3:ListBucket","NotAction":"iam:x","Resource":"*"`), Identity, BothElements, `"NotAction":`},
	{"both resources", with(`"Effect":"Allow","Action":"s3:ListBucket","Resource":"*","NotResource":[]`), Identity, BothElements + " " + EmptyList, `"NotResource`},
	{"both principals", with(`"Effect":"Deny","Action":"s3:ListBucket","Resource":"*","Principal":"*","NotPrincipal":{"AWS":"111122223333"}`), Resource, BothElements, `"NotPrincipa`},
	{"action is an object", with(`"Effect":"Allow","Action":{},"Resource":"*"`), Identity, WrongType, `{},"Resource`},
	{"action is a number", with(`"Effect":"Allow","Action":[1],"Resource":"*"`), Identity, WrongType, `1],"Resource`},
	{"action without service", with(`"Effect":"Allow","Action":"invalid","Resource":"*"`), Identity, InvalidAction, `"invalid","R`},
	{"empty action", with(`"Effect":"Allow","NotAction":"","Resource":"*"`), Identity, InvalidAction, `"","Resource`},
	{"action without name", with(`"Effect":"Allow","Action":"s3:","Resource":"*"`), Identity, InvalidAction, `"s3:","Resou`},
	{"space in the service", with(`"Effect":"Allow","Action":"a a:ListBucket","Resource":"*"`), Identity, InvalidAction, `"a a:ListBuc`},
	{"two colons", with(`"Effect":"Allow","Action":"s3:List:Bucket","Resource":"*"`), Identity, InvalidAction, `"s3:List:Buc`},
	{"wildcard in the service", with(`"Effect":"Allow","Action":["s3:Get*","*:Untag*"],"Resource":"*"`), Identity, InvalidAction, `"*:Untag*"],`},
	{"no resource", with(`"Effect":"Allow","Action":"s3:ListBucket"`), Identity, MissingResource, `{"Effect":"A`},
	{"no resources", with(`"Effect":"Allow","Action":"s3:ListBucket","Resource":[]`), Identity, EmptyList, `[]}]}`},
	{"resource is text", with(`"Effect":"Allow","Action":"s3:ListBucket","Resource":"invalid resource"`), Identity, InvalidResource, `"invalid res`},
	{"empty resource", with(`"Effect":"Allow","Action":"s3:ListBucket","Resource":""`), Identity, InvalidResource, `""}]}`},
	{"unknown partition", with(`"Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:error:s3:::b"`), Identity, InvalidPartition, `"arn:error:s`},
	{"prefix of arn missing", with(`"Effect":"Allow","Action":"s3:ListBucket","Resource":"aws:s3:::b"`), Identity, InvalidResource, `"aws:s3:::b"`},
	{"five parts", with(`"Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws:s3::b"`), Identity, InvalidResource, `"arn:aws:s3:`},
	{"no service", with(`"Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws::::b"`), Identity, InvalidResource, `"arn:aws::::`},
	{"wildcard in the service of an arn", with(`"Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws:*:*:*:*x*"`), Identity, InvalidResource, `"arn:aws:*:*`},
	{"iam path", with(`"Effect":"Allow","Action":"iam:GetUser","Resource":"arn:aws:iam:::example"`), Identity, InvalidResource, `"arn:aws:iam`},
	{"iam region", with(`"Effect":"Allow","Action":"iam:GetUser","Resource":"arn:aws:iam:us-east-1::user/x"`), Identity, InvalidResource, `"arn:aws:iam`},
	{"bucket region", with(`"Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws:s3:us-east-1::b"`), Identity, InvalidResource, `"arn:aws:s3:`},
	{"short account", with(`"Effect":"Allow","Action":"sqs:*","Resource":"arn:aws:sqs:*:12345:q"`), Identity, InvalidResource, `"arn:aws:sqs`},
	{"condition is a list", with(`"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":[]`), Identity, WrongType, `[]}]}`},
	{"operator is text", with(`"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"Bool":"b"}`), Identity, WrongType, `"b"}}]}`},
	{"unknown operator", with(`"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringEqual":{"a:b":"1"}}`), Identity, UnknownOperator, `"StringEqual`},
	{"two colons in the operator", with(`"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"ForAnyValue::StringEquals":{"a:b":"1"}}`), Identity, UnknownOperator, `"ForAnyValue`},
	{"null if exists", with(`"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"NullIfExists":{"a:b":"true"}}`), Identity, NullIfExists, `"NullIfExist`},
	{"operator twice", with(`"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"Bool":{"a:b":"true"},"Bool":{"a:c":"true"}}`), Identity, DuplicateKey, `"Bool":{"a:c`},
	{"key twice", with(`"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"Bool":{"a:b":"true","A:b":"true"}}`), Identity, DuplicateKey, `"A:b":"true"`},
	{"empty key", with(`"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"Bool":{"":"true"}}`), Identity, InvalidKey, `"":"true"}}}`},
	{"value is an object", with(`"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"Bool":{"a:b":{}}}`), Identity, WrongType, `{}}}}]}`},
	{"not a number", with(`"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"NumericLessThan":{"a:b":"ten"}}`), Identity, InvalidValue, `"ten"}}}]}`},
	{"not a date", with(`"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"DateGreaterThan":{"a:b":"sdfdsf"}}`), Identity, InvalidValue, `"sdfdsf"}}}]`},
	{"half a date", with(`"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"DateLessThan":{"a:b":"234-13"}}`), Identity, InvalidValue, `"234-13"}}}]`},
	{"bad zone", with(`"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"DateLessThan":{"a:b":"2016-12-13T02:00:00.5+1"}}`), Identity, InvalidValue, `"2016-12-13T`},
	{"seconds beyond 64 bits", with(`"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"DateLessThan":{"a:b":"9223372036854775808"}}`), Identity, InvalidValue, `"92233720368`},
	{"not a boolean", with(`"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"Bool":{"a:b":"yes"}}`), Identity, InvalidValue, `"yes"}}}]}`},
	{"not base64", with(`"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"BinaryEquals":{"a:b":"?"}}`), Identity, InvalidValue, `"?"}}}]}`},
	{"not a range", with(`"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/33"}}`), Identity, InvalidValue, `"10.0.0.0/33`},
	{"not an arn", with(`"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"ArnLike":{"aws:SourceArn":"my-topic"}}`), Identity, InvalidValue, `"my-topic"}}`},
	{"null of a value", with(`"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"Null":{"aws:SourceArn":"arn:aws:s3:::b"}}`), Identity, InvalidValue, `"arn:aws:s3:`},
	{"variable for a number", with(`"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"NumericEquals":{"a:b":"${aws:PrincipalTag/n}"}}`), Identity, InvalidValue, `"${aws:Princ`},
	{"sid is a list", with(`"Sid":[],"Effect":"Allow","Action":"s3:*","Resource":"*"`), Identity, WrongType, `[],"Effect":`},
	{"sid with a space", with(`"Sid":"a b","Effect":"Allow","Action":"s3:*","Resource":"*"`), Identity, InvalidSid, `"a b","Effec`},
	{"sid twice", `{"Version":"2012-10-17","Statement":[{"Sid":"a","Effect":"Allow","Action":"s3:*","Resource":"*"},{"Sid":"a","Effect":"Allow","Action":"sqs:*","Resource":"*"}]}`, Identity, DuplicateSid, `"a","Effect"`},
	{"beyond latin-1", with(`"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::日本/*"`), Identity, InvalidCharacter, `日本`},
	{"principal in an identity policy", with(`"Effect":"Allow","Action":"s3:*","Resource":"*","Principal":"*"`), Identity, NoPrincipal, `"*"}]}`},
	{"principal in a boundary", with(`"Effect":"Allow","Action":"s3:*","Resource":"*","Principal":"*"`), Boundary, NoPrincipal, `"*"}]}`},
	{"principal in an scp", with(`"Effect":"Deny","Action":"s3:*","Resource":"*","Principal":"*"`), SCP, NoPrincipal, `"*"}]}`},
	{"principal in a session policy", with(`"Effect":"Deny","Action":"s3:*","Resource":"*","NotPrincipal":{"AWS":"*"}`), Session, NoPrincipal, `"*"}}]}`},
	{"no principal", with(`"Effect":"Allow","Action":"s3:*","Resource":"*"`), Resource, MissingPrincipal, `{"Effect":"A`},
	{"no principal in an endpoint policy", with(`"Effect":"Allow","Action":"s3:*","Resource":"*"`), Endpoint, MissingPrincipal, `{"Effect":"A`},
	{"nobody", with(`"Effect":"Allow","Action":"s3:*","Resource":"*","Principal":{}`), Resource, EmptyList, `{}}]}`},
	{"principal is text", with(`"Effect":"Allow","Action":"s3:*","Resource":"*","Principal":"111122223333"`), Resource, InvalidPrincipal, `"11112222333`},
	{"principal is a list", with(`"Effect":"Allow","Action":"s3:*","Resource":"*","Principal":["*"]`), Resource, WrongType, `["*"]}]}`},
	{"unknown kind of principal", with(`"Effect":"Allow","Action":"s3:*","Resource":"*","Principal":{"Aws":"*"}`), Resource, UnknownElement, `"Aws":"*"}}]`},
	{"part of a principal", with(`"Effect":"Allow","Action":"s3:*","Resource":"*","Principal":{"AWS":"arn:aws:iam::111122223333:role/*"}`), Resource, PrincipalWildcard, `"arn:aws:iam`},
	{"group", with(`"Effect":"Allow","Action":"s3:*","Resource":"*","Principal":{"AWS":"arn:aws:iam::111122223333:group/g"}`), Resource, InvalidPrincipal, `"arn:aws:iam`},
	{"service", with(`"Effect":"Allow","Action":"s3:*","Resource":"*","Principal":{"Service":"lambda"}`), Resource, InvalidPrincipal, `"lambda"}}]}`},
	{"every service", with(`"Effect":"Allow","Action":"s3:*","Resource":"*","Principal":{"Service":"*"}`), Resource, PrincipalWildcard, `"*"}}]}`},
	{"canonical id", with(`"Effect":"Allow","Action":"s3:*","Resource":"*","Principal":{"CanonicalUser":"abc"}`), Resource, InvalidPrincipal, `"abc"}}]}`},
	{"variable in a principal", with(`"Effect":"Allow","Action":"s3:*","Resource":"*","Principal":{"AWS":"arn:aws:iam::111122223333:user/${aws:username}"}`), Resource, InvalidPrincipal, `"arn:aws:iam`},
	{"not principal with allow", with(`"Effect":"Allow","Action":"s3:*","Resource":"*","NotPrincipal":{"AWS":"111122223333"}`), Resource, NotPrincipalMisuse, `"111122223333"`},
	{"not principal in a trust policy", with(`"Effect":"Deny","Action":"sts:AssumeRole","NotPrincipal":{"AWS":"111122223333"}`), Trust, NotPrincipalMisuse, `"111122223333"`},
	{"resource in a trust policy", with(`"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"111122223333"},"Resource":"*"`), Trust, TrustResource, `"*"}]}`},
	{"other action in a trust policy", with(`"Effect":"Allow","Action":"s3:GetObject","Principal":{"AWS":"111122223333"}`), Trust, TrustAction, `"s3:GetObjec`},
	{"rcp that allows", with(`"Effect":"Allow","Action":"s3:*","Principal":"*","Resource":"*"`), RCP, RCPEffect, `{"Effect":"A`},
	{"rcp for one", with(`"Effect":"Deny","Action":"s3:*","Principal":{"AWS":"111122223333"},"Resource":"*"`), RCP, RCPPrincipal, `"11112222333`},
	{"rcp on everything", with(`"Effect":"Deny","Action":"*","Principal":"*","Resource":"*"`), RCP, RCPAction, `"*","Princip`},
	{"rcp with not action", with(`"Effect":"Deny","NotAction":"s3:*","Principal":"*","Resource":"*"`), RCP, RCPAction, `"s3:*"`},
}

func TestRefusals(t *testing.T) {
	for _, c := range refusals {
		t.Run(c.name, func(t *testing.T) {
			problems := problemsOf(c.text, c.kind)
			codes := []string{}
			for _, p := range problems {
				codes = append(codes, p.Code)
				if p.Message == "" || p.Position.Line == 0 {
					t.Errorf("%+v lacks its message or place", p)
				}
			}
			slices.Sort(codes)
			want := strings.Fields(c.want)
			slices.Sort(want)
			if !slices.Equal(codes, want) {
				t.Fatalf("got %v, want %v:\n%v", codes, want, problems.Err())
			}
			first := slices.MinFunc(problems, func(a, b Problem) int { return a.Position.compare(b.Position) })
			if got := textAt(c.text, first.Position); !strings.HasPrefix(got, c.at) {
				t.Errorf("at %.20q, want %q: %v", got, c.at, first)
			}
		})
	}
}

func textAt(text string, at Position) string {
	for range at.Line - 1 {
		_, text, _ = strings.Cut(text, "\n")
	}
	r := []rune(text)
	return string(r[min(at.Column-1, len(r)):])
}

// TestEveryProblemIsTested keeps the table complete.
func TestEveryProblemIsTested(t *testing.T) {
	tested := map[string]bool{}
	for _, c := range refusals {
		for _, code := range strings.Fields(c.want) {
			tested[code] = true
		}
	}
	source, err := os.ReadFile("problem.go")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(source)) {
		if _, rest, ok := strings.Cut(line, ` = "`); ok {
			code, _, _ := strings.Cut(rest, `"`)
			n++
			if !tested[code] {
				t.Errorf("no document is refused for %s", code)
			}
		}
	}
	if n < 30 {
		t.Errorf("found %d codes only", n)
	}
}

func problemsOf(text string, kind Type) Problems {
	d, problems := Parse([]byte(text))
	return append(problems, Check(d, kind)...)
}

// accepted are documents that AWS takes, odd as some are.
var accepted = []struct {
	text string
	kind Type
}{
	{`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:ListBucket","Resource":["arn:aws:s3:::example_bucket","*"]}}`, Identity},
	{with(`"Effect":"Allow","Action":"iam: asdf safdsf af ","Resource":"arn:aws:s3:::example_bucket"`), Identity},
	{with(`"Effect":"Allow","Action":"service-prefix:action-name","Resource":"*","Condition":{"DateGreaterThan":{"aws:CurrentTime":"2017-07-01T00:00:00Z"}}`), Identity},
	{with(`"Effect":"Allow","Action":"s3.s:ListBucket","Resource":"arn:aws:invalid-service:us-east-1::example_bucket"`), Identity},
	{with(`"Effect":"Allow","Action":"*:*","Resource":"arn:aws:iam:::user/example"`), Identity},
	{with(`"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{}`), Identity},
	{with(`"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"x":{},"DateGreaterThan":{"a":[]}}`), Identity},
	{with(`"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"foranyvalue:STRINGequalsifexists":{"a":"asf"}}`), Identity},
	{with(`"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"Bool":{"a:b":true},"NumericLessThan":{"a:b":[5,-1.5e3,"07"]}}`), Identity},
	{with(`"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"DateLessThan":{"a":["2016-12-13T21:20:37.593194+00:00","2016","-292275054","1700000000","2016-12-13t02:00:00.5+23"]}}`), Identity},
	{with(`"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":["2001:db8::/32","203.0.113.7"]}}`), Identity},
	{with(`"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"ArnLike":{"aws:SourceArn":["arn:aws:sns:*:*:*","${aws:PrincipalArn}","*"]}}`), Identity},
	{with(`"Effect":"Allow","NotAction":"s3:ListBucket","NotResource":"*"`), Identity},
	{with(`"Sid":"","Effect":"Allow","Action":"s3:*","Resource":"arn:aws*:s3:::b/\u65e5é"`), Identity},
	{with(`"Effect":"Allow","Action":"iam:*","Resource":["arn:aws:iam::*:user/${aws:username}","arn:aws:iam::*:*","arn:aws:iam::111122223333:root"]`), Identity},
	{with(`"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:us-east-1:111122223333:accesspoint/x"`), Identity},
	{`{"Version":"2008-10-17","Id":"__default","Statement":[{"Sid":"a b","Effect":"Allow","Principal":"*","Action":"sns:Publish","Resource":"*"},{"Sid":"a b","Effect":"Allow","Principal":"*","Action":"sns:Publish","Resource":"*"}]}`, Resource},
	{with(`"Effect":"Allow","Principal":{"AWS":["111122223333","arn:aws:iam::111122223333:role/path/name","AROAEXAMPLEID1234567","arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1"],"Service":"s3.amazonaws.com","CanonicalUser":"79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"`), Resource},
	{with(`"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/*"`), Resource},
	{with(`"Effect":"Deny","NotPrincipal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"s3:*","Resource":"*"`), Resource},
	{with(`"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"ecr:BatchGetImage"`), Resource},
	{with(`"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"},"Action":["sts:AssumeRoleWithWebIdentity","sts:TagSession"]`), Trust},
	{with(`"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"`), RCP},
	{with(`"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"`), RCP},
	{with(`"Effect":"Deny","Action":"ec2:*Internet*","NotResource":"*"`), SCP},
	{with(`"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"`), Endpoint},
}

func TestAccepted(t *testing.T) {
	for _, c := range accepted {
		if problems := problemsOf(c.text, c.kind); len(problems) > 0 {
			t.Errorf("%s\n%v", c.text, problems.Err())
		}
	}
}

func TestPositions(t *testing.T) {
	d, problems := Parse([]byte("{\n \"Version\": \"2012-10-17\",\n \"Statement\": [\n  {\"Effect\": \"Allow\", \"Sid\": \"é\", \"Action\": [\"s3:A\",\n   \"s3:B\"], \"Resource\": \"*\",\n   \"Condition\": {\"Bool\": {\"a:b\": [true]}}}]}"))
	if len(problems) > 0 {
		t.Fatal(problems.Err())
	}
	s := d.Statements[0]
	for _, c := range []struct {
		what      string
		got, want Position
	}{
		{"statement", s.Position, Position{4, 3}},
		{"first action", s.Actions[0].Position, Position{4, 46}},
		{"second action", s.Actions[1].Position, Position{5, 4}},
		{"resource", s.Resources[0].Position, Position{5, 25}},
		{"condition", s.Conditions[0].Position, Position{6, 27}},
		{"value", s.Conditions[0].Values[0].Position, Position{6, 35}},
	} {
		if c.got != c.want {
			t.Errorf("%s at %v, want %v", c.what, c.got, c.want)
		}
	}
	if s.Conditions[0].Values[0].Value != "true" {
		t.Errorf("value %q", s.Conditions[0].Values[0].Value)
	}
}

// What could not be read must never pass for absent.
func TestUnreadableIsUnseen(t *testing.T) {
	for text, part := range map[string]Parts{
		`"Effect":"allow","Action":"s3:*","Resource":"*"`:                  EffectPart,
		`"Effect":"Allow","Action":[1],"Resource":"*"`:                     ActionPart,
		`"Effect":"Allow","Action":"s3:*","Resource":{}`:                   ResourcePart,
		`"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":[]`:   ConditionPart,
		`"Effect":"Allow","Action":"s3:*","Resource":"*","Principal":true`: PrincipalPart,
	} {
		d, problems := Parse([]byte(with(text)))
		if len(problems) != 1 || !d.Statements[0].Unseen.Has(part) {
			t.Errorf("%s: unseen %b, %v", text, d.Statements[0].Unseen, problems)
		}
		if _, err := d.MarshalJSON(); err == nil {
			t.Errorf("%s: printed though it was not seen", text)
		}
	}
	if d, _ := Parse([]byte("{")); d.Unseen == "" {
		t.Error("a document that cannot be read has no statements")
	}
}

func TestGuessType(t *testing.T) {
	for text, want := range map[string]Type{
		with(`"Effect":"Allow","Action":"s3:*","Resource":"*"`):                                            Identity,
		with(`"Effect":"Allow","Action":"s3:*","Resource":"*","Principal":"*"`):                            Resource,
		with(`"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"ec2.amazonaws.com"}`):     Trust,
		with(`"Effect":"Allow","Action":"sts:AssumeRole","Resource":"arn:aws:iam::111122223333:role/x"`):   Identity,
		with(`"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":["ecr:GetImage","sts:Whoami"]`): Resource,
	} {
		if d, _ := Parse([]byte(text)); GuessType(d) != want {
			t.Errorf("%s: %s, want %s", text, GuessType(d), want)
		}
	}
	if _, err := ParseType("bucket"); err == nil || !strings.Contains(err.Error(), "resource") {
		t.Errorf("ParseType: %v", err)
	}
	for _, k := range Types() {
		if got, err := ParseType(k.String()); got != k || err != nil {
			t.Errorf("ParseType(%q) = %v, %v", k, got, err)
		}
	}
}
