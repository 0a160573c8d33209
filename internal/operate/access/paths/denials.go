package paths

import (
	"slices"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/escalate"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
	"holdfast.dev/holdfast/internal/kleene"
	"holdfast.dev/holdfast/internal/operate/access"
)

// A policy that only denies is a guardrail which whoever may detach or delete its
// own policies takes down. One that also allows something is left alone: without
// it there might be nothing to gain. So is one that a group brings, too.

// onlyDenies tells whether a policy denies, and allows nothing.
func onlyDenies(p *iam.Policy) bool {
	allows := func(s policy.Statement) bool { return s.Effect != policy.Deny }
	return p.Doc.Unseen == "" && len(p.Doc.Statements) > 0 && !slices.ContainsFunc(p.Doc.Statements, allows)
}

// denials are the places, among a principal's policies, of those it has itself
// that only deny: managed and inline ones.
func (f *facts) denials(s *access.Subject) (attached, inline []int) {
	for i, source := range s.Sources {
		switch {
		case source.Group != "" || !onlyDenies(s.Identity.Policies[i]):
		case source.ARN == "":
			inline = append(inline, i)
		case !f.grouped(s, source.ARN):
			attached = append(attached, i)
		}
	}
	return attached, inline
}

// grouped tells whether a policy comes through one of the user's groups as well.
func (f *facts) grouped(s *access.Subject, arn string) bool {
	return slices.ContainsFunc(s.Groups, func(name string) bool {
		g := f.groups[f.byName[named{s.Principal.Account, name}]]
		return g != nil && slices.Contains(g.attached, arn)
	})
}

// some tells whether there are any, of policies some of which may not be seen.
func some(list []int, s *access.Subject) kleene.Value {
	if len(list) == 0 && s.Identity.Unseen != "" {
		return kleene.Unknown
	}
	return kleene.Of(len(list) > 0)
}

// unguarded is what is left of a principal's policies when those that only deny
// are gone. The set is the principal's own, maybe with statements left out.
func (f *facts) unguarded(set iam.Set, s *access.Subject, who escalate.Who) iam.Set {
	attached, inline := f.denials(s)
	out := iam.Set{Unseen: set.Unseen}
	for i, p := range set.Policies {
		if who.Detached && slices.Contains(attached, i) || who.Erased && slices.Contains(inline, i) {
			continue
		}
		out.Policies = append(out.Policies, p)
	}
	return out
}
