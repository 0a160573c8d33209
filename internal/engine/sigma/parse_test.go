package sigma_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"holdfast.dev/holdfast/internal/engine/sigma"
)

const full = `title: A rule with everything
id: 929a690e-bef0-4204-a928-ef5e620d6fcc
name: everything
related:
    - id: 08fbc97d-0a2f-491c-ae21-8ffcfd3174e9
      type: derived
taxonomy: sigma
status: test
description: |
    Two
    lines
license: MIT
references:
    - https://example.com/one
author: [Ann, Bob]
date: 2026-01-02
modified: 2026/02/03
logsource:
    product: aws
    service: cloudtrail
    definition: Data events are needed
detection:
    selection:
        eventName: GetObject
    condition: selection
fields: [eventName, userIdentity.arn]
falsepositives: Unlikely
level: high
tags:
    - attack.t1530
scope: [server]
playbook: PB-7
tests: {match: []}
`

func TestParse(t *testing.T) {
	rules, refusals := sigma.Parse("rules/full.yml", []byte("# a comment first\n"+full))
	if len(refusals) > 0 || len(rules) != 1 {
		t.Fatal(len(rules), refusals)
	}
	want := &sigma.Rule{
		File: "rules/full.yml", Line: 2,
		Title: "A rule with everything", ID: "929a690e-bef0-4204-a928-ef5e620d6fcc", Name: "everything", Taxonomy: "sigma", Status: "test",
		Description: "Two\nlines\n", License: "MIT", Author: "Ann, Bob", Date: "2026-01-02", Modified: "2026/02/03", Level: "high",
		References: []string{"https://example.com/one"}, FalsePositives: []string{"Unlikely"}, Fields: []string{"eventName", "userIdentity.arn"},
		Tags: []string{"attack.t1530"}, Scope: []string{"server"}, Related: []sigma.Related{{ID: "08fbc97d-0a2f-491c-ae21-8ffcfd3174e9", Type: "derived"}},
		LogSource: sigma.LogSource{Product: "aws", Service: "cloudtrail"}, Custom: []string{"playbook", "tests"},
	}
	if diff := cmp.Diff(want, rules[0], cmpopts.IgnoreFields(sigma.Rule{}, "Detection")); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// TestBrokenDocument: what stands before and behind a refused document is read.
func TestBrokenDocument(t *testing.T) {
	rules, refusals := sigma.Parse("x.yml", []byte(base+"\n---\ntitle: second\n---\n"+strings.Replace(base, "name: base", "name: third", 1)+"\n---\n"))
	if len(rules) != 2 || len(refusals) != 1 || refusals[0].Rule != "second" || refusals[0].Line != 3 {
		t.Errorf("%d rules, %v", len(rules), refusals)
	}
	rules, refusals = sigma.Parse("x.yml", []byte(base+"\n---\ntitle: [\n"))
	if len(rules) != 1 || len(refusals) != 1 {
		t.Errorf("%d rules, %v", len(rules), refusals)
	}
	if rules, refusals = sigma.Parse("empty.yml", nil); len(rules)+len(refusals) > 0 {
		t.Errorf("%v, %v", rules, refusals)
	}
}

// TestCollection reads the old way to write several rules with one head.
func TestCollection(t *testing.T) {
	rules, refusals := sigma.Parse("x.yml", []byte(`action: global
title: shared
logsource: {product: aws}
level: low
detection: {condition: s}
---
id: "1"
detection: {s: {a: x}}
---
action: repeat
id: "2"
level: high
detection: {s: {b: y}}
---
action: reset
---
title: alone
logsource: {service: cloudtrail}
detection: {s: {c: z}, condition: s}
`))
	if len(refusals) > 0 || len(rules) != 3 {
		t.Fatal(len(rules), refusals)
	}
	var got []string
	for _, r := range rules {
		got = append(got, strings.Join([]string{r.Title, r.ID, r.Level, r.LogSource.Product}, " "))
	}
	if diff := cmp.Diff([]string{"shared 1 low aws", "shared 2 high aws", "alone   "}, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	e, refusals := sigma.Compile(rules, sigma.Options{})
	if len(refusals) > 0 {
		t.Fatal(refusals)
	}
	m := e.Matcher()
	for event, want := range map[string]int{`{"a":"x"}`: 1, `{"a":"x","b":"y"}`: 2, `{"b":"y"}`: 0, `{"c":"z"}`: 1} {
		if got := titles(m, event); len(got) != want {
			t.Errorf("%s matches %q, want %d", event, got, want)
		}
	}
}

func TestFilters(t *testing.T) {
	rules := `title: one
id: "1"
logsource: {product: aws, service: cloudtrail}
detection: {selection: {eventName: Go}, condition: selection}
---
title: two
name: two
logsource: {product: aws, service: cloudtrail}
detection: {selection: {eventName: Go}, condition: [selection]}
---
title: by id and name
logsource: {product: aws}
filter:
    rules: ["1", two]
    selection: {user|startswith: adm_}
    condition: not selection
`
	all := strings.Replace(rules, `["1", two]`, "any", 1)
	one := strings.Replace(rules, `["1", two]`, `["1"]`, 1)
	for name, c := range map[string]struct {
		rules string
		want  []string
	}{"named": {rules, nil}, "any": {all, nil}, "one": {one, []string{"two"}}} {
		t.Run(name, func(t *testing.T) {
			e := compiled(t, sigma.Options{}, c.rules)
			m := e.Matcher()
			if diff := cmp.Diff([]string{"one", "two"}, titles(m, `{"eventName":"Go","user":"bob"}`)); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			if diff := cmp.Diff(c.want, titles(m, `{"eventName":"Go","user":"ADM_x"}`)); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			if f := e.Rules()[0].Filters; len(f) != 1 || f[0].Title != "by id and name" {
				t.Errorf("the rule does not know its filter: %v", f)
			}
		})
	}
}

// TestFilterOfSome: a filter works for the rules that are there, and says which are
// not.
func TestFilterOfSome(t *testing.T) {
	rules, _ := sigma.Parse("x.yml", []byte(base+"\n---\n{title: f, logsource: {product: aws}, filter: {rules: [base, gone, lost], s: {b: y}, condition: not s}}"))
	e, refusals := sigma.Compile(rules, sigma.Options{})
	if len(refusals) != 1 || !strings.Contains(refusals[0].Reason, `no rule "gone", "lost" here; the filter holds for the others`) {
		t.Error(refusals)
	}
	if got := titles(e.Matcher(), `{"a":"x","b":"y"}`); len(got) > 0 {
		t.Errorf("%q was not filtered", got)
	}
}

// TestFields: a rule says which fields it needs, so that coverage can be told.
func TestFields(t *testing.T) {
	e := compiled(t, sigma.Options{Fields: map[string][]string{"User": {"u.a", "u.b"}}},
		"title: t\nlogsource: {product: aws}\ndetection: {s: {User: x, c|fieldref: d, e: null}, k: [word], condition: s and not k}")
	if diff := cmp.Diff([]string{"c", "d", "e", "u.a", "u.b"}, e.Rules()[0].Fields); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestSources(t *testing.T) {
	rules, _ := sigma.Parse("x.yml", []byte(base+"\n---\n"+strings.NewReplacer("name: base", "name: other", "product: aws", "product: aws, service: guardduty").Replace(base)))
	e, refusals := sigma.Compile(rules, sigma.Options{Sources: []sigma.LogSource{{Product: "aws", Service: "cloudtrail"}}})
	if len(e.Rules()) != 1 || len(refusals) != 1 || !strings.Contains(refusals[0].Error(), `service "guardduty" is a log that is not read here`) {
		t.Errorf("%d rules, %v", len(e.Rules()), refusals)
	}
}

// TestYieldStops: a caller that has seen enough is asked no more.
func TestYieldStops(t *testing.T) {
	e := compiled(t, sigma.Options{}, base, strings.Replace(base, "name: base", "name: other", 1))
	var r sigma.Record
	r.Reset([]byte(`{"a":"x"}`))
	n := 0
	e.Matcher().Match(&r, func(*sigma.Compiled) bool { n++; return false })
	if n != 1 {
		t.Errorf("yielded %d times", n)
	}
}

// TestNoAllocations: events whose calls and values came by before cost no memory.
func TestNoAllocations(t *testing.T) {
	e := compiled(t, sigma.Options{}, synthetic(400))
	m := e.Matcher()
	records := generated(500)
	var r sigma.Record
	run := func() {
		for _, raw := range records {
			r.Reset(raw)
			m.Match(&r, func(*sigma.Compiled) bool { return true })
		}
	}
	run()
	if n := testing.AllocsPerRun(3, run); n > 0 {
		t.Errorf("%v allocations for %d events that were seen before", n, len(records))
	}
}

// TestTogetherIsAlone runs rules together over a log, with all that is remembered
// between events, and each rule alone with nothing remembered.
func TestTogetherIsAlone(t *testing.T) {
	documents := strings.Split(synthetic(240), "---\n")[1:]
	for i, d := range documents { // so that more of them match
		d = strings.NewReplacer(fmt.Sprintf("'Denied%d'", i), "AccessDenied", fmt.Sprintf("X%d", i), "", fmt.Sprintf("odd-%d:", i), fmt.Sprintf("role-%d/", i%30), fmt.Sprintf("tool-%d", i), fmt.Sprintf("go#1.22.%d", i%9), fmt.Sprintf("none-%d", i), fmt.Sprintf("data-%d", i%20)).Replace(d)
		documents[i] = d
	}
	together := compiled(t, sigma.Options{}, documents...).Matcher()
	alone := make([]*sigma.Engine, len(documents))
	for i, d := range documents {
		alone[i] = compiled(t, sigma.Options{}, d)
	}
	matched := 0
	for _, raw := range generated(150) {
		for range 2 {
			got := titles(together, string(raw))
			var want []string
			for _, e := range alone {
				want = append(want, titles(e.Matcher(), string(raw))...)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("alone -, together +\n%s\n%s", diff, raw)
			}
			matched += len(got)
		}
	}
	if matched < 200 {
		t.Errorf("only %d matches, so this tells little", matched)
	}
}

func TestKnown(t *testing.T) {
	e := compiled(t, sigma.Options{}, "title: t\nlogsource: {product: aws}\ndetection: {s: {a: x}, u: {b: null}, condition: s and u}")
	var r sigma.Record
	m := e.Matcher()
	holds := func(raw string, know ...func(p *sigma.Path)) bool {
		r.Reset([]byte(raw))
		for _, p := range e.Paths() {
			for _, k := range know {
				k(p)
			}
		}
		found := false
		m.Match(&r, func(*sigma.Compiled) bool { found = true; return true })
		return found
	}
	a := func(p *sigma.Path) {
		if p.Name == "a" {
			r.Know(p, sigma.Value{Kind: sigma.String, Text: []byte("X")})
		}
	}
	noB := func(p *sigma.Path) {
		if p.Name == "b" {
			r.KnowAbsent(p)
		}
	}
	if !holds(`{"b":1}`, a, noB) || holds(`{"b":1}`, a) || holds(`{}`) || !holds(`{"a":"x"}`) {
		t.Error("what is known is not what is matched")
	}
}
