package cloudformation

import (
	"encoding/json"
	"errors"
	"reflect"
	"strconv"
	"strings"
	"testing"
)

// decode turns a node into what encoding/json would give.
func decode(n *node) any {
	switch n.kind {
	case null:
		return nil
	case boolean:
		return n.text == "true"
	case list:
		out := []any{}
		for _, m := range n.kids {
			out = append(out, decode(m.value))
		}
		return out
	case object:
		out := map[string]any{}
		for _, m := range n.kids {
			out[m.key] = decode(m.value)
		}
		return out
	}
	return n.text
}

// asText makes numbers their own text, as the reader keeps them.
func asText(v any) any {
	switch v := v.(type) {
	case json.Number:
		return string(v)
	case []any:
		for i := range v {
			v[i] = asText(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = asText(v[k])
		}
	}
	return v
}

// FuzzJSON compares the reader with encoding/json: it accepts the same, save
// for keys that stand twice, deep nesting and text that is not UTF-8.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{`{"a":[1,-2.5e+3,"\u00e9\ud83d\ude00\n",true,false,null,{}]}`, `[01]`, `"\ud800"`, `{"a":1,"a":2}`, `[1,]`, ` { } `, `-`, `1.`, `1e`, `tru`, "\"\x01\"", `"\x"`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		n, err := parseJSON("f", text, Options{})
		valid := json.Valid([]byte(text))
		if err != nil {
			if valid && errors.Is(err, errJSON) && !strings.Contains(err.Error(), "not UTF-8") {
				t.Fatalf("%q is JSON and was refused: %v", text, err)
			}
			return
		}
		if !valid {
			t.Fatalf("%q is not JSON and was accepted", text)
		}
		decoder := json.NewDecoder(strings.NewReader(text))
		decoder.UseNumber()
		var want any
		if err := decoder.Decode(&want); err != nil {
			t.Fatal(err)
		}
		if got, want := decode(n), asText(want); !reflect.DeepEqual(got, want) {
			t.Fatalf("%q: got %#v, want %#v", text, got, want)
		}
	})
}

func TestExactNumber(t *testing.T) {
	for text, want := range map[string]any{
		"0": int64(0), "-5": int64(-5), "1.5": 1.5, "9223372036854775807": int64(9223372036854775807), "12345678901": int64(12345678901),
		"123456789012": nil, "0123": nil, "1.10": nil, "+5": nil, "-0": nil, "1e3": nil, "9223372036854775808": nil, "": nil, "NaN": nil, "-": nil,
	} {
		got, ok := exactNumber(text)
		if ok != (want != nil) || ok && got != want {
			t.Errorf("exactNumber(%q) = %v, %v; want %v", text, got, ok, want)
		}
		if s, _ := textOf(got); ok && s != text {
			t.Errorf("%q prints as %q", text, s)
		}
	}
}

func TestGlob(t *testing.T) {
	for _, c := range []struct {
		pattern, name string
		want          bool
	}{
		{"a.yaml", "a.yaml", true}, {"a.yaml", "x/y/a.yaml", true}, {"*.json", "x/b.json", true}, {"x/*.yaml", "x/a.yaml", true},
		{"x/*.yaml", "x/y/a.yaml", false}, {"x/**", "x/y/a.yaml", true}, {"**/y/*", "x/y/a.yaml", true}, {"**", "a", true},
		{"x/**/a.yaml", "x/a.yaml", true}, {"./x/", "x", true}, {"**/**/a", "q/a", true}, {"x/**/z", "x/y", false}, {"[ab]*", "bc", true},
	} {
		globs, err := parseGlobs([]string{c.pattern})
		if err != nil {
			t.Fatal(err)
		}
		if got := globs[0].match(c.name); got != c.want {
			t.Errorf("%q matches %q: %v", c.pattern, c.name, got)
		}
	}
}

func TestErrorsStayReadable(t *testing.T) {
	err := failAt("f", 3, 4, "%s\nand more", strings.Repeat("é", 1000))
	if s := err.Error(); strings.Contains(s, "\n") || len(s) > maxErrorText+20 || !strings.HasPrefix(s, "f:3:4: é") || !strings.HasSuffix(s, "…") || !strconv.CanBackquote(s) {
		t.Errorf("%q", s)
	}
}
