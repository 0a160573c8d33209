package report

import (
	"bytes"
	"errors"
	"iter"
	"strings"
	"testing"

	"holdfast.dev/holdfast/internal/finding"
)

func grouping(t *testing.T, m Meta, byAccount bool, list []finding.Finding) string {
	t.Helper()
	var b bytes.Buffer
	if err := Groups(&b, m, byAccount, sequence(list)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestGroups(t *testing.T) {
	list := []finding.Finding{
		{Rule: "quiet", Severity: finding.Low, Verdict: finding.Fail, Account: "1"},
		{Rule: "quiet", Severity: finding.Low, Verdict: finding.Fail, Account: "1"},
		{Rule: "quiet", Severity: finding.Low, Verdict: finding.Excepted, Account: "2"},
		{Rule: "loud", Severity: finding.Critical, Verdict: finding.Fail, Account: "2"},
	}
	for byAccount, want := range map[bool]string{
		false: `SEVERITY  FINDINGS  ACCOUNTS  CONTROL
CRITICAL         1         1  loud     loud
LOW              3         2  quiet    quiet

4 findings of 2 controls  3 FAIL  1 EXCEPTED
the findings of one: holdfast findings list --rule CONTROL
`,
		true: `SEVERITY  FINDINGS  CONTROLS  ACCOUNT
CRITICAL         2         2  2
LOW              2         1  1

4 findings in 2 accounts  3 FAIL  1 EXCEPTED
the findings of one: holdfast findings list --account ACCOUNT
`,
	} {
		if got := grouping(t, Meta{Width: 80}, byAccount, list); got != want {
			t.Errorf("by account %t:\n%s\nwant:\n%s", byAccount, got, want)
		}
	}
	if got := grouping(t, Meta{}, false, nil); got != "No findings.\n" {
		t.Errorf("nothing to group: %q", got)
	}
}

func TestGroupsHandsErrorsOn(t *testing.T) {
	cause := errors.New("the disk is gone")
	broken := iter.Seq2[finding.Finding, error](func(yield func(finding.Finding, error) bool) { yield(finding.Finding{}, cause) })
	var b bytes.Buffer
	if err := Groups(&b, Meta{}, false, broken); !errors.Is(err, cause) || b.Len() > 0 {
		t.Errorf("got %v and %q", err, &b)
	}
}

// A finding in a template begins with what an editor jumps to; an UNKNOWN says
// what to do; a resource that the message names is not named twice.
func TestTableLeadsToTheMend(t *testing.T) {
	list := []finding.Finding{
		{ID: "a", Rule: "rule", Severity: finding.High, Verdict: finding.Fail, Resource: "Logs", File: "stacks/a.yaml", Line: 7, Message: "Bucket Logs is open."},
		{ID: "b", Rule: "rule", Severity: finding.High, Verdict: finding.Fail, Resource: "Log", File: "stacks/a.yaml", Line: 9, Message: "Bucket Logs is open."},
		{ID: "c", Rule: "rule", Severity: finding.High, Verdict: finding.Unknown, Resource: "V", File: "stacks/a.yaml", Line: 12, Message: "unknown (parameter Enc has no value)"},
	}
	got := string(write(t, Table, Meta{Width: 120}, sequence(list)))
	for _, want := range []string{
		"\nstacks/a.yaml:7   HIGH ", "  Bucket Logs is open.\n", "  Log: Bucket Logs is open.\n",
		"V: could not be judged (parameter Enc has no value); give it with --parameters\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
	deep := "stacks/" + strings.Repeat("deep/", 8) + "a.yaml"
	list[0].File, list[0].Rule = deep, strings.Repeat("long-", 9)+"rule"
	if got := string(write(t, Table, Meta{Width: 100}, sequence(list[:1]))); !strings.Contains(got, deep+":7 ") {
		t.Errorf("a path was cut before the control was:\n%s", got)
	}
}
