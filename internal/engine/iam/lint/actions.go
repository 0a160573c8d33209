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
		l.add(unknownService, a.Position, where, "AWS documents no service with the prefix %s%s", quote(prefix), meant(policy.Nearest(prefix, action.Services())))
		return
	}
	if len(action.Expand(a.Value)) > 0 {
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
	hint := policy.Nearest(name, names)
	if hint != "" {
		hint = service.Prefix + ":" + hint
	}
	l.add(unknownAction, a.Position, where, "%s has no action %s%s", service.Name, quote(name), meant(hint))
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
			return glob.Covers(glob.Glob{Pattern: a, Fold: true}, glob.Glob{Pattern: b, Fold: true})
		})
	}
	for _, e := range l.resourceElements() {
		l.included(redundantResource, e, func(a, b string) bool {
			return !strings.Contains(a+b, "${") && glob.ArnIncludes(a, b)
		})
	}
}

// mostEntries bounds the comparison of each with each.
const mostEntries = 400

func (l *linter) included(code string, e element, covers func(a, b string) bool) {
	if len(e.list) > mostEntries {
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
