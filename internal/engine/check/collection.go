package check

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
		_, present := set[key]
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
			if i < 0 || i >= int64(len(v)) {
				if r, open := openEnd(v); open {
					return r.Unknown
				}
				return failf("index %d is beyond a list of %d", i, len(v))
			}
			return element(v[i])
		}
	case optional:
		if !v.ok {
			return optional{}
		}
		return optional{value: index(v.value, at), ok: true}
	}
	return failf("cannot take [%s] of %s", describe(at), describe(v))
}

func size(v any) any {
	switch v := v.(type) {
	case string:
		return int64(len([]rune(v)))
	case []any:
		if r, open := openEnd(v); open {
			return r.Unknown
		}
		return int64(len(v))
	case map[string]any:
		return int64(len(v))
	}
	return failf("%s has no size", describe(v))
}
