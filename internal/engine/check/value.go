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

// rest is an element that may not be there: it stands for resources that could
// not be seen, or for one that depends on a condition. So does an Unknown that
// is not Present. Quantifiers ask what holds with and without it, and the size
// of such a list is unknown.
type rest struct {
	evidence.Unknown
	value any // what is there if anything is; nil where not even that is known
}

// failure is an evaluation error. It travels as a value because CEL's && and ||
// absorb it where the other side decides.
type failure struct {
	text   string
	absent bool // something on the way is not there, which has() asks about
}

func failf(format string, args ...any) *failure { return &failure{text: fmt.Sprintf(format, args...)} }

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
		if r.value != nil {
			return r.value
		}
		return r.Unknown
	}
	return v
}

// doubtful is why an element of a list or object may not be there.
func doubtful(v any) (evidence.Unknown, bool) {
	switch v := v.(type) {
	case rest:
		return v.Unknown, true
	case evidence.Unknown:
		return v, !v.Present
	}
	return evidence.Unknown{}, false
}

// open is where the first doubtful element of a list stands, and why it is
// doubtful. Behind it no place in the list is certain.
func open(list []any) (at int, why evidence.Unknown, ok bool) {
	for i, v := range list {
		if u, is := doubtful(v); is {
			return i, u, true
		}
	}
	return len(list), evidence.Unknown{}, false
}

// there is an element that an expression put into a list itself: it counts,
// whatever is known of it.
func there(v any) any {
	if u, ok := unknownOf(v); ok {
		u.Present = true
		return u
	}
	return v
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
	xEnd, whyX, xOpen := open(x)
	yEnd, whyY, yOpen := open(y)
	var result any = true
	switch {
	case xOpen:
		result = whyX
	case yOpen:
		result = whyY
	}
	if !xOpen && certain(y) > len(x) || !yOpen && certain(x) > len(y) || !xOpen && !yOpen && len(x) != len(y) {
		return false
	}
	for i := range min(xEnd, yEnd) {
		result = both(result, equal(x[i], y[i]))
		if result == false {
			return false
		}
	}
	return result
}

// certain is how many elements a list has at least.
func certain(list []any) int {
	n := 0
	for _, v := range list {
		if _, doubt := doubtful(v); !doubt {
			n++
		}
	}
	return n
}

func equalObjects(x, y map[string]any) any {
	var result any = true
	for _, k := range slices.Sorted(maps.Keys(x)) {
		var same any = false
		if other, ok := y[k]; ok {
			same = equal(x[k], other)
		} else if u, doubt := doubtful(x[k]); doubt {
			same = u
		}
		if result = both(result, same); result == false {
			return false
		}
	}
	for _, k := range slices.Sorted(maps.Keys(y)) {
		if _, ok := x[k]; ok {
			continue
		}
		u, doubt := doubtful(y[k])
		if !doubt {
			return false
		}
		result = both(result, u)
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
	case optional:
		return "an optional value"
	case time.Time:
		return "a timestamp"
	case time.Duration:
		return "a duration"
	case evidence.Unknown:
		return v.String()
	}
	return evidence.KindOf(v)
}
