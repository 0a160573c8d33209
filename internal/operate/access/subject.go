package access

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
)

// ErrNone is wrapped by errors about somebody whom the evidence does not know.
var ErrNone = errors.New("not in the evidence")

// Subject is the principal with this ARN: a user or role, a session of one, the
// root of an account, or a federated user. Of somebody in an account that was
// not collected everything is unseen; in one that was, it is an error.
func (e *Estate) Subject(arn string) (*Subject, error) {
	if s, ok := e.byARN[arn]; ok {
		return s, nil
	}
	p, err := iam.ParsePrincipal(arn)
	if err != nil {
		return nil, err
	}
	switch p.Kind {
	case iam.KindSession:
		return e.session(p)
	case iam.KindRoot:
		s := &Subject{Principal: p}
		e.place(s)
		return s, nil
	case iam.KindFederatedUser:
		why := "which user's permissions the federated user was given was not seen"
		s := &Subject{Principal: p, Identity: iam.Set{Unseen: why}, Session: &iam.Set{Unseen: why}}
		e.place(s)
		return s, nil
	}
	return e.missing(p)
}

// session is one session of a role, whose policies are those of the role. With
// what session policy it was made was not seen, so none is assumed to limit it.
func (e *Estate) session(p *iam.Principal) (*Subject, error) {
	name := p.Role[strings.LastIndexByte(p.Role, '/')+1:]
	for _, s := range e.byName[name] {
		if s.Type != typeRole || s.Principal.Account != p.Account {
			continue
		}
		out := *s
		p.Role, p.ID, p.CanonicalID = s.Principal.Role, s.Principal.ID, s.Principal.CanonicalID
		p.Tags, p.TagsSeen = s.Principal.Tags, s.Principal.TagsSeen
		out.Principal = p
		e.place(&out)
		return &out, nil
	}
	return e.missing(p)
}

// missing is somebody whom the evidence does not have.
func (e *Estate) missing(p *iam.Principal) (*Subject, error) {
	typ := typeRole
	if p.Kind == iam.KindUser {
		typ = typeUser
	}
	why := e.seen.missing(p.Account, typ, p.Name)
	if why == "" && !e.holds(p.Account) {
		// Alone says that there is no more than the files hold, but somebody in
		// an account of which they hold nothing has policies all the same.
		why = "the policies of principals of account " + p.Account + " were not collected"
	}
	if why == "" {
		return nil, fmt.Errorf("%q is %w%s", p.ARN, ErrNone, e.similar(p))
	}
	s := &Subject{Principal: p, Type: typ, Identity: iam.Set{Unseen: why}, Boundary: &iam.Set{Unseen: why}}
	e.place(s)
	return s, nil
}

// similar suggests whom the reader may have meant.
func (e *Estate) similar(p *iam.Principal) string {
	if list := e.byName[p.Name]; len(list) > 0 {
		return fmt.Sprintf("; did you mean %s?", list[0].Principal.ARN)
	}
	for _, s := range e.subjects {
		if strings.EqualFold(s.Principal.Name, p.Name) {
			return fmt.Sprintf("; did you mean %s?", s.Principal.ARN)
		}
	}
	return ""
}

// alike suggests a name like one that nobody has.
func (e *Estate) alike(name string) string {
	names := slices.Sorted(maps.Keys(e.byName))
	if near := policy.Nearest(name[strings.LastIndexByte(name, '/')+1:], names); near != "" {
		return fmt.Sprintf("; did you mean %s?", e.byName[near][0].Principal.ARN)
	}
	if len(names) == 0 {
		return ": no users and roles were collected"
	}
	return "; give its ARN"
}

// most is how many candidates an error lists.
const most = 5

// Find is the principal that a person named: by ARN, account number, name of a
// user or role where only one has it (role/NAME and user/NAME tell them apart,
// ACCOUNT/NAME the accounts), service principal, or "anonymous".
func (e *Estate) Find(name string) (*Subject, error) {
	switch {
	case strings.HasPrefix(name, "arn:") || policy.IsAccount(name):
		return e.Subject(name)
	case strings.EqualFold(name, "anonymous"):
		return &Subject{Principal: iam.Anonymous()}, nil
	case strings.HasSuffix(name, ".amazonaws.com") || strings.HasSuffix(name, ".amazonaws.com.cn"):
		return &Subject{Principal: iam.Service(name)}, nil
	}
	found := e.named(name)
	switch len(found) {
	case 0:
		return nil, fmt.Errorf("the user or role %q is %w%s", name, ErrNone, e.alike(name))
	case 1:
		return found[0], nil
	}
	var arns []string
	for _, s := range found[:min(len(found), most)] {
		arns = append(arns, s.Principal.ARN)
	}
	if more := len(found) - most; more > 0 {
		arns = append(arns, fmt.Sprintf("and %d more", more))
	}
	return nil, fmt.Errorf("%q is the name of %d principals; give the ARN of the one you mean:\n  %s", name, len(found), strings.Join(arns, "\n  "))
}

// named are the users and roles that a short name fits.
func (e *Estate) named(name string) []*Subject {
	account, kind := "", ""
	rest := name
	if first, more, ok := strings.Cut(rest, "/"); ok && policy.IsAccount(first) {
		account, rest = first, more
	}
	if first, more, ok := strings.Cut(rest, "/"); ok && (first == "role" || first == "user") {
		kind, rest = first, more
	}
	var out []*Subject
	for _, s := range e.byName[rest[strings.LastIndexByte(rest, '/')+1:]] {
		arn := s.Principal.ARN
		if strings.HasSuffix(arn, "/"+rest) && (account == "" || account == s.Principal.Account) && (kind == "" || strings.Contains(arn, ":"+kind+"/")) {
			out = append(out, s)
		}
	}
	return out
}
