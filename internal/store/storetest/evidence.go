package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/store"
)

func comeBack(t *testing.T, open func(testing.TB) *store.Store) {
	s := open(t)
	run := begin(t, s, "collect")
	want := &evidence.Resource{
		Type: typ, ID: "b", ARN: "arn:aws:s3:::b", Account: account, Region: region, Partition: "aws", Source: "aws", Observed: at(1).Add(time.Nanosecond),
		Tags: map[string]string{"Owner": "team", "empty": ""},
		Properties: map[string]any{
			"Number": int64(1) << 60, "Float": 1.5, "None": nil, "List": []any{true, "é\x00"},
			"Policy": evidence.Unknown{Reason: "denied", Present: true}, "$unknown": "looks like one",
		},
	}
	apply(t, s, run, batch(1, want))
	var d evidence.Decoder
	for rec, err := range s.Records(ctx, at(1), store.Query{}) {
		if err != nil {
			t.Fatal(err)
		}
		got, err := rec.Resource(&d)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
	history, err := s.History(ctx, want.Key())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]evidence.Version{{Resource: *want, Valid: evidence.Interval{From: at(1)}}}, history); diff != "" {
		t.Error(diff)
	}
}

func gone(t *testing.T, open func(testing.TB) *store.Store) {
	s := open(t)
	run := begin(t, s, "collect")
	whole := func(b store.Batch) store.Batch { b.Complete = []string{typ}; return b }
	for i, step := range []struct {
		b    store.Batch
		want store.Applied
		now  string
	}{
		{whole(batch(0, thing("a", 1), thing("b", 1))), store.Applied{Seen: 2, New: 2}, "eu-west-1/a=1 eu-west-1/b=1"},
		{whole(batch(1, thing("a", 1), thing("b", 2))), store.Applied{Seen: 2, Changed: 1}, "eu-west-1/a=1 eu-west-1/b=2"},
		{batch(2, thing("c", 1)), store.Applied{Seen: 1, New: 1}, "eu-west-1/a=1 eu-west-1/b=2 eu-west-1/c=1"},
		{whole(batch(3, thing("c", 1), thing("b", 2), thing("b", 2))), store.Applied{Seen: 3, Gone: 1}, "eu-west-1/b=2 eu-west-1/c=1"},
		{whole(batch(4)), store.Applied{Gone: 2}, ""},
		{whole(batch(5, thing("b", 2))), store.Applied{Seen: 1, New: 1}, "eu-west-1/b=2"},
	} {
		if got := apply(t, s, run, step.b); got != step.want {
			t.Errorf("batch %d: %+v, want %+v", i, got, step.want)
		}
		if got := records(t, s, 100, store.Query{}); got != step.now {
			t.Errorf("after batch %d: %q, want %q", i, got, step.now)
		}
	}
	if got := records(t, s, 2, store.Query{}); got != "eu-west-1/a=1 eu-west-1/b=2 eu-west-1/c=1" {
		t.Errorf("the past changed: %q", got)
	}
	counts, err := s.Counts(ctx, at(2))
	if err != nil || counts[typ] != 3 || len(counts) != 1 {
		t.Errorf("counts: %v, %v", counts, err)
	}
}

func acrossRegions(t *testing.T, open func(testing.TB) *store.Store) {
	s := open(t)
	run := begin(t, s, "collect")
	in := func(region, id string) *evidence.Resource { r := thing(id, 1); r.Region = region; return r }
	b := batch(0, in("eu-west-1", "a"), in("us-east-1", "b"))
	b.Region, b.Complete = "", []string{typ}
	apply(t, s, run, b)
	other := thing("z", 1)
	other.Account = "999988887777"
	apply(t, s, run, store.Batch{At: at(0), Account: other.Account, Region: region, Resources: []*evidence.Resource{other}})
	b = batch(1, in("us-east-1", "b"), in("us-west-2", "c"))
	b.Region, b.Complete = "", []string{typ}
	if got := apply(t, s, run, b); got != (store.Applied{Seen: 2, New: 1, Gone: 1}) {
		t.Errorf("%+v", got)
	}
	if got := records(t, s, 1, store.Query{}); got != "us-east-1/b=1 us-west-2/c=1 eu-west-1/z=1" {
		t.Errorf("after a listing across Regions: %q", got)
	}
	// What comes late ends at the listing that did not see it.
	apply(t, s, run, batch(-1, thing("old", 1)))
	if got := records(t, s, -1, store.Query{}) + "|" + records(t, s, 0, store.Query{}); got != "eu-west-1/old=1|eu-west-1/a=1 us-east-1/b=1 eu-west-1/z=1" {
		t.Errorf("a late batch: %q", got)
	}
}

