package iam

import (
	"errors"
	"fmt"
	"strings"
	"unique"
)

// Request is one question: may this principal do this to that, in these
// circumstances? Make it with NewRequest, which prepares what deciding needs.
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
	Context    *Context // nil is a context without keys

	prepared
}

// prepared is what NewRequest works out once.
type prepared struct {
	action, service, name string // in lower case
	serviceName, nameWord word
	serviceBit            uint64
	nameHash              uint32
	whole, lead           uint64 // of the resource, for gates
	arn                   arn
	rules                 rules
}

// Limits of what is taken for a request. AWS's own are lower: 128 characters of
// an action, 2,048 of an ARN.
const (
	maxAction   = 256
	maxResource = 4096
)

// NewRequest checks a question and prepares it.
func NewRequest(spec Request) (*Request, error) {
	r := spec
	if r.Principal == nil {
		return nil, errors.New("the request has no principal; iam.Anonymous() is nobody")
	}
	service, name, ok := strings.Cut(strings.ToLower(r.Action), ":")
	switch {
	case len(r.Action) > maxAction:
		return nil, fmt.Errorf("the action has %d characters; the longest of AWS have fewer than %d", len(r.Action), maxAction)
	case !ok || service == "" || name == "" || strings.ContainsAny(r.Action, "*? \t\n"):
		return nil, fmt.Errorf("%q is not one action; expected something like s3:GetObject", r.Action)
	case len(r.Resource) > maxResource:
		return nil, fmt.Errorf("the resource has %d characters; an ARN of AWS has at most 2,048", len(r.Resource))
	case r.Resource == "" && !r.Partial:
		return nil, errors.New(`the request has no resource; "*" stands for none in particular`)
	}
	r.prepared = prepared{
		action: strings.ToLower(r.Action), service: service, name: name,
		serviceName: unique.Make(service), nameWord: unique.Make(name), serviceBit: 1 << (hash(service) & 63), nameHash: hash(name),
		whole: hash64(noHash, r.Resource), arn: splitARN(r.Resource),
	}
	r.lead = lead(r.arn.part[4])
	r.arn.headWord = unique.Make(r.Resource[:r.arn.head])
	r.rules = rulesOf(&r)
	return &r, nil
}

// ready prepares a request that was not made with NewRequest. One that asks
// nothing has no answer.
func (r *Request) ready() (*Request, bool) {
	if r.serviceName != (word{}) {
		return r, true
	}
	made, err := NewRequest(*r)
	return made, err == nil
}

// By is the same question about another principal.
func (r *Request) By(p *Principal) Request {
	out := *r
	out.Principal = p
	return out
}
