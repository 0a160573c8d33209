package exposure

import (
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam/policy"
	"holdfast.dev/holdfast/internal/evidence"
)

// Statements gives a document's statements as property values with every list
// spelt out, for expressions to look into:
// {Sid, Effect, Principals, NotPrincipals, Actions, NotActions, Resources,
// NotResources, Conditions: [{Operator, Key, Values}]}. Keys are in lower case. A
// list of which a part is not known has an Unknown in it; one of which nothing is
// known is Unknown.
func Statements(doc any) any {
	d := policy.Of(doc)
	out := []any{}
	for i := range d.Statements {
		out = append(out, statementValue(&d.Statements[i]))
	}
	if d.Unseen != "" {
		out = append(out, evidence.Unknown{Reason: "part of the policy is not known"})
	}
	return out
}

func statementValue(s *policy.Statement) map[string]any {
	v := map[string]any{
		"Sid": s.Sid, "Effect": string(s.Effect),
		"Actions": textValues(s.Actions), "NotActions": textValues(s.NotActions),
		"Resources": textValues(s.Resources), "NotResources": textValues(s.NotResources),
		"Principals": principalValues(s.Principals), "NotPrincipals": principalValues(s.NotPrincipals),
		"Conditions": conditionValues(s.Conditions),
	}
	unseen := func(part policy.Parts, element string, negated bool, what string) {
		if !s.Unseen.Has(part) {
			return
		}
		name := element
		if negated {
			name = "Not" + element
		}
		v[name] = partly(what, v[name])
	}
	if s.Unseen.Has(policy.EffectPart) {
		v["Effect"] = evidence.Unknown{Reason: "the effect is not known"}
	}
	unseen(policy.PrincipalPart, "Principals", s.NotPrincipals != nil, "a principal")
	unseen(policy.ActionPart, "Actions", s.NotActions != nil, "part of Action")
	unseen(policy.ResourcePart, "Resources", s.NotResources != nil, "part of Resource")
	unseen(policy.ConditionPart, "Conditions", false, "part of Condition")
	return v
}

// partly is a list of which something is not known.
func partly(what string, list any) any {
	u := evidence.Unknown{Reason: what + " is not known"}
	if known, _ := list.([]any); len(known) > 0 {
		return append(known, u)
	}
	return u
}

func textValues(list []policy.Text) []any {
	out := make([]any, len(list))
	for i, t := range list {
		out[i] = textValue("", t)
	}
	return out
}

func textValue(prefix string, t policy.Text) any {
	if t.Partial {
		return evidence.Unknown{Reason: "only its start is known", Present: true, Prefix: prefix + t.Value, Suffix: t.Suffix}
	}
	return prefix + t.Value
}

func principalValues(list []policy.Principal) []any {
	out := make([]any, len(list))
	for i, p := range list {
		out[i] = textValue(p.Kind.String()+":", p.Name)
	}
	return out
}

func conditionValues(list []policy.Condition) []any {
	out := make([]any, len(list))
	for i, c := range list {
		values := any(textValues(c.Values))
		if c.Unseen {
			values = partly("a condition value", values)
		}
		out[i] = map[string]any{"Operator": c.Operator, "Key": strings.ToLower(c.Key), "Values": values}
	}
	return out
}