func narrow(t *testing.T, open func(testing.TB) *store.Store) {
	s := open(t)
	run := begin(t, s, "collect")
	for _, account := range []string{"2", "1"} {
		for _, region := range []string{"b", "a"} {
			for _, typ := range []string{"T2", "T1"} {
				r := &evidence.Resource{Type: typ, ID: typ + account + region, Account: account, Region: region, Properties: map[string]any{}}
				apply(t, s, run, store.Batch{At: t0, Account: account, Region: region, Unit: typ, Resources: []*evidence.Resource{r}})
			}
		}
	}
	for want, q := range map[string]store.Query{
		"T11a T11b T12a T12b T21a T21b T22a T22b": {},
		"T11a T11b T12a T12b":                     {Types: []string{"T1"}},
		"T12a T22a":                               {Accounts: []string{"2"}, Regions: []string{"a", "none"}},
		"":                                        {Types: []string{"T3"}},
	} {
		var got []string
		for _, rec := range collect(t, s.Records(ctx, t0, q)) {
			got = append(got, rec.ID)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%+v: %v, want %s", q, got, want)
		}
	}
	for range s.Records(ctx, t0, store.Query{}) {
		break // leaving early must not hold the store up
	}
	apply(t, s, run, batch(1))
}

func gapAt(operation string) evidence.Gap {
	return evidence.Gap{Account: account, Region: region, Service: "s3", Operation: operation, Types: []string{typ}, Reason: evidence.Denied, Detail: "no"}
}

func gapNames(t *testing.T, s *store.Store, hour int) string {
	t.Helper()
	list, err := s.Gaps(ctx, at(hour))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, g := range list {
		if diff := cmp.Diff(gapAt(g.Operation), g); diff != "" {
			t.Error(diff)
		}
		names = append(names, g.Operation)
	}
	return strings.Join(names, " ")
}

func gaps(t *testing.T, open func(testing.TB) *store.Store) {
	s := open(t)
	run := begin(t, s, "collect")
	with := func(b store.Batch, operations ...string) store.Batch {
		for _, o := range operations {
			b.Gaps = append(b.Gaps, gapAt(o))
		}
		return b
	}
	apply(t, s, run, with(batch(1), "B", "A", "A"))
	other := with(batch(1), "Z")
	other.Unit = "other"
	apply(t, s, run, other)
	apply(t, s, run, with(batch(2), "B", "C"))
	apply(t, s, run, with(batch(2), "B"))
	apply(t, s, run, batch(4))
	for hour, want := range map[int]string{0: "", 1: "A B Z", 2: "B Z", 3: "B Z", 4: "Z"} {
		if got := gapNames(t, s, hour); got != want {
			t.Errorf("gaps at %d: %q, want %q", hour, got, want)
		}
	}
}

func lateGaps(t *testing.T, open func(testing.TB) *store.Store) {
	s := open(t)
	run := begin(t, s, "collect")
	apply(t, s, run, batch(5)) // nothing missing
	late := batch(2)
	late.Gaps = []evidence.Gap{gapAt("A")}
	apply(t, s, run, late)
	if got := gapNames(t, s, 4) + "|" + gapNames(t, s, 5); got != "A|" {
		t.Errorf("a gap that came late: %q", got)
	}
}

