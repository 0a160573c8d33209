package policy

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Parse reads a document as a person wrote it and names everything in it that AWS
// refuses whatever the kind of policy; Check does the rest. The document is what
// could be understood, never nil; parts that could not be are unseen.
func Parse(data []byte) (*Document, Problems) {
	r := &reader{doc: &Document{}}
	if len(data) > maxBytes {
		r.doc.Unseen = "the policy is too large to read"
		r.report(TooLarge, Position{1, 1}, "", "%d bytes; no policy of AWS has more than %d", len(data), maxBytes)
		return r.doc, r.problems
	}
	root, wide, err := scanJSON(string(data))
	if err != nil {
		r.doc.Unseen = "the policy is not valid JSON"
		var p Problem
		if errors.As(err, &p) {
			r.problems = append(r.problems, p)
		}
		return r.doc, r.problems
	}
	r.doc.wide = wide
	r.document(root)
	slices.SortStableFunc(r.problems, func(a, b Problem) int { return a.Position.compare(b.Position) })
	return r.doc, r.problems
}

func (p Position) compare(q Position) int {
	if p.Line != q.Line {
		return p.Line - q.Line
	}
	return p.Column - q.Column
}

// reader turns JSON into a document and gathers what is wrong.
type reader struct {
	doc      *Document
	problems Problems
}

func (r *reader) report(code string, at Position, path, format string, args ...any) {
	r.problems = append(r.problems, Problem{Code: code, Message: fmt.Sprintf(format, args...), Position: at, Path: path})
}

// wrong reports a value of another type than expected.
func (r *reader) wrong(n node, path, want string) {
	r.report(WrongType, n.at, path, "%s where %s is expected", n.kind, want)
}

// fields are the elements of an object by their names; those that the language
// does not have, or that come twice, are reported.
func (r *reader) fields(n node, path string, names []string) map[string]field {
	out := map[string]field{}
	for _, f := range n.fields {
		if !slices.Contains(names, f.name) {
			r.report(UnknownElement, f.at, path, "%s is not an element of a policy here%s", quote(f.name), closest(f.name, names))
			continue
		}
		if first, twice := out[f.name]; twice {
			r.report(DuplicateKey, f.at, path, "%s stands here a second time (first in line %d); keep one", f.name, first.at.Line)
			continue
		}
		out[f.name] = f
	}
	return out
}

// quote shows a string that somebody wrote, cut where it is long.
func quote(s string) string {
	const most = 120
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return fmt.Sprintf("%q", s)
}

