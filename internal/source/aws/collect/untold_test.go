package collect

import (
	"testing"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/evidence/schema"
	"holdfast.dev/holdfast/internal/source/aws"
	"holdfast.dev/holdfast/internal/source/aws/awstest"
)

// TestUntoldIsUnknown: a property that no call was made for is not absent, for
// absent means that AWS's default holds.
func TestUntoldIsUnknown(t *testing.T) {
	met := map[string]bool{}
	for _, c := range All() {
		out := awstest.Run(t.Context(), t, []aws.Collector{c}, saved(t, c), nil)
		for _, b := range out.Batches {
			for _, r := range b.Resources {
				for _, name := range untold[r.Type] {
					met[r.Type] = true
					if _, unknown := r.Properties[name].(evidence.Unknown); !unknown {
						t.Errorf("%s %s: %s is %v, and nobody asked for it", r.Type, r.ID, name, r.Properties[name])
					}
				}
			}
		}
	}
	for typ, names := range untold {
		typed, ok := schema.Lookup(typ)
		if !met[typ] || !ok {
			t.Errorf("%s is met in no test, or is no type", typ)
			continue
		}
		for _, name := range names {
			if _, ok := typed.Property(name); !ok {
				t.Errorf("%s has no property %s", typ, name)
			}
		}
	}
	for typ, name := range map[string]string{
		"AWS::IAM::User": "LoginProfile", "AWS::IAM::Role": "MaxSessionDuration", "AWS::S3::Bucket": "CorsConfiguration",
		"AWS::IAM::ServerCertificate": "Tags", "AWS::EC2::Instance": "CreditSpecification",
	} {
		if !contains(untold[typ], name) {
			t.Errorf("%s.%s passes for unset", typ, name)
		}
	}
}

func contains(list []string, s string) bool {
	for _, e := range list {
		if e == s {
			return true
		}
	}
	return false
}
