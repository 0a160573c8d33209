package control

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"holdfast.dev/holdfast/catalog"
	"holdfast.dev/holdfast/internal/engine/check"
)

var (
	documentedType = regexp.MustCompile("`((?:AWS|Holdfast)(?:::[A-Za-z0-9]+)+)`")
	documentedName = regexp.MustCompile(`\b[A-Z][A-Za-z0-9]+\b`)
)

// evidenceTypes reads the tables of docs/evidence-types.md: what Observed holds
// of AWS's types, and the properties of our own.
func evidenceTypes(t *testing.T) map[string]map[string]bool {
	t.Helper()
	data, err := os.ReadFile("../../../docs/evidence-types.md")
	if err != nil {
		t.Fatal(err)
	}
	types := map[string]map[string]bool{}
	for line := range strings.Lines(string(data)) {
		first, rest, ok := strings.Cut(strings.Trim(line, "| \n"), "|")
		if !ok || !strings.HasPrefix(line, "| `") {
			continue
		}
		for _, m := range documentedType.FindAllStringSubmatch(first, -1) {
			names := map[string]bool{}
			for _, name := range documentedName.FindAllString(rest, -1) {
				names[name] = true
			}
			types[m[1]] = names
		}
	}
	if len(types) < 40 {
		t.Fatalf("docs/evidence-types.md documents %d types; its tables have changed shape", len(types))
	}
	return types
}

// TestEvidenceDocumented keeps controls to the evidence that docs/evidence-types.md
// promises: the properties of Holdfast's own types and what stands under
// Observed, in expressions and in examples. CloudFormation's schema, by which the
// compiler checks the rest, knows neither.
func TestEvidenceDocumented(t *testing.T) {
	types := evidenceTypes(t)
	controls, err := Load(catalog.Files, "controls")
	if err != nil {
		t.Fatal(err)
	}
	for i := range controls {
		c := &controls[i]
		for _, name := range propertiesRead(c.Resource[0], c.When+" "+c.Check+" "+c.Message) {
			if !slices.ContainsFunc(c.Resource, func(typ string) bool { return types[typ][name] }) {
				t.Errorf("%s reads %s of %s, which docs/evidence-types.md does not have", c.File, name, strings.Join(c.Resource, ", "))
			}
		}
		for _, nodes := range [][]yaml.Node{c.Examples.Pass, c.Examples.Fail, c.Examples.Unknown, c.Examples.NotApplicable} {
			for j := range nodes {
				v, err := check.Value(&nodes[j])
				if err != nil {
					t.Fatal(err)
				}
				fields, _ := v.(map[string]any)
				for typ, names := range propertiesGiven(c.Resource[0], fields) {
					for _, name := range names {
						if !types[typ][name] {
							t.Errorf("%s:%d gives %s to %s, which docs/evidence-types.md does not have", c.File, nodes[j].Line, name, typ)
						}
					}
				}
			}
		}
	}
}

// propertiesRead lists what an expression reads of the resource that the
// CloudFormation schema cannot vouch for.
func propertiesRead(typ, source string) []string {
	var out []string
	names := selections(tokenise(source))
	for _, path := range names {
		switch {
		case strings.HasPrefix(typ, "Holdfast::"):
			if path[0] != "Tags" {
				out = append(out, path[0])
			}
		case path[0] == "Observed" && len(path) > 1:
			out = append(out, path[1])
		}
	}
	return out
}

// selections lists the paths that follow the word resource.
func selections(list []token) [][]string {
	var out [][]string
	for i := range list {
		if list[i].text != "resource" || i > 0 && list[i-1].text == "." {
			continue
		}
		var path []string
		for j := i + 1; j+1 < len(list) && list[j].text == "."; j += 2 {
			if list[j+1].text == "?" {
				j++
			}
			if name := list[j+1].text; name[0] < 'A' || name[0] > 'Z' {
				break // a function
			}
			path = append(path, list[j+1].text)
		}
		if len(path) > 0 {
			out = append(out, path)
		}
	}
	return out
}

// propertiesGiven lists, by type, what an example and what is related to it give.
func propertiesGiven(typ string, fields map[string]any) map[string][]string {
	if own, ok := fields["$type"].(string); ok {
		typ = own
	}
	out := map[string][]string{}
	if strings.HasPrefix(typ, "Holdfast::") {
		for name := range fields {
			if !strings.HasPrefix(name, "$") && name != "Tags" {
				out[typ] = append(out[typ], name)
			}
		}
	} else if observed, ok := fields["Observed"].(map[string]any); ok {
		for name := range observed {
			out[typ] = append(out[typ], name)
		}
	}
	related, _ := fields["$related"].([]any)
	for _, e := range related {
		if fields, ok := e.(map[string]any); ok {
			for typ, names := range propertiesGiven("", fields) {
				out[typ] = append(out[typ], names...)
			}
		}
	}
	return out
}
