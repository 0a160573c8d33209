package iam

import (
	"encoding/base64"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"holdfast.dev/holdfast/internal/engine/iam/policy"
	"holdfast.dev/holdfast/internal/kleene"
)

// condition is one operator on one key, ready to compare.
type condition struct {
	key     keyName
	op      policy.Operator
	base    policy.Base // what op negates, or op's own
	values  []operand
	unseen  bool // the operator is not understood, or a value was not seen
	invalid bool // the operator is not one of AWS's
	written int  // its place in the document
}

// cost orders conditions by what it takes to compare.
func (c *condition) cost() int {
	switch c.base {
	case policy.Null, policy.Bool, policy.StringEquals:
		return 0
	case policy.ArnEquals, policy.ArnLike:
		return 2
	}
	return 1
}

// operand is one value of a condition in the form its operator compares. There
// are many, so each holds one form only.
type operand struct {
	raw     string
	valid   bool // it has the form that the operator wants
	partial bool // only its start and end are known
	literal bool // it is compared as it was written
	number  float64
	text    *text
	arn     *arnPattern
	instant *time.Time
	network *netip.Prefix
}

// any tells whether every text matches.
func (o operand) any() bool { return o.text != nil && o.text.template == nil && o.text.pattern.Any() }

func (c *Compiler) condition(written *policy.Condition, variables bool) condition {
	out := condition{key: c.key(written.Key), unseen: written.Unseen}
	op, ok := policy.ParseOperator(written.Operator)
	if !ok {
		out.invalid = true
		return out
	}
	out.op, out.base = op, op.Base.Positive()
	out.values = make([]operand, len(written.Values))
	for i, v := range written.Values {
		out.values[i] = c.operand(out.base, v, variables)
	}
	return out
}

func (c *Compiler) operand(base policy.Base, v policy.Text, variables bool) operand {
	o := operand{raw: v.Value, partial: v.Partial}
	if v.Partial {
		return o
	}
	switch base {
	case policy.StringEquals, policy.StringEqualsIgnoreCase, policy.StringLike:
		t := compileText(v.Value, base == policy.StringLike, variables)
		o.valid = true
		_, literal := t.pattern.Text()
		if o.literal = literal && t.template == nil && base != policy.StringEqualsIgnoreCase; !o.literal {
			o.text = &text{t.pattern, t.template}
		}
	case policy.ArnEquals, policy.ArnLike:
		p := c.arn(v.Value, variables)
		p.whole = nil // here AWS compares six parts, whatever a * may do in Resource
		o.arn, o.valid = &p, true
	case policy.NumericEquals, policy.NumericLessThan, policy.NumericLessThanEquals, policy.NumericGreaterThan, policy.NumericGreaterThanEquals:
		o.number, o.valid = parseNumber(v.Value)
	case policy.DateEquals, policy.DateLessThan, policy.DateLessThanEquals, policy.DateGreaterThan, policy.DateGreaterThanEquals:
		t, ok := parseTime(v.Value)
		o.instant, o.valid = &t, ok
	case policy.IPAddress:
		p, ok := parseNetwork(v.Value)
		o.network, o.valid = &p, ok
	case policy.Bool, policy.Null:
		o.valid = strings.EqualFold(v.Value, "true") || strings.EqualFold(v.Value, "false")
	case policy.BinaryEquals:
		_, err := base64.StdEncoding.DecodeString(v.Value)
		o.valid = err == nil
	}
	return o
}

// holds is what the condition says of a request.
func (c *condition) holds(s *scope) kleene.Value {
	if c.invalid {
		return kleene.Unknown
	}
	v := s.lookup(c.key)
	if c.base == policy.Null {
		return c.null(v.state)
	}
	switch v.state {
	case Absent:
		return kleene.Of(c.holdsAbsent())
	case Known:
	case Present:
		if c.base == policy.StringLike && slices.ContainsFunc(c.values, operand.any) {
			return kleene.Of(!c.op.Base.Negated()) // whatever the value is
		}
		return kleene.Unknown
	default:
		return kleene.Unknown
	}
	switch c.op.Set {
	case policy.ForAllValues:
		result := kleene.True
		for i := range v.len() {
			result = result.And(c.one(v.at(i), s))
		}
		return result
	case policy.ForAnyValue:
		result := kleene.False
		for i := range v.len() {
			result = result.Or(c.one(v.at(i), s))
		}
		return result
	}
	// Without a set operator AWS documents single values only; of several, one
	// that matches counts, and a negated operator wants none to.
	result := kleene.False
	for i := range v.len() {
		result = result.Or(c.matches(v.at(i), s))
	}
	if c.op.Base.Negated() {
		return result.Not()
	}
	return result
}

