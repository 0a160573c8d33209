package control

import (
	"fmt"

	"holdfast.dev/holdfast/internal/engine/check"
	"holdfast.dev/holdfast/internal/engine/iam/exposure"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/kleene"
	"holdfast.dev/holdfast/internal/operate/access"
)

// Options give controls the functions of the other engines.
func Options(params map[string]map[string]any) check.Options {
	described := []string{evidence.TypeOrganization, evidence.TypeAccount}
	return check.Options{Params: params, Functions: []check.Function{
		judge("policy_public", exposure.Public),
		judge("policy_admin", exposure.Admin),
		judge("policy_wildcard", exposure.Wildcard),
		judge("policy_requires_tls", exposure.RequiresTLS),
		{Name: "policy_public_to", Arity: 2, Call: publicTo},
		{Name: "policy_statements", Arity: 1, Call: func(args []any) (any, error) { return exposure.Statements(args[0]), nil }},
		{Name: "external_principals", Arity: 1, Ask: externals, Needs: described},
		{Name: "external_principals_to", Arity: 2, Ask: externals, Needs: described},
		{Name: "can", Arity: 3, Ask: can, Needs: access.Types()},
	}}
}

// judge makes a function of a question about one policy document.
func judge(name string, ask func(doc any) kleene.Value) check.Function {
	return check.Function{Name: name, Arity: 1, Call: func(args []any) (any, error) { return answer(ask(args[0]), args[0]), nil }}
}

// answer is a truth value as a property value. What is not known of a document
// is what its source says is not known.
func answer(v kleene.Value, doc any) any {
	switch v {
	case kleene.True:
		return true
	case kleene.False:
		return false
	}
	if u, ok := doc.(evidence.Unknown); ok {
		return u
	}
	return evidence.Unknown{Reason: "part of the policy is not known"}
}

// publicTo is policy_public_to(doc, actions): may strangers do one of these?
func publicTo(args []any) (any, error) {
	actions, unknown, err := actionsOf(args[1])
	if unknown != nil || err != nil {
		return unknown, err
	}
	return answer(exposure.PublicTo(policy.Of(args[0]), exposure.Zone{}, actions...), args[0]), nil
}

// actionsOf reads a list of action patterns.
func actionsOf(v any) (actions []string, unknown any, err error) {
	if u, ok := v.(evidence.Unknown); ok {
		return nil, u, nil
	}
	list, ok := v.([]any)
	if !ok {
		return nil, nil, fmt.Errorf("the actions have to be a list of patterns such as s3:Get*, found %T", v)
	}
	for _, e := range list {
		switch e := e.(type) {
		case string:
			actions = append(actions, e)
		case evidence.Unknown:
			return nil, e, nil
		default:
			return nil, nil, fmt.Errorf("an action has to be a pattern such as s3:Get*, found %v", e)
		}
	}
	if len(actions) == 0 {
		// An empty list would otherwise ask about every action.
		actions = []string{""}
	}
	return actions, nil, nil
}
