package check

import (
	"math"
	"strings"

	"cel.dev/cel-go/common/operators"

	"holdfast.dev/holdfast/internal/evidence"
)

// function is one function of the language, over evaluated arguments. A strict
// one is never called with an unknown or failed argument; its result is then
// that argument.
type function struct {
	call    func(f *frame, args []any) any
	lenient bool
	needs   []string // types of resources that it looks at by itself
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
		operators.OptIndex:      strict(func(_ *frame, a []any) any { return optIndex(a[0], a[1]) }),

		"size":       strict(func(_ *frame, a []any) any { return size(a[0]) }),
		"startsWith": partial(strings.HasPrefix, startsPartly),
		"endsWith":   partial(strings.HasSuffix, endsPartly),
		"contains":   partial(strings.Contains, containsPartly),
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
