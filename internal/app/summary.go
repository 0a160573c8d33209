package app

import (
	"encoding/json"

	"holdfast.dev/holdfast/internal/operate/review"
)

// summary is what a run keeps of a review.
func summary(r *review.Review) json.RawMessage {
	b, err := json.Marshal(struct {
		Resources int                   `json:"resources"`
		Verdicts  review.Counts         `json:"verdicts"`
		Failures  review.SeverityCounts `json:"open_failures"`
	}{r.Estate.Resources, r.Verdicts, r.Severities})
	if err != nil {
		return nil // three plain structs always marshal
	}
	return b
}
