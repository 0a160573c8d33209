package access

import (
	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
	"holdfast.dev/holdfast/internal/evidence"
)

// compile makes a document ready that no evidence brought.
func compile(name string, body any) *iam.Policy { return iam.Compile(name, policy.Of(body)) }

func text(v any) string { s, _ := v.(string); return s }

func textOf(v any) (string, bool) { s, ok := v.(string); return s, ok }

func textsOf(list []any) []string {
	out := make([]string, 0, len(list))
	for _, e := range list {
		out = append(out, text(e))
	}
	return out
}

// listOf reads "a" and ["a"] alike.
func listOf(v any) []any {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		return v
	}
	return []any{v}
}

// reason is why a value is not known.
func reason(v any, otherwise string) string {
	if u, ok := v.(evidence.Unknown); ok && u.Reason != "" {
		return u.Reason
	}
	return otherwise
}

// nameOf is a name where it is known.
func nameOf(v any, otherwise string) string {
	if s := text(v); s != "" {
		return s
	}
	return otherwise
}
