package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"iter"
	"regexp"
	"strings"
	"testing"

	"holdfast.dev/holdfast/internal/finding"
	"holdfast.dev/holdfast/internal/operate/review"
)

// whole tells whether a consumer of the format would take the document as
// complete.
var whole = map[Format]func([]byte) error{
	Table:    noMark("INCOMPLETE"),
	Markdown: noMark("**Incomplete**"),
	JSON:     wholeJSON,
	SARIF:    wholeJSON,
	JSONL:    wholeJSON,
	ASFF:     wholeJSON,
	OCSF:     wholeJSON,
	CSV: func(b []byte) error {
		_, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
		return err
	},
	JUnit: func(b []byte) error {
		d := xml.NewDecoder(bytes.NewReader(b))
		for {
			if _, err := d.Token(); err == io.EOF {
				return nil
			} else if err != nil {
				return err
			}
		}
	},
}

func noMark(mark string) func([]byte) error {
	return func(b []byte) error {
		if bytes.Contains(b, []byte(mark)) {
			return errors.New("says it is incomplete")
		}
		return nil
	}
}

func wholeJSON(b []byte) error {
	d := json.NewDecoder(bytes.NewReader(b))
	for {
		var v any
		if err := d.Decode(&v); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}

func write(t *testing.T, format Format, m Meta, seq iter.Seq2[finding.Finding, error]) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Findings(&b, format, m, seq); err != nil {
		t.Fatalf("%s: %v", format, err)
	}
	return b.Bytes()
}

func TestFindingsContract(t *testing.T) {
	inputs := map[string][]finding.Finding{"empty": nil, "one": someFindings()[:1], "several": someFindings(), "hostile": hostileFindings(), "many": manyFindings(1234)}
	for _, format := range FindingFormats {
		for name, list := range inputs {
			t.Run(fmt.Sprintf("%s/%s", format, name), func(t *testing.T) {
				first := write(t, format, someMeta(), sequence(list))
				if err := whole[format](first); err != nil {
					t.Errorf("not a whole document: %v\n%s", err, first)
				}
				if second := write(t, format, someMeta(), sequence(list)); !bytes.Equal(first, second) {
					t.Error("twice the same input, two documents")
				}
				if i := bytes.IndexFunc(first, func(r rune) bool { return r != '\n' && r != '\uFFFD' && r != '\u200b' && unprintable(r) }); i >= 0 {
					t.Errorf("control character %q in the output near %q", first[i], first[max(0, i-40):i+10])
				}
				if len(first) > 0 && first[len(first)-1] != '\n' {
					t.Error("no line end at the end")
				}
			})
		}
	}
}

func manyFindings(n int) []finding.Finding {
	var list []finding.Finding
	base := someFindings()
	for i := range n {
		f := base[i%len(base)]
		f.Resource = fmt.Sprintf("resource-%d", i)
		f.ID = finding.Identify(f.Rule, f.Account, f.Region, f.Resource, "")
		list = append(list, f)
	}
	return list
}

// A document that broke off has to look broken, whenever it did.
func TestFindingsBreakOff(t *testing.T) {
	broken := errors.New("disk I/O error")
	for _, format := range FindingFormats {
		for _, after := range []int{0, 1, 5, 250} {
			var b bytes.Buffer
			err := Findings(&b, format, someMeta(), func(yield func(finding.Finding, error) bool) {
				for _, f := range manyFindings(after) {
					if !yield(f, nil) {
						t.Error("stopped early")
						return
					}
				}
				if yield(finding.Finding{}, broken) {
					t.Errorf("%s goes on after an error", format)
				}
			})
			if !errors.Is(err, broken) {
				t.Errorf("%s after %d: error is %v", format, after, err)
			}
			if whole[format](b.Bytes()) == nil {
				t.Errorf("%s after %d looks whole:\n%s", format, after, b.Bytes())
			}
		}
	}
}

// fullDisk takes some bytes and then no more.
type fullDisk struct{ left int }

var errFull = errors.New("no space left")

func (d *fullDisk) Write(p []byte) (int, error) {
	if len(p) > d.left {
		n := d.left
		d.left = 0
		return n, errFull
	}
	d.left -= len(p)
	return len(p), nil
}

func TestFindingsFullDisk(t *testing.T) {
	list := manyFindings(1000)
	for _, format := range FindingFormats {
		size := len(write(t, format, someMeta(), sequence(list)))
		for _, room := range []int{0, 100, size / 2, size - 1} {
			if err := Findings(&fullDisk{room}, format, someMeta(), sequence(list)); !errors.Is(err, errFull) {
				t.Errorf("%s with %d of %d bytes: error is %v", format, room, size, err)
			}
		}
	}
	for _, format := range ReviewFormats {
		if err := Review(&fullDisk{100}, format, someMeta(), someReview()); !errors.Is(err, errFull) {
			t.Errorf("review as %s: error is %v", format, err)
		}
	}
}

