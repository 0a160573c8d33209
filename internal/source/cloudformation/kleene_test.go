package cloudformation_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"holdfast.dev/holdfast/internal/source/cloudformation"
)

// TestConditionsAreKleene: what is decided while parameters are unknown stays
// so whatever they turn out to be. The oracle is every assignment of values.
func TestConditionsAreKleene(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := "Parameters:\n"
		for i := range 3 {
			text += fmt.Sprintf("  P%d: {Type: String}\n", i)
		}
		text += "Conditions:\n  C: " + drawCondition(t, 4) + "\nResources:\n  R: {Type: Custom::R, Condition: C, Properties: {V: !If [C, then, else]}}\n"
		given := map[string]string{}
		for i := range 3 {
			if v := rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "given"); v != "" {
				given[fmt.Sprintf("P%d", i)] = v
			}
		}
		partial := exists(t, text, given)
		for n := range 8 {
			full := map[string]string{}
			for i := range 3 {
				name := fmt.Sprintf("P%d", i)
				full[name] = []string{"a", "b"}[n>>i&1]
				if v, ok := given[name]; ok {
					full[name] = v
				}
			}
			whole := exists(t, text, full)
			if whole == "unknown" {
				t.Fatalf("all parameters are given and the condition is not known:\n%s", text)
			}
			if partial != "unknown" && partial != whole {
				t.Fatalf("with %v the condition is %s, with %v it is %s:\n%s", given, partial, full, whole, text)
			}
		}
	})
}

func drawCondition(t *rapid.T, depth int) string {
	kind := rapid.IntRange(0, 3).Draw(t, "kind")
	if depth == 0 {
		kind = 0
	}
	operand := func() string {
		return rapid.SampledFrom([]string{"a", "b", "!Ref P0", "!Ref P1", "!Ref P2", "!Sub '${P0}'"}).Draw(t, "operand")
	}
	switch kind {
	case 1:
		return "{Fn::Not: [" + drawCondition(t, depth-1) + "]}"
	case 2:
		return "{Fn::And: [" + drawCondition(t, depth-1) + ", " + drawCondition(t, depth-1) + "]}"
	case 3:
		return "{Fn::Or: [" + drawCondition(t, depth-1) + ", " + drawCondition(t, depth-1) + "]}"
	}
	return "{Fn::Equals: [" + operand() + ", " + operand() + "]}"
}

func exists(t *rapid.T, text string, parameters map[string]string) string {
	got, err := cloudformation.Parse("t.yaml", []byte(text), cloudformation.Options{Parameters: parameters})
	if err != nil {
		t.Fatal(err)
	}
	switch {
	case len(got.Resources) == 0:
		return "false"
	case got.Resources[0].Origin.Conditional:
		return "unknown"
	}
	if v := got.Resources[0].Properties["V"]; v != "then" {
		t.Fatalf("the resource exists and Fn::If gives %v", v)
	}
	return "true"
}
