package sigma_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"holdfast.dev/holdfast/internal/engine/sigma"
)

// This is Sigma once more, as slow and as plain as can be: values are Go values out
// of encoding/json, wildcards are regular expressions, nothing is shared or kept.

// refRule is a detection with its condition as a tree beside its text.
type refRule struct {
	searches map[string]any // mapping, list of mappings, or list of keywords
	names    []string
	holds    func(search func(string) bool) bool
	text     string
}

// refValues follows a dotted path through objects and lists.
func refValues(v any, path []string) (found []any, there bool) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			more, ok := refValues(e, path)
			found, there = append(found, more...), there || ok
		}
		return found, there || len(path) == 0
	case map[string]any:
		if len(path) > 0 {
			inner, ok := v[path[0]]
			if !ok {
				return nil, false
			}
			return refValues(inner, path[1:])
		}
	}
	if len(path) > 0 {
		return nil, false
	}
	return []any{v}, true
}

// refText is what a value looks like as text.
func refText(v any) (string, bool) {
	switch v := v.(type) {
	case nil:
		return "", false
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case bool:
		return strconv.FormatBool(v), true
	}
	b, _ := json.Marshal(v)
	return string(b), true
}

func refPattern(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		rest := s[i:]
		switch {
		case strings.HasPrefix(rest, `\*`), strings.HasPrefix(rest, `\?`), strings.HasPrefix(rest, `\\`):
			b.WriteString(regexp.QuoteMeta(rest[1:2]))
			i += 2
		case rest[0] == '*':
			b.WriteString(`(?s:.*)`)
			i++
		case rest[0] == '?':
			b.WriteString(`(?s:.)`)
			i++
		default:
			j := strings.IndexAny(rest[1:], `*?\`)
			if j < 0 {
				j = len(rest) - 1
			}
			b.WriteString(regexp.QuoteMeta(rest[:j+1]))
			i += j + 1
		}
	}
	return b.String()
}

func refOne(v any, want any, mods []string) bool {
	has := func(m string) bool { return slices.Contains(mods, m) }
	text, ok := refText(v)
	if !ok {
		return false
	}
	for _, op := range []string{"lt", "lte", "gt", "gte"} {
		if !has(op) {
			continue
		}
		if _, isBool := v.(bool); isBool {
			return false
		}
		x, err := strconv.ParseFloat(text, 64)
		y := float64(want.(int))
		return err == nil && map[string]bool{"lt": x < y, "lte": x <= y, "gt": x > y, "gte": x >= y}[op]
	}
	if has("re") {
		return regexp.MustCompile(want.(string)).MatchString(text)
	}
	if n, isNumber := want.(int); isNumber && !has("contains") && !has("startswith") && !has("endswith") {
		if num, ok := v.(json.Number); ok {
			f, err := num.Float64()
			return err == nil && f == float64(n)
		}
		s, ok := v.(string)
		return ok && s == strconv.Itoa(n)
	}
	p := refPattern(fmt.Sprint(want))
	if has("contains") || has("endswith") {
		p = `(?s:.*)` + p
	}
	if has("contains") || has("startswith") {
		p += `(?s:.*)`
	}
	if !has("cased") {
		p = `(?i)` + p
	}
	return regexp.MustCompile(`\A(?:` + p + `)\z`).MatchString(text)
}

func refItem(event any, key string, want any) bool {
	parts := strings.Split(key, "|")
	mods := parts[1:]
	values, there := refValues(event, strings.Split(parts[0], "."))
	var holds bool
	switch w := want.(type) {
	case nil:
		holds = !slices.ContainsFunc(values, func(v any) bool { return v != nil })
	case []any:
		all := slices.Contains(mods, "all")
		holds = all
		for _, one := range w {
			ok := slices.ContainsFunc(values, func(v any) bool { return refOne(v, one, mods) })
			if all {
				holds = holds && ok
			} else {
				holds = holds || ok
			}
		}
	default:
		switch {
		case slices.Contains(mods, "exists"):
			holds = there == w.(bool)
		case slices.Contains(mods, "fieldref"):
			others, _ := refValues(event, strings.Split(w.(string), "."))
			for _, v := range values {
				for _, o := range others {
					a, okA := refText(v)
					b, okB := refText(o)
					holds = holds || okA && okB && strings.EqualFold(a, b)
				}
			}
		default:
			holds = slices.ContainsFunc(values, func(v any) bool { return refOne(v, w, mods) })
		}
	}
	return holds != slices.Contains(mods, "neq")
}

func refSearch(event any, text string, s any) bool {
	switch s := s.(type) {
	case map[string]any:
		for key, want := range s {
			if !refItem(event, key, want) {
				return false
			}
		}
		return true
	case []any:
		for _, one := range s {
			if m, ok := one.(map[string]any); ok {
				if refSearch(event, text, m) {
					return true
				}
			} else if regexp.MustCompile(`(?i)` + refPattern(one.(string))).MatchString(text) {
				return true
			}
		}
	}
	return false
}

func (r *refRule) match(event any, text string) bool {
	return r.holds(func(name string) bool { return refSearch(event, text, r.searches[name]) })
}

var (
	refFields = []string{"eventName", "eventSource", "a", "b.c", "b.d"}
	refWords  = []string{"a", "A", "ab", "Ab", "b", "ba", "abab", "é", "É", "", "1", "12", "true", "a*", "x?"}
)

func drawWanted(t *rapid.T) any {
	switch rapid.IntRange(0, 9).Draw(t, "kind") {
	case 0:
		return rapid.IntRange(0, 20).Draw(t, "number")
	case 1:
		return rapid.Bool().Draw(t, "bool")
	}
	s := rapid.SampledFrom(refWords).Draw(t, "word")
	return s + rapid.SampledFrom([]string{"", "", "*", "?", `\*`, `\`, `\\`, "b*a"}).Draw(t, "tail")
}

func drawItem(t *rapid.T) (key string, want any) {
	field := rapid.SampledFrom(refFields).Draw(t, "field")
	mod := rapid.SampledFrom([]string{"", "", "", "|contains", "|startswith", "|endswith", "|cased", "|contains|cased", "|neq", "|re", "|exists", "|gt", "|lte", "|fieldref", "|fieldref|neq"}).Draw(t, "mod")
	key = field + mod
	switch mod {
	case "|re":
		return key, rapid.SampledFrom([]string{"^a", "b$", "a+b", "[0-9]", "^$", "."}).Draw(t, "re")
	case "|exists":
		return key, rapid.Bool().Draw(t, "exists")
	case "|gt", "|lte":
		return key, rapid.IntRange(0, 20).Draw(t, "bound")
	case "|fieldref", "|fieldref|neq":
		return key, rapid.SampledFrom(refFields).Draw(t, "other")
	case "", "|neq":
		if rapid.IntRange(0, 8).Draw(t, "null") == 0 {
			return key, nil
		}
	}
	n := rapid.IntRange(1, 3).Draw(t, "values")
	if n == 1 {
		return key, drawWanted(t)
	}
	if rapid.IntRange(0, 3).Draw(t, "all") == 0 {
		key += "|all"
	}
	list := make([]any, n)
	for i := range list {
		list[i] = drawWanted(t)
	}
	return key, list
}

func drawMapping(t *rapid.T) map[string]any {
	m := map[string]any{}
	for range rapid.IntRange(1, 3).Draw(t, "items") {
		key, want := drawItem(t)
		m[key] = want
	}
	return m
}

func drawCondition(t *rapid.T, names []string, depth int) (string, func(func(string) bool) bool) {
	kind := rapid.IntRange(0, 6).Draw(t, "condition")
	if depth == 0 {
		kind = 0
	}
	switch kind {
	case 1:
		s, f := drawCondition(t, names, depth-1)
		return "not (" + s + ")", func(h func(string) bool) bool { return !f(h) }
	case 2, 3:
		a, f := drawCondition(t, names, depth-1)
		b, g := drawCondition(t, names, depth-1)
		if kind == 2 {
			return "(" + a + ") and (" + b + ")", func(h func(string) bool) bool { x, y := f(h), g(h); return x && y }
		}
		return "(" + a + ") or (" + b + ")", func(h func(string) bool) bool { x, y := f(h), g(h); return x || y }
	case 4, 5:
		n := rapid.IntRange(1, len(names)).Draw(t, "n")
		word := strconv.Itoa(n)
		if kind == 5 {
			n, word = len(names), "all"
		}
		return word + " of them", func(h func(string) bool) bool {
			count := 0
			for _, name := range names {
				if h(name) {
					count++
				}
			}
			return count >= n
		}
	}
	name := rapid.SampledFrom(names).Draw(t, "name")
	return name, func(h func(string) bool) bool { return h(name) }
}

func drawRule(t *rapid.T) *refRule {
	r := &refRule{searches: map[string]any{}}
	for i := range rapid.IntRange(1, 3).Draw(t, "searches") {
		name := fmt.Sprintf("s%d", i)
		r.names = append(r.names, name)
		switch rapid.IntRange(0, 5).Draw(t, "shape") {
		case 0:
			r.searches[name] = []any{drawMapping(t), drawMapping(t)}
		case 1:
			r.searches[name] = []any{rapid.SampledFrom([]string{"ab", "é", "b*a", "12", "a?b", "zz"}).Draw(t, "keyword")}
		default:
			r.searches[name] = drawMapping(t)
		}
	}
	r.text, r.holds = drawCondition(t, r.names, 3)
	return r
}

func drawValue(t *rapid.T, depth int) any {
	switch rapid.IntRange(0, 9).Draw(t, "value") {
	case 0:
		return nil
	case 1:
		return json.Number(strconv.Itoa(rapid.IntRange(0, 20).Draw(t, "n")))
	case 2:
		return rapid.Bool().Draw(t, "b")
	case 3:
		if depth > 0 {
			list := []any{}
			for range rapid.IntRange(0, 3).Draw(t, "len") {
				list = append(list, drawValue(t, depth-1))
			}
			return list
		}
	case 4:
		if depth > 0 {
			return map[string]any{"c": drawValue(t, depth-1)}
		}
	}
	return rapid.SampledFrom(refWords).Draw(t, "s")
}

func drawEvent(t *rapid.T) map[string]any {
	e := map[string]any{}
	for _, field := range []string{"eventName", "eventSource", "a"} {
		if rapid.IntRange(0, 4).Draw(t, "there") > 0 {
			e[field] = drawValue(t, 2)
		}
	}
	switch rapid.IntRange(0, 3).Draw(t, "b") {
	case 0:
		e["b"] = drawValue(t, 2)
	case 1, 2:
		e["b"] = map[string]any{"c": drawValue(t, 1), "d": drawValue(t, 1)}
	}
	return e
}

// TestAgainstReference runs random rules, all in one engine, over random events, and
// compares with the slow evaluator.
func TestAgainstReference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var rules []*refRule
		var parsed []*sigma.Rule
		for i := range rapid.IntRange(1, 8).Draw(t, "rules") {
			r := drawRule(t)
			doc := map[string]any{"title": strconv.Itoa(i), "logsource": map[string]string{"product": "aws"}}
			detection := map[string]any{"condition": r.text}
			for name, s := range r.searches {
				detection[name] = s
			}
			doc["detection"] = detection
			data, err := json.Marshal(doc) // JSON is YAML
			if err != nil {
				t.Fatal(err)
			}
			one, refusals := sigma.Parse("random.yml", data)
			if len(refusals) > 0 {
				t.Fatalf("%s: %v", data, refusals)
			}
			rules, parsed = append(rules, r), append(parsed, one...)
		}
		engine, refusals := sigma.Compile(parsed, sigma.Options{})
		for _, r := range refusals { // s or not s
			if r.Reason != "is the same for every event" {
				t.Fatal(r)
			}
		}
		m := engine.Matcher()
		for range 8 {
			event := drawEvent(t)
			raw, err := json.Marshal(event)
			if err != nil {
				t.Fatal(err)
			}
			got := titles(m, string(raw))
			var want []string
			for i, r := range rules {
				if r.match(event, string(raw)) {
					want = append(want, strconv.Itoa(i))
				}
			}
			if !slices.Equal(got, want) {
				t.Fatalf("event %s\nrules %s\nmatch %v, want %v", raw, show(rules), got, want)
			}
		}
	})
}

func show(rules []*refRule) string {
	var b strings.Builder
	for i, r := range rules {
		s, _ := json.Marshal(r.searches)
		fmt.Fprintf(&b, "\n%d: %s if %s", i, s, r.text)
	}
	return b.String()
}
