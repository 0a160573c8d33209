package check

import (
	"fmt"
	"regexp"

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
			out[i] = there(element(f))
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
	case operators.NotStrictlyFalse:
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
