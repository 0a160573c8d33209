package glob

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// fits is what a pattern means, written as plainly as possible.
func fits(g Glob, text string) bool {
	open := 0
	if g.ARN {
		open = openFrom(g.Pattern)
	}
	var match func(p int, s []rune) bool
	match = func(p int, s []rune) bool {
		if p == len(g.Pattern) {
			return len(s) == 0
		}
		c := []rune(g.Pattern[p:])[0]
		width := len(string(c))
		stops := p < open
		switch {
		case g.Literal:
			return len(s) > 0 && (c == s[0] || g.Fold && lower(c) == lower(s[0])) && match(p+width, s[1:])
		case c == '*':
			for n := 0; ; n++ {
				if match(p+width, s[n:]) {
					return true
				}
				if n == len(s) || stops && s[n] == ':' {
					return false
				}
			}
		case len(s) == 0:
			return false
		case c == '?':
			return !(stops && s[0] == ':') && match(p+width, s[1:])
		case g.Fold:
			return lower(c) == lower(s[0]) && match(p+width, s[1:])
		}
		return c == s[0] && match(p+width, s[1:])
	}
	return match(0, []rune(text))
}

// words lists every text over an alphabet up to a length.
func words(alphabet string, length int) []string {
	out := []string{""}
	for from := 0; length > 0; length-- {
		to := len(out)
		for _, w := range out[from:to] {
			for _, c := range alphabet {
				out = append(out, w+string(c))
			}
		}
		from = to
	}
	return out
}

func TestTwoPatternsAgainstEveryText(t *testing.T) {
	texts := words("ab:x", 5)
	patterns := words("a:*?", 3)
	for _, arn := range []bool{false, true} {
		matches := map[string][]bool{}
		for _, p := range patterns {
			for _, s := range texts {
				matches[p] = append(matches[p], fits(Glob{Pattern: p, ARN: arn}, s))
			}
		}
		for _, a := range patterns {
			for _, b := range patterns {
				ga, gb := Glob{Pattern: a, ARN: arn}, Glob{Pattern: b, ARN: arn}
				common, refuted, shortest := false, false, 99
				for i, s := range texts {
					if matches[a][i] && matches[b][i] {
						common, shortest = true, min(shortest, len(s))
					}
					refuted = refuted || matches[b][i] && !matches[a][i]
				}
				w, ok := Common(ga, gb)
				if ok != common || ok && (!fits(ga, w) || !fits(gb, w) || len(w) != shortest) {
					t.Fatalf("Common(%q, %q) (arn %v) = %q, %v; want some: %v of length %d", a, b, arn, w, ok, common, shortest)
				}
				if got := Covers(ga, gb); got == refuted {
					t.Fatalf("Covers(%q, %q) (arn %v) = %v", a, b, arn, got)
				}
			}
		}
	}
}

func TestClassesAgainstEveryText(t *testing.T) {
	texts := words("aAb:x*?", 5)
	random := rand.New(rand.NewPCG(1, 2))
	for range 250 {
		globs := make([]Glob, 1+random.IntN(3))
		for i := range globs {
			globs[i] = randomGlob(random)
		}
		want := map[string]int{}
		for _, s := range texts {
			want[vector(globs, s)]++
		}
		classes, ok := Classes(globs, 10_000)
		if !ok {
			t.Fatalf("Classes(%v) gave up", globs)
		}
		got := map[string]bool{}
		for _, c := range classes {
			v := fmt.Sprint(c.In)
			if got[v] {
				t.Fatalf("Classes(%v) has %s twice", globs, v)
			}
			got[v] = true
			if vector(globs, c.Witness) != v {
				t.Fatalf("Classes(%v): %q is not of %s", globs, c.Witness, v)
			}
			if !c.Only && (c.Second == c.Witness || vector(globs, c.Second) != v) {
				t.Fatalf("Classes(%v): %q is no second text of %s", globs, c.Second, v)
			}
			if c.Only && want[v] > 1 {
				t.Fatalf("Classes(%v): only %q for %s, though there are %d", globs, c.Witness, v, want[v])
			}
		}
		for v := range want {
			if !got[v] {
				t.Fatalf("Classes(%v) lacks %s", globs, v)
			}
		}
	}
}

func TestGroupsAgainstEveryText(t *testing.T) {
	texts := words("aAb:x*?", 5)
	random := rand.New(rand.NewPCG(3, 4))
	for range 100 {
		groups := make([][]Glob, 1+random.IntN(2))
		for i := range groups {
			for range random.IntN(4) {
				groups[i] = append(groups[i], randomGlob(random))
			}
		}
		say := func(s string) string {
			in := make([]bool, len(groups))
			for i, g := range groups {
				in[i] = slices.ContainsFunc(g, func(g Glob) bool { return fits(g, s) })
			}
			return fmt.Sprint(in)
		}
		classes, ok := GroupClasses(groups, 10_000)
		got := map[string]bool{}
		for _, c := range classes {
			got[fmt.Sprint(c.In)] = true
			if say(c.Witness) != fmt.Sprint(c.In) || !c.Only && (say(c.Second) != fmt.Sprint(c.In) || c.Second == c.Witness) {
				t.Fatalf("GroupClasses(%v): %+v", groups, c)
			}
		}
		for _, s := range texts {
			if !ok || !got[say(s)] {
				t.Fatalf("GroupClasses(%v) lacks %q", groups, s)
			}
		}
	}
}

func randomGlob(random *rand.Rand) Glob {
	var b strings.Builder
	for range random.IntN(5) {
		b.WriteByte("aabA::**?"[random.IntN(9)])
	}
	return Glob{Pattern: b.String(), Fold: random.IntN(3) == 0, ARN: random.IntN(2) == 0, Literal: random.IntN(6) == 0}
}

