package exposure

import (
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam/glob"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
)

// resources are ARNs that the target takes in, and that the patterns of the
// document tell apart.
func (s *search) resources(v *visitor, denies []policy.Statement) []string {
	at := first(denies)
	if out, done := s.things[at]; done && !s.variables {
		return out // without variables they are the same for all
	}
	s.things[at] = s.listResources(v, denies)
	return s.things[at]
}

// maxPatterns bounds the patterns that are compared with each other, and
// maxPattern how long they are.
const (
	maxPatterns = 48
	maxPattern  = 2048
)

// bounded leaves out what is beyond the bounds, and says so.
func (s *search) bounded(list []string) []string {
	out := slices.DeleteFunc(list, func(p string) bool { return len(p) > maxPattern })
	if len(out) > maxPatterns {
		out = out[:maxPatterns]
	}
	if len(out) < len(list) {
		s.tally.overrun = true
	}
	return out
}

func (s *search) listResources(v *visitor, denies []policy.Statement) []string {
	var others []string
	for i := range denies {
		others = append(others, s.written(v, denies[i].Resources)...)
		others = append(others, s.written(v, denies[i].NotResources)...)
	}
	targets := s.written(v, spelt(s.target.Resources))
	if s.target.Unseen.Has(policy.ResourcePart) || len(targets) == 0 {
		targets = append(targets, "*")
		others = append(others, s.written(v, s.target.NotResources)...)
	}
	targets, others = s.bounded(targets), s.bounded(others)
	arn := func(p string) glob.Glob { return glob.Glob{Pattern: p, ARN: true} }
	generic := s.genericARN()
	var out []string
	add := func(resource string) {
		if resource != "" && !strings.ContainsAny(resource, "*?") && !slices.Contains(out, resource) {
			out = append(out, resource)
		}
	}
	for _, t := range targets {
		if !strings.ContainsAny(t, "*?") {
			add(t)
			continue
		}
		for _, o := range append(s.meant(t, generic), others...) {
			if text, ok := glob.Common(arn(t), arn(o)); ok {
				add(s.complete(text))
			}
			if len(others) == 0 && len(out) > 0 {
				return out // nothing tells what else there is from it
			}
		}
		if len(out) == 0 {
			add(s.complete(plain(arn(t))))
		}
	}
	return out
}

// meant are the things that a pattern can mean, since a policy is about the one
// thing it is attached to: of * that thing where it is known, or where the
// document names it elsewhere.
func (s *search) meant(pattern, generic string) []string {
	switch {
	case s.zone.Resource != "":
		return []string{generic, generic + "/" + freshWord, generic + "*"}
	case pattern == "*" && len(s.named) > 0:
		return s.named
	}
	return []string{generic, "arn:" + s.partition + ":*:*:*:*" + freshWord + "*", generic + "*"}
}

// namedIn are the ARNs that a document's statements are about.
func namedIn(doc *policy.Document) []string {
	var out []string
	for i := range doc.Statements {
		for _, r := range doc.Statements[i].Resources {
			if a, ok := policy.SplitARN(r.Value); ok && !r.Partial && strings.Trim(a.Resource, "*") != "" && !strings.Contains(r.Value, "${") && !slices.Contains(out, r.Value) {
				out = append(append(out, r.Value), wholes(a)...)
			}
		}
	}
	return out
}

// below are the services whose policies tell parts of a thing apart, with how
// many steps of the path name the thing.
var below = map[string]int{"s3": 1, "execute-api": 1, "es": 2, "aoss": 2, "dynamodb": 2, "codeartifact": 2, "lambda": 2}

// wholes are the thing that an ARN is of or in, and another part of it.
func wholes(arn policy.ARN) []string {
	depth := below[arn.Service]
	if depth == 0 {
		return nil
	}
	path := strings.SplitN(arn.Resource, "/", depth+1)
	arn.Resource = strings.Join(path[:min(depth, len(path))], "/")
	return []string{arn.String(), arn.String() + "/" + freshWord}
}

// complete makes an ARN of what patterns short of six parts have in common.
func (s *search) complete(text string) string {
	if strings.Count(text, ":") >= 5 {
		return text
	}
	return s.genericARN()
}

// genericARN is a thing such as the document may be attached to.
func (s *search) genericARN() string {
	if s.zone.Resource != "" && s.zone.Resource != "*" {
		return s.zone.Resource
	}
	switch service := s.services()[0]; service {
	case "s3":
		return s.arn("s3", "", "", "bucket/"+freshWord)
	case "sts":
		return s.arn("iam", "", s.owner, "role/"+freshWord)
	default:
		return s.arn(service, "us-east-1", s.owner, freshWord)
	}
}

// written are texts with the visitor's own values for variables.
func (s *search) written(v *visitor, list []policy.Text) []string {
	var out []string
	for _, t := range list {
		switch {
		case t.Partial:
		case s.variables:
			out = append(out, s.substitute(v, t.Value))
		default:
			out = append(out, t.Value)
		}
	}
	return out
}

func values(list []policy.Text) []string {
	var out []string
	for _, t := range list {
		if !t.Partial {
			out = append(out, t.Value)
		}
	}
	return out
}
