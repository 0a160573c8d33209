package check

import (
	"fmt"
	"maps"
	"regexp"
	"slices"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"holdfast.dev/holdfast/internal/evidence"
)

// eval computes one node of an expression.
type eval func(*frame) any

// frame is the state of one evaluation. Variables live in numbered slots, given
// out when the expression is compiled.
type frame struct {
	slots   [maxSlots]any
	stack   []any // arguments of the calls under way
	subject *subject
	steps   int

	patterns map[string]*regexp.Regexp // regular expressions met so far
}

const (
	maxSlots = 32
	// maxSteps bounds the iterations of one evaluation: nested quantifiers over
	// a hostile resource must not hold up a run.
	maxSteps = 2_000_000
)

// The variables of the language; policy is there for guardrails only.
// Comprehension variables come after them.
var variables = []string{"resource", "meta", "account", "org", "params", "now", "policy"}

// builder compiles a checked expression.
type builder struct {
	functions map[string]function
	slots     map[string]int // variables in scope
	next      int
	accu      string // accumulator of the comprehension being built
}

func newBuilder(functions map[string]function) *builder {
	b := &builder{functions: functions, slots: map[string]int{}, next: len(variables)}
	for i, name := range variables {
		b.slots[name] = i
	}
	return b
}

func (b *builder) build(e ast.Expr) (eval, error) {
	switch e.Kind() {
	case ast.LiteralKind:
		return b.literal(e.AsLiteral())
	case ast.IdentKind:
		return b.ident(e.AsIdent())
	case ast.SelectKind:
		return b.selection(e.AsSelect())
	case ast.CallKind:
		return b.call(e.AsCall())
	case ast.ListKind:
		return b.list(e.AsList())
	case ast.MapKind:
		return b.object(e.AsMap())
	case ast.ComprehensionKind:
		return b.comprehension(e.AsComprehension())
	}
	return nil, fmt.Errorf("message construction is not available in controls")
}

func (b *builder) literal(v ref.Val) (eval, error) {
	var constant any
	switch v := v.(type) {
	case types.Null:
		constant = nil
	case types.Bool:
		constant = bool(v)
	case types.Int:
		constant = int64(v)
	case types.Double:
		constant = evidence.Number(float64(v))
	case types.String:
		constant = string(v)
	default:
		return nil, fmt.Errorf("%s literals are not available in controls", v.Type().TypeName())
	}
	return func(*frame) any { return constant }, nil
}

func (b *builder) ident(name string) (eval, error) {
	slot, ok := b.slots[name]
	if !ok {
		return nil, fmt.Errorf("%q is not a variable of controls", name)
	}
	return func(f *frame) any { return f.slots[slot] }, nil
}

func (b *builder) selection(s ast.SelectExpr) (eval, error) {
	operand, err := b.build(s.Operand())
	if err != nil {
		return nil, err
	}
	field := s.FieldName()
	if s.IsTestOnly() {
		return func(f *frame) any { return has(operand(f), field) }, nil
	}
	return func(f *frame) any { return selectField(operand(f), field) }, nil
}

// selectField is x.field. Selecting from an optional value stays optional.
func selectField(v any, field string) any {
	switch v := v.(type) {
	case map[string]any:
		if value, ok := v[field]; ok {
			return value
		}
		return &failure{text: "no such property: " + field}
	case optional:
		return selectOptional(v, field)
	case *evidence.Resource:
		if value, ok := metaField(v, field); ok {
			return value
		}
		return failf("meta has no field %s", field)
	}
	if unsettled(v) {
		return blur(v)
	}
	return failf("cannot select %q from %s", field, describe(v))
}

// selectOptional is x.?field.
func selectOptional(v any, field string) any {
	value, ok := lookInto(v, field)
	if failed, is := value.(*failure); is {
		return failed
	}
	return optional{value: value, ok: ok}
}

