package iam

import "holdfast.dev/holdfast/internal/engine/iam/policy"

// Policy is a compiled document.
type Policy struct {
	Name string
	Doc  *policy.Document
}

// Compile makes a document ready to decide. It does not fail: what it does not
// understand is unseen.
func Compile(name string, doc *policy.Document) *Policy { return &Policy{Name: name, Doc: doc} }

// Decide answers a request.
func Decide(req *Request, p *Policies) Outcome { return Outcome{} }
