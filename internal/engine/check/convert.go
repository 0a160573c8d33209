package check

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"holdfast.dev/holdfast/internal/evidence"
)

func toInt(v any) any {
	switch v := v.(type) {
	case int64:
		return v
	case float64:
		if math.Abs(v) >= 1<<63 {
			return failf("%v is beyond the whole numbers there are", v)
		}
		return int64(v)
	case string:
		i, err := strconv.ParseInt(v, 10, 64)
		if err != nil {
			return failf("%q is not a whole number", v)
		}
		return i
	case time.Time:
		return v.Unix()
	}
	return failf("cannot make a number of %s", describe(v))
}

func toDouble(v any) any {
	switch v := v.(type) {
	case int64, float64:
		return v
	case string:
		f, err := strconv.ParseFloat(v, 64)
		if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
			return failf("%q is not a number", v)
		}
		return evidence.Number(f)
	}
	return failf("cannot make a number of %s", describe(v))
}

func toString(v any) any {
	switch v := v.(type) {
	case string:
		return v
	case int64, float64, bool:
		return fmt.Sprint(v)
	case time.Time:
		return v.UTC().Format(time.RFC3339)
	}
	return failf("cannot make a string of %s", describe(v))
}

func toTime(v any) any {
	switch v := v.(type) {
	case time.Time:
		return v
	case string:
		t, err := time.Parse(time.RFC3339, v)
		if err != nil {
			return failf("%q is not an RFC 3339 timestamp", v)
		}
		return t
	}
	return failf("cannot make a timestamp of %s", describe(v))
}

func toDuration(v any) any {
	if s, ok := v.(string); ok {
		d, err := time.ParseDuration(s)
		if err != nil {
			return failf("%q is not a duration", s)
		}
		return d
	}
	return failf("cannot make a duration of %s", describe(v))
}

func daysSince(f *frame, v any) any {
	switch t := toTime(v).(type) {
	case time.Time:
		return int64(math.Floor(f.subject.scope.Now.Sub(t).Hours() / 24))
	default:
		return t
	}
}
