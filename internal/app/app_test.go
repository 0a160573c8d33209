package app

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"holdfast.dev/holdfast/internal/finding"
	"holdfast.dev/holdfast/internal/source/demo"
	"holdfast.dev/holdfast/internal/store"
)

func write(t *testing.T, name, content string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestWorkspace(t *testing.T) {
	dir := t.TempDir()
	w, err := OpenWorkspace(dir)
	if err != nil || w.ExceptionFolder() != filepath.Join(dir, "exceptions") {
		t.Fatalf("a folder without a file: %+v, %v", w, err)
	}
	write(t, filepath.Join(dir, WorkspaceFile), "store: data\ncontrols: [mine]\nparams: {access-keys-rotated: {max_days: 60}}\ncollect: {org: true, role: Audit}\n")
	if w, err = OpenWorkspace(dir); err != nil || !w.Collect.Org || w.ControlFolders()[0] != filepath.Join(dir, "mine") {
		t.Fatalf("%+v, %v", w, err)
	}
	env := map[string]string{}
	a := &App{Env: func(k string) string { return env[k] }}
	if got := a.StoreDir(w, ""); got != filepath.Join(dir, "data") {
		t.Errorf("store is %s", got)
	}
	env["HOLDFAST_STORE"] = "/elsewhere"
	if a.StoreDir(w, "") != "/elsewhere" || a.StoreDir(w, "/flag") != "/flag" {
		t.Error("the flag goes before the environment, and that before the workspace")
	}
	write(t, filepath.Join(dir, WorkspaceFile), "contols: [mine]\n")
	if _, err := OpenWorkspace(dir); err == nil || Code(err) != ExitUsage || !strings.Contains(err.Error(), WorkspaceFile+":1: field contols not found") {
		t.Errorf("a misspelt setting: %v", err)
	}
}

func TestInitWritesWhatOpens(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	written, err := Init(dir)
	if err != nil || len(written) != 3 {
		t.Fatalf("%v, %v", written, err)
	}
	w, err := OpenWorkspace(dir)
	if err != nil {
		t.Fatal(err)
	}
	if register, err := LoadExceptions(w.ExceptionFolder()); err != nil || len(register) != 0 {
		t.Errorf("the example of exceptions: %v, %v", register, err)
	}
	if _, err := Init(dir); err == nil || Code(err) != ExitUsage {
		t.Errorf("a second time: %v", err)
	}
}

func TestExceptionsOfAFolder(t *testing.T) {
	dir := t.TempDir()
	one := "- {id: EX-1, controls: [a], owner: o, approver: p, reason: r, created: 2026-01-01, expires: 2026-02-01}\n"
	write(t, filepath.Join(dir, "a.yaml"), one)
	write(t, filepath.Join(dir, "sub", "b.yml"), strings.Replace(one, "EX-1", "EX-2", 1))
	if register, err := LoadExceptions(dir); err != nil || len(register) != 2 {
		t.Fatalf("%v, %v", register, err)
	}
	write(t, filepath.Join(dir, "c.yaml"), one)
	if _, err := LoadExceptions(dir); err == nil || !strings.Contains(err.Error(), `"EX-1" is declared twice`) {
		t.Errorf("twice the same id: %v", err)
	}
}

func TestExceptionsForNoControl(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "exceptions", "a.yaml"), "- {id: EX-1, controls: [s3-bucket-ssl-requests-only, no-such-control], owner: o, approver: p, reason: r, created: 2026-01-01, expires: 2026-02-01}\n")
	r, err := NewReviewing(Workspace{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if got := r.Warnings(); len(got) != 1 || !strings.Contains(got[0], `a.yaml:1: exception EX-1 is about control or detection "no-such-control"`) {
		t.Errorf("%q", got)
	}
}

const template = `Resources:
  Data:
    Type: AWS::SQS::Queue
    Properties:
      SqsManagedSseEnabled: %s
`

func TestCheck(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "bad.yaml"), strings.Replace(template, "%s", "false", 1))
	write(t, filepath.Join(dir, "good.yaml"), strings.Replace(template, "%s", "true", 1))
	write(t, filepath.Join(dir, "other.yaml"), "on: push\n")
	controls, err := Controls(nil)
	if err != nil {
		t.Fatal(err)
	}
	engine, err := Engine(controls, nil)
	if err != nil {
		t.Fatal(err)
	}
	checked, err := Check(t.Context(), engine, CheckOptions{Paths: []string{dir}, Now: DemoInstant})
	if err != nil || checked.Templates != 2 || checked.Resources != 2 {
		t.Fatalf("%+v, %v", checked, err)
	}
	var hit *finding.Finding
	for i := range checked.Findings {
		if f := &checked.Findings[i]; f.Rule == "sqs-queue-encrypted" || strings.Contains(f.Message, "encrypt") && f.Type == "AWS::SQS::Queue" && strings.HasSuffix(f.File, "bad.yaml") {
			hit = f
		}
	}
	if hit == nil || hit.Line != 5 || hit.Resource != "Data" {
		t.Fatalf("the unencrypted queue is not found at its line: %+v", hit)
	}
	exception := finding.Register{{ID: "EX", Controls: []string{hit.Rule}, Created: DemoInstant.AddDate(0, -1, 0), Expires: DemoInstant.AddDate(0, 1, 0)}}
	excused, err := Check(t.Context(), engine, CheckOptions{Paths: []string{dir}, Now: DemoInstant, Exceptions: exception, All: true})
	if err != nil || excused.Counts[finding.Excepted] != 1 {
		t.Errorf("an exception covers %d, %v", excused.Counts[finding.Excepted], err)
	}
	write(t, filepath.Join(dir, "torn.yaml"), "Resources:\n  A: [b\n")
	torn, err := Check(t.Context(), engine, CheckOptions{Paths: []string{dir}, Now: DemoInstant})
	if err != nil || Code(torn.Unreadable()) != ExitUsage || torn.Templates != 2 {
		t.Errorf("a torn template: %v, %v", torn.Unreadable(), err)
	}
	if _, err := Check(t.Context(), engine, CheckOptions{Paths: []string{filepath.Join(dir, "nowhere")}, Now: DemoInstant}); Code(err) != ExitUsage {
		t.Errorf("a path that is not there: %v", err)
	}
}

