package iam

import (
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam/policy"
	"holdfast.dev/holdfast/internal/kleene"
)

// principal is one entry of a principal element, ready to compare.
type principal struct {
	kind    policy.Kind
	name    string
	form    form
	account string // of an account, user, role or session
	role    string // of a session the name of its role
	partial bool   // of the name only the start and the end are known
	suffix  string
}

// form is what an AWS principal names.
type form uint8

const (
	formOther   form = iota // a user, a federated user
	formAccount             // 12 digits, or the ARN of root
	formRole
	formSession
	formID // a unique id: what AWS puts in place of a principal that is gone
)

func compilePrincipals(list []policy.Principal) []principal {
	out := make([]principal, len(list))
	for i, p := range list {
		out[i] = principal{kind: p.Kind, name: p.Name.Value, partial: p.Name.Partial, suffix: p.Name.Suffix}
		if p.Kind == policy.AWS && !p.Name.Partial {
			out[i].parse()
		}
	}
	return out
}

func (p *principal) parse() {
	a := splitARN(p.name)
	switch {
	case policy.IsAccount(p.name):
		p.form, p.account = formAccount, p.name
	case !a.ok:
		p.form = formID
	case a.part[4] == "root":
		p.form, p.account = formAccount, a.part[3]
	case strings.HasPrefix(a.part[4], "role/"):
		p.form, p.account = formRole, a.part[3]
	case strings.HasPrefix(a.part[4], "assumed-role/"):
		p.form, p.account = formSession, a.part[3]
		role, _, _ := strings.Cut(a.part[4][len("assumed-role/"):], "/")
		p.role = role
	default:
		p.account = a.part[3]
	}
}

// named is whether a statement is about the caller, by how narrowly it names it.
type named [grants]kleene.Value

func (n named) any() kleene.Value { return n[byAccount].Or(n[byRole]).Or(n[directly]) }

// about is a statement that is, or is not, about the caller itself.
func about(v kleene.Value) named {
	return named{byAccount: kleene.False, byRole: kleene.False, directly: v}
}

// names tells whether the statement is about the caller. Every entry counts: the
// account may be named for sure, and the very caller perhaps.
func (s *statement) names(sc *scope, layer Layer) named {
	switch s.naming {
	case namesNobody:
		if layer == RCPLayer || layer == EndpointLayer {
			return about(kleene.True) // they are about everyone who comes
		}
		return about(kleene.Unknown) // AWS takes no such statement
	case namesOthers:
		return about(s.leavesOut(sc).Not())
	}
	out := about(s.unseenPrincipals())
	for i := range s.principals {
		is, how := s.principals[i].is(sc.req.Principal)
		out[how] = out[how].Or(is)
	}
	return out
}

// is tells whether the entry names the caller.
func (p *principal) is(who *Principal) (kleene.Value, grant) {
	if p.partial {
		return p.maybe(who), directly
	}
	switch p.kind {
	case policy.Everyone:
		return kleene.True, directly
	case policy.Service:
		return kleene.Of(who.Kind == KindService && who.Name == p.name), directly
	case policy.Federated:
		return kleene.Of(who.Kind == KindFederated && who.ARN == p.name), directly
	case policy.Canonical:
		if who.CanonicalID == "" && who.Account != "" && !who.Exact {
			return kleene.Unknown, byAccount
		}
		return kleene.Of(who.CanonicalID == p.name), byAccount
	}
	if who.Account == "" {
		return kleene.False, directly
	}
	switch p.form {
	case formAccount:
		return kleene.Of(p.account == who.Account), byAccount
	case formRole:
		return kleene.Of(who.Role == p.name), byRole
	case formSession:
		return p.isSession(who), directly
	case formID:
		// AWS keeps ids in place of principals that are gone, so an id that is not
		// known to be the caller's is not the caller's.
		if who.Kind == KindRole || who.Kind == KindSession {
			return kleene.Of(who.ID != "" && who.ID == p.name), byRole
		}
		return kleene.Of(who.ID != "" && who.ID == p.name), directly
	}
	return kleene.Of(who.ARN == p.name), directly
}

// isSession compares with one session of a role. Of a role in general it is not
// known which sessions it will have.
func (p *principal) isSession(who *Principal) kleene.Value {
	if who.Kind == KindRole && !who.Exact && who.Account == p.account && strings.HasSuffix(who.Role, "/"+p.role) {
		return kleene.Unknown
	}
	return kleene.Of(who.ARN == p.name)
}

// maybe compares with a name of which only the start and the end are known.
func (p *principal) maybe(who *Principal) kleene.Value {
	fits := func(s string) bool {
		return len(s) >= len(p.name)+len(p.suffix) && strings.HasPrefix(s, p.name) && strings.HasSuffix(s, p.suffix)
	}
	var possible bool
	switch p.kind {
	case policy.Service:
		possible = who.Kind == KindService && fits(who.Name)
	case policy.Federated:
		possible = who.Kind == KindFederated && fits(who.ARN)
	case policy.Canonical:
		possible = who.Account != "" && (who.CanonicalID == "" || fits(who.CanonicalID))
	default:
		possible = fits("*") || who.Account != "" && (fits(who.ARN) || fits(who.Role) || fits(who.ID) || fits(who.Account) || who.root(fits))
	}
	if possible {
		return kleene.Unknown
	}
	return kleene.False
}

// root asks about the ARN of the caller's account, in whichever partition.
func (p *Principal) root(fits func(string) bool) bool {
	partition := "aws"
	if a := splitARN(p.ARN); a.ok {
		partition = a.part[0]
	}
	return fits("arn:" + partition + ":iam::" + p.Account + ":root")
}

// leavesOut tells whether a NotPrincipal element spares the caller. AWS looks at
// the account first, then at the role, then at the session, and asks that the
// account be among those named; whom it spares it spares with all that belongs to
// it. Source: AWS IAM User Guide, "NotPrincipal", key points.
func (s *statement) leavesOut(sc *scope) kleene.Value {
	who := sc.req.Principal
	spared := kleene.True
	if sc.bounded { // a Deny "will always deny any IAM principal that has a permissions boundary"
		switch {
		case s.denies && s.allows:
			spared = kleene.Unknown
		case s.denies:
			return kleene.False
		}
	}
	result := s.unseenPrincipals()
	for i := range s.principals {
		p := &s.principals[i]
		is, how := p.is(who)
		if who.Account != "" && p.kind == policy.AWS && !p.partial && how != byAccount {
			continue // the account itself has to be named
		}
		result = result.Or(is)
	}
	return result.And(spared)
}

func (s *statement) unseenPrincipals() kleene.Value {
	if s.unseen.Has(policy.PrincipalPart) {
		return kleene.Unknown
	}
	return kleene.False
}
