package diff

import (
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam/policy"
)

// String is the change in words.
func (c Change) String() string {
	switch c {
	case Allowed:
		return "newly allowed"
	case Denied:
		return "newly denied"
	case Lifted:
		return "no longer denied explicitly"
	}
	return "now denied explicitly"
}

// String is the span in words.
func (s Span) String() string {
	if len(s.Except) == 0 {
		return s.Pattern
	}
	return s.Pattern + " except " + strings.Join(s.Except, ", ")
}

// relations are operators as a reader says them.
var relations = map[policy.Base]string{
	policy.StringEquals: "is", policy.StringNotEquals: "is not", policy.StringEqualsIgnoreCase: "is, in any letter case,",
	policy.StringNotEqualsIgnoreCase: "is not, in any letter case,", policy.StringLike: "is like", policy.StringNotLike: "is not like",
	policy.NumericEquals: "=", policy.NumericNotEquals: "≠", policy.NumericLessThan: "<", policy.NumericLessThanEquals: "≤",
	policy.NumericGreaterThan: ">", policy.NumericGreaterThanEquals: "≥",
	policy.DateEquals: "is", policy.DateNotEquals: "is not", policy.DateLessThan: "is before", policy.DateLessThanEquals: "is not after",
	policy.DateGreaterThan: "is after", policy.DateGreaterThanEquals: "is not before",
	policy.Bool: "is", policy.BinaryEquals: "is", policy.IPAddress: "is in", policy.NotIPAddress: "is not in",
	policy.ArnEquals: "is like", policy.ArnNotEquals: "is not like", policy.ArnLike: "is like", policy.ArnNotLike: "is not like",
}

// String is the term in words.
func (t Term) String() string {
	values := strings.Join(t.Values, " or ")
	if t.Operator == "Resource" {
		if t.Holds {
			return "the resource fits " + values
		}
		return "the resource does not fit " + values
	}
	op, _ := policy.ParseOperator(t.Operator)
	if op.Base == policy.Null {
		absent := strings.EqualFold(values, "true") == t.Holds
		if absent {
			return t.Key + " is absent"
		}
		return t.Key + " is present"
	}
	if !t.Holds && op.Base.Negated() && op.Set == policy.Plain { // whether or not with IfExists: the key is there, and fits
		op.Base, op.IfExists, t.Holds = op.Base.Positive(), false, true
	}
	subject := t.Key
	switch op.Set {
	case policy.ForAllValues:
		subject = "every value of " + subject
	case policy.ForAnyValue:
		subject = "some value of " + subject
	}
	s := subject + " " + relations[op.Base] + " " + values
	if op.IfExists {
		s += ", or it is absent"
	}
	if !t.Holds {
		return "not (" + s + ")"
	}
	return s
}
