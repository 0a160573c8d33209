package cloudformation

import "holdfast.dev/holdfast/internal/evidence"

// findInMap takes [map, first key, second key, {DefaultValue: …}].
func (e *evaluator) findInMap(arg *node) any {
	args := e.arguments("Fn::FindInMap", arg, 3, 4)
	if args == nil {
		return nil
	}
	var keys [3]string
	unknown := [3]bool{}
	for i := range keys {
		v := e.eval(args[i].value, nil)
		if e.err != nil {
			return nil
		}
		var ok bool
		if keys[i], ok = textOf(v); !ok {
			unknown[i] = true
			if !isUnknown(v) {
				return e.fail(args[i].value, "Fn::FindInMap takes text for its names")
			}
		}
	}
	var fallback *node
	if len(args) == 4 {
		fallback = args[3].value.get("DefaultValue")
	}
	if unknown[0] || unknown[2] {
		return evidence.Unknown{Reason: "the keys of Fn::FindInMap are not known", Present: true}
	}
	m, ok := e.mappings[keys[0]]
	if !ok || m == nil {
		return e.notInMap(arg, fallback, "Fn::FindInMap names the map %q, which the template does not declare; add it under Mappings", keys[0])
	}
	if unknown[1] {
		return e.anyInMap(m, keys[2], fallback)
	}
	if v := e.lookup(e.lookup(m, keys[1]), keys[2]); v != nil {
		return e.eval(v, nil)
	}
	if e.lookup(m, "Fn::Transform") != nil || e.lookup(e.lookup(m, keys[1]), "Fn::Transform") != nil {
		return evidence.Unknown{Reason: "map " + keys[0] + " is completed by a transform that is not expanded", Present: true}
	}
	return e.notInMap(arg, fallback, "map %q has no entry %q for %q; add it or give Fn::FindInMap a DefaultValue", keys[0], keys[2], keys[1])
}

func (e *evaluator) notInMap(arg, fallback *node, format string, args ...any) any {
	if fallback != nil {
		return e.eval(fallback, nil)
	}
	if e.open {
		return evidence.Unknown{Reason: "the map may be completed by a transform that is not expanded", Present: true}
	}
	return e.fail(arg, format, args...)
}

// anyInMap is the value where all first-level keys agree on it.
func (e *evaluator) anyInMap(m *node, second string, fallback *node) any {
	unknown := evidence.Unknown{Reason: "the keys of Fn::FindInMap are not known", Present: true}
	var all any
	e.charge(m, len(m.kids))
	for i, top := range m.kids {
		v := e.lookup(top.value, second)
		if v == nil {
			return unknown
		}
		got := e.eval(v, nil)
		if i == 0 {
			all = got
		}
		all = either(all, got, unknown.Reason)
	}
	if fallback != nil {
		all = either(all, e.eval(fallback, nil), unknown.Reason)
	}
	if len(m.kids) == 0 || e.err != nil {
		return unknown
	}
	return all
}
