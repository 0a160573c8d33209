package app

import (
	"fmt"

	"holdfast.dev/holdfast/internal/finding"
)

// AlertTally counts the alerts of one run.
type AlertTally struct {
	Alerts   map[finding.Severity]int // that no exception covers
	Excepted int
}

func (t *AlertTally) add(a *finding.Alert) {
	if a.Exception != "" {
		t.Excepted++
		return
	}
	if t.Alerts == nil {
		t.Alerts = map[finding.Severity]int{}
	}
	t.Alerts[a.Severity]++
}

// count is how many there were, excepted ones too.
func (t *AlertTally) count() int {
	n := t.Excepted
	for _, k := range t.Alerts {
		n += k
	}
	return n
}

// AtLeast counts the alerts of a severity or a graver one that no exception covers;
// none where no severity is given.
func (t *AlertTally) AtLeast(limit finding.Severity) int {
	n := 0
	for severity, k := range t.Alerts {
		if limit != "" && severity.Rank() >= limit.Rank() {
			n += k
		}
	}
	return n
}

// counted is so many of something, in words.
func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
