package exposure

import (
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/action"
	"holdfast.dev/holdfast/internal/engine/iam/glob"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
	"holdfast.dev/holdfast/internal/kleene"
)

// actions are names of actions that the target's patterns take in, and that the
// Deny statements tell apart.
func (s *search) actions(denies []policy.Statement) []string {
	at := first(denies)
	out, done := s.names[at]
	if !done {
		out = s.listActions(denies)
		s.names[at] = out
	}
	return out
}

func first(denies []policy.Statement) *policy.Statement {
	if len(denies) == 0 {
		return nil
	}
	return &denies[0]
}

func (s *search) listActions(denies []policy.Statement) []string {
	services := s.services()
	var out []string
	for _, t := range s.patterns() {
		if !strings.ContainsAny(t, "*?") {
			out = append(out, t)
			continue
		}
		real := s.real(t, services)
		if len(real) == 0 {
			// AWS may have actions that the catalogue does not know yet.
			real = invented(t, services, s.bounded(s.patternsOf(denies)))
		}
		out = append(out, real...)
	}
	out = slices.DeleteFunc(out, func(a string) bool { return !isAction(a) || !s.isAsked(a) })
	first := slices.IndexFunc(out, func(a string) bool { return s.tells(a) })
	if first > 0 {
		out[0], out[first] = out[first], out[0]
	}
	if len(denies) == 0 && len(s.target.NotActions) == 0 {
		return out[:min(len(out), 1)]
	}
	return s.apart(out, denies)
}

func (s *search) tells(action string) bool {
	service, name, _ := strings.Cut(action, ":")
	return telling[service] == name
}

// patterns are what the target allows; one that does not say so, or says what it
// does not allow, may allow anything.
func (s *search) patterns() []string {
	out := values(spelt(s.target.Actions))
	if s.target.Unseen.Has(policy.ActionPart) || s.target.Actions == nil {
		out = append(out, "*")
	}
	if len(s.asked) == 0 {
		return out
	}
	var both []string
	for _, p := range out {
		for _, asked := range s.asked {
			text, ok := glob.Common(glob.Glob{Pattern: p, Fold: true}, glob.Glob{Pattern: asked, Fold: true})
			switch {
			case !ok:
			case !strings.ContainsAny(p, "*?"), !strings.ContainsAny(asked, "*?"):
				both = append(both, text)
			case glob.Includes(strings.ToLower(p), strings.ToLower(asked)):
				both = append(both, asked)
			default:
				both = append(both, p)
			}
		}
	}
	return both
}

// real are the actions that AWS has of a pattern, in the services that the
// document is about.
func (s *search) real(pattern string, services []string) []string {
	var out []string
	prefix, name, ok := strings.Cut(pattern, ":")
	if ok && !strings.ContainsAny(prefix, "*?") {
		services = []string{prefix}
	} else if !ok || prefix != "*" {
		name = "*"
	}
	compiled := glob.Compile(strings.ToLower(pattern))
	for _, service := range services {
		for _, a := range action.Expand(service + ":" + name) {
			full := a.Service + ":" + a.Name
			if compiled.Match(strings.ToLower(full)) {
				out = append(out, full)
			}
		}
	}
	return out
}

// invented are names that a pattern fits, alone and together with others.
func invented(pattern string, services, others []string) []string {
	var out []string
	for _, o := range append([]string{"*" + freshWord + "*", "*"}, others...) {
		if text, ok := glob.Common(glob.Glob{Pattern: pattern, Fold: true}, glob.Glob{Pattern: o, Fold: true}); ok {
			out = append(out, withService(text, services))
		}
	}
	return out
}

func (s *search) patternsOf(list []policy.Statement) []string {
	var out []string
	for i := range list {
		out = append(out, values(list[i].Actions)...)
		out = append(out, values(list[i].NotActions)...)
	}
	return out
}

func isAction(s string) bool {
	service, name, ok := strings.Cut(s, ":")
	return ok && service != "" && name != "" && !strings.ContainsAny(s, "*? ")
}

var nobody = iam.Anonymous()

// apart keeps one action of those that the document does not tell apart, and of
// those it does the ones about which fewer Deny statements are.
func (s *search) apart(list []string, denies []policy.Statement) []string {
	var rooms []*iam.Policies
	for i := range denies {
		d := denies[i]
		d.Resources, d.NotResources = nil, nil
		d.Unseen &^= policy.ResourcePart
		rooms = append(rooms, s.aboutOnly(&d))
	}
	t := s.target
	t.Resources, t.NotResources, t.Actions = nil, nil, nil
	room := s.aboutOnly(&t)
	resource := s.genericARN()
	var kept []string
	var signs [][]kleene.Value
	for _, a := range list {
		d := deed{a, resource}
		if t.NotActions != nil && s.decide(nobody, d, nil, room) == kleene.False {
			continue
		}
		sign := make([]kleene.Value, len(rooms))
		for i := range rooms {
			sign[i] = s.decide(nobody, d, nil, rooms[i])
		}
		kept, signs = append(kept, a), append(signs, sign)
	}
	return undominated(kept, signs)
}

// withService completes what two patterns that leave the service open have in
// common.
func withService(text string, services []string) string {
	if service, name, ok := strings.Cut(text, ":"); ok && service != "" && name != "" {
		return text
	}
	return services[0] + ":" + strings.TrimSuffix(strings.ReplaceAll(text, ":", ""), "*") + freshWord
}

func (s *search) isAsked(action string) bool {
	return len(s.asked) == 0 || slices.ContainsFunc(s.asked, func(p string) bool {
		compiled := glob.Compile(strings.ToLower(p))
		return compiled.Match(strings.ToLower(action))
	})
}

// services are those that the document is about; of one that does not tell, s3.
func (s *search) services() []string {
	var out []string
	add := func(name string) {
		if name = strings.ToLower(name); name != "" && !strings.ContainsAny(name, "*?$") && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	actions := slices.Concat(values(s.target.Actions), s.asked, values(s.target.NotActions))
	resources := append(values(s.target.Resources), s.zone.Resource)
	for i := range s.denies {
		actions = append(append(actions, values(s.denies[i].Actions)...), values(s.denies[i].NotActions)...)
		resources = append(resources, values(s.denies[i].Resources)...)
	}
	for _, a := range actions {
		if service, _, ok := strings.Cut(a, ":"); ok {
			add(service)
		}
	}
	tells := false
	for _, r := range resources {
		if parts := strings.SplitN(r, ":", 4); len(parts) == 4 && parts[0] == "arn" {
			add(parts[2])
			tells = true
		}
	}
	if len(out) == 0 {
		return []string{"s3"}
	}
	if s.target.NotActions != nil && !tells {
		// It may be attached to something of which it does not speak.
		add("s3")
		add("sqs")
	}
	return out
}
