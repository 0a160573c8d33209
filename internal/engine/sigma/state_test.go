package sigma_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"holdfast.dev/holdfast/internal/engine/sigma"
)

// happening is an event of a made-up log: a rule's call, by whom, and a number.
type happening struct {
	at   int // seconds
	call string
	user string
	n    string
}

var dawn = time.Date(2026, 3, 4, 0, 0, 0, 0, time.UTC)

func (h happening) json() []byte {
	b, _ := json.Marshal(map[string]any{"eventName": h.call, "user": h.user, "n": h.n, "from": map[string]any{"name": h.user}})
	return b
}

// callRules are detections named a, b, c that each match the call of their name.
func callRules(names ...string) string {
	var b strings.Builder
	for _, n := range names {
		fmt.Fprintf(&b, "---\ntitle: call %s\nname: %s\nlogsource: {product: aws}\ndetection: {s: {eventName: %s}, condition: s}\n", n, n, n)
	}
	return b.String()
}

// feed runs happenings through an engine and a state.
func feed(e *sigma.Engine, s *sigma.State, refs []int, events []happening) (hits []sigma.Hit) {
	m := e.Matcher()
	var r sigma.Record
	for i, h := range events {
		r.Reset(h.json())
		m.Match(&r, func(c *sigma.Compiled) bool {
			s.Observe(c, &r, dawn.Add(time.Duration(h.at)*time.Second), strconv.Itoa(refs[i]), func(h sigma.Hit) { hits = append(hits, h) })
			return true
		})
	}
	return hits
}

func correlated(t testing.TB, rules string, events []happening) []string {
	t.Helper()
	e := compiled(t, sigma.Options{}, rules)
	s := e.NewState(sigma.StateOptions{})
	refs := make([]int, len(events))
	for i := range refs {
		refs[i] = i
	}
	hits := feed(e, s, refs, events)
	s.Flush(func(h sigma.Hit) { hits = append(hits, h) })
	return describe(hits)
}

func describe(hits []sigma.Hit) []string {
	out := []string{}
	for _, h := range hits {
		var group []string
		for _, g := range h.Group {
			group = append(group, g.Field+"="+g.Value)
		}
		out = append(out, fmt.Sprintf("%s [%s] %d-%d %v: %s", h.Rule.Title, strings.Join(group, " "),
			int(h.First.Sub(dawn).Seconds()), int(h.Last.Sub(dawn).Seconds()), h.Value, strings.Join(h.Events, ",")))
	}
	return out
}

