package check

import (
	"fmt"
	"math"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"time"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"

	"holdfast.dev/holdfast/internal/evidence"
)

// function is one function of the language, over evaluated arguments. A strict
// one is never called with an unknown or failed argument; its result is then
// that argument.
type function struct {
	call    func(f *frame, args []any) any
	lenient bool
}

func (fn function) bind(args []eval) eval {
	return func(f *frame) any {
		// Arguments go on a stack of the frame's own, so that a call allocates
		// nothing. Nested calls have taken theirs off before the next is put on.
		base := len(f.stack)
		for _, arg := range args {
			v := arg(f)
			f.stack = append(f.stack, v)
		}
		values := f.stack[base:]
		result := fn.apply(f, values)
		f.stack = f.stack[:base]
		return result
	}
}

func (fn function) apply(f *frame, values []any) any {
	if !fn.lenient {
		var failed any
		for _, v := range values {
			switch v := v.(type) {
			case evidence.Unknown:
				return v
			case *failure:
				failed = v
			}
		}
		if failed != nil {
			return failed
		}
	}
	return fn.call(f, values)
}

func strict(call func(f *frame, args []any) any) function { return function{call: call} }
func lenient(call func(f *frame, args []any) any) function {
	return function{call: call, lenient: true}
}

// builtins are the functions of CEL's standard library that controls may use.
// What is not here is refused when the control is compiled.
func builtins() map[string]function {
	ordered := func(holds func(int) bool) function {
		return strict(func(_ *frame, a []any) any {
			order, ok := compare(a[0], a[1])
			if !ok {
				return failf("cannot order %s and %s", describe(a[0]), describe(a[1]))
			}
			return holds(order)
		})
	}
	return map[string]function{
		operators.LogicalNot:    strict(func(_ *frame, a []any) any { return not(a[0]) }),
		operators.Less:          ordered(func(o int) bool { return o < 0 }),
		operators.LessEquals:    ordered(func(o int) bool { return o <= 0 }),
		operators.Greater:       ordered(func(o int) bool { return o > 0 }),
		operators.GreaterEquals: ordered(func(o int) bool { return o >= 0 }),
		operators.Add:           strict(func(_ *frame, a []any) any { return add(a[0], a[1]) }),
		operators.Subtract:      strict(func(_ *frame, a []any) any { return subtract(a[0], a[1]) }),
		operators.Multiply:      arithmetic("*", func(x, y float64) float64 { return x * y }),
		operators.Divide:        arithmetic("/", func(x, y float64) float64 { return x / y }),
		operators.Modulo:        arithmetic("%", math.Mod),
		operators.Negate:        strict(func(_ *frame, a []any) any { return subtract(int64(0), a[0]) }),
		operators.In:            lenient(func(_ *frame, a []any) any { return within(a[0], a[1]) }),
		operators.OldIn:         lenient(func(_ *frame, a []any) any { return within(a[0], a[1]) }),
		operators.Index:         strict(func(_ *frame, a []any) any { return index(a[0], a[1]) }),
		operators.OptIndex: strict(func(_ *frame, a []any) any {
			v := index(a[0], a[1])
			if _, failed := v.(*failure); failed {
				return optional{}
			}
			return optional{value: v, ok: true}
		}),

		"size":       strict(func(_ *frame, a []any) any { return size(a[0]) }),
		"startsWith": text2(strings.HasPrefix),
		"endsWith":   text2(strings.HasSuffix),
		"contains":   text2(strings.Contains),
		"lowerAscii": text1(strings.ToLower),
		"upperAscii": text1(strings.ToUpper),
		"trim":       text1(strings.TrimSpace),
		"split":      strict(func(_ *frame, a []any) any { return split(a) }),
		"join":       strict(func(_ *frame, a []any) any { return join(a) }),
		"replace": strict(func(_ *frame, a []any) any {
			s, ok := texts(a)
			if !ok {
				return failf("replace takes strings")
			}
			return strings.ReplaceAll(s[0], s[1], s[2])
		}),
		"int":       strict(func(_ *frame, a []any) any { return toInt(a[0]) }),
		"double":    strict(func(_ *frame, a []any) any { return toDouble(a[0]) }),
		"string":    strict(func(_ *frame, a []any) any { return toString(a[0]) }),
		"dyn":       lenient(func(_ *frame, a []any) any { return a[0] }),
		"timestamp": strict(func(_ *frame, a []any) any { return toTime(a[0]) }),
		"duration":  strict(func(_ *frame, a []any) any { return toDuration(a[0]) }),

		"hasValue":      lenient(func(_ *frame, a []any) any { return hasValue(a[0]) }),
		"value":         lenient(func(_ *frame, a []any) any { return valueOf(a[0]) }),
		"orValue":       lenient(func(_ *frame, a []any) any { return orValue(a[0], a[1]) }),
		"or":            lenient(func(_ *frame, a []any) any { return orOptional(a[0], a[1]) }),
		"optional.of":   lenient(func(_ *frame, a []any) any { return optional{value: a[0], ok: true} }),
		"optional.none": lenient(func(*frame, []any) any { return optional{} }),

		// Ours.
		"days_since":   strict(func(f *frame, a []any) any { return daysSince(f, a[0]) }),
		"any_address":  strict(func(_ *frame, a []any) any { return anyAddress(a[0]) }),
		"ingress_open": lenient(func(_ *frame, a []any) any { return ingressOpen(a) }),
		"resources":    strict(func(f *frame, a []any) any { return f.subject.all(a) }),
		"related":      strict(func(f *frame, a []any) any { return f.subject.related(a) }),
		"lookup":       lenient(func(f *frame, a []any) any { return f.subject.lookup(a) }),
	}
}

