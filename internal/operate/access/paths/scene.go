package paths

import (
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam/escalate"
	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/kleene"
	"holdfast.dev/holdfast/internal/operate/access"
)

// scene is what the search walks through.
func (f *facts) scene(e *access.Estate) *escalate.Scene {
	out := &escalate.Scene{Listed: map[string]map[string]bool{}}
	roles := map[named][]string{}
	for _, s := range e.Subjects() {
		out.Principals = append(out.Principals, f.principal(s))
		if s.Type == typeRole {
			key := named{s.Principal.Account, s.Principal.Name}
			roles[key] = append(roles[key], s.Principal.ARN)
		}
	}
	for _, g := range f.groups {
		out.Groups = append(out.Groups, escalate.Group{ARN: g.arn, Account: g.account})
	}
	for _, h := range f.holders {
		out.Holders = append(out.Holders, f.resolve(h, roles)...)
	}
	for typ := range f.things {
		out.Listed[typ] = map[string]bool{}
		for _, p := range out.Principals {
			out.Listed[typ][p.Account] = f.listed(p.Account, typ)
		}
	}
	return out
}

// listed tells whether all there is of a type was seen. A template declares all
// that it is about.
func (f *facts) listed(account, typ string) bool {
	return f.from.Alone || f.from.Listed[account][typ] || f.declared[account]
}

func (f *facts) principal(s *access.Subject) escalate.Principal {
	p := escalate.Principal{ARN: s.Principal.ARN, Account: s.Principal.Account, User: s.Type == typeUser, Service: s.Principal.ServiceLinked(), Keys: -1}
	p.Bounded = kleene.Of(s.Boundary != nil)
	if s.Boundary != nil && len(s.Boundary.Policies) == 0 {
		p.Bounded = kleene.Unknown
	}
	attached, inline := f.denials(s)
	p.AttachedDenials, p.InlineDenials = some(attached, s), some(inline, s)
	for _, name := range s.Groups {
		if arn, ok := f.byName[named{p.Account, name}]; ok {
			p.Groups = append(p.Groups, arn)
		}
	}
	for _, source := range s.Sources {
		if source.ARN != "" && !strings.Contains(source.ARN, ":iam::aws:") && !slices.Contains(p.Policies, source.ARN) {
			p.Policies = append(p.Policies, source.ARN)
		}
	}
	if p.User {
		if l := f.users[p.ARN]; l != nil {
			p.LoginProfile, p.MFA, p.Keys = l.password, l.mfa, l.keys
		}
		return p
	}
	p.InstanceProfile = f.profiled(p.Account, s.Principal.Name)
	return p
}

// profiled tells whether an instance profile has a role.
func (f *facts) profiled(account, role string) kleene.Value {
	for key := range f.profiles {
		if key.account != account {
			continue
		}
		roles, _ := f.rolesOf(account, key.name)
		if slices.ContainsFunc(roles, func(r string) bool { return r[strings.LastIndexByte(r, '/')+1:] == role }) {
			return kleene.True
		}
	}
	if f.listed(account, typeInstanceProfile) {
		return kleene.False
	}
	return kleene.Unknown
}

// resolve finds the role that something runs with.
func (f *facts) resolve(h holder, roles map[named][]string) []escalate.Holder {
	r := h.resource
	one := escalate.Holder{ARN: r.ARN, Type: r.Type, Account: r.Account, Certain: true}
	if one.ARN == "" {
		one.ARN = form(f.things[r.Type].ARN, r.Region, r.Account, r.ID)
	}
	value := h.value
	if fields, ok := value.(map[string]any); ok { // a launch template names its profile by ARN or name
		if value = fields["Arn"]; value == nil {
			value = fields["Name"]
		}
	}
	name, ok := f.text(value, r.Origin)
	if !ok {
		if u, hidden := value.(evidence.Unknown); hidden {
			f.notes = append(f.notes, "which role "+one.ARN+" has was not seen: "+u.Reason)
		}
		return []escalate.Holder{one}
	}
	names := []string{name}
	if h.profile {
		account := r.Account
		if strings.HasPrefix(name, "arn:") {
			name = name[strings.LastIndexByte(name, '/')+1:]
		}
		names, ok = f.rolesOf(account, name)
		if !ok { // the console gives the profile the name of its role
			names, one.Certain = []string{name}, false
		}
	}
	for _, name := range names {
		if strings.HasPrefix(name, "arn:") {
			one.Role = name
			break
		}
		if found := roles[named{r.Account, name[strings.LastIndexByte(name, '/')+1:]}]; len(found) > 0 {
			one.Role = found[0]
			break
		}
	}
	return []escalate.Holder{one}
}

// form fills the places of the form of an ARN.
func form(pattern, region, account, name string) string {
	return strings.NewReplacer("{region}", region, "{account}", account, "{name}", name).Replace(pattern)
}