// What can no longer be judged is not fixed.
func TestCheckSinceABaseline(t *testing.T) {
	dir := t.TempDir()
	name := write(t, filepath.Join(dir, "a.yaml"), strings.Replace(template, "%s", "false", 1))
	controls, err := Controls(nil)
	if err != nil {
		t.Fatal(err)
	}
	engine, err := Engine(controls, nil)
	if err != nil {
		t.Fatal(err)
	}
	check := func() *Checked {
		checked, err := Check(t.Context(), engine, CheckOptions{Paths: []string{dir}, Now: DemoInstant})
		if err != nil {
			t.Fatal(err)
		}
		return checked
	}
	base := &Baseline{Name: "before", open: map[string]bool{}}
	before := check().Findings
	base.fromList(before)
	rule := "sqs-queue-encrypted"
	fixed := func(c *Checked) (all int, one bool) {
		changes, err := c.Since(base)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range changes.Fixed {
			one = one || f.Rule == rule
		}
		return changes.FixedN, one
	}
	for content, want := range map[string]bool{"true": true, "false": false, "!ImportValue elsewhere": false} {
		write(t, name, strings.Replace(template, "%s", content, 1))
		if _, got := fixed(check()); got != want {
			t.Errorf("with %s the queue counts as fixed: %v", content, got)
		}
	}
	write(t, name, "Resources: [torn")
	if all, _ := fixed(check()); all != 0 {
		t.Errorf("%d of %d count as fixed in a template that cannot be read", all, len(before))
	}
}

