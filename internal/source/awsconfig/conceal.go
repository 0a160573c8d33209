package awsconfig

import (
	"strings"

	"holdfast.dev/holdfast/internal/evidence"
)

// secretNames are members whose text is a secret wherever they stand, in lower
// case. AWS Config hardly ever records one; custom resource types may.
var secretNames = wordSet(`secretstring secretbinary masteruserpassword masterpassword password connectionpassword privatekey
	privatekeyplaintext secretaccesskey sessiontoken authtoken keymaterial userdata base32stringseed`)

// environmentNames are members that hold variables: their names are evidence,
// their values are where secrets lie.
var environmentNames = wordSet(`environment environmentvariables variables`)

var hidden = evidence.Unknown{Reason: "values that may be secrets are not kept", Present: true}

// conceal is v without secrets. What holds none is shared with the result.
func conceal(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			name := strings.ToLower(k)
			if text, ok := e.(string); ok && text != "" && secretNames[name] {
				e = hidden
			} else if environmentNames[name] {
				e = concealVariables(e)
			}
			out[k] = conceal(e)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = conceal(e)
		}
		return out
	}
	return v
}

// concealVariables takes {NAME: value} and [{Name, Value}].
func concealVariables(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			if _, text := e.(string); text {
				e = hidden
			}
			out[k] = e
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = e
			m, ok := e.(map[string]any)
			if !ok {
				continue
			}
			kept := make(map[string]any, len(m))
			for k, inner := range m {
				if strings.EqualFold(k, "value") {
					inner = hidden
				}
				kept[k] = inner
			}
			out[i] = kept
		}
		return out
	}
	return v
}
