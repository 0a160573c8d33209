package sigma_test

import (
	"os"
	"testing"

	"go.yaml.in/yaml/v3"

	"holdfast.dev/holdfast/internal/engine/sigma"
)

// matchCase is one case of testdata/match.yaml.
type matchCase struct {
	Name         string
	Detection    yaml.Node
	YAML         string
	Fields       map[string][]string
	Placeholders map[string][]string
	Match, Miss  []string
}

func load(t testing.TB, file string, into any) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(data, into); err != nil {
		t.Fatal(err)
	}
}

// document writes the rule of a case as YAML.
func (c *matchCase) document(t testing.TB) []byte {
	head := map[string]any{"title": c.Name, "logsource": map[string]string{"product": "aws"}}
	if c.YAML != "" {
		data, err := yaml.Marshal(head)
		if err != nil {
			t.Fatal(err)
		}
		return append(data, c.YAML...)
	}
	head["detection"] = &c.Detection
	data, err := yaml.Marshal(head)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// compiled gives the engine of rules that must all be taken.
func compiled(t testing.TB, o sigma.Options, documents ...string) *sigma.Engine {
	t.Helper()
	var rules []*sigma.Rule
	for _, d := range documents {
		parsed, refusals := sigma.Parse("test.yml", []byte(d))
		for _, r := range refusals {
			t.Error(r)
		}
		rules = append(rules, parsed...)
	}
	e, refusals := sigma.Compile(rules, o)
	for _, r := range refusals {
		t.Error(r)
	}
	return e
}

// titles gives the rules that hold for an event.
func titles(m *sigma.Matcher, event string) (found []string) {
	var r sigma.Record
	r.Reset([]byte(event))
	m.Match(&r, func(c *sigma.Compiled) bool {
		found = append(found, c.Rule.Title)
		return true
	})
	return found
}

func TestMatch(t *testing.T) {
	var cases []matchCase
	load(t, "testdata/match.yaml", &cases)
	if len(cases) < 60 {
		t.Fatalf("only %d cases were read", len(cases))
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			e := compiled(t, sigma.Options{Fields: c.Fields, Placeholders: c.Placeholders}, string(c.document(t)))
			m := e.Matcher()
			for range 2 { // the second time from what was remembered
				for _, event := range c.Match {
					if len(titles(m, event)) == 0 {
						t.Errorf("does not match %s", event)
					}
				}
				for _, event := range c.Miss {
					if len(titles(m, event)) > 0 {
						t.Errorf("matches %s", event)
					}
				}
			}
			if len(c.Match) == 0 || len(c.Miss) == 0 {
				t.Error("a case needs events that match and events that do not")
			}
		})
	}
}

// TestMatchTogether runs all cases in one engine: no rule may disturb another.
func TestMatchTogether(t *testing.T) {
	var cases []matchCase
	load(t, "testdata/match.yaml", &cases)
	o := sigma.Options{Fields: map[string][]string{}, Placeholders: map[string][]string{}}
	var rules []string
	for _, c := range cases {
		if len(c.Fields) > 0 || len(c.Placeholders) > 0 {
			continue
		}
		rules = append(rules, string(c.document(t)))
	}
	e := compiled(t, o, rules...)
	m := e.Matcher()
	for _, c := range cases {
		if len(c.Fields) > 0 || len(c.Placeholders) > 0 {
			continue
		}
		has := func(event string) bool {
			for _, title := range titles(m, event) {
				if title == c.Name {
					return true
				}
			}
			return false
		}
		for _, event := range c.Match {
			if !has(event) {
				t.Errorf("%s does not match %s among others", c.Name, event)
			}
		}
		for _, event := range c.Miss {
			if has(event) {
				t.Errorf("%s matches %s among others", c.Name, event)
			}
		}
	}
	t.Log(e.Stats())
}
