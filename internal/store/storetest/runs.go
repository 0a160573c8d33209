package storetest

import (
	"encoding/json"
	"errors"
	"testing"

	"holdfast.dev/holdfast/internal/store"
)

func runs(t *testing.T, open func(testing.TB) *store.Store) {
	s := open(t)
	first, err := s.Begin(ctx, store.Run{Kind: "collect", Started: at(1), Args: []string{"--org", "é"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Finish(ctx, store.Finished, json.RawMessage(`{"resources":3}`)); err != nil {
		t.Fatal(err)
	}
	second := begin(t, s, "review")
	if err := second.Finish(ctx, store.Failed, json.RawMessage("{")); !errors.Is(err, store.ErrInput) {
		t.Errorf("half a summary: %v", err)
	}
	list, err := s.Runs(ctx)
	if err != nil || len(list) != 2 {
		t.Fatalf("%v, %v", list, err)
	}
	if r := list[0]; r.ID != second.ID || r.Status != store.Running || !r.Finished.IsZero() {
		t.Errorf("the run under way: %+v", r)
	}
	if r := list[1]; r.ID != first.ID || r.Kind != "collect" || !r.Started.Equal(at(1)) || r.Status != store.Finished || r.Finished.IsZero() ||
		string(r.Summary) != `{"resources":3}` || len(r.Args) != 2 || r.Args[1] != "é" {
		t.Errorf("the finished run: %+v", r)
	}
	if err := new(store.Run).Finish(ctx, store.Finished, nil); !errors.Is(err, store.ErrInput) {
		t.Errorf("a run nobody began: %v", err)
	}
}

func resumption(t *testing.T, open func(testing.TB) *store.Store) {
	s := open(t)
	again := func(resume bool) *store.Run {
		run, err := s.Begin(ctx, store.Run{Kind: "collect", Started: t0, Resume: resume})
		if err != nil {
			t.Fatal(err)
		}
		return run
	}
	first := again(true)
	if err := first.Mark(ctx, "a"); err != nil {
		t.Fatal(err)
	}
	b := batch(0)
	b.Finishes = "b"
	apply(t, s, first, b)
	if !first.Done("a") || !first.Done("b") || first.Done("c") || first.Session != first.ID {
		t.Errorf("the journal of the first: %+v", first)
	}
	if err := first.Finish(ctx, store.Interrupted, nil); err != nil {
		t.Fatal(err)
	}
	begin(t, s, "review") // another kind in between changes nothing
	second := again(true)
	if !second.Done("a") || !second.Done("b") || second.Session != first.ID {
		t.Errorf("the second does not resume the first: %+v", second)
	}
	if fresh := again(false); fresh.Done("a") || fresh.Session != fresh.ID {
		t.Errorf("a fresh run resumes: %+v", fresh)
	} else if err := fresh.Finish(ctx, store.Finished, nil); err != nil {
		t.Fatal(err)
	}
	if third := again(true); third.Done("a") || third.Session != third.ID {
		t.Errorf("there was nothing to resume: %+v", third)
	}
}
