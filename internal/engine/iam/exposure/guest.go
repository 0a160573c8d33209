package exposure

import (
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
)

// guest is somebody whom the document names, with the shapes in which he comes.
type guest struct {
	Who
	visitors []*visitor
}

// everyone is the search for those whom the statement does not name.
func (s *search) everyone() *search {
	t := s.target
	if t.Principals != nil {
		t.Principals = slices.DeleteFunc(slices.Clone(t.Principals), func(p policy.Principal) bool { return p.Kind != policy.Everyone })
		if len(t.Principals) > 0 {
			t.Unseen &^= policy.PrincipalPart
		}
	}
	return s.with(t)
}

// anybody is of everybody the one for whom everything is as the document asks.
func (s *search) anybody() []*visitor {
	var out []*visitor
	for _, kind := range []iam.Kind{iam.KindAnonymous, iam.KindRole} {
		v := s.member(kind, s.fresh)
		v.place, v.free, v.guest = anywhere, true, true
		out = append(out, v)
	}
	return append(out, &visitor{principal: iam.Service("sns.amazonaws.com"), account: s.fresh, place: anywhere, free: true})
}

// guests are the shapes in which somebody comes whom the statement names.
func (s *search) guests(who Who) []*visitor {
	switch who.Kind {
	case Account:
		return s.members(who.Account)
	case Principal:
		p, err := iam.ParsePrincipal(who.Name)
		if err != nil {
			return nil
		}
		v := &visitor{principal: p, account: who.Account, place: anywhere, arns: []string{p.ARN}, ids: []string{"AROAGUEST:guest", "*"}}
		if p.Kind == iam.KindSession {
			v.arns = []string{p.Role}
		}
		s.home(v)
		return []*visitor{v}
	case Service:
		v := s.service(who.Name, s.fresh)
		v.place, v.free = anywhere, true
		if strings.Contains(who.Name, ":cloudfront:") {
			v.principal = &iam.Principal{Kind: iam.KindUser, ARN: who.Name, Account: "cloudfront", Name: who.Name[strings.LastIndexByte(who.Name, '/')+1:]}
		}
		return []*visitor{v}
	case Provider:
		return []*visitor{{principal: iam.Federated(who.Name), account: s.fresh, place: anywhere, guest: true}}
	case CanonicalID:
		v := s.member(iam.KindRole, s.fresh)
		p := *v.principal
		p.CanonicalID = who.Name
		v.principal, v.place, v.free = &p, anywhere, true
		return []*visitor{v}
	case UniqueID:
		v := s.member(iam.KindUser, s.fresh)
		p := *v.principal
		p.ID = who.Name
		if strings.HasPrefix(who.Name, "AROA") {
			p.Kind, p.Role = iam.KindRole, s.arn("iam", "", s.fresh, "role/"+freshWord)
		}
		v.principal, v.place, v.free = &p, anywhere, true
		return []*visitor{v}
	}
	return nil
}

// members are the principals of an account.
func (s *search) members(account string) []*visitor {
	kinds := []iam.Kind{iam.KindRole}
	if s.mentions("aws:principalarn", "aws:userid", "aws:username", "aws:principaltype") {
		kinds = append(kinds, iam.KindUser, iam.KindRoot)
	}
	var out []*visitor
	for _, kind := range kinds {
		v := s.member(kind, account)
		v.place = anywhere
		if len(v.ids) > 0 {
			v.ids = []string{v.ids[0], "*"} // which ids the account has is not known
		}
		s.home(v)
		out = append(out, v)
	}
	return out
}

// home says what is known of the organisation of a visitor's account.
func (s *search) home(v *visitor) {
	switch {
	case s.zone.OrgSeen && s.zone.OrgID != "" && slices.Contains(s.zone.Accounts, v.account):
		v.orgs = []string{s.zone.OrgID}
	case s.zone.OrgSeen:
		v.orgs, v.orgless, v.notOrg = []string{"o-guest", "*"}, true, s.zone.OrgID
	default:
		v.orgs, v.orgless = []string{"o-guest", "*"}, true
	}
}

// narrowed are those whom conditions name, of the statement or of a Deny: who of
// them really gets in is for the search to say.
func (s *search) narrowed() []guest {
	var out []guest
	seen := map[Who]bool{}
	for _, c := range s.conditions {
		for _, v := range c.Values {
			value := v.Value
			if v.Partial || s.variables && strings.Contains(value, "${") {
				continue
			}
			g, ok := s.guestOf(strings.ToLower(c.Key), value)
			if ok && !seen[g.Who] {
				seen[g.Who] = true
				out = append(out, g)
			}
		}
	}
	return out
}

// guestOf is whom a value of a condition key names.
func (s *search) guestOf(key, value string) (guest, bool) {
	account := accountOf(value)
	switch key {
	case "aws:principalaccount", "kms:calleraccount":
		return guest{Who{Kind: Account, Name: account, Account: account}, s.members(account)}, account != ""
	case "aws:principalarn":
		who := Who{Kind: Principal, Name: value, Account: account}
		if strings.HasSuffix(value, ":root") || strings.HasSuffix(value, ":*") {
			who.Kind, who.Name = Account, account
		}
		return guest{who, s.members(account)}, account != ""
	case "aws:principalorgid", "aws:principalorgpaths", "aws:sourceorgid", "aws:sourceorgpaths", "aws:vpceorgid", "aws:vpceorgpaths":
		id, _, _ := strings.Cut(value, "/")
		if strings.ContainsAny(id, "*?") {
			return guest{}, false
		}
		v := s.member(iam.KindRole, s.fresh)
		v.orgs, v.place = []string{id}, anywhere
		who := Who{Kind: Organization, Name: value, Via: strings.HasPrefix(key, "aws:source")}
		if who.Via {
			v = s.service("sns.amazonaws.com", s.fresh)
			v.orgs, v.orgless = []string{id}, false
		}
		return guest{who, []*visitor{v}}, true
	case "aws:sourceaccount", "aws:sourceowner", "aws:sourcearn":
		return s.sender(key, value, account)
	case "aws:vpceaccount", "s3:dataaccesspointaccount", "s3:dataaccesspointarn":
		v := s.member(iam.KindRole, account)
		v.place, v.orgs, v.orgless = anywhere, []string{"o-guest", "*"}, true
		return guest{Who{Kind: Account, Name: account, Account: account, Via: true}, []*visitor{v}}, account != ""
	}
	return guest{}, false
}

// sender is somebody for whom a service calls.
func (s *search) sender(key, value, account string) (guest, bool) {
	who := Who{Kind: Account, Name: account, Account: account, Via: true}
	v := s.service("sns.amazonaws.com", account)
	v.orgs = []string{"o-guest", "*"}
	if key == "aws:sourcearn" {
		if strings.ContainsAny(value, "*?") && account == "" || strings.Count(value, ":") < 5 {
			return guest{}, false
		}
		who.Kind, who.Name = Principal, value
		v.source = &source{arns: []string{value}, accounts: []string{account, "*"}}
	} else {
		v.source.arns = append(v.source.arns, "*")
	}
	return guest{who, []*visitor{v}}, account != "" || key == "aws:sourcearn"
}
