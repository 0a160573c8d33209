package access

import (
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
	"holdfast.dev/holdfast/internal/kleene"
)

// Access is what one principal may do.
type Access struct {
	Subject *Subject
	Outcome iam.Outcome
}

// WhoCan lists the users and roles that may do the action to the object, and
// those of whom it is not known, by ARN.
func (e *Estate) WhoCan(action string, o *Object, c *iam.Context) ([]Access, error) {
	outcomes, err := e.decideAll(e.subjects, action, o, c)
	if err != nil {
		return nil, err
	}
	var out []Access
	for i, outcome := range outcomes {
		if outcome.Allowed != kleene.False {
			out = append(out, Access{e.subjects[i], outcome})
		}
	}
	return out, nil
}

// decideAll decides the same question for many, by several workers.
func (e *Estate) decideAll(subjects []*Subject, action string, o *Object, c *iam.Context) ([]iam.Outcome, error) {
	out := make([]iam.Outcome, len(subjects))
	if len(subjects) == 0 {
		return out, nil
	}
	shared, err := e.Request(subjects[0], action, o, c)
	if err != nil {
		return nil, err
	}
	parallel(len(subjects), func(_, from, to int) {
		var r iam.Request // both escape to the engine, so once for all
		var p iam.Policies
		for i := from; i < to; i++ {
			s := subjects[i]
			r, p = shared.By(s.Principal), e.Policies(s, o)
			r.Account = o.account(s.Principal)
			out[i] = iam.May(&r, &p)
		}
	})
	return out, nil
}

// Outsiders are the principals that the object's policy lets in and that are
// none of the users and roles seen: services, accounts, everybody, providers. An
// account stands for whomever it lets: some role of it, whose ARN nobody knows.
// Each call of context gives a context of its own.
func (e *Estate) Outsiders(action string, o *Object, context func() *iam.Context) ([]Access, error) {
	var subjects []*Subject
	known := map[string]bool{}
	statements(o.Policy, func(s *policy.Statement) {
		if s.Effect == policy.Deny {
			return
		}
		for _, p := range s.Principals {
			outsider := e.outsider(p)
			if outsider == nil || known[p.Kind.String()+p.Name.Value] {
				continue
			}
			known[p.Kind.String()+p.Name.Value] = true
			subjects = append(subjects, outsider)
		}
	})
	var out []Access
	for _, s := range subjects {
		c := context()
		if s.Principal.Kind == iam.KindRole && strings.HasSuffix(s.Principal.ARN, ":root") {
			c.Mark("aws:PrincipalArn", iam.Unseen)
		}
		r, err := e.Request(s, action, o, c)
		if err != nil {
			return nil, err
		}
		p := e.Policies(s, o)
		if outcome := iam.Decide(r, &p); outcome.Allowed != kleene.False {
			out = append(out, Access{s, outcome})
		}
	}
	slices.SortStableFunc(out, func(a, b Access) int { return strings.Compare(a.Subject.Name(), b.Subject.Name()) })
	return out, nil
}

// outsider is a principal of a resource policy as somebody who makes requests;
// nil where the users and roles seen cover it.
func (e *Estate) outsider(p policy.Principal) *Subject {
	if p.Name.Partial {
		return nil
	}
	name := p.Name.Value
	switch p.Kind {
	case policy.Everyone:
		return &Subject{Principal: iam.Anonymous()}
	case policy.Service:
		return &Subject{Principal: iam.Service(name)}
	case policy.Federated:
		return &Subject{Principal: iam.Federated(name)}
	case policy.AWS:
		if e.byARN[name] != nil {
			return nil
		}
		s, err := e.Subject(name)
		if err != nil || s.Principal.Kind == iam.KindRoot && e.holds(s.Principal.Account) {
			return nil
		}
		if s.Principal.Kind == iam.KindRoot {
			s.Principal.Kind, s.Principal.Role = iam.KindRole, s.Principal.ARN
			s.Identity.Unseen = "the principals of account " + s.Principal.Account + " were not collected"
		}
		return s
	}
	return nil
}

// holds tells whether users and roles of an account were seen.
func (e *Estate) holds(account string) bool {
	_, found := slices.BinarySearchFunc(e.subjects, ":iam::"+account+":", func(s *Subject, key string) int {
		arn := s.Principal.ARN
		i := strings.Index(arn, ":iam::")
		return strings.Compare(arn[i:min(len(arn), i+len(key))], key)
	})
	return found
}

// Name is what a principal goes by in what Holdfast prints.
func (s *Subject) Name() string {
	p := s.Principal
	switch p.Kind {
	case iam.KindAnonymous:
		return "anyone"
	case iam.KindService:
		return p.Name
	}
	return p.ARN
}
