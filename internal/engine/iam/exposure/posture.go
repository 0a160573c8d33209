package exposure

import (
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam/policy"
	"holdfast.dev/holdfast/internal/kleene"
)

// anyOf is whether some statement fits, in a document that may not be whole.
func anyOf(doc any, fits func(*policy.Statement) kleene.Value) kleene.Value {
	d := policy.Of(doc)
	result := unseenStatements(d)
	for i := range d.Statements {
		if result = result.Or(fits(&d.Statements[i])); result == kleene.True {
			break
		}
	}
	return result
}

// Admin tells whether an identity policy grants every action on every resource.
func Admin(doc any) kleene.Value {
	return anyOf(doc, func(s *policy.Statement) kleene.Value {
		return effect(s, policy.Allow).And(everythingIn(s, policy.ActionPart, s.Actions)).
			And(everythingIn(s, policy.ResourcePart, s.Resources)).And(unconditional(s))
	})
}

// Wildcard tells whether an identity policy grants all actions of a service
// ("s3:*") or of all of them, whatever the resource. NotAction grants whole
// services, namely those it does not name.
func Wildcard(doc any) kleene.Value {
	return anyOf(doc, func(s *policy.Statement) kleene.Value {
		return effect(s, policy.Allow).And(allActions(s).Or(others(s)))
	})
}

// others is the statement allowing all actions but those it names.
func others(s *policy.Statement) kleene.Value {
	if s.NotActions == nil {
		return kleene.False
	}
	return unless(s, policy.ActionPart).Or(kleene.Of(len(s.NotActions) > 0))
}

func effect(s *policy.Statement, want policy.Effect) kleene.Value {
	if s.Effect == "" {
		return kleene.Unknown
	}
	return kleene.Of(s.Effect == want)
}

// unless is False, or Unknown where the part was not wholly seen.
func unless(s *policy.Statement, part policy.Parts) kleene.Value {
	if s.Unseen.Has(part) {
		return kleene.Unknown
	}
	return kleene.False
}

func everythingIn(s *policy.Statement, part policy.Parts, list []policy.Text) kleene.Value {
	if slices.ContainsFunc(list, func(t policy.Text) bool { return !t.Partial && (t.Value == "*" || t.Value == "*:*") }) {
		return kleene.True
	}
	return unless(s, part).Or(openEnded(list, ""))
}

func unconditional(s *policy.Statement) kleene.Value {
	if len(s.Conditions) > 0 {
		return kleene.False
	}
	return unless(s, policy.ConditionPart).Not()
}

// allActions tells whether all actions of some service are named.
func allActions(s *policy.Statement) kleene.Value {
	for _, a := range s.Actions {
		if !a.Partial && (strings.HasSuffix(a.Value, ":*") || strings.HasSuffix(a.Value, "*") && !strings.Contains(a.Value, ":")) {
			return kleene.True
		}
	}
	if s.NotActions != nil {
		return kleene.False
	}
	return unless(s, policy.ActionPart).Or(openEnded(s.Actions, ":"))
}

// openEnded is unknown where a text that is only known in part may turn out to
// be a wildcard: it has come no further than the separator, and ends as a
// wildcard may.
func openEnded(list []policy.Text, separator string) kleene.Value {
	for _, t := range list {
		if t.Partial && (t.Value == "" || separator != "" && strings.Count(t.Value, separator) <= 1) && (t.Suffix == "" || strings.HasSuffix(t.Suffix, "*")) {
			return kleene.Unknown
		}
	}
	return kleene.False
}
