package cloudtrail

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// TestPruneKeepsWhatAQueueMayTellAgain: files before the horizon are forgotten, but not
// the last ones of a queue.
func TestPruneKeepsWhatAQueueMayTellAgain(t *testing.T) {
	var names []string
	for hour := range 10 {
		names = append(names, fmt.Sprintf("s3://logs/1_CloudTrail_eu-west-1_20260302T%02d00Z_x.json.gz", hour))
	}
	names = append(names, "s3://logs/untimed.json.gz")
	for stay, want := range map[int][]string{0: names[8:], 4: names[7:], 11: names, 50: names} {
		c := checkpoint{Done: slices.Clone(names), Horizon: time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)}
		if c.prune(stay); !slices.Equal(c.Done, want) {
			t.Errorf("%d stay: %v", stay, c.Done)
		}
	}
}
