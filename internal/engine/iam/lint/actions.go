package lint

import (
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam/action"
	"holdfast.dev/holdfast/internal/engine/iam/glob"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
)

// element is a list of a statement with its name.
type element struct {
	name string
	list []policy.Text
}

func (l *linter) actionElements() []element {
	return []element{{"Action", l.s.Actions}, {"NotAction", l.s.NotActions}}
}

func (l *linter) resourceElements() []element {
	return []element{{"Resource", l.s.Resources}, {"NotResource", l.s.NotResources}}
}

// actions looks for what the catalogue does not have.
func (l *linter) actions() {
	for _, e := range l.actionElements() {
		for _, a := range e.list {
			if !a.Partial {
				l.known(e.name, a)
			}
		}
	}
}

func (l *linter) known(where string, a policy.Text) {
	prefix, name, ok := strings.Cut(a.Value, ":")
	if !ok || prefix == "" || strings.ContainsAny(prefix, "*?${ ") || strings.Contains(name, ":") {
		return // refused by package policy, or everything
	}
	service, ok := action.Find(prefix)
	if !ok {
		l.add(unknownService, a.Position, where, "AWS documents no service with the prefix %s%s", quote(prefix), meant(l.nearest(prefix, action.Services())))
		return
	}
	if len(l.expand(a.Value)) > 0 {
		return
	}
	if strings.ContainsAny(name, "*?") {
		l.add(matchesNothing, a.Position, where, "no action of %s matches %s, so it says nothing; correct it or leave it out", service.Name, quote(a.Value))
		return
	}
	names := make([]string, 0, len(service.Actions()))
	for _, known := range service.Actions() {
		names = append(names, known.Name)
	}
	hint := l.nearest(name, names)
	if hint != "" {
		hint = service.Prefix + ":" + hint
	}
	l.add(unknownAction, a.Position, where, "%s has no action %s%s", service.Name, quote(name), meant(hint))
}

// mostHints bounds how many names are compared with all that there are.
const mostHints = 200

func (l *linter) nearest(got string, names []string) string {
	if l.hints++; l.hints > mostHints {
		return ""
	}
	return policy.Nearest(got, names)
}

// expand remembers which actions a pattern means.
func (l *linter) expand(pattern string) []*action.Action {
	meant, ok := l.expanded[pattern]
	if !ok {
		meant = action.Expand(pattern)
		l.expanded[pattern] = meant
	}
	return meant
}

func meant(name string) string {
	if name == "" {
		return "; see the Service Authorization Reference"
	}
	return "; did you mean " + name + "?"
}

// lists finds entries that others of the same list include.
func (l *linter) lists() {
	for _, e := range l.actionElements() {
		l.included(redundantAction, e, func(a, b string) bool {
			one, _, _ := strings.Cut(a, ":")
			other, _, _ := strings.Cut(b, ":")
			if !strings.EqualFold(one, other) && !strings.ContainsAny(one, "*?") {
				return false
			}
			return glob.Covers(glob.Glob{Pattern: a, Fold: true}, glob.Glob{Pattern: b, Fold: true})
		})
	}
	for _, e := range l.resourceElements() {
		l.included(redundantResource, e, func(a, b string) bool {
			return !strings.Contains(a+b, "${") && glob.ArnIncludes(a, b)
		})
	}
}

// mostCompared bounds the comparison of each with each: entries times characters.
const mostCompared = 4_000_000

func (l *linter) included(code string, e element, covers func(a, b string) bool) {
	characters := 0
	for _, t := range e.list {
		characters += len(t.Value)
	}
	if len(e.list)*characters > mostCompared {
		return
	}
	fold := code == redundantAction
	for j, b := range e.list {
		for i, a := range e.list {
			if i == j || a.Partial || b.Partial {
				continue
			}
			same := a.Value == b.Value || fold && strings.EqualFold(a.Value, b.Value)
			if same && i < j || !same && strings.ContainsAny(a.Value, "*?") && covers(a.Value, b.Value) {
				what := "is included in " + quote(a.Value)
				if same {
					what = "stands here twice"
				}
				l.add(code, b.Position, e.name, "%s %s; leave it out", quote(b.Value), what)
				break
			}
		}
	}
}
