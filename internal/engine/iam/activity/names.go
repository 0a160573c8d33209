package activity

import (
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam/policy"
)

// names remembers ARNs by what requests call the things: a role's name does not tell
// its path, an instance profile's not its role.
type names struct {
	paths    map[string]string   // account/type/name → type/path/name
	profiles map[string][]string // account/profile → names of roles
}

// mostNames bounds what is remembered of hostile or huge logs.
const mostNames = 1 << 18

// Learn takes from a record what helps to map others. It is worth going through all
// records once before mapping, since what is learned holds for earlier ones too.
func (m *Mapper) Learn(r *Record) {
	if s := r.UserIdentity.SessionContext; s != nil {
		m.names.learn(s.SessionIssuer.ARN)
	}
	m.names.learn(r.UserIdentity.ARN)
	for _, l := range r.leaves() {
		m.names.learn(l.value)
	}
	for _, l := range appendLeaves(nil, "", r.ResponseElements, 0) {
		m.names.learn(l.value)
	}
	if r.ErrorCode != "" {
		return
	}
	switch r.EventName {
	case "AddRoleToInstanceProfile":
		m.names.profile(r.account(), r.param("instanceProfileName"), r.param("roleName"))
	case "CreateInstanceProfile", "GetInstanceProfile":
		for _, role := range textsAt(r.ResponseElements, "instanceProfile.roles.roleName") {
			m.names.profile(r.account(), r.param("instanceProfileName"), role)
		}
	case "AssumeRole", "GetFederationToken", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity":
		m.session(r)
	}
}

// session remembers the tags with which a session was made.
func (m *Mapper) session(r *Record) {
	key := textsAt(r.ResponseElements, "credentials.accessKeyId")
	tags, found := requestTags(r.RequestParameters)
	if len(key) == 0 || !found || len(tags) == 0 || len(m.sessions) >= mostNames {
		return
	}
	if m.sessions == nil {
		m.sessions = map[string]map[string]string{}
	}
	m.sessions[key[0]] = tags
}

// learn remembers the path in the ARN of something of IAM.
func (n *names) learn(arn string) {
	a, ok := policy.SplitARN(arn)
	if !ok || a.Service != "iam" || strings.ContainsAny(a.Resource, "*?$") || len(n.paths) >= mostNames {
		return
	}
	kind, rest, ok := strings.Cut(a.Resource, "/")
	if !ok {
		return
	}
	if n.paths == nil {
		n.paths = map[string]string{}
	}
	n.paths[a.Account+"/"+kind+"/"+rest[strings.LastIndexByte(rest, '/')+1:]] = rest
}

// path is the name with its path; known is false where the path was never seen.
func (n *names) path(account, kind, name string) (withPath string, known bool) {
	if p, ok := n.paths[account+"/"+kind+"/"+name]; ok {
		return p, true
	}
	return name, false
}

func (n *names) profile(account, profile, role string) {
	if profile == "" || role == "" || len(n.profiles) >= mostNames {
		return
	}
	if n.profiles == nil {
		n.profiles = map[string][]string{}
	}
	n.profiles[account+"/"+profile] = []string{role} // a profile holds one role at a time
}
