package check

import (
	"strings"
	"testing"

	"holdfast.dev/holdfast/internal/evidence"
)

const bucketControl = `id: bucket-versioned
title: Buckets keep versions
severity: medium
objective: resilience
kind: detective
layer: workload
resource: AWS::S3::Bucket
when: resource.?BucketName.orValue("") != "scratch"
check: resource.?VersioningConfiguration.?Status.orValue("") == params.status
message: Bucket ${meta.id} in ${meta.region} keeps no versions (${resource.?VersioningConfiguration.?Status.orValue("off")}).
params: {status: Enabled}
maps: {sec01: [BP03]}
examples:
  pass:
    - VersioningConfiguration: {Status: Enabled}
    - VersioningConfiguration: {Status: Suspended}
      $params: {status: Suspended}
  fail:
    - {}
    - VersioningConfiguration: {Status: Suspended}
  unknown:
    - VersioningConfiguration: !unknown denied
    - BucketName: !present a reference
  not_applicable:
    - BucketName: scratch
`

func parseOne(t *testing.T, source string) Control {
	t.Helper()
	controls, err := Parse("c.yaml", []byte(source))
	if err != nil {
		t.Fatal(err)
	}
	return controls[0]
}

func TestControlAndItsExamples(t *testing.T) {
	c := parseOne(t, bucketControl)
	if err := Test([]Control{c}, Options{}); err != nil {
		t.Fatal(err)
	}
	e, err := Compile([]Control{c}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	r := &evidence.Resource{Type: "AWS::S3::Bucket", ID: "logs", Region: "eu-west-1", Properties: map[string]any{"VersioningConfiguration": map[string]any{"Status": "Suspended"}}}
	got := e.NewJudge(Scope{Now: exampleNow}).one(r, c.ID)
	if got.Outcome != Fail || got.Message != "Bucket logs in eu-west-1 keeps no versions (Suspended)." || len(got.Paths) != 2 || got.Paths[0] != "VersioningConfiguration/Status" {
		t.Errorf("%+v", got)
	}
	if e, err = Compile([]Control{c}, Options{Params: map[string]map[string]any{c.ID: {"status": "Suspended"}}}); err != nil {
		t.Fatal(err)
	}
	if got := e.NewJudge(Scope{Now: exampleNow}).one(r, c.ID); got.Outcome != Pass {
		t.Errorf("the workspace's parameter has no effect: %+v", got)
	}
}

// Every fault is refused with the file, the line and what is wrong.
func TestControlsRefused(t *testing.T) {
	for _, c := range []struct{ name, old, new, want string }{
		{"unknown field", "kind: detective", "kinds: detective", "c.yaml:5: field kinds not found in a control"},
		{"no message", "message: Bucket", "massage: Bucket", "c.yaml:10: field massage not found"},
		{"severity", "severity: medium", "severity: terrible", `c.yaml:3: bucket-versioned: severity "terrible" is not one of critical`},
		{"layer", "layer: workload", "layer: cellar", "c.yaml:6: bucket-versioned: layer"},
		{"id", "id: bucket-versioned", "id: Bucket_Versioned", "c.yaml:1: id"},
		{"type", "resource: AWS::S3::Bucket", "resource: bucket", "c.yaml:7: bucket-versioned: resource"},
		{"no such type", "resource: AWS::S3::Bucket", "resource: AWS::S3::Buckets", "no resource type AWS::S3::Buckets"},
		{"syntax", "check: resource.?Vers", "check: resource.?.Vers", "c.yaml:9: bucket-versioned: check: column"},
		{"variable", "== params.status", "== parameters.status", "undeclared reference to 'parameters'"},
		{"misspelt property", "VersioningConfiguration.?Status.orValue(\"\") ==", "VersioningConfiguration.?State.orValue(\"\") ==", "AWS::S3::Bucket has no property VersioningConfiguration.State"},
		{"not a boolean", "check: resource", "check: size(meta.id) #", "has to be true or false"},
		{"function", "check: resource", "check: resource.BucketName.reverse() == \"\" #", `function "reverse" is not available`},
		{"message", "${meta.id}", "${meta.id", "c.yaml:10:"},
		{"example", "VersioningConfiguration: {Status: Enabled}", "VersioningConfiguration: {Status: Off}", "c.yaml:15: bucket-versioned: the example is meant to be PASS and came out FAIL"},
		{"example property", "- BucketName: scratch", "- BucketNames: scratch", "c.yaml:25: bucket-versioned: AWS::S3::Bucket has no property BucketNames"},
		{"no unknown example", "  unknown:\n    - VersioningConfiguration: !unknown denied\n    - BucketName: !present a reference\n", "", "at least one example each"},
		{"parameter", "$params: {status: Suspended}", "$params: {state: Suspended}", `has no parameter "state"`},
		{"yaml", "id: bucket-versioned", "id: [bucket", "c.yaml:"},
	} {
		source := strings.Replace(bucketControl, c.old, c.new, 1)
		if source == bucketControl {
			t.Fatalf("%s: nothing was changed", c.name)
		}
		controls, err := Parse("c.yaml", []byte(source))
		if err == nil {
			err = Test(controls, Options{})
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v\nwant %q", c.name, err, c.want)
		}
	}
	twice := parseOne(t, bucketControl)
	if _, err := Compile([]Control{twice, twice}, Options{}); err == nil || !strings.Contains(err.Error(), "declared in c.yaml:1 already") {
		t.Errorf("twice: %v", err)
	}
	if _, err := Parse("c.yaml", []byte("# nothing\n")); err == nil || !strings.Contains(err.Error(), "no control") {
		t.Errorf("empty: %v", err)
	}
	if _, err := Parse("c.yaml", make([]byte, maxControl+1)); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("huge: %v", err)
	}
}

// An evaluation error is ERROR, with the control, and the expression.
func TestEvaluationError(t *testing.T) {
	c := parseOne(t, strings.Replace(bucketControl, `resource.?VersioningConfiguration.?Status.orValue("") == params.status`, `resource.VersioningConfiguration.Status > 3`, 1))
	e, err := Compile([]Control{c}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	got := e.NewJudge(Scope{Now: exampleNow}).one(&evidence.Resource{Type: "AWS::S3::Bucket", ID: "b"}, c.ID)
	if got.Outcome != Error || !strings.Contains(got.Message, "bucket-versioned: no such property: VersioningConfiguration (check: resource.VersioningConfiguration.Status > 3)") {
		t.Errorf("%+v", got)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(bucketControl))
	f.Add([]byte("id: a\n---\nid: b"))
	f.Fuzz(func(t *testing.T, in []byte) {
		controls, err := Parse("f", in)
		if err != nil {
			return
		}
		if err := Test(controls, Options{}); err != nil && err.Error() == "" {
			t.Fatal("an error without words")
		}
	})
}
