package sigma

import (
	"regexp"
	"strings"
)

// mostAlternatives bounds what placeholders may make of one value.
const mostAlternatives = 10_000

// piece is one text that a value stands for: raw as regular expressions and
// networks want it, and as a pattern.
type piece struct {
	raw     string
	pattern pattern
}

// placeholders gives the texts a value stands for: itself, or with expand one for
// every way to fill its placeholders.
func (r *reading) placeholders(it *item, v scalar, o *Options) ([]piece, *fault) {
	if !r.expand {
		return []piece{{v.text, parsePattern(v.text)}}, nil
	}
	out := []piece{{}}
	for rest := v.text; rest != ""; {
		lit, name, after := cutPlaceholder(rest)
		rest = after
		plain := strings.ReplaceAll(lit, `\%`, `%`)
		for i := range out {
			out[i] = piece{out[i].raw + plain, out[i].pattern.join(parsePattern(plain))}
		}
		if name == "" {
			continue
		}
		values, ok := o.Placeholders[name]
		if !ok {
			return nil, faultf(v.line, it.path, "the placeholder %%%s%% has no values here; give it some in the configuration, or an empty list", name)
		}
		if len(out)*len(values) > mostAlternatives {
			return nil, faultf(v.line, it.path, "its placeholders stand for more than %d values", mostAlternatives)
		}
		next := make([]piece, 0, len(out)*len(values))
		for _, p := range out {
			for _, value := range values {
				raw := value
				if r.kind == "re" {
					raw = regexp.QuoteMeta(value)
				}
				next = append(next, piece{p.raw + raw, p.pattern.join(parsePattern(value))})
			}
		}
		out = next
	}
	return out, nil
}

// cutPlaceholder finds the first %name% that no backslash makes plain.
func cutPlaceholder(s string) (before, name, after string) {
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' {
			i++
			continue
		}
		if s[i] != '%' {
			continue
		}
		if j := strings.IndexByte(s[i+1:], '%'); j > 0 && nameOnly(s[i+1:i+1+j]) {
			return s[:i], s[i+1 : i+1+j], s[i+j+2:]
		}
	}
	return s, "", ""
}

func nameOnly(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool {
		return r != '_' && r != '-' && r != '.' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	}) < 0
}
