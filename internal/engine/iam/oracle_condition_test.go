package iam_test

import (
	"encoding/base64"
	"math/big"
	"net"
	"strconv"
	"strings"
	"time"

	"holdfast.dev/holdfast/internal/engine/iam/policy"
)

func (o *reading) conditionsHold(d *policy.Document, s *policy.Statement) bool {
	for i := range s.Conditions {
		if !o.holds(d, &s.Conditions[i]) {
			return false
		}
	}
	return true
}

// holds reads one condition by the words of the IAM User Guide: "Condition
// operators", "Conditions with multiple context keys or values", "Single-valued vs.
// multivalued context keys". It takes operators apart by itself.
func (o *reading) holds(d *policy.Document, c *policy.Condition) bool {
	values := o.keys[strings.ToLower(c.Key)]
	name, set := c.Operator, ""
	if before, after, ok := strings.Cut(name, ":"); ok {
		set, name = strings.ToLower(before), after
	}
	name = strings.ToLower(name)
	if name == "null" {
		return o.null(c, len(values) == 0)
	}
	if bare, ok := strings.CutSuffix(name, "ifexists"); ok {
		if len(values) == 0 {
			return true
		}
		name = bare
	}
	negated := strings.Contains(name, "not")
	positive := strings.Replace(name, "not", "", 1)
	one := func(value string) bool { // one value of the request against all of the policy
		for _, t := range c.Values {
			if o.compare(d, positive, t.Value, value) {
				return !negated
			}
		}
		return negated
	}
	switch set {
	case "forallvalues":
		for _, v := range values {
			if !one(v) {
				return false
			}
		}
		return true
	case "foranyvalue":
		for _, v := range values {
			if one(v) {
				return true
			}
		}
		return false
	}
	// Without a set operator the condition matches where some value of the request
	// matches some value of the policy, and its negation is the opposite of that.
	for _, v := range values {
		if one(v) != negated {
			return !negated
		}
	}
	return negated
}

// null: "true" asks that the key is absent, "false" that it is there.
func (o *reading) null(c *policy.Condition, absent bool) bool {
	for _, t := range c.Values {
		if strings.EqualFold(t.Value, strconv.FormatBool(absent)) {
			return true
		}
	}
	return false
}

// compare puts one value of the policy beside one of the request.
func (o *reading) compare(d *policy.Document, operator, want, have string) bool {
	switch {
	case strings.HasPrefix(operator, "string"), strings.HasPrefix(operator, "arn"):
		pattern, ok := o.filled(d, want)
		return ok && compareText(operator, pattern, have)
	case strings.HasPrefix(operator, "numeric"):
		return compareNumbers(strings.TrimPrefix(operator, "numeric"), want, have)
	case strings.HasPrefix(operator, "date"):
		return compareDates(strings.TrimPrefix(operator, "date"), want, have)
	case operator == "bool":
		return (strings.EqualFold(want, "true") || strings.EqualFold(want, "false")) && strings.EqualFold(want, have)
	case operator == "binaryequals":
		a, err := base64.StdEncoding.DecodeString(want)
		b, err2 := base64.StdEncoding.DecodeString(have)
		return err == nil && err2 == nil && string(a) == string(b)
	case operator == "ipaddress":
		return compareAddresses(want, have)
	}
	return false
}

func compareText(operator string, pattern []piece, have string) bool {
	switch operator {
	case "stringlike":
		return covers(pattern, have)
	case "arnequals", "arnlike":
		return arnCovers(pattern, have)
	}
	var plain strings.Builder
	for _, p := range pattern {
		plain.WriteRune(p.char)
	}
	if operator == "stringequalsignorecase" {
		return strings.EqualFold(plain.String(), have)
	}
	return plain.String() == have
}

func ordered(relation string, cmp int) bool {
	switch relation {
	case "equals":
		return cmp == 0
	case "lessthan":
		return cmp < 0
	case "lessthanequals":
		return cmp <= 0
	case "greaterthan":
		return cmp > 0
	}
	return cmp >= 0
}

func compareNumbers(relation, want, have string) bool {
	w, h := number(want), number(have)
	return w != nil && h != nil && ordered(relation, h.Cmp(w))
}

// number reads a decimal; fractions and hexadecimal, which big.Rat knows, are none.
func number(s string) *big.Rat {
	if s == "" || strings.Trim(s, "0123456789.+-eE") != "" {
		return nil
	}
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		return nil
	}
	return r
}

func compareDates(relation, want, have string) bool {
	w, ok := moment(want)
	h, ok2 := moment(have)
	return ok && ok2 && ordered(relation, h.Compare(w))
}

func moment(s string) (time.Time, bool) {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil && len(s) != 4 {
		return time.Unix(n, 0), true
	}
	for _, layout := range []string{"2006", "2006-01", "2006-01-02", "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05.999999999Z07:00"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

func compareAddresses(want, have string) bool {
	ip := net.ParseIP(have)
	if ip == nil {
		return false
	}
	if !strings.Contains(want, "/") {
		return net.ParseIP(want).Equal(ip)
	}
	_, network, err := net.ParseCIDR(want)
	return err == nil && network.Contains(ip)
}
