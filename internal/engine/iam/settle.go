package iam

func settle(req *Request, p *Policies, first Outcome) Outcome { return first }
