package iam_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"go.yaml.in/yaml/v3"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
)

// awsCase is one request in the shape that `holdfast iam decide` reads, with what
// AWS's documentation says of it.
type awsCase struct {
	ID      string
	Says    string // what the page says
	Request struct {
		Principal       any
		Action          string
		Resource        string
		ResourceAccount string `yaml:"resourceAccount"`
		Context         map[string][]string
		Unknown         []string
	}
	Policies struct {
		Identity []awsPolicy
		Boundary []awsPolicy
		Session  []awsPolicy
		Resource map[string]any
		Endpoint []awsPolicy
		SCPs     []awsLevel
		RCPs     []awsLevel
	}
	ManagementAccount bool `yaml:"managementAccount"`
	Expect            string
}

type awsPolicy struct {
	Name   string
	Policy map[string]any
}

type awsLevel struct {
	Node     string
	Policies []awsPolicy
}

type awsFile struct {
	Source string
	Cases  []awsCase
}

// The examples that AWS publishes, decided as it says.
func TestAWSExamples(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "aws", "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	for _, name := range files {
		file := readExamples(t, name)
		for _, c := range file.Cases {
			t.Run(filepath.Base(name)+"/"+c.ID, func(t *testing.T) { c.check(t, file.Source) })
		}
	}
}

func readExamples(t *testing.T, name string) awsFile {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var file awsFile
	if err := yaml.Unmarshal(content, &file); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if file.Source == "" || len(file.Cases) == 0 {
		t.Fatalf("%s names no source, or has no cases", name)
	}
	return file
}

func (c *awsCase) check(t *testing.T, source string) {
	w, err := c.world()
	if err != nil {
		t.Fatal(err)
	}
	if len(w.states) == 0 {
		if got := oracle(w).String(); got != c.Expect {
			t.Errorf("the oracle says %s, AWS %s: %s (%s)", got, c.Expect, c.Says, source)
		}
	}
	if got := w.engine(t).Decision.String(); got != c.Expect {
		t.Errorf("the engine says %s, AWS %s: %s (%s)\n%v", got, c.Expect, c.Says, source, w)
	}
}

func (c *awsCase) world() (*world, error) {
	p, err := principalOf(c.Request.Principal)
	if err != nil {
		return nil, err
	}
	p.OrgSeen, p.TagsSeen = true, true
	p.Management = c.ManagementAccount
	w := &world{
		principal: p, action: c.Request.Action, resource: c.Request.Resource, account: c.Request.ResourceAccount, context: c.Request.Context,
		identity: awsDocuments(c.Policies.Identity), boundary: awsLimit(c.Policies.Boundary), session: awsLimit(c.Policies.Session),
		endpoint: awsLimit(c.Policies.Endpoint), states: map[string]iam.State{},
	}
	for _, key := range c.Request.Unknown {
		w.states[key] = iam.Unseen
	}
	if c.Policies.Resource != nil {
		w.attached = &documents{policy.Of(stringsOf(c.Policies.Resource))}
	}
	for _, level := range c.Policies.SCPs {
		w.scps = append(w.scps, awsDocuments(level.Policies))
	}
	for _, level := range c.Policies.RCPs {
		w.rcps = append(w.rcps, awsDocuments(level.Policies))
	}
	return w, nil
}

func principalOf(v any) (*iam.Principal, error) {
	switch v := v.(type) {
	case string:
		return iam.ParsePrincipal(v)
	case map[string]any:
		if name, ok := v["service"].(string); ok {
			return iam.Service(name), nil
		}
		if name, ok := v["federated"].(string); ok {
			return iam.Federated(name), nil
		}
		if v["type"] == "Anonymous" {
			return iam.Anonymous(), nil
		}
	}
	return nil, fmt.Errorf("%v is no principal", v)
}

func awsDocuments(list []awsPolicy) documents {
	var out documents
	for _, p := range list {
		out = append(out, policy.Of(stringsOf(p.Policy)))
	}
	return out
}

func awsLimit(list []awsPolicy) *documents {
	if list == nil {
		return nil
	}
	d := awsDocuments(list)
	return &d
}

// stringsOf makes text of YAML's numbers, as JSON policies have text there.
func stringsOf(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for key, e := range v {
			out[key] = stringsOf(e)
		}
		return out
	case []any:
		out := slices.Clone(v)
		for i, e := range out {
			out[i] = stringsOf(e)
		}
		return out
	case int:
		return fmt.Sprint(v)
	}
	return v
}
