package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// levels are the access levels as they are written; an action that also writes
// has the more telling one.
var levels = map[string]string{
	"List": "l", "Read": "r", "Write": "w", "Tagging, Write": "t", "Tagging": "t",
	"Permissions management, Write": "p", "Permissions management": "p",
}

var types = map[string]string{
	"String": "s", "ARN": "a", "Bool": "b", "Numeric": "n", "Date": "d", "IPAddress": "i", "Binary": "x",
}

// render writes a service as text that package action reads: its name, and then
// the condition keys, the resource types and the actions, one a line, with an
// empty line between the three. Keys and resource types are referred to by
// number.
func (c *catalogue) render(service string) (string, error) {
	var b strings.Builder
	b.WriteString(c.names[service] + "\n")
	keys := numbering{what: "condition key", of: map[string]int{}}
	for _, name := range slices.Sorted(maps.Keys(c.keys[service])) {
		k := c.keys[service][name]
		code, err := keyType(k.Type)
		if err != nil {
			return "", fmt.Errorf("condition key %q: %w", k.Name, err)
		}
		keys.add(k.Name)
		fmt.Fprintf(&b, "%s\t%s\n", k.Name, code)
	}
	b.WriteByte('\n')
	kinds := numbering{what: "resource type", of: map[string]int{}}
	for _, name := range slices.Sorted(maps.Keys(c.resources[service])) {
		r := c.resources[service][name]
		list, err := keys.list(r.Keys)
		if err != nil {
			return "", fmt.Errorf("resource type %q: %w", r.Name, err)
		}
		kinds.add(r.Name)
		fmt.Fprintf(&b, "%s\t%s\t%s\n", r.Name, r.ARN, list)
	}
	b.WriteByte('\n')
	for _, name := range slices.Sorted(maps.Keys(c.actions[service])) {
		line, err := c.actions[service][name].render(keys, kinds)
		if err != nil {
			return "", fmt.Errorf("action %q: %w", name, err)
		}
		b.WriteString(line)
	}
	return b.String(), nil
}

func (a action) render(keys, kinds numbering) (string, error) {
	level, ok := levels[a.Level]
	if !ok {
		return "", fmt.Errorf("access level %q", a.Level)
	}
	dependent := a.Dependent
	uses := make([]string, len(a.Resources))
	for i, r := range a.Resources {
		n, err := kinds.list([]string{r.Name})
		if err != nil {
			return "", err
		}
		if r.Required {
			n += "!"
		}
		if len(r.Keys) > 0 {
			list, err := keys.list(r.Keys)
			if err != nil {
				return "", err
			}
			n += ":" + list
		}
		uses[i] = n
		dependent = append(dependent, r.Dependent...)
	}
	list, err := keys.list(a.Keys)
	if err != nil {
		return "", err
	}
	slices.Sort(dependent)
	return fmt.Sprintf("%s\t%s\t%s\t%s\t%s\n", a.Name, level, strings.Join(uses, ";"), list, strings.Join(slices.Compact(dependent), " ")), nil
}

func keyType(t string) (string, error) {
	one, many := strings.CutPrefix(t, "ArrayOf")
	code, ok := types[one]
	if !ok {
		return "", fmt.Errorf("type %q", t)
	}
	if many {
		code += "+"
	}
	return code, nil
}

// numbering refers to names by their place.
type numbering struct {
	what string
	of   map[string]int
}

func (n numbering) add(name string) { n.of[strings.ToLower(name)] = len(n.of) }

func (n numbering) list(names []string) (string, error) {
	out := make([]string, len(names))
	for i, name := range names {
		at, ok := n.of[strings.ToLower(name)]
		if !ok {
			return "", fmt.Errorf("%s %q is not declared", n.what, name)
		}
		out[i] = strconv.Itoa(at)
	}
	return strings.Join(out, ","), nil
}
