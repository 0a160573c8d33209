package check

import (
	"holdfast.dev/holdfast/internal/evidence"
)

// Around is what a function of the caller's may see beyond its arguments: the
// resource that is judged, and the estate it stands in.
type Around struct{ subject *subject }

// Resource is the one that is judged.
func (a *Around) Resource() *evidence.Resource { return a.subject.resource }

// Kept are the resources of the types that functions need, in the order in which
// they were added; false where nothing surrounds the resource.
func (a *Around) Kept() ([]*evidence.Resource, bool) {
	estate := a.subject.scope.Estate
	if estate == nil {
		return nil, false
	}
	return estate.kept, true
}

// Described is what is known of the organisation, which may come from other
// accounts.
func (a *Around) Described() []*evidence.Resource {
	if a.subject.scope.Estate == nil {
		return nil
	}
	return a.subject.scope.Estate.Described
}

// Gaps are what could not be read.
func (a *Around) Gaps() []evidence.Gap {
	if a.subject.scope.Estate == nil {
		return nil
	}
	return a.subject.scope.Estate.gaps
}

// Listed tells whether a type was listed at all where the estate is from.
func (a *Around) Listed(typ string) bool {
	estate := a.subject.scope.Estate
	return estate != nil && (estate.Listed == nil || estate.Listed(typ))
}

// Once gives what was made for the estate under a name, and makes it the first
// time.
func (a *Around) Once(name string, create func() any) any {
	estate := a.subject.scope.Estate
	if estate == nil {
		return create()
	}
	if v, ok := estate.made[name]; ok {
		return v
	}
	if estate.made == nil {
		estate.made = map[string]any{}
	}
	estate.made[name] = create()
	return estate.made[name]
}
