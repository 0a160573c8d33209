package check

import (
	"fmt"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
)

// pathWalker reads off an expression which properties it looks at.
type pathWalker struct {
	bound map[string]string // variables that stand for a place in the resource
	paths []string
	wants []want
	calls []string // functions
	err   error
}

// want is one way in which the expression asks for other resources.
type want struct{ typ, path string }

// walk visits e and returns the path in the resource it denotes, if it denotes
// one.
func (w *pathWalker) walk(e ast.Expr) (string, bool) {
	switch e.Kind() {
	case ast.IdentKind:
		path, ok := w.bound[e.AsIdent()]
		return path, ok
	case ast.SelectKind:
		return w.step(e.AsSelect().Operand(), e.AsSelect().FieldName())
	case ast.CallKind:
		return w.call(e.AsCall())
	case ast.ListKind:
		elements := e.AsList().Elements()
		if len(elements) == 1 { // [x].exists(y, …) is how an expression names x
			return w.walk(elements[0])
		}
		for _, element := range elements {
			w.walk(element)
		}
	case ast.MapKind:
		for _, entry := range e.AsMap().Entries() {
			w.walk(entry.AsMapEntry().Key())
			w.walk(entry.AsMapEntry().Value())
		}
	case ast.ComprehensionKind:
		w.comprehension(e.AsComprehension())
	}
	return "", false
}

func (w *pathWalker) step(operand ast.Expr, field string) (string, bool) {
	base, ok := w.walk(operand)
	if !ok {
		return "", false
	}
	path := field
	if base != "" {
		path = base + "/" + field
	}
	w.paths = append(w.paths, path)
	return path, true
}

func (w *pathWalker) call(c ast.CallExpr) (string, bool) {
	args := c.Args()
	if c.IsMemberFunction() {
		args = append([]ast.Expr{c.Target()}, args...)
	}
	name := c.FunctionName()
	w.calls = append(w.calls, name)
	switch name {
	case operators.OptSelect, operators.Index, operators.OptIndex:
		if field, ok := constant(args[1]); ok {
			return w.step(args[0], field)
		}
		w.walk(args[1])
		return w.walk(args[0]) // an element of a list, or under a computed key
	case "resources", "related", "lookup":
		w.want(name, args)
	}
	var path string
	var ok bool
	for i, a := range args {
		p, is := w.walk(a)
		// x.orValue([]) and the like still denote x.
		if i == 0 && (name == "orValue" || name == "value" || name == "or") {
			path, ok = p, is
		}
	}
	return path, ok
}

func (w *pathWalker) want(function string, args []ast.Expr) {
	typ, ok := constant(args[0])
	if !ok {
		w.err = fmt.Errorf("%s() needs its type spelt out as a string", function)
		return
	}
	path := pathAll
	switch function {
	case "lookup":
		path = pathID
	case "related":
		if path, ok = constant(args[1]); !ok {
			w.err = fmt.Errorf("related() needs its path spelt out as a string")
			return
		}
	}
	w.wants = append(w.wants, want{typ, path})
}

func constant(e ast.Expr) (string, bool) {
	if e.Kind() != ast.LiteralKind {
		return "", false
	}
	s, ok := e.AsLiteral().(types.String)
	return string(s), ok
}

func (w *pathWalker) comprehension(c ast.ComprehensionExpr) {
	base, ok := w.walk(c.IterRange())
	initial, initialOK := w.walk(c.AccuInit())
	outer := w.bound
	w.bound = make(map[string]string, len(outer)+2)
	for k, v := range outer {
		w.bound[k] = v
	}
	delete(w.bound, c.IterVar())
	delete(w.bound, c.AccuVar())
	if ok {
		w.bound[c.IterVar()] = base
	}
	if initialOK { // optMap binds its variable as the accumulator
		w.bound[c.AccuVar()] = initial
	}
	w.walk(c.LoopCondition())
	w.walk(c.LoopStep())
	w.walk(c.Result())
	w.bound = outer
}
