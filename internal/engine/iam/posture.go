package iam

import (
	"net/netip"
	"strings"

	"holdfast.dev/holdfast/internal/kleene"
)

// Public tells whether a resource policy lets in people whom nobody named: an
// Allow for everybody which no condition narrows to a fixed set of callers. It
// follows what Amazon S3 calls public (Amazon S3 User Guide, "The meaning of
// public"); a Deny elsewhere in the document does not make it less so.
func Public(doc any) kleene.Value {
	return anyOf(doc, func(s *Statement) kleene.Value {
		return s.effect("Allow").And(s.everyone()).And(s.narrowed().Not())
	})
}

// narrowing are the condition keys which pin down who calls or from where.
var narrowing = map[string]bool{
	"aws:sourcearn": true, "aws:sourceaccount": true, "aws:sourceowner": true, "aws:sourceorgid": true, "aws:sourceorgpaths": true,
	"aws:sourcevpc": true, "aws:sourcevpce": true, "aws:vpcsourceip": true, "aws:sourceip": true,
	"aws:principalarn": true, "aws:principalaccount": true, "aws:principalorgid": true, "aws:principalorgpaths": true,
	"aws:userid": true, "aws:username": true, "kms:calleraccount": true,
	"s3:dataaccesspointarn": true, "s3:dataaccesspointaccount": true, "lambda:eventsourcetoken": true,
	"elasticfilesystem:accessedviamounttarget": true,
}

func (s *Statement) narrowed() kleene.Value {
	result := s.unless("Condition")
	for _, c := range s.Conditions {
		result = result.Or(c.narrows())
	}
	return result
}

func (c *Condition) narrows() kleene.Value {
	if !narrowing[c.Key] || !positive(c.Operator) {
		return kleene.False
	}
	for _, v := range c.Values {
		if !fixed(c.Key, v) {
			return kleene.False // one open value opens the condition
		}
	}
	if c.Unknown {
		return kleene.Unknown
	}
	return kleene.Of(len(c.Values) > 0)
}

// positive operators hold only where the key is there and matches.
func positive(operator string) bool {
	operator = strings.TrimPrefix(operator, "ForAnyValue:")
	switch operator {
	case "StringEquals", "StringEqualsIgnoreCase", "StringLike", "ArnEquals", "ArnLike", "IpAddress", "Bool":
		return true
	}
	return false
}

// fixed tells whether a condition value names something rather than anything.
func fixed(key, value string) bool {
	if strings.Contains(value, "${") {
		return false
	}
	if key == "aws:sourceip" || key == "aws:vpcsourceip" {
		prefix, err := netip.ParsePrefix(value)
		if err != nil {
			_, err := netip.ParseAddr(value)
			return err == nil
		}
		return prefix.Bits() >= 8
	}
	if strings.HasPrefix(key, "aws:") && strings.HasSuffix(key, "arn") {
		// The account is what pins an ARN down.
		parts := strings.SplitN(value, ":", 6)
		if len(parts) == 6 && parts[4] != "" {
			return !strings.ContainsAny(parts[4], "*?")
		}
		return len(parts) == 6 && !strings.ContainsAny(parts[5], "*?")
	}
	return !strings.ContainsAny(value, "*?")
}

// Admin tells whether an identity policy grants every action on every resource.
func Admin(doc any) kleene.Value {
	return anyOf(doc, func(s *Statement) kleene.Value {
		return s.effect("Allow").And(s.covers("Action", s.Actions)).And(s.covers("Resource", s.Resources)).And(s.unconditional())
	})
}

// Wildcard tells whether an identity policy grants all actions of a service
// ("s3:*") or of all of them, whatever the resource.
func Wildcard(doc any) kleene.Value {
	return anyOf(doc, func(s *Statement) kleene.Value {
		result := s.unless("Action").Or(openEnded(s.Actions))
		for _, a := range s.Actions {
			if a == "*" || strings.HasSuffix(a, ":*") {
				result = kleene.True
			}
		}
		return s.effect("Allow").And(result)
	})
}

func (s *Statement) covers(part string, values []string) kleene.Value {
	for _, v := range values {
		if v == "*" || v == "*:*" {
			return kleene.True
		}
	}
	return s.unless(part)
}

func (s *Statement) unconditional() kleene.Value {
	if len(s.Conditions) > 0 {
		return kleene.False
	}
	return s.unless("Condition").Not()
}

// RequiresTLS tells whether a resource policy turns away every request that is
// not encrypted in transit.
func RequiresTLS(doc any) kleene.Value {
	return anyOf(doc, func(s *Statement) kleene.Value {
		insists := s.unless("Condition")
		for _, c := range s.Conditions {
			if c.Key == "aws:securetransport" && (c.Operator == "Bool" || c.Operator == "BoolIfExists") {
				insists = insists.Or(kleene.Of(len(c.Values) == 1 && strings.EqualFold(c.Values[0], "false")))
			}
		}
		if len(s.Conditions) > 1 {
			insists = kleene.False // any further condition lets some requests through
		}
		return s.effect("Deny").And(s.everyone()).And(insists).And(s.allActions())
	})
}

func (s *Statement) allActions() kleene.Value {
	for _, a := range s.Actions {
		if a == "*" || strings.HasSuffix(a, ":*") {
			return kleene.True
		}
	}
	return s.unless("Action").Or(openEnded(s.Actions))
}

// openEnded is unknown where a string is only known in part, which may go on to
// be a wildcard.
func openEnded(list []string) kleene.Value {
	for _, s := range list {
		if strings.HasSuffix(s, unknownRest) {
			return kleene.Unknown
		}
	}
	return kleene.False
}

// External lists the AWS accounts, other than those given, whom a resource or
// trust policy lets in without further ado. The answer is unknown where a
// principal was not seen.
func External(doc any, own ...string) ([]string, kleene.Value) {
	known := kleene.True
	statements, seen := Parse(doc)
	known = known.And(seen)
	var out []string
	for i := range statements {
		s := &statements[i]
		if s.effect("Allow") == kleene.False {
			continue
		}
		if s.Unknown["Principal"] {
			known = kleene.Unknown
		}
		for _, p := range s.Principals {
			if strings.HasSuffix(p.Name, unknownRest) {
				known = kleene.Unknown
				continue
			}
			if account := accountOf(p); account != "" && !contains(own, account) && !contains(out, account) {
				out = append(out, account)
			}
		}
	}
	return out, known
}

func accountOf(p Principal) string {
	if p.Kind != "AWS" {
		return ""
	}
	if parts := strings.SplitN(p.Name, ":", 6); len(parts) == 6 {
		return parts[4]
	}
	if len(p.Name) == 12 && strings.Trim(p.Name, "0123456789") == "" {
		return p.Name
	}
	return ""
}

func contains(list []string, s string) bool {
	for _, e := range list {
		if e == s {
			return true
		}
	}
	return false
}