// closest proposes the name that was meant, or lists them all.
func closest(got string, names []string) string {
	for _, name := range names {
		if strings.EqualFold(name, got) || strings.EqualFold(name, got+"s") || strings.EqualFold(name+"s", got) {
			return fmt.Sprintf("; did you mean %s? (names are case-sensitive)", name)
		}
	}
	return "; it may have " + strings.Join(names, ", ")
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func (r *reader) document(n node) {
	if n.kind != objectNode {
		r.doc.Unseen = "the policy is not an object"
		r.wrong(n, "", "an object with Version and Statement")
		return
	}
	fields := r.fields(n, "", []string{"Version", "Id", "Statement"})
	if f, ok := fields["Version"]; ok {
		r.version(f.value)
	}
	if f, ok := fields["Id"]; ok {
		r.doc.ID, _ = r.string(f.value, "Id")
	}
	f, ok := fields["Statement"]
	if !ok {
		r.report(MissingStatement, n.at, "", "there is no Statement; a policy needs at least one")
		return
	}
	r.statements(f)
}

func (r *reader) version(n node) {
	v, ok := r.string(n, "Version")
	r.doc.Version, r.doc.versionAt = v, n.at
	if ok && v != Version2012 && v != Version2008 {
		r.report(InvalidVersion, n.at, "Version", "%s is not a version of the policy language; write %q", quote(v), Version2012)
	}
}

func (r *reader) string(n node, path string) (string, bool) {
	if n.kind != stringNode {
		r.wrong(n, path, "a string")
		return "", false
	}
	return n.text, true
}

// many takes AWS's habit of writing a list of one without its brackets.
func many(n node) []node {
	if n.kind == listNode {
		return n.items
	}
	return []node{n}
}

func (r *reader) statements(f field) {
	items := many(f.value)
	if len(items) == 0 {
		r.report(MissingStatement, f.value.at, "Statement", "the list is empty; a policy needs at least one statement")
	}
	for i, item := range items {
		path := fmt.Sprintf("Statement[%d]", i)
		if item.kind != objectNode {
			r.doc.Unseen = "a statement could not be read"
			r.wrong(item, path, "a statement (an object)")
			continue
		}
		r.doc.Statements = append(r.doc.Statements, r.statement(item, path))
	}
}

var statementElements = []string{"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"}

func (r *reader) statement(n node, path string) Statement {
	s := Statement{Position: n.at}
	fields := r.fields(n, path, statementElements)
	for _, name := range []string{"Principal", "Action", "Resource"} {
		if f, ok := fields["Not"+name]; ok {
			if _, both := fields[name]; both {
				r.report(BothElements, f.at, path, "%s and Not%s exclude each other; keep one", name, name)
			}
		}
	}
	if f, ok := fields["Sid"]; ok {
		s.Sid, _ = r.string(f.value, path+".Sid")
		s.sidAt = f.value.at
	}
	r.effect(&s, fields, path)
	s.Actions = r.list(&s, ActionPart, fields, path, "Action")
	s.NotActions = r.list(&s, ActionPart, fields, path, "NotAction")
	s.Resources = r.list(&s, ResourcePart, fields, path, "Resource")
	s.NotResources = r.list(&s, ResourcePart, fields, path, "NotResource")
	s.Principals = r.principals(&s, fields, path, "Principal")
	s.NotPrincipals = r.principals(&s, fields, path, "NotPrincipal")
	if f, ok := fields["Condition"]; ok {
		r.conditions(&s, f.value, path+".Condition")
	}
	if s.Actions == nil && s.NotActions == nil && !s.Unseen.Has(ActionPart) {
		r.report(MissingAction, n.at, path, "the statement has neither Action nor NotAction; say which actions it is about")
	}
	for _, element := range []struct {
		name  string
		texts []Text
	}{{"Action", s.Actions}, {"NotAction", s.NotActions}} {
		for _, a := range element.texts {
			if message := checkAction(a.Value); message != "" {
				r.report(InvalidAction, a.Position, join(path, element.name), "%s", message)
			}
		}
	}
	return s
}

func (r *reader) effect(s *Statement, fields map[string]field, path string) {
	f, ok := fields["Effect"]
	if !ok {
		s.Unseen |= EffectPart
		r.report(MissingEffect, s.Position, path, "the statement has no Effect; write Allow or Deny")
		return
	}
	text, ok := r.string(f.value, path+".Effect")
	switch {
	case ok && (text == string(Allow) || text == string(Deny)):
		s.Effect = Effect(text)
		return
	case ok:
		r.report(InvalidEffect, f.value.at, path+".Effect", "%s is not an effect; write Allow or Deny, in just these letters", quote(text))
	}
	s.Unseen |= EffectPart
}

// list reads a string or a list of strings; it is not nil where the element is there.
func (r *reader) list(s *Statement, part Parts, fields map[string]field, path, name string) []Text {
	f, ok := fields[name]
	if !ok {
		return nil
	}
	out := []Text{}
	path = join(path, name)
	items := many(f.value)
	if len(items) == 0 {
		r.report(EmptyList, f.value.at, path, "the list is empty; a statement has to name at least one")
	}
	for _, item := range items {
		if item.kind != stringNode {
			s.Unseen |= part
			r.wrong(item, path, "a string")
			continue
		}
		out = append(out, Text{Value: item.text, Position: item.at})
	}
	return out
}
