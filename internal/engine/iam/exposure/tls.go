package exposure

import (
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/kleene"
)

// RequiresTLS tells whether a resource policy turns away every request that is
// not encrypted in transit.
func RequiresTLS(doc any) kleene.Value {
	return anyOf(doc, func(s *Statement) kleene.Value {
		everyone := s.everyone()
		if s.NotPrincipal {
			everyone = kleene.False // those it names go on as before
		}
		return s.effect("Deny").And(everyone).And(s.insecureOnly()).And(s.allActions()).And(s.allObjects())
	})
}

// insecureOnly is the statement's one condition being that TLS is not used: any
// further one lets some requests through, and so may one that was not seen.
func (s *Statement) insecureOnly() kleene.Value {
	if len(s.Conditions) != 1 {
		return s.unless("Condition").And(kleene.Of(len(s.Conditions) == 0))
	}
	c := &s.Conditions[0]
	if c.Key != "aws:securetransport" || c.Operator != "Bool" && c.Operator != "BoolIfExists" {
		return kleene.False
	}
	insecure := func(v string) bool { return strings.EqualFold(v, "false") }
	matches := kleene.Of(slices.ContainsFunc(c.Values, insecure))
	if c.Unknown {
		matches = matches.Or(kleene.Unknown)
	}
	return matches.And(s.unless("Condition").Not())
}

func (s *Statement) allActions() kleene.Value {
	for _, a := range s.Actions {
		if strings.HasSuffix(a, ":*") || strings.HasSuffix(a, "*") && !strings.ContainsAny(a, ":"+unknownRest) {
			return kleene.True
		}
	}
	return s.unless("Action").Or(openEnded(s.Actions))
}

// openEnded is unknown where a string is only known in part, which may go on to
// be a wildcard.
func openEnded(list []string) kleene.Value {
	for _, s := range list {
		if strings.Contains(s, unknownRest) {
			return kleene.Unknown
		}
	}
	return kleene.False
}

// allObjects tells whether the statement covers all there is behind the policy.
// Only a bucket has parts that a policy may single out; the policies of others
// name the thing itself, or nothing.
func (s *Statement) allObjects() kleene.Value {
	if len(s.NotResources) > 0 || s.Unknown["NotResource"] {
		return kleene.False
	}
	if len(s.Resources) == 0 && !s.Unknown["Resource"] || !s.about("s3") {
		return kleene.True
	}
	result := s.unless("Resource")
	for _, r := range s.Resources {
		result = result.Or(everyObject(r))
	}
	return result
}

func (s *Statement) about(service string) bool {
	return slices.ContainsFunc(s.Actions, func(a string) bool {
		name, _, ok := strings.Cut(a, ":")
		return !ok || strings.Contains(name, "*") || strings.EqualFold(name, service)
	})
}

// everyObject tells whether an ARN takes in every object of a bucket, which are
// "bucket/*" but not the bucket alone.
func everyObject(arn string) kleene.Value {
	start, end, partial := strings.Cut(arn, unknownRest)
	if parts := strings.SplitN(start, ":", 4); len(parts) == 4 && parts[2] != "s3" && parts[2] != "*" {
		return kleene.True // of another service
	}
	if partial {
		// A template's "${Bucket.Arn}/*" is everything below what it refers to.
		if end == "/*" && !strings.Contains(start, "/") {
			return kleene.True
		}
		return kleene.Unknown
	}
	path, wide := strings.CutSuffix(arn, "*")
	return kleene.Of(wide && !strings.Contains(strings.TrimSuffix(path, "/"), "/"))
}
