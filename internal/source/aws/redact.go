package aws

import (
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/evidence"
)

// Redacted replaces a secret in a recording.
const Redacted = "[redacted]"

// secrets lists what a recording never holds, by service.operation: the names
// of fields, at any depth, whose value is taken out. A map keeps its keys, so
// that a control can still ask which variables a function has.
var secrets = map[string][]string{
	"cloudcontrol.GetResource":           {"Variables", "Environment", "EnvironmentVariables"},
	"cloudcontrol.ListResources":         {"Variables", "Environment", "EnvironmentVariables"},
	"lambda.ListFunctions":               {"Variables"},
	"lambda.GetFunction":                 {"Variables", "Location"},
	"lambda.GetFunctionConfiguration":    {"Variables"},
	"ecs.DescribeTaskDefinition":         {"Environment"},
	"ec2.DescribeInstanceAttribute":      {"UserData"},
	"ec2.DescribeLaunchTemplateVersions": {"UserData"},
	"iam.ListVirtualMFADevices":          {"Base32StringSeed", "QRCodePNG"},
}

// always are field names that are taken out of every answer.
var always = []string{
	"SecretString", "SecretBinary", "MasterUserPassword", "Password", "PrivateKey", "PrivateKeyPlaintext", "SecretAccessKey",
	"SessionToken", "AuthToken", "AuthParameters", "ConnectionPassword", "KeyMaterial", "UserData", "Base32StringSeed", "QRCodePNG",
}

// redact is v without its secrets; v itself is not changed.
func redact(service, operation string, v any) any {
	return redactor{secrets[service+"."+operation]}.value(v)
}

type redactor struct{ fields []string }

func (r redactor) value(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			if slices.Contains(always, k) || slices.Contains(r.fields, k) {
				out[k] = blank(e)
			} else {
				out[k] = r.value(e)
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = r.value(e)
		}
		return out
	case string:
		return r.text(v)
	}
	return v
}

// text redacts within JSON that an API hands over as text, as Cloud Control
// does with every resource.
func (r redactor) text(s string) string {
	if len(r.fields) == 0 || !strings.HasPrefix(s, "{") {
		return s
	}
	v, err := evidence.Decode([]byte(s))
	if err != nil {
		return s
	}
	b, err := evidence.Append(nil, r.value(v))
	if err != nil {
		return Redacted
	}
	return string(b)
}

// blank keeps the shape of a value and none of its content.
func blank(v any) any {
	switch v := v.(type) {
	case nil, bool, int64, float64:
		return v
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			if k == "Name" || k == "Key" {
				out[k] = e // the name of an environment variable is no secret
			} else {
				out[k] = blank(e)
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = blank(e)
		}
		return out
	}
	return Redacted
}
