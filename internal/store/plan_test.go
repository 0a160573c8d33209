package store

import (
	"context"
	"strings"
	"testing"
)

// Streaming holds only while SQLite need not sort, so the plan is watched.
func TestRecordsAreNotSorted(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	for sql, index := range map[string]string{recordsSQL: "version_timeline", accountSQL: "scope_account"} {
		var plan []string
		err := s.view(func(c *conn) error {
			return c.query(context.Background(), func(r row) error { plan = append(plan, r.text(3)); return nil }, "EXPLAIN QUERY PLAN "+sql, int64(0), "", "", "")
		})
		if err != nil {
			t.Fatal(err)
		}
		text := strings.Join(plan, "\n")
		if strings.Contains(text, "TEMP B-TREE") || !strings.Contains(text, index) {
			t.Errorf("the snapshot scan sorts, or does not use its index %s:\n%s", index, text)
		}
	}
}
