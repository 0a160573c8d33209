package check

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"holdfast.dev/holdfast/internal/evidence"
)

// Values of an expression are property values (see evidence), and besides:
// time.Time, time.Duration, optional, rest and *failure.

// optional is what x.?y gives.
type optional struct {
	value any
	ok    bool
}

// rest stands at the end of a list that may go on: some of the resources it
// lists could not be seen. Quantifiers take it for one more unknown element, and
// the size of such a list is unknown.
type rest struct{ evidence.Unknown }

// failure is an evaluation error. It travels as a value because CEL's && and ||
// absorb it where the other side decides.
type failure struct{ text string }

func failf(format string, args ...any) *failure { return &failure{fmt.Sprintf(format, args...)} }

// unsettled tells whether v is unknown or an error, which strict functions pass
// on as it is.
func unsettled(v any) bool {
	switch v.(type) {
	case evidence.Unknown, rest, *failure:
		return true
	}
	return false
}

// element is a list's element as an expression sees it.
func element(v any) any {
	if r, ok := v.(rest); ok {
		return r.Unknown
	}
	return v
}

// openEnd returns the rest of a list that may go on.
func openEnd(list []any) (rest, bool) {
	if n := len(list); n > 0 {
		r, ok := list[n-1].(rest)
		return r, ok
	}
	return rest{}, false
}

// equal compares in three values: true or false where every completion of the
// unknowns agrees.
func equal(a, b any) any {
	if f, ok := a.(*failure); ok {
		return f
	}
	if f, ok := b.(*failure); ok {
		return f
	}
	if u, ok := unknownOf(a); ok {
		return unlike(u, b)
	}
	if u, ok := unknownOf(b); ok {
		return unlike(u, a)
	}
	switch x := a.(type) {
	case nil:
		return b == nil
	case bool:
		y, ok := b.(bool)
		return ok && x == y
	case string:
		y, ok := b.(string)
		return ok && x == y
	case int64, float64:
		order, ok := compareNumbers(a, b)
		return ok && order == 0
	case []any:
		y, ok := b.([]any)
		if !ok {
			return false
		}
		return equalLists(x, y)
	case map[string]any:
		y, ok := b.(map[string]any)
		if !ok {
			return false
		}
		return equalObjects(x, y)
	case time.Time:
		y, ok := b.(time.Time)
		return ok && x.Equal(y)
	case time.Duration:
		y, ok := b.(time.Duration)
		return ok && x == y
	case optional:
		y, ok := b.(optional)
		if !ok || x.ok != y.ok {
			return false
		}
		if !x.ok {
			return true
		}
		return equal(x.value, y.value)
	}
	return false
}

// unlike is false where what is known of u rules v out, else unknown.
func unlike(u evidence.Unknown, v any) any {
	if s, ok := v.(string); ok && !u.MayBe(s) {
		return false
	}
	return u
}

func unknownOf(v any) (evidence.Unknown, bool) {
	switch v := v.(type) {
	case evidence.Unknown:
		return v, true
	case rest:
		return v.Unknown, true
	}
	return evidence.Unknown{}, false
}

func equalLists(x, y []any) any {
	rx, xOpen := openEnd(x)
	ry, yOpen := openEnd(y)
	switch {
	case xOpen:
		return rx.Unknown
	case yOpen:
		return ry.Unknown
	case len(x) != len(y):
		return false
	}
	var result any = true
	for i := range x {
		result = both(result, equal(x[i], y[i]))
		if result == false {
			return false
		}
	}
	return result
}

func equalObjects(x, y map[string]any) any {
	if len(x) != len(y) {
		return false
	}
	var result any = true
	for _, k := range slices.Sorted(maps.Keys(x)) {
		other, ok := y[k]
		if !ok {
			return false
		}
		result = both(result, equal(x[k], other))
		if result == false {
			return false
		}
	}
	return result
}

// both is CEL's &&: false decides, whatever the other side is.
func both(a, b any) any {
	switch {
	case a == false || b == false:
		return false
	case a == true && b == true:
		return true
	}
	return undecided(a, b)
}

// either is CEL's ||: true decides, whatever the other side is.
func either(a, b any) any {
	switch {
	case a == true || b == true:
		return true
	case a == false && b == false:
		return false
	}
	return undecided(a, b)
}

// undecided is what && and || give when neither side settled them: an unknown
// before an error, since the unknown may yet turn out to decide.
func undecided(a, b any) any {
	for _, v := range [2]any{a, b} {
		if u, ok := unknownOf(v); ok {
			return u
		}
	}
	for _, v := range [2]any{a, b} {
		if f, ok := v.(*failure); ok {
			return f
		}
	}
	for _, v := range [2]any{a, b} {
		if _, ok := v.(bool); !ok {
			return failf("expected true or false, found %s", describe(v))
		}
	}
	return failf("no decision")
}

func compareNumbers(a, b any) (int, bool) {
	switch x := a.(type) {
	case int64:
		switch y := b.(type) {
		case int64:
			return compareOrdered(x, y), true
		case float64:
			return compareOrdered(float64(x), y), true
		}
	case float64:
		switch y := b.(type) {
		case int64:
			return compareOrdered(x, float64(y)), true
		case float64:
			return compareOrdered(x, y), true
		}
	}
	return 0, false
}

func compareOrdered[T int64 | float64 | time.Duration](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// compare orders two values of one kind.
func compare(a, b any) (int, bool) {
	switch x := a.(type) {
	case string:
		if y, ok := b.(string); ok {
			return strings.Compare(x, y), true
		}
	case time.Time:
		if y, ok := b.(time.Time); ok {
			return x.Compare(y), true
		}
	case time.Duration:
		if y, ok := b.(time.Duration); ok {
			return compareOrdered(x, y), true
		}
	case bool:
		if y, ok := b.(bool); ok {
			return strings.Compare(fmt.Sprint(x), fmt.Sprint(y)), true
		}
	}
	return compareNumbers(a, b)
}

// describe names a value's kind for an error message.
func describe(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case int64, float64:
		return "a number"
	case string:
		return "a string"
	case []any:
		return "a list"
	case map[string]any:
		return "an object"
	case optional:
		return "an optional value"
	case time.Time:
		return "a timestamp"
	case time.Duration:
		return "a duration"
	case evidence.Unknown:
		return v.String()
	}
	return fmt.Sprintf("a %T", v)
}
