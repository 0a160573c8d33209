package app

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam/action"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
)

// Doubts are what of a question most likely was not meant: an action or a context
// key that AWS does not document, a resource that the action does not work on. A
// wildcard grants a misspelt action too, so the answer alone would not show it.
// They do not change the answer: AWS may know what the catalogue does not yet.
func Doubts(name, resource string, c Circumstances) []string {
	var out []string
	if text := doubtAction(name); text != "" {
		out = append(out, text)
	} else if text := doubtResource(name, resource); text != "" {
		out = append(out, text)
	}
	keys := slices.Concat(slices.Sorted(maps.Keys(c.Values)), c.Unknown, c.Present, c.Absent)
	for _, key := range keys {
		if text := doubtKey(key); text != "" {
			out = append(out, text)
		}
	}
	return out
}

// doubtAction is about an action that the catalogue does not have; a pattern is
// fine where it matches some.
func doubtAction(name string) string {
	prefix, verb, ok := strings.Cut(name, ":")
	if !ok || len(action.Expand(name)) > 0 {
		return ""
	}
	service, ok := action.Find(prefix)
	if !ok {
		if strings.ContainsAny(prefix, "*?") {
			return ""
		}
		return fmt.Sprintf("%s: AWS documents no service with the prefix %q%s", name, prefix, perhaps(prefix, action.Services(), ""))
	}
	if strings.ContainsAny(verb, "*?") {
		return fmt.Sprintf("%s matches no action of %s that AWS documents", name, service.Name)
	}
	var names []string
	for _, a := range service.Actions() {
		names = append(names, a.Name)
	}
	return fmt.Sprintf("%s is no action of %s that AWS documents%s", name, service.Name, perhaps(verb, names, service.Prefix+":"))
}

// doubtResource is about a resource of which no type is one that the action works
// on, where the service has that resource at all.
func doubtResource(name, resource string) string {
	a, ok := action.Lookup(name)
	if !ok || len(a.Resources) == 0 || resource == "*" || strings.HasPrefix(name, "sts:") {
		return ""
	}
	var wants []string
	kinds := action.ResourceTypesFor(resource)
	for _, use := range a.Resources {
		for _, kind := range kinds {
			if kind.ARN == use.Type.ARN {
				return ""
			}
		}
		wants = append(wants, use.Type.Name)
	}
	if len(kinds) == 0 {
		return ""
	}
	more := ""
	if len(wants) > 3 {
		wants, more = wants[:3], " and others"
	}
	return fmt.Sprintf("%s is a %s, and %s works on others: %s%s", resource, kinds[0].Name, a, strings.Join(wants, ", "), more)
}

// doubtKey is about a context key that no request has.
func doubtKey(key string) string {
	if key == "*" {
		return ""
	}
	if _, ok := action.KeyFor(key); ok {
		return ""
	}
	prefix, _, ok := strings.Cut(key, ":")
	if !ok {
		return fmt.Sprintf("%q is not a context key: keys have a prefix, such as aws:SourceIp", key)
	}
	var names []string
	if strings.EqualFold(prefix, "aws") {
		for _, k := range action.Global() {
			names = append(names, k.Name)
		}
	} else if s, ok := action.Find(prefix); ok {
		for _, k := range s.Keys() {
			names = append(names, k.Name)
		}
	} else {
		return "" // of an identity provider
	}
	return fmt.Sprintf("%s is no context key that AWS documents%s", key, perhaps(key, names, ""))
}

// perhaps suggests the name that differs least; of three letters any differs little.
func perhaps(got string, names []string, prefix string) string {
	if len(got) < 4 {
		return ""
	}
	if near := policy.Nearest(got, names); near != "" {
		return "; did you mean " + prefix + near + "?"
	}
	return ""
}
