package collect

import (
	"net/url"
	"reflect"
	"strings"
	"time"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/source/aws"
)

// shape turns an SDK struct into a property object; see aws.Shape. It is never
// nil, so that a collector can add to it.
func shape(v any, renames map[string]string) map[string]any {
	if m, ok := aws.Shape(v, renames).(map[string]any); ok {
		return m
	}
	return map[string]any{}
}

// value turns any SDK value (list, enum, struct) into a property value, nil
// where nothing is set.
func value(v any) any { return aws.Shape(v, nil) }

// text is the string a pointer holds, or "".
func text(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}

// flag is the bool a pointer holds, or false.
func flag(p *bool) bool { return p != nil && *p }

// when is a time as a property value, nil where it is not set.
func when(p *time.Time) any {
	if p == nil {
		return nil
	}
	return aws.Time(*p)
}

// set puts v into m unless it is nil or an empty string.
func set(m map[string]any, name string, v any) {
	if v == nil || v == "" {
		return
	}
	m[name] = v
}

// strs is a list of strings as a property value. It is never nil: a list that
// was read and is empty is knowledge.
func strs[S ~string](list []S) []any {
	out := make([]any, 0, len(list))
	for _, s := range list {
		out = append(out, string(s))
	}
	return out
}

// document reads a policy document, plain or URL-encoded as IAM sends it. What
// is no JSON is Unknown, and certainly present.
func document(p *string) any {
	if p == nil || *p == "" {
		return nil
	}
	text := *p
	if !strings.HasPrefix(strings.TrimSpace(text), "{") {
		if plain, err := url.PathUnescape(text); err == nil {
			text = plain
		}
	}
	v, err := evidence.Decode([]byte(text))
	if err != nil {
		return evidence.Unknown{Reason: "the document is not JSON: " + err.Error(), Present: true}
	}
	return v
}

// tagMap reads tags from an SDK list of {Key, Value} (or {TagKey, TagValue}) or
// from a map.
func tagMap(tags any) map[string]string {
	if m, ok := tags.(map[string]string); ok {
		return m
	}
	v := reflect.ValueOf(tags)
	if v.Kind() != reflect.Slice || v.Len() == 0 {
		return nil
	}
	out := make(map[string]string, v.Len())
	for i := range v.Len() {
		m, _ := aws.Shape(v.Index(i).Interface(), map[string]string{"TagKey": "Key", "TagValue": "Value"}).(map[string]any)
		key, _ := m["Key"].(string)
		val, _ := m["Value"].(string)
		if key != "" {
			out[key] = val
		}
	}
	return out
}

// tagList is tags in the spelling of most schemas: [{Key, Value}], sorted by
// key; nil where there are none.
func tagList(tags map[string]string) any {
	if len(tags) == 0 {
		return nil
	}
	out := make([]any, 0, len(tags))
	for _, k := range sortedKeys(tags) {
		out = append(out, map[string]any{"Key": k, "Value": tags[k]})
	}
	return out
}

func sortText(a, b string) int { return strings.Compare(a, b) }

// renamed is value with some fields named as the schema names them.
func renamed(v any, names map[string]string) any { return aws.Shape(v, names) }
