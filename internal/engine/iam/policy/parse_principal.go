package policy

import (
	"strings"
)

func (r *reader) principals(s *Statement, fields map[string]field, path, name string) []Principal {
	f, ok := fields[name]
	if !ok {
		return nil
	}
	out := []Principal{}
	path = join(path, name)
	switch f.value.kind {
	case stringNode:
		if f.value.text == "*" {
			return append(out, Principal{Kind: Everyone, Name: Text{Value: "*", Position: f.value.at}})
		}
		s.Unseen |= PrincipalPart
		r.report(InvalidPrincipal, f.value.at, path, `a principal as a string can only be "*", not %s; write {"AWS": …} or {"Service": …}`, quote(f.value.text))
	case objectNode:
		out = r.principalKinds(s, f.value, path)
	default:
		s.Unseen |= PrincipalPart
		r.wrong(f.value, path, `"*" or an object`)
	}
	return out
}

var principalKinds = []Kind{AWS, Service, Federated, Canonical}

func (r *reader) principalKinds(s *Statement, n node, path string) []Principal {
	out := []Principal{}
	names := make([]string, len(principalKinds))
	for i, k := range principalKinds {
		names[i] = k.String()
	}
	fields := r.fields(n, path, names)
	if len(n.fields) == 0 {
		r.report(EmptyList, n.at, path, "nobody is named")
	}
	if len(fields) < len(n.fields) {
		s.Unseen |= PrincipalPart
	}
	for _, k := range principalKinds {
		name := k.String()
		for _, t := range r.list(s, PrincipalPart, fields, path, name) {
			if code, message := checkPrincipal(k, t.Value); code != "" {
				r.report(code, t.Position, join(path, name), "%s", message)
			}
			out = append(out, Named(k, t))
		}
	}
	return out
}

// checkPrincipal tells what is wrong with the name of a principal.
func checkPrincipal(k Kind, name string) (code, message string) {
	switch {
	case name == "":
		return InvalidPrincipal, "an empty name names nobody"
	case name == "*":
		if k == Service || k == Canonical {
			return PrincipalWildcard, `"*" cannot stand for every ` + k.String() + "; name them"
		}
		return "", ""
	case strings.Contains(name, "${"):
		return InvalidPrincipal, quote(name) + " has a variable; they work in Resource and Condition only. Compare aws:PrincipalArn in a Condition instead"
	case strings.ContainsAny(name, "*?"):
		return PrincipalWildcard, quote(name) + ` names principals in part; only "*" alone is a wildcard here. Name each, or compare aws:PrincipalArn in a Condition`
	}
	valid := true
	switch k {
	case AWS:
		valid = validAWSPrincipal(name)
	case Service:
		valid = strings.Contains(name, ".") && !strings.ContainsAny(name, " /:")
	case Federated:
		valid = !strings.Contains(name, " ")
	case Canonical:
		valid = len(name) == 64 && strings.Trim(name, "0123456789abcdef") == ""
	}
	if valid {
		return "", ""
	}
	return InvalidPrincipal, quote(name) + " is not " + map[Kind]string{
		AWS:       "an account, or the ARN or unique id of a user, role, session or root",
		Service:   "the name of a service such as lambda.amazonaws.com",
		Federated: "the ARN or domain of an identity provider",
		Canonical: "a canonical user id (64 hexadecimal digits)",
	}[k]
}

// validAWSPrincipal takes account numbers, unique ids, and the ARNs that AWS
// takes: of users, roles, roots, sessions and Amazon CloudFront's identities.
func validAWSPrincipal(name string) bool {
	if !strings.HasPrefix(name, "arn:") {
		return IsAccount(name) || uniqueID(name)
	}
	p, ok := SplitARN(name)
	if !ok || p.Region != "" || !knownPartition(p.Partition) {
		return false
	}
	kind, rest, _ := strings.Cut(p.Resource, "/")
	switch p.Service {
	case "iam":
		if p.Account == "cloudfront" {
			return kind == "user"
		}
		return IsAccount(p.Account) && (p.Resource == "root" || (kind == "user" || kind == "role") && rest != "")
	case "sts":
		if kind == "assumed-role" {
			role, session, ok := strings.Cut(rest, "/")
			return IsAccount(p.Account) && ok && role != "" && session != ""
		}
		return IsAccount(p.Account) && (kind == "federated-user" || kind == "self") // self: sts:GetWebIdentityToken
	}
	return false
}

// uniqueID takes AIDA…, AROA… and the like: what AWS shows once the user or role
// that was named is gone, too.
func uniqueID(s string) bool {
	if len(s) < 16 || len(s) > 128 || s[0] != 'A' {
		return false
	}
	id, _, _ := strings.Cut(s, ":")
	return strings.Trim(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == ""
}
