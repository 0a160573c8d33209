package cloudformation

import "holdfast.dev/holdfast/internal/evidence"

// toJSON prints a value as JSON, with keys in the order of the template.
func (e *evaluator) toJSON(arg *node) any {
	v := e.eval(arg, nil)
	if _, removed := v.(noValue); removed || e.err != nil {
		return v
	}
	if isUnknown(v) {
		return v
	}
	j := joined{present: true}
	gatherUnknown(v, &j)
	if j.unknown {
		return j.value()
	}
	b, err := e.appendJSON(nil, arg, v)
	if err != nil {
		return e.fail(arg, "Fn::ToJsonString: %w", err)
	}
	e.spend(arg, len(b))
	return string(b)
}

// appendJSON prints v, which n evaluated to; n knows the order of keys unless
// a function made the value.
func (e *evaluator) appendJSON(b []byte, n *node, v any) ([]byte, error) {
	if function, _ := n.call(); function != "" {
		return evidence.Append(b, v)
	}
	switch v := v.(type) {
	case map[string]any:
		return e.appendObject(b, n, v)
	case []any:
		if len(v) != len(n.kids) {
			break
		}
		b = append(b, '[')
		for i, m := range n.kids {
			var err error
			if b, err = e.appendJSON(comma(b, i), m.value, v[i]); err != nil {
				return b, err
			}
		}
		return append(b, ']'), nil
	}
	return evidence.Append(b, v)
}

func (e *evaluator) appendObject(b []byte, n *node, object map[string]any) ([]byte, error) {
	start, printed := len(b), 0
	b = append(b, '{')
	for _, m := range n.kids {
		v, ok := object[m.key]
		if !ok {
			continue // AWS::NoValue
		}
		var err error
		if b, err = evidence.Append(comma(b, printed), m.key); err != nil {
			return b, err
		}
		if b, err = e.appendJSON(append(b, ':'), m.value, v); err != nil {
			return b, err
		}
		printed++
	}
	if printed != len(object) { // a loop made the others
		return evidence.Append(b[:start], object)
	}
	return append(b, '}'), nil
}

func comma(b []byte, i int) []byte {
	if i == 0 {
		return b
	}
	return append(b, ',')
}

func gatherUnknown(v any, j *joined) {
	switch v := v.(type) {
	case evidence.Unknown:
		j.addUnknown(v)
	case []any:
		for _, e := range v {
			gatherUnknown(e, j)
		}
	case map[string]any:
		for _, k := range sortedKeys(v) {
			gatherUnknown(v[k], j)
		}
	}
}