// reviewed is a store with two reviews of the demo in it.
func reviewed(t *testing.T) (*store.Store, []store.Run) {
	t.Helper()
	s, err := store.Open(t.Context(), t.TempDir(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	r, err := NewReviewing(Workspace{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	answer, err := Demo(t.Context(), s, r, demo.Options{Seed: 1, Accounts: 14, Resources: 600})
	if err != nil {
		t.Fatal(err)
	}
	if answer.Changes.NewCount == 0 || answer.Changes.FixedN == 0 || answer.Changes.Unchanged == 0 || len(answer.Changes.Fixed) != answer.Changes.FixedN {
		t.Errorf("a week changed nothing: %+v", answer.Changes)
	}
	runs, err := s.Runs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s, runs
}

func TestDemoAndBaselines(t *testing.T) {
	s, runs := reviewed(t)
	latest, err := RunBaseline(t.Context(), s, runs[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	same, err := latest.Compare(Failures(t.Context(), s))
	if err != nil || same.NewCount+same.FixedN != 0 || same.Unchanged == 0 {
		t.Errorf("a review compared with itself: %+v, %v", same, err)
	}
	if _, err := RunBaseline(t.Context(), s, runs[1].ID); err == nil || !strings.Contains(err.Error(), "is a detect, not a review") {
		t.Errorf("a run that is no review: %v", err)
	}
	if _, err := LoadBaseline(t.Context(), s, "4711"); err == nil || Code(err) != ExitUsage {
		t.Errorf("no such run: %v", err)
	}
}

func TestBaselineFiles(t *testing.T) {
	dir := t.TempDir()
	const one, two = `{"id":"1","rule":"a","verdict":"FAIL","severity":"high","status":"open"}`, `{"id":"2","rule":"b","verdict":"FAIL","severity":"low","status":"resolved"}`
	now := []finding.Finding{{ID: "1", Rule: "a", Verdict: finding.Fail, Severity: finding.High}, {ID: "3", Rule: "c", Verdict: finding.Fail, Severity: finding.Low}, {ID: "4", Rule: "d", Verdict: finding.Unknown}}
	seq := func(yield func(finding.Finding, error) bool) {
		for _, f := range now {
			if !yield(f, nil) {
				return
			}
		}
	}
	for name, content := range map[string]string{"lines.jsonl": one + "\n" + two + "\n", "list.json": "[" + one + "," + two + "]", "document.json": `{"findings":[` + one + "," + two + "]}", "single.json": one} {
		b, err := LoadBaseline(t.Context(), nil, write(t, filepath.Join(dir, name), content))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		c, err := b.Compare(seq)
		if err != nil || c.NewCount != 1 || c.New[0].ID != "3" || c.FixedN != 0 || c.Unchanged != 1 || c.Worst != finding.Low {
			t.Errorf("%s: %+v, %v", name, c, err)
		}
	}
	for name, content := range map[string]string{"torn.jsonl": one + "\n{\"id\":", "other.json": `{"a":1}`, "text.txt": "hello"} {
		if _, err := LoadBaseline(t.Context(), nil, write(t, filepath.Join(dir, name), content)); err == nil || Code(err) != ExitUsage || !strings.Contains(err.Error(), "holdfast findings export") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestParametersOfNoControl(t *testing.T) {
	controls, err := Controls(nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Engine(controls, map[string]map[string]any{"s3-bucket-misspelt": {"days": 1}})
	if err == nil || Code(err) != ExitUsage || !strings.Contains(err.Error(), `no control "s3-bucket-misspelt"`) {
		t.Errorf("%v", err)
	}
}

// A failure is fixed when it was judged and held, not when it was lost sight of
// or when somebody decided to live with it.
func TestOnlyAJudgementFixes(t *testing.T) {
	for now, fixed := range map[finding.Verdict]int{
		"": 1, finding.Pass: 1, finding.NotApplicable: 1, finding.Prevented: 1,
		finding.Unknown: 0, finding.Error: 0, finding.Excepted: 0, finding.Fail: 0,
	} {
		b := &Baseline{Name: "before", open: map[string]bool{}}
		b.fromList([]finding.Finding{{ID: "1", Rule: "a", Verdict: finding.Fail}})
		c, err := b.Compare(func(yield func(finding.Finding, error) bool) {
			_ = now == "" || yield(finding.Finding{ID: "1", Rule: "a", Verdict: now}, nil)
		})
		if err != nil || c.FixedN != fixed || len(c.Fixed) != fixed || c.Unchanged != 1-fixed || c.NewCount != 0 {
			t.Errorf("a failure that is %q now: %+v, %v", now, c, err)
		}
	}
}

func TestReviewOfNothing(t *testing.T) {
	s, err := store.Open(t.Context(), t.TempDir(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	r, err := NewReviewing(Workspace{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Review(t.Context(), s, time.Now(), nil); !errors.Is(err, ErrNoEvidence) || Code(err) != ExitUsage {
		t.Errorf("an empty store: %v", err)
	}
}
