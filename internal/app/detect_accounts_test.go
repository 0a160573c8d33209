package app

import (
	"context"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/store"
)

func TestAccountsOfTheOrganisationAreOurs(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	a := &App{Now: func() time.Time { return DemoInstant }}
	w := Workspace{Detect: DetectSettings{Accounts: []string{"999900001111"}}}
	if err := a.KnowAccounts(t.Context(), &w, dir); err != nil || !slices.Equal(w.Detect.Accounts, []string{"999900001111"}) {
		t.Errorf("without a store: %v, %v", w.Detect.Accounts, err)
	}
	keepAccount(t, a, dir, "111122223333")
	if err := a.KnowAccounts(t.Context(), &w, dir); err != nil || !slices.Equal(w.Detect.Accounts, []string{"111122223333", "999900001111"}) {
		t.Errorf("with a collected organisation: %v, %v", w.Detect.Accounts, err)
	}
}

func keepAccount(t *testing.T, a *App, dir, id string) {
	t.Helper()
	ctx := context.Background()
	s, err := store.Open(ctx, dir, store.Options{Now: a.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	run, err := s.Begin(ctx, store.Run{Kind: "collect"})
	if err != nil {
		t.Fatal(err)
	}
	account := &evidence.Resource{Type: evidence.TypeAccount, ID: id, Account: id, Region: evidence.Global, Properties: map[string]any{"Name": "shop", "State": "CLOSED"}}
	if _, err := s.Apply(ctx, run, store.Batch{At: DemoInstant, Account: id, Region: evidence.Global, Unit: "test", Resources: []*evidence.Resource{account}}); err != nil {
		t.Fatal(err)
	}
}
