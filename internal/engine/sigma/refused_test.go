package sigma_test

import (
	"strings"
	"testing"

	"holdfast.dev/holdfast/internal/engine/sigma"
)

const base = `{title: base rule, name: base, logsource: {product: aws}, detection: {s: {a: x}, condition: s}}`

// refusedOf gives what became of one document beside the base rule.
func refusedOf(t *testing.T, document string) []sigma.Refusal {
	t.Helper()
	rules, _ := sigma.Parse("base.yml", []byte(base))
	more, refusals := sigma.Parse("rules/refused.yml", []byte(document))
	e, also := sigma.Compile(append(rules, more...), sigma.Options{Sources: []sigma.LogSource{{Product: "aws", Service: "cloudtrail"}}})
	if len(e.Rules()) != 1 {
		t.Error("the rule is in the engine all the same")
	}
	return append(refusals, also...)
}

func TestRefused(t *testing.T) {
	var cases []struct{ Detection, Rule, Field, Reason string }
	load(t, "testdata/refused.yaml", &cases)
	if len(cases) < 90 {
		t.Fatalf("only %d cases were read", len(cases))
	}
	for _, c := range cases {
		document := c.Rule
		if document == "" {
			document = "title: t\nlogsource: {product: aws}\ndetection: " + c.Detection
		}
		t.Run(document, func(t *testing.T) {
			refusals := refusedOf(t, document)
			if len(refusals) != 1 {
				t.Fatalf("%d refusals, one was expected: %v", len(refusals), refusals)
			}
			r := refusals[0]
			if r.Field != c.Field || !strings.Contains(r.Reason, c.Reason) {
				t.Errorf("field %q, reason %q;\nwant %q, %q", r.Field, r.Reason, c.Field, c.Reason)
			}
			if !strings.HasPrefix(r.Error(), "rules/refused.yml:") {
				t.Errorf("%s names no file", r.Error())
			}
		})
	}
}

func TestLimits(t *testing.T) {
	deep := strings.Repeat("[", 30) + strings.Repeat("]", 30)
	bomb := "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
	for i := 'b'; i < 'h'; i++ {
		bomb += string(i) + ": &" + string(i) + " [" + strings.TrimSuffix(strings.Repeat("*"+string(i-1)+", ", 10), ", ") + "]\n"
	}
	for name, c := range map[string]struct{ document, reason string }{
		"depth":     {"title: t\nx: " + deep, "nested more than"},
		"aliases":   {bomb, "more than 50000 values"},
		"text":      {"title: " + strings.Repeat("x", 70_000), "the most for one value"},
		"size":      {strings.Repeat("#\n", 3<<20), "Split it"},
		"condition": {"title: t\nlogsource: {product: aws}\ndetection: {s: {a: x}, condition: '" + strings.Repeat("(", 100) + "s" + strings.Repeat(")", 100) + "'}", "nested more than"},
		"nots":      {"title: t\nlogsource: {product: aws}\ndetection: {s: {a: x}, condition: '" + strings.Repeat("not ", 100) + "s'}", "nested more than"},
		"length":    {"title: t\nlogsource: {product: aws}\ndetection: {s: {a: x}, condition: '" + strings.Repeat("s or ", 5000) + "s'}", "is the most"},
	} {
		t.Run(name, func(t *testing.T) {
			refusals := refusedOf(t, c.document)
			if len(refusals) != 1 || !strings.Contains(refusals[0].Reason, c.reason) {
				t.Errorf("%v, want one that says %q", refusals, c.reason)
			}
		})
	}
	t.Run("placeholders", func(t *testing.T) {
		many := make([]string, 200)
		for i := range many {
			many[i] = "v"
		}
		rules, _ := sigma.Parse("x.yml", []byte("title: t\nlogsource: {product: aws}\ndetection: {s: {a|expand: '%x%%x%%x%'}, condition: s}"))
		_, refusals := sigma.Compile(rules, sigma.Options{Placeholders: map[string][]string{"x": many}})
		if len(refusals) != 1 || !strings.Contains(refusals[0].Reason, "more than 10000 values") {
			t.Error(refusals)
		}
	})
}
