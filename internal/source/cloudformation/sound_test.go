package cloudformation_test

import (
	"fmt"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/source/cloudformation"
)

// TestKnownValuesAreSound: what is known of a property while parameters are
// missing is what it is once they are given, and what is said to be present is.
func TestKnownValuesAreSound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := "Transform: AWS::LanguageExtensions\nParameters:\n  P0: {Type: String}\n  P1: {Type: String}\n  L: {Type: CommaDelimitedList}\n" +
			"Mappings: {M: {a: {x: 1, y: same}, b: {x: 2, y: same}}}\n" +
			"Conditions:\n  C0: !Equals [!Ref P0, a]\n  C1: !Equals [!Ref P1, a]\n" +
			"Resources:\n  R:\n    Type: Custom::R\n    Properties:\n      V: " + drawValue(t, 3) + "\n"
		for n := range 8 {
			full := map[string]string{"P0": []string{"a", "b"}[n&1], "P1": []string{"a", "b"}[n>>1&1], "L": []string{"a,b", "b"}[n>>2&1]}
			some := map[string]string{}
			for name, v := range full {
				if rapid.Bool().Draw(t, "give "+name) {
					some[name] = v
				}
			}
			partial, partialErr := parseWith(text, some)
			whole, err := parseWith(text, full)
			if err != nil || partialErr != nil {
				continue // such as an index out of range
			}
			if !covers(partial, whole) {
				t.Fatalf("with %v it is %v, with %v it is %v:\n%s", some, partial, full, whole, text)
			}
		}
	})
}

// absent is what a property is that is not there.
type absent struct{}

func parseWith(text string, parameters map[string]string) (any, error) {
	got, err := cloudformation.Parse("t.yaml", []byte(text), cloudformation.Options{Parameters: parameters})
	if err != nil {
		return nil, err
	}
	v, ok := got.Resources[0].Properties["V"]
	if !ok {
		v = absent{}
	}
	return v, nil
}

// covers tells whether partial leaves room for whole.
func covers(partial, whole any) bool {
	if u, ok := partial.(evidence.Unknown); ok {
		return !u.Present || whole != absent{}
	}
	switch p := partial.(type) {
	case map[string]any:
		w, ok := whole.(map[string]any)
		if !ok {
			return false
		}
		for k := range w {
			if _, ok := p[k]; !ok {
				return false
			}
		}
		for k, v := range p {
			x, ok := w[k]
			if !ok {
				x = absent{}
			}
			if !covers(v, x) {
				return false
			}
		}
		return true
	case []any:
		w, ok := whole.([]any)
		if !ok {
			return false
		}
		return coversList(p, w)
	}
	return reflect.DeepEqual(partial, whole)
}

// coversList lets an item that may be absent be so.
func coversList(p, w []any) bool {
	if len(p) == 0 {
		return len(w) == 0
	}
	if len(w) > 0 && covers(p[0], w[0]) && coversList(p[1:], w[1:]) {
		return true
	}
	u, ok := p[0].(evidence.Unknown)
	return ok && !u.Present && coversList(p[1:], w)
}

func drawValue(t *rapid.T, depth int) string {
	leaf := func() string {
		return rapid.SampledFrom([]string{"a", "b", "0", "!Ref P0", "!Ref P1", "!Ref AWS::NoValue", "{Fn::Sub: '${P0}-x'}", "{Fn::FindInMap: [M, !Ref P0, x]}", "{Fn::FindInMap: [M, !Ref P1, y]}"}).Draw(t, "leaf")
	}
	if depth == 0 {
		return leaf()
	}
	below := func() string { return drawValue(t, depth-1) }
	items := func() string {
		if rapid.Bool().Draw(t, "list parameter") {
			return "!Ref L"
		}
		return fmt.Sprintf("[%s, %s]", below(), below())
	}
	switch rapid.IntRange(0, 8).Draw(t, "kind") {
	case 0:
		return fmt.Sprintf("{Fn::If: [C0, %s, %s]}", below(), below())
	case 1:
		return fmt.Sprintf("{Fn::If: [C1, %s, %s]}", below(), below())
	case 2:
		return fmt.Sprintf("{K: %s, L: %s}", below(), below())
	case 3:
		return items()
	case 4:
		return fmt.Sprintf("{Fn::Join: ['-', %s]}", items())
	case 5:
		return fmt.Sprintf("{Fn::Select: [%d, %s]}", rapid.IntRange(0, 1).Draw(t, "index"), items())
	case 6:
		return fmt.Sprintf("{Fn::Length: %s}", items())
	case 7:
		return fmt.Sprintf("{Fn::ToJsonString: %s}", below())
	}
	return leaf()
}
