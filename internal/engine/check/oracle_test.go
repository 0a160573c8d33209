package check

import (
	"slices"
	"strings"
	"testing"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/ext"
	"pgregory.net/rapid"

	"holdfast.dev/holdfast/internal/evidence"
)

// The universe of the oracle: two properties of each kind, and the values they
// may take. It is small enough to try every completion of the unknowns.
var universe = map[string][]any{
	"A": {true, false}, "B": {true, false},
	"N": {int64(0), int64(1), int64(5)}, "M": {int64(0), int64(1), int64(5)},
	"S": {"a", "b"}, "T": {"a", "b"},
}

func boolean(depth int) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		pick := func(list ...string) string { return rapid.SampledFrom(list).Draw(t, "pick") }
		sub := func() string { return boolean(depth-1).Draw(t, "sub") }
		kinds := 14
		if depth == 0 {
			kinds = 7
		}
		number, text := func() string { return pick("resource.N", "resource.M", "0", "1", "5") }, func() string { return pick("resource.S", "resource.T", `"a"`, `"b"`) }
		switch rapid.IntRange(0, kinds-1).Draw(t, "kind") {
		case 0, 1:
			return pick("resource.A", "resource.B")
		case 2:
			return number() + pick(" < ", " <= ", " > ", " >= ", " == ", " != ") + number()
		case 3:
			return text() + pick(" == ", " != ") + text()
		case 4:
			return text() + " in [" + text() + ", " + text() + "]"
		case 5:
			return "resource.L.exists(x, x == " + text() + ")"
		case 6:
			return "size(resource.L) " + pick("<", "==") + " " + number()
		case 7:
			return "(" + sub() + " && " + sub() + ")"
		case 8:
			return "(" + sub() + " || " + sub() + ")"
		case 9:
			return "!(" + sub() + ")"
		case 10:
			return "(" + sub() + " ? " + sub() + " : " + sub() + ")"
		case 11:
			return "resource.L." + pick("exists", "all", "exists_one") + "(x, x == " + text() + " || " + sub() + ")"
		case 12:
			return "resource.?A.orValue(false) == (" + sub() + ")"
		}
		return "(resource.L + [" + text() + "] == [" + text() + ", " + text() + "])"
	})
}

// fataler is what a test and a property test have in common.
type fataler interface{ Fatalf(string, ...any) }

func oracleEnv(t testing.TB) (*cel.Env, map[string]function) {
	env, functions, err := environment(nil)
	if err != nil {
		t.Fatal(err)
	}
	return env, functions
}

func evaluateOurs(t fataler, env *cel.Env, functions map[string]function, source string, resource map[string]any) any {
	checked, issues := env.Compile(source)
	if issues.Err() != nil {
		t.Fatalf("%s: %v", source, issues.Err())
	}
	fn, err := newBuilder(functions).build(checked.NativeRep().Expr())
	if err != nil {
		t.Fatalf("%s: %v", source, err)
	}
	f := &frame{subject: &subject{scope: &Scope{Now: exampleNow}, resource: &evidence.Resource{}}}
	f.slots[0], f.slots[5] = resource, exampleNow
	return fn(f)
}

func draw(t *rapid.T, unknowns bool) (resource map[string]any, hidden []string) {
	resource = map[string]any{}
	for _, name := range []string{"A", "B", "M", "N", "S", "T"} {
		resource[name] = rapid.SampledFrom(universe[name]).Draw(t, name)
		if unknowns && rapid.IntRange(0, 2).Draw(t, "hide") == 0 {
			resource[name] = evidence.Unknown{Reason: name, Present: true}
			hidden = append(hidden, name)
		}
	}
	list := []any{}
	for range rapid.IntRange(0, 2).Draw(t, "length") {
		list = append(list, rapid.SampledFrom(universe["S"]).Draw(t, "element"))
	}
	if unknowns && len(list) > 0 && rapid.Bool().Draw(t, "hide element") {
		list[0] = evidence.Unknown{Reason: "L", Present: true}
		hidden = append(hidden, "L")
	}
	resource["L"] = list
	return resource, hidden
}

