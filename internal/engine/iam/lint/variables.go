package lint

import (
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam/action"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
)

// variables checks ${…} wherever it stands.
func (l *linter) variables() {
	for _, e := range l.actionElements() {
		for _, t := range e.list {
			if strings.Contains(t.Value, "${") {
				l.add(variablePlace, t.Position, e.name, "%s has a variable, but variables work in Resource and Condition only; AWS takes this as text", quote(t.Value))
			}
		}
	}
	for _, e := range l.resourceElements() {
		for _, t := range e.list {
			l.variable(e.name, t)
		}
	}
	for _, c := range l.s.Conditions {
		for _, t := range c.Values {
			l.variable("Condition."+c.Operator+"."+c.Key, t)
		}
	}
}

func (l *linter) variable(where string, t policy.Text) {
	rest := t.Value
	if !strings.Contains(rest, "${") {
		return
	}
	if !l.doc.Variables() {
		l.add(variableVersion, t.Position, where, `without "Version": %q AWS takes %s as text, not as a variable; set the Version`, policy.Version2012, quote(t.Value))
		return
	}
	for {
		_, inside, found := strings.Cut(rest, "${")
		if !found {
			return
		}
		name, after, closed := strings.Cut(inside, "}")
		if !closed {
			l.add(variableSyntax, t.Position, where, "the variable in %s does not end; close it with }", quote(t.Value))
			return
		}
		l.variableName(where, t, name)
		rest = after
	}
}

// variableName checks what stands between the braces: a key, and 'a default'.
func (l *linter) variableName(where string, t policy.Text, name string) {
	if name == "*" || name == "?" || name == "$" {
		return
	}
	key, fallback, defaulted := strings.Cut(name, ",")
	if defaulted {
		fallback = strings.TrimSpace(fallback)
		if len(fallback) < 2 || fallback[0] != '\'' || fallback[len(fallback)-1] != '\'' {
			l.add(variableSyntax, t.Position, where, "the default of the variable in %s needs single quotes: ${%s, 'default'}", quote(t.Value), strings.TrimSpace(key))
			return
		}
		key = strings.TrimRight(key, " ")
	}
	switch {
	case key == "":
		l.add(variableSyntax, t.Position, where, "the variable in %s is empty; name a condition key such as aws:username", quote(t.Value))
	case strings.TrimSpace(key) != key:
		l.add(variableSyntax, t.Position, where, "the variable in %s has white space around its name, which AWS does not take; remove it", quote(t.Value))
	case !strings.Contains(key, ":"):
		l.add(unknownVariable, t.Position, where, "%s is not a condition key, so the variable in %s never has a value (keys have a prefix, as aws:username does); if it is a placeholder, put the value in its place", quote(key), quote(t.Value))
	default:
		l.variableKey(where, t, key)
	}
}

func (l *linter) variableKey(where string, t policy.Text, key string) {
	prefix, _, _ := strings.Cut(key, ":")
	if _, _, known := documented(key); known || strings.Contains(prefix, ".") || strings.EqualFold(prefix, "saml") {
		return
	}
	names := []string{}
	for _, k := range action.Global() {
		names = append(names, k.Name)
	}
	l.add(unknownVariable, t.Position, where, "AWS documents no condition key %s, so the variable has no value and the text matches nothing%s", quote(key), meant(l.nearest(key, names)))
}
