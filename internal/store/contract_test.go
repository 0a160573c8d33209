package store_test

import (
	"context"
	"testing"

	"holdfast.dev/holdfast/internal/store"
	"holdfast.dev/holdfast/internal/store/storetest"
)

func TestContract(t *testing.T) {
	storetest.Run(t, func(t testing.TB) *store.Store {
		s, err := store.Open(context.Background(), t.TempDir(), store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return s
	})
}
