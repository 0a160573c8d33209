package sigma_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"holdfast.dev/holdfast/internal/engine/sigma"
)

// FuzzParse: whatever a file holds, every rule in it is in the engine or refused,
// and nothing panics.
func FuzzParse(f *testing.F) {
	f.Add([]byte(full))
	f.Add([]byte(allKinds()))
	f.Add([]byte(synthetic(20)))
	f.Add([]byte("action: global\ntitle: x\n---\naction: repeat\n"))
	f.Add([]byte("a: &a [*a]\n"))
	f.Add([]byte("title: t\nlogsource: {product: aws}\nfilter: {rules: any, s: {'|all': [x, y*]}, condition: not s}\n"))
	o := sigma.Options{Placeholders: map[string][]string{"a": {"x*", `\`}}, Fields: map[string][]string{"a": {"b", "c.d"}}}
	events := [][]byte{[]byte(`{"eventName":"a","a":[1,{"b":"x"}],"n":null}`), []byte(`{}`), generated(1)[0]}
	f.Fuzz(func(t *testing.T, data []byte) {
		rules, refusals := sigma.Parse("fuzz.yml", data)
		e, more := sigma.Compile(rules, o)
		filters := 0
		for _, r := range rules {
			if r.Filter != nil {
				filters++
			}
		}
		in := len(e.Rules()) + len(e.Correlations())
		if len(rules) > in+len(more) || len(rules) < in+len(more)-filters {
			t.Fatalf("%d rules were read, %d are in the engine, %d were refused", len(rules), in, len(more))
		}
		for _, r := range append(refusals, more...) {
			if r.Reason == "" || r.Error() == "" {
				t.Errorf("%+v gives no reason", r)
			}
		}
		m, s := e.Matcher(), e.NewState(sigma.StateOptions{})
		var r sigma.Record
		for _, raw := range events {
			r.Reset(raw)
			m.Match(&r, func(c *sigma.Compiled) bool {
				s.Observe(c, &r, dawn, "x", func(sigma.Hit) {})
				return true
			})
		}
		s.Flush(func(sigma.Hit) {})
	})
}

// FuzzCondition: a condition is taken or refused, and what is taken means the same
// with parentheses around it.
func FuzzCondition(f *testing.F) {
	for _, s := range []string{"a", "a and not b", "1 of them", "all of a*", "(a or b) and 2 of them", "not not a", "a | count() > 5", "((", "NOT a OR 1 of *"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, condition string) {
		build := func(condition string) (*sigma.Engine, bool) {
			doc, err := json.Marshal(map[string]any{
				"title": "t", "logsource": map[string]string{"product": "aws"},
				"detection": map[string]any{"a": map[string]any{"a": 1}, "b": map[string]any{"b": 1}, "ab": map[string]any{"a": 1, "b": 1}, "_c": map[string]any{"c": 1}, "condition": condition},
			})
			if err != nil {
				t.Skip()
			}
			rules, _ := sigma.Parse("fuzz.yml", doc)
			e, _ := sigma.Compile(rules, sigma.Options{})
			return e, len(e.Rules()) == 1
		}
		e, ok := build(condition)
		if !ok {
			return
		}
		wrapped, ok := build("not (not (" + condition + "))")
		if !ok {
			return // too deep now, or too long
		}
		m, n := e.Matcher(), wrapped.Matcher()
		for _, event := range []string{`{}`, `{"a":1}`, `{"b":1}`, `{"a":1,"b":1}`, `{"c":1}`, `{"a":1,"b":1,"c":1}`} {
			if len(titles(m, event)) != len(titles(n, event)) {
				t.Errorf("%q and its double negation differ on %s", condition, event)
			}
		}
	})
}

// FuzzMatch: no record panics, and a record that is JSON gives the fields that
// encoding/json finds.
func FuzzMatch(f *testing.F) {
	f.Add([]byte(`{"eventName":"a\u0062","a":{"b":["x",1.5e3,null,true,{}]},"c":"\ud83d\ude00 \\ \""}`))
	f.Add([]byte(`{"a":"\`))
	f.Add([]byte(`{"a":[[[`))
	f.Add(generated(1)[0])
	e, _ := sigma.Compile(func() []*sigma.Rule { r, _ := sigma.Parse("x.yml", []byte(synthetic(60)+allKinds())); return r }(), sigma.Options{})
	m := e.Matcher()
	f.Fuzz(func(t *testing.T, raw []byte) {
		var r sigma.Record
		r.Reset(raw)
		m.Match(&r, func(*sigma.Compiled) bool { return true })
		r.Text()
		if !json.Valid(raw) || !bytes.HasPrefix(raw, []byte("{")) || bytes.ContainsRune(raw, '\uFFFD') || !utf8Valid(raw) {
			return
		}
		var want map[string]any
		d := json.NewDecoder(bytes.NewReader(raw))
		d.UseNumber()
		if d.Decode(&want) != nil || duplicates(raw) {
			return
		}
		for key, v := range want {
			got := r.Values(nil, &sigma.Path{Name: key})
			switch v := v.(type) {
			case string:
				if len(got) != 1 || got[0].Kind != sigma.String || string(got[0].Text) != v && !bytes.ContainsRune([]byte(v), '\uFFFD') {
					t.Fatalf("%q is %q, want %q", key, got, v)
				}
			case json.Number:
				if len(got) != 1 || got[0].Kind != sigma.Number || string(got[0].Text) != v.String() {
					t.Fatalf("%q is %q, want %s", key, got, v)
				}
			case nil:
				if len(got) != 1 || got[0].Kind != sigma.Null {
					t.Fatalf("%q is %q, want null", key, got)
				}
			}
		}
	})
}

func utf8Valid(b []byte) bool { return bytes.Equal(bytes.ToValidUTF8(b, nil), b) }

// duplicates tells whether an object names a member twice, or two names differ in
// nothing but a dot.
func duplicates(raw []byte) bool {
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil {
		return true
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	depth, keys, name := 0, 0, true
	for {
		tok, err := d.Token()
		if err != nil {
			return keys != len(members)
		}
		switch tok {
		case json.Delim('{'), json.Delim('['):
			depth++
			name = true
			continue
		case json.Delim('}'), json.Delim(']'):
			if depth--; depth == 1 {
				name = true
			}
			continue
		}
		if depth == 1 {
			if name {
				keys++
			}
			name = !name
		}
	}
}

// FuzzLoadState: a broken checkpoint is refused or forgotten, and what is loaded
// works.
func FuzzLoadState(f *testing.F) {
	e, _ := sigma.Compile(func() []*sigma.Rule { r, _ := sigma.Parse("x.yml", []byte(allKinds())); return r }(), sigma.Options{})
	s := e.NewState(sigma.StateOptions{})
	feed(e, s, []int{0, 1, 2}, []happening{{0, "a", "u", "1"}, {5000, "b", "u", "1"}, {5001, "c", "v", "2"}})
	data, err := s.Save()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		s, _, err := e.LoadState(data, sigma.StateOptions{})
		if err != nil {
			return
		}
		feed(e, s, []int{9}, []happening{{6000, "a", "u", "3"}})
		s.Advance(dawn.Add(time.Hour), func(sigma.Hit) {})
		s.Flush(func(sigma.Hit) {})
		if _, err := s.Save(); err != nil {
			t.Error(err)
		}
	})
}
