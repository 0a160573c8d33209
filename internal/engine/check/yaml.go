package check

import (
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"holdfast.dev/holdfast/internal/evidence"
)

// Tags by which an example writes a value that was not seen: !unknown for one
// that may not even be there, !present for one that certainly is.
const (
	tagUnknown = "!unknown"
	tagPresent = "!present"
)

const maxExampleDepth = 64

// Value reads a YAML node as a property value.
func Value(n *yaml.Node) (any, error) { return value(n, 0) }

func value(n *yaml.Node, depth int) (any, error) {
	if depth > maxExampleDepth {
		return nil, fmt.Errorf("line %d: nested more than %d levels deep", n.Line, maxExampleDepth)
	}
	switch n.Tag {
	case tagUnknown, tagPresent:
		return evidence.Unknown{Reason: n.Value, Present: n.Tag == tagPresent}, nil
	}
	switch n.Kind {
	case yaml.AliasNode:
		return value(n.Alias, depth+1)
	case yaml.ScalarNode:
		return scalar(n)
	case yaml.SequenceNode:
		list := make([]any, len(n.Content))
		for i, e := range n.Content {
			var err error
			if list[i], err = value(e, depth+1); err != nil {
				return nil, err
			}
		}
		return list, nil
	case yaml.MappingNode:
		object := make(map[string]any, len(n.Content)/2)
		for i := 0; i+1 < len(n.Content); i += 2 {
			v, err := value(n.Content[i+1], depth+1)
			if err != nil {
				return nil, err
			}
			object[n.Content[i].Value] = v
		}
		return object, nil
	}
	return nil, fmt.Errorf("line %d: a value was expected here", n.Line)
}

func scalar(n *yaml.Node) (any, error) {
	switch n.ShortTag() {
	case "!!null":
		return nil, nil
	case "!!bool":
		return strings.EqualFold(n.Value, "true"), nil
	case "!!int":
		if i, err := strconv.ParseInt(n.Value, 10, 64); err == nil && (n.Value == "0" || !strings.HasPrefix(n.Value, "0")) {
			return i, nil
		}
		return n.Value, nil // 012345678901 is an account, not a number
	case "!!float":
		f, err := strconv.ParseFloat(n.Value, 64)
		if err != nil {
			return n.Value, nil
		}
		return evidence.Number(f), nil
	}
	return n.Value, nil // dates stay the strings they were written as
}

// normalise brings a decoded YAML value into the domain of property values.
func normalise(v any) (any, error) {
	switch v := v.(type) {
	case nil, bool, string, int64, evidence.Unknown:
		return v, nil
	case int:
		return int64(v), nil
	case float64:
		return evidence.Number(v), nil
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			var err error
			if out[i], err = normalise(e); err != nil {
				return nil, err
			}
		}
		return out, nil
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			var err error
			if out[k], err = normalise(e); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	return nil, fmt.Errorf("a parameter cannot be a %T", v)
}