func texts(args []any) ([]string, bool) {
	out := make([]string, len(args))
	for i, a := range args {
		s, ok := a.(string)
		if !ok {
			return nil, false
		}
		out[i] = s
	}
	return out, true
}

func text1(fn func(string) string) function {
	return strict(func(_ *frame, a []any) any {
		s, ok := a[0].(string)
		if !ok {
			return failf("expected a string, found %s", describe(a[0]))
		}
		return fn(s)
	})
}

func text2(fn func(a, b string) bool) function {
	return strict(func(_ *frame, a []any) any {
		s, ok := a[0].(string)
		t, ok2 := a[1].(string)
		if !ok || !ok2 {
			return failf("expected two strings, found %s and %s", describe(a[0]), describe(a[1]))
		}
		return fn(s, t)
	})
}

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

// within is CEL's in: true as soon as one element is equal for certain.
func within(v, set any) any {
	if f, ok := v.(*failure); ok {
		return f
	}
	switch set := set.(type) {
	case []any:
		var result any = false
		for _, e := range set {
			if result = either(result, equal(v, element(e))); result == true {
				return true
			}
		}
		return result
	case map[string]any:
		if unsettled(v) {
			return v
		}
		key, ok := v.(string)
		_, present := set[key]
		return ok && present
	}
	if unsettled(set) {
		return set
	}
	return failf("in needs a list or an object, found %s", describe(set))
}

func index(v, at any) any {
	switch v := v.(type) {
	case map[string]any:
		if key, ok := at.(string); ok {
			return selectField(v, key)
		}
	case []any:
		if i, ok := at.(int64); ok {
			if i < 0 || i >= int64(len(v)) {
				if r, open := openEnd(v); open {
					return r.Unknown
				}
				return failf("index %d is beyond a list of %d", i, len(v))
			}
			return element(v[i])
		}
	case optional:
		if !v.ok {
			return optional{}
		}
		return optional{value: index(v.value, at), ok: true}
	}
	return failf("cannot take [%s] of %s", describe(at), describe(v))
}

func size(v any) any {
	switch v := v.(type) {
	case string:
		return int64(len([]rune(v)))
	case []any:
		if r, open := openEnd(v); open {
			return r.Unknown
		}
		return int64(len(v))
	case map[string]any:
		return int64(len(v))
	}
	return failf("%s has no size", describe(v))
}

func split(a []any) any {
	s, ok := texts(a)
	if !ok || len(s) != 2 {
		return failf("split takes a string and a separator")
	}
	var out []any
	for _, part := range strings.Split(s[0], s[1]) {
		out = append(out, part)
	}
	return out
}

