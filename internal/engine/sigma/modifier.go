package sigma

import (
	"encoding/base64"
	"encoding/binary"
	"net/netip"
	"slices"
	"strings"
	"unicode/utf16"
)

// reading is what the modifiers of an item make of its values.
type reading struct {
	kind     string   // "", re, cidr, exists, fieldref, compare or the part of a date
	op       ordering // of compare and of dates
	encode   []string // wide, base64 and their like, in order
	flags    string   // of re
	expand   bool
	front    bool // stars before (endswith, contains)
	back     bool // stars behind (startswith, contains)
	cased    bool
	every    bool
	negated  bool
	keywords bool
}

var dateParts = map[string][2]int64{
	"minute": {0, 59}, "hour": {0, 23}, "day": {1, 31}, "week": {1, 53}, "month": {1, 12}, "year": {0, 9999},
}

var regexFlags = map[string]string{"i": "i", "ignorecase": "i", "m": "m", "multiline": "m", "s": "s", "dotall": "s"}

// readModifiers works the chain of modifiers out, and refuses what makes no sense
// together.
func readModifiers(it *item) (r reading, f *fault) {
	r.keywords = it.field == ""
	refuse := func(format string, args ...any) (reading, *fault) {
		return r, faultf(it.line, it.path, format, args...)
	}
	for _, m := range it.modifiers {
		kind := ""
		switch m {
		case "all":
			r.every = true
		case "neq":
			r.negated = true
		case "cased":
			r.cased = true
		case "expand":
			r.expand = true
			if len(r.encode) > 0 {
				return refuse("expand must stand before %s", r.encode[0])
			}
		case "contains":
			r.front, r.back = true, true
		case "startswith":
			r.back = true
		case "endswith":
			r.front = true
		case "re", "cidr", "exists", "fieldref":
			kind = m
		case "lt", "lte", "gt", "gte":
			if r.op != "" {
				return refuse("%s and %s exclude each other; write two searches", r.op, m)
			}
			if r.op = ordering(m); dateParts[r.kind] == ([2]int64{}) {
				kind = "compare"
			}
		case "minute", "hour", "day", "week", "month", "year":
			if kind = m; r.kind == "compare" {
				r.kind = ""
			}
		case "wide", "utf16", "utf16le", "utf16be", "base64", "base64offset":
			if r.front || r.back {
				return refuse("%s must stand before contains, startswith and endswith: it cannot encode wildcards", m)
			}
			r.encode = append(r.encode, m)
		case "windash":
			return refuse("windash is about the command lines of Windows and has no meaning in cloud logs; write the dashes you mean")
		case "":
			return refuse("has an empty modifier")
		default:
			flag := regexFlags[m]
			if flag == "" {
				return refuse("the modifier %q is not known", m)
			}
			if r.kind != "re" {
				return refuse("%s belongs to re and must stand behind it", m)
			}
			r.flags += flag
		}
		if kind != "" {
			if r.kind != "" {
				return refuse("%s and %s exclude each other", r.kind, kind)
			}
			r.kind = kind
		}
	}
	return r, r.check(it)
}

// check refuses modifiers that do not go together.
func (r *reading) check(it *item) *fault {
	refuse := func(format string, args ...any) *fault { return faultf(it.line, it.path, format, args...) }
	edges := r.front || r.back
	switch {
	case r.keywords && r.kind != "" && r.kind != "re":
		return refuse("%s needs a field; keywords are searched in the whole record", r.kind)
	case r.keywords && (r.front != r.back):
		return refuse("keywords are found anywhere in the record; startswith and endswith need a field")
	case len(r.encode) > 0 && r.kind != "":
		return refuse("%s and %s exclude each other", r.encode[0], r.kind)
	case edges && r.kind != "" && r.kind != "re" && r.kind != "fieldref":
		return refuse("%s does not go with contains, startswith and endswith", r.kind)
	case r.cased && r.kind != "" && r.kind != "re" && r.kind != "fieldref":
		return refuse("%s does not go with cased", r.kind)
	case r.expand && r.kind != "" && r.kind != "re" && r.kind != "cidr":
		return refuse("%s does not go with expand", r.kind)
	case r.kind == "exists" && (len(it.values) != 1 || it.values[0].kind != aBool):
		return refuse("exists takes true or false")
	case r.kind == "exists" && (r.every || r.negated):
		return refuse("exists takes no further modifier; say false instead of true")
	case slices.Contains(r.encode, "base64offset") && r.encode[len(r.encode)-1] != "base64offset",
		slices.Contains(r.encode, "base64") && slices.Index(r.encode, "base64") != len(r.encode)-1:
		return refuse("base64 and base64offset end a chain of encodings")
	}
	return nil
}

