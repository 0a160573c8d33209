package access

import (
	"strings"

	"holdfast.dev/holdfast/internal/evidence"
)

// permission is the statement that AWS makes of a permission of a function.
// Source: AWS Lambda API Reference, AddPermission.
func permission(p map[string]any) map[string]any {
	conditions := map[string]any{}
	observed, _ := p["Observed"].(map[string]any)
	more, _ := observed["Condition"].(map[string]any)
	for operator, block := range more {
		conditions[operator] = block
	}
	for _, c := range []struct{ property, operator, key string }{
		{"SourceArn", "ArnLike", "aws:SourceArn"}, {"SourceAccount", "StringEquals", "aws:SourceAccount"},
		{"PrincipalOrgID", "StringEquals", "aws:PrincipalOrgID"}, {"FunctionUrlAuthType", "StringEquals", "lambda:FunctionUrlAuthType"},
		{"EventSourceToken", "StringEquals", "lambda:EventSourceToken"}, {"InvokedViaFunctionUrl", "Bool", "lambda:InvokedViaFunctionUrl"},
	} {
		if v := p[c.property]; v != nil {
			conditions[c.operator] = with(conditions[c.operator], c.key, v)
		}
	}
	statement := map[string]any{"Effect": "Allow", "Action": p["Action"], "Principal": grantee(p["Principal"])}
	if len(conditions) > 0 {
		statement["Condition"] = conditions
	}
	return statement
}

// with adds a key to a block of conditions, which may be shared.
func with(block any, key string, v any) map[string]any {
	out := map[string]any{}
	before, _ := block.(map[string]any)
	for k, e := range before {
		out[k] = e
	}
	out[key] = v
	return out
}

// grantee is the principal element: Lambda takes services, accounts and ARNs
// alike, and everybody.
func grantee(v any) any {
	s, ok := v.(string)
	switch {
	case !ok:
		if v == nil {
			v = evidence.Unknown{Reason: "the principal is not known"}
		}
		return v
	case s == "*":
		return s
	case strings.HasPrefix(s, "arn:") || strings.Trim(s, "0123456789") == "":
		return map[string]any{"AWS": s}
	}
	return map[string]any{"Service": s}
}

// withResource completes the statement with the function it is about, and the
// version or alias where the permission names one.
func withResource(statement any, arn, function string) any {
	if i := strings.LastIndexByte(function, ':'); i >= 0 && !strings.HasSuffix(arn, function[i:]) {
		arn += function[i:]
	}
	out := map[string]any{"Resource": arn}
	for k, v := range statement.(map[string]any) {
		out[k] = v
	}
	return out
}
