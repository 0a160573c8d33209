package paths

import (
	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
)

const assumeRole = "sts:AssumeRole"

// door is whom a trust policy may let in at all, by account: most roles trust a
// service and nobody else, and most principals are of another account. The engine
// is asked only about those who stand before an open door.
type door struct {
	anybody bool
	// direct are accounts of which a principal is named, whole those that are named
	// as a whole, so that a principal needs permission of its own too.
	direct, whole map[string]bool
}

func doorOf(trust *iam.Set) door {
	d := door{direct: map[string]bool{}, whole: map[string]bool{}}
	if trust == nil {
		return d
	}
	d.anybody = trust.Unseen != ""
	for _, p := range trust.Policies {
		d.anybody = d.anybody || p.Doc.Unseen != ""
		for i := range p.Doc.Statements {
			d.add(&p.Doc.Statements[i])
		}
	}
	return d
}

func (d *door) add(s *policy.Statement) {
	if s.Effect == policy.Deny {
		return
	}
	if s.NotPrincipals != nil || s.Unseen.Has(policy.PrincipalPart|policy.EffectPart) {
		d.anybody = true
	}
	for _, p := range s.Principals {
		name := p.Name.Value
		switch a, isARN := policy.SplitARN(name); {
		case p.Kind == policy.Service || p.Kind == policy.Federated:
		case p.Kind != policy.AWS || p.Name.Partial:
			d.anybody = true
		case a.Resource == "root":
			d.whole[a.Account] = true
		case isARN:
			d.direct[a.Account] = true
		case policy.IsAccount(name):
			d.whole[name] = true
		default:
			d.anybody = true // a unique id
		}
	}
}

// shut tells whether nobody need ask.
func (d *door) shut(st *stance, s *survey) bool {
	account := st.principal.Account
	switch {
	case d.anybody || d.direct[account]:
		return false
	case !d.whole[account]:
		return true
	}
	at, ok := s.number[assumeRole]
	return ok && !st.may.has(at)
}
