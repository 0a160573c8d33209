package store

import (
	"fmt"
	"math"
	"time"
)

// Instants are stored as nanoseconds since 1970 in UTC, which reaches from
// 1678 to 2261. An interval without a start or an end has the outermost values.
const (
	never   = math.MaxInt64
	always  = math.MinInt64
	noTime  = 0
	minYear = 1678
	maxYear = 2261
)

func instant(t time.Time) (int64, error) {
	if y := t.UTC().Year(); y < minYear || y > maxYear {
		return 0, say(ErrInput, nil, "the time %s is outside the years %d to %d that can be stored", t.Format(time.RFC3339), minYear, maxYear)
	}
	return t.UnixNano(), nil
}

func timeAt(n int64) time.Time { return time.Unix(0, n).UTC() }

// optional is instant, with noTime for the zero time.
func optional(t time.Time) (int64, error) {
	if t.IsZero() {
		return noTime, nil
	}
	return instant(t)
}

func optionalAt(n int64) time.Time {
	if n == noTime || n == never || n == always {
		return time.Time{}
	}
	return timeAt(n)
}

// bounds are an interval's ends.
func bounds(from, to time.Time) (f, t int64, err error) {
	f, t = always, never
	if !from.IsZero() {
		if f, err = instant(from); err != nil {
			return 0, 0, err
		}
	}
	if !to.IsZero() {
		if t, err = instant(to); err != nil {
			return 0, 0, err
		}
	}
	if f >= t {
		return 0, 0, fmt.Errorf("%w: it is valid from %s to %s, which is no span of time", ErrInput, from.Format(time.RFC3339), to.Format(time.RFC3339))
	}
	return f, t, nil
}