func join(a []any) any {
	list, ok := a[0].([]any)
	if !ok {
		return failf("join takes a list, found %s", describe(a[0]))
	}
	separator := ""
	if len(a) == 2 {
		if separator, ok = a[1].(string); !ok {
			return failf("join takes a string as separator")
		}
	}
	var b strings.Builder
	for i, e := range list {
		if u, unknown := unknownOf(e); unknown {
			return u
		}
		s, ok := e.(string)
		if !ok {
			return failf("join takes strings, found %s", describe(e))
		}
		if i > 0 {
			b.WriteString(separator)
		}
		b.WriteString(s)
	}
	return b.String()
}

func toInt(v any) any {
	switch v := v.(type) {
	case int64:
		return v
	case float64:
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
		if err != nil {
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

func hasValue(v any) any {
	o, ok := v.(optional)
	if !ok {
		return strictArg(v, "hasValue() needs an optional value")
	}
	if u, unknown := o.value.(evidence.Unknown); o.ok && unknown && !u.Present {
		return u
	}
	return o.ok && o.value != nil
}

func valueOf(v any) any {
	o, ok := v.(optional)
	switch {
	case !ok:
		return strictArg(v, "value() needs an optional value")
	case !o.ok:
		return failf("the optional value is not there")
	}
	return o.value
}

func orValue(v, other any) any {
	o, ok := v.(optional)
	switch {
	case !ok:
		return strictArg(v, "orValue() needs an optional value")
	case o.ok && o.value != nil:
		return o.value
	}
	return other
}

func orOptional(v, other any) any {
	o, ok := v.(optional)
	switch {
	case !ok:
		return strictArg(v, "or() needs an optional value")
	case o.ok:
		return o
	}
	return other
}

func strictArg(v any, otherwise string) any {
	if unsettled(v) {
		return v
	}
	return failf("%s, found %s", otherwise, describe(v))
}

// matches compiles a constant pattern once.
func matches(args []eval, pattern ast.Expr) (eval, error) {
	var fixed *regexp.Regexp
	if pattern.Kind() == ast.LiteralKind {
		s, _ := pattern.AsLiteral().(types.String)
		var err error
		if fixed, err = regexp.Compile(string(s)); err != nil {
			return nil, fmt.Errorf("matches: %w", err)
		}
	}
	return strict(func(f *frame, a []any) any {
		s, ok := a[0].(string)
		pattern, ok2 := a[1].(string)
		if !ok || !ok2 {
			return failf("matches takes strings, found %s and %s", describe(a[0]), describe(a[1]))
		}
		re := fixed
		if re == nil {
			var err error
			if re, err = f.pattern(pattern); err != nil {
				return failf("matches: %v", err)
			}
		}
		return re.MatchString(s)
	}).bind(args), nil
}

// maxPatterns bounds what a frame remembers; parameters hold a handful.
const maxPatterns = 256

// pattern compiles a pattern that only evaluation knows, and remembers it:
// parameters bring the same few to every resource.
func (f *frame) pattern(source string) (*regexp.Regexp, error) {
	if re, ok := f.patterns[source]; ok {
		return re, nil
	}
	re, err := regexp.Compile(source)
	if err != nil {
		return nil, err
	}
	if f.patterns == nil || len(f.patterns) >= maxPatterns {
		f.patterns = map[string]*regexp.Regexp{}
	}
	f.patterns[source] = re
	return re, nil
}

func daysSince(f *frame, v any) any {
	switch t := toTime(v).(type) {
	case time.Time:
		return int64(math.Floor(f.subject.scope.Now.Sub(t).Hours() / 24))
	default:
		return t
	}
}

// anyAddress tells whether a CIDR admits (nearly) everybody: a prefix of no bits,
// or one bit, since two halves make a whole.
func anyAddress(v any) any {
	s, ok := v.(string)
	if !ok {
		return failf("any_address takes a string, found %s", describe(v))
	}
	if !strings.Contains(s, "/0") && !strings.Contains(s, "/1") { // spares nearly all from being parsed
		return false
	}
	prefix, err := netip.ParsePrefix(strings.TrimSpace(s))
	return err == nil && prefix.Bits() <= 1
}
