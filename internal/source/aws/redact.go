package aws

import (
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/evidence"
)

// Redacted replaces a secret in a recording.
const Redacted = "[redacted]"

// generic are the fields that hold secrets in CloudFormation's shape, which is
// what Cloud Control answers.
var generic = []string{"Variables", "Environment", "EnvironmentVariables", "HeaderValue", "EventSourceToken", eventSourceToken}

const eventSourceToken = "lambda:EventSourceToken"

// secrets lists what a recording never holds, by service.operation: the names
// of fields, at any depth, whose value is taken out. A map keeps its keys, so
// that a control can still ask which variables a function has.
var secrets = map[string][]string{
	"cloudcontrol.GetResource":           generic,
	"cloudcontrol.ListResources":         generic,
	"cloudfront.GetDistributionConfig":   {"HeaderValue"},
	"cloudfront.ListDistributions":       {"HeaderValue"},
	"lambda.GetPolicy":                   {eventSourceToken},
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
	"PreSharedKey", "ClientSecret", "CustomerGatewayConfiguration",
}

// options are fields that hold free settings by name, some of which may be
// credentials: those of log drivers, log routers and volume drivers.
var options = []string{"Options", "DriverOpts"}

// SecretOption tells whether a free setting, such as the log option
// splunk-token, holds a credential by its name or by its value.
func SecretOption(name, value string) bool {
	if value == Redacted {
		return true
	}
	name, value = strings.ToLower(name), strings.ToLower(value)
	for _, word := range []string{"token", "key", "password", "passwd", "secret", "credential"} {
		if strings.Contains(name, word) || strings.Contains(value, word+"=") {
			return true
		}
	}
	return strings.Contains(value, "://") && strings.Contains(value, "@") // https://user:password@host
}

// redact is v without its secrets; v itself is not changed.
func redact(service, operation string, v any) any {
	return redactor{secrets[service+"."+operation], Redacted}.value(v)
}

// Hide puts an Unknown in the place of each secret in properties that came, in
// CloudFormation's shape, from an API that knows nothing of secrets.
func Hide(properties map[string]any) map[string]any {
	r := redactor{generic, evidence.Unknown{Reason: "values that may be secrets are not collected", Present: true}}
	hidden, _ := r.value(properties).(map[string]any)
	return hidden
}

type redactor struct {
	fields []string
	blank  any // what stands in the place of a secret
}

// secret tells whether a field's value is taken out. IAM's condition keys are
// written in any case.
func (r redactor) secret(name string) bool {
	return slices.Contains(always, name) || slices.ContainsFunc(r.fields, func(f string) bool { return strings.EqualFold(f, name) })
}

func (r redactor) value(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			settings, _ := e.(map[string]any)
			switch {
			case r.secret(k):
				out[k] = r.blanked(e)
			case settings != nil && slices.Contains(options, k):
				out[k] = r.settings(settings)
			default:
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

// settings takes credentials out of free settings.
func (r redactor) settings(m map[string]any) map[string]any {
	out := make(map[string]any, len(m))
	for name, e := range m {
		if text, ok := e.(string); ok && SecretOption(name, text) {
			out[name] = r.blank
		} else {
			out[name] = r.value(e)
		}
	}
	return out
}

// text redacts within JSON that an API hands over as text: policies, and every
// resource that Cloud Control reads.
func (r redactor) text(s string) string {
	if len(r.fields) == 0 || !strings.HasPrefix(strings.TrimSpace(s), "{") {
		return s
	}
	v, err := evidence.Decode([]byte(s))
	if err != nil {
		if slices.ContainsFunc(r.fields, func(f string) bool { return strings.Contains(strings.ToLower(s), strings.ToLower(f)) }) {
			return Redacted // what holds a secret and cannot be read is not kept
		}
		return s
	}
	b, err := evidence.Append(nil, r.value(v))
	if err != nil {
		return Redacted
	}
	return string(b)
}

// blanked keeps the shape of a value and none of its content.
func (r redactor) blanked(v any) any {
	switch v := v.(type) {
	case nil, bool, int64, float64, evidence.Unknown:
		return v
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			if k == "Name" || k == "Key" || k == "Type" {
				out[k] = e // the name of an environment variable is no secret
			} else {
				out[k] = r.blanked(e)
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = r.blanked(e)
		}
		return out
	}
	return r.blank
}
