package awsconfig

import (
	"maps"
	"net/url"
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/evidence/schema"
)

// conform gives a recorded value the property names of the schema, whatever
// their letter case in the record. What the schema does not have is left out, as
// are nulls: AWS Config writes null where nothing is set.
func conform(v any, p schema.Property) any {
	switch p.Kind {
	case schema.JSON:
		return document(v)
	case schema.Object:
		if m, ok := v.(map[string]any); ok {
			return conformObject(m, p)
		}
	case schema.List:
		return conformList(v, p)
	case schema.Map:
		m, ok := v.(map[string]any)
		element, declared := p.Element()
		if !ok || !declared {
			return v
		}
		out := make(map[string]any, len(m))
		for k, e := range m {
			if e != nil {
				out[k] = conform(e, element)
			}
		}
		return out
	case schema.String:
		return unwrap(v, "value", "name")
	}
	return v
}

func conformObject(m map[string]any, p schema.Property) map[string]any {
	out := make(map[string]any, len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		name, inner, ok := p.Field(k)
		if !ok || m[k] == nil {
			continue
		}
		if _, taken := out[name]; taken && k != name {
			continue // two spellings: the schema's own one counts
		}
		out[name] = conform(m[k], inner)
	}
	return out
}

// conformList takes lists that stand inside an object ({quantity, items}, or
// {value}), as CloudFront and the Java SDK write them.
func conformList(v any, p schema.Property) any {
	if m, ok := v.(map[string]any); ok {
		if inner := field(m, "items", "value"); inner != nil {
			v = inner
		} else if field(m, "quantity") != nil {
			return []any{}
		}
	}
	list, ok := v.([]any)
	element, declared := p.Element()
	if !ok || !declared {
		return v
	}
	out := make([]any, 0, len(list))
	for _, e := range list {
		if e != nil {
			out = append(out, conform(e, element))
		}
	}
	return out
}

// unwrap takes the one value out of {value: x}, the way enumerations of some
// services are recorded.
func unwrap(v any, names ...string) any {
	m, ok := v.(map[string]any)
	if !ok {
		return v
	}
	if inner := field(m, names...); inner != nil {
		return inner
	}
	return v
}

// document decodes policy documents, which stand in records as text of JSON, and
// URL-encoded in those of IAM. Text that is neither stays text.
func document(v any) any {
	text, ok := v.(string)
	if !ok {
		return v
	}
	text = strings.TrimSpace(text)
	if strings.HasPrefix(text, "%7B") || strings.HasPrefix(text, "%7b") || strings.HasPrefix(text, "%5B") || strings.HasPrefix(text, "%5b") {
		plain, err := url.PathUnescape(text)
		if err != nil {
			return v
		}
		text = plain
	}
	if text == "" || text[0] != '{' && text[0] != '[' {
		return v
	}
	decoded, err := evidence.Decode([]byte(text))
	if err != nil {
		return v
	}
	return disown(decoded)
}

// policy is document for what has to be a policy: one that cannot be read is
// certainly there and not known.
func policy(v any, where string) any {
	switch d := document(v).(type) {
	case map[string]any:
		return d
	case nil:
		return nil
	case string:
		if strings.TrimSpace(d) == "" {
			return nil
		}
	}
	return evidence.Unknown{Reason: where + " in AWS Config is not a JSON object", Present: true}
}

// named is conform for the value of one property.
func named(typ, property string, v any) any {
	t, ok := schema.Lookup(typ)
	if !ok {
		return v
	}
	p, ok := t.Property(property)
	if !ok {
		return v
	}
	return conform(v, p)
}

func sortedKeys(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }
