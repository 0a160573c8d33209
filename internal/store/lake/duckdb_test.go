package lake

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
)

// TestDuckDBReadsIt reads a lake back with a program that has nothing in common with
// ours. .ci/run installs it where there is npm.
func TestDuckDBReadsIt(t *testing.T) {
	modules := os.Getenv("HOLDFAST_NODE_MODULES")
	if modules == "" {
		t.Skip("HOLDFAST_NODE_MODULES names no folder with @duckdb/node-api (npm install @duckdb/node-api)")
	}
	rows := variety(3000)
	dir := t.TempDir()
	fill(t, dir, Options{Buffer: 200 << 10}, rows...)
	script, err := filepath.Abs("testdata/duckdb.mjs")
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("node", script, dir).Output()
	if err != nil {
		t.Fatalf("%v: %s", err, err.(*exec.ExitError).Stderr)
	}
	byID := map[string]*Row{}
	for _, r := range rows {
		byID[string(r.Text[ID])] = r
	}
	lines := bufio.NewScanner(bytes.NewReader(out))
	for lines.Scan() {
		var got duckRow
		if err := json.Unmarshal(lines.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		want := byID[got.ID]
		if want == nil {
			t.Fatalf("there is no event %q, or it came twice", got.ID)
		}
		delete(byID, got.ID)
		got.compare(t, want)
	}
	if len(byID) > 0 {
		t.Errorf("%d events are missing", len(byID))
	}
}

// duckRow is a row as the script prints it: 64-bit numbers are texts.
type duckRow struct {
	ID, Raw                                                                   string
	At, Time, Region, Account, Org, Day, Operation, Service, Error, Actor, IP *string
	MFA                                                                       *bool
	ARNs                                                                      []*string
	Class                                                                     int    `json:"class_uid"`
	Type                                                                      string `json:"type_uid"`
}

func (d *duckRow) compare(t *testing.T, want *Row) {
	t.Helper()
	is := func(what string, got *string, want string) {
		t.Helper()
		if got == nil && want != "" || got != nil && *got != want {
			t.Errorf("%s of %s is %v and should be %q", what, d.ID, got, want)
		}
	}
	p := partitionOf(want)
	is("orgId", d.Org, p.org)
	is("region", d.Region, p.region)
	is("accountId", d.Account, p.account)
	is("eventDay", d.Day, p.day)
	is("operation", d.Operation, string(want.Text[Operation]))
	is("service", d.Service, string(want.Text[Service]))
	is("error", d.Error, string(want.Text[Error]))
	is("actor", d.Actor, string(want.Text[Actor]))
	is("IP", d.IP, string(want.Text[SourceIP]))
	is("raw", &d.Raw, string(want.Raw))
	at := ""
	if !want.Time.IsZero() {
		at = strconv.FormatInt(want.Time.UnixMilli(), 10)
	}
	is("time", d.Time, at)
	is("time_dt", d.At, at)
	if mfa := string(want.Text[MFA]); (d.MFA == nil) != (mfa == "") || d.MFA != nil && strconv.FormatBool(*d.MFA) != mfa {
		t.Errorf("MFA of %s is %v and should be %q", d.ID, d.MFA, mfa)
	}
	if d.Class != 6003 || d.Type != typeUID(string(want.Text[Operation])) {
		t.Errorf("%s has class %d and type %s", d.ID, d.Class, d.Type)
	}
	if len(d.ARNs) != len(want.Resources) {
		t.Fatalf("%s has %d resources of %d", d.ID, len(d.ARNs), len(want.Resources))
	}
	for i, arn := range d.ARNs {
		is("ARN", arn, string(want.Resources[i].ARN))
	}
}
