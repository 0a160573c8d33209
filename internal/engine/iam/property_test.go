package iam_test

import (
	"slices"
	"testing"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
	"holdfast.dev/holdfast/internal/kleene"
)

// Where everything is known the engine says what the oracle says.
func TestPropertyEngineIsOracle(t *testing.T) {
	m := newMaker(1)
	m.sets = true
	seen := map[iam.Decision]int{}
	failed := 0
	for i := range cases(t, 20_000) {
		w := m.world()
		want, got := oracle(w), w.engine(t)
		seen[want]++
		if got.Decision != want {
			t.Errorf("case %d: the engine says %v (%v), the oracle %v\n%v", i, got.Decision, got.Layer, want, w)
			if failed++; failed > 3 {
				t.FailNow()
			}
		}
	}
	for _, d := range []iam.Decision{iam.Allowed, iam.ExplicitlyDenied, iam.ImplicitlyDenied} {
		if seen[d] < 50 {
			t.Errorf("only %d worlds are %v: the maker is too one-sided", seen[d], d)
		}
	}
	t.Logf("decisions: %v", seen)
}

// Adding a Deny never grants, and removing an Allow never grants, whichever layer
// it is in and whatever is not known. There is one exception, and it is AWS's own:
// without the statement that made it public a bucket policy is no longer public,
// and RestrictPublicBuckets lets its other grants be.
func TestPropertyLessIsNeverMore(t *testing.T) {
	m := newMaker(2)
	for i := range cases(t, 3_000) {
		w := m.world()
		m.forget(w)
		before := w.engine(t)
		for name, layer := range w.layers() {
			principals := name == "resource" || name == "endpoint" || name[0] == 'r'
			kept := *layer
			deny := m.statement(w, principals)
			deny.Effect = policy.Deny
			*layer = append(slices.Clone(kept), &policy.Document{Version: policy.Version2012, Statements: []policy.Statement{deny}})
			if after := w.engine(t); grants(before, after) {
				t.Fatalf("case %d: adding a Deny to %s turns %v into %v\n%v", i, name, before.Decision, after.Decision, w)
			}
			shut := name == "resource" && w.bucket != nil && w.bucket.RestrictPublicBuckets != kleene.False
			for d, doc := range kept {
				if shut {
					break
				}
				s := slices.IndexFunc(doc.Statements, func(s policy.Statement) bool { return s.Effect == policy.Allow })
				if s < 0 {
					continue
				}
				less := *doc
				less.Statements = slices.Delete(slices.Clone(doc.Statements), s, s+1)
				*layer = slices.Clone(kept)
				(*layer)[d] = &less
				if after := w.engine(t); grants(before, after) {
					t.Fatalf("case %d: removing an Allow from %s turns %v into %v\n%v", i, name, before.Decision, after.Decision, w)
				}
			}
			*layer = kept
		}
	}
}

// grants tells whether an answer lets in more than another: what was denied is
// open, or what was open is allowed.
func grants(before, after iam.Outcome) bool {
	rank := func(o iam.Outcome) int {
		switch o.Decision {
		case iam.Allowed:
			return 2
		case iam.Unknown:
			if o.Allowed == kleene.Unknown {
				return 1
			}
		}
		return 0
	}
	return rank(after) > rank(before)
}

// The order of policies, statements and the parts of statements never matters.
func TestPropertyOrderNeverMatters(t *testing.T) {
	m := newMaker(3)
	for i := range cases(t, 3_000) {
		w := m.world()
		m.forget(w)
		before := w.engine(t)
		for _, layer := range w.layers() {
			shuffle(m, *layer)
			for _, doc := range *layer {
				shuffle(m, doc.Statements)
				for i := range doc.Statements {
					s := &doc.Statements[i]
					shuffle(m, s.Actions)
					shuffle(m, s.NotActions)
					shuffle(m, s.Resources)
					shuffle(m, s.NotResources)
					shuffle(m, s.Principals)
					shuffle(m, s.NotPrincipals)
					shuffle(m, s.Conditions)
				}
			}
		}
		shuffle(m, w.scps)
		shuffle(m, w.rcps)
		after := w.engine(t)
		if before.Decision != after.Decision || before.Allowed != after.Allowed {
			t.Fatalf("case %d: another order turns %v (allowed %v) into %v (%v)\n%v", i, before.Decision, before.Allowed, after.Decision, after.Allowed, w)
		}
	}
}

func shuffle[T any](m *maker, list []T) {
	m.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
}

// forget makes one or two of the keys unknown that policies ask for.
func (m *maker) forget(w *world) {
	w.states = map[string]iam.State{}
	var asked []string
	for _, layer := range w.layers() {
		for _, doc := range *layer {
			for _, s := range doc.Statements {
				for _, c := range s.Conditions {
					if slices.ContainsFunc(testKeys, func(k testKey) bool { return k.name == c.Key }) {
						asked = append(asked, c.Key)
					}
				}
			}
		}
	}
	slices.Sort(asked)
	for range m.IntN(3) {
		if len(asked) == 0 {
			return
		}
		key := pick(m, asked...)
		delete(w.context, key)
		w.states[key] = pick(m, iam.Unseen, iam.Present)
	}
}
