package iam_test

import (
	"testing"

	"holdfast.dev/holdfast/internal/engine/iam"
)

// However policies are compiled (each alone, by one compiler that remembers, into
// one index), the answer is the same; and May says of it what Decide says.
func TestPropertyFormsAgree(t *testing.T) {
	m := newMaker(9)
	m.focus = true
	compiler := iam.NewCompiler()
	open := 0
	for i := range cases(t, 1000) {
		w := m.world()
		if i%2 == 0 {
			m.forget(w)
		}
		req, alone := w.question(t)
		want := iam.Decide(req, alone)
		shared, whole := *alone, *alone
		each(&shared, func(set *iam.Set) {
			for j, p := range set.Policies {
				set.Policies[j] = compiler.Compile(p.Name, p.Doc)
			}
		})
		each(&whole, func(set *iam.Set) { set.Index() })
		for name, policies := range map[string]*iam.Policies{"one compiler": &shared, "one index": &whole} {
			got := iam.Decide(req, policies)
			if got.Decision != want.Decision || got.Allowed != want.Allowed || got.Layer != want.Layer {
				t.Fatalf("case %d: with %s %+v, alone %+v\n%v", i, name, got, want, w)
			}
		}
		may := iam.May(req, alone)
		if may.Allowed != want.Allowed || may.Decision != want.Decision && may.Decision != iam.Unknown {
			t.Fatalf("case %d: May says %+v, Decide %+v\n%v", i, may, want, w)
		}
		if may.Decision != want.Decision {
			open++
		}
	}
	if open == 0 {
		t.Error("no request was denied either way")
	}
}

// each hands over copies of all sets, to be changed.
func each(p *iam.Policies, change func(*iam.Set)) {
	list := func(sets []iam.Set) []iam.Set {
		out := make([]iam.Set, len(sets))
		for i := range sets {
			out[i] = *one(&sets[i], change)
		}
		return out
	}
	p.Identity = *one(&p.Identity, change)
	for _, at := range []**iam.Set{&p.Boundary, &p.Session, &p.Resource, &p.Endpoint} {
		if *at != nil {
			*at = one(*at, change)
		}
	}
	p.SCPs, p.RCPs = list(p.SCPs), list(p.RCPs)
}

func one(set *iam.Set, change func(*iam.Set)) *iam.Set {
	out := *set
	out.Policies = append([]*iam.Policy(nil), set.Policies...)
	change(&out)
	return &out
}
