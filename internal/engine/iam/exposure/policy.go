// Package exposure answers what posture controls ask of one policy document: who
// it lets in from outside, and what it lets them do. Answers are three-valued,
// since a document may hold parts that were not seen.
package exposure

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/kleene"
)

// Statement is one statement with its lists spelt out. A part that is not known
// is listed in Unknown by its name.
type Statement struct {
	Sid        string
	Effect     string
	Principals []Principal
	// NotPrincipal is set where the statement names whom it does not concern.
	NotPrincipal bool
	Actions      []string
	NotActions   []string
	Resources    []string
	NotResources []string
	Conditions   []Condition
	Unknown      map[string]bool
}

// Principal is one principal: its kind (AWS, Service, Federated, CanonicalUser,
// or * for everybody) and its name. Of a name that is only known in part, Name
// is how it starts, followed by unknownRest and how it ends.
type Principal struct{ Kind, Name string }

// unknownRest stands in a string for the part that is not known. No valid
// action, resource or principal has this character.
const unknownRest = "\x00"

// Condition is one operator on one key.
type Condition struct {
	Operator string // as written: StringEqualsIfExists
	Key      string // lower case
	Values   []string
	Unknown  bool // some value is not known
}

// Parse reads a policy document. It is lenient on purpose: a document that AWS
// stores is valid, and what cannot be understood is Unknown rather than absent.
// The second result is unknown where the document itself was not seen.
func Parse(doc any) ([]Statement, kleene.Value) {
	policy, ok := doc.(map[string]any)
	if !ok {
		if doc == nil {
			return nil, kleene.True // no document grants nothing
		}
		return nil, kleene.Unknown
	}
	known := kleene.True
	var out []Statement
	for _, s := range list(policy["Statement"]) {
		fields, ok := s.(map[string]any)
		if !ok {
			known = kleene.Unknown
			continue
		}
		out = append(out, statement(fields))
	}
	return out, known
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

func statement(fields map[string]any) Statement {
	s := Statement{Unknown: map[string]bool{}}
	s.Sid, _ = fields["Sid"].(string)
	if effect, ok := fields["Effect"].(string); ok {
		s.Effect = effect
	} else {
		s.Unknown["Effect"] = true
	}
	s.Actions = s.strings("Action", fields["Action"])
	s.NotActions = s.strings("NotAction", fields["NotAction"])
	s.Resources = s.strings("Resource", fields["Resource"])
	s.NotResources = s.strings("NotResource", fields["NotResource"])
	s.principals(fields)
	s.conditions(fields["Condition"])
	return s
}

func (s *Statement) strings(part string, v any) []string {
	var out []string
	for _, e := range list(v) {
		switch e := e.(type) {
		case string:
			out = append(out, e)
		case evidence.Unknown:
			// How it starts is enough to tell that it is not everything.
			if e.Prefix == "" || strings.ContainsAny(e.Prefix, "*?") {
				s.Unknown[part] = true
				continue
			}
			out = append(out, e.Prefix+unknownRest+e.Suffix)
		default:
			s.Unknown[part] = true
		}
	}
	return out
}

func (s *Statement) principals(fields map[string]any) {
	v, ok := fields["Principal"]
	if not, has := fields["NotPrincipal"]; !ok && has {
		v, s.NotPrincipal = not, true
	}
	switch v := v.(type) {
	case nil:
	case string:
		s.Principals = append(s.Principals, Principal{Kind: "*", Name: v})
	case map[string]any:
		for _, kind := range []string{"AWS", "Service", "Federated", "CanonicalUser"} {
			for _, name := range s.strings("Principal", v[kind]) {
				p := Principal{Kind: kind, Name: name}
				if name == "*" && kind == "AWS" {
					p.Kind = "*"
				}
				s.Principals = append(s.Principals, p)
			}
		}
	default:
		s.Unknown["Principal"] = true
	}
}

func (s *Statement) conditions(v any) {
	switch v := v.(type) {
	case nil:
	case map[string]any:
		for _, operator := range slices.Sorted(maps.Keys(v)) {
			block, ok := v[operator].(map[string]any)
			if !ok {
				s.Unknown["Condition"] = true
				continue
			}
			for _, key := range slices.Sorted(maps.Keys(block)) {
				c := Condition{Operator: operator, Key: strings.ToLower(key)}
				for _, value := range list(block[key]) {
					switch value := value.(type) {
					case string:
						c.Values = append(c.Values, value)
					case bool:
						c.Values = append(c.Values, strconv.FormatBool(value))
					case int64: // an account that YAML took for a number
						c.Values = append(c.Values, strconv.FormatInt(value, 10))
					default:
						c.Unknown = true
					}
				}
				s.Conditions = append(s.Conditions, c)
			}
		}
	default:
		s.Unknown["Condition"] = true
	}
}

// everyone is the statement's principal being anybody at all.
func (s *Statement) everyone() kleene.Value {
	if s.NotPrincipal {
		return kleene.True // everybody but a few
	}
	for _, p := range s.Principals {
		if p.Kind == "*" && p.Name == "*" {
			return kleene.True
		}
	}
	return s.unless("Principal")
}

// unless is False, or Unknown where the named part was not wholly seen.
func (s *Statement) unless(part string) kleene.Value {
	if s.Unknown[part] {
		return kleene.Unknown
	}
	return kleene.False
}

func (s *Statement) effect(want string) kleene.Value {
	if s.Unknown["Effect"] {
		return kleene.Unknown
	}
	return kleene.Of(s.Effect == want)
}

// any is whether some statement fits, over a document that may be unknown.
func anyOf(doc any, fits func(*Statement) kleene.Value) kleene.Value {
	statements, known := Parse(doc)
	result := kleene.False
	if known != kleene.True {
		result = kleene.Unknown
	}
	for i := range statements {
		if result = result.Or(fits(&statements[i])); result == kleene.True {
			break
		}
	}
	return result
}

// Statements gives a document's statements as property values with every list
// spelt out, for expressions to look into:
// {Sid, Effect, Principals, NotPrincipals, Actions, NotActions, Resources,
// NotResources, Conditions: [{Operator, Key, Values}]}. A list of which a part is
// not known has an Unknown in it; one of which nothing is known is Unknown.
func Statements(doc any) any {
	statements, known := Parse(doc)
	out := []any{}
	for i := range statements {
		out = append(out, statements[i].value())
	}
	if known != kleene.True {
		out = append(out, evidence.Unknown{Reason: "part of the policy is not known"})
	}
	return out
}

func (s *Statement) value() map[string]any {
	v := map[string]any{
		"Sid": s.Sid, "Effect": s.Effect, "Actions": anyStrings(s.Actions), "NotActions": anyStrings(s.NotActions),
		"Resources": anyStrings(s.Resources), "NotResources": anyStrings(s.NotResources),
	}
	principals, conditions := []any{}, []any{}
	for _, p := range s.Principals {
		principals = append(principals, anyStrings([]string{p.Kind + ":" + p.Name})...)
	}
	for _, c := range s.Conditions {
		condition := map[string]any{"Operator": c.Operator, "Key": c.Key, "Values": anyStrings(c.Values)}
		if c.Unknown {
			condition["Values"] = partly("a condition value", condition["Values"])
		}
		conditions = append(conditions, condition)
	}
	v["Conditions"], v["Principals"], v["NotPrincipals"] = conditions, principals, []any{}
	named := "Principals"
	if s.NotPrincipal {
		named, v["NotPrincipals"], v["Principals"] = "NotPrincipals", principals, []any{}
	}
	for part := range s.Unknown {
		switch part {
		case "Effect":
			v[part] = evidence.Unknown{Reason: "the effect is not known"}
		case "Principal":
			v[named] = partly("a principal", v[named])
		default:
			v[part+"s"] = partly("part of "+part, v[part+"s"])
		}
	}
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

func anyStrings(list []string) []any {
	out := make([]any, len(list))
	for i, s := range list {
		if prefix, suffix, partial := strings.Cut(s, unknownRest); partial {
			out[i] = evidence.Unknown{Reason: "only its start is known", Present: true, Prefix: prefix, Suffix: suffix}
			continue
		}
		out[i] = s
	}
	return out
}
