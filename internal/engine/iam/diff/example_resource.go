package diff

import (
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam/action"
)

// examples are resources of a place, those the action works on first.
func (c *comparison) examples(l leaf, p place) []string {
	var out []string
	try := func(resource string, at int) {
		if at >= 0 && len(out) < resourcesTried && slices.Contains(p.parts, at) && !slices.Contains(out, resource) {
			out = append(out, resource)
		}
	}
	works := func(resource string) {
		if len(out) < resourcesTried && (p.action == nil || c.worksOn(p.action, resource)) {
			try(resource, p.shape.place(resource))
		}
	}
	// With variables what a pattern covers depends on the request: their values
	// are those that contexts use.
	for _, x := range l.when {
		if c.atoms[x.atom].key == resourceAtom {
			for _, v := range c.atoms[x.atom].condition.Values {
				works(fill(substitute(v.Value, sentinels[0])))
				works(fill(substitute(v.Value, sentinels[1])))
			}
		}
	}
	var templates []string
	if p.action != nil {
		for _, u := range p.action.Resources {
			templates = append(templates, u.Type.Glob())
			works(fillTemplate(u.Type.ARN))
		}
	}
	if len(templates) == 0 {
		try("*", p.shape.place("*"))
	}
	for _, g := range p.shape.groups {
		for _, pattern := range g.patterns {
			works(fill(pattern))
		}
	}
	for _, t := range templates {
		for _, at := range p.shape.of(t) {
			for _, text := range p.shape.texts[t][at] {
				try(text, at)
			}
		}
	}
	for _, at := range p.parts {
		for _, text := range p.shape.parts[at].witnesses {
			try(text, at)
		}
	}
	return out
}

func (c *comparison) worksOn(a *action.Action, resource string) bool {
	for _, u := range a.Resources {
		template := u.Type.Glob()
		if c.templates[template] == nil {
			c.templates[template] = resourceGlob(template).Machine()
		}
		if c.templates[template].Match(resource) {
			return true
		}
	}
	return len(a.Resources) == 0
}

// fillTemplate makes an example of a resource type's ARN.
func fillTemplate(template string) string {
	for name, value := range map[string]string{"Partition": "aws", "Region": "us-east-1", "Account": "111122223333", "AccountId": "111122223333"} {
		template = strings.ReplaceAll(template, "${"+name+"}", value)
	}
	return strings.ReplaceAll(generalise(template), "*", "example")
}

// substitute gives every variable of a text a value.
func substitute(s, with string) string {
	for _, escape := range []string{"*", "?", "$"} {
		s = strings.ReplaceAll(s, "${"+escape+"}", "\x00"+escape)
	}
	var b strings.Builder
	for {
		at := strings.Index(s, "${")
		end := -1
		if at >= 0 {
			end = strings.IndexByte(s[at:], '}')
		}
		if end < 0 {
			b.WriteString(s)
			break
		}
		b.WriteString(s[:at] + with)
		s = s[at+end+1:]
	}
	return strings.ReplaceAll(b.String(), "\x00", "")
}

// fill makes an example of a pattern: something that reads well in place of each
// wildcard and variable.
func fill(pattern string) string {
	parts := strings.SplitN(generalise(pattern), ":", 6)
	if parts[0] != "arn" || len(parts) < 6 {
		return fillWith(generalise(pattern), "example")
	}
	for i, with := range []string{"arn", "aws", "s3", "us-east-1", "111122223333", "example"} {
		parts[i] = fillWith(parts[i], with)
	}
	return strings.Join(parts, ":")
}

func fillWith(s, with string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "*", with), "?", "x")
}
