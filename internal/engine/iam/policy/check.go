package policy

import (
	"fmt"
	"slices"
	"strings"
)

// Type is what a policy is for; what it may say depends on it.
type Type uint8

const (
	Identity Type = iota + 1 // attached to users, groups and roles, inline or managed
	Resource                 // attached to a resource: bucket, key, queue
	Trust                    // of a role: who may assume it
	SCP                      // service control policy of AWS Organizations
	RCP                      // resource control policy of AWS Organizations
	Session                  // handed over when a session is made
	Boundary                 // permissions boundary
	Endpoint                 // of a VPC endpoint
)

var typeNames = [...]string{
	Identity: "identity", Resource: "resource", Trust: "trust", SCP: "scp", RCP: "rcp", Session: "session", Boundary: "boundary", Endpoint: "endpoint",
}

// String is the type's name on the command line.
func (t Type) String() string {
	if int(t) < len(typeNames) {
		return typeNames[t]
	}
	return ""
}

// Types lists every type.
func Types() []Type {
	return []Type{Identity, Resource, Trust, SCP, RCP, Session, Boundary, Endpoint}
}

// ParseType reads the name of a type.
func ParseType(s string) (Type, error) {
	names := []string{}
	for _, t := range Types() {
		if t.String() == s {
			return t, nil
		}
		names = append(names, t.String())
	}
	return 0, fmt.Errorf("%q is not a type of policy; one of %s", s, strings.Join(names, ", "))
}

// GuessType tells what a document most likely is for. It cannot tell a boundary
// or a session policy from an identity policy, nor an SCP or RCP from others that
// look alike; an endpoint policy is taken for a resource policy.
func GuessType(d *Document) Type {
	principal, trust := false, len(d.Statements) > 0
	for i := range d.Statements {
		s := &d.Statements[i]
		principal = principal || s.Principals != nil || s.NotPrincipals != nil || s.Unseen.Has(PrincipalPart)
		trust = trust && s.Resources == nil && s.NotResources == nil && len(s.Actions) > 0 &&
			!slices.ContainsFunc(s.Actions, func(a Text) bool { return !stsAction(a.Value) })
	}
	switch {
	case principal && trust:
		return Trust
	case principal:
		return Resource
	}
	return Identity
}

func stsAction(a string) bool { return len(a) > 4 && strings.EqualFold(a[:4], "sts:") }

// principals tells whether policies of the type name principals.
func (t Type) principals() bool { return t == Resource || t == Trust || t == RCP || t == Endpoint }

// iam tells whether the document is kept by IAM or AWS STS, whose rules of text
// are stricter than those of other services.
func (t Type) iam() bool { return t == Identity || t == Boundary || t == Session || t == Trust }

// Check names what AWS refuses in a document of this type, besides what Parse
// finds.
func Check(d *Document, t Type) Problems {
	c := &checker{reader: reader{doc: d}, kind: t}
	c.text()
	c.sids()
	for i := range d.Statements {
		s := &d.Statements[i]
		path := fmt.Sprintf("Statement[%d]", i)
		c.principal(s, path)
		c.resources(s, path)
		switch t {
		case Trust:
			c.trust(s, path)
		case RCP:
			c.rcp(s, path)
		}
	}
	slices.SortStableFunc(c.problems, func(a, b Problem) int { return a.Position.compare(b.Position) })
	return c.problems
}

type checker struct {
	reader
	kind Type
}

// text checks what concerns the whole document.
func (c *checker) text() {
	newer := c.kind == Identity || c.kind == Boundary || c.kind == SCP || c.kind == RCP
	if v := c.doc.Version; newer && (v == "" || v == Version2008) && len(c.doc.Statements) > 0 {
		at := c.doc.versionAt
		if at.Line == 0 {
			at = Position{1, 1}
		}
		what := "there is no Version, which means " + Version2008
		if v != "" {
			what = fmt.Sprintf("Version %q is the old language", v)
		}
		where := ""
		if c.kind == Identity {
			where = " (IAM takes the old one of inline policies only)"
		}
		c.report(OldVersion, at, "Version", `%s; AWS asks for "Version": %q here%s`, what, Version2012, where)
	}
	if c.kind.iam() && c.doc.wide.Line > 0 {
		c.report(InvalidCharacter, c.doc.wide, "", `IAM takes characters up to U+00FF only; write the others as \u escapes, or leave them out`)
	}
}

// sids checks the statements' names. Services other than IAM and AWS
// Organizations have rules of their own.
func (c *checker) sids() {
	if c.kind == Resource || c.kind == Endpoint {
		return
	}
	first := map[string]int{}
	for i := range c.doc.Statements {
		s := &c.doc.Statements[i]
		if s.Sid == "" {
			continue
		}
		at, path := s.sidAt, fmt.Sprintf("Statement[%d].Sid", i)
		if at.Line == 0 {
			at = s.Position
		}
		if !only(s.Sid, alphanumeric) {
			c.report(InvalidSid, at, path, "the Sid %s has other characters than letters and digits, which AWS refuses", quote(s.Sid))
		}
		if j, twice := first[s.Sid]; twice {
			c.report(DuplicateSid, at, path, "the Sid %s is that of Statement[%d], too; each may be used once", quote(s.Sid), j)
			continue
		}
		first[s.Sid] = i
	}
}

