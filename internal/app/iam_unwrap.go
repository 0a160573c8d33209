package app

import (
	"bytes"
	"encoding/json"
)

// wrappings are the members under which the AWS CLI prints policies.
var wrappings = []string{"PolicyVersion", "Document", "PolicyDocument", "Policy", "Content", "Role", "AssumeRolePolicyDocument", "ResourcePolicy"}

// unwrap finds the policy in what the AWS CLI prints: of get-policy-version,
// get-role, get-role-policy, get-bucket-policy, describe-policy and their like.
// Anything else stays as it is.
func unwrap(data []byte) []byte {
	const deep = 4
	inner := data
	for range deep {
		var fields map[string]json.RawMessage
		if json.Unmarshal(inner, &fields) != nil {
			return data
		}
		if fields["Statement"] != nil {
			return inner
		}
		inner = nil
		for _, name := range wrappings {
			if inner = fields[name]; inner != nil {
				break
			}
		}
		if inner == nil {
			return data
		}
		var text string
		if json.Unmarshal(inner, &text) == nil {
			inner = []byte(text)
		}
	}
	return data
}

// unwrapInPlace does the same and puts blanks where the wrapping was, so that
// lines and columns stay those of the file. Of a policy that is printed as a
// string they are those in the string.
func unwrapInPlace(data []byte) []byte {
	inner := unwrap(data)
	at := bytes.Index(data, inner)
	if len(inner) == len(data) || at < 0 {
		return inner
	}
	out := make([]byte, 0, at+len(inner))
	for _, c := range data[:at] {
		if c != '\n' && c != '\r' {
			c = ' '
		}
		out = append(out, c)
	}
	return append(out, inner...)
}
