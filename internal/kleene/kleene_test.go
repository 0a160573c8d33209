package kleene

import "testing"

// worlds lists the booleans a value may turn out to be.
func worlds(v Value) []bool {
	switch v {
	case True:
		return []bool{true}
	case False:
		return []bool{false}
	}
	return []bool{true, false}
}

// settle is the only honest summary of a set of outcomes.
func settle(outcomes map[bool]bool) Value {
	if len(outcomes) == 2 {
		return Unknown
	}
	return Of(outcomes[true])
}

// Every operator must agree with enumerating what the unknowns could be.
func TestOperatorsAgreeWithEnumeration(t *testing.T) {
	all := []Value{Unknown, False, True}
	for _, v := range all {
		not := map[bool]bool{}
		for _, a := range worlds(v) {
			not[!a] = true
		}
		if got, want := v.Not(), settle(not); got != want {
			t.Errorf("not %v = %v, want %v", v, got, want)
		}
		for _, w := range all {
			and, or := map[bool]bool{}, map[bool]bool{}
			for _, a := range worlds(v) {
				for _, b := range worlds(w) {
					and[a && b], or[a || b] = true, true
				}
			}
			if got, want := v.And(w), settle(and); got != want {
				t.Errorf("%v and %v = %v, want %v", v, w, got, want)
			}
			if got, want := v.Or(w), settle(or); got != want {
				t.Errorf("%v or %v = %v, want %v", v, w, got, want)
			}
		}
	}
}

func TestZeroValueIsUnknown(t *testing.T) {
	var v Value
	if v != Unknown || v.String() != "unknown" {
		t.Fatalf("zero value is %v", v)
	}
}
