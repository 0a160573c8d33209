package policy

import (
	"errors"
	"fmt"
	"strings"
)

// Problem is one thing that AWS refuses in a document.
type Problem struct {
	Code     string // what sort of problem, one of the constants below
	Message  string // what is wrong and what to do about it, without the place
	Position Position
	Path     string // Statement[2].Condition.StringLike; statements count from 0
}

// The sorts of problem. Parse finds those of the first group, Check the others.
const (
	JSONSyntax         = "json-syntax"          // not JSON, or more than one value
	TooLarge           = "too-large"            // beyond what any policy may have
	UnknownElement     = "unknown-element"      // a name that the language does not have
	DuplicateKey       = "duplicate-key"        // the same name twice
	WrongType          = "wrong-type"           // a list where a string has to be, and the like
	InvalidVersion     = "invalid-version"      // neither version of the language
	MissingStatement   = "missing-statement"    // nothing said
	MissingEffect      = "missing-effect"       // neither Allow nor Deny
	InvalidEffect      = "invalid-effect"       // something else
	MissingAction      = "missing-action"       // neither Action nor NotAction
	BothElements       = "both-elements"        // Action and NotAction, and such pairs
	EmptyList          = "empty-list"           // actions, resources or principals without one
	InvalidAction      = "invalid-action"       // not service:Name
	InvalidPrincipal   = "invalid-principal"    // not a principal
	PrincipalWildcard  = "principal-wildcard"   // a principal named in part
	UnknownOperator    = "unknown-operator"     // not a condition operator
	NullIfExists       = "null-if-exists"       // Null cannot be combined with IfExists
	InvalidValue       = "invalid-value"        // a value that the operator cannot compare
	InvalidKey         = "invalid-key"          // a condition key without a name
	OldVersion         = "old-version"          // version 2008-10-17 where AWS asks for 2012-10-17
	InvalidSid         = "invalid-sid"          // characters that AWS refuses in a Sid
	DuplicateSid       = "duplicate-sid"        // two statements with one Sid
	InvalidCharacter   = "invalid-character"    // characters that AWS refuses in the text
	MissingResource    = "missing-resource"     // neither Resource nor NotResource
	InvalidResource    = "invalid-resource"     // neither an ARN nor *
	InvalidPartition   = "invalid-partition"    // no partition of AWS
	MissingPrincipal   = "missing-principal"    // neither Principal nor NotPrincipal
	NoPrincipal        = "no-principal"         // a principal where there must be none
	NotPrincipalMisuse = "not-principal-misuse" // NotPrincipal where AWS refuses it
	TrustResource      = "trust-resource"       // a resource in a trust policy
	TrustAction        = "trust-action"         // an action other than those of AWS STS in a trust policy
	RCPEffect          = "rcp-effect"           // an RCP that allows
	RCPPrincipal       = "rcp-principal"        // an RCP for some principals only
	RCPAction          = "rcp-action"           // an RCP with NotAction, or on every service
)

// Error is the problem with its place.
func (p Problem) Error() string {
	var b strings.Builder
	if p.Position.Line > 0 {
		fmt.Fprintf(&b, "%d:%d: ", p.Position.Line, p.Position.Column)
	}
	if p.Path != "" {
		b.WriteString(p.Path + ": ")
	}
	b.WriteString(p.Message)
	return b.String()
}

// Problems are what Parse and Check found, in the order of the text.
type Problems []Problem

// Err is nil where there is no problem, else all of them.
func (p Problems) Err() error {
	errs := make([]error, len(p))
	for i := range p {
		errs[i] = p[i]
	}
	return errors.Join(errs...)
}
