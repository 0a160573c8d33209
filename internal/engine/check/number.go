package check

import (
	"math"
	"time"

	"holdfast.dev/holdfast/internal/evidence"
)

func add(a, b any) any {
	switch x := a.(type) {
	case string:
		if y, ok := b.(string); ok {
			return x + y
		}
	case []any:
		if y, ok := b.([]any); ok {
			return append(x[:len(x):len(x)], y...)
		}
	case time.Time:
		if y, ok := b.(time.Duration); ok {
			return x.Add(y)
		}
	}
	return numeric("+", a, b, func(x, y float64) float64 { return x + y })
}

func subtract(a, b any) any {
	if x, ok := a.(time.Time); ok {
		switch y := b.(type) {
		case time.Time:
			return x.Sub(y)
		case time.Duration:
			return x.Add(-y)
		}
	}
	return numeric("-", a, b, func(x, y float64) float64 { return x - y })
}

func arithmetic(sign string, fn func(x, y float64) float64) function {
	return strict(func(_ *frame, a []any) any { return numeric(sign, a[0], a[1], fn) })
}

// numeric computes in floating point, as JSON does, and comes back to whole
// numbers where the operands were whole.
func numeric(sign string, a, b any, fn func(x, y float64) float64) any {
	x, xWhole, ok := float(a)
	y, yWhole, ok2 := float(b)
	switch {
	case !ok || !ok2:
		return failf("cannot compute %s %s %s", describe(a), sign, describe(b))
	case y == 0 && (sign == "/" || sign == "%"):
		return failf("division by zero")
	}
	result := fn(x, y)
	if xWhole && yWhole {
		result = math.Trunc(result)
	}
	return evidence.Number(result)
}

func float(v any) (f float64, whole, ok bool) {
	switch v := v.(type) {
	case int64:
		return float64(v), true, true
	case float64:
		return v, false, true
	}
	return 0, false, false
}
