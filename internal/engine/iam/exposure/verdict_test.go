package exposure

import (
	"testing"

	"holdfast.dev/holdfast/internal/kleene"
)

const hidden = `{"$unknown":{"reason":"x"}}`

// Each of these looks settled at a glance and is not, or looks open and is not.
func TestPublicIsNotFooled(t *testing.T) {
	const allow = `"Principal":"*","Effect":"Allow","Action":"s3:GetObject","Resource":"*"`
	for condition, want := range map[string]kleene.Value{
		`{"Bool":{"elasticfilesystem:AccessedViaMountTarget":"true"}}`:                                 kleene.False,
		`{"Bool":{"elasticfilesystem:AccessedViaMountTarget":"false"}}`:                                kleene.True,
		`{"IpAddress":{"aws:SourceIp":"2000::/8"}}`:                                                    kleene.True,
		`{"IpAddress":{"aws:SourceIp":"2001:db8::/32"}}`:                                               kleene.False,
		`{"StringEquals":{"aws:SourceAccount":111122223333}}`:                                          kleene.False,
		`{"ArnLike":{"s3:DataAccessPointArn":"arn:aws:s3:eu-west-1:111122223333:accesspoint/*"}}`:      kleene.False,
		`{"ArnLike":{"s3:DataAccessPointArn":"arn:aws:s3:eu-west-1:*:accesspoint/*"}}`:                 kleene.True,
		`["not what AWS would store"]`:                                                                 kleene.Unknown,
		`{"StringEquals":{"aws:SourceAccount":["111122223333",` + hidden + `]}}`:                       kleene.Unknown,
		`{"ForAllValues:StringEquals":{"aws:PrincipalOrgID":"o-abc"}}`:                                 kleene.True,
		`{"ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"o-abc/r-1/ou-1/"}}`:                       kleene.False,
		`{"StringNotEquals":{"aws:SourceAccount":"1"},"StringEquals":{"AWS:SOURCEACCOUNT":["1","2"]}}`: kleene.False,
	} {
		if got := Public(document(t, `{`+allow+`,"Condition":`+condition+`}`)); got != want {
			t.Errorf("Public with %s = %v, want %v", condition, got, want)
		}
	}
}

func TestRequiresTLSIsNotFooled(t *testing.T) {
	const deny = `"Effect":"Deny","Action":"s3:*"`
	const insecure = `"Condition":{"Bool":{"aws:SecureTransport":"false"}}`
	for statement, want := range map[string]kleene.Value{
		// Those whom NotPrincipal names may go on without TLS.
		`{` + deny + `,"NotPrincipal":{"AWS":"111122223333"},"Resource":"*",` + insecure + `}`: kleene.False,
		// What the condition hides may let requests through.
		`{` + deny + `,"Principal":"*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"},"StringEquals":` + hidden + `}}`: kleene.Unknown,
		`{` + deny + `,"Principal":"*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":` + hidden + `}}}`:                        kleene.Unknown,
		`{` + deny + `,"Principal":"*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":["true","false"]}}}`:                      kleene.True,
		`{` + deny + `,"Principal":"*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"true"}}}`:                                kleene.False,
		// Objects outside the path, or all of them, may be read without TLS.
		`{` + deny + `,"Principal":"*","Resource":"arn:aws:s3:::a/private/*",` + insecure + `}`:                                 kleene.False,
		`{` + deny + `,"Principal":"*","Resource":"arn:aws:s3:::a",` + insecure + `}`:                                           kleene.False,
		`{` + deny + `,"Principal":"*","NotResource":"arn:aws:s3:::a/public/*",` + insecure + `}`:                               kleene.False,
		`{` + deny + `,"Principal":"*","Resource":` + hidden + `,` + insecure + `}`:                                             kleene.Unknown,
		`{` + deny + `,"Principal":"*","Resource":["arn:aws:s3:::a","arn:aws:s3:::a/*"],` + insecure + `}`:                      kleene.True,
		`{` + deny + `,"Principal":"*","Resource":"arn:aws:s3:::a*",` + insecure + `}`:                                          kleene.True,
		`{` + deny + `,"Principal":"*","Resource":{"$unknown":{"reason":"x","prefix":"arn:aws:s3:::a"}},` + insecure + `}`:      kleene.Unknown,
		`{` + deny + `,"Principal":"*",` + insecure + `}`:                                                                       kleene.True, // a file system policy names no resource
		`{"Effect":"Deny","Action":"sqs:*","Principal":"*","Resource":"arn:aws:sqs:eu-west-1:111122223333:q",` + insecure + `}`: kleene.True,
	} {
		if got := RequiresTLS(document(t, statement)); got != want {
			t.Errorf("RequiresTLS(%s) = %v, want %v", statement, got, want)
		}
	}
}

func TestWildcardIsNotFooled(t *testing.T) {
	for statement, want := range map[string]kleene.Value{
		`{"Effect":"Allow","Action":"s3:*","Resource":"*"}`:                                     kleene.True,
		`{"Effect":"Allow","Action":"s3*","Resource":"*"}`:                                      kleene.True,
		`{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}`:                                  kleene.False,
		`{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}`:                                 kleene.True,
		`{"Effect":"Deny","NotAction":"iam:*","Resource":"*"}`:                                  kleene.False,
		`{"Effect":"Allow","NotAction":` + hidden + `,"Resource":"*"}`:                          kleene.Unknown,
		`{"Effect":"Allow","Action":` + hidden + `,"Resource":"*"}`:                             kleene.Unknown,
		`{"Effect":` + hidden + `,"Action":"s3:*","Resource":"*"}`:                              kleene.Unknown,
		`{"Effect":"Allow","Action":{"$unknown":{"reason":"x","prefix":"s3:"}},"Resource":"*"}`: kleene.Unknown,
	} {
		if got := Wildcard(document(t, statement)); got != want {
			t.Errorf("Wildcard(%s) = %v, want %v", statement, got, want)
		}
	}
}
