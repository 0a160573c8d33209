package app

import (
	"slices"
	"testing"
)

func TestDoubts(t *testing.T) {
	for _, c := range []struct {
		action, resource string
		about            Circumstances
		want             []string
	}{
		{"s3:GetObject", "arn:aws:s3:::b/k", Circumstances{Absent: []string{"*"}, Present: []string{"aws:PrincipalTag/team", "aws:sourceip"}}, nil},
		{"S3:getobject", "*", Circumstances{Values: map[string][]string{"gitlab.example.com:sub": {"x"}, "s3:prefix": {"x"}}}, nil},
		{"s3:Get*", "*", Circumstances{}, nil},
		{"*", "*", Circumstances{}, nil},
		{"s3:GetObjekt", "arn:aws:s3:::b/k", Circumstances{}, []string{"s3:GetObjekt is no action of Amazon S3 that AWS documents; did you mean s3:GetObject?"}},
		{"s3:Gett*", "*", Circumstances{}, []string{"s3:Gett* matches no action of Amazon S3 that AWS documents"}},
		{"iamm:GetUser", "*", Circumstances{}, []string{`iamm:GetUser: AWS documents no service with the prefix "iamm"; did you mean iam?`}},
		{"s3:GetObject", "arn:aws:s3:::b", Circumstances{}, []string{"arn:aws:s3:::b is a bucket, and s3:GetObject works on others: accesspointobject, object"}},
		{"sts:AssumeRole", "arn:aws:iam::111122223333:role/x", Circumstances{}, nil},
		{"iam:PassRole", "arn:aws:iam::111122223333:role/a/b", Circumstances{}, nil},
		{"s3:PutObject", "arn:aws:s3:::b/k", Circumstances{Absent: []string{"aws:MultiFactorAuthPrsent", "nonsense"}}, []string{
			"aws:MultiFactorAuthPrsent is no context key that AWS documents; did you mean aws:MultiFactorAuthPresent?",
			`"nonsense" is not a context key: keys have a prefix, such as aws:SourceIp`,
		}},
	} {
		if got := Doubts(c.action, c.resource, c.about); !slices.Equal(got, c.want) {
			t.Errorf("%s on %s: %q, want %q", c.action, c.resource, got, c.want)
		}
	}
}
