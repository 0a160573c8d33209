package lint

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"holdfast.dev/holdfast/internal/engine/iam/policy"
)

// contradictions finds pairs of conditions that no request fulfils together.
func (l *linter) contradictions(all []condition) {
	if len(all) > mostConditions {
		return
	}
	for j := range all {
		for i := range j {
			a, b := &all[i], &all[j]
			if !strings.EqualFold(a.Key, b.Key) || a.Unseen || b.Unseen || anyPartial(a) || anyPartial(b) {
				continue
			}
			if why := contradict(a, b); why != "" {
				l.add(neverMatches, b.Position, b.element(), "together with %s in line %d this never holds: %s. All conditions of a statement must hold; should it be two statements?", a.Operator, a.Position.Line, why)
			}
		}
	}
}

func anyPartial(c *condition) bool {
	return slices.ContainsFunc(c.Values, func(v policy.Text) bool { return v.Partial || strings.Contains(v.Value, "${") })
}

func contradict(a, b *condition) string {
	if b.op.Base == policy.Null {
		a, b = b, a
	}
	if a.op.Base == policy.Null {
		return absentAndPresent(a, b)
	}
	if a.op.Set != policy.Plain || b.op.Set != policy.Plain || a.op.IfExists || b.op.IfExists || a.key.Multivalued || b.key.Multivalued {
		return ""
	}
	if why := disjoint(a, b); why != "" {
		return why
	}
	if why := disjoint(b, a); why != "" {
		return why
	}
	return outOfRange(a, b)
}

func absentAndPresent(null, other *condition) string {
	if len(null.Values) != 1 || !strings.EqualFold(null.Values[0].Value, "true") {
		return ""
	}
	if other.op.Base == policy.Null && len(other.Values) == 1 && strings.EqualFold(other.Values[0].Value, "false") {
		return "the key would be absent and present"
	}
	if other.op.Base != policy.Null && !other.op.IfExists && !other.op.Base.Negated() && other.op.Set != policy.ForAllValues {
		return "the key must be absent, and must have a value"
	}
	return ""
}

// disjoint tells whether what a asks for is never what b takes.
func disjoint(a, b *condition) string {
	exact := func(b policy.Base) bool {
		return b == policy.StringEquals || b == policy.Bool || b == policy.NumericEquals
	}
	if !exact(a.op.Base) || len(a.Values) == 0 || len(b.Values) == 0 {
		return ""
	}
	has := func(v policy.Text) bool {
		return slices.ContainsFunc(b.Values, func(o policy.Text) bool { return strings.EqualFold(o.Value, v.Value) })
	}
	switch b.op.Base {
	case a.op.Base:
		if !slices.ContainsFunc(a.Values, has) {
			return "the two have no value in common"
		}
	case policy.StringNotEquals, policy.NumericNotEquals:
		if b.op.Base.Positive() == a.op.Base && !slices.ContainsFunc(a.Values, func(v policy.Text) bool {
			return !slices.ContainsFunc(b.Values, func(o policy.Text) bool { return o.Value == v.Value })
		}) {
			return "the one excludes every value that the other asks for"
		}
	}
	return ""
}

// outOfRange finds an upper bound below a lower one.
func outOfRange(a, b *condition) string {
	low, lowOpen, ok := bound(a, true)
	high, highOpen, ok2 := bound(b, false)
	if !ok || !ok2 {
		low, lowOpen, ok = bound(b, true)
		high, highOpen, ok2 = bound(a, false)
	}
	if ok && ok2 && (low > high || low == high && (lowOpen || highOpen)) {
		return "the lower bound is above the upper one"
	}
	return ""
}

// bound is the bound that a condition sets, the loosest of its values.
func bound(c *condition, lower bool) (limit float64, open, ok bool) {
	switch c.op.Base {
	case policy.NumericGreaterThan, policy.DateGreaterThan:
		open, ok = true, lower
	case policy.NumericGreaterThanEquals, policy.DateGreaterThanEquals:
		ok = lower
	case policy.NumericLessThan, policy.DateLessThan:
		open, ok = true, !lower
	case policy.NumericLessThanEquals, policy.DateLessThanEquals:
		ok = !lower
	}
	if !ok || len(c.Values) == 0 {
		return 0, false, false
	}
	for i, v := range c.Values {
		n, fine := number(v.Value)
		if !fine {
			return 0, false, false
		}
		if i == 0 || lower && n < limit || !lower && n > limit {
			limit = n
		}
	}
	return limit, open, true
}

// number is a number, or a date as seconds since 1970.
func number(s string) (float64, bool) {
	if n, err := strconv.ParseFloat(s, 64); err == nil {
		return n, true
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00", "2006-01-02"} {
		if t, err := time.Parse(layout, s); err == nil {
			return float64(t.Unix()), true
		}
	}
	return 0, false
}
