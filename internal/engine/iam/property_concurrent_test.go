package iam_test

import (
	"sync"
	"testing"

	"holdfast.dev/holdfast/internal/engine/iam"
)

// Compiled policies and requests are shared by many at once: every one of them gets
// the answer that one alone gets.
func TestPropertyConcurrentAnswersAgree(t *testing.T) {
	m := newMaker(8)
	m.focus = true
	for range cases(t, 100) {
		w := m.world()
		m.forget(w)
		req, policies := w.question(t)
		want := iam.Decide(req, policies)
		answers := make([]iam.Outcome, 8)
		var group sync.WaitGroup
		for i := range answers {
			group.Go(func() {
				if i%2 == 0 {
					answers[i] = iam.Decide(req, policies)
				} else {
					answers[i] = iam.Explain(req, policies).Outcome
				}
			})
		}
		group.Wait()
		for _, got := range answers {
			if got.Decision != want.Decision || got.Allowed != want.Allowed {
				t.Fatalf("one of many is told %v, one alone %v\n%v", got.Decision, want.Decision, w)
			}
		}
	}
}
