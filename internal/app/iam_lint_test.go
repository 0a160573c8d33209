package app

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"holdfast.dev/holdfast/internal/engine/iam/lint"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
)

const readBucket = `{"Version":"2012-10-17","Statement":[{"Sid":"A","Effect":"Allow","Action":["s3:GetObject","s3:GetObject"],"Resource":["arn:aws:s3:::b/*"]}]}`

func policyFolder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestPolicies(t *testing.T) {
	dir := policyFolder(t, map[string]string{
		"a.json": readBucket, "in/b.JSON": "{", "in/package.json": `{"name":"x"}`, "in/list.json": `[1]`, ".git/c.json": "{", "notes.txt": "{",
		"in/near.json": `{"version":"2012-10-17","statements":[]}`,
	})
	files, err := (&App{}).Policies(context.Background(), PolicyOptions{Paths: []string{dir}})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range files.Files {
		rel, _ := filepath.Rel(dir, f.Path)
		names = append(names, filepath.ToSlash(rel))
	}
	if got := strings.Join(names, " "); got != "a.json in/b.JSON in/near.json" {
		t.Errorf("files %s", got)
	}
	if len(files.Skipped) != 2 {
		t.Errorf("skipped %v", files.Skipped)
	}
	if n := files.Count(lint.Error); n != 4 { // b: syntax; near: two names and no Statement
		t.Errorf("%d errors: %+v", n, files.Files)
	}
	if f := files.Files[0]; f.Type != policy.Identity || !f.Guessed || f.Size.Bytes != len(readBucket) {
		t.Errorf("%+v", f)
	}
}

func TestPoliciesUnreadable(t *testing.T) {
	dir := policyFolder(t, map[string]string{"a.json": readBucket, "huge.json": strings.Repeat(" ", maxPolicyText+1)})
	for name, paths := range map[string][]string{
		"is not there": {filepath.Join(dir, "a.json"), filepath.Join(dir, "none.json")},
		"too large":    {filepath.Join(dir, "a.json"), filepath.Join(dir, "huge.json")},
	} {
		files, err := (&App{}).Policies(context.Background(), PolicyOptions{Paths: paths})
		if Code(err) != ExitUsage || len(files.Files) != 1 {
			t.Errorf("%s: %v, %d files", name, err, len(files.Files))
		}
	}
	if _, err := (&App{}).Policies(context.Background(), PolicyOptions{Paths: []string{t.TempDir()}}); Code(err) != ExitUsage {
		t.Errorf("an empty folder: %v", err)
	}
	if _, err := (&App{}).Policies(context.Background(), PolicyOptions{Paths: []string{"-"}, In: strings.NewReader(readBucket), Place: "shelf"}); Code(err) != ExitUsage {
		t.Errorf("unknown place: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := (&App{}).Policies(ctx, PolicyOptions{Paths: []string{dir}}); err == nil {
		t.Error("went on though it was cancelled")
	}
}

func TestMinifyFile(t *testing.T) {
	small, err := (&App{}).Minify(context.Background(), PolicyOptions{Paths: []string{"-"}, In: strings.NewReader(readBucket)})
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"Version":"2012-10-17","Statement":{"Sid":"A","Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}}`; string(small.Text) != want {
		t.Errorf("%s", small.Text)
	}
	if small.Quota.Key != "managed" || small.With[DropSids].Dense >= small.Size.Dense || small.Size.Dense >= small.File.Size.Dense {
		t.Errorf("%+v", small)
	}
	for name, text := range map[string]string{
		"syntax":        `{`,
		"twice":         `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Effect":"Deny","Action":"s3:*","Resource":"*"}]}`,
		"unknown":       `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*","Condtion":{}}]}`,
		"wrong type":    `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*",1],"Resource":"*"}]}`,
		"both":          `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","NotAction":"sqs:*","Resource":"*"}]}`,
		"no statements": `{"Version":"2012-10-17","Statement":[]}`,
	} {
		if small, err := (&App{}).Minify(context.Background(), PolicyOptions{Paths: []string{"-"}, In: strings.NewReader(text)}); Code(err) != ExitUsage {
			t.Errorf("%s: %v, %+v", name, err, small)
		}
	}
}
