package iam_test

import (
	"slices"
	"strings"
	"testing"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
	"holdfast.dev/holdfast/internal/kleene"
)

// Explain says what Decide says, and what it says of each statement is what the
// oracle finds.
func TestPropertyExplainIsTrue(t *testing.T) {
	m := newMaker(5)
	for i := range cases(t, 5_000) {
		m.focus = i%2 == 0
		w := m.world()
		req, policies := w.question(t)
		got, want := iam.Explain(req, policies), iam.Decide(req, policies)
		if got.Decision != want.Decision || got.Allowed != want.Allowed || got.Layer != want.Layer {
			t.Fatalf("case %d: Explain says %+v, Decide %+v\n%v", i, got.Outcome, want, w)
		}
		o := &reading{world: w, keys: contextOf(w)}
		if o.alwaysAllowed() {
			continue
		}
		o.checkTraces(t, got)
		o.checkReasons(t, got)
		if len(got.Alternatives) > 0 {
			t.Fatalf("case %d: everything is known, and yet there are alternatives %v\n%v", i, got.Alternatives, w)
		}
	}
}

// checkTraces compares each statement's trace with the oracle's reading.
func (o *reading) checkTraces(t *testing.T, e *iam.Explanation) {
	t.Helper()
	for _, layer := range e.Layers {
		principals := layer.Layer == iam.ResourceLayer || layer.Layer == iam.EndpointLayer || layer.Layer == iam.RCPLayer
		for _, trace := range layer.Statements {
			d, s := o.statement(trace.Ref)
			who := !principals || o.meant(s)
			for what, pair := range map[string][2]kleene.Value{
				"action":    {trace.Action, kleene.Of(o.actionMatches(s))},
				"resource":  {trace.Resource, kleene.Of(o.resourceMatches(d, s))},
				"principal": {trace.Principal, kleene.Of(who)},
				"whole":     {trace.Matches, kleene.Of(who && o.applies(d, s))},
			} {
				if pair[0] != pair[1] {
					t.Fatalf("the %s of %+v is %v, the trace says %v\n%v", what, trace.Ref, pair[1], pair[0], o.world)
				}
			}
			for i, c := range trace.Conditions {
				written := s.Conditions[slices.IndexFunc(s.Conditions, func(w policy.Condition) bool { return w.Operator == c.Operator && w.Key == c.Key })]
				if len(trace.Conditions) != len(s.Conditions) || slices.Equal(c.Want, valuesOf(written)) && c.Holds != kleene.Of(o.holds(d, &written)) {
					t.Fatalf("condition %d of %+v: %+v\n%v", i, trace.Ref, c, o.world)
				}
			}
		}
	}
}

// checkReasons looks whether what is said to decide does.
func (o *reading) checkReasons(t *testing.T, e *iam.Explanation) {
	t.Helper()
	if e.Decision == iam.ExplicitlyDenied && len(e.By) == 0 {
		t.Fatalf("a denial without a statement\n%v", o.world)
	}
	if e.Decision == iam.ImplicitlyDenied && len(e.By) > 0 {
		t.Fatalf("an implicit denial by %v\n%v", e.By, o.world)
	}
	for _, ref := range e.By {
		d, s := o.statement(ref)
		effect := policy.Allow
		if e.Decision == iam.ExplicitlyDenied {
			effect = policy.Deny
		}
		if s.Effect != effect || ref.Effect != effect || !o.applies(d, s) {
			t.Fatalf("%v is said to be decided by %+v, which does not apply\n%v", e.Decision, ref, o.world)
		}
	}
	for _, key := range e.Missing {
		if _, there := o.keys[strings.ToLower(key)]; there {
			t.Fatalf("%s is said to be missing and is not\n%v", key, o.world)
		}
	}
}

// statement finds what a reference names: world.question calls documents by their
// layer and number.
func (o *reading) statement(ref iam.Ref) (*policy.Document, *policy.Statement) {
	layer, number, _ := strings.Cut(ref.Policy, "-")
	if guardrail := layer[:3]; guardrail == "scp" || guardrail == "rcp" {
		layer = guardrail + " " + layer[3:]
	}
	d := (*o.layers()[layer])[int(number[0]-'0')]
	return d, &d.Statements[ref.Statement]
}

func valuesOf(c policy.Condition) []string {
	var out []string
	for _, v := range c.Values {
		out = append(out, v.Value)
	}
	return out
}

// The alternatives that Explain gives for an unknown answer are true: with those
// values of the unknown keys the oracle answers so.
func TestPropertyAlternativesAreTrue(t *testing.T) {
	m := newMaker(7)
	m.focus = true
	open, count := 0, cases(t, 1_500)
	for i := range count {
		w := m.world()
		m.forget(w)
		req, policies := w.question(t)
		e := iam.Explain(req, policies)
		decided := iam.Decide(req, policies)
		if e.Decision != decided.Decision || e.Allowed != decided.Allowed {
			t.Fatalf("case %d: Explain says %+v, Decide %+v\n%v", i, e.Outcome, decided, w)
		}
		if e.Decision != iam.Unknown {
			continue
		}
		open++
		if len(e.Missing) == 0 {
			t.Fatalf("case %d: unknown, and nothing is missing\n%v", i, w)
		}
		for _, a := range e.Alternatives {
			world := w.clone()
			world.states = nil
			for key := range w.states {
				values := lookupFold(a.Keys, key)
				if len(values) == 0 && w.states[key] == iam.Present {
					values = []string{"whatever"} // it is there, and does not matter here
				}
				if len(values) > 0 {
					world.context[key] = values
				}
			}
			if d := oracle(world); d != a.Decision {
				t.Fatalf("case %d: with %v it is said to be %v, and is %v\n%v", i, a.Keys, a.Decision, d, w)
			}
		}
	}
	if open < count/50 {
		t.Errorf("only %d of %d worlds were open", open, count)
	}
}

func lookupFold(values map[string][]string, key string) []string {
	for k, v := range values {
		if strings.EqualFold(k, key) {
			return v
		}
	}
	return nil
}
