package external

import (
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam/action"
	"holdfast.dev/holdfast/internal/engine/iam/exposure"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
)

// controlled tells whether resource control policies reach what a grant allows.
func controlled(g *exposure.Grant) bool {
	return slices.ContainsFunc(slices.Concat(g.Actions, g.NotActions), func(a string) bool {
		service, _, ok := strings.Cut(a, ":")
		return !ok || strings.ContainsAny(service, "*?") || action.RCP(strings.ToLower(service))
	})
}

// everybody makes the principal of a resource control policy explicit: it can
// only be everybody.
func everybody(s policy.Statement) policy.Statement {
	if s.Principals == nil && s.NotPrincipals == nil {
		s.Principals = []policy.Principal{{Kind: policy.Everyone, Name: policy.Text{Value: "*"}}}
	}
	return s
}

// variables tells whether a document has text that the newer version of the
// language would read as a variable.
func variables(doc *policy.Document) bool {
	has := func(t policy.Text) bool { return strings.Contains(t.Value+t.Suffix, "${") }
	for i := range doc.Statements {
		s := &doc.Statements[i]
		if slices.ContainsFunc(s.Resources, has) || slices.ContainsFunc(s.NotResources, has) {
			return true
		}
		for j := range s.Conditions {
			if slices.ContainsFunc(s.Conditions[j].Values, has) {
				return true
			}
		}
	}
	return false
}
