package exposure

import (
	"testing"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/kleene"
)

func document(t testing.TB, statements string) any {
	t.Helper()
	doc, err := evidence.Decode([]byte(`{"Version":"2012-10-17","Statement":` + statements + `}`))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestPublic(t *testing.T) {
	const allow = `"Effect":"Allow","Action":"s3:GetObject","Resource":"*"`
	for statements, want := range map[string]kleene.Value{
		`{"Principal":"*",` + allow + `}`:                                      kleene.True,
		`[{"Principal":{"AWS":["*"]},` + allow + `}]`:                          kleene.True,
		`{"Principal":{"AWS":"arn:aws:iam::111122223333:root"},` + allow + `}`: kleene.False,
		`{"NotPrincipal":{"AWS":"111122223333"},` + allow + `}`:                kleene.True,
		`{"Principal":{"Service":"sns.amazonaws.com"},` + allow + `}`:          kleene.False,
		`{"Principal":"*","Effect":"Deny","Action":"*","Resource":"*"}`:        kleene.False,
		// narrowed
		`{"Principal":"*",` + allow + `,"Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-abc"}}}`:              kleene.False,
		`{"Principal":"*",` + allow + `,"Condition":{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}}`:              kleene.False,
		`{"Principal":"*",` + allow + `,"Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:s3:::my-bucket"}}}`:       kleene.False,
		`{"Principal":"*",` + allow + `,"Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:sns:*:111122223333:*"}}}`: kleene.False,
		// not narrowed
		`{"Principal":"*",` + allow + `,"Condition":{"IpAddress":{"aws:SourceIp":["203.0.113.0/24","0.0.0.0/0"]}}}`: kleene.True,
		`{"Principal":"*",` + allow + `,"Condition":{"StringLike":{"aws:PrincipalOrgID":"*"}}}`:                     kleene.True,
		`{"Principal":"*",` + allow + `,"Condition":{"StringEqualsIfExists":{"aws:PrincipalOrgID":"o-abc"}}}`:       kleene.True,
		`{"Principal":"*",` + allow + `,"Condition":{"StringNotEquals":{"aws:PrincipalOrgID":"o-abc"}}}`:            kleene.True,
		`{"Principal":"*",` + allow + `,"Condition":{"StringEquals":{"aws:UserAgent":"x"}}}`:                        kleene.True,
		`{"Principal":"*",` + allow + `,"Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:sns:*:*:*"}}}`:             kleene.True,
		// not seen
		`{"Principal":{"$unknown":{"reason":"ref"}},` + allow + `}`:                                                      kleene.Unknown,
		`{"Principal":{"AWS":{"$unknown":{"reason":"ref"}}},` + allow + `}`:                                              kleene.Unknown,
		`[{"Principal":{"$unknown":{"reason":"ref"}},` + allow + `},{"Principal":"*",` + allow + `}]`:                    kleene.True,
		`{"Principal":"*",` + allow + `,"Condition":{"StringEquals":{"aws:PrincipalOrgID":{"$unknown":{"reason":""}}}}}`: kleene.Unknown,
		`{"Principal":"*",` + allow + `,"Condition":{"$unknown":{"reason":"x"}}}`:                                        kleene.Unknown,
		`{"$unknown":{"reason":"denied"}}`:                                                                               kleene.Unknown,
		`[]`:                                                                                                             kleene.False,
	} {
		if got := Public(document(t, statements)); got != want {
			t.Errorf("Public(%s) = %v, want %v", statements, got, want)
		}
	}
	if Public(nil) != kleene.False || Public(evidence.Unknown{}) != kleene.Unknown {
		t.Error("no document is not public; one that was not seen may be")
	}
}

func TestAdmin(t *testing.T) {
	for statements, want := range map[string]kleene.Value{
		`{"Effect":"Allow","Action":"*","Resource":"*"}`:                                                          kleene.True,
		`{"Effect":"Allow","Action":["s3:*","*"],"Resource":["*"]}`:                                               kleene.True,
		`{"Effect":"Allow","Action":"s3:*","Resource":"*"}`:                                                       kleene.False,
		`{"Effect":"Deny","Action":"*","Resource":"*"}`:                                                           kleene.False,
		`{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::a"}`:                                             kleene.False,
		`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":true}}}`: kleene.False,
		`{"Effect":"Allow","Action":{"$unknown":{"reason":""}},"Resource":"*"}`:                                   kleene.Unknown,
		`{"Effect":"Allow","Action":{"$unknown":{"reason":""}},"Resource":"arn:aws:s3:::a"}`:                      kleene.False,
	} {
		if got := Admin(document(t, statements)); got != want {
			t.Errorf("Admin(%s) = %v, want %v", statements, got, want)
		}
	}
}

func TestRequiresTLS(t *testing.T) {
	for statements, want := range map[string]kleene.Value{
		`{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}`:                                          kleene.True,
		`{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":false}}}`:                                               kleene.True,
		`{"Effect":"Deny","Principal":"*","Action":"s3:PutObject","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}`:                                  kleene.False,
		`{"Effect":"Deny","Principal":{"AWS":"111122223333"},"Action":"s3:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}`:                       kleene.False,
		`{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"},"StringEquals":{"aws:SourceVpc":"vpc-1"}}}`: kleene.False,
		`{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"true"}}}`:                                          kleene.False,
		`{"$unknown":{"reason":"denied"}}`: kleene.Unknown,
	} {
		if got := RequiresTLS(document(t, statements)); got != want {
			t.Errorf("RequiresTLS(%s) = %v, want %v", statements, got, want)
		}
	}
}
