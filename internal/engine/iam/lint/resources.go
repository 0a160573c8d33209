package lint

import (
	"strings"
	"sync"

	"holdfast.dev/holdfast/internal/engine/iam/action"
	"holdfast.dev/holdfast/internal/engine/iam/glob"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
)

// resources checks whether the actions and the resources go together.
func (l *linter) resources() {
	for _, e := range l.resourceElements() {
		for _, r := range e.list {
			l.resource(e.name, r)
		}
	}
	if l.s.Resources == nil || l.s.Actions == nil || l.s.Unseen.Has(policy.ActionPart|policy.ResourcePart) {
		return
	}
	patterns := make([]string, len(l.s.Resources))
	for i, r := range l.s.Resources {
		if r.Partial || strings.HasPrefix(r.Value, "execute-api:/") {
			return
		}
		patterns[i] = l.pattern(r.Value)
		if patterns[i] == "*" {
			return // everything goes with everything
		}
	}
	used := make([]bool, len(patterns))
	certain := true // whether all actions are known
	for _, a := range l.s.Actions {
		meant := l.expand(a.Value)
		if len(meant) == 0 || a.Partial || !strings.Contains(a.Value, ":") || strings.HasPrefix(a.Value, "*") {
			certain = false // unknown, which is another finding, or everything
			continue
		}
		if !l.works(meant, patterns, used) {
			l.withoutResource(a, meant)
		}
	}
	for i, ok := range used {
		if r := l.s.Resources[i]; !ok && certain && l.resourceKnown(patterns[i]) {
			l.add(unusedResource, r.Position, "Resource", "none of the statement's actions works on %s, so it has no effect; move it to the actions it belongs to, or leave it out", quote(r.Value))
		}
	}
}

// pattern is a resource as a pattern of text: variables stand for anything.
func (l *linter) pattern(r string) string {
	if !l.doc.Variables() || !strings.Contains(r, "${") {
		return r
	}
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(r, "${")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		b.WriteByte('*')
		_, r, _ = strings.Cut(rest, "}")
	}
}

// works tells whether one of the actions works on one of the resources, and
// marks the resources that any of them works on.
func (l *linter) works(actions []*action.Action, patterns []string, used []bool) bool {
	any := false
	for _, a := range actions {
		for _, use := range a.Resources {
			for i, p := range patterns {
				if (!used[i] || !any) && l.fit(use.Type, p) {
					used[i], any = true, true
				}
			}
		}
	}
	return any
}

// fit tells whether some resource of a type matches the pattern.
func (l *linter) fit(t *action.ResourceType, pattern string) bool {
	service := serviceOf(pattern)
	if own := serviceOf(t.ARN); service != "" && service != own && !strings.ContainsAny(service+own, "*?$") {
		return false
	}
	key := [2]string{t.ARN, pattern}
	ok, known := l.fits[key]
	if !known {
		ok = glob.ArnIntersects(shape(t), pattern)
		l.fits[key] = ok
	}
	return ok
}

// serviceOf is the third part of an ARN.
func serviceOf(arn string) string {
	_, rest, _ := strings.Cut(arn, ":")
	_, rest, _ = strings.Cut(rest, ":")
	service, _, _ := strings.Cut(rest, ":")
	return service
}

// shape is the pattern of a type's ARNs. Where they have a Region or an account
// these are not empty.
func shape(t *action.ResourceType) string {
	parts := strings.SplitN(t.Glob(), ":", 6)
	if len(parts) == 6 {
		for _, i := range []int{3, 4} {
			if parts[i] == "*" {
				parts[i] = "?*"
			}
		}
	}
	return strings.Join(parts, ":")
}

func (l *linter) withoutResource(a policy.Text, meant []*action.Action) {
	types := map[string]bool{}
	var names []string
	for _, m := range meant {
		for _, use := range m.Resources {
			if n := use.Type.ARN; !types[n] && len(names) < 3 {
				types[n] = true
				names = append(names, n)
			}
		}
	}
	if len(names) == 0 {
		l.add(actionWithout, a.Position, "Action", "%s works on no resource in particular, so this statement never matches it; give it a statement with \"Resource\": \"*\"", quote(a.Value))
		return
	}
	l.add(actionWithout, a.Position, "Action", "%s works on none of the resources of this statement, which therefore never matches it; it works on %s", quote(a.Value), strings.Join(names, " or "))
}

// resource checks an ARN by itself against what its service has.
func (l *linter) resource(where string, r policy.Text) {
	pattern := l.pattern(r.Value)
	arn, ok := policy.SplitARN(pattern)
	if !ok || r.Partial || strings.ContainsAny(arn.Service, "*?") {
		return
	}
	if arn.Resource == "" {
		l.add(emptyResource, r.Position, where, "%s names no resource: nothing stands behind the fifth colon. Write * there if all are meant", quote(r.Value))
		return
	}
	if _, known := action.Find(arn.Service); !known || l.resourceKnown(pattern) {
		return
	}
	l.add(unknownResource, r.Position, where, "AWS documents no resource of %s like %s%s", arn.Service, quote(r.Value), l.repair(arn))
}

// resourceKnown tells whether some type of resource matches the pattern.
func (l *linter) resourceKnown(pattern string) bool {
	arn, ok := policy.SplitARN(pattern)
	if !ok {
		return true
	}
	// Most ARNs name the service whose prefix they have; not all.
	if s, ok := action.Find(arn.Service); ok {
		for _, t := range s.ResourceTypes() {
			if l.fit(t, pattern) {
				return true
			}
		}
	}
	for _, t := range byService()[arn.Service] {
		if l.fit(t, pattern) {
			return true
		}
	}
	return false
}

// byService are all types of resource by the service that their ARNs name.
var byService = sync.OnceValue(func() map[string][]*action.ResourceType {
	out := map[string][]*action.ResourceType{}
	for _, prefix := range action.Services() {
		s, _ := action.Find(prefix)
		for _, t := range s.ResourceTypes() {
			if parts := strings.SplitN(t.ARN, ":", 4); len(parts) == 4 {
				out[parts[2]] = append(out[parts[2]], t)
			}
		}
	}
	return out
})

// repair says which part of an ARN is wrong, where another value would do.
func (l *linter) repair(a policy.ARN) string {
	write := func(a policy.ARN) string {
		return strings.Join([]string{"arn", a.Partition, a.Service, a.Region, a.Account, a.Resource}, ":")
	}
	for _, try := range []struct {
		change func(policy.ARN) policy.ARN
		advice string
	}{
		{func(a policy.ARN) policy.ARN { a.Region = ""; return a }, "it has no Region; leave the fourth part empty"},
		{func(a policy.ARN) policy.ARN { a.Account = ""; return a }, "it has no account; leave the fifth part empty"},
		{func(a policy.ARN) policy.ARN { a.Region, a.Account = "", ""; return a }, "it has neither Region nor account; leave the fourth and fifth part empty"},
		{func(a policy.ARN) policy.ARN { a.Region = "*"; return a }, "the Region is missing; write it, or *, as the fourth part"},
		{func(a policy.ARN) policy.ARN { a.Account = "*"; return a }, "the account is missing; write it, or *, as the fifth part"},
		{func(a policy.ARN) policy.ARN { a.Region, a.Account = "*", "*"; return a }, "Region and account are missing; write them, or *, as the fourth and fifth part"},
	} {
		if l.resourceKnown(write(try.change(a))) {
			return ": " + try.advice
		}
	}
	return "; see its resource types in the Service Authorization Reference"
}