func TestUnknownFormat(t *testing.T) {
	if err := Findings(io.Discard, HTML, someMeta(), sequence(nil)); err == nil || !strings.Contains(err.Error(), "choose one of table, json") {
		t.Errorf("findings as html: %v", err)
	}
	if err := Review(io.Discard, JSONL, someMeta(), someReview()); err == nil || !strings.Contains(err.Error(), "choose one of table, json") {
		t.Errorf("review as jsonl: %v", err)
	}
	if f, err := ParseFindingFormat("SARIF"); err != nil || f != SARIF {
		t.Errorf("SARIF: %q %v", f, err)
	}
}

var ansiColour = regexp.MustCompile("\x1b\\[[0-9;]*m")

func reviewBytes(t *testing.T, format Format, m Meta, r *review.Review) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Review(&b, format, m, r); err != nil {
		t.Fatalf("%s: %v", format, err)
	}
	return b.Bytes()
}

func TestReviewContract(t *testing.T) {
	for _, format := range ReviewFormats {
		for name, r := range map[string]*review.Review{"empty": {At: now}, "some": someReview(), "hostile": hostileReview()} {
			t.Run(fmt.Sprintf("%s/%s", format, name), func(t *testing.T) {
				first := reviewBytes(t, format, someMeta(), r)
				if !bytes.Equal(first, reviewBytes(t, format, someMeta(), r)) {
					t.Error("twice the same input, two documents")
				}
				if i := bytes.IndexFunc(first, func(r rune) bool { return r != '\n' && r != '\uFFFD' && r != '\u200b' && unprintable(r) }); i >= 0 {
					t.Errorf("control character %q in the output near %q", first[i], first[max(0, i-40):i+10])
				}
				if format == JSON {
					if err := wholeJSON(first); err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
}

// Whatever the estate says, nothing but our own colours steers the terminal,
// and no line is wider than it.
func TestTerminalIsSafe(t *testing.T) {
	for _, columns := range []int{60, 80, 100, 140} {
		for _, coloured := range []bool{false, true} {
			m := someMeta()
			m.Width, m.Colour = columns, coloured
			outputs := map[string]string{
				"findings":         string(write(t, Table, m, sequence(someFindings()))),
				"by control":       grouping(t, m, false, someFindings()),
				"by account":       grouping(t, m, true, hostileFindings()),
				"hostile findings": string(write(t, Table, m, sequence(hostileFindings()))),
				"review":           string(reviewBytes(t, Table, m, someReview())),
				"hostile review":   string(reviewBytes(t, Table, m, hostileReview())),
			}
			for name, out := range outputs {
				if coloured {
					out = ansiColour.ReplaceAllString(out, "")
				}
				for line := range strings.Lines(out) {
					line = strings.TrimSuffix(line, "\n")
					if strings.IndexFunc(line, func(r rune) bool { return r != '\uFFFD' && unprintable(r) }) >= 0 {
						t.Errorf("%s at %d: control character in %q", name, columns, line)
					}
					if width(line) > columns {
						t.Errorf("%s at %d: %d columns: %q", name, columns, width(line), line)
					}
				}
			}
		}
	}
}

// A review stays a page long, however large the estate.
func TestReviewFitsAScreen(t *testing.T) {
	for name, r := range map[string]*review.Review{"some": someReview(), "large": largeReview()} {
		for _, columns := range []int{80, 100} {
			m := someMeta()
			m.Width = columns
			if n := bytes.Count(reviewBytes(t, Table, m, r), []byte("\n")); n > 86 {
				t.Errorf("%s: %d lines at %d columns", name, n, columns)
			}
		}
	}
}

// The page of a large estate folds, and does not grow out of hand.
func TestLargeReviewAsHTML(t *testing.T) {
	page := reviewBytes(t, HTML, someMeta(), largeReview())
	for _, want := range []string{"585 more accounts", "<details>", "more controls"} {
		if !bytes.Contains(page, []byte(want)) {
			t.Errorf("%q is missing", want)
		}
	}
	if len(page) > 4<<20 {
		t.Errorf("the page takes %d bytes", len(page))
	}
}

// largeReview repeats what someReview has fifty times.
func largeReview() *review.Review {
	r := someReview()
	accounts, coverage, controls, risks := r.Accounts, r.Coverage.Accounts, r.Controls, r.Risks
	gaps, first, exceptions := r.Coverage.Gaps, r.First, r.Exceptions
	for range 49 {
		r.Accounts, r.Coverage.Accounts = append(r.Accounts, accounts...), append(r.Coverage.Accounts, coverage...)
		r.Controls, r.Risks = append(r.Controls, controls...), append(r.Risks, risks...)
		r.Coverage.Gaps, r.First, r.Exceptions = append(r.Coverage.Gaps, gaps...), append(r.First, first...), append(r.Exceptions, exceptions...)
	}
	r.Estate.Accounts = len(r.Accounts)
	return r
}
