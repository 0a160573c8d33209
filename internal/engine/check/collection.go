package check

import (
	"maps"
	"slices"
)

// within is CEL's in: true as soon as one element is equal for certain.
func within(v, set any) any {
	if f, ok := v.(*failure); ok {
		return f
	}
	switch set := set.(type) {
	case []any:
		var result any = false
		for _, e := range set {
			if result = either(result, equal(v, element(e))); result == true {
				return true
			}
		}
		return result
	case map[string]any:
		if unsettled(v) {
			return v
		}
		key, ok := v.(string)
		value, present := set[key]
		if u, doubt := doubtful(value); doubt && ok {
			return u
		}
		return ok && present
	}
	if unsettled(set) {
		return set
	}
	return failf("in needs a list or an object, found %s", describe(set))
}

func index(v, at any) any {
	switch v := v.(type) {
	case map[string]any:
		if key, ok := at.(string); ok {
			return selectField(v, key)
		}
	case []any:
		if i, ok := at.(int64); ok {
			if end, why, isOpen := open(v); isOpen && i >= int64(end) {
				return why
			}
			if i < 0 || i >= int64(len(v)) {
				return failf("index %d is beyond a list of %d", i, len(v))
			}
			return v[i]
		}
	case optional:
		return optIndex(v, at)
	}
	return failf("cannot take [%s] of %s", describe(at), describe(v))
}

// optIndex is v[?at]: what is there, if it is. Nothing is at an index of what is
// no list, which is how an expression asks whether it is one.
func optIndex(v, at any) any {
	if o, ok := v.(optional); ok {
		if !o.ok || o.value == nil {
			return optional{}
		}
		v = o.value
	}
	if unsettled(v) {
		return v
	}
	found := index(v, at)
	if _, failed := found.(*failure); failed {
		return optional{}
	}
	return optional{value: found, ok: true}
}

func size(v any) any {
	switch v := v.(type) {
	case string:
		return int64(len([]rune(v)))
	case []any:
		if _, why, isOpen := open(v); isOpen {
			return why
		}
		return int64(len(v))
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			if why, doubt := doubtful(v[k]); doubt {
				return why
			}
		}
		return int64(len(v))
	}
	return failf("%s has no size", describe(v))
}