func (c *checker) principal(s *Statement, path string) {
	if s.Unseen.Has(PrincipalPart) {
		return
	}
	named := s.Principals != nil || s.NotPrincipals != nil
	switch {
	case named && !c.kind.principals():
		element := "Principal"
		if s.Principals == nil {
			element = "NotPrincipal"
		}
		c.report(NoPrincipal, whoAt(s), join(path, element), "%s policies have no %s: they apply to whom they are attached to. Leave it out, or is this another type of policy?", article(c.kind), element)
	case !named && c.kind.principals():
		c.report(MissingPrincipal, s.Position, path, "the statement has no Principal; %s policies have to say whom they are about", article(c.kind))
	case s.NotPrincipals != nil && (c.kind == Trust || c.kind == RCP):
		c.report(NotPrincipalMisuse, whoAt(s), join(path, "NotPrincipal"), "%s policies do not take NotPrincipal; name the principals, or compare aws:PrincipalArn in a Condition", article(c.kind))
	case s.NotPrincipals != nil && s.Effect == Allow:
		c.report(NotPrincipalMisuse, whoAt(s), join(path, "NotPrincipal"), "NotPrincipal with Allow would let in everybody else, anonymous callers too; name whom to allow")
	}
}

// at is where the first entry of some lists stands, or else the statement.
func at(s *Statement, lists ...[]Text) Position {
	for _, list := range lists {
		if len(list) > 0 && list[0].Position.Line > 0 {
			return list[0].Position
		}
	}
	return s.Position
}

// whoAt is where the first principal of a statement stands.
func whoAt(s *Statement) Position {
	for _, list := range [][]Principal{s.Principals, s.NotPrincipals} {
		if len(list) > 0 && list[0].Name.Position.Line > 0 {
			return list[0].Name.Position
		}
	}
	return s.Position
}

func article(t Type) string {
	switch t {
	case SCP:
		return "service control"
	case RCP:
		return "resource control"
	case Boundary:
		return "permissions boundary"
	case Endpoint:
		return "VPC endpoint"
	}
	return t.String()
}

func (c *checker) resources(s *Statement, path string) {
	if c.kind == Trust {
		return
	}
	// Some services (Amazon ECR) do without Resource in their own policies.
	if s.Resources == nil && s.NotResources == nil && !s.Unseen.Has(ResourcePart) && c.kind != Resource {
		c.report(MissingResource, s.Position, path, "the statement has neither Resource nor NotResource; name ARNs, or \"*\"")
	}
	for _, element := range []struct {
		name  string
		texts []Text
	}{{"Resource", s.Resources}, {"NotResource", s.NotResources}} {
		for _, t := range element.texts {
			if t.Partial {
				continue
			}
			if code, message := checkResource(t.Value, c.kind); code != "" {
				c.report(code, t.Position, join(path, element.name), "%s", message)
			}
		}
	}
}

func (c *checker) trust(s *Statement, path string) {
	if s.Resources != nil || s.NotResources != nil {
		c.report(TrustResource, at(s, s.Resources, s.NotResources), join(path, "Resource"), "trust policies have no Resource: it is the role itself. Leave it out")
	}
	for _, a := range s.Actions {
		if !a.Partial && !stsAction(a.Value) {
			c.report(TrustAction, a.Position, join(path, "Action"), "%s is not an action of AWS STS; trust policies allow sts:AssumeRole and its kin only", quote(a.Value))
		}
	}
}

func (c *checker) rcp(s *Statement, path string) {
	if s.Effect == Allow && !fullAccess(s) {
		c.report(RCPEffect, s.Position, join(path, "Effect"), "resource control policies can only deny; what they leave is allowed by RCPFullAWSAccess. Write Deny")
	}
	if s.NotActions != nil {
		c.report(RCPAction, at(s, s.NotActions), join(path, "NotAction"), "resource control policies do not take NotAction; list the actions")
	}
	for _, a := range s.Actions {
		if a.Value == "*" && s.Effect == Deny {
			c.report(RCPAction, a.Position, join(path, "Action"), `"*" by itself is refused in a resource control policy; name the services, such as "s3:*"`)
		}
	}
	for _, p := range s.Principals {
		if p.Kind != Everyone {
			c.report(RCPPrincipal, p.Name.Position, join(path, "Principal"), `a resource control policy is about everybody: the Principal has to be "*". Compare aws:PrincipalArn in a Condition to except some`)
		}
	}
}

// fullAccess recognises RCPFullAWSAccess, which AWS itself attaches.
func fullAccess(s *Statement) bool {
	return len(s.Actions) == 1 && s.Actions[0].Value == "*" && len(s.Resources) == 1 && s.Resources[0].Value == "*" && len(s.Conditions) == 0
}
