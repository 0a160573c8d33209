package app

import (
	"encoding/json"
	"time"

	"holdfast.dev/holdfast/internal/operate/review"
)

// summary is what a run keeps of a review.
func summary(r *review.Review) json.RawMessage {
	b, err := json.Marshal(struct {
		At        time.Time             `json:"at"`
		Resources int                   `json:"resources"`
		Verdicts  review.Counts         `json:"verdicts"`
		Failures  review.SeverityCounts `json:"open_failures"`
	}{r.At, r.Estate.Resources, r.Verdicts, r.Severities})
	if err != nil {
		return nil // three plain structs always marshal
	}
	return b
}

// judgedAt is the instant that the summary of a review speaks of.
func judgedAt(summary json.RawMessage) (time.Time, bool) {
	var s struct {
		At time.Time `json:"at"`
	}
	err := json.Unmarshal(summary, &s)
	return s.At, err == nil && !s.At.IsZero()
}
