package cloudformation_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"holdfast.dev/holdfast/internal/source/cloudformation"
)

const small = "Resources:\n  A: {Type: AWS::S3::Bucket}\n"

func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		p := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// walk gives the files that were visited, relative to dir, errors marked.
func walk(t *testing.T, dir string, opt cloudformation.WalkOptions, roots ...string) []string {
	t.Helper()
	var got []string
	err := cloudformation.Walk(context.Background(), roots, opt, func(tpl cloudformation.Template, err error) error {
		name := strings.TrimPrefix(tpl.File, filepath.ToSlash(dir)+"/")
		if err != nil {
			name += " ERROR"
		}
		got = append(got, name)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestWalk(t *testing.T) {
	defer goleak.VerifyNone(t)
	dir := tree(t, map[string]string{
		"b/stack.yaml": small, "a.template": small, "c.yml": small, "z.json": `{"Resources": {"A": {"Type": "AWS::S3::Bucket"}}}`,
		"package.json": `{"name": "x", "resources": {}}`, ".github/workflows/ci.yml": "on: push\njobs: {}\n", "notes.txt": small,
		"broken.yaml": "AWSTemplateFormatVersion: 2010-09-09\nResources: [\n", "not-yaml.yaml": "a: [\n",
		"node_modules/x/t.yaml": small, ".git/t.yaml": small, ".terraform/t.yaml": small,
		"gen/out/t.yaml": small, "gen/keep.yaml": small, "b/skip-me.yaml": small,
	})
	if err := os.Symlink(filepath.Join(dir, "c.yml"), filepath.Join(dir, "link.yaml")); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	opt := cloudformation.WalkOptions{Exclude: []string{"gen/**/t.yaml", "skip-*"}}
	want := []string{"a.template", "b/stack.yaml", "broken.yaml ERROR", "c.yml", "gen/keep.yaml", "z.json"}
	for _, workers := range []int{0, 1, 7} {
		opt.Workers = workers
		if got := walk(t, dir, opt, dir); !reflect.DeepEqual(got, want) {
			t.Errorf("%d workers: %v, want %v", workers, got, want)
		}
	}
	named := []string{"b/stack.yaml", "notes.txt", "package.json ERROR"}
	got := walk(t, dir, opt, filepath.Join(dir, "b"), filepath.Join(dir, "notes.txt"), filepath.Join(dir, "package.json"), filepath.Join(dir, "b", "stack.yaml"))
	if !reflect.DeepEqual(got, named) {
		t.Errorf("named files: %v, want %v", got, named)
	}
}

func TestWalkEnds(t *testing.T) {
	defer goleak.VerifyNone(t)
	files := map[string]string{}
	for i := range 40 {
		files[string(rune('a'+i%26))+strings.Repeat("x", i)+".yaml"] = small
	}
	dir := tree(t, files)
	stop := errors.New("stop")
	n := 0
	err := cloudformation.Walk(context.Background(), []string{dir}, cloudformation.WalkOptions{Workers: 3}, func(cloudformation.Template, error) error {
		n++
		return stop
	})
	if !errors.Is(err, stop) || n != 1 {
		t.Errorf("visit's error: %v after %d", err, n)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := cloudformation.Walk(ctx, []string{dir}, cloudformation.WalkOptions{}, func(cloudformation.Template, error) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if err := cloudformation.Walk(context.Background(), []string{filepath.Join(dir, "nope")}, cloudformation.WalkOptions{}, nil); err == nil || !strings.Contains(err.Error(), "nope") {
		t.Errorf("missing root: %v", err)
	}
	if err := cloudformation.Walk(context.Background(), []string{dir}, cloudformation.WalkOptions{Exclude: []string{"[a"}}, nil); err == nil || !strings.Contains(err.Error(), `"[a"`) {
		t.Errorf("bad pattern: %v", err)
	}
}

// TestWalkLargeFile: a sparse file of 100 MB is refused without being read.
func TestWalkLargeFile(t *testing.T) {
	dir := tree(t, map[string]string{"big.yaml": small, "data.json": `{"rows": [1,2,3]}`})
	for _, name := range []string{"big.yaml", "data.json"} {
		if err := os.Truncate(filepath.Join(dir, name), 100<<20); err != nil {
			t.Fatal(err)
		}
	}
	var failed []error
	err := cloudformation.Walk(context.Background(), []string{dir}, cloudformation.WalkOptions{}, func(_ cloudformation.Template, err error) error {
		failed = append(failed, err)
		return nil
	})
	if err != nil || len(failed) != 1 || failed[0] == nil || !strings.Contains(failed[0].Error(), "big.yaml: the file is larger than") {
		t.Errorf("%v, %v", err, failed)
	}
}

func TestIsTemplate(t *testing.T) {
	for text, want := range map[string]bool{
		small: true,
		"AWSTemplateFormatVersion: '2010-09-09'\n":                                                true,
		"\"Resources\" :\n  A:\n    \"Type\": 'AWS::S3::Bucket'\n":                                true,
		"Resources:\n  Fn::ForEach::X:\n    - N\n    - [a]\n    - R${N}: {Type: My::Own::Type}\n": true,
		"resources:\n  a: {Type: AWS::S3::Bucket}\n":                                              false,
		"Resources:\n  - cpu\n  - memory\n":                                                       false,
		"apiVersion: v1\nkind: List\nspec:\n  Resources: {Type: 'a::b'}\n":                        false,
		"":    false,
		"   ": false,
		`{"Resources": {"A": {"Properties": {"Type": "no"}, "Type": "AWS::S3::Bucket"}}}`:  true,
		`{"AWSTemplateFormatVersion": "2010-09-09"}`:                                       true,
		`{"Description": "say \"Resources\"", "Resources": {"A": {"Type" : "Custom::A"}}}`: true,
		`{"Resources": {"A": {"Type": "plain"}}}`:                                          false,
		`{"nested": {"Resources": {"A": {"Type": "AWS::S3::Bucket"}}}}`:                    false,
		`{"body": "{\"Resources\": {\"A\": {\"Type\": \"AWS::S3::Bucket\"}}}"}`:            false,
		`{"Resources": [{"Type": "AWS::S3::Bucket"}]}`:                                     false,
		`[{"Resources": {"A": {"Type": "AWS::S3::Bucket"}}}]`:                              false,
		`{"Resources": {"A": {"Type": "AWS::S3::Bu`:                                        false,
	} {
		if got := cloudformation.IsTemplate([]byte(text)); got != want {
			t.Errorf("IsTemplate(%q) = %v", text, got)
		}
	}
}

func TestParseParameters(t *testing.T) {
	want := map[string]string{"Stage": "prod", "Subnets": "a,b", "Port": "80"}
	for name, text := range map[string]string{
		"cli.json":      `[{"ParameterKey":"Stage","ParameterValue":"prod"},{"ParameterKey":"Subnets","ParameterValue":"a,b"},{"ParameterKey":"Port","ParameterValue":80},{"ParameterKey":"Kept","UsePreviousValue":true}]`,
		"pipeline.json": `{"Parameters":{"Stage":"prod","Subnets":["a","b"],"Port":"80"},"Tags":{"x":"y"}}`,
		"plain.json":    `{"Stage":"prod","Subnets":"a,b","Port":80}`,
		"plain.yaml":    "Stage: prod\nSubnets: [a, b]\nPort: 80\n",
		"cli.yaml":      "- ParameterKey: Stage\n  ParameterValue: prod\n- {ParameterKey: Subnets, ParameterValue: 'a,b'}\n- {ParameterKey: Port, ParameterValue: 80}\n",
		"flow.yaml":     "{Stage: prod, Subnets: [a, b], Port: '80'}",
	} {
		got, err := cloudformation.ParseParameters(name, []byte(text))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	for text, say := range map[string]string{
		`"text"`:          "holds a list",
		`[{"x": 1}]`:      "p:1:2: an entry of the parameters file has no ParameterKey",
		`{"a": {"b": 1}}`: `the value of parameter "a" must be a text`,
		`[{"ParameterKey":"a","ParameterValue":"1"},{"ParameterKey":"a","ParameterValue":"2"}]`: `"a" is given twice`,
		"a: [": "not valid YAML",
	} {
		if _, err := cloudformation.ParseParameters("p", []byte(text)); err == nil || !strings.Contains(err.Error(), say) {
			t.Errorf("%s: %v, want %q", text, err, say)
		}
	}
	if got, err := cloudformation.ParseParameters("empty.yaml", nil); err != nil || len(got) != 0 {
		t.Errorf("empty: %v, %v", got, err)
	}
}
