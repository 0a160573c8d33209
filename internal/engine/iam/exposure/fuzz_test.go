package exposure

import (
	"testing"
	"time"

	"holdfast.dev/holdfast/internal/engine/iam/policy"
	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/kleene"
)

// Whatever a document says, judging it ends, and a Deny never opens anything.
func FuzzPublic(f *testing.F) {
	for _, seed := range []string{
		allowAll,
		`[` + allowAll + `,{"Effect":"Deny","NotPrincipal":{"AWS":"111122223333"},"NotAction":"s3:Get*","NotResource":"arn:aws:s3:::a/*"}]`,
		`{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*","Condition":{"ForAllValues:StringLikeIfExists":{"aws:PrincipalOrgPaths":["o-*/r-*/*"]},"IpAddress":{"aws:SourceIp":["0.0.0.0/1","::/3"]}}}`,
		`{"Effect":"Allow","Principal":{"Federated":"accounts.google.com"},"Action":"sts:*","Condition":{"StringLike":{"accounts.google.com:sub":"${aws:username, 'x'}*"},"DateLessThan":{"aws:CurrentTime":"2030-01-01T00:00:00Z"}}}`,
		`{"Effect":"Allow","Principal":{"AWS":["*",{"$unknown":{"reason":"x","prefix":"arn:"}}]},"NotAction":["s3:*"],"Resource":{"$unknown":{"reason":"x"}}}`,
	} {
		f.Add([]byte(`{"Version":"2012-10-17","Statement":` + seed + `}`))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) > 4096 {
			t.Skip()
		}
		value, err := evidence.Decode(text)
		if err != nil {
			t.Skip()
		}
		start := time.Now()
		doc := policy.Of(value)
		before := PublicTo(doc, Zone{})
		Judge(doc, ourZone)
		ExplainGrants(doc, ourZone)
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("took %v", took)
		}
		shut := *doc
		shut.Statements = append(append([]policy.Statement{}, doc.Statements...), policy.Statement{
			Effect: policy.Deny, Principals: []policy.Principal{{Kind: policy.Everyone, Name: policy.Text{Value: "*"}}},
			Actions: []policy.Text{{Value: "*"}}, Resources: []policy.Text{{Value: "*"}},
		})
		if after := PublicTo(&shut, Zone{}); after == kleene.True {
			t.Errorf("%v, and with everything denied %v", before, after)
		}
	})
}
