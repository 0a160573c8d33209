package cli

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"holdfast.dev/holdfast/internal/app"
	"holdfast.dev/holdfast/internal/operate/access/unused"
)

func unusedSample() *app.UnusedReport {
	const account = "111122223333"
	role := "arn:aws:iam::" + account + ":role/a/very/long/path/of/a/role/with-a-long-name"
	user := "arn:aws:iam::" + account + ":user/eve\x1b[31m"
	return &app.UnusedReport{Report: &unused.Report{
		At: time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC), Days: 90,
		Items: []unused.Item{
			{Kind: unused.Role, Verdict: unused.Unknown, Account: "000000000000", Reason: "roles were not collected: sts:AssumeRole denied"},
			{Kind: unused.Service, Verdict: unused.Unused, Account: account, Principal: role, What: "ec2", Reason: "last used 2026-01-01"},
			{Kind: unused.Service, Verdict: unused.Unused, Account: account, Principal: role, What: "rds", Reason: "last used 2026-01-01"},
			{Kind: unused.Action, Verdict: unused.Unknown, Account: account, Principal: role, What: "s3", Actions: []string{"ListJobs"}, Granted: 4, Reason: "AWS does not keep track of these actions"},
			{Kind: unused.Action, Verdict: unused.Unused, Account: account, Principal: role, What: "s3", Actions: []string{"CreateBucket", "DeleteBucket"}, Granted: 4, Reason: "…"},
			{Kind: unused.User, Verdict: unused.Unused, Account: account, Principal: user, Reason: "last used 2026-01-01"},
			{Kind: unused.AccessKey, Verdict: unused.Unknown, Account: account, Principal: user, Reason: "the report was cut"},
		},
		Excluded: []unused.Exclusion{{Principal: "arn:aws:iam::" + account + ":role/rescue", Account: account, Class: unused.BreakGlass}},
		Judged:   map[unused.Kind]int{unused.Role: 1, unused.User: 1, unused.Service: 3, unused.Action: 3},
	}}
}

func printed(t *testing.T, r *app.UnusedReport, table unusedTable) string {
	t.Helper()
	var out strings.Builder
	table.w = &out
	if table.print(r); table.err != nil {
		t.Fatal(table.err)
	}
	return out.String()
}

func TestUnusedTable(t *testing.T) {
	want := `111122223333
  role a/very/long/path/of/a/role/with-a-long-name
    services                2 unused: ec2, rds
    actions                 2 unused: s3 2 of 4
  user eve [31m                             last used 2026-…

Unused for 90 days or more as of 2026-09-01 12:00: 0 of 1 role, 1 of 1 user, 2 of 3 services, 2 of 3 actions
Left alone: 1 kept for emergencies
Not judged: roles of 1 account: roles were not collected: sts:AssumeRole denied; allow it: holdfast collect --print-policy
Not judged: 1 action: AWS does not keep track of these actions
Not judged: access keys of 1 user: the report was cut
`
	if diff := cmp.Diff(want, printed(t, unusedSample(), unusedTable{page: page{width: 60}})); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	whole := printed(t, unusedSample(), unusedTable{page: page{width: 60}, verbose: true})
	for _, line := range []string{
		"000000000000\n  all roles                                 ? roles were not collected: sts:AssumeRole denied\n",
		"    actions s3              2 of 4 unused: CreateBucket,\n                            DeleteBucket\n",
		"    actions s3              ? 1 of 4 not tracked by AWS:\n",
		"    access keys                             ? the report was cut\n",
		"  arn:aws:iam::111122223333:role/rescue  break-glass\n",
	} {
		if !strings.Contains(whole, line) {
			t.Errorf("--verbose lacks %q:\n%s", line, whole)
		}
	}
	if coloured := printed(t, unusedSample(), unusedTable{page: page{width: 80, colour: true}}); !strings.Contains(coloured, "\x1b[31mlast used 2026-01-01\x1b[0m") || strings.Contains(coloured, "eve\x1b") {
		t.Errorf("%q", coloured)
	}
}

func TestUnusedTableOfLittle(t *testing.T) {
	r := unusedSample()
	r.Items, r.Excluded = nil, nil
	if got := printed(t, r, unusedTable{page: page{width: 80}}); got != "Nothing is unused for 90 days or more as of 2026-09-01 12:00: 0 of 1 role, 0 of 1 user, 0 of 3 services, 0 of 3 actions\n" {
		t.Errorf("%q", got)
	}
	r.Judged = nil
	if got := printed(t, r, unusedTable{page: page{width: 80}}); got != "Nothing could be judged as of 2026-09-01 12:00.\n" {
		t.Errorf("%q", got)
	}
	for i := range mostReasons + 2 {
		r.Items = append(r.Items, unused.Item{Kind: unused.Role, Verdict: unused.Unknown, Account: "1", Principal: fmt.Sprint("r", i), Reason: fmt.Sprint("reason ", i)})
	}
	if got := printed(t, r, unusedTable{page: page{width: 80}}); !strings.HasSuffix(got, "Not judged: 1 role: reason 5\nNot judged: for 2 more reasons; --verbose lists them\n") {
		t.Errorf("%q", got)
	}
}

type refusing struct{}

func (refusing) Write([]byte) (int, error) { return 0, errors.New("the disk is full") }

func TestUnusedTableStopsWhereNothingCanBeWritten(t *testing.T) {
	table := unusedTable{page: page{w: refusing{}, width: 80}}
	if table.print(unusedSample()); table.err == nil {
		t.Error("the error is lost")
	}
}