// lookInto is what x.?field holds, if it is there. What goes wrong comes as a
// failure that is there.
func lookInto(v any, field string) (any, bool) {
	if o, ok := v.(optional); ok {
		if !o.ok {
			return nil, false
		}
		v = o.value
	}
	switch v := v.(type) {
	case map[string]any:
		value, ok := v[field]
		return value, ok
	case evidence.Unknown:
		return blur(v), true
	case nil:
		return nil, false
	case *evidence.Resource:
		return metaField(v, field)
	case *failure:
		return v, true
	}
	return failf("cannot select %q from %s", field, describe(v)), true
}

// blur is a part of something unknown: even its presence is not known.
func blur(v any) any {
	if u, ok := unknownOf(v); ok {
		return evidence.Unknown{Reason: u.Reason}
	}
	return v
}

// has is has(x.field): whether the property is there. A parent that is not
// there has no properties, so paths need not be tested step by step.
func has(v any, field string) any {
	switch v := v.(type) {
	case map[string]any:
		value, ok := v[field]
		if u, unknown := value.(evidence.Unknown); unknown && !u.Present {
			return u
		}
		return ok && value != nil
	case optional:
		if !v.ok {
			return false
		}
		return has(v.value, field)
	case evidence.Unknown:
		return blur(v)
	case *evidence.Resource:
		value, ok := metaField(v, field)
		return ok && value != ""
	case *failure, nil:
		return false
	}
	return failf("cannot test %q in %s", field, describe(v))
}

func (b *builder) all(exprs []ast.Expr) ([]eval, error) {
	evals := make([]eval, len(exprs))
	for i, e := range exprs {
		var err error
		if evals[i], err = b.build(e); err != nil {
			return nil, err
		}
	}
	return evals, nil
}

func (b *builder) list(l ast.ListExpr) (eval, error) {
	if len(l.OptionalIndices()) > 0 {
		return nil, fmt.Errorf("optional list elements are not available in controls")
	}
	elements, err := b.all(l.Elements())
	if err != nil {
		return nil, err
	}
	if constant, ok := constantList(l); ok {
		return func(*frame) any { return constant }, nil
	}
	return func(f *frame) any {
		out := make([]any, len(elements))
		for i, element := range elements {
			out[i] = element(f)
			if failed, ok := out[i].(*failure); ok {
				return failed
			}
		}
		return out
	}, nil
}

// constantList spares the hot path from building the same list again and again.
func constantList(l ast.ListExpr) ([]any, bool) {
	out := []any{}
	for _, e := range l.Elements() {
		if e.Kind() != ast.LiteralKind {
			return nil, false
		}
		fn, err := (&builder{}).literal(e.AsLiteral())
		if err != nil {
			return nil, false
		}
		out = append(out, fn(nil))
	}
	return out, true
}

func (b *builder) object(m ast.MapExpr) (eval, error) {
	type entry struct{ key, value eval }
	var entries []entry
	for _, e := range m.Entries() {
		me := e.AsMapEntry()
		if me.IsOptional() {
			return nil, fmt.Errorf("optional map entries are not available in controls")
		}
		key, err := b.build(me.Key())
		if err != nil {
			return nil, err
		}
		value, err := b.build(me.Value())
		if err != nil {
			return nil, err
		}
		entries = append(entries, entry{key, value})
	}
	return func(f *frame) any {
		out := make(map[string]any, len(entries))
		for _, e := range entries {
			key, ok := e.key(f).(string)
			if !ok {
				return failf("keys of a map have to be known strings")
			}
			out[key] = e.value(f)
			if failed, ok := out[key].(*failure); ok {
				return failed
			}
		}
		return out
	}, nil
}

