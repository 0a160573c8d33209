package activity

import (
	"strings"
	"testing"

	"holdfast.dev/holdfast/internal/engine/iam/action"
)

// TestTablesNameWhatThereIs holds the tables against the catalogue of actions.
func TestTablesNameWhatThereIs(t *testing.T) {
	exists := func(where, name string) {
		t.Helper()
		if _, ok := action.Lookup(name); !ok {
			t.Errorf("%s: there is no action %q", where, name)
		}
	}
	for event, text := range renamed {
		for part := range strings.SplitSeq(text, " + ") {
			if _, rest, ok := strings.Cut(part, "="); ok {
				part = rest
			}
			exists(event, part)
		}
	}
	for endpoint, prefix := range prefixes {
		if _, ok := action.Find(prefix); !ok {
			t.Errorf("%s: there is no service %q", endpoint, prefix)
		}
	}
	for from, to := range versioned {
		exists(from, from)
		exists(from, to)
	}
	for name, list := range passRows() {
		exists("passes", name)
		for _, row := range list {
			if len(row) != 2 || row[1] != "-" && !strings.HasSuffix(row[1], ".amazonaws.com") {
				t.Errorf("passes: %s: %q", name, row)
			}
		}
	}
	for name, list := range profileRows() {
		exists("profiles", name)
		if len(list) != 1 || len(list[0]) != 1 {
			t.Errorf("profiles: %s: %q", name, list)
		}
	}
	for name, list := range taggedRows() {
		exists("tagged", name)
		for _, row := range list {
			exists(name, row[0])
		}
	}
	ec2, _ := action.Find("ec2")
	for start, kind := range ids {
		if _, ok := ec2.ResourceType(kind); !ok {
			t.Errorf("%s-…: Amazon EC2 has no resource type %q", start, kind)
		}
	}
	for name := range other {
		service, variable, _ := strings.Cut(name, ":")
		s, ok := action.Find(service)
		if !ok {
			t.Errorf("other: there is no service %q", service)
			continue
		}
		found := false
		for _, r := range s.ResourceTypes() {
			found = found || strings.Contains(r.ARN, "${"+variable+"}")
		}
		if !found {
			t.Errorf("other: no ARN of %s has a variable %s", service, variable)
		}
	}
}
