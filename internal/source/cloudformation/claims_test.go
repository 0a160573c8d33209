package cloudformation_test

import (
	"testing"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/source/cloudformation"
)

// TestUnknownClaimsNoMoreThanIsCertain: what an unknown text says of its start
// and end, and what a condition decides, has to hold for every deployment.
func TestUnknownClaimsNoMoreThanIsCertain(t *testing.T) {
	const head = `
Parameters:
  S: {Type: String}
  K: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /k, AllowedValues: [/k, /l]}
Conditions:
  C: !Equals [!Ref S, x]
  D: !Equals [!Ref K, prod]
Resources:
  B: {Type: AWS::S3::Bucket}
  N: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: https://x}}
  U: {Type: Custom::U, Properties: {ServiceToken: t}}
  R: {Type: Custom::R, Properties: {V: `
	for expression, c := range map[string]struct {
		may   []string // what the value may turn out to be
		never string
	}{
		"!GetAtt B.Arn":                                      {[]string{"arn:aws:s3:::b"}, "*"},
		"!GetAtt U.RoleArn":                                  {[]string{"*", "arn:x"}, ""},
		"!GetAtt N.Outputs.PrincipalArn":                     {[]string{"*", "arn:x"}, ""},
		"!If [D, in, out]":                                   {[]string{"in", "out"}, ""},
		"!Join [',', [a, !If [C, b, !Ref AWS::NoValue]]]":    {[]string{"a", "a,b"}, "b"},
		"!Join [',', [!If [C, b, !Ref AWS::NoValue], z]]":    {[]string{"z", "b,z"}, "b"},
		"!Join [',', [a, !If [C, b, !Ref AWS::NoValue], z]]": {[]string{"a,z", "a,b,z"}, "z"},
		"!Join [',', [!If [C, b, !Ref AWS::NoValue], !If [C, c, !Ref AWS::NoValue]]]":                   {[]string{"", "b,c"}, ""},
		"!Join [',', [!If [C, b, !Ref AWS::NoValue], x, !If [C, c, !Ref AWS::NoValue], !GetAtt B.Arn]]": {[]string{"x,arn:", "b,x,c,arn:"}, ""},
		"!Join ['', [a, !Ref S, z]]": {[]string{"az", "aqz"}, "z"},
	} {
		got, err := cloudformation.Parse("t.yaml", []byte(head+expression+"}}\n"), cloudformation.Options{})
		if err != nil {
			t.Fatal(expression, err)
		}
		for _, r := range got.Resources {
			if r.ID != "R" {
				continue
			}
			u, unknown := r.Properties["V"].(evidence.Unknown)
			if !unknown {
				t.Errorf("%s is %v", expression, r.Properties["V"])
				continue
			}
			for _, s := range c.may {
				if !u.MayBe(s) {
					t.Errorf("%s: %+v denies %q", expression, u, s)
				}
			}
			if c.never != "" && u.MayBe(c.never) {
				t.Errorf("%s: %+v admits %q", expression, u, c.never)
			}
		}
	}
}