// Where nothing is unknown, we and cel-go's interpreter agree.
func TestAgreesWithCEL(t *testing.T) {
	env, functions := oracleEnv(t)
	theirs, err := cel.NewEnv(cel.OptionalTypes(), ext.Strings(), cel.Variable("resource", cel.MapType(cel.StringType, cel.DynType)))
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		source := boolean(3).Draw(t, "expression")
		resource, _ := draw(t, false)
		ours := evaluateOurs(t, env, functions, source, resource)
		checked, issues := theirs.Compile(source)
		if issues.Err() != nil {
			t.Fatal(issues.Err())
		}
		program, err := theirs.Program(checked)
		if err != nil {
			t.Fatal(err)
		}
		out, _, err := program.Eval(map[string]any{"resource": resource})
		if err != nil {
			t.Fatalf("%s on %v: %v", source, resource, err)
		}
		if ours != out.Value() {
			t.Fatalf("%s on %v: we say %v, CEL says %v", source, resource, ours, out.Value())
		}
	})
}

// A verdict given in spite of unknowns holds however they turn out. (The
// converse cannot be had cheaply: x || !x of an unknown x is unknown to us.)
func TestUnknownIsSound(t *testing.T) {
	env, functions := oracleEnv(t)
	decided := 0
	rapid.Check(t, func(t *rapid.T) {
		source := boolean(3).Draw(t, "expression")
		resource, hidden := draw(t, true)
		verdict := evaluateOurs(t, env, functions, source, resource)
		if _, ok := verdict.(*failure); ok {
			t.Fatalf("%s on %v: %v", source, resource, verdict)
		}
		if _, ok := verdict.(bool); !ok {
			return
		}
		if len(hidden) > 0 {
			decided++
		}
		for _, world := range completions(resource, hidden) {
			if got := evaluateOurs(t, env, functions, source, world); got != verdict {
				t.Fatalf("%s on %v is %v, yet %v in %v", source, resource, verdict, got, world)
			}
		}
	})
	if decided == 0 {
		t.Error("no expression was decided in spite of unknowns; the test shows nothing")
	}
}

// completions lists every world the unknowns may stand for.
func completions(resource map[string]any, hidden []string) []map[string]any {
	worlds := []map[string]any{resource}
	for _, name := range hidden {
		var next []map[string]any
		for _, w := range worlds {
			for _, v := range universe[map[bool]string{true: "S", false: name}[name == "L"]] {
				copied := map[string]any{}
				for k, old := range w {
					copied[k] = old
				}
				copied[name] = v
				if name == "L" {
					list := slices.Clone(w["L"].([]any))
					list[0] = v
					copied[name] = list
				}
				next = append(next, copied)
			}
		}
		worlds = next
	}
	return worlds
}

