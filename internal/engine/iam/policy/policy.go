// Package policy is the language of AWS policies as a tree: what a document says,
// where it says it, and what of it was not seen. It reads (Parse for text that a
// person wrote, Of for what a source observed), prints, measures and shrinks
// documents; what they mean for a request is the business of package iam.
//
// Source of the grammar: AWS IAM User Guide, "Grammar of the IAM JSON policy
// language" and "IAM JSON policy elements reference".
package policy

// Document is one policy.
type Document struct {
	Version    string // as written; "" means the version of 2008, as AWS takes it
	ID         string
	Statements []Statement

	// Unseen is set where there may be statements besides those listed (a part of
	// the document was not seen), and says why.
	Unseen string

	versionAt Position // of Version, where Parse read it
	wide      Position // of the first character beyond Latin-1 in the text
}

// The two versions of the language. Variables exist in the newer one only.
const (
	Version2008 = "2008-10-17"
	Version2012 = "2012-10-17"
)

// Variables tells whether ${…} stands for a variable in this document.
func (d *Document) Variables() bool { return d.Version == Version2012 }

// Position is where something stands in the text: 1-based; zero is not known.
type Position struct{ Line, Column int }

// Effect is Allow or Deny; empty where it was not seen.
type Effect string

const (
	Allow Effect = "Allow"
	Deny  Effect = "Deny"
)

// Statement is one statement. Of each pair (Action, NotAction) one is nil; where
// both are nil, or the principal of a resource policy is, the document does not
// have the element.
type Statement struct {
	Sid           string
	Effect        Effect
	Principals    []Principal
	NotPrincipals []Principal
	Actions       []Text
	NotActions    []Text
	Resources     []Text
	NotResources  []Text
	Conditions    []Condition
	Position      Position
	sidAt         Position // of Sid, where Parse read it

	// Unseen names the parts to which the lists above may lack elements, since
	// something there was not seen.
	Unseen Parts
}

// Parts is a set of a statement's parts.
type Parts uint8

const (
	EffectPart Parts = 1 << iota
	PrincipalPart
	ActionPart
	ResourcePart
	ConditionPart
)

// Has tells whether the set has one of the given parts.
func (p Parts) Has(q Parts) bool { return p&q != 0 }

// Text is one string of a policy. Where Partial is set it is not wholly known:
// it starts with Value and ends with Suffix.
type Text struct {
	Value    string
	Partial  bool
	Suffix   string
	Position Position
}

// Kind is how a principal is named.
type Kind uint8

const (
	Everyone  Kind = iota + 1 // "*", and {"AWS": "*"}
	AWS                       // an account, user, role, session or unique id
	Service                   // lambda.amazonaws.com
	Federated                 // an identity provider
	Canonical                 // the canonical id of an account, as Amazon S3 uses it
)

// String is the key of the principal element.
func (k Kind) String() string {
	switch k {
	case Everyone:
		return "*"
	case AWS:
		return "AWS"
	case Service:
		return "Service"
	case Federated:
		return "Federated"
	case Canonical:
		return "CanonicalUser"
	}
	return ""
}

// Principal is one principal of a statement.
type Principal struct {
	Kind Kind
	Name Text
}

// Condition is one operator on one key. All conditions of a statement must hold.
type Condition struct {
	Operator string // as written: ForAnyValue:StringLikeIfExists
	Key      string // as written; keys are compared without regard to case
	Values   []Text
	Unseen   bool // there may be values besides those listed
	Position Position
}