func vector(globs []Glob, s string) string {
	in := make([]bool, len(globs))
	for i, g := range globs {
		in[i] = fits(g, s)
	}
	return fmt.Sprint(in)
}

func TestARNs(t *testing.T) {
	for _, c := range []struct {
		a, b               string
		includes, intersct bool
	}{
		{"*", "arn:aws:s3:::b", true, true},
		{"arn:aws:s3:::b/*", "arn:aws:s3:::b/x:y/*", true, true},
		{"arn:aws:s3:::b/*", "arn:aws:s3:::b", false, false},
		{"arn:aws:ec2:*:*:instance/*", "arn:aws:ec2:eu-west-1:111122223333:instance/i-1", true, true},
		// Five parts, one of which ends in *: it goes on beyond the colon.
		{"arn:aws:*:*:instance/*", "arn:aws:ec2:eu-west-1:111122223333:instance/i-1", true, true},
		{"arn:aws:s3:b", "arn:aws:s3:::b", false, false},
		{"arn:aws:s3*", "arn:aws:s3:::b", true, true},
		{"arn:aws:s3:::*", "arn:aws:s3*", false, true},
		{"arn:aws:*:::b", "arn:*:s3:::?", false, true},
		{"arn:*:s3:::b*", "arn:aws:*:::b", false, true},
		{"arn:aws:iam::*:role/*", "arn:aws:iam::111122223333:role/team/a", true, true},
		{"arn:aws:iam::?:role/a", "arn:aws:iam:::role/a", false, false},
	} {
		if got := ArnIncludes(c.a, c.b); got != c.includes {
			t.Errorf("ArnIncludes(%q, %q) = %v", c.a, c.b, got)
		}
		w, got := ArnWitness(c.a, c.b)
		if got != c.intersct || got != ArnIntersects(c.a, c.b) {
			t.Errorf("ArnWitness(%q, %q) = %q, %v", c.a, c.b, w, got)
		}
	}
}

func TestPlausibleWitness(t *testing.T) {
	if w, _ := Witness("s3:Get*Tagging", "s3:*Object*"); w != "s3:GetObjectTagging" {
		t.Errorf("witness %q", w)
	}
	if w, _ := Common(Glob{Pattern: "prod-??", Fold: true}, Glob{Pattern: "PROD-*"}); w != "PROD-xx" {
		t.Errorf("witness %q", w)
	}
	if Intersects("a*", "*b") != true || Intersects("a", "b") || Includes("a*", "a?b") != true || Includes("a?", "a*") {
		t.Error("plain patterns")
	}
}

// Hostile patterns end soon, and then say that nothing was proved.
func TestHostilePatterns(t *testing.T) {
	begin := time.Now()
	wild := "*a" + strings.Repeat("?", 40)
	if Includes(wild+"b", wild) {
		t.Error("included")
	}
	if _, ok := Classes([]Glob{{Pattern: wild}, {Pattern: "*b" + strings.Repeat("?", 40)}}, 5_000); ok {
		t.Error("not given up")
	}
	long := strings.Repeat("*a", 2000)
	if !Includes("*", long) || !Intersects(long, strings.Repeat("*b", 2000)+"*") || !Includes(strings.Repeat("*a", 1999)+"*", long) {
		t.Error("long patterns")
	}
	if d := time.Since(begin); d > 10*time.Second {
		t.Errorf("took %v", d)
	}
}

func FuzzSymbolic(f *testing.F) {
	f.Add("a*b?", "*:a", "aab:a", true, false)
	f.Add("arn:aws:s3:::*", "arn:aws:*", "arn:aws:s3:::b", false, true)
	f.Fuzz(func(t *testing.T, a, b, text string, fold, arn bool) {
		if len(a)+len(b) > 60 || len(text) > 60 || !utf8.ValidString(a+" "+b+" "+text) {
			t.Skip("long patterns have a test of their own, and policies are valid text")
		}
		globs := []Glob{{Pattern: a, Fold: fold, ARN: arn}, {Pattern: b, ARN: arn}}
		w, common := Common(globs[0], globs[1])
		covers := Covers(globs[0], globs[1])
		inA, inB := vector(globs[:1], text) == "[true]", vector(globs[1:], text) == "[true]"
		if inA && inB && !common || inB && !inA && covers {
			t.Fatalf("%q is in %q %v, in %q %v; common %v, covers %v", text, a, inA, b, inB, common, covers)
		}
		if common && vector(globs, w) != "[true true]" {
			t.Fatalf("witness %q of %q and %q", w, a, b)
		}
		classes, ok := Classes(globs, 3000)
		if globs[0].Machine().Match(text) != inA || globs[1].Machine().Match(text) != inB {
			t.Fatalf("%q is in %q %v, in %q %v, and its machine says otherwise", text, a, inA, b, inB)
		}
		if ok && !slices.ContainsFunc(classes, func(c Class) bool { return fmt.Sprint(c.In) == vector(globs, text) }) {
			t.Fatalf("no class has %q of %q and %q", text, a, b)
		}
	})
}

func BenchmarkClasses(b *testing.B) {
	var globs []Glob
	for i := range 100 {
		globs = append(globs, Glob{Pattern: fmt.Sprintf("arn:aws:s3:::bucket-%d/*", i*7), ARN: true}, Glob{Pattern: fmt.Sprintf("arn:aws:ec2:*:11112222%04d:instance/*", i), ARN: true})
	}
	for b.Loop() {
		if _, ok := Classes(globs, 100_000); !ok {
			b.Fatal("gave up")
		}
	}
}