func TestExpressions(t *testing.T) {
	env, functions := oracleEnv(t)
	unknown, present := evidence.Unknown{Reason: "denied"}, evidence.Unknown{Reason: "ref", Present: true}
	arn := evidence.Unknown{Reason: "ref", Present: true, Prefix: "arn:aws", Suffix: ":policy/Admin"}
	resource := map[string]any{"On": true, "Name": "bucket", "U": unknown, "P": present, "Nested": map[string]any{"Port": int64(22)},
		"Arn":  arn,
		"List": []any{"a", unknown}, "Open": []any{"a", rest{Unknown: unknown}}, "Sure": []any{"a", present}, "Since": "2025-12-01T00:00:00Z", "Null": nil}
	for _, c := range []struct {
		source string
		want   any
	}{
		{`has(resource.On)`, true}, {`has(resource.Missing)`, false}, {`has(resource.Missing.Deeper)`, false}, {`has(resource.Null)`, false},
		{`has(resource.U)`, unknown}, {`has(resource.P)`, true}, {`has(resource.P.Deeper)`, evidence.Unknown{Reason: "ref"}},
		{`resource.U == "x"`, unknown}, {`resource.U == "x" || resource.On`, true}, {`resource.U == "x" && !resource.On`, false},
		{`resource.?Missing.orValue(false)`, false}, {`resource.?Nested.?Port.orValue(0) == 22`, true}, {`resource.?Missing.?Port.hasValue()`, false},
		{`resource.?U.orValue(true)`, unknown}, {`resource.?U.hasValue()`, unknown}, {`resource.?P.hasValue()`, true}, {`resource.?P.?X.hasValue()`, evidence.Unknown{Reason: "ref"}},
		{`"a" in resource.List`, true}, {`"b" in resource.List`, unknown}, {`"b" in ["a", resource.U]`, evidence.Unknown{Reason: "denied", Present: true}}, {`resource.U in []`, false},
		{`resource.List == ["a", "b"]`, unknown}, {`resource.List == ["b", "b"]`, false}, {`resource.List != ["a", "b"]`, unknown}, {`["a"] == resource.Sure`, false},
		{`resource.List.exists(x, x == "a")`, true}, {`resource.List.all(x, x == "b")`, false}, {`resource.List.all(x, x == "a")`, unknown},
		{`size(resource.Sure)`, int64(2)}, {`size(resource.Open)`, unknown}, {`resource.Open.exists(x, x == "a")`, true}, {`resource.Open.exists(x, x == "z")`, unknown},
		{`resource.Open.exists(x, true)`, true}, {`resource.Open.filter(x, x == "z").exists(x, true)`, unknown}, {`resource.Open.all(x, x == "a")`, unknown},
		{`resource.Open.all(x, true)`, true}, {`resource.Open.all(x, x == "z")`, false}, {`size(resource.Open.map(x, 1))`, unknown},
		{`resource.Arn == "*"`, false}, {`resource.Arn != "arn:aws:iam::aws:policy/Reader"`, true}, {`resource.Arn == "arn:aws:iam::aws:policy/Admin"`, arn},
		{`resource.Arn.startsWith("arn:")`, true}, {`resource.Arn.startsWith("urn:")`, false}, {`resource.Arn.startsWith("arn:aws:iam")`, arn},
		{`resource.Arn.endsWith("/Admin")`, true}, {`resource.Arn.endsWith("/Reader")`, false}, {`resource.Arn.endsWith("aws:policy/Admin")`, arn},
		{`resource.Arn.contains("policy")`, true}, {`resource.Arn.contains("role")`, arn}, {`resource.U.startsWith("")`, unknown}, {`"*" in [resource.Arn]`, false},
		{`resource.U ? 1 : 1`, int64(1)}, {`resource.U ? 1 : 2`, unknown},
		{`days_since(resource.Since)`, int64(31)}, {`now - timestamp(resource.Since) > duration("24h")`, true},
		{`resource.Name.matches("^b.*t$")`, true}, {`resource.Name.startsWith("buck") && resource.Name.size() == 6`, true},
		{`resource.Name.split("k")[1]`, "et"}, {`["x", "y"].join("-")`, "x-y"}, {`resource.Name.replace("b", "B")`, "Bucket"},
		{`resource.?Nested.optMap(n, n.Port + 1).orValue(0)`, int64(23)}, {`7 / 2`, int64(3)}, {`{"a": 1}["a"]`, int64(1)},
		{`any_address("0.0.0.0/0") && any_address("::/0") && any_address("128.0.0.0/1") && !any_address("10.0.0.0/8") && !any_address("x")`, true},
	} {
		if got := evaluateOurs(t, env, functions, c.source, resource); got != c.want {
			t.Errorf("%s = %v, want %v", c.source, got, c.want)
		}
	}
	for source, want := range map[string]string{
		`resource.Missing == 1`: "no such property: Missing", `resource.Name > 1`: "cannot order a string and a number",
		`resource.Name.exists(x, x == 1)`: "cannot go through a string as a list", `1 / 0 == 1`: "division by zero",
		`resource.Missing == 1 || resource.Missing == 2`: "no such property",
	} {
		got, ok := evaluateOurs(t, env, functions, source, resource).(*failure)
		if !ok || !strings.Contains(got.text, want) {
			t.Errorf("%s = %v, want an error with %q", source, got, want)
		}
	}
}
