package app_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"holdfast.dev/holdfast/internal/app"
	"holdfast.dev/holdfast/internal/engine/check"
	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/operate/guardrail"
	"holdfast.dev/holdfast/internal/source/cloudformation"
	"holdfast.dev/holdfast/internal/source/cloudformation/cftest"
	"holdfast.dev/holdfast/internal/source/demo"
)

// A control answers on every shape that the sources give and on every hole in
// one: with a plain verdict or with UNKNOWN, never with an evaluation error.
// The worlds below are real output of the sources, or examples with holes.

var catalogueNow = time.Date(2026, time.November, 2, 8, 0, 0, 0, time.UTC)

// world is a set of resources that are judged together.
type world struct {
	name      string
	resources []*evidence.Resource
	gaps      []evidence.Gap
}

// faultsIn judges a world by every control and lists what ends in an error,
// each once per control and reason.
func faultsIn(engine *check.Engine, w world) map[string]string {
	estate := engine.NewEstate(evidence.OrgOf(slices.Values(w.resources)), w.gaps)
	for _, r := range w.resources {
		if estate.Wants(r.Type) {
			estate.Add(r)
		}
	}
	faults := map[string]string{}
	judge := engine.NewJudge(check.Scope{Now: catalogueNow, Estate: estate})
	for _, r := range w.resources {
		judge.Each(r, func(result check.Result) {
			if result.Outcome == check.Error {
				faults[result.Message] = w.name + ": " + r.Type + " " + r.ID
			}
		})
	}
	return faults
}

func reportFaults(t *testing.T, faults map[string]string) {
	t.Helper()
	for _, message := range slices.Sorted(maps.Keys(faults)) {
		t.Errorf("%s\n    on %s", message, faults[message])
	}
}

func catalogueEngine(t *testing.T) ([]check.Control, *check.Engine) {
	t.Helper()
	controls, err := app.Controls(nil)
	if err != nil {
		t.Fatal(err)
	}
	engine, err := app.Engine(controls, nil)
	if err != nil {
		t.Fatal(err)
	}
	return controls, engine
}

func TestNoErrorOnCollectedResources(t *testing.T) {
	_, engine := catalogueEngine(t)
	w := world{name: "what the collectors emit"}
	for _, pattern := range []string{"golden/*.jsonl", "*.golden"} {
		files, err := filepath.Glob("../source/aws/collect/testdata/" + pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("no golden files %s of the collectors were found: %v", pattern, err)
		}
		for _, name := range files {
			w.resources = append(w.resources, goldenResources(t, name)...)
		}
	}
	t.Logf("%d resources", len(w.resources))
	reportFaults(t, faultsIn(engine, w))
}

// goldenResources reads the resources of a golden file: JSON objects, one a line
// or spread over several, between lines that tell of units and gaps.
func goldenResources(t *testing.T, name string) []*evidence.Resource {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var plain []byte
	for line := range bytes.Lines(data) {
		if !bytes.HasPrefix(line, []byte("== ")) && !bytes.HasPrefix(line, []byte("gap ")) {
			plain = append(plain, line...)
		}
	}
	var out []*evidence.Resource
	for decoder := json.NewDecoder(bytes.NewReader(plain)); ; {
		var raw json.RawMessage
		if err := decoder.Decode(&raw); errors.Is(err, io.EOF) {
			return out
		} else if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		object, err := new(evidence.Decoder).DecodeObject(raw)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if object["type"] == nil {
			continue // a gap, or the head of a batch
		}
		text := func(key string) string { s, _ := object[key].(string); return s }
		properties, _ := object["properties"].(map[string]any)
		out = append(out, &evidence.Resource{Type: text("type"), ID: text("id"), ARN: text("arn"), Account: text("account"),
			Region: text("region"), Partition: text("partition"), Properties: properties})
	}
}

func TestNoErrorOnTemplates(t *testing.T) {
	_, engine := catalogueEngine(t)
	for seed := range uint64(3) {
		name := fmt.Sprintf("template-%d.yaml", seed)
		template, err := cloudformation.Parse(name, cftest.Template("yaml", 400, seed), cloudformation.Options{})
		if err != nil {
			t.Fatal(err)
		}
		w := world{name: name, resources: pointers(template.Resources)}
		if len(w.resources) < 300 {
			t.Fatalf("%s gave %d resources", name, len(w.resources))
		}
		reportFaults(t, faultsIn(engine, w))
	}
}

func pointers[T any](list []T) []*T {
	out := make([]*T, len(list))
	for i := range list {
		out[i] = &list[i]
	}
	return out
}

func TestNoErrorOnDemo(t *testing.T) {
	_, engine := catalogueEngine(t)
	w := world{name: "the demo"}
	for b := range demo.Generate(demo.Options{Seed: 1, At: catalogueNow}) {
		w.resources = append(w.resources, b.Resources...)
		w.gaps = append(w.gaps, b.Gaps...)
	}
	reportFaults(t, faultsIn(engine, w))
}

