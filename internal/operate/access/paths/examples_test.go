package paths

import (
	"testing"

	"holdfast.dev/holdfast/catalog"
	"holdfast.dev/holdfast/internal/engine/iam/escalate"
	"holdfast.dev/holdfast/internal/kleene"
)

func techniques(t testing.TB) []escalate.Technique {
	t.Helper()
	list, err := Techniques(catalog.Files, "escalations")
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestExamples: what a technique's examples allow is a way, and a certain one
// unless it rests on facts that nobody can see; what nearly allows it is none.
func TestExamples(t *testing.T) {
	for _, technique := range techniques(t) {
		t.Run(technique.ID, func(t *testing.T) {
			want := kleene.True
			if len(technique.Given) > 0 || len(technique.Target.When) > 0 && technique.Target.Who == "user" {
				want = kleene.Unknown // whether the user has keys and a password was not seen
			}
			for _, e := range technique.Examples.Positive {
				if got, err := Example(technique, e.Policy); err != nil || got != want {
					t.Errorf("%s: positive %q is %v, want %v (%v)", technique.File, e.Name, got, want, err)
				}
			}
			for _, e := range technique.Examples.NearMiss {
				if got, err := Example(technique, e.Policy); err != nil || got != kleene.False {
					t.Errorf("%s: near miss %q is %v (%v)", technique.File, e.Name, got, err)
				}
			}
		})
	}
}
