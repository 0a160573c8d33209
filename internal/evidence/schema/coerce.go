package schema

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
)

// Coerce gives the values of properties the kind that the schema declares:
// "true" and "80" become a bool and an integer where the schema wants those, a
// number becomes text where it wants text, JSON text becomes a document, and a
// null property is left out. Unknown values stay, as does everything that does
// not convert. The argument is not changed; what needs no change is shared with
// the result.
func (t *Type) Coerce(properties map[string]any) map[string]any {
	out, _ := coerceFields(properties, t.root)
	return out
}

func coerce(v any, s *shape) (any, bool) {
	switch s.kind {
	case JSON:
		return coerceJSON(v)
	case String:
		return coerceText(v)
	case Boolean:
		return coerceBool(v)
	case Integer, Number:
		return coerceNumber(v, s.kind)
	case List:
		return coerceList(v, s.element)
	case Map:
		if m, ok := v.(map[string]any); ok {
			return asAny(coerceMap(m, s.element))
		}
	case Object:
		if m, ok := v.(map[string]any); ok {
			return asAny(coerceFields(m, s.fields))
		}
	}
	return v, false
}

func asAny(m map[string]any, changed bool) (any, bool) { return m, changed }

// coerceFields copies the map at the first value that changes.
func coerceFields(in map[string]any, fields object) (map[string]any, bool) {
	out, copied := in, false
	for name, v := range in {
		s, known := fields[name]
		drop := v == nil && known && s.kind != JSON
		if !known && !drop {
			continue
		}
		w, changed := v, false
		if !drop {
			w, changed = coerce(v, s)
		}
		if !changed && !drop {
			continue
		}
		if !copied {
			out, copied = clone(in), true
		}
		if drop {
			delete(out, name)
		} else {
			out[name] = w
		}
	}
	return out, copied
}

func coerceMap(in map[string]any, element *shape) (map[string]any, bool) {
	out, copied := in, false
	for name, v := range in {
		w, changed := coerce(v, element)
		if !changed {
			continue
		}
		if !copied {
			out, copied = clone(in), true
		}
		out[name] = w
	}
	return out, copied
}

func clone(in map[string]any) map[string]any {
	out := make(map[string]any, len(in))
	for k, v := range in {
		out[k] = v
	}
	return out
}

// coerceList leaves a lone value alone: where CloudFormation takes one value
// for a list of one, so does the reader of evidence.
func coerceList(v any, element *shape) (any, bool) {
	list, ok := v.([]any)
	if !ok {
		return v, false
	}
	var out []any
	for i, e := range list {
		w, changed := coerce(e, element)
		if changed && out == nil {
			out = append(make([]any, 0, len(list)), list...)
		}
		if changed {
			out[i] = w
		}
	}
	if out == nil {
		return v, false
	}
	return out, true
}

func coerceText(v any) (any, bool) {
	switch v := v.(type) {
	case bool:
		return strconv.FormatBool(v), true
	case int64:
		return strconv.FormatInt(v, 10), true
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), true
	}
	return v, false
}

func coerceBool(v any) (any, bool) {
	text, ok := v.(string)
	if !ok {
		return v, false
	}
	switch text {
	case "true", "True", "TRUE":
		return true, true
	case "false", "False", "FALSE":
		return false, true
	}
	return v, false
}

// coerceNumber does not read text with a leading zero: whether AWS takes it as
// octal is not ours to guess.
func coerceNumber(v any, kind Kind) (any, bool) {
	switch v := v.(type) {
	case float64:
		if kind == Integer && v == math.Trunc(v) && math.Abs(v) < 1<<53 {
			return int64(v), true
		}
	case string:
		return parseNumber(v, kind)
	}
	return v, false
}

func parseNumber(text string, kind Kind) (any, bool) {
	digits := strings.TrimLeft(text, "+-")
	if digits == "" || digits[0] < '0' || digits[0] > '9' || len(digits) > 1 && digits[0] == '0' && digits[1] != '.' {
		return text, false
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n, true
	}
	if strings.ContainsAny(text, "xXpP_") {
		return text, false
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return text, false
	}
	if kind == Integer {
		if w, ok := coerceNumber(f, Integer); ok {
			return w, true
		}
		return text, false
	}
	return f, true
}

// coerceJSON turns the text of an object or list into the value, because policy
// documents are objects in evidence.
func coerceJSON(v any) (any, bool) {
	text, ok := v.(string)
	if !ok {
		return v, false
	}
	trimmed := strings.TrimLeft(text, " \t\r\n")
	if trimmed == "" || trimmed[0] != '{' && trimmed[0] != '[' {
		return v, false
	}
	decoder := json.NewDecoder(strings.NewReader(trimmed))
	decoder.UseNumber()
	var doc any
	if decoder.Decode(&doc) != nil || decoder.More() {
		return v, false
	}
	doc, ok = plain(doc, 0)
	if !ok {
		return v, false
	}
	return doc, true
}

// maxDocumentDepth is below what canonical JSON of evidence accepts.
const maxDocumentDepth = 64

// plain turns decoded JSON into evidence values.
func plain(v any, depth int) (any, bool) {
	if depth > maxDocumentDepth {
		return nil, false
	}
	ok := true
	switch v := v.(type) {
	case json.Number:
		return parsedNumber(string(v)), true
	case []any:
		for i := range v {
			if v[i], ok = plain(v[i], depth+1); !ok {
				return nil, false
			}
		}
	case map[string]any:
		for k := range v {
			if v[k], ok = plain(v[k], depth+1); !ok {
				return nil, false
			}
		}
	}
	return v, true
}

// parsedNumber keeps as text the numbers that would lose digits.
func parsedNumber(text string) any {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || strconv.FormatFloat(f, 'f', -1, 64) != text {
		return text
	}
	return f
}