func scopes(t *testing.T, open func(testing.TB) *store.Store) {
	s := open(t)
	if _, ok, err := s.Latest(ctx); ok || err != nil {
		t.Errorf("an empty store has evidence: %v", err)
	}
	run := begin(t, s, "collect")
	for _, hour := range []int{1, 3} {
		b := batch(hour)
		b.Complete = []string{"T2", "T1"}
		apply(t, s, run, b)
	}
	got, err := s.Scopes(ctx, at(2))
	want := []store.Scope{{Type: "T1", Account: account, Region: region, Seen: at(1)}, {Type: "T2", Account: account, Region: region, Seen: at(1)}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if got, err := s.Scopes(ctx, at(0)); len(got) != 0 || err != nil {
		t.Errorf("seen before it was looked at: %v, %v", got, err)
	}
	err = s.ApplyVersions(ctx, run, []evidence.Version{{Resource: *thing("a", 1), Valid: evidence.Interval{From: at(0), To: at(7)}}})
	if err != nil {
		t.Fatal(err)
	}
	if latest, ok, err := s.Latest(ctx); !latest.Equal(at(7)) || !ok || err != nil {
		t.Errorf("latest is %v, %v, %v", latest, ok, err)
	}
}

func whole(t *testing.T, open func(testing.TB) *store.Store) {
	s := open(t)
	run := begin(t, s, "collect")
	apply(t, s, run, batch(0, thing("a", 1)))
	broken := errors.New("the source broke")
	b := batch(1, thing("a", 2), thing("b", 1))
	b.Complete, b.Finishes, b.Gaps = []string{typ}, "unit", []evidence.Gap{gapAt("A")}
	b.Stream = func(yield func(*evidence.Resource, error) bool) {
		if yield(thing("c", 1), nil) {
			yield(nil, broken)
		}
	}
	if _, err := s.Apply(ctx, run, b); !errors.Is(err, broken) {
		t.Fatalf("the source's error is lost: %v", err)
	}
	if got := records(t, s, 9, store.Query{}); got != "eu-west-1/a=1" || gapNames(t, s, 9) != "" || run.Done("unit") {
		t.Errorf("half a batch was kept: %q", got)
	}
	b.Stream = each(thing("c", 1))
	apply(t, s, run, b)
	if got := records(t, s, 9, store.Query{}); got != "eu-west-1/a=2 eu-west-1/b=1 eu-west-1/c=1" || !run.Done("unit") {
		t.Errorf("after the whole batch: %q", got)
	}
}

func refused(t *testing.T, open func(testing.TB) *store.Store) {
	s := open(t)
	run := begin(t, s, "collect")
	declared := thing("a", 1)
	declared.Origin = &evidence.Origin{File: "x.yaml"}
	badValue := thing("a", 1)
	badValue.Properties["X"] = struct{}{}
	for want, b := range map[string]store.Batch{
		"without type or identifier": batch(0, thing("", 1)),
		`declared in "x.yaml"`:       batch(0, declared),
		"cannot hold a struct":       batch(0, badValue),
		"outside the years":          {At: time.Date(3000, 1, 1, 0, 0, 0, 0, time.UTC)},
	} {
		if _, err := s.Apply(ctx, run, b); !errors.Is(err, store.ErrInput) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q expected, got %v", want, err)
		}
	}
	back := evidence.Version{Resource: *thing("a", 1), Valid: evidence.Interval{From: at(2), To: at(2)}}
	if err := s.ApplyVersions(ctx, run, []evidence.Version{back}); !errors.Is(err, store.ErrInput) || !strings.Contains(err.Error(), `"a"`) {
		t.Errorf("an empty interval: %v", err)
	}
	if _, err := s.Apply(ctx, nil, batch(0)); !errors.Is(err, store.ErrInput) {
		t.Errorf("no run: %v", err)
	}
	if _, err := s.History(ctx, "a|b"); !errors.Is(err, store.ErrInput) {
		t.Errorf("half a key: %v", err)
	}
	if got := records(t, s, 99, store.Query{}); got != "" {
		t.Errorf("something was kept: %q", got)
	}
}

func cancelled(t *testing.T, open func(testing.TB) *store.Store) {
	s := open(t)
	run := begin(t, s, "collect")
	var many []*evidence.Resource
	for i := range 1000 {
		many = append(many, thing(fmt.Sprint(i), 1))
	}
	ctx, cancel := context.WithCancel(ctx)
	b := batch(0)
	b.Stream = func(yield func(*evidence.Resource, error) bool) {
		for i, r := range many {
			if i == 10 {
				cancel()
			}
			if !yield(r, nil) {
				return
			}
		}
	}
	if _, err := s.Apply(ctx, run, b); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled batch: %v", err)
	}
	for _, err := range s.Records(ctx, t0, store.Query{}) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("a cancelled reading: %v", err)
		}
	}
	if err := run.Finish(ctx, store.Interrupted, nil); err != nil {
		t.Errorf("a cancelled run could not be recorded as such: %v", err)
	}
	if got := records(t, s, 0, store.Query{}); got != "" {
		t.Errorf("half a batch was kept: %q", got)
	}
}
