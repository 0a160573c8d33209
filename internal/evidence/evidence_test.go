package evidence

import (
	"testing"
	"time"
)

func TestOriginAt(t *testing.T) {
	o := Origin{Line: 3, Column: 1, Positions: []Position{{"A", 5, 7}, {"A/B", 6, 9}, {"C", 8, 7}}}
	for _, c := range []struct {
		paths []string
		line  int
	}{
		{nil, 3}, {[]string{""}, 3}, {[]string{"X"}, 3}, {[]string{"A"}, 5}, {[]string{"A/B"}, 6}, {[]string{"A/B/Z"}, 6}, {[]string{"A/X"}, 5},
		{[]string{"X/Y", "C"}, 8}, {[]string{"C", "A/B"}, 6}, {[]string{"A/X/Y", "C"}, 5},
	} {
		if line, _ := o.At(c.paths...); line != c.line {
			t.Errorf("At(%q) is line %d, want %d", c.paths, line, c.line)
		}
	}
}

func TestIntervalIsHalfOpen(t *testing.T) {
	from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	to := from.AddDate(0, 0, 1)
	for at, want := range map[time.Time]bool{from: true, to: false, from.Add(-1): false, to.Add(-1): true} {
		if got := (Interval{from, to}).Contains(at); got != want {
			t.Errorf("[from, to) contains %v: %v", at, got)
		}
	}
	if !(Interval{From: from}).Contains(to.AddDate(9, 0, 0)) {
		t.Error("an interval without end goes on")
	}
}

func TestOrgOf(t *testing.T) {
	org := OrgOf(func(yield func(*Resource) bool) {
		for _, r := range []*Resource{
			{Type: TypeOrganization, Properties: map[string]any{"Id": "o-1", "ManagementAccountId": "1", "FeatureSet": "ALL"}},
			{Type: TypeNode, ID: "ou-1", Properties: map[string]any{"Kind": "OU", "Name": "Prod", "ParentId": "r-1", "Path": []any{"Prod"}}},
			{Type: TypeAccount, ID: "2", Account: "2", Tags: map[string]string{"owner": "x"}, Properties: map[string]any{"Name": "n", "State": "SUSPENDED", "Path": []any{"Prod"}, "Management": Unknown{}}},
			{Type: "AWS::S3::Bucket"},
		} {
			if !yield(r) {
				return
			}
		}
	})
	a := org.Accounts["2"]
	if org.ID != "o-1" || org.Nodes["ou-1"].Parent != "r-1" || a.Live() || a.Management || a.Tags["owner"] != "x" || len(org.Accounts) != 1 {
		t.Errorf("%+v", org)
	}
	if !(Account{}).Live() {
		t.Error("an account whose state was not seen counts")
	}
}
