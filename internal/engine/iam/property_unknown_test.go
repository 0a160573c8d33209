package iam_test

import (
	"slices"
	"strings"
	"testing"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/kleene"
)

// Unknown is sound and tight: the engine commits itself to an answer if and only if
// every way in which the unknown keys could turn out comes to it.
func TestPropertyUnknownIsSoundAndTight(t *testing.T) {
	m := newMaker(4)
	m.focus = true
	universe := universes()
	count, open, failed, loose := 0, 0, 0, 0
	for i := range cases(t, 600) {
		w := m.world()
		m.forget(w)
		if len(w.states) == 0 {
			continue
		}
		got := w.engine(t)
		answers := map[iam.Decision]map[string][]string{}
		complete(w, universe, func(values map[string][]string) {
			if d := oracle(w); answers[d] == nil {
				answers[d] = values
			}
		})
		count++
		if len(answers) > 1 {
			open++
		}
		problem := judge(got, answers)
		if strings.HasPrefix(problem, notTight) && w.hiddenVariable() {
			loose++
			continue
		}
		if problem != "" {
			t.Errorf("case %d: %s: the engine says %v (allowed %v); completions say %v\n%v", i, problem, got.Decision, got.Allowed, answers, w)
			if failed++; failed > 3 {
				t.FailNow()
			}
		}
	}
	t.Logf("%d worlds with unknown keys, %d of them really open; %d more taken for open where a variable was unknown", count, open, loose)
	if open < count/10 {
		t.Errorf("only %d of %d worlds depend on what is unknown", open, count)
	}
}

const notTight = "not tight"

// hiddenVariable tells whether a key that is not known stands in some text as a
// variable: what that may come to the engine does not follow everywhere.
func (w *world) hiddenVariable() bool {
	for key := range w.states {
		for _, layer := range w.layers() {
			for _, doc := range *layer {
				for i := range doc.Statements {
					if strings.Contains(show(doc, &doc.Statements[i]), "${"+key) {
						return true
					}
				}
			}
		}
	}
	return false
}

func judge(got iam.Outcome, answers map[iam.Decision]map[string][]string) string {
	_, allowed := answers[iam.Allowed]
	switch {
	case len(answers) == 1 && got.Decision == iam.Unknown:
		return notTight
	case len(answers) > 1 && got.Decision != iam.Unknown:
		return "not sound"
	case len(answers) == 1 && answers[got.Decision] == nil:
		return "wrong"
	}
	want := kleene.Of(allowed)
	if allowed && len(answers) > 1 {
		want = kleene.Unknown
	}
	if got.Allowed != want {
		if got.Allowed != kleene.Unknown {
			return "Allowed is not sound"
		}
		return notTight + " in Allowed, which is " + want.String()
	}
	return ""
}

// complete gives the unknown keys every list of values of the universe in turn.
func complete(w *world, universe map[string][][]string, visit func(map[string][]string)) {
	states := w.states
	w.states = nil
	defer func() { w.states = states }()
	var keys []string
	for key := range states {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	chosen := map[string][]string{}
	var walk func(int)
	walk = func(depth int) {
		if depth == len(keys) {
			visit(cloneValues(chosen))
			return
		}
		key := keys[depth]
		if states[key] == iam.Unseen {
			delete(w.context, key)
			chosen[key] = nil
			walk(depth + 1)
		}
		for _, values := range universe[key] {
			w.context[key], chosen[key] = values, values
			walk(depth + 1)
		}
		delete(w.context, key)
	}
	walk(0)
}

func cloneValues(m map[string][]string) map[string][]string {
	out := map[string][]string{}
	for k, v := range m {
		out[k] = v
	}
	return out
}

// universes are, for each test key, lists of values that stand for all there are.
func universes() map[string][][]string {
	out := map[string][][]string{}
	for _, k := range testKeys {
		for _, v := range k.had {
			out[k.name] = append(out[k.name], []string{v})
		}
	}
	out["test:color"] = ones(representatives("redRlbuaic", 4, append(askedOf("test:color"), "${aws:PrincipalTag/team}", "${test:color}", "alice", "red/x", "red/")))
	out["test:other"] = ones(representatives("redblux", 4, append(askedOf("test:other"), askedOf("test:color")...)))
	tags := representatives("redbluxy", 4, askedOf("test:tags"))
	out["test:tags"] = nil
	for mask := 1; mask < 1<<len(tags); mask++ {
		var set []string
		for i, v := range tags {
			if mask>>i&1 != 0 {
				set = append(set, v)
			}
		}
		if len(set) <= 4 {
			out["test:tags"] = append(out["test:tags"], set)
		}
	}
	return out
}

func askedOf(name string) []string {
	for _, k := range testKeys {
		if k.name == name {
			return k.asked
		}
	}
	return nil
}

func ones(values []string) [][]string {
	var out [][]string
	for _, v := range values {
		out = append(out, []string{v})
	}
	return out
}

// representatives are two texts of each class that the patterns tell apart, in
// either case, found by trying all short texts; and the patterns that are texts.
func representatives(alphabet string, length int, patterns []string) []string {
	var plain, out []string
	for _, p := range patterns {
		if strings.Contains(p, "${") {
			out = append(out, p) // in the version of 2008 it is a text
		} else {
			plain = append(plain, p)
		}
	}
	signature := func(text string) string {
		var b strings.Builder
		for _, p := range plain {
			b.WriteByte("01"[btoi(covers(pieces(p), text))])
			b.WriteByte("01"[btoi(strings.EqualFold(p, text))])
		}
		return b.String()
	}
	members := map[string]int{}
	add := func(text string) {
		if s := signature(text); members[s] < 2 && !slices.Contains(out, text) {
			members[s]++
			out = append(out, text)
		}
	}
	for _, p := range plain {
		add(p) // a pattern is a text as well
		add(strings.ToUpper(p))
	}
	layer := []string{""}
	for range length + 1 {
		var next []string
		for _, text := range layer {
			add(text)
			for _, c := range alphabet {
				next = append(next, text+string(c))
			}
		}
		layer = next
	}
	return out
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
