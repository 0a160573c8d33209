package iam

import (
	"fmt"
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam/policy"
)

// Kind is what sort of principal makes a request.
type Kind uint8

const (
	KindAnonymous     Kind = iota // nobody: the request is not signed
	KindUser                      // IAM user
	KindRole                      // a role, whatever its session
	KindSession                   // one session of a role
	KindFederatedUser             // session of sts:GetFederationToken
	KindRoot                      // the account itself
	KindService                   // an AWS service
	KindFederated                 // somebody an identity provider vouches for, before a role is assumed
)

// String is the kind's name.
func (k Kind) String() string {
	return [...]string{"anonymous", "user", "role", "session", "federated-user", "root", "service", "federated"}[k]
}

// Principal is who makes a request. Build one with ParsePrincipal, Service or
// Anonymous and set what else is known; it is not changed once in use.
type Principal struct {
	Kind Kind
	// ARN is that of the user, role, session, federated user or root; of somebody
	// federated that of the provider, or its name (accounts.google.com).
	ARN string
	// Role is the ARN of the role behind a session, with its path; of a role its own.
	Role    string
	Account string
	Name    string // of the user, role, session or service
	ID      string // unique id (AIDA…, AROA…) of the user or role; "" where not known
	// CanonicalID is that of the account, as Amazon S3 uses it; "" where not known.
	CanonicalID string

	OrgID    string   // of the account's organisation; "" where it is in none
	OrgPaths []string // as in aws:PrincipalOrgPaths
	OrgSeen  bool     // whether the two are known
	Tags     map[string]string
	TagsSeen bool
	// Management is set where the account is the organisation's management account,
	// which SCPs do not bind.
	Management bool
	// Exact is set where nobody else is meant: by a role not the sessions it may
	// have, and by a CanonicalID of "" that it is none that a policy names.
	Exact bool

	arn arn // of Role or ARN, taken apart
}

// Anonymous is who does not sign requests.
func Anonymous() *Principal { return &Principal{Kind: KindAnonymous} }

// Service is an AWS service, named as in a policy: lambda.amazonaws.com.
func Service(name string) *Principal { return &Principal{Kind: KindService, Name: name} }

// Federated is somebody for whom the identity provider of this ARN or name vouches.
func Federated(provider string) *Principal { return &Principal{Kind: KindFederated, ARN: provider} }

// ParsePrincipal reads the ARN of a principal. The role of a session is taken to
// have no path, since the session's ARN leaves it out; set Role where it is known.
func ParsePrincipal(arn string) (*Principal, error) {
	if account := arn; policy.IsAccount(account) {
		return &Principal{Kind: KindRoot, ARN: "arn:aws:iam::" + account + ":root", Account: account}, nil
	}
	a, ok := policy.SplitARN(arn)
	if !ok || a.Region != "" || !policy.IsAccount(a.Account) || a.Service != "iam" && a.Service != "sts" {
		return nil, fmt.Errorf("%q is not the ARN of a principal; expected something like arn:aws:iam::111122223333:role/name", arn)
	}
	p := &Principal{ARN: arn, Account: a.Account}
	kind, name, _ := strings.Cut(a.Resource, "/")
	p.Name = name[strings.LastIndexByte(name, '/')+1:]
	switch {
	case a.Service == "iam" && a.Resource == "root":
		p.Kind = KindRoot
	case p.Name == "" || strings.ContainsAny(arn, "*?"):
		return nil, fmt.Errorf("%q does not name one principal", arn)
	case a.Service == "iam" && kind == "user":
		p.Kind = KindUser
	case a.Service == "iam" && kind == "role":
		p.Kind, p.Role = KindRole, arn
	case a.Service == "sts" && kind == "assumed-role":
		role, session, ok := strings.Cut(name, "/")
		if !ok || role == "" || session == "" {
			return nil, fmt.Errorf("%q lacks the name of the role or of the session", arn)
		}
		p.Kind, p.Name = KindSession, session
		p.Role = policy.ARN{Partition: a.Partition, Service: "iam", Account: a.Account, Resource: "role/" + role}.String()
	case a.Service == "sts" && kind == "federated-user":
		p.Kind, p.Name = KindFederatedUser, name
	default:
		return nil, fmt.Errorf("%q is not the ARN of a user, role, session, federated user or root", arn)
	}
	if p.arn = splitARN(p.ARN); p.Role != "" {
		p.arn = splitARN(p.Role)
	}
	return p, nil
}

// ServiceLinked tells whether the principal is a service-linked role, which
// neither SCPs nor RCPs bind. IAM keeps the beginning of their names for them, so
// a session's ARN tells although it leaves out the path.
func (p *Principal) ServiceLinked() bool {
	if p.Kind != KindRole && p.Kind != KindSession {
		return false
	}
	_, name, _ := strings.Cut(p.Role, ":role/")
	return strings.HasPrefix(name, "aws-service-role/") || strings.HasPrefix(name, "AWSServiceRoleFor")
}
