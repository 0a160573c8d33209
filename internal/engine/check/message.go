package check

import (
	"fmt"
	"strings"

	"holdfast.dev/holdfast/internal/evidence"
)

// part is a piece of a message: text as it stands, or an expression.
type part struct {
	text string
	expr eval
}

// template compiles text with ${CEL} in it.
func (x *expression) template(field, source string) ([]part, error) {
	var parts []part
	rest := strings.TrimSpace(source)
	for {
		start := strings.Index(rest, "${")
		if start < 0 {
			return append(parts, part{text: rest}), nil
		}
		end := closing(rest[start+2:])
		if end < 0 {
			return nil, fmt.Errorf("%s: %s: %s: ${ is not closed", x.control.at(field), x.control.ID, field)
		}
		checked, err := x.parse(field, rest[start+2:start+2+end])
		if err != nil {
			return nil, err
		}
		fn, err := x.build(field, checked)
		if err != nil {
			return nil, err
		}
		parts = append(parts, part{text: rest[:start]}, part{expr: fn})
		rest = rest[start+2+end+1:]
	}
}

// closing finds the brace that ends an expression, past nested ones and strings.
func closing(s string) int {
	depth, quote := 0, byte(0)
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '{':
			depth++
		case c == '}' && depth == 0:
			return i
		case c == '}':
			depth--
		}
	}
	return -1
}

// render fills a message in. A value that is not known or cannot be computed is
// said so: the finding stands whatever its text could be made of.
func render(parts []part, f *frame) string {
	var b strings.Builder
	for _, p := range parts {
		if p.expr == nil {
			b.WriteString(p.text)
			continue
		}
		b.WriteString(display(p.expr(f)))
	}
	return b.String()
}

func display(v any) string {
	switch v := v.(type) {
	case nil:
		return "nothing"
	case string:
		return v
	case bool, int64, float64:
		return fmt.Sprint(v)
	case optional:
		if !v.ok {
			return "nothing"
		}
		return display(v.value)
	case *failure:
		return "?"
	case evidence.Unknown:
		return "an unknown value"
	case []any:
		names := make([]string, len(v))
		for i, e := range v {
			names[i] = display(element(e))
		}
		return strings.Join(names, ", ")
	case map[string]any:
		b, err := evidence.Append(nil, v)
		if err != nil {
			return "?"
		}
		return string(b)
	}
	return fmt.Sprint(v)
}