// alternatives gives the tests of one value; any of them is enough.
func (r *reading) alternatives(it *item, v scalar, o *Options) (tests []test, f *fault) {
	refuse := func(format string, args ...any) ([]test, *fault) {
		return nil, faultf(v.line, it.path, format, args...)
	}
	switch {
	case v.kind == aNull:
		return refuse("null takes no modifier but neq")
	case r.kind == "compare":
		n, ok := ruleNumber(v.text)
		if !ok || v.kind == aBool {
			return refuse("%s takes a number, not %q", r.op, v.text)
		}
		return []test{&orderTest{r.op, n}}, nil
	case dateParts[r.kind] != [2]int64{}:
		return r.dateTest(it, v)
	case r.kind == "" && v.kind == aNumber && !r.front && !r.back && len(r.encode) == 0 && !r.keywords:
		n, ok := ruleNumber(v.text)
		if !ok {
			return refuse("%q is no number that can be compared; put it into quotes", v.text)
		}
		return []test{&numberTest{v.text, n}}, nil
	}
	pieces, f := r.placeholders(it, v, o)
	if f != nil {
		return nil, f
	}
	for _, p := range pieces {
		more, f := r.tests(it, v, p)
		if f != nil {
			return nil, f
		}
		tests = append(tests, more...)
	}
	return tests, nil
}

func (r *reading) dateTest(it *item, v scalar) ([]test, *fault) {
	n, ok := ruleNumber(v.text)
	limits := dateParts[r.kind]
	if !ok || !n.whole || v.kind == aBool || n.i < limits[0] || n.i > limits[1] {
		return nil, faultf(v.line, it.path, "%s is a whole number from %d to %d, not %q", r.kind, limits[0], limits[1], v.text)
	}
	return []test{&timeTest{r.kind, r.op, n.i}}, nil
}

// tests makes the tests of one text.
func (r *reading) tests(it *item, v scalar, s piece) ([]test, *fault) {
	refuse := func(format string, args ...any) ([]test, *fault) {
		return nil, faultf(v.line, it.path, format, args...)
	}
	switch r.kind {
	case "re":
		re, err := newRegexTest(r.expression(s.raw))
		if err != nil {
			return refuse("is no regular expression this program can run (RE2, without look-around and back-references): %s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
		}
		return []test{re}, nil
	case "cidr":
		net, err := parseNetwork(s.raw)
		if err != nil {
			return refuse("%q is no network like 10.0.0.0/8 or 2001:db8::/32", s.raw)
		}
		return []test{&cidrTest{net}}, nil
	}
	patterns, reason := encode(s.pattern, r.encode)
	if reason != "" {
		return refuse("%s", reason)
	}
	var tests []test
	for _, p := range patterns {
		if r.keywords {
			p = p.within(true, true)
			if len(p) == 1 {
				return refuse("an empty keyword would be found in every record")
			}
		} else {
			p = p.within(r.front, r.back)
		}
		tests = append(tests, newTextTest(p, r.cased))
	}
	return tests, nil
}

// expression adds flags and anchors to a regular expression.
func (r *reading) expression(s string) string {
	if r.back && !r.front {
		s = `\A(?:` + s + `)`
	}
	if r.front && !r.back {
		s = `(?:` + s + `)\z`
	}
	if r.flags != "" {
		s = "(?" + r.flags + ")" + s
	}
	return s
}

func parseNetwork(s string) (netip.Prefix, error) {
	if !strings.Contains(s, "/") {
		a, err := netip.ParseAddr(s)
		if err != nil {
			return netip.Prefix{}, err
		}
		return netip.PrefixFrom(a.Unmap().WithZone(""), a.Unmap().BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	if a := p.Addr(); err == nil && a.Is4In6() && p.Bits() >= 96 { // as addresses are compared
		p = netip.PrefixFrom(a.Unmap(), p.Bits()-96)
	}
	return p.Masked(), err
}

// encode runs the encodings over a pattern.
func encode(p pattern, encodings []string) (out []pattern, reason string) {
	for _, e := range encodings {
		if e != "base64" && e != "base64offset" {
			first := true
			p = p.each(func(s string) string {
				s = string(wide(s, e, first))
				first = false
				return s
			})
			continue
		}
		s, plain := p.plain()
		switch {
		case !plain:
			return nil, e + " cannot encode wildcards; escape them with a backslash"
		case s == "":
			return nil, e + " needs a text"
		case e == "base64":
			return []pattern{pattern{}.add(base64.StdEncoding.EncodeToString([]byte(s)), 0)}, ""
		}
		return offsets([]byte(s))
	}
	return []pattern{p}, ""
}

// offsets gives the parts of the base64 text that do not depend on what stands
// before and behind, for the three ways the text can fall into groups of three.
func offsets(s []byte) (out []pattern, reason string) {
	for shift := range 3 {
		code := base64.StdEncoding.EncodeToString(append(make([]byte, shift), s...))
		start := (shift*8 + 5) / 6 // the first character that holds nothing of what stands before
		end := (shift + len(s)) * 8 / 6
		if end <= start {
			return nil, "the text is too short for base64offset: nothing of it would be certain"
		}
		out = append(out, pattern{}.add(code[start:end], 0))
	}
	return out, ""
}

// wide writes a text as UTF-16; utf16 puts the byte order mark first.
func wide(s, encoding string, first bool) []byte {
	var order binary.AppendByteOrder = binary.LittleEndian
	if encoding == "utf16be" {
		order = binary.BigEndian
	}
	units := utf16.Encode([]rune(s))
	if encoding == "utf16" && first {
		units = append([]uint16{0xfeff}, units...)
	}
	var out []byte
	for _, u := range units {
		out = order.AppendUint16(out, u)
	}
	return out
}
