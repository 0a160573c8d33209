package escalate

import (
	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/kleene"
)

// Judge answers what principals may do. Answers must not depend on the order of
// the questions.
type Judge interface {
	// May tells whether somebody may do something.
	May(who Who, ask Ask) Answer
	// Administrator tells whether somebody is allowed everything that the account
	// lets anybody do.
	Administrator(who Who) kleene.Value
	// Trusts tells whether a role, by its index in the scene, lets a service take
	// it on.
	Trusts(role int, service string) kleene.Value
}

// Indexed is a Judge that knows at once what somebody may do nowhere.
type Indexed interface {
	// Never is true only where no resource and no circumstances make the action
	// allowed.
	Never(who Who, action string) bool
}

// Explainer is a Judge that can tell more about an answer, at a higher price.
type Explainer interface {
	// Explain is May with every statement that allows, and what an open answer
	// depends on.
	Explain(who Who, ask Ask) Answer
}

// Editable is a Judge that can leave statements out.
type Editable interface {
	// Without is the Judge that there would be without these statements of the
	// principal's identity policies.
	Without(principal int, statements []iam.Ref) Judge
}

// Ask is a question: may somebody do this to that?
type Ask struct {
	Action string
	// Resource is an ARN, "*", or the form of an ARN with places in braces that the
	// asker fills as it likes: arn:aws:lambda:{region}:{account}:function:{name}.
	// {account} is the asker's own.
	Resource string
	// Target is the index of the principal that the action is done to; -1 for none.
	Target int
	// With are context keys and the values of which the asker may choose one.
	With []Choice
	// Granted is set where the resource's policy names the asker.
	Granted bool
}

// Choice is a context key with the values to choose from.
type Choice struct {
	Key    string
	Values []string
}

// Answer is what the Judge says.
type Answer struct {
	Value kleene.Value
	// Resource is the one that was chosen where the question left places open.
	Resource string
	// By are the statements that allow it, or on which it depends.
	By []iam.Ref
	// Why says what an Unknown depends on.
	Why string
}
