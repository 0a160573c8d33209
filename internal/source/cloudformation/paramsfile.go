package cloudformation

import "strings"

// ParseParameters reads a parameters file, JSON or YAML, in any of the three
// usual spellings:
//
//	[{"ParameterKey": "Stage", "ParameterValue": "prod"}]   AWS CLI
//	{"Parameters": {"Stage": "prod"}}                       CodePipeline
//	{"Stage": "prod"}
//
// A list as a value is joined with commas, as a list parameter takes it.
func ParseParameters(name string, data []byte) (map[string]string, error) {
	root, err := parseParameterTree(name, data)
	if err != nil {
		return nil, err
	}
	switch root.kind {
	case list:
		return parameterList(name, root)
	case object:
		if inner := root.get("Parameters"); inner != nil && inner.kind == object {
			root = inner
		}
		return parameterObject(name, root)
	case null:
		return map[string]string{}, nil
	}
	return nil, failAt(name, root.line, root.col, "a parameters file holds a list of {ParameterKey, ParameterValue} or an object of names and values")
}

// maxParameterBytes is far above the 51,200 bytes that the API takes.
const maxParameterBytes = 4 << 20

func parseParameterTree(name string, data []byte) (*node, error) {
	opt := Options{MaxBytes: maxParameterBytes, MaxNodes: 100_000, MaxDepth: 10}
	if len(data) > opt.MaxBytes {
		return nil, failAt(name, 0, 0, "the file has %d bytes, too many for a parameters file", len(data))
	}
	src, err := decodeText(name, data)
	if err != nil {
		return nil, err
	}
	switch strings.TrimLeft(src, " \t\r\n") {
	case "":
		return &node{}, nil
	}
	if first := strings.TrimLeft(src, " \t\r\n")[0]; first == '{' || first == '[' {
		if root, err := parseJSON(name, src, opt); err == nil || strings.HasSuffix(name, ".json") {
			return root, err
		}
	}
	return parseYAML(name, src, opt)
}

func parameterList(file string, root *node) (map[string]string, error) {
	out := make(map[string]string, len(root.kids))
	for _, m := range root.kids {
		key, value := m.value.get("ParameterKey"), m.value.get("ParameterValue")
		if key == nil || key.text == "" {
			return nil, failAt(file, m.line, m.col, "an entry of the parameters file has no ParameterKey")
		}
		if value == nil {
			continue // UsePreviousValue: only the stack knows
		}
		if _, twice := out[key.text]; twice {
			return nil, failAt(file, m.line, m.col, "parameter %q is given twice; remove one of the two", key.text)
		}
		text, err := parameterText(file, key.text, value)
		if err != nil {
			return nil, err
		}
		out[key.text] = text
	}
	return out, nil
}

func parameterObject(file string, root *node) (map[string]string, error) {
	out := make(map[string]string, len(root.kids))
	for _, m := range root.kids {
		text, err := parameterText(file, m.key, m.value)
		if err != nil {
			return nil, err
		}
		out[m.key] = text
	}
	return out, nil
}

func parameterText(file, name string, n *node) (string, error) {
	if n.kind == list {
		parts := make([]string, len(n.kids))
		for i, m := range n.kids {
			if !m.value.scalar() {
				return "", failAt(file, m.line, m.col, "a value of parameter %q is not a text", name)
			}
			parts[i] = m.value.text
		}
		return strings.Join(parts, ","), nil
	}
	if !n.scalar() {
		return "", failAt(file, n.line, n.col, "the value of parameter %q must be a text or a list of texts", name)
	}
	return n.text, nil
}
