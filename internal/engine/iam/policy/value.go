package policy

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"holdfast.dev/holdfast/internal/evidence"
)

// Of reads a document out of property values, as sources observe them. It is
// lenient on purpose: a document that AWS keeps is valid, and what cannot be
// understood is unseen rather than absent. A nil document says nothing and so
// has no statements.
func Of(v any) *Document {
	fields, ok := v.(map[string]any)
	if !ok {
		if v == nil {
			return &Document{}
		}
		return &Document{Unseen: why(v, "the policy is not known")}
	}
	d := &Document{}
	switch version := fields["Version"].(type) {
	case nil:
	case string:
		d.Version = version
	default:
		// Which version decides only what ${ stands for; the newer one is what
		// people write, and its variables are unknown more often than text is.
		d.Version = Version2012
	}
	d.ID, _ = fields["Id"].(string)
	written := list(fields["Statement"])
	if len(written) > 0 {
		d.Statements = make([]Statement, 0, len(written))
	}
	for _, s := range written {
		statement, ok := s.(map[string]any)
		if !ok {
			d.Unseen = why(s, "a statement is not known")
			continue
		}
		d.Statements = append(d.Statements, statementOf(statement))
	}
	return d
}

func why(v any, otherwise string) string {
	if u, ok := v.(evidence.Unknown); ok && u.Reason != "" {
		return u.Reason
	}
	return otherwise
}

// list takes AWS's habit of writing a list of one without its brackets.
func list(v any) []any {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		return v
	}
	return []any{v}
}

func statementOf(fields map[string]any) Statement {
	var s Statement
	s.Sid, _ = fields["Sid"].(string)
	switch effect, _ := fields["Effect"].(string); Effect(effect) {
	case Allow, Deny:
		s.Effect = Effect(effect)
	default:
		s.Unseen |= EffectPart
	}
	s.Actions = s.texts(ActionPart, fields, "Action")
	s.NotActions = s.texts(ActionPart, fields, "NotAction")
	s.Resources = s.texts(ResourcePart, fields, "Resource")
	s.NotResources = s.texts(ResourcePart, fields, "NotResource")
	s.Principals = s.principals(fields, "Principal")
	s.NotPrincipals = s.principals(fields, "NotPrincipal")
	s.conditions(fields["Condition"])
	return s
}

// texts reads a list of strings; it is not nil where the element is there.
func (s *Statement) texts(part Parts, fields map[string]any, name string) []Text {
	v, ok := fields[name]
	if !ok {
		return nil
	}
	if one, ok := v.(string); ok {
		return []Text{{Value: one}}
	}
	written := list(v)
	out := make([]Text, 0, len(written))
	for _, e := range written {
		t, ok := textOf(e)
		if !ok {
			s.Unseen |= part
			continue
		}
		out = append(out, t)
	}
	return out
}

// textOf reads one string. Numbers and booleans are what YAML made of one.
func textOf(v any) (Text, bool) {
	switch v := v.(type) {
	case string:
		return Text{Value: v}, true
	case bool:
		return Text{Value: strconv.FormatBool(v)}, true
	case int64:
		return Text{Value: strconv.FormatInt(v, 10)}, true
	case float64:
		return Text{Value: strconv.FormatFloat(v, 'f', -1, 64)}, true
	case evidence.Unknown:
		// A start with a wildcard would be read as one; better to know nothing.
		if v.Prefix+v.Suffix == "" || strings.ContainsAny(v.Prefix+v.Suffix, "$") {
			return Text{}, false
		}
		return Text{Value: v.Prefix, Partial: true, Suffix: v.Suffix}, true
	}
	return Text{}, false
}

func (s *Statement) principals(fields map[string]any, name string) []Principal {
	v, ok := fields[name]
	if !ok {
		return nil
	}
	out := []Principal{}
	switch v := v.(type) {
	case string:
		if v == "*" {
			return append(out, Principal{Kind: Everyone, Name: Text{Value: v}})
		}
		s.Unseen |= PrincipalPart
	case map[string]any:
		for _, kind := range []Kind{AWS, Service, Federated, Canonical} {
			for _, e := range list(v[kind.String()]) {
				t, ok := textOf(e)
				if !ok {
					s.Unseen |= PrincipalPart
					continue
				}
				out = append(out, Named(kind, t))
			}
		}
	default:
		s.Unseen |= PrincipalPart
	}
	return out
}

// Named is the principal of this kind and name; an AWS principal named * is
// everyone.
func Named(kind Kind, name Text) Principal {
	if kind == AWS && name.Value == "*" && !name.Partial {
		kind = Everyone
	}
	return Principal{Kind: kind, Name: name}
}

func (s *Statement) conditions(v any) {
	operators, ok := v.(map[string]any)
	if !ok {
		if v != nil {
			s.Unseen |= ConditionPart
		}
		return
	}
	for _, operator := range slices.Sorted(maps.Keys(operators)) {
		block, ok := operators[operator].(map[string]any)
		if !ok {
			s.Unseen |= ConditionPart
			continue
		}
		for _, key := range slices.Sorted(maps.Keys(block)) {
			c := Condition{Operator: operator, Key: key}
			for _, value := range list(block[key]) {
				if t, ok := textOf(value); ok {
					c.Values = append(c.Values, t)
				} else {
					c.Unseen = true
				}
			}
			s.Conditions = append(s.Conditions, c)
		}
	}
}
