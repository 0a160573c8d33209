package control

import (
	"errors"
	"fmt"
	"iter"

	"holdfast.dev/holdfast/internal/engine/check"
	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/operate/access"
)

// can is can(principal, action, resource): whether a user, role, service or
// account of the account that is judged may do the action to the resource, by
// every kind of policy that has a say. Circumstances are left open: where they
// decide, the answer is unknown, as it is where a policy was not seen.
func can(around *check.Around, args []any) (any, error) {
	var text [3]string
	for i, a := range args {
		switch a := a.(type) {
		case string:
			text[i] = a
		case evidence.Unknown:
			return a, nil
		default:
			return nil, fmt.Errorf("the principal, the action and the resource have to be strings, found %v", a)
		}
	}
	if _, known := around.Kept(); !known {
		return evidence.Unknown{Reason: "the principals of the account were not given"}, nil
	}
	made := around.Once("access", func() any { return estateOf(around) }).(loaded)
	if made.err != nil {
		return nil, made.err
	}
	subject, err := made.estate.Find(text[0])
	if errors.Is(err, access.ErrNone) {
		return false, nil // whoever does not exist can do nothing
	}
	if err != nil {
		return nil, err
	}
	object := made.estate.Object(text[2])
	request, err := made.estate.Request(subject, text[1], object, object.Context(true))
	if err != nil {
		return nil, err
	}
	policies := made.estate.Policies(subject, object)
	switch outcome := iam.Decide(request, &policies); outcome.Decision {
	case iam.Allowed:
		return true, nil
	case iam.Unknown:
		if outcome.Allowed.String() == "false" {
			return false, nil
		}
		return evidence.Unknown{Reason: fmt.Sprintf("whether %s may do %s depends on a %s policy or on circumstances that are not known", text[0], text[1], outcome.Layer)}, nil
	}
	return false, nil
}

type loaded struct {
	estate *access.Estate
	err    error
}

// estateOf is who may do what in the account that is judged.
func estateOf(around *check.Around) loaded {
	kept, _ := around.Kept()
	described := around.Described()
	listed := map[string]bool{}
	for _, typ := range access.Types() {
		listed[typ] = around.Listed(typ)
	}
	all := settled(kept)
	evident := access.Evidence{Gaps: around.Gaps(), Listed: map[string]map[string]bool{}, Resources: both(all, described)}
	for _, r := range all {
		evident.Listed[r.Account] = listed
	}
	evident.Listed[around.Resource().Account] = listed
	estate, err := access.Load(evident)
	return loaded{estate, err}
}

// settled are resources as they are, or as a template's will be.
func settled(kept []*evidence.Resource) []*evidence.Resource {
	var template []evidence.Resource
	var out []*evidence.Resource
	for _, r := range kept {
		if r.Origin != nil {
			template = append(template, *r)
			continue
		}
		out = append(out, r)
	}
	return append(out, access.Settle(template)...)
}

// both goes through what was kept and what describes the organisation, each once.
func both(kept, described []*evidence.Resource) iter.Seq2[*evidence.Resource, error] {
	return func(yield func(*evidence.Resource, error) bool) {
		seen := map[[3]string]bool{}
		for _, r := range described {
			seen[[3]string{r.Type, r.Account, r.ID}] = true
			if !yield(r, nil) {
				return
			}
		}
		for _, r := range kept {
			if !seen[[3]string{r.Type, r.Account, r.ID}] && !yield(r, nil) {
				return
			}
		}
	}
}
