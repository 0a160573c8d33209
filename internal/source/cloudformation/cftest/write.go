package cftest

import (
	"fmt"
	"strconv"
	"strings"
)

func writeJSON(b *strings.Builder, v any, depth int) {
	pad := strings.Repeat("  ", depth+1)
	switch v := v.(type) {
	case object:
		b.WriteString("{")
		for i, e := range v {
			b.WriteString(comma(i) + "\n" + pad + strconv.Quote(e.key) + ": ")
			writeJSON(b, e.value, depth+1)
		}
		b.WriteString("\n" + pad[2:] + "}")
	case array:
		b.WriteString("[")
		for i, e := range v {
			b.WriteString(comma(i) + "\n" + pad)
			writeJSON(b, e, depth+1)
		}
		b.WriteString("\n" + pad[2:] + "]")
	case string:
		b.WriteString(strconv.Quote(v))
	default:
		fmt.Fprint(b, v)
	}
}

func comma(i int) string {
	if i == 0 {
		return ""
	}
	return ","
}

// writeYAML uses the short tags where a person would.
func writeYAML(b *strings.Builder, v any, depth int) {
	pad := strings.Repeat("  ", depth)
	switch v := v.(type) {
	case object:
		for _, e := range v {
			b.WriteString(pad + e.key + ":")
			writeBelow(b, e.value, depth)
		}
	case array:
		for _, e := range v {
			b.WriteString(pad + "-")
			if o, ok := e.(object); ok && !short(o) {
				var item strings.Builder
				writeYAML(&item, o, depth+1)
				b.WriteString(" " + strings.TrimLeft(item.String(), " "))
				continue
			}
			writeBelow(b, e, depth)
		}
	}
}

func writeBelow(b *strings.Builder, v any, depth int) {
	switch v := v.(type) {
	case object:
		if short(v) {
			b.WriteString(" !" + strings.TrimPrefix(v[0].key, "Fn::"))
			if inner, ok := v[0].value.(object); ok { // two tags cannot stand together
				b.WriteString("\n")
				writeYAML(b, inner, depth+1)
				return
			}
			writeBelow(b, v[0].value, depth)
			return
		}
		b.WriteString("\n")
		writeYAML(b, v, depth+1)
	case array:
		b.WriteString("\n")
		writeYAML(b, v, depth+1)
	case string:
		b.WriteString(" " + quoteYAML(v) + "\n")
	default:
		fmt.Fprintf(b, " %v\n", v)
	}
}

func short(o object) bool {
	return len(o) == 1 && (o[0].key == "Ref" || strings.HasPrefix(o[0].key, "Fn::"))
}

func quoteYAML(s string) string {
	plain := s != "" && !strings.ContainsAny(s, "\"'{}[]#&*!|>%@`\n") && !strings.Contains(s, ": ") && !strings.HasSuffix(s, ":") && s[0] != '-'
	if _, err := strconv.ParseFloat(s, 64); err == nil || s == "true" || s == "false" {
		plain = false
	}
	if plain {
		return s
	}
	return strconv.Quote(s)
}
