package awstest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/source/aws"
)

// Contract is what every collector keeps, whatever AWS answers:
//
//   - it emits its declared types only, and no value outside the domain;
//   - a denied operation is a denied Gap, and everything it would have told is
//     Unknown, or its type is not complete: never absent;
//   - throttling that ends changes nothing, throttling that does not is a Gap;
//   - empty answers are borne; two pages are read as one; a cancelled unit is
//     not handed over.
//
// world holds saved responses which let the collector emit each of its types.
func Contract(t *testing.T, c aws.Collector, world fs.FS) {
	t.Helper()
	collectors := []aws.Collector{c}
	base := Run(t.Context(), t, collectors, world, nil)
	if base.Err != nil {
		t.Fatal(base.Err)
	}
	t.Run("emits what it declares", func(t *testing.T) { declared(t, c, base) })
	t.Run("same again", func(t *testing.T) {
		same(t, base, Run(t.Context(), t, collectors, world, nil))
	})
	t.Run("everything denied", func(t *testing.T) {
		denied := Run(t.Context(), t, collectors, world, Deny())
		honest(t, base, denied)
		if !hasGap(denied, evidence.Denied, "") {
			t.Error("everything is denied, and no gap says so")
		}
	})
	for _, operation := range c.Operations {
		t.Run(operation+" denied", func(t *testing.T) {
			if base.Calls[operation] == 0 {
				t.Skipf("the saved responses do not lead to %s", operation)
			}
			denied := Run(t.Context(), t, collectors, world, Deny(operation))
			honest(t, base, denied)
			_, name, _ := strings.Cut(operation, ".")
			if !hasGap(denied, evidence.Denied, name) && denied.Err == nil {
				t.Errorf("%s was denied, and no gap says so", operation)
			}
		})
	}
	t.Run("throttled and then not", func(t *testing.T) {
		same(t, base, Run(t.Context(), t, collectors, world, Throttle(2)))
	})
	t.Run("throttled for good", func(t *testing.T) {
		out := Run(t.Context(), t, collectors, world, Throttle(1<<30))
		honest(t, base, out)
		if !hasGap(out, evidence.Throttled, "") {
			t.Error("everything is throttled, and no gap says so")
		}
	})
	t.Run("empty", func(t *testing.T) {
		out := Run(t.Context(), t, collectors, world, Empty)
		if out.Err != nil {
			t.Error(out.Err)
		}
		noCorruption(t, out)
	})
	t.Run("two pages", func(t *testing.T) {
		same(t, base, Run(t.Context(), t, collectors, world, TwoPages))
	})
	t.Run("cancelled", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		out := Run(ctx, t, collectors, world, Slow)
		if !errors.Is(out.Err, context.DeadlineExceeded) {
			t.Errorf("the run ended with %v, want the context's end", out.Err)
		}
		for _, b := range out.Batches {
			if b.Unit.Collector == c.Name {
				t.Errorf("%s was handed over although it did not end", b.Unit)
			}
		}
	})
}

func declared(t *testing.T, c aws.Collector, out Outcome) {
	t.Helper()
	noCorruption(t, out)
	seen := map[string]bool{}
	for _, b := range out.Batches {
		for _, r := range b.Resources {
			seen[r.Type] = true
			if !slices.Contains(c.Types, r.Type) {
				t.Errorf("%s %s is not among the collector's types", r.Type, r.ID)
			}
		}
		for _, g := range b.Gaps {
			if g.Reason == evidence.Failed {
				t.Errorf("gap %s %s: %s", g.Service, g.Operation, g.Detail)
			}
		}
	}
	for _, typ := range c.Types {
		if !seen[typ] {
			t.Errorf("the saved responses lead to no %s", typ)
		}
	}
	var idle []string
	for _, o := range c.Operations {
		if out.Calls[o] == 0 {
			idle = append(idle, o)
		}
	}
	if len(idle) > 0 {
		t.Logf("the saved responses do not lead to %s", strings.Join(idle, ", "))
	}
}

func noCorruption(t *testing.T, out Outcome) {
	t.Helper()
	for _, b := range out.Batches {
		for _, g := range b.Gaps {
			if g.Reason == evidence.Corrupt || strings.Contains(g.Detail, "broke off") {
				t.Errorf("%s: %s %s: %s", b.Unit, g.Operation, g.Resource, g.Detail)
			}
		}
	}
}

func hasGap(out Outcome, reason evidence.Reason, operation string) bool {
	for _, b := range out.Batches {
		for _, g := range b.Gaps {
			if g.Reason == reason && (operation == "" || g.Operation == operation) {
				return true
			}
		}
	}
	return false
}

// same compares outcomes whole.
func same(t *testing.T, want, got Outcome) {
	t.Helper()
	if got.Err != nil {
		t.Fatal(got.Err)
	}
	if diff := cmp.Diff(want.Sorted(), got.Sorted()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// honest checks that got, where AWS told less, claims nothing that base does
// not: what got has must be the same or Unknown, and what it has not must be
// owned up to.
func honest(t *testing.T, base, got Outcome) {
	t.Helper()
	noCorruption(t, got)
	if got.Err != nil {
		t.Fatal(got.Err)
	}
	index := map[string]evidence.Resource{}
	complete := map[string]bool{}
	for _, b := range got.Batches {
		for _, r := range b.Resources {
			index[r.Key()] = r
		}
		for _, typ := range b.Complete {
			complete[b.Unit.String()+typ] = true
		}
	}
	for _, b := range base.Batches {
		for _, r := range b.Resources {
			g, ok := index[r.Key()]
			if !ok {
				if complete[b.Unit.String()+r.Type] {
					t.Errorf("%s %s is missing, and its type is still called complete", r.Type, r.ID)
				}
				continue
			}
			for _, lie := range lies("", r.Properties, g.Properties) {
				t.Errorf("%s %s: %s", r.Type, r.ID, lie)
			}
		}
	}
}

// lies lists where got differs from want without saying that it does not know.
func lies(at string, want, got any) []string {
	if _, unknown := got.(evidence.Unknown); unknown || cmp.Equal(want, got) {
		return nil
	}
	w, ok1 := want.(map[string]any)
	g, ok2 := got.(map[string]any)
	if ok1 && ok2 {
		var out []string
		for k, v := range w {
			inner, ok := g[k]
			if !ok {
				out = append(out, fmt.Sprintf("%s/%s is absent, and was %v", at, k, v))
				continue
			}
			out = append(out, lies(at+"/"+k, v, inner)...)
		}
		for k, v := range g {
			if _, ok := w[k]; !ok && !allUnknown(v) {
				out = append(out, fmt.Sprintf("%s/%s is %v, and was absent", at, k, v))
			}
		}
		sort.Strings(out)
		return out
	}
	wl, ok1 := want.([]any)
	gl, ok2 := got.([]any)
	if ok1 && ok2 && len(wl) == len(gl) {
		var out []string
		for i := range wl {
			out = append(out, lies(fmt.Sprintf("%s/%d", at, i), wl[i], gl[i])...)
		}
		return out
	}
	return []string{fmt.Sprintf("%s is %v, and was %v", at, got, want)}
}

func allUnknown(v any) bool {
	switch v := v.(type) {
	case evidence.Unknown:
		return true
	case map[string]any:
		for _, e := range v {
			if !allUnknown(e) {
				return false
			}
		}
		return true
	}
	return false
}
