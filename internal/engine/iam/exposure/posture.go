package exposure

import (
	"net/netip"
	"slices"
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
		if !fixed(c.Key, v) || c.Operator == "Bool" && !strings.EqualFold(v, "true") {
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
		// What Amazon S3 calls too broad to narrow anything.
		return prefix.Addr().Is4() && prefix.Bits() >= 8 || prefix.Addr().Is6() && prefix.Bits() >= 32
	}
	if strings.HasSuffix(key, "arn") {
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
// ("s3:*") or of all of them, whatever the resource. NotAction grants whole
// services, namely those it does not name.
func Wildcard(doc any) kleene.Value {
	return anyOf(doc, func(s *Statement) kleene.Value {
		others := s.unless("NotAction").Or(kleene.Of(len(s.NotActions) > 0))
		return s.effect("Allow").And(s.allActions().Or(others))
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

// External lists the AWS accounts, other than those given, whom a resource or
// trust policy lets in without further ado. The answer is unknown where it may
// let in others than those listed: a principal was not seen, is named in a way
// that does not give its account away, or is anybody but a few.
func External(doc any, own ...string) ([]string, kleene.Value) {
	statements, known := Parse(doc)
	var out []string
	for i := range statements {
		s := &statements[i]
		switch s.effect("Allow") {
		case kleene.False:
			continue
		case kleene.Unknown:
			known = kleene.Unknown
			continue
		}
		if s.NotPrincipal {
			known = kleene.Unknown
			continue
		}
		if s.Unknown["Principal"] {
			known = kleene.Unknown
		}
		for _, p := range s.Principals {
			account, ok := accountOf(p)
			switch {
			case !ok:
				known = kleene.Unknown
			case account != "" && !slices.Contains(own, account) && !slices.Contains(out, account):
				out = append(out, account)
			}
		}
	}
	return out, known
}

// accountOf is the account a principal belongs to, empty where it belongs to
// none; false where its name does not tell.
func accountOf(p Principal) (string, bool) {
	name, _, partial := strings.Cut(p.Name, unknownRest)
	switch parts := strings.SplitN(name, ":", 6); {
	case p.Kind == "CanonicalUser":
		return "", false
	case p.Kind != "AWS":
		return "", true
	case len(parts) == 6 && parts[4] == "cloudfront": // an origin access identity
		return "", true
	case len(parts) == 6:
		return parts[4], true
	case partial:
		return "", false
	case len(name) == 12 && strings.Trim(name, "0123456789") == "":
		return name, true
	}
	return "", true
}
