package action

import (
	"strings"
	"testing"
)

func TestKeyFor(t *testing.T) {
	for name, want := range map[string]Key{
		"aws:PrincipalOrgID":                      {Name: "aws:PrincipalOrgID", Type: String},
		"AWS:SECURETRANSPORT":                     {Name: "aws:SecureTransport", Type: Bool, Presence: Always},
		"aws:principalarn":                        {Name: "aws:PrincipalArn", Type: ARN, Presence: Signed},
		"aws:RequestTag/team":                     {Name: "aws:RequestTag/${TagKey}", Type: String},
		"aws:RequestTag/${TagKey}":                {Name: "aws:RequestTag/${TagKey}", Type: String},
		"aws:TagKeys":                             {Name: "aws:TagKeys", Type: String, Multivalued: true},
		"aws:SourceVpcArn":                        {Name: "aws:SourceVpcArn", Type: ARN},
		"s3:ExistingObjectTag/x":                  {Name: "s3:ExistingObjectTag/<key>", Type: String, Service: "s3"},
		"s3:x-amz-acl":                            {Name: "s3:x-amz-acl", Type: String, Service: "s3"},
		"kms:EncryptionContext:project":           {Name: "kms:EncryptionContext:${EncryptionContextKey}", Type: String, Service: "kms"},
		"kms:ViaService":                          {Name: "kms:ViaService", Type: String, Service: "kms"},
		"saml:aud":                                {Name: "saml:aud", Type: String, Service: "sts"},
		"token.actions.githubusercontent.com:sub": {Name: "${Provider}:sub", Type: String, Service: "sts"},
		"gitlab.example.com:8443/x:amr":           {Name: "${Provider}:amr", Type: String, Multivalued: true, Service: "sts"},
		"agent.acme.buildkite.dev:cluster_id":     {Name: "agent.${Domain}.buildkite.dev:cluster_id", Type: String, Service: "sts"},
		"lambda:SourceFunctionArn":                {Name: "lambda:SourceFunctionArn", Type: ARN},
	} {
		if got, ok := KeyFor(name); !ok || got != want {
			t.Errorf("KeyFor(%q) = %+v, %v", name, got, ok)
		}
	}
	for _, name := range []string{"", "aws:", "aws:RequestTag/", "aws:RequestTag", "aws:PrincipalOrg", "s3:Nope", "nope:x", "s3", "kms:EncryptionContext:", "nope:sub", "gitlab.example.com:nope", ".:sub"} {
		if k, ok := KeyFor(name); ok {
			t.Errorf("KeyFor(%q) = %+v", name, k)
		}
	}
}

// TestEveryKeyFindsItself also holds the global table to what services say of
// the same keys.
func TestEveryKeyFindsItself(t *testing.T) {
	for _, name := range Services() {
		s, _ := Find(name)
		for _, k := range s.Keys() {
			found, ok := KeyFor(k.Name)
			if !ok {
				t.Errorf("%s: %s is not found again", name, k.Name)
			}
			if strings.HasPrefix(found.Name, "aws:") && found.Service != "" {
				t.Errorf("%s: %s is not among the global keys", name, k.Name)
			}
		}
	}
	for _, k := range Global() {
		if k.Type == UnknownType || k.Service != "" {
			t.Errorf("%+v", k)
		}
	}
}

func BenchmarkKeyFor(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		for _, name := range []string{"aws:PrincipalOrgID", "aws:RequestTag/team", "s3:x-amz-acl", "gitlab.example.com:sub"} {
			if _, ok := KeyFor(name); !ok {
				b.Fatal(name)
			}
		}
	}
}

func FuzzKeyFor(f *testing.F) {
	f.Add("aws:RequestTag/team")
	f.Add("github.com/enterprises/x:actor")
	f.Fuzz(func(t *testing.T, name string) {
		upper, ok1 := KeyFor(strings.ToUpper(name))
		lower, ok2 := KeyFor(strings.ToLower(name))
		if ascii(name) && (ok1 != ok2 || upper != lower) {
			t.Errorf("%q: %v %v by letter case", name, upper, lower)
		}
	})
}

func ascii(s string) bool { return strings.IndexFunc(s, func(r rune) bool { return r > 127 }) < 0 }
