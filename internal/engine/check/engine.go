package check

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/ext"

	"holdfast.dev/holdfast/internal/evidence/schema"
)

// Function is a function that the caller adds to the language, such as those of
// the IAM engine. It gets property values, unknown ones among them, and answers
// with one; an error becomes the verdict ERROR.
type Function struct {
	Name  string
	Arity int
	Call  func(args []any) (any, error)
	// Ask takes the place of Call where the function looks beyond its arguments.
	Ask func(around *Around, args []any) (any, error)
	// Needs are the types of the resources that Ask looks at. Estates keep them
	// where some control calls the function.
	Needs []string
}

// Options configure an Engine.
type Options struct {
	Functions []Function
	// Params override the defaults of a control's parameters, by control id.
	Params map[string]map[string]any
}

// Engine holds compiled controls, found by the type of resource they judge. It
// is safe for concurrent use; each goroutine evaluates with a Judge of its own.
type Engine struct {
	controls []*Control
	byType   map[string][]*program
	wanted   map[string][]string
	needed   map[string]bool // types that functions look at
}

// program is one compiled control.
type program struct {
	control *Control
	when    eval // nil where the control always applies
	check   eval
	message []part
	params  map[string]any
	paths   []string // property paths the check reads, deepest first
}

// Compile makes an engine of the controls. Every control with a fault is named
// in the error; none is left out in silence.
func Compile(controls []Control, opt Options) (*Engine, error) {
	env, functions, err := environment(opt.Functions)
	if err != nil {
		return nil, err
	}
	e := &Engine{byType: map[string][]*program{}, wanted: map[string][]string{}, needed: map[string]bool{}}
	var faults []error
	seen := map[string]string{}
	for i := range controls {
		c := &controls[i]
		if other, dup := seen[c.ID]; dup {
			faults = append(faults, fmt.Errorf("%s: control %s is declared in %s already", c.at("id"), c.ID, other))
			continue
		}
		seen[c.ID] = c.at("id")
		p, err := e.compile(env, functions, c, opt.Params[c.ID])
		if err != nil {
			faults = append(faults, err)
			continue
		}
		e.controls = append(e.controls, c)
		for _, t := range c.Resource {
			e.byType[t] = append(e.byType[t], p)
		}
	}
	for t := range e.wanted {
		slices.Sort(e.wanted[t])
		e.wanted[t] = slices.Compact(e.wanted[t])
	}
	slices.SortFunc(e.controls, func(a, b *Control) int { return strings.Compare(a.ID, b.ID) })
	for _, list := range e.byType {
		slices.SortFunc(list, func(a, b *program) int { return strings.Compare(a.control.ID, b.control.ID) })
	}
	return e, errors.Join(faults...)
}

// Controls lists the engine's controls by id.
func (e *Engine) Controls() []*Control { return e.controls }

// For lists the controls that judge a type.
func (e *Engine) For(typ string) []*Control {
	var out []*Control
	for _, p := range e.byType[typ] {
		out = append(out, p.control)
	}
	return out
}

func environment(extra []Function) (*cel.Env, map[string]function, error) {
	object := cel.MapType(cel.StringType, cel.DynType)
	options := []cel.EnvOption{
		cel.OptionalTypes(), ext.Strings(),
		cel.Variable("resource", object), cel.Variable("meta", object), cel.Variable("account", object),
		cel.Variable("org", cel.DynType), cel.Variable("params", object), cel.Variable("now", cel.TimestampType),
		declare("days_since", cel.IntType, 1), declare("any_address", cel.BoolType, 1),
		declare("ingress_open", cel.BoolType, 3, 4), declare("resources", cel.ListType(cel.DynType), 1),
		declare("related", cel.ListType(cel.DynType), 2), declare("lookup", cel.ListType(cel.DynType), 2),
		cel.ParserRecursionLimit(100), cel.ParserExpressionSizeLimit(16 << 10),
	}
	functions := builtins()
	for _, fn := range extra {
		options = append(options, declare(fn.Name, cel.DynType, fn.Arity))
		functions[fn.Name] = function{lenient: true, needs: fn.Needs, call: func(f *frame, args []any) any { return callExtra(fn, f, args) }}
	}
	env, err := cel.NewEnv(options...)
	return env, functions, err
}

func declare(name string, result *cel.Type, arities ...int) cel.EnvOption {
	var overloads []cel.FunctionOpt
	for _, n := range arities {
		args := slices.Repeat([]*cel.Type{cel.DynType}, n)
		overloads = append(overloads, cel.Overload(fmt.Sprintf("%s_%d", name, n), args, result))
	}
	return cel.Function(name, overloads...)
}

func callExtra(fn Function, f *frame, args []any) any {
	for _, a := range args {
		if failed, ok := a.(*failure); ok {
			return failed
		}
	}
	var v any
	var err error
	if fn.Ask != nil {
		v, err = fn.Ask(&Around{f.subject}, args)
	} else {
		v, err = fn.Call(args)
	}
	if err != nil {
		return failf("%s: %v", fn.Name, err)
	}
	return v
}

