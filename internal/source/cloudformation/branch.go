package cloudformation

import (
	"reflect"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/kleene"
)

// ifElse resolves Fn::If. Where the condition is not known, what both branches
// agree on is known all the same.
func (e *evaluator) ifElse(arg *node, at *trail) any {
	args := e.arguments("Fn::If", arg, 3, 3)
	if args == nil {
		return nil
	}
	name := args[0].value
	switch e.holds("Fn::If", name.text, name) {
	case kleene.True:
		return e.eval(args[1].value, at)
	case kleene.False:
		return e.eval(args[2].value, at)
	}
	then, otherwise := e.eval(args[1].value, at), e.eval(args[2].value, at)
	if e.err != nil {
		return nil
	}
	return either(then, otherwise, "condition "+name.text+" is not known")
}

// either is a value that is a or b: what they share is kept, and unknown is put
// at the deepest place where they differ.
func either(a, b any, reason string) any {
	switch x := a.(type) {
	case map[string]any:
		if y, ok := b.(map[string]any); ok {
			return eitherObject(x, y, reason)
		}
	case []any:
		if y, ok := b.([]any); ok && len(x) == len(y) {
			out := make([]any, len(x))
			for i := range x {
				out[i] = either(x[i], y[i], reason)
			}
			return out
		}
	}
	if reflect.DeepEqual(a, b) {
		return a
	}
	u := evidence.Unknown{Reason: reason, Present: present(a) && present(b)}
	x, xok := a.(evidence.Unknown)
	y, yok := b.(evidence.Unknown)
	if xok && yok && x.Ref == y.Ref {
		u.Ref = x.Ref
	}
	return u
}

func eitherObject(a, b map[string]any, reason string) any {
	out := make(map[string]any, max(len(a), len(b)))
	for k, v := range a {
		w, ok := b[k]
		if !ok {
			w = noValue{}
		}
		out[k] = either(v, w, reason)
	}
	for k, w := range b {
		if _, ok := a[k]; !ok {
			out[k] = either(noValue{}, w, reason)
		}
	}
	return out
}

func present(v any) bool {
	switch v := v.(type) {
	case nil, noValue:
		return false
	case evidence.Unknown:
		return v.Present
	}
	return true
}
