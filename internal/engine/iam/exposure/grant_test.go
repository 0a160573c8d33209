package exposure

import (
	"slices"
	"strings"
	"testing"

	"holdfast.dev/holdfast/internal/engine/iam/policy"
	"holdfast.dev/holdfast/internal/kleene"
)

// short writes grants as kind:name, with ! for public, ? for not certain, and x
// for external.
func short(list []Grant) string {
	var out []string
	for _, g := range list {
		s := string(g.Kind) + ":" + g.Name
		if g.Via {
			s = "via " + s
		}
		if g.Public {
			s += "!"
		}
		if g.Known != kleene.True {
			s += "?"
		}
		if g.External == kleene.True {
			s += " x"
		} else if g.External == kleene.Unknown {
			s += " x?"
		}
		out = append(out, s)
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

var ourZone = Zone{Account: "111122223333", OrgID: "o-ours", Accounts: []string{"111122223333", "222233334444"}, OrgSeen: true}

func TestGrants(t *testing.T) {
	const act = `"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::a/*"`
	when := func(c string) string { return `{"Principal":"*",` + act + `,"Condition":` + c + `}` }
	for name, c := range map[string]struct{ statements, want string }{
		"strangers": {`{"Principal":"*",` + act + `}`, "everyone:*! x"},
		"accounts, in and out": {`{"Principal":{"AWS":["111122223333","222233334444","arn:aws:iam::999988887777:root"]},` + act + `}`,
			"account:222233334444, account:999988887777 x"},
		"principals":                 {`{"Principal":{"AWS":["arn:aws:iam::222233334444:role/a","arn:aws:iam::999988887777:user/b","arn:aws:sts::999988887777:assumed-role/r/s"]},` + act + `}`, "principal:arn:aws:iam::222233334444:role/a, principal:arn:aws:iam::999988887777:user/b x, principal:arn:aws:sts::999988887777:assumed-role/r/s x"},
		"services":                   {`{"Principal":{"Service":"sns.amazonaws.com"},` + act + `}`, "service:sns.amazonaws.com"},
		"CloudFront is no account":   {`{"Principal":{"AWS":"arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1"},` + act + `}`, "service:arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1"},
		"canonical ids":              {`{"Principal":{"CanonicalUser":"79a5"},` + act + `}`, "canonical-user:79a5 x?"},
		"deleted principals":         {`{"Principal":{"AWS":"AIDAQQQQQQQQQQQQQQQQQ"},` + act + `}`, "unique-id:AIDAQQQQQQQQQQQQQQQQQ"},
		"an organisation":            {when(`{"StringEquals":{"aws:PrincipalOrgID":"o-theirs"}}`), "organization:o-theirs x"},
		"our organisation":           {when(`{"StringEquals":{"aws:PrincipalOrgID":"o-ours"}}`), "organization:o-ours"},
		"a path of ours":             {when(`{"ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"o-ours/r-1/*"}}`), "organization:o-ours/r-1/*"},
		"an account, by condition":   {when(`{"StringEquals":{"aws:PrincipalAccount":"999988887777"}}`), "account:999988887777 x"},
		"a role, by condition":       {when(`{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::999988887777:role/ci-*"}}`), "principal:arn:aws:iam::999988887777:role/ci-* x"},
		"a source":                   {when(`{"ArnLike":{"aws:SourceArn":"arn:aws:sns:eu-west-1:999988887777:t"}}`), "via principal:arn:aws:sns:eu-west-1:999988887777:t x"},
		"a network":                  {when(`{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}`), "everyone:* x"},
		"an endpoint":                {when(`{"StringEquals":{"aws:SourceVpce":"vpce-1"}}`), "everyone:* x"},
		"nobody at all":              {when(`{"StringEquals":{"aws:PrincipalOrgID":"o-a"},"StringNotEquals":{"aws:PrincipalOrgID":"o-a"}}`), ""},
		"an account that is denied":  {`[{"Principal":{"AWS":["999988887777","888877776666"]},` + act + `},{"Effect":"Deny","Principal":{"AWS":"999988887777"},"Action":"*","Resource":"*"}]`, "account:888877776666 x"},
		"accounts outside, denied":   {`[{"Principal":{"AWS":["222233334444","888877776666"]},` + act + `},{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*","Condition":{"StringNotEquals":{"aws:PrincipalOrgID":"o-ours"}}}]`, "account:222233334444"},
		"everybody, but by a Deny":   {`[{"Principal":"*",` + act + `},{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*","Condition":{"StringNotEquals":{"aws:PrincipalAccount":["222233334444","888877776666"]}}}]`, "account:222233334444, account:888877776666 x"},
		"all but a few":              {`{"NotPrincipal":{"AWS":"444455556666"},` + act + `}`, "everyone:*! x"},
		"one beside everybody":       {`{"Principal":{"AWS":["*","arn:aws:iam::999988887777:root"]},` + act + `}`, "account:999988887777 x, everyone:*! x"},
		"with an external id":        {`{"Principal":{"AWS":"999988887777"},"Effect":"Allow","Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"42"}}}`, "account:999988887777 x"},
		"an account in part":         {`{"Principal":{"AWS":{"$unknown":{"reason":"x","prefix":"arn:aws:iam::"}}},` + act + `}`, "unseen:arn:aws:iam::…? x?"},
		"who was not seen":           {`{"Principal":{"AWS":` + hidden + `},` + act + `}`, "unseen:(not seen)!? x?"},
		"an effect that was not":     {`{"Effect":` + hidden + `,"Principal":{"AWS":"999988887777"},"Action":"s3:GetObject","Resource":"*"}`, "account:999988887777? x"},
		"a provider of one's own":    {`{"Principal":{"Federated":"arn:aws:iam::111122223333:saml-provider/idp"},"Effect":"Allow","Action":"sts:AssumeRoleWithSAML"}`, "identity-provider:arn:aws:iam::111122223333:saml-provider/idp x"},
		"GitHub, whosoever":          {github(""), "identity-provider:arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com! x"},
		"GitHub, one repository":     {github(`,"Condition":{"StringLike":{"token.actions.githubusercontent.com:sub":"repo:acme/shop:*"}}`), "identity-provider:arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com x"},
		"GitHub, any owner":          {github(`,"Condition":{"StringLike":{"token.actions.githubusercontent.com:sub":"repo:*/shop:*"}}`), "identity-provider:arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com! x"},
		"GitHub, by audience alone":  {github(`,"Condition":{"StringEquals":{"token.actions.githubusercontent.com:aud":"sts.amazonaws.com"}}`), "identity-provider:arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com! x"},
		"GitHub, by repository":      {github(`,"Condition":{"StringEquals":{"token.actions.githubusercontent.com:repository":"acme/shop"}}`), "identity-provider:arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com x"},
		"GitHub, the condition of X": {github(`,"Condition":{"StringEquals":{"gitlab.com:sub":"x"}}`), ""},
	} {
		got, known := Grants(policy.Of(document(t, c.statements)), ourZone)
		if short(got) != c.want || known != kleene.True {
			t.Errorf("%s: %s, want %s", name, short(got), c.want)
		}
	}
}

func github(condition string) string {
	return `{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"},"Action":"sts:AssumeRoleWithWebIdentity"` + condition + `}`
}

func TestGrantsInPartlySeenDocuments(t *testing.T) {
	got, known := Grants(policy.Of(document(t, `[`+hidden+`,{"Effect":"Allow","Principal":{"AWS":"999988887777"},"Action":"s3:*","Resource":"*"}]`)), ourZone)
	if known != kleene.Unknown || short(got) != "account:999988887777? x" {
		t.Errorf("a statement that was not seen: %s, %v", short(got), known)
	}
	got, known = Grants(policy.Of(document(t, `{"Effect":"Allow","Principal":{"AWS":"999988887777"},"Action":"s3:*","Resource":"*"}`)), Zone{})
	if known != kleene.True || short(got) != "account:999988887777 x?" || got[0].CrossAccount != kleene.Unknown {
		t.Errorf("of a resource of which nothing is known: %s", short(got))
	}
}

func TestGrantsToSomeActions(t *testing.T) {
	doc := policy.Of(document(t, `[{"Effect":"Allow","Principal":{"AWS":["999988887777","888877776666"]},"Action":"s3:*","Resource":"arn:aws:s3:::a/*"},
		{"Effect":"Deny","Principal":{"AWS":"888877776666"},"Action":"s3:Put*","Resource":"*"}]`))
	for pattern, want := range map[string]string{
		"s3:PutObject": "account:999988887777 x", "s3:GetObject": "account:888877776666 x, account:999988887777 x", "sqs:*": "",
	} {
		if got, _ := Grants(doc, ourZone, pattern); short(got) != want {
			t.Errorf("%s: %s, want %s", pattern, short(got), want)
		}
	}
}

func BenchmarkGrants(b *testing.B) {
	for name, statements := range map[string]string{
		"account":   `{"Principal":{"AWS":"999988887777"},"Effect":"Allow","Action":"sts:AssumeRole"}`,
		"condition": `{"Principal":{"AWS":"999988887777"},"Effect":"Allow","Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"42"}}}`,
	} {
		doc := document(b, statements)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Grants(policy.Of(doc), ourZone)
			}
		})
	}
}