func TestCorrelations(t *testing.T) {
	for _, c := range []struct {
		name, rule string
		events     []happening
		want       []string
	}{
		{"counts by group", `{type: event_count, rules: [a], group-by: [user], timespan: 1m, condition: {gte: 3}}`,
			[]happening{{0, "a", "u", ""}, {10, "a", "v", ""}, {20, "a", "u", ""}, {60, "a", "u", ""}, {70, "a", "v", ""}},
			[]string{"r [user=u] 0-60 3: 0,2,3"}},
		{"both ends of the span belong to it", `{type: event_count, rules: [a], timespan: 1m, condition: {gt: 1}}`,
			[]happening{{0, "a", "", ""}, {61, "a", "", ""}, {121, "a", "", ""}},
			[]string{"r [] 61-121 2: 1,2"}},
		{"rests for one span", `{type: event_count, rules: [a], timespan: 1m, condition: {gte: 2}}`,
			[]happening{{0, "a", "", ""}, {1, "a", "", ""}, {2, "a", "", ""}, {60, "a", "", ""}, {61, "a", "", ""}},
			[]string{"r [] 0-1 2: 0,1", "r [] 60-61 2: 3,4"}},
		{"several rules count together", `{type: event_count, rules: [a, b], timespan: 1m, condition: {gte: 2}}`,
			[]happening{{0, "a", "", ""}, {5, "b", "", ""}},
			[]string{"r [] 0-5 2: 0,1"}},
		{"a range is judged when the window has passed", `{type: event_count, rules: [a], timespan: 1m, condition: {gt: 1, lte: 3}}`,
			[]happening{{0, "a", "", ""}, {5, "a", "", ""}, {6, "a", "", ""}, {100, "a", "", ""}, {101, "a", "", ""}, {102, "a", "", ""}, {103, "a", "", ""}},
			[]string{"r [] 0-60 3: 0,1,2"}},
		{"exactly", `{type: event_count, rules: [a], timespan: 1m, condition: {eq: 1}}`,
			[]happening{{0, "a", "", ""}, {5, "a", "", ""}, {200, "a", "", ""}},
			[]string{"r [] 200-260 1: 2"}},
		{"not so many", `{type: event_count, rules: [a], timespan: 1m, condition: {neq: 2}}`,
			[]happening{{0, "a", "", ""}, {5, "a", "", ""}, {200, "a", "", ""}},
			[]string{"r [] 200-260 1: 2"}},
		{"counts values", `{type: value_count, rules: [a], group-by: [user], timespan: 1m, condition: {field: n, gte: 2}}`,
			[]happening{{0, "a", "u", "1"}, {5, "a", "u", "1"}, {10, "a", "v", "2"}, {65, "a", "u", "2"}},
			[]string{"r [user=u] 5-65 2: 1,3"}},
		{"counts pairs of values", `{type: value_count, rules: [a], timespan: 1m, condition: {field: [n, user], gte: 3}}`,
			[]happening{{0, "a", "u", "1"}, {5, "a", "v", "1"}, {6, "a", "v", "1"}, {7, "a", "v", "2"}},
			[]string{"r [] 0-7 3: 0,2,3"}},
		{"sums", `{type: value_sum, rules: [a], timespan: 1m, condition: {field: n, gt: 10}}`,
			[]happening{{0, "a", "", "5"}, {1, "a", "", "5"}, {2, "a", "", "x"}, {3, "a", "", "0.5"}},
			[]string{"r [] 0-3 10.5: 0,1,3"}},
		{"highest", `{type: value_max, rules: [a], timespan: 1m, condition: {field: n, gte: 7}}`,
			[]happening{{0, "a", "", "5"}, {1, "a", "", "8"}},
			[]string{"r [] 1-1 8: 1"}},
		{"lowest", `{type: value_min, rules: [a], timespan: 1m, condition: {field: n, lt: 0}}`,
			[]happening{{0, "a", "", "5"}, {1, "a", "", "-8"}},
			[]string{"r [] 1-1 -8: 1"}},
		{"average", `{type: value_avg, rules: [a], timespan: 1m, condition: {field: n, gte: 4}}`,
			[]happening{{0, "a", "", "10"}, {1, "a", "", "1"}, {2, "a", "", "0"}, {100, "a", "", "4"}},
			[]string{"r [] 100-160 4: 3"}},
		{"median", `{type: value_median, rules: [a], timespan: 1m, condition: {field: n, eq: 2.5}}`,
			[]happening{{0, "a", "", "10"}, {1, "a", "", "1"}, {2, "a", "", "2"}, {3, "a", "", "3"}},
			[]string{"r [] 0-60 2.5: 0,1,2,3"}},
		{"percentile", `{type: value_percentile, rules: [a], timespan: 1m, condition: {field: n, percentile: 75, gte: 3}}`,
			[]happening{{0, "a", "", "10"}, {1, "a", "", "1"}, {2, "a", "", "2"}, {3, "a", "", "3"}},
			[]string{"r [] 0-60 3: 0,1,2,3"}},
		{"together in any order", `{type: temporal, rules: [a, b], group-by: [user], timespan: 1m}`,
			[]happening{{0, "b", "u", ""}, {5, "a", "v", ""}, {60, "a", "u", ""}},
			[]string{"r [user=u] 0-60 2: 0,2"}},
		{"some of them together", `{type: temporal, rules: [a, b, c], timespan: 1m, condition: {gte: 2}}`,
			[]happening{{0, "c", "", ""}, {1, "c", "", ""}, {9, "a", "", ""}},
			[]string{"r [] 1-9 2: 1,2"}},
		{"an expression of rules", `{type: temporal, rules: [a, b, c], timespan: 1m, condition: a and (b or c)}`,
			[]happening{{0, "b", "", ""}, {1, "c", "", ""}, {9, "a", "", ""}},
			[]string{"r [] 0-9 3: 0,1,2"}},
		{"one without another", `{type: temporal, rules: [a, b], timespan: 1m, condition: a and not b}`,
			[]happening{{0, "a", "", ""}, {60, "b", "", ""}, {100, "a", "", ""}, {161, "b", "", ""}},
			[]string{"r [] 100-160 1: 2"}},
		{"in order", `{type: temporal_ordered, rules: [a, b, c], timespan: 1m}`,
			[]happening{{0, "a", "", ""}, {1, "c", "", ""}, {2, "b", "", ""}, {3, "a", "", ""}, {59, "c", "", ""}},
			[]string{"r [] 0-59 3: 0,1,2,3,4"}},
		{"out of order", `{type: temporal_ordered, rules: [a, b], timespan: 1m}`,
			[]happening{{0, "b", "", ""}, {1, "a", "", ""}}, []string{}},
		{"one moment is any order", `{type: temporal_ordered, rules: [a, b], timespan: 1m}`,
			[]happening{{0, "b", "", ""}, {0, "a", "", ""}}, []string{"r [] 0-0 2: 0,1"}},
		{"an order that is named", `{type: temporal_ordered, rules: [a, b, c], timespan: 1m, condition: b and a}`,
			[]happening{{0, "b", "", ""}, {1, "a", "", ""}}, []string{"r [] 0-1 2: 0,1"}},
		{"aliases", `{type: temporal, rules: [a, b], group-by: [who], timespan: 1m, aliases: {who: {a: user, b: from.name}}}`,
			[]happening{{0, "a", "u", ""}, {5, "b", "v", ""}, {6, "b", "u", ""}},
			[]string{"r [who=u] 0-6 2: 0,2"}},
		{"events that lack the group's field stay out", `{type: event_count, rules: [a], group-by: [nothing], timespan: 1m, condition: {gte: 1}}`,
			[]happening{{0, "a", "u", ""}}, []string{}},
		{"a week", `{type: event_count, rules: [a], timespan: 1w, condition: {gte: 2}}`,
			[]happening{{0, "a", "", ""}, {604800, "a", "", ""}}, []string{"r [] 0-604800 2: 0,1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			rules := callRules("a", "b", "c") + "---\ntitle: r\ncorrelation: " + c.rule + "\n"
			if diff := cmp.Diff(c.want, correlated(t, rules, c.events)); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

// TestChained is the example of the specification: many failures, then success.
func TestChained(t *testing.T) {
	rules := callRules("fail", "ok") + `---
title: many failures
name: many
correlation: {type: event_count, rules: [fail], group-by: [user, n], timespan: 10m, condition: {gte: 3}}
---
title: guessed
correlation: {type: temporal_ordered, rules: [many, ok], group-by: [user], timespan: 10m}
`
	events := []happening{{0, "ok", "u", "1"}, {1, "fail", "u", "1"}, {2, "fail", "u", "1"}, {3, "fail", "v", "1"}, {4, "fail", "u", "1"}, {5, "ok", "v", "1"}, {6, "ok", "u", "2"}}
	want := []string{"guessed [user=u] 4-6 2: 4,6"}
	if diff := cmp.Diff(want, correlated(t, rules, events)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	// What generates is reported too, from the single events up.
	loud := strings.Replace(rules, "{type: temporal_ordered", "{generate: true, type: temporal_ordered", 1)
	if got := correlated(t, loud, events); len(got) != 2 {
		t.Errorf("%q", got)
	}
	e := compiled(t, sigma.Options{}, rules)
	for _, r := range e.Rules() {
		if r.Alone {
			t.Errorf("%s speaks for itself, though correlations took it", r.Rule.Title)
		}
	}
}

// TestChainedAlias leads an alias through a correlation to the event below it.
func TestChainedAlias(t *testing.T) {
	rules := callRules("a", "b") + `---
title: inner
name: inner
correlation: {type: event_count, rules: [a], group-by: [who], timespan: 1m, condition: {gte: 2}, aliases: {who: {a: from.name}}}
---
title: outer
correlation: {type: temporal, rules: [inner, b], group-by: [name], timespan: 1m, aliases: {name: {inner: who, b: user}}}
`
	events := []happening{{0, "a", "u", ""}, {1, "b", "u", ""}, {2, "b", "v", ""}, {3, "a", "u", ""}}
	if diff := cmp.Diff([]string{"outer [name=u] 1-3 2: 1,3"}, correlated(t, rules, events)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

var correlationsOfAllKinds = []string{
	`{type: event_count, rules: [a], group-by: [user], timespan: 1m, condition: {gte: 3}}`,
	`{type: event_count, rules: [a, b], group-by: [user], timespan: 1m, condition: {lt: 2}}`,
	`{type: value_count, rules: [a, b], timespan: 1m, condition: {field: n, gte: 3}}`,
	`{type: temporal, rules: [a, b, c], group-by: [user], timespan: 1m}`,
	`{type: temporal_ordered, rules: [a, b, c], timespan: 1m}`,
	`{type: value_sum, rules: [a, c], group-by: [user], timespan: 1m, condition: {field: n, gte: 12}}`,
	`{type: value_avg, rules: [a, c], timespan: 1m, condition: {field: n, gt: 3}}`,
	`{type: temporal_ordered, rules: [r0, b], group-by: [user], timespan: 5m}`,
}

func allKinds() string {
	rules := callRules("a", "b", "c")
	for i, c := range correlationsOfAllKinds {
		rules += fmt.Sprintf("---\ntitle: r%d\nname: r%d\ncorrelation: %s\n", i, i, c)
	}
	return strings.ReplaceAll(rules, "{type: temporal_ordered, rules: [r0", "{generate: true, type: temporal_ordered, rules: [r0")
}

func drawLog(t *rapid.T) []happening {
	var log []happening
	at := 0
	for range rapid.IntRange(1, 40).Draw(t, "events") {
		at += rapid.IntRange(0, 40).Draw(t, "gap")
		log = append(log, happening{at, rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "call"), rapid.SampledFrom([]string{"u", "v"}).Draw(t, "user"), strconv.Itoa(rapid.IntRange(0, 6).Draw(t, "n"))})
	}
	return log
}

// TestOrderAndCheckpoints: the same events give the same hits in any order within
// the tolerance, and when the state is written down and read back in between.
func TestOrderAndCheckpoints(t *testing.T) {
	e := compiled(t, sigma.Options{}, allKinds())
	const tolerance = 100
	rapid.Check(t, func(t *rapid.T) {
		log := drawLog(t)
		run := func(order []int, save bool) []string {
			o := sigma.StateOptions{Tolerance: tolerance * time.Second}
			s := e.NewState(o)
			var hits []sigma.Hit
			for _, i := range order {
				hits = append(hits, feed(e, s, []int{i}, log[i:i+1])...)
				if save && i%3 == 0 {
					data, err := s.Save()
					if err != nil {
						t.Fatal(err)
					}
					loaded, forgotten, err := e.LoadState(data, o)
					if err != nil || len(forgotten) > 0 {
						t.Fatal(err, forgotten)
					}
					again, _ := loaded.Save()
					if string(again) != string(data) {
						t.Fatalf("saved\n%s\nand again\n%s", data, again)
					}
					s = loaded
				}
			}
			s.Flush(func(h sigma.Hit) { hits = append(hits, h) })
			if s.Stats().Late > 0 {
				t.Fatal("the log was shuffled too much")
			}
			return describe(hits)
		}
		order := make([]int, len(log))
		delay := make([]int, len(log))
		for i := range order {
			order[i] = i
			delay[i] = log[i].at + rapid.IntRange(0, tolerance).Draw(t, "delay")
		}
		want := run(order, false)
		slices.SortStableFunc(order, func(i, j int) int { return delay[i] - delay[j] })
		if diff := cmp.Diff(want, run(order, true)); diff != "" {
			t.Fatalf("in order -, shuffled and saved +\n%s", diff)
		}
	})
}

// TestAgainstBruteForce compares with a look at every window there is.
func TestAgainstBruteForce(t *testing.T) {
	e := compiled(t, sigma.Options{}, allKinds())
	rapid.Check(t, func(t *rapid.T) {
		log := drawLog(t)
		s := e.NewState(sigma.StateOptions{Tolerance: -1})
		refs := make([]int, len(log))
		for i := range refs {
			refs[i] = i
		}
		found := map[string]bool{}
		for _, h := range feed(e, s, refs, log) {
			key := h.Rule.Title
			for _, g := range h.Group {
				key += " " + g.Value
			}
			found[key] = true
		}
		want := map[string]bool{}
		for i := range log {
			for j := i; j < len(log) && log[j].at-log[i].at <= 60; j++ {
				windows(log[i:j+1], want)
			}
		}
		for _, key := range []string{"r2", "r3 u", "r3 v", "r4", "r5 u", "r5 v"} { // r0 is a part and does not speak
			if found[key] != want[key] {
				t.Fatalf("%s: found %t, every window says %t, in %v", key, found[key], want[key], log)
			}
		}
	})
}

func windows(w []happening, found map[string]bool) {
	values := map[string]bool{}
	step := 0
	sums := map[string]int{}
	calls := map[string]map[string]bool{"u": {}, "v": {}}
	for _, h := range w {
		n, _ := strconv.Atoi(h.n)
		if h.call != "c" {
			values[h.n] = true
		}
		if h.call != "b" {
			sums[h.user] += n
		}
		calls[h.user][h.call] = true
	}
	for _, order := range orders(w) { // of one moment any order counts
		k := 0
		for _, h := range order {
			if k < 3 && h.call == "abc"[k:k+1] {
				k++
			}
		}
		step = max(step, k)
	}
	found["r2"] = found["r2"] || len(values) >= 3
	found["r4"] = found["r4"] || step == 3
	for _, u := range []string{"u", "v"} {
		found["r3 "+u] = found["r3 "+u] || len(calls[u]) == 3
		found["r5 "+u] = found["r5 "+u] || sums[u] >= 12
	}
}

// orders gives the window once as it is and once with the events of each moment
// sorted by call, which is the best any order can do.
func orders(w []happening) [][]happening {
	sorted := slices.Clone(w)
	slices.SortStableFunc(sorted, func(a, b happening) int {
		if a.at != b.at {
			return a.at - b.at
		}
		return strings.Compare(a.call, b.call)
	})
	return [][]happening{sorted}
}

func TestLateEventsStillCount(t *testing.T) {
	e := compiled(t, sigma.Options{}, callRules("a")+"---\ntitle: r\ncorrelation: {type: event_count, rules: [a], timespan: 1h, condition: {gte: 3}}\n")
	s := e.NewState(sigma.StateOptions{Tolerance: time.Second})
	hits := feed(e, s, []int{0, 1, 2}, []happening{{100, "a", "", ""}, {2000, "a", "", ""}, {1000, "a", "", ""}})
	if diff := cmp.Diff([]string{"r [] 100-1000 2: 0,2"}, describe(hits)); len(hits) == 1 && diff == "" {
		t.Error("two events are not three")
	}
	s.Flush(func(h sigma.Hit) { hits = append(hits, h) })
	if diff := cmp.Diff([]string{"r [] 100-2000 3: 0,2,1"}, describe(hits)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if s.Stats().Late != 1 {
		t.Errorf("%+v", s.Stats())
	}
}

func TestAdvance(t *testing.T) {
	e := compiled(t, sigma.Options{}, callRules("a")+"---\ntitle: r\ncorrelation: {type: event_count, rules: [a], timespan: 1m, condition: {lte: 3}}\n")
	s := e.NewState(sigma.StateOptions{Tolerance: time.Minute})
	if hits := feed(e, s, []int{0}, []happening{{0, "a", "", ""}}); len(hits) > 0 || s.Pending() != 1 {
		t.Errorf("%v, %d pending", hits, s.Pending())
	}
	var hits []sigma.Hit
	s.Advance(dawn.Add(2*time.Minute), func(h sigma.Hit) { hits = append(hits, h) })
	if len(hits) > 0 {
		t.Error("the last moment of the window has not passed")
	}
	s.Advance(dawn.Add(2*time.Minute+time.Second), func(h sigma.Hit) { hits = append(hits, h) })
	if len(hits) != 1 || s.Pending() != 0 {
		t.Errorf("%v, %d pending", hits, s.Pending())
	}
}

// TestBounded floods a state with groups and events.
func TestBounded(t *testing.T) {
	e := compiled(t, sigma.Options{}, allKinds())
	o := sigma.StateOptions{Groups: 100, Entries: 300, Pending: 50, Tolerance: time.Hour}
	s := e.NewState(o)
	r := rand.New(rand.NewPCG(3, 4))
	for i := range 5000 {
		feed(e, s, []int{i}, []happening{{i, "abc"[i%3 : i%3+1], strconv.Itoa(r.IntN(1000)), "1"}})
		if s.Pending() > 50 {
			t.Fatalf("%d events are held back", s.Pending())
		}
	}
	data, err := s.Save()
	if err != nil {
		t.Fatal(err)
	}
	var saved struct {
		Correlations map[string]struct {
			Groups []struct{ Entries []json.RawMessage }
		}
	}
	if err := json.Unmarshal(data, &saved); err != nil {
		t.Fatal(err)
	}
	groups, entries := 0, 0
	for _, c := range saved.Correlations {
		groups += len(c.Groups)
		for _, g := range c.Groups {
			entries += len(g.Entries)
		}
	}
	if groups > o.Groups || entries > o.Entries {
		t.Errorf("%d groups with %d events", groups, entries)
	}
	if st := s.Stats(); st.Evicted == 0 || st.Forced == 0 {
		t.Errorf("%+v tells nothing of what was forgotten", st)
	}
}

// TestManyValues: an event with many values in the fields of group-by counts in many
// groups, but not in endlessly many; very long values are told apart all the same.
func TestManyValues(t *testing.T) {
	e := compiled(t, sigma.Options{}, callRules("a")+"---\ntitle: r\ncorrelation: {type: event_count, rules: [a], group-by: [who], timespan: 1m, condition: {gte: 2}}\n")
	s := e.NewState(sigma.StateOptions{Tolerance: -1})
	observe := func(who any) (groups []string) {
		raw, err := json.Marshal(map[string]any{"eventName": "a", "who": who})
		if err != nil {
			t.Fatal(err)
		}
		var r sigma.Record
		r.Reset(raw)
		e.Matcher().Match(&r, func(c *sigma.Compiled) bool {
			s.Observe(c, &r, dawn, "x", func(h sigma.Hit) { groups = append(groups, h.Group[0].Value) })
			return true
		})
		return groups
	}
	observe([]string{"u", "v"})
	if got := observe([]string{"v", "w"}); !slices.Equal(got, []string{"v"}) {
		t.Errorf("%q", got)
	}
	many := make([]string, 40)
	for i := range many {
		many[i] = fmt.Sprint("many", i)
	}
	observe(many)
	if got := observe(many); len(got) != 16 || s.Stats().Crowded != 2 {
		t.Errorf("%d groups, %+v", len(got), s.Stats())
	}
	long := strings.Repeat("x", 5000)
	observe(long + "1")
	if got := observe(long + "2"); len(got) > 0 {
		t.Error("two long values are one")
	}
	if got := observe(long + "1"); len(got) != 1 || len(got[0]) > 512 {
		t.Errorf("%q", got)
	}
}

// TestEvictedWindows: windows of forgotten groups do not pile up, and a group that
// comes back has a window of its own.
func TestEvictedWindows(t *testing.T) {
	e := compiled(t, sigma.Options{}, callRules("a")+"---\ntitle: r\ncorrelation: {type: event_count, rules: [a], group-by: [user], timespan: 1d, condition: {eq: 1}}\n")
	s := e.NewState(sigma.StateOptions{Tolerance: -1, Groups: 10})
	for i := range 100 {
		feed(e, s, []int{i}, []happening{{i, "a", fmt.Sprint(i % 50), ""}})
	}
	var hits []sigma.Hit
	s.Flush(func(h sigma.Hit) { hits = append(hits, h) })
	if len(hits) == 0 || len(hits) > 10 {
		t.Errorf("%d windows were left", len(hits))
	}
	for _, h := range hits {
		if h.Last.Sub(h.First) != 24*time.Hour {
			t.Errorf("%v", describe([]sigma.Hit{h}))
		}
	}
}

func TestTimeless(t *testing.T) {
	e := compiled(t, sigma.Options{}, callRules("a")+"---\ntitle: r\ncorrelation: {type: event_count, rules: [a], timespan: 1m, condition: {gte: 1}}\n")
	s := e.NewState(sigma.StateOptions{})
	for _, at := range []time.Time{{}, time.Unix(math.MaxInt64/2, 0)} {
		s.Observe(e.Rules()[0], &sigma.Record{}, at, "x", func(h sigma.Hit) { t.Error(h) })
	}
	if s.Stats().Timeless != 2 || s.Pending() != 0 {
		t.Errorf("%+v", s.Stats())
	}
}

func TestLoadStateOfOtherRules(t *testing.T) {
	e := compiled(t, sigma.Options{}, allKinds())
	s := e.NewState(sigma.StateOptions{})
	feed(e, s, []int{0, 1}, []happening{{0, "a", "u", "1"}, {5000, "b", "u", "1"}})
	data, err := s.Save()
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(allKinds(), "condition: {gte: 3}", "condition: {gte: 2}", 1)
	other := compiled(t, sigma.Options{}, changed)
	if _, forgotten, err := other.LoadState(data, sigma.StateOptions{}); err != nil || !slices.Equal(forgotten, []string{"r0"}) {
		t.Errorf("forgot %q, %v", forgotten, err)
	}
	none := compiled(t, sigma.Options{}, callRules("a"))
	if _, forgotten, err := none.LoadState(data, sigma.StateOptions{}); err != nil || !slices.Contains(forgotten, "b") || !slices.Contains(forgotten, "r3") {
		t.Errorf("forgot %q, %v", forgotten, err)
	}
	for _, broken := range []string{"", "{}", "{", `{"version":2}`, `{"version":1,"correlations":{"r0":{"fingerprint":"x"}}}`, `{"version":1,"newest":"x"}`} {
		if _, forgotten, err := e.LoadState([]byte(broken), sigma.StateOptions{}); err == nil && len(forgotten) == 0 {
			t.Errorf("%s was taken", broken)
		}
	}
}
