package glob

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// slow is the definition: it tries everything.
func slow(pattern, s []rune) bool {
	if len(pattern) == 0 {
		return len(s) == 0
	}
	if pattern[0] == '*' {
		return slow(pattern[1:], s) || len(s) > 0 && slow(pattern, s[1:])
	}
	return len(s) > 0 && (pattern[0] == '?' || pattern[0] == s[0]) && slow(pattern[1:], s[1:])
}

func TestMatchAgreesWithTheDefinition(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	draw := func(alphabet string, most int) string {
		letters := []rune(alphabet)
		out := make([]rune, r.IntN(most))
		for i := range out {
			out[i] = letters[r.IntN(len(letters))]
		}
		return string(out)
	}
	for range 200_000 {
		pattern, s := draw("ab*?é", 8), draw("abé", 9)
		p := Compile(pattern)
		if got, want := p.Match(s), slow([]rune(pattern), []rune(s)); got != want {
			t.Fatalf("%q on %q: %v", pattern, s, got)
		}
	}
}

func TestStart(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	draw := func(alphabet string, most int) string {
		out := make([]byte, r.IntN(most))
		for i := range out {
			out[i] = alphabet[r.IntN(len(alphabet))]
		}
		return string(out)
	}
	var texts []string
	for n := range 5 {
		for i := range 1 << n {
			s := ""
			for b := range n {
				s += string("ab"[i>>b&1])
			}
			texts = append(texts, s)
		}
	}
	for range 20_000 {
		pattern, start := draw("ab*?", 5), draw("ab", 4)
		p := Compile(pattern)
		may, must := false, true
		for _, rest := range texts {
			fits := p.Match(start + rest)
			may, must = may || fits, must && fits
		}
		if may && !p.MayStart(start) {
			t.Errorf("MayStart(%q, %q) denies what happens", pattern, start)
		}
		if p.MustStart(start) && !must {
			t.Errorf("MustStart(%q, %q) promises what does not happen", pattern, start)
		}
	}
}

func TestLongPieces(t *testing.T) {
	piece := strings.Repeat("a?", 100)
	p := Compile("*" + piece + "*b")
	if !p.Match("xx"+strings.Repeat("ab", 100)+"tailb") || p.Match(strings.Repeat("ab", 99)+"b") {
		t.Error("a piece of more than 64 characters is not found where it is, or is where it is not")
	}
}

func FuzzMatch(f *testing.F) {
	f.Add("a*b?c", "axxbyc")
	f.Fuzz(func(t *testing.T, pattern, s string) {
		p := Compile(pattern)
		p.Match(s)
		if lit, ok := p.Text(); ok && !p.Match(lit) {
			t.Errorf("%q does not match itself", pattern)
		}
	})
}

func BenchmarkMatch(b *testing.B) {
	text := "arn:aws:s3:::data-lake-prod/" + strings.Repeat("a", 200) + "/part-0001.parquet"
	for _, pattern := range []string{"*", text, "arn:aws:s3:::data-lake-*", "arn:*:s3:::*/*.parquet", "*a?a?a?b*"} {
		b.Run(pattern[:min(len(pattern), 20)], func(b *testing.B) {
			p := Compile(pattern)
			b.ReportAllocs()
			for b.Loop() {
				p.Match(text)
			}
		})
	}
}
