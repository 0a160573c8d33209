package collect

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/source/aws"
)

// readFunctionPolicy emits the statements of a function's policy as the
// permissions they were added as.
func readFunctionPolicy(ctx context.Context, s *aws.Session, client *lambda.Client, function string) {
	out, err := aws.Call(ctx, s, "lambda", "GetPolicy", client.GetPolicy, &lambda.GetPolicyInput{FunctionName: &function})
	if aws.Is(err, "ResourceNotFoundException") {
		return // no policy
	}
	unknown := newDraft(s, "AWS::Lambda::Permission", function+"|*", "")
	unknown.p["FunctionName"] = function
	if err != nil {
		unknown.lost(err, permissionProperties...)
		s.Incomplete(unknown.typ) // this stands for any number of permissions
		unknown.emit()
		return
	}
	policy, ok := document(out.Policy).(map[string]any)
	if !ok {
		unknown.lost(&aws.CallError{Service: "lambda", Operation: "GetPolicy", Err: errors.New("the policy is not a JSON object")}, permissionProperties...)
		s.Incomplete(unknown.typ)
		unknown.emit()
		return
	}
	for i, statement := range listOf(policy["Statement"]) {
		if m, ok := statement.(map[string]any); ok {
			emitPermissions(s, function, i, m)
		}
	}
}

var permissionProperties = []string{
	"Action", "Principal", "SourceArn", "SourceAccount", "PrincipalOrgID", "FunctionUrlAuthType", "EventSourceToken", "InvokedViaFunctionUrl",
}

// emitPermissions writes one permission per principal and action. A statement
// that denies has no counterpart in the schema; leaving it out makes the
// function look more open than it is, never less.
func emitPermissions(s *aws.Session, function string, index int, statement map[string]any) {
	if statement["Effect"] != "Allow" {
		return
	}
	sid, _ := statement["Sid"].(string)
	if sid == "" {
		sid = strconv.Itoa(index)
	}
	name, rest := function, map[string]any{}
	if resource, ok := statement["Resource"].(string); ok {
		if _, qualifier := splitQualifier(resource); qualifier != "" {
			name += ":" + qualifier
		}
	}
	conditions := permissionConditions(statement["Condition"], rest)
	n := 0
	for _, principal := range principalsOf(statement["Principal"]) {
		for _, action := range listOf(statement["Action"]) {
			id := function + "|" + sid
			if n++; n > 1 {
				id += "|" + strconv.Itoa(n)
			}
			d := newDraft(s, "AWS::Lambda::Permission", id, "")
			d.p["FunctionName"] = name
			set(d.p, "Principal", principal)
			set(d.p, "Action", action)
			for k, v := range conditions {
				d.p[k] = v
			}
			if len(rest) > 0 {
				d.place("Observed/Condition", rest) // property values already
			}
			d.emit()
		}
	}
}

// narrowing are the operators that let nothing pass but what equals the value.
// Null, the negated ones and those that a missing key satisfies do not.
var narrowing = map[string]bool{
	"arnequals": true, "arnlike": true, "bool": true, "stringequals": true, "stringequalsignorecase": true, "stringlike": true,
	"foranyvalue:arnequals": true, "foranyvalue:arnlike": true, "foranyvalue:stringequals": true, "foranyvalue:stringlike": true,
}

// permissionConditions turns the condition keys that a permission can have
// into its properties, and leaves the others in rest, for the reader.
func permissionConditions(condition any, rest map[string]any) map[string]any {
	names := map[string]string{
		"aws:sourcearn": "SourceArn", "aws:sourceaccount": "SourceAccount", "aws:principalorgid": "PrincipalOrgID",
		"lambda:functionurlauthtype": "FunctionUrlAuthType", "lambda:eventsourcetoken": "EventSourceToken",
		"lambda:invokedviafunctionurl": "InvokedViaFunctionUrl",
	}
	out := map[string]any{}
	operators, _ := condition.(map[string]any)
	for _, operator := range sortedKeys(operators) {
		m, _ := operators[operator].(map[string]any)
		for _, key := range sortedKeys(m) {
			v, name := m[key], names[strings.ToLower(key)]
			switch {
			case name == "" || !narrowing[strings.ToLower(operator)]:
				inner, ok := rest[operator].(map[string]any)
				if !ok {
					inner = map[string]any{}
					rest[operator] = inner
				}
				if inner[key] = v; name == "EventSourceToken" {
					inner[key] = hidden("the token is a secret and is not collected")
				}
			case out[name] != nil: // both have to hold, and one is shown
			case name == "InvokedViaFunctionUrl":
				out[name] = single(v) == true || single(v) == "true"
			default:
				out[name] = single(v)
			}
		}
	}
	if _, ok := out["EventSourceToken"]; ok {
		out["EventSourceToken"] = evidence.Unknown{Reason: "the token is a secret and is not collected", Present: true}
	}
	return out
}

// principalsOf flattens "*", {"AWS": …}, {"Service": […]} to a list.
func principalsOf(principal any) []any {
	kinds, ok := principal.(map[string]any)
	if !ok {
		return listOf(principal)
	}
	var out []any
	for _, kind := range sortedKeys(kinds) {
		out = append(out, listOf(kinds[kind])...)
	}
	return out
}

// listOf reads "a" and ["a"] alike, as IAM does.
func listOf(v any) []any {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		return v
	}
	return []any{v}
}

func single(v any) any {
	if l, ok := v.([]any); ok && len(l) == 1 {
		return l[0]
	}
	return v
}

// splitQualifier takes the version or alias off a function's ARN
// (arn:aws:lambda:region:account:function:name:qualifier).
func splitQualifier(arn string) (function, qualifier string) {
	parts := strings.SplitN(arn, ":", 8)
	if len(parts) < 8 {
		return arn, ""
	}
	return strings.Join(parts[:7], ":"), parts[7]
}
