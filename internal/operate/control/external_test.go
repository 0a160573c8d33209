package control

import (
	"slices"
	"testing"

	"holdfast.dev/holdfast/internal/evidence"
)

// What was not seen has to stay in the list: .all() over the accounts that were
// seen would else vouch for the others.
func TestExternalKeepsWhatWasNotSeen(t *testing.T) {
	doc := func(principals ...any) any {
		return map[string]any{"Statement": []any{map[string]any{"Effect": "Allow", "Action": "*", "Principal": map[string]any{"AWS": principals}}}}
	}
	hidden := evidence.Unknown{Reason: "a reference"}
	unsure := func(v any) bool { _, ok := v.(evidence.Unknown); return ok }
	for _, c := range []struct {
		name string
		doc  any
		own  any
		seen []any // nil: the answer is unknown as a whole
		open bool
	}{
		{"all seen", doc("111111111111", "222222222222"), []any{"111111111111"}, []any{"222222222222"}, false},
		{"some hidden", doc("222222222222", hidden), []any{"111111111111"}, []any{"222222222222"}, true},
		{"all hidden", doc(hidden), []any{"111111111111"}, nil, true},
		{"own account not known", doc("222222222222"), []any{hidden}, nil, true},
		{"own accounts not known", doc("222222222222"), hidden, nil, true},
		{"own account not known, nobody let in", doc(), []any{hidden}, []any{}, false},
		{"one own account as text", doc("111111111111"), "111111111111", []any{}, false},
	} {
		got, err := external([]any{c.doc, c.own})
		if err != nil {
			t.Fatal(err)
		}
		list, _ := got.([]any)
		if open := unsure(got) || slices.ContainsFunc(list, unsure); open != c.open {
			t.Errorf("%s: %v", c.name, got)
		}
		if seen := slices.DeleteFunc(slices.Clone(list), unsure); c.seen != nil && !slices.Equal(seen, c.seen) || c.seen == nil && !unsure(got) {
			t.Errorf("%s: %v, want %v", c.name, got, c.seen)
		}
	}
}