// TestNoErrorOnExamples has every control judge the examples of all controls
// for its type, whole, empty, and with each property in turn missing or not
// seen.
func TestNoErrorOnExamples(t *testing.T) {
	controls, engine := catalogueEngine(t)
	faults := map[string]string{}
	add := func(w world) { maps.Copy(faults, faultsIn(engine, w)) }
	for i := range controls {
		c := &controls[i]
		for _, typ := range c.Resource {
			add(world{"an empty resource for " + c.ID, []*evidence.Resource{exampleOf(typ, nil)}, nil})
		}
		for _, nodes := range [][]yaml.Node{c.Examples.Pass, c.Examples.Fail, c.Examples.Unknown, c.Examples.NotApplicable} {
			for j := range nodes {
				v, err := check.Value(&nodes[j])
				if err != nil {
					t.Fatalf("%s:%d: %v", c.File, nodes[j].Line, err)
				}
				fields, _ := v.(map[string]any)
				name := fmt.Sprintf("%s:%d", c.File, nodes[j].Line)
				add(exampleWorld(name, c.Resource[0], fields))
				for what, holed := range withHoles(fields) {
					holed, _ := holed.(map[string]any)
					add(exampleWorld(name+" "+what, c.Resource[0], holed))
				}
			}
		}
	}
	reportFaults(t, faults)
}

func exampleOf(typ string, fields map[string]any) *evidence.Resource {
	r := &evidence.Resource{Type: typ, ID: "example", Account: "111122223333", Region: "eu-west-1", Partition: "aws", Properties: map[string]any{}}
	for name, v := range fields {
		text, _ := v.(string)
		switch name {
		case "$type":
			r.Type = text
		case "$id":
			r.ID = text
		case "$arn":
			r.ARN = text
		case "$region":
			r.Region = text
		default:
			if !strings.HasPrefix(name, "$") {
				r.Properties[name] = v
			}
		}
	}
	return r
}

// exampleWorld is an example with what is around it; all of it is judged.
func exampleWorld(name, typ string, fields map[string]any) world {
	w := world{name: name, resources: []*evidence.Resource{exampleOf(typ, fields)}}
	list, _ := fields["$related"].([]any)
	for _, e := range list {
		if related, ok := e.(map[string]any); ok {
			w.resources = append(w.resources, exampleOf("", related))
		}
	}
	return w
}

// withHoles yields v with one value in it missing or unknown, for every value.
func withHoles(v any) func(yield func(string, any) bool) {
	return func(yield func(string, any) bool) {
		holes(v, "", func(what string, holed any) bool { return yield(what, holed) })
	}
}

func holes(v any, path string, yield func(string, any) bool) bool {
	unknown := evidence.Unknown{Reason: "not seen"}
	switch v := v.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if strings.HasPrefix(key, "$") && key != "$related" {
				continue
			}
			at := path + "/" + key
			replaced := func(value any) map[string]any {
				out := maps.Clone(v)
				out[key] = value
				return out
			}
			without := maps.Clone(v)
			delete(without, key)
			if !yield("without "+at, without) {
				return false
			}
			if key != "$related" && !yield("with an unknown "+at, replaced(unknown)) {
				return false
			}
			if !holes(v[key], at, func(what string, inner any) bool { return yield(what, replaced(inner)) }) {
				return false
			}
		}
	case []any:
		for i := range v {
			at := fmt.Sprintf("%s/%d", path, i)
			replaced := func(value any) []any {
				out := slices.Clone(v)
				out[i] = value
				return out
			}
			if !strings.HasPrefix(at, "/$related/") || strings.Count(at, "/") > 2 {
				if !yield("with an unknown "+at, replaced(unknown)) {
					return false
				}
			}
			if !holes(v[i], at, func(what string, inner any) bool { return yield(what, replaced(inner)) }) {
				return false
			}
		}
	}
	return true
}

// TestDemoShowsGuardrails keeps the demo telling of guardrails that prevent what
// a control finds: TLS on the production OU, and no root user below the OUs.
func TestDemoShowsGuardrails(t *testing.T) {
	_, engine := catalogueEngine(t)
	guardrails, err := app.Guardrails()
	if err != nil {
		t.Fatal(err)
	}
	var resources []*evidence.Resource
	for b := range demo.Generate(demo.Options{Seed: 1, At: catalogueNow}) {
		resources = append(resources, b.Resources...)
	}
	org := evidence.OrgOf(slices.Values(resources))
	estate := engine.NewEstate(org, nil)
	for _, r := range resources {
		if estate.Wants(r.Type) {
			estate.Add(r)
		}
	}
	scope := check.Scope{Now: catalogueNow, Estate: estate}
	preventer := guardrail.Preventer{Guardrails: guardrails, Policies: guardrail.Collect(slices.Values(resources))}
	judge, prevented := engine.NewJudge(scope), map[string]int{}
	for _, r := range resources {
		judge.Each(r, func(result check.Result) {
			if result.Outcome != check.Fail {
				return
			}
			if id, ok := preventer.Prevents(result.Control, r, scope); ok {
				prevented[id]++
				if org.Accounts[r.Account].Management {
					t.Errorf("%s is prevented in the management account, which no such policy binds", result.Control.ID)
				}
			}
		})
	}
	if prevented["require-tls"] == 0 || prevented["deny-root-user"] == 0 {
		t.Errorf("prevented: %v; require-tls and deny-root-user were to be among them", prevented)
	}
}