func (b *builder) call(c ast.CallExpr) (eval, error) {
	exprs := c.Args()
	if c.IsMemberFunction() {
		exprs = append([]ast.Expr{c.Target()}, exprs...)
	}
	if fused, ok, err := b.fuse(c.FunctionName(), exprs); ok || err != nil {
		return fused, err
	}
	args, err := b.all(exprs)
	if err != nil {
		return nil, err
	}
	name := c.FunctionName()
	switch name {
	case operators.LogicalAnd:
		return logical(args[0], args[1], false, both), nil
	case operators.LogicalOr:
		return logical(args[0], args[1], true, either), nil
	case operators.Conditional:
		return conditional(args[0], args[1], args[2]), nil
	case operators.Equals:
		return func(f *frame) any { return equal(args[0](f), args[1](f)) }, nil
	case operators.NotEquals:
		return func(f *frame) any { return not(equal(args[0](f), args[1](f))) }, nil
	case operators.NotStrictlyFalse, operators.OldNotStrictlyFalse:
		return func(f *frame) any { return args[0](f) != false }, nil
	case operators.OptSelect:
		return b.optSelect(args[0], exprs[1])
	case "matches":
		return matches(args, exprs[1])
	}
	fn, ok := b.functions[name]
	if !ok {
		return nil, fmt.Errorf("function %q is not available in controls", name)
	}
	return fn.bind(args), nil
}

func (b *builder) optSelect(operand eval, field ast.Expr) (eval, error) {
	if field.Kind() != ast.LiteralKind {
		return nil, fmt.Errorf("an optional selection needs a field name")
	}
	name, ok := field.AsLiteral().(types.String)
	if !ok {
		return nil, fmt.Errorf("an optional selection needs a field name")
	}
	return func(f *frame) any { return selectOptional(operand(f), string(name)) }, nil
}

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

func (b *builder) comprehension(c ast.ComprehensionExpr) (eval, error) {
	if c.HasIterVar2() {
		return nil, fmt.Errorf("two-variable comprehensions are not available in controls")
	}
	over, err := b.build(c.IterRange())
	if err != nil {
		return nil, err
	}
	initial, err := b.build(c.AccuInit())
	if err != nil {
		return nil, err
	}
	iter, accu := b.next, b.next+1
	if accu >= maxSlots {
		return nil, fmt.Errorf("quantifiers are nested too deep")
	}
	b.next += 2
	outer, outerAccu := maps.Clone(b.slots), b.accu
	defer func() { b.slots, b.next, b.accu = outer, b.next-2, outerAccu }()
	b.slots[c.AccuVar()] = accu
	result, err := b.build(c.Result()) // the iteration variable is not in its scope
	if err != nil {
		return nil, err
	}
	b.slots[c.IterVar()], b.accu = iter, c.AccuVar()
	condition, err := b.build(c.LoopCondition())
	if err != nil {
		return nil, err
	}
	step, err := b.build(c.LoopStep())
	if err != nil {
		return nil, err
	}
	return func(f *frame) any {
		list := items(over(f))
		if list.stop != nil {
			return list.stop
		}
		f.slots[accu] = initial(f)
		for _, v := range list.values {
			f.slots[iter] = element(v)
			if condition(f) != true {
				break
			}
			if f.steps++; f.steps > maxSteps {
				return failf("gave up after %d steps", maxSteps)
			}
			next := step(f)
			if r, open := v.(rest); open {
				next = perhaps(f.slots[accu], next, r)
			}
			f.slots[accu] = next
		}
		return result(f)
	}, nil
}

// perhaps is what a quantifier has gathered where one more element may or may
// not be there: what both cases agree on.
func perhaps(without, with any, r rest) any {
	if gathered, ok := without.([]any); ok {
		return append(gathered[:len(gathered):len(gathered)], r)
	}
	if equal(without, with) == true {
		return without
	}
	return r.Unknown
}

// sequence is what a quantifier runs over, or why it cannot.
type sequence struct {
	values []any
	stop   any
}

func items(v any) sequence {
	switch v := v.(type) {
	case []any:
		return sequence{values: v}
	case map[string]any:
		var keys []any
		for _, k := range slices.Sorted(maps.Keys(v)) {
			keys = append(keys, k)
		}
		return sequence{values: keys}
	}
	if unsettled(v) {
		return sequence{stop: v}
	}
	return sequence{stop: failf("cannot go through %s as a list", describe(v))}
}
