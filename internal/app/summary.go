package app

import (
	"encoding/json"
	"time"

	"holdfast.dev/holdfast/internal/operate/review"
	"holdfast.dev/holdfast/internal/store"
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

// recorded is what a run keeps of what detections found.
func recorded(at time.Time, alerts int, c store.Changes) json.RawMessage {
	b, err := json.Marshal(struct {
		At       time.Time `json:"at"`
		Alerts   int       `json:"alerts"`
		New      int       `json:"new"`
		Reopened int       `json:"reopened"`
		Resolved int       `json:"resolved"`
	}{at, alerts, c.New, c.Reopened, c.Resolved})
	if err != nil {
		return nil // a plain struct always marshals
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
