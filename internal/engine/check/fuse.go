package check

import (
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
)

// Two shapes stand in nearly every control and would allocate at each step if
// they were built from their parts: x.?A.?B.orValue(y), and the list that filter
// and map grow. They are built whole here, with the same meaning.

// fuse builds a call of one of these shapes; ok is false where it is none.
func (b *builder) fuse(name string, args []ast.Expr) (fn eval, ok bool, err error) {
	switch name {
	case "orValue":
		return b.fuseOrValue(args)
	case operators.Add:
		return b.fuseAppend(args)
	}
	return nil, false, nil
}

// path evaluates an optional chain to a value and whether it is there.
type path func(*frame) (any, bool)

func (b *builder) fuseOrValue(args []ast.Expr) (eval, bool, error) {
	chain, ok, err := b.chain(args[0])
	if !ok || err != nil {
		return nil, false, err
	}
	other, err := b.build(args[1])
	if err != nil {
		return nil, false, err
	}
	return func(f *frame) any {
		if v, ok := chain(f); ok && v != nil {
			return v
		}
		return other(f)
	}, true, nil
}

// chain builds x.?A, x.?A.?B and x.?A.B without making optional values.
func (b *builder) chain(e ast.Expr) (path, bool, error) {
	var operand ast.Expr
	var field string
	switch e.Kind() {
	case ast.CallKind:
		call := e.AsCall()
		if call.FunctionName() != operators.OptSelect || call.Args()[1].Kind() != ast.LiteralKind {
			return nil, false, nil
		}
		name, ok := call.Args()[1].AsLiteral().(types.String)
		if !ok {
			return nil, false, nil
		}
		operand, field = call.Args()[0], string(name)
	case ast.SelectKind:
		operand, field = e.AsSelect().Operand(), e.AsSelect().FieldName()
		if e.AsSelect().IsTestOnly() {
			return nil, false, nil
		}
		if _, ok, err := b.chain(operand); !ok || err != nil {
			return nil, false, err // a plain selection
		}
	default:
		return nil, false, nil
	}
	inner, ok, err := b.chain(operand)
	if err != nil {
		return nil, false, err
	}
	if ok {
		return func(f *frame) (any, bool) {
			v, ok := inner(f)
			if !ok {
				return nil, false
			}
			return lookInto(v, field)
		}, true, nil
	}
	plain, err := b.build(operand)
	if err != nil {
		return nil, false, err
	}
	return func(f *frame) (any, bool) { return lookInto(plain(f), field) }, true, nil
}

// fuseAppend builds accumulator + [element], which nobody else can see growing.
func (b *builder) fuseAppend(args []ast.Expr) (eval, bool, error) {
	if b.accu == "" || args[0].Kind() != ast.IdentKind || args[0].AsIdent() != b.accu || args[1].Kind() != ast.ListKind || args[1].AsList().Size() != 1 {
		return nil, false, nil
	}
	list, err := b.build(args[0])
	if err != nil {
		return nil, false, err
	}
	element, err := b.build(args[1].AsList().Elements()[0])
	if err != nil {
		return nil, false, err
	}
	return func(f *frame) any {
		v := there(element(f))
		if failed, ok := v.(*failure); ok {
			return failed
		}
		accumulated := list(f)
		if grown, ok := accumulated.([]any); ok {
			return append(grown, v)
		}
		return accumulated // unknown, or failed before
	}, true, nil
}
