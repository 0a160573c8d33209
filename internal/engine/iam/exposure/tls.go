package exposure

import (
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam/policy"
	"holdfast.dev/holdfast/internal/kleene"
)

// RequiresTLS tells whether a resource policy turns away every request that is
// not encrypted in transit.
func RequiresTLS(doc any) kleene.Value {
	return anyOf(doc, func(s *policy.Statement) kleene.Value {
		return effect(s, policy.Deny).And(toAll(s)).And(insecureOnly(s)).And(allActions(s)).And(allObjects(s))
	})
}

// toAll tells whether the statement is about everybody. Those whom NotPrincipal
// names would go on as before.
func toAll(s *policy.Statement) kleene.Value {
	switch {
	case s.NotPrincipals != nil:
		return kleene.False
	case hasEveryone(s.Principals):
		return kleene.True
	}
	return unless(s, policy.PrincipalPart)
}

// insecureOnly is the statement's one condition being that TLS is not used: any
// further one lets some requests through, and so may one that was not seen.
func insecureOnly(s *policy.Statement) kleene.Value {
	if len(s.Conditions) != 1 {
		return unless(s, policy.ConditionPart).And(kleene.Of(len(s.Conditions) == 0))
	}
	c := &s.Conditions[0]
	op, ok := policy.ParseOperator(c.Operator)
	if !ok || !strings.EqualFold(c.Key, "aws:SecureTransport") || op.Base != policy.Bool || op.Set != policy.Plain {
		return kleene.False
	}
	matches := kleene.Of(slices.ContainsFunc(c.Values, func(v policy.Text) bool { return strings.EqualFold(v.Value, "false") }))
	if c.Unseen {
		matches = matches.Or(kleene.Unknown)
	}
	return matches.And(unless(s, policy.ConditionPart).Not())
}

// allObjects tells whether the statement covers all there is behind the policy.
// Only a bucket has parts that a policy may single out; the policies of others
// name the thing itself, or nothing.
func allObjects(s *policy.Statement) kleene.Value {
	if s.NotResources != nil {
		return kleene.False
	}
	if len(s.Resources) == 0 && !s.Unseen.Has(policy.ResourcePart) || !about(s, "s3") {
		return kleene.True
	}
	result := unless(s, policy.ResourcePart)
	for _, r := range s.Resources {
		result = result.Or(everyObject(r))
	}
	return result
}

func about(s *policy.Statement, service string) bool {
	return slices.ContainsFunc(s.Actions, func(a policy.Text) bool {
		name, _, ok := strings.Cut(a.Value, ":")
		return !ok || strings.Contains(name, "*") || strings.EqualFold(name, service)
	})
}

// everyObject tells whether an ARN takes in every object of a bucket, which are
// "bucket/*" but not the bucket alone.
func everyObject(arn policy.Text) kleene.Value {
	start := arn.Value
	if parts := strings.SplitN(start, ":", 4); len(parts) == 4 && parts[2] != "s3" && parts[2] != "*" {
		return kleene.True // of another service
	}
	if arn.Partial {
		// A template's "${Bucket.Arn}/*" is everything below what it refers to.
		if arn.Suffix == "/*" && !strings.Contains(start, "/") {
			return kleene.True
		}
		return kleene.Unknown
	}
	path, wide := strings.CutSuffix(start, "*")
	return kleene.Of(wide && !strings.Contains(strings.TrimSuffix(path, "/"), "/"))
}
