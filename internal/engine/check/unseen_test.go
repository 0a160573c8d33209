package check

import (
	"testing"

	"holdfast.dev/holdfast/internal/evidence"
)

// What may be absent is neither there nor not: in lists, in objects, behind an
// index and on either side of a comparison.
func TestWhatMayBeAbsentIsUnknown(t *testing.T) {
	env, functions := oracleEnv(t)
	maybe, present := evidence.Unknown{Reason: "a condition"}, evidence.Unknown{Reason: "ref", Present: true}
	resource := map[string]any{
		"List": []any{"a", maybe, "b"}, "Sure": []any{"a", present, "b"}, "Object": map[string]any{"A": "a", "B": maybe},
		"Open": []any{"a", rest{Unknown: maybe}}, "Closed": []any{"x", "y"}, "Name": "bucket", "Null": nil,
	}
	for source, want := range map[string]any{
		`size(resource.List)`:                            maybe,
		`size(resource.Sure)`:                            int64(3),
		`size(resource.List) == 3`:                       maybe,
		`resource.List.exists_one(x, x != "z")`:          maybe,
		`[resource.List[1]].exists(x, x == "q")`:         evidence.Unknown{Reason: "a condition", Present: true},
		`resource.List[0]`:                               "a",
		`resource.List[2]`:                               maybe,
		`resource.Sure[2]`:                               "b",
		`resource.List == ["a", "b"]`:                    maybe,
		`resource.List == ["b", "b"]`:                    false,
		`resource.List == ["a"]`:                         false,
		`resource.Sure == ["a", "b"]`:                    false,
		`resource.List.exists(x, x == "b")`:              true,
		`resource.List.map(x, 1) == [1, 1]`:              maybe,
		`[resource.Object.B].exists(x, true)`:            true,
		`size(resource.Object)`:                          maybe,
		`"B" in resource.Object`:                         maybe,
		`"A" in resource.Object`:                         true,
		`"C" in resource.Object`:                         false,
		`resource.Object.exists(k, k == "B")`:            maybe,
		`resource.Object.all(k, k == "A")`:               maybe,
		`resource.Object.all(k, k != "C")`:               true,
		`resource.Object == {"A": "a"}`:                  maybe,
		`resource.Object == {"A": "b"}`:                  false,
		`resource.Object == {"A": "a", "C": "c"}`:        false,
		`{"A": "a"} == resource.Object`:                  maybe,
		`size(resource.Open + resource.Closed)`:          maybe,
		`(resource.Open + resource.Closed)[0]`:           "a",
		`(resource.Open + resource.Closed)[2]`:           maybe,
		`resource.?Missing[?0].orValue("none")`:          "none",
		`resource.?Missing[?0].hasValue()`:               false,
		`resource.?Closed[?1].orValue("none")`:           "y",
		`resource.?Closed[?7].orValue("none")`:           "none",
		`resource.Name[?0].hasValue()`:                   false,
		`resource.Closed[?7].hasValue()`:                 false,
		`has(resource.Null.Deeper.Still)`:                false,
		`resource.?Missing[?0].orValue("none") != "bad"`: true,
	} {
		if got := evaluateOurs(t, env, functions, source, resource); got != want {
			t.Errorf("%s = %v, want %v", source, got, want)
		}
	}
	// What cannot be computed is an error, not an answer.
	for _, source := range []string{
		`has(resource.Name.Deeper.Still)`, `!has(resource.Name.Deeper.Still)`, `double("NaN") <= 5.0`, `double("inf") > 5.0`, `int(1e300) > 0`,
	} {
		if got := evaluateOurs(t, env, functions, source, resource); !isFailure(got) {
			t.Errorf("%s = %v, want an error", source, got)
		}
	}
}

func isFailure(v any) bool { _, ok := v.(*failure); return ok }

// Whether a resource exists may depend on a condition; what relies on it then
// does too.
func TestConditionalResources(t *testing.T) {
	in := func(logical, typ string, conditional bool, p map[string]any) *evidence.Resource {
		return &evidence.Resource{Type: typ, ID: logical, Properties: p, Origin: &evidence.Origin{File: "a.yaml", LogicalID: logical, Conditional: conditional}}
	}
	bucket := in("Data", "AWS::S3::Bucket", false, map[string]any{})
	ref := evidence.Unknown{Reason: "reference to Data", Present: true, Ref: "Data"}
	const policies = `related("AWS::S3::BucketPolicy", "Bucket")`
	for _, c := range []struct {
		expression  string
		conditional []bool // one policy each
		want        Outcome
	}{
		{policies + `.exists(p, true)`, []bool{false}, Pass},
		{policies + `.exists(p, true)`, []bool{true}, Unknown},
		{policies + `.exists(p, true)`, []bool{true, false}, Pass},
		{policies + `.exists(p, has(p.Nothing))`, []bool{true}, Fail},
		{policies + `.all(p, has(p.Bucket))`, []bool{true}, Pass},
		{policies + `.all(p, !has(p.Bucket))`, []bool{true}, Unknown},
		{`size(` + policies + `) == 0`, []bool{true}, Unknown},
		{policies + `.filter(p, has(p.Bucket)).exists(p, true)`, []bool{true}, Unknown},
	} {
		got := judgeBucket(t, c.expression, func(e *Engine) *Estate {
			estate := e.NewEstate(evidence.Org{}, nil)
			for i, conditional := range c.conditional {
				estate.Add(in("Policy"+string(rune('A'+i)), "AWS::S3::BucketPolicy", conditional, map[string]any{"Bucket": ref}))
			}
			return estate
		}, bucket)
		if got != c.want {
			t.Errorf("%s with conditions %v: %v, want %v", c.expression, c.conditional, got, c.want)
		}
	}
}

// A gap hides what it says, and everything where it does not say.
func TestGapsOfAnyShapeHide(t *testing.T) {
	bucket := &evidence.Resource{Type: "AWS::S3::Bucket", ID: "b", Account: "1", Region: "eu-west-1"}
	policy := []string{"AWS::S3::BucketPolicy"}
	for name, c := range map[string]struct {
		gap  evidence.Gap
		want Outcome
	}{
		"no gap that matters":     {evidence.Gap{Account: "1", Types: []string{"AWS::S3::AccessPoint"}}, Pass},
		"no types":                {evidence.Gap{Account: "1", Reason: evidence.Denied}, Unknown},
		"no account":              {evidence.Gap{Types: policy}, Unknown},
		"account not visited":     {evidence.Gap{Account: "1", Region: evidence.Global, Types: []string{evidence.TypeAccount}, Resource: "1", Reason: evidence.NotRecorded}, Unknown},
		"another not visited":     {evidence.Gap{Account: "2", Region: evidence.Global, Types: []string{evidence.TypeAccount}, Resource: "2", Reason: evidence.NotRecorded}, Pass},
		"one resource only":       {evidence.Gap{Account: "1", Types: policy, Resource: "p", Reason: evidence.Denied}, Pass},
		"a detail of the account": {evidence.Gap{Account: "1", Types: []string{evidence.TypeAccount}, Resource: "1", Reason: evidence.Denied}, Pass},
	} {
		got := judgeBucket(t, `related("AWS::S3::BucketPolicy", "Bucket").all(p, false)`, func(e *Engine) *Estate { return e.NewEstate(evidence.Org{}, []evidence.Gap{c.gap}) }, bucket)
		if got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
