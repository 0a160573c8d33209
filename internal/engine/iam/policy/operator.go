package policy

import "strings"

// Operator is a condition operator taken apart.
type Operator struct {
	Set      Set
	Base     Base
	IfExists bool
}

// Set is a condition's set operator.
type Set uint8

const (
	Plain        Set = iota // no set operator
	ForAllValues            // every value of the request
	ForAnyValue             // at least one value of the request
)

// Base is what an operator compares, without its decorations.
type Base uint8

const (
	StringEquals Base = iota + 1
	StringNotEquals
	StringEqualsIgnoreCase
	StringNotEqualsIgnoreCase
	StringLike
	StringNotLike
	NumericEquals
	NumericNotEquals
	NumericLessThan
	NumericLessThanEquals
	NumericGreaterThan
	NumericGreaterThanEquals
	DateEquals
	DateNotEquals
	DateLessThan
	DateLessThanEquals
	DateGreaterThan
	DateGreaterThanEquals
	Bool
	BinaryEquals
	IPAddress
	NotIPAddress
	ArnEquals
	ArnNotEquals
	ArnLike
	ArnNotLike
	Null
)

var baseNames = [...]string{
	StringEquals: "StringEquals", StringNotEquals: "StringNotEquals",
	StringEqualsIgnoreCase: "StringEqualsIgnoreCase", StringNotEqualsIgnoreCase: "StringNotEqualsIgnoreCase",
	StringLike: "StringLike", StringNotLike: "StringNotLike",
	NumericEquals: "NumericEquals", NumericNotEquals: "NumericNotEquals",
	NumericLessThan: "NumericLessThan", NumericLessThanEquals: "NumericLessThanEquals",
	NumericGreaterThan: "NumericGreaterThan", NumericGreaterThanEquals: "NumericGreaterThanEquals",
	DateEquals: "DateEquals", DateNotEquals: "DateNotEquals",
	DateLessThan: "DateLessThan", DateLessThanEquals: "DateLessThanEquals",
	DateGreaterThan: "DateGreaterThan", DateGreaterThanEquals: "DateGreaterThanEquals",
	Bool: "Bool", BinaryEquals: "BinaryEquals",
	IPAddress: "IpAddress", NotIPAddress: "NotIpAddress",
	ArnEquals: "ArnEquals", ArnNotEquals: "ArnNotEquals", ArnLike: "ArnLike", ArnNotLike: "ArnNotLike",
	Null: "Null",
}

// String is the operator's name as AWS writes it.
func (b Base) String() string {
	if int(b) < len(baseNames) {
		return baseNames[b]
	}
	return ""
}

// Bases lists every operator.
func Bases() []Base {
	out := make([]Base, 0, len(baseNames)-1)
	for b := StringEquals; b <= Null; b++ {
		out = append(out, b)
	}
	return out
}

// Negated tells whether the operator asks that nothing matches.
func (b Base) Negated() bool {
	switch b {
	case StringNotEquals, StringNotEqualsIgnoreCase, StringNotLike, NumericNotEquals, DateNotEquals, NotIPAddress, ArnNotEquals, ArnNotLike:
		return true
	}
	return false
}

// Positive is the operator that a negated one negates, else the operator itself.
func (b Base) Positive() Base {
	if b.Negated() {
		return b - 1 // each negation is declared behind what it negates
	}
	return b
}

// ParseOperator takes an operator apart. Names are compared without regard to
// case, as AWS does.
func ParseOperator(s string) (Operator, bool) {
	var op Operator
	if set, rest, ok := strings.Cut(s, ":"); ok {
		switch {
		case strings.EqualFold(set, "ForAllValues"):
			op.Set = ForAllValues
		case strings.EqualFold(set, "ForAnyValue"):
			op.Set = ForAnyValue
		default:
			return Operator{}, false
		}
		s = rest
	}
	const ifExists = "IfExists"
	if n := len(s) - len(ifExists); n > 0 && strings.EqualFold(s[n:], ifExists) {
		op.IfExists, s = true, s[:n]
	}
	for b := StringEquals; b <= Null; b++ {
		if strings.EqualFold(s, baseNames[b]) {
			op.Base = b
			// Whether a key exists is what Null itself asks.
			return op, b != Null || !op.IfExists
		}
	}
	return Operator{}, false
}

// String is the operator as AWS writes it.
func (o Operator) String() string {
	s := o.Base.String()
	switch o.Set {
	case ForAllValues:
		s = "ForAllValues:" + s
	case ForAnyValue:
		s = "ForAnyValue:" + s
	}
	if o.IfExists {
		s += "IfExists"
	}
	return s
}