// holdsAbsent is the answer where the request does not have the key. Source: AWS
// IAM User Guide, "Condition operators" and "Set operators".
func (c *condition) holdsAbsent() bool {
	switch {
	case c.op.IfExists || c.op.Set == policy.ForAllValues:
		return true
	case c.op.Set == policy.ForAnyValue:
		return false
	}
	return c.op.Base.Negated()
}

// null asks whether the key is missing.
func (c *condition) null(state State) kleene.Value {
	missing := kleene.Unknown
	switch state {
	case Absent:
		missing = kleene.True
	case Known, Present:
		missing = kleene.False
	}
	result := kleene.False
	if c.unseen {
		result = kleene.Unknown
	}
	for i := range c.values {
		switch o := &c.values[i]; {
		case o.partial:
			result = result.Or(kleene.Unknown)
		case strings.EqualFold(o.raw, "true"):
			result = result.Or(missing)
		case strings.EqualFold(o.raw, "false"):
			result = result.Or(missing.Not())
		}
	}
	return result
}

// one is what the operator says of one value of the request.
func (c *condition) one(value string, s *scope) kleene.Value {
	if c.op.Base.Negated() {
		return c.matches(value, s).Not()
	}
	return c.matches(value, s)
}

// matches tells whether a value of the request fits one of the condition's.
func (c *condition) matches(value string, s *scope) kleene.Value {
	result := kleene.False
	if c.unseen {
		result = kleene.Unknown
	}
	for i := range c.values {
		if result = result.Or(c.values[i].compare(c.base, value, s)); result == kleene.True {
			break
		}
	}
	return result
}

func (o *operand) compare(base policy.Base, value string, s *scope) kleene.Value {
	if o.partial {
		return kleene.Unknown
	}
	if !o.valid {
		return kleene.False
	}
	switch base {
	case policy.StringEquals, policy.StringLike:
		if o.literal {
			return kleene.Of(value == o.raw)
		}
		return o.text.match(value, s)
	case policy.StringEqualsIgnoreCase:
		return o.text.matchFold(value, s)
	case policy.ArnEquals, policy.ArnLike:
		if own := &s.req.Principal.arn; own.ok && own.text == value {
			return o.arn.match(own, s) // which it asks about most
		}
		a := splitARN(value)
		return o.arn.match(&a, s)
	case policy.Bool:
		return kleene.Of(strings.EqualFold(o.raw, value))
	case policy.BinaryEquals:
		return kleene.Of(o.raw == value)
	case policy.IPAddress:
		return kleene.Of(o.contains(value))
	case policy.DateEquals, policy.DateLessThan, policy.DateLessThanEquals, policy.DateGreaterThan, policy.DateGreaterThanEquals:
		t, ok := parseTime(value)
		return kleene.Of(ok && ordered(base-policy.DateEquals, t.Compare(*o.instant)))
	}
	n, ok := parseNumber(value)
	return kleene.Of(ok && ordered(base-policy.NumericEquals, compareNumbers(n, o.number)))
}

// ordered reads a comparison as one of equals, (not equals,) less, less or equal,
// greater, greater or equal: the order in which package policy declares them.
func ordered(relation policy.Base, sign int) bool {
	switch relation {
	case 0:
		return sign == 0
	case policy.NumericLessThan - policy.NumericEquals:
		return sign < 0
	case policy.NumericLessThanEquals - policy.NumericEquals:
		return sign <= 0
	case policy.NumericGreaterThan - policy.NumericEquals:
		return sign > 0
	}
	return sign >= 0
}

func compareNumbers(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func parseNumber(s string) (float64, bool) {
	n, err := strconv.ParseFloat(s, 64)
	return n, err == nil && !math.IsNaN(n) && !math.IsInf(n, 0) && !strings.ContainsAny(s, "xXpP_nN")
}

// The forms of W3C's profile of ISO 8601 besides RFC 3339, which is tried first.
var dateLayouts = [...]string{"2006-01-02T15:04Z07:00", "2006-01-02T15:04:05", "2006-01-02", "2006-01", "2006"}

// parseTime reads an instant: ISO 8601, or seconds since 1970. Four digits are a
// year to the one and seconds to the other; AWS takes a bare number for seconds.
func parseTime(s string) (time.Time, bool) {
	if seconds, err := strconv.ParseInt(s, 10, 64); err == nil {
		return time.Unix(seconds, 0), true
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t, true
	}
	for _, layout := range dateLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

func parseNetwork(s string) (netip.Prefix, bool) {
	if strings.IndexByte(s, '/') < 0 {
		a, err := netip.ParseAddr(s)
		if err != nil || a.Zone() != "" {
			return netip.Prefix{}, false
		}
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), true
	}
	p, err := netip.ParsePrefix(s)
	return p, err == nil
}

func (o *operand) contains(value string) bool {
	a, err := netip.ParseAddr(value)
	return err == nil && o.network.Contains(a.Unmap())
}
