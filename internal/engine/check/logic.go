package check

import "holdfast.dev/holdfast/internal/evidence"

// logical short-circuits on the left side only where that decides; CEL may
// evaluate either side first, and an error on one never hides a decision on the
// other.
func logical(left, right eval, decides bool, combine func(a, b any) any) eval {
	return func(f *frame) any {
		a := left(f)
		if a == decides {
			return decides
		}
		b := right(f)
		if a == !decides {
			if _, ok := b.(bool); ok {
				return b
			}
		}
		return combine(a, b)
	}
}

// conditional evaluates both branches where the condition is unknown: if they
// agree, it did not matter.
func conditional(test, yes, no eval) eval {
	return func(f *frame) any {
		switch c := test(f).(type) {
		case bool:
			if c {
				return yes(f)
			}
			return no(f)
		case evidence.Unknown:
			a, b := yes(f), no(f)
			if equal(a, b) == true {
				return a
			}
			return c
		case *failure:
			return c
		default:
			return failf("the condition of ?: is %s, not true or false", describe(c))
		}
	}
}

func not(v any) any {
	if b, ok := v.(bool); ok {
		return !b
	}
	if unsettled(v) {
		return v
	}
	return failf("! needs true or false, found %s", describe(v))
}
