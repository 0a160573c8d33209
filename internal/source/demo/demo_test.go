package demo

import (
	"strings"
	"testing"
	"time"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/evidence/schema"
)

var at = time.Date(2026, 11, 2, 8, 0, 0, 0, time.UTC)

func render(t *testing.T, o Options) (text string, resources []*evidence.Resource) {
	t.Helper()
	var b []byte
	for batch := range Generate(o) {
		for _, r := range batch.Resources {
			var err error
			if b, err = evidence.AppendResource(b, r); err != nil {
				t.Fatalf("%s %s: %v", r.Type, r.ID, err)
			}
			b = append(b, '\n')
		}
		resources = append(resources, batch.Resources...)
	}
	return string(b), resources
}

func TestSameSeedSameOrganisation(t *testing.T) {
	one, _ := render(t, Options{Seed: 7, At: at, Resources: 800})
	two, _ := render(t, Options{Seed: 7, At: at, Resources: 800})
	other, _ := render(t, Options{Seed: 8, At: at, Resources: 800})
	if one != two {
		t.Error("the same seed made two organisations")
	}
	if one == other {
		t.Error("another seed made the same organisation")
	}
}

// A week changes a little: the same things, some mended, few spoilt.
func TestWeeksChangeALittle(t *testing.T) {
	before, a := render(t, Options{Seed: 7, At: at})
	after, b := render(t, Options{Seed: 7, At: at, Weeks: 1})
	if len(a) != len(b) {
		t.Logf("%d resources became %d", len(a), len(b))
	}
	x, y := strings.Split(before, "\n"), strings.Split(after, "\n")
	same := 0
	have := map[string]bool{}
	for _, line := range x {
		have[line] = true
	}
	for _, line := range y {
		if have[line] {
			same++
		}
	}
	if same == len(y) || float64(same) < 0.85*float64(len(y)) {
		t.Errorf("%d of %d resources look as they did a week before", same, len(y))
	}
}

func TestSize(t *testing.T) {
	for _, want := range []int{3000, 20000} {
		_, resources := render(t, Options{Seed: 1, At: at, Resources: want, Accounts: max(24, want/800)})
		if got := len(resources); got < want*7/10 || got > want*13/10 {
			t.Errorf("asked for about %d resources, made %d", want, got)
		}
	}
}

// What is made up has the shape that the live collectors give: identities are
// unique, and every property of an AWS type is in its schema.
func TestShape(t *testing.T) {
	_, resources := render(t, Options{Seed: 3, At: at})
	seen := map[string]bool{}
	for _, r := range resources {
		if seen[r.Key()] {
			t.Errorf("%s is there twice", r.Key())
		}
		seen[r.Key()] = true
		typ, ok := schema.Lookup(r.Type)
		if !ok {
			if strings.HasPrefix(r.Type, "AWS::") {
				t.Errorf("CloudFormation has no %s", r.Type)
			}
			continue
		}
		for name := range r.Properties {
			if _, ok := typ.Property(name); !ok && name != "Observed" && name != "Tags" {
				t.Errorf("%s has no property %s", r.Type, name)
			}
		}
	}
}
