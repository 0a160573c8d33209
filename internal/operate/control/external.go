package control

import (
	"slices"

	"holdfast.dev/holdfast/internal/engine/check"
	"holdfast.dev/holdfast/internal/engine/iam/exposure"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/kleene"
)

// externals is external_principals(doc), and with actions
// external_principals_to(doc, actions): whom the policy lets in who is not of the
// account of the resource that is judged, as objects {who, kind, account, public,
// external, via, actions, condition}. What was not seen is an unknown element, so
// that all() does not vouch for it.
func externals(around *check.Around, args []any) (any, error) {
	var actions []string
	if len(args) == 2 {
		var unknown any
		var err error
		if actions, unknown, err = actionsOf(args[1]); unknown != nil || err != nil {
			return unknown, err
		}
	}
	if u, ok := args[0].(evidence.Unknown); ok {
		return u, nil
	}
	zone, doc := zoneOf(around), policy.Of(args[0])
	if allAtHome(doc, zone.Account) {
		return []any{}, nil // as most trust and key policies are
	}
	grants, known := exposure.Grants(doc, zone, actions...)
	out := []any{}
	for i := range grants {
		g := &grants[i]
		switch {
		case g.CrossAccount == kleene.False && g.External == kleene.False:
			continue // AWS itself, or nobody any more
		case g.Known != kleene.True:
			out = append(out, evidence.Unknown{Reason: "part of the policy is not known"})
		case zone.Account == "" && g.Account != "":
			out = append(out, evidence.Unknown{Reason: "the account itself is not known, and may be " + g.Account})
		default:
			out = append(out, external(g))
		}
	}
	if known != kleene.True {
		out = append(out, evidence.Unknown{Reason: "part of the policy is not known"})
	}
	return out, nil
}

// allAtHome tells quickly that a document names nobody but AWS services and
// principals of the account.
func allAtHome(doc *policy.Document, account string) bool {
	if doc.Unseen != "" || account == "" {
		return false
	}
	for i := range doc.Statements {
		s := &doc.Statements[i]
		if s.Effect == policy.Deny {
			continue
		}
		if s.Unseen.Has(policy.EffectPart|policy.PrincipalPart) || len(s.Principals) == 0 {
			return false
		}
		for _, p := range s.Principals {
			own := p.Kind == policy.Service || p.Kind == policy.AWS && accountOf(p.Name.Value) == account
			if p.Name.Partial || !own {
				return false
			}
		}
	}
	return true
}

// accountOf is the account of an AWS principal, by number or ARN.
func accountOf(name string) string {
	if a, ok := policy.SplitARN(name); ok {
		return a.Account
	}
	return name
}

func external(g *exposure.Grant) map[string]any {
	v := map[string]any{
		"who": g.Name, "kind": string(g.Kind), "account": any(g.Account), "public": g.Public, "via": g.Via,
		"external": any(g.External == kleene.True), "actions": texts(g.Actions), "condition": texts(g.Conditions),
	}
	if g.External == kleene.Unknown {
		v["external"] = evidence.Unknown{Reason: "the organisation of " + g.Name + " is not known", Present: true}
	}
	if g.Kind == exposure.CanonicalID {
		v["account"] = evidence.Unknown{Reason: "whose canonical id " + g.Name + " is, is not known", Present: true}
	}
	return v
}

func texts(list []string) []any {
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = s
	}
	return out
}

// zoneOf is what is known of the account that is judged and of its organisation.
func zoneOf(around *check.Around) exposure.Zone {
	shared := around.Once("zone", func() any { return organisationOf(around) }).(exposure.Zone)
	r := around.Resource()
	shared.Account = r.Account
	if shared.OrgSeen && !slices.Contains(shared.Accounts, r.Account) {
		shared.OrgID, shared.Accounts, shared.OrgSeen = "", nil, false
	}
	return shared
}

func organisationOf(around *check.Around) exposure.Zone {
	kept, _ := around.Kept()
	var z exposure.Zone
	for _, list := range [][]*evidence.Resource{around.Described(), kept} {
		for _, r := range list {
			switch r.Type {
			case evidence.TypeOrganization:
				z.OrgID, _ = r.Properties["Id"].(string)
				z.OrgSeen = z.OrgID != ""
			case evidence.TypeAccount:
				if !slices.Contains(z.Accounts, r.Account) {
					z.Accounts = append(z.Accounts, r.Account)
				}
			}
		}
	}
	return z
}