func (e *Engine) compile(env *cel.Env, functions map[string]function, c *Control, params map[string]any) (*program, error) {
	p := &program{control: c, params: map[string]any{}}
	if err := p.setParams(c, params); err != nil {
		return nil, err
	}
	for _, t := range c.Resource {
		if err := wantable(want{t, pathAll}); err != nil {
			return nil, fmt.Errorf("%s: %s: %w", c.at("resource"), c.ID, err)
		}
	}
	x := expression{env: env, functions: functions, engine: e, control: c, program: p}
	var err error
	if c.When != "" {
		if p.when, err = x.boolean("when", c.When); err != nil {
			return nil, err
		}
	}
	if p.check, err = x.boolean("check", c.Check); err != nil {
		return nil, err
	}
	if p.message, err = x.template("message", c.Message); err != nil {
		return nil, err
	}
	return p, nil
}

func (p *program) setParams(c *Control, override map[string]any) error {
	for _, name := range slices.Sorted(maps.Keys(c.Params)) {
		value, err := normalise(c.Params[name])
		if err != nil {
			return fmt.Errorf("%s: %s: params.%s: %w", c.at("params"), c.ID, name, err)
		}
		p.params[name] = value
	}
	for _, name := range slices.Sorted(maps.Keys(override)) {
		if _, known := p.params[name]; !known {
			return fmt.Errorf("%s: %s has no parameter %q to set", c.at("params"), c.ID, name)
		}
		value, err := normalise(override[name])
		if err != nil {
			return fmt.Errorf("%s: params.%s: %w", c.ID, name, err)
		}
		p.params[name] = value
	}
	return nil
}

// expression compiles the CEL of one control.
type expression struct {
	env       *cel.Env
	functions map[string]function
	engine    *Engine
	control   *Control
	program   *program
}

func (x *expression) boolean(field, source string) (eval, error) {
	checked, err := x.parse(field, source)
	if err != nil {
		return nil, err
	}
	if t := checked.OutputType(); !t.IsExactType(cel.BoolType) && !t.IsExactType(cel.DynType) {
		return nil, fmt.Errorf("%s: %s: %s gives %s, but has to be true or false", x.control.at(field), x.control.ID, field, t)
	}
	return x.build(field, checked)
}

func (x *expression) parse(field, source string) (*cel.Ast, error) {
	checked, issues := x.env.Compile(source)
	if issues.Err() == nil {
		return checked, nil
	}
	first := issues.Errors()[0]
	line := max(x.control.lines[field], 1) + first.Location.Line() - 1
	return nil, fmt.Errorf("%s:%d: %s: %s: column %d: %s", x.control.File, line, x.control.ID, field, first.Location.Column()+1, first.Message)
}

func (x *expression) build(field string, checked *cel.Ast) (eval, error) {
	root := checked.NativeRep().Expr()
	if err := x.inspect(field, root); err != nil {
		return nil, fmt.Errorf("%s: %s: %s: %w", x.control.at(field), x.control.ID, field, err)
	}
	fn, err := newBuilder(x.functions).build(root)
	if err != nil {
		return nil, fmt.Errorf("%s: %s: %s: %w", x.control.at(field), x.control.ID, field, err)
	}
	return fn, nil
}

// inspect notes what the expression reads, and refuses property paths which the
// schema of the control's types does not have: a misspelt property would
// otherwise never be found, and never be missed.
func (x *expression) inspect(field string, root ast.Expr) error {
	w := pathWalker{bound: map[string]string{"resource": ""}}
	w.walk(root)
	for _, path := range w.paths {
		if err := x.known(path); err != nil {
			return err
		}
	}
	if field == "check" {
		x.program.paths = deepestFirst(w.paths)
	}
	for _, want := range w.wants {
		if err := wantable(want); err != nil {
			return err
		}
		x.engine.wanted[want.typ] = append(x.engine.wanted[want.typ], want.path)
	}
	for _, name := range w.calls {
		for _, typ := range x.functions[name].needs {
			x.engine.needed[typ] = true
		}
	}
	return w.err
}

// known refuses a path that none of the control's types has.
func (x *expression) known(path string) error {
	var fault error
	for _, typ := range x.control.Resource {
		t, ok := schema.Lookup(typ)
		if !ok {
			return nil // a type of ours
		}
		err := known(t, path)
		if err == nil {
			return nil
		}
		fault = fmt.Errorf("%s %w", typ, err)
	}
	return fault
}

// extended are properties beyond the schema which evidence may carry.
var extended = []string{"Observed", "Tags"}

func known(t *schema.Type, path string) error {
	parts := strings.Split(path, "/")
	if slices.Contains(extended, parts[0]) {
		return nil
	}
	if _, ok := t.Property(parts...); !ok {
		return fmt.Errorf("has no property %s", strings.ReplaceAll(path, "/", "."))
	}
	return nil
}

func wantable(w want) error {
	t, ok := schema.Lookup(w.typ)
	switch {
	case !ok && strings.HasPrefix(w.typ, "AWS::"):
		return fmt.Errorf("CloudFormation has no resource type %s", w.typ)
	case !ok || w.path == pathAll || w.path == pathID:
		return nil
	}
	if err := known(t, strings.ReplaceAll(w.path, ".", "/")); err != nil {
		return fmt.Errorf("%s %w", w.typ, err)
	}
	return nil
}

// deepestFirst orders paths so that the most telling comes first.
func deepestFirst(paths []string) []string {
	slices.Sort(paths)
	paths = slices.Compact(paths)
	slices.SortStableFunc(paths, func(a, b string) int { return strings.Count(b, "/") - strings.Count(a, "/") })
	return paths
}
