package iam

// Request is one question: may this principal do this to that, in these
// circumstances? Make it with NewRequest.
type Request struct {
	Principal *Principal
	Action    string // service:Name
	Resource  string // ARN; "*" where the action concerns no resource in particular
	// Partial is set where only the start of Resource is known.
	Partial bool
	// Account owns the resource; "" where that is not known.
	Account string
	// Management is set where Account is the management account, whose resources
	// RCPs do not bind.
	Management bool
	Context    *Context
}
