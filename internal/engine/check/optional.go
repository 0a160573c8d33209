package check

import "holdfast.dev/holdfast/internal/evidence"

func hasValue(v any) any {
	o, ok := v.(optional)
	if !ok {
		return strictArg(v, "hasValue() needs an optional value")
	}
	if u, unknown := o.value.(evidence.Unknown); o.ok && unknown && !u.Present {
		return u
	}
	return o.ok && o.value != nil
}

func valueOf(v any) any {
	o, ok := v.(optional)
	switch {
	case !ok:
		return strictArg(v, "value() needs an optional value")
	case !o.ok:
		return failf("the optional value is not there")
	}
	return o.value
}

func orValue(v, other any) any {
	o, ok := v.(optional)
	switch {
	case !ok:
		return strictArg(v, "orValue() needs an optional value")
	case o.ok && o.value != nil:
		return o.value
	}
	return other
}

func orOptional(v, other any) any {
	o, ok := v.(optional)
	switch {
	case !ok:
		return strictArg(v, "or() needs an optional value")
	case o.ok:
		return o
	}
	return other
}

func strictArg(v any, otherwise string) any {
	if unsettled(v) {
		return v
	}
	return failf("%s, found %s", otherwise, describe(v))
}
