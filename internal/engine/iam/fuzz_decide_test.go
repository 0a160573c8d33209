package iam_test

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
)

// patience is how long one decision on fuzzed text may take: a thousand times what
// it does take, so that only growth beyond all bounds shows.
const patience = 2 * time.Second

// Whatever text stands where a policy should, compiling and deciding neither panics
// nor hangs, and where the document is wholly understood the oracle agrees.
func FuzzDecide(f *testing.F) {
	for _, seed := range []string{
		`{}`, `[]`, `null`, `{"Statement":{}}`, `{"Statement":[[]]}`,
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`,
		`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","NotAction":["s3:Get*","S3:g?tobject"],"NotResource":"arn:aws:s3:::bucket/${test:color, 'blue'}/*","Condition":{"StringLike":{"test:color":["r*",""]},"Null":{"test:other":"true"}}}]}`,
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["111122223333","*"],"Service":"sns.amazonaws.com"},"Action":"s3:*","Resource":"arn:aws:s3:*","Condition":{"ForAllValues:ArnLikeIfExists":{"aws:SourceArn":"arn:aws:sns:*:111122223333:*"}}}]}`,
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotPrincipal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":["s3:GetObject"],"Resource":["arn:aws:s3:::${*}${?}${$}${","arn:aws:s3:::bucket/${aws:username}"],"Condition":{"Bool":{"aws:SecureTransport":true},"NumericLessThan":{"test:size":10}}}]}`,
		`{"Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::bucket/` + strings.Repeat("*r", 60) + `x"}]}`,
	} {
		f.Add(seed, uint8(0), "red")
		f.Add(seed, uint8(77), "")
	}
	f.Fuzz(func(t *testing.T, text string, choice uint8, value string) {
		var v any
		if len(text) > 20_000 || json.Unmarshal([]byte(text), &v) != nil {
			t.Skip("no JSON")
		}
		w := fuzzWorld(policy.Of(v), choice, value)
		began := time.Now()
		got := w.engine(t)
		if took := time.Since(began); took > patience {
			t.Fatalf("%v for %d characters", took, len(text))
		}
		req, policies := w.question(t)
		if e := iam.Explain(req, policies); e.Decision != got.Decision {
			t.Fatalf("Explain says %v, Decide %v", e.Decision, got.Decision)
		}
		if w.plain() {
			if want := oracle(w); got.Decision != want {
				t.Fatalf("the engine says %v, the oracle %v\n%v", got.Decision, want, w)
			}
		}
	})
}

// fuzzWorld puts a document into one layer of a small world.
func fuzzWorld(d *policy.Document, choice uint8, value string) *world {
	who := []string{"user", "session", "root", "federated"}[choice&3]
	w := &world{principal: caller(who), account: ownAccount, context: map[string][]string{"test:color": {value}, "aws:SourceArn": {"arn:aws:sns:us-east-1:111122223333:" + value}}}
	w.principal.ID, w.principal.CanonicalID = "AIDAEXAMPLE", "c0ffee"
	q := questions[int(choice>>2)%len(questions)]
	w.action, w.resource = q[0], inAccount(q[1], w.account)
	all := documents{{Version: policy.Version2012, Statements: []policy.Statement{{Effect: policy.Allow, Actions: texts("*"), Resources: texts("*")}}}}
	layer := documents{d}
	if w.principal.Kind != iam.KindRoot {
		w.identity = all
	}
	switch choice >> 5 {
	case 0, 1:
		w.attached = &layer
	case 2:
		w.session = &layer
	case 3:
		w.scps = []documents{layer}
	case 4:
		w.rcps = []documents{layer}
	default:
		if w.principal.Kind != iam.KindRoot {
			w.identity = layer
		}
	}
	return w
}

// plain tells whether a document says only what the oracle reads as the engine
// does: everything is understood, and comparisons are of kinds that have one way
// of spelling a value.
func (w *world) plain() bool {
	for name, layer := range w.layers() {
		for _, d := range *layer {
			if d.Unseen != "" {
				return false
			}
			for i := range d.Statements {
				if !plainStatement(&d.Statements[i], name) {
					return false
				}
			}
		}
	}
	return true
}

func plainStatement(s *policy.Statement, layer string) bool {
	lists := [][]policy.Text{s.Actions, s.NotActions, s.Resources, s.NotResources}
	both := s.Actions != nil && s.NotActions != nil || s.Resources != nil && s.NotResources != nil || s.Principals != nil && s.NotPrincipals != nil
	empty := slices.ContainsFunc(lists, func(l []policy.Text) bool { return l != nil && len(l) == 0 })
	named := s.Principals != nil || s.NotPrincipals != nil
	own := layer == "identity" || layer == "session" || strings.HasPrefix(layer, "scp")
	if s.Unseen != 0 || both || empty || own == named || s.Actions == nil && s.NotActions == nil || s.Resources == nil && s.NotResources == nil {
		return false
	}
	for _, p := range append(slices.Clone(s.Principals), s.NotPrincipals...) {
		if p.Kind == policy.AWS && !strings.HasPrefix(p.Name.Value, "arn:aws:") && len(p.Name.Value) != 12 {
			return false
		}
	}
	for _, c := range s.Conditions {
		op, ok := policy.ParseOperator(c.Operator)
		if !ok || c.Unseen || len(c.Values) == 0 {
			return false
		}
		switch op.Base.Positive() {
		case policy.StringEquals, policy.StringLike, policy.ArnLike, policy.ArnEquals, policy.Bool, policy.Null:
		default:
			return false
		}
		lists = append(lists, c.Values)
	}
	for _, list := range lists {
		for _, t := range list {
			// Nested braces and text that is not UTF-8 have no documented meaning.
			if !utf8.ValidString(t.Value) || strings.Count(t.Value, "${") != strings.Count(t.Value, "}") || strings.Contains(t.Value, "${}") || strings.Contains(t.Value, "${$}{") {
				return false
			}
		}
	}
	return true
}

// Wildcards match what the plainest matcher says, in actions, resources and values.
func FuzzWildcards(f *testing.F) {
	for _, seed := range [][2]string{
		{"*", ""}, {"?", "é"}, {"a*b*c", "aXbYc"}, {"*a*a*a*a*b", strings.Repeat("a", 60)}, {"**??**", "ab"}, {"a?*", "a"}, {"*ab", "aab"}, {"ab*ab", "abab"}, {"ab*ab", "ab"},
		{"[a]*", "[a]x"}, {"*é?", "xéy"}, {"*aab*", "aaab"}, {"?*?", "a"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, pattern, text string) {
		if len(pattern) > 2_000 || len(text) > 2_000 || !utf8.ValidString(pattern) || !utf8.ValidString(text) {
			t.Skip("too long, or not UTF-8")
		}
		checkWildcards(t, pattern, text)
	})
}

func checkWildcards(t *testing.T, pattern, text string) {
	t.Helper()
	w := conditionWorld(policy.Allow, "StringLike", []string{pattern})
	w.identity[0].Version = policy.Version2008 // no variables
	w.context = map[string][]string{"test:key": {text}}
	if want, got := oracle(w), w.engine(t).Decision; want != got {
		t.Errorf("StringLike %q on %q: the engine says %v, the oracle %v", pattern, text, got, want)
	}
	w = conditionWorld(policy.Allow, "StringLike", nil)
	w.identity[0].Version = policy.Version2008
	s := &w.identity[0].Statements[0]
	s.Conditions, s.Resources = nil, texts("arn:aws:test:::"+pattern)
	w.resource = "arn:aws:test:::" + text
	if want, got := oracle(w), w.engine(t).Decision; want != got {
		t.Errorf("Resource %q on %q: the engine says %v, the oracle %v", pattern, text, got, want)
	}
	name := strings.ToLower(text)
	if name == "" || strings.ContainsAny(text, "*? \t\n") || len(text) > 200 || !strings.EqualFold(name, text) || !ascii(text+pattern) {
		return
	}
	s.Actions, s.Resources = texts("test:"+pattern), texts("*")
	w.action = "test:" + text
	if want, got := oracle(w), w.engine(t).Decision; want != got {
		t.Errorf("Action %q on %q: the engine says %v, the oracle %v", pattern, text, got, want)
	}
}

func ascii(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > 127 })
}

// Patterns made to be slow are answered rightly.
func TestTruthOfAdversarialWildcards(t *testing.T) {
	long := strings.Repeat("a", 2_000)
	for _, c := range [][2]string{
		{strings.Repeat("*a", 700), long}, {strings.Repeat("*a", 700) + "*b", long}, {strings.Repeat("a*", 700) + "b", long}, {strings.Repeat("*?", 700), long},
		{strings.Repeat("?", 2_000), long}, {strings.Repeat("?", 2_001), long}, {strings.Repeat("*", 2_000), long}, {strings.Repeat("*", 1_999) + "b", long},
		{"*" + strings.Repeat("a", 1_000) + "b*", long + "b"}, {"*" + strings.Repeat("ab", 500) + "*c", strings.Repeat("ab", 1_000)}, {strings.Repeat("*aab", 300), strings.Repeat("aaab", 500)},
	} {
		began := time.Now()
		checkWildcards(t, c[0], c[1])
		if took := time.Since(began); took > patience {
			t.Errorf("%.20s… took %v, most of it the oracle", c[0], took)
		}
	}
}

// The examples' policies, each in each place of a world, for the fuzzer's corpus
// and as a test of its own.
func TestTruthOfExamplesEverywhere(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "aws", "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		for _, c := range readExamples(t, name).Cases {
			w, err := c.world()
			if err != nil {
				t.Fatal(err)
			}
			for _, layer := range w.layers() {
				for _, d := range *layer {
					for choice := range 256 {
						fw := fuzzWorld(d, uint8(choice), "red")
						if !fw.plain() {
							continue
						}
						if got, want := fw.engine(t).Decision, oracle(fw); got != want {
							t.Fatalf("%s: choice %d: the engine says %v, the oracle %v\n%v", c.ID, choice, got, want, fw)
						}
					}
				}
			}
		}
	}
}
