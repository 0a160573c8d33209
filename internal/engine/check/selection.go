package check

import (
	"fmt"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"

	"holdfast.dev/holdfast/internal/evidence"
)

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
		return &failure{text: "no such property: " + field, absent: true}
	case nil:
		return &failure{text: fmt.Sprintf("cannot select %q from null", field), absent: true}
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
	case nil:
		return false
	case *failure:
		if v.absent {
			return false
		}
		return v
	}
	return failf("cannot test %q in %s", field, describe(v))
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
