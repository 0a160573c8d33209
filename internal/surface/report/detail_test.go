package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"holdfast.dev/holdfast/internal/finding"
	"holdfast.dev/holdfast/internal/operate/review"
)

// The keys of a line and their order are a promise to other programs.
func TestJSONLKeys(t *testing.T) {
	line, _, _ := bytes.Cut(write(t, JSONL, someMeta(), sequence(someFindings())), []byte("\n"))
	d := json.NewDecoder(bytes.NewReader(line))
	var keys []string
	depth := 0
	for key := true; ; key = !key {
		token, err := d.Token()
		if err != nil {
			break
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		if s, ok := token.(string); ok && depth == 1 && slices.Contains(columns[:], s) {
			keys = append(keys, s)
		}
	}
	if want := columns[:]; !slices.Equal(keys, want) {
		t.Errorf("keys are\n%v, not\n%v", keys, want)
	}
}

// JSON carries what the estate said exactly, hostile or not, save bytes that
// are not text.
func TestJSONLKeepsText(t *testing.T) {
	d := json.NewDecoder(bytes.NewReader(write(t, JSONL, someMeta(), sequence(hostileFindings()))))
	for _, want := range hostileFindings() {
		var got record
		if err := d.Decode(&got); err != nil {
			t.Fatal(err)
		}
		if valid := strings.ToValidUTF8(want.Message, "\ufffd"); got.Message != valid && !strings.Contains(want.Message, "\xff") {
			t.Errorf("%q became %q", want.Message, got.Message)
		}
	}
}

func TestAbsentValues(t *testing.T) {
	line := string(write(t, JSONL, someMeta(), sequence([]finding.Finding{{ID: "x"}})))
	for _, want := range []string{`"line":0`, `"first_seen":null`, `"due":null`, `"practices":[]`, `"account":""`} {
		if !strings.Contains(line, want) {
			t.Errorf("%s is missing in %s", want, line)
		}
	}
	rows, err := csv.NewReader(bytes.NewReader(write(t, CSV, someMeta(), sequence([]finding.Finding{{ID: "x"}})))).ReadAll()
	if err != nil || rows[1][slices.Index(rows[0], "first_seen")] != "" {
		t.Errorf("%v %v", rows, err)
	}
}

func TestCSVHasNoFormulas(t *testing.T) {
	rows, err := csv.NewReader(bytes.NewReader(write(t, CSV, someMeta(), sequence(hostileFindings())))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != len(hostile)+1 {
		t.Errorf("%d rows", len(rows))
	}
	for _, row := range rows {
		for _, cell := range row {
			if trimmed := strings.TrimSpace(cell); trimmed != "" && strings.ContainsAny(trimmed[:1], "=+-@") {
				t.Errorf("cell %q is a formula", cell)
			}
		}
	}
	for in, want := range map[string]string{"=1": "'=1", " =1": "' =1", "\uff0b1": "'\uff0b1", "a=1": "a=1", "": "", "-": "'-"} {
		if got := inert(in); got != want {
			t.Errorf("inert(%q) is %q, not %q", in, got, want)
		}
	}
}

func TestJUnitCounts(t *testing.T) {
	var doc struct {
		Suites []struct {
			Name     string `xml:"name,attr"`
			Tests    int    `xml:"tests,attr"`
			Failures int    `xml:"failures,attr"`
			Errors   int    `xml:"errors,attr"`
			Skipped  int    `xml:"skipped,attr"`
			Cases    []struct {
				Failure *struct{} `xml:"failure"`
				Error   *struct{} `xml:"error"`
				Skipped *struct{} `xml:"skipped"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal(write(t, JUnit, someMeta(), sequence(someFindings())), &doc); err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, s := range doc.Suites {
		var failures, errors, skipped int
		for _, c := range s.Cases {
			total++
			if c.Failure != nil {
				failures++
			}
			if c.Error != nil {
				errors++
			}
			if c.Skipped != nil {
				skipped++
			}
		}
		if s.Tests != len(s.Cases) || s.Failures != failures || s.Errors != errors || s.Skipped != skipped {
			t.Errorf("%s says %d %d %d %d, has %d %d %d %d", s.Name, s.Tests, s.Failures, s.Errors, s.Skipped, len(s.Cases), failures, errors, skipped)
		}
	}
	if total != len(someFindings()) || len(doc.Suites) != 5 {
		t.Errorf("%d cases in %d suites", total, len(doc.Suites))
	}
}

// Markdown text must not open a link, a mention, HTML or a table cell.
func TestMarkdownText(t *testing.T) {
	for in, want := range map[string]string{
		"a|b": `a\|b`, "<b>": "&lt;b&gt;", "@admin": "@&#8203;admin", "a @ b": "a @ b", "#12": "#&#8203;12",
		"[x](y)": `\[x\](y)`, "https://x": "https:&#8203;//x", "two\nlines": "two lines", "a_b": `a\_b`,
	} {
		if got := markdownText(in); got != want {
			t.Errorf("%q became %q, not %q", in, got, want)
		}
	}
	for in, want := range map[string]string{"a": "`a`", "a`b": "`` a`b ``", "a|b": "`a\\|b`", "": "", " ": ""} {
		if got := markdownCode(in); got != want {
			t.Errorf("code %q became %q, not %q", in, got, want)
		}
	}
}

// Nothing seen is said, not praised.
func TestEmptyReviewIsHonest(t *testing.T) {
	for _, format := range ReviewFormats {
		out := strings.ReplaceAll(string(reviewBytes(t, format, someMeta(), &review.Review{At: now})), reviewCSS, "")
		if strings.Contains(out, "Everything") || strings.Contains(out, "100%") {
			t.Errorf("%s praises what nobody saw:\n%s", format, out)
		}
	}
	r := someReview()
	r.Practices[4].Controls, r.Practices[4].Percent, r.Practices[4].Verdicts = 4, nil, review.Counts{NotApplicable: 3}
	out := string(reviewBytes(t, Table, someMeta(), r))
	for _, want := range []string{"not judged: needs a person", "not judged: nothing seen", "not judged: does not apply"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing in:\n%s", want, out)
		}
	}
}

func TestBarsAreWhole(t *testing.T) {
	for _, parts := range [][]part{
		{{"a", "a", 1}, {"b", "b", 100000}}, {{"a", "a", 0}, {"b", "b", 3}}, {{"a", "a", 1}, {"b", "b", 1}, {"c", "c", 1}},
	} {
		end := 0.0
		for _, b := range bars(parts) {
			var x, w float64
			if _, err := fmt.Sscan(b.X, &x); err != nil {
				t.Fatal(err)
			}
			if _, err := fmt.Sscan(b.Width, &w); err != nil {
				t.Fatal(err)
			}
			if w < 5 {
				t.Errorf("%v: a part of %v units cannot be seen", parts, w)
			}
			end = x + w
		}
		if end < 999 || end > 1001 {
			t.Errorf("%v end at %v", parts, end)
		}
	}
	if bars([]part{{"a", "a", 0}}) != nil {
		t.Error("a bar of nothing")
	}
}

// Memory must not grow with the number of findings.
func TestFindingsMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("writes 60,000 findings in each format")
	}
	base := someFindings()
	for _, format := range FindingFormats {
		var peak, before runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		most := uint64(0)
		err := Findings(discard{}, format, someMeta(), func(yield func(finding.Finding, error) bool) {
			for i := range 60_000 {
				f := base[i%len(base)]
				f.Account = fmt.Sprintf("%012d", i%1000)
				if !yield(f, nil) {
					return
				}
				if i%15_000 == 14_999 {
					runtime.GC()
					runtime.ReadMemStats(&peak)
					most = max(most, peak.HeapAlloc)
				}
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		if grown := int64(most) - int64(before.HeapAlloc); grown > 40<<20 {
			t.Errorf("%s holds %d MiB", format, grown>>20)
		}
	}
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

// Whatever text comes, what a terminal gets is one printable line that fits.
func FuzzFit(f *testing.F) {
	for _, h := range hostile {
		f.Add(h, 20)
	}
	f.Fuzz(func(t *testing.T, s string, columns int) {
		columns = columns % 200
		if columns < 0 {
			columns = -columns
		}
		lines := append(wrap(s, columns, 3), fit(s, columns), fitLeft(s, columns), pad(s, columns))
		for _, line := range lines {
			if width(line) > max(columns, 1) {
				t.Errorf("%q takes %d of %d columns", line, width(line), columns)
			}
			for _, r := range line {
				if r != '\uFFFD' && unprintable(r) {
					t.Errorf("%q has %q", line, r)
				}
			}
		}
		b, err := encode(s, "")
		if err != nil {
			t.Fatal(err)
		}
		var back string
		if err := json.Unmarshal(b, &back); err != nil || back != strings.ToValidUTF8(s, "\ufffd") && strings.ToValidUTF8(s, "") == s {
			t.Errorf("%q came back as %q: %v", s, back, err)
		}
	})
}

func BenchmarkFindings(b *testing.B) {
	list := manyFindings(10_000)
	for _, format := range FindingFormats {
		b.Run(string(format), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := Findings(discard{}, format, someMeta(), sequence(list)); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N*len(list))/b.Elapsed().Seconds(), "findings/s")
		})
	}
}
