package iam_test

import (
	"maps"
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
)

// contextOf is the request's context: what it says, and what AWS derives from the
// principal and the resource. IAM User Guide, "AWS global condition context keys"
// and the table of principal key values in "Variables and tags".
func contextOf(w *world) map[string][]string {
	out := derived(w)
	for key, values := range w.context {
		key = strings.ToLower(key)
		if len(values) == 0 {
			delete(out, key) // a key without values is null
			continue
		}
		out[key] = values
	}
	return out
}

func derived(w *world) map[string][]string {
	out := map[string][]string{}
	put := func(key, value string) {
		if value != "" {
			out[strings.ToLower(key)] = []string{value}
		}
	}
	put("aws:ResourceAccount", w.account)
	p := w.principal
	switch p.Kind {
	case iam.KindAnonymous:
		put("aws:PrincipalType", "Anonymous")
		put("aws:userid", "anonymous")
		put("aws:PrincipalAccount", "anonymous")
		return out
	case iam.KindService:
		put("aws:PrincipalIsAWSService", "true")
		put("aws:PrincipalServiceName", p.Name)
		return out
	case iam.KindFederated:
		return out
	case iam.KindUser:
		put("aws:PrincipalType", "User")
		put("aws:PrincipalArn", p.ARN)
		put("aws:username", p.Name)
		put("aws:userid", p.ID)
	case iam.KindRole, iam.KindSession:
		put("aws:PrincipalType", "AssumedRole")
		put("aws:PrincipalArn", p.Role)
		if p.Kind == iam.KindSession && p.ID != "" {
			put("aws:userid", p.ID+":"+p.Name)
		}
	case iam.KindFederatedUser:
		put("aws:PrincipalType", "FederatedUser")
		put("aws:PrincipalArn", p.ARN)
		put("aws:userid", p.Account+":"+p.Name)
	case iam.KindRoot:
		put("aws:PrincipalType", "Account")
		put("aws:PrincipalArn", p.ARN)
		put("aws:userid", p.Account)
	}
	put("aws:PrincipalIsAWSService", "false")
	put("aws:PrincipalAccount", p.Account)
	if p.OrgSeen {
		put("aws:PrincipalOrgID", p.OrgID)
		if len(p.OrgPaths) > 0 {
			out["aws:principalorgpaths"] = p.OrgPaths
		}
	}
	if p.TagsSeen {
		for key, value := range maps.All(p.Tags) {
			out["aws:principaltag/"+strings.ToLower(key)] = []string{value}
		}
	}
	return out
}

// filled puts values where the variables of a text are. It fails where one has none.
func (o *reading) filled(d *policy.Document, s string) ([]piece, bool) {
	if d.Version != "2012-10-17" {
		return pieces(s), true
	}
	var out []piece
	for {
		start := strings.Index(s, "${")
		if start < 0 {
			return append(out, pieces(s)...), true
		}
		end := strings.Index(s[start:], "}")
		if end < 0 {
			return append(out, pieces(s)...), true
		}
		out = append(out, pieces(s[:start])...)
		value, ok := o.variable(s[start+2 : start+end])
		if !ok {
			return nil, false
		}
		out = append(out, literal(value)...)
		s = s[start+end+1:]
	}
}

func (o *reading) variable(body string) (string, bool) {
	switch body {
	case "*", "?", "$":
		return body, true
	}
	key, fallback, hasFallback := strings.Cut(body, ",")
	switch values := o.keys[strings.ToLower(strings.TrimSpace(key))]; len(values) {
	case 1:
		return values[0], true
	case 0:
		fallback = strings.TrimSpace(fallback)
		if n := len(fallback); hasFallback && n >= 2 && fallback[0] == '\'' && fallback[n-1] == '\'' {
			return fallback[1 : n-1], true
		}
	}
	return "", false
}
