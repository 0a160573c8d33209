// Package report writes findings and reviews for people and for other
// programs: one file per format, no judgement of its own. What may enter is
// layout, escaping and the rules of the formats; numbers come from finding and
// review as they are.
//
// Three promises hold for every format and are kept by one shared test suite:
//
//   - the same input gives the same bytes;
//   - text from the estate is data: it cannot become markup, a formula or a
//     terminal command;
//   - when the findings break off half-way the error is returned, and what was
//     written so far cannot be taken for a whole document.
package report

import (
	"fmt"
	"io"
	"iter"
	"net/url"
	"strings"
	"time"

	"holdfast.dev/holdfast/internal/finding"
	"holdfast.dev/holdfast/internal/operate/review"
)

// Format names a way to write findings or a review, as --output spells it.
type Format string

const (
	Table    Format = "table"
	JSON     Format = "json"
	JSONL    Format = "jsonl"
	CSV      Format = "csv"
	SARIF    Format = "sarif"
	ASFF     Format = "asff"
	OCSF     Format = "ocsf"
	JUnit    Format = "junit"
	Markdown Format = "markdown"
	HTML     Format = "html"
)

// FindingFormats are the formats Findings writes, ReviewFormats those of Review.
var (
	FindingFormats = [...]Format{Table, JSON, JSONL, CSV, SARIF, ASFF, OCSF, JUnit, Markdown}
	ReviewFormats  = [...]Format{Table, JSON, Markdown, HTML}
)

// ParseFindingFormat reads a format as a flag gives it.
func ParseFindingFormat(s string) (Format, error) { return parse(s, "findings", FindingFormats[:]) }

// ParseReviewFormat reads a format as a flag gives it.
func ParseReviewFormat(s string) (Format, error) { return parse(s, "a review", ReviewFormats[:]) }

func parse(s, what string, known []Format) (Format, error) {
	names := make([]string, len(known))
	for i, f := range known {
		if strings.EqualFold(s, string(f)) {
			return f, nil
		}
		names[i] = string(f)
	}
	return "", fmt.Errorf("%s cannot be written as %q; choose one of %s", what, s, strings.Join(names, ", "))
}

// Meta is what a report says beside its findings.
type Meta struct {
	Tool string    // version of holdfast, such as 0.1.0
	At   time.Time // instant the report speaks of
	Root string    // folder the files of findings are relative to; "" where there are none

	Colour bool // terminal formats may use ANSI colours
	Width  int  // columns of the terminal; 0 means 100

	// Rules looks a control up; nil, or false for an unknown id, leaves the
	// report with what the finding itself says.
	Rules func(id string) (Rule, bool)

	// Notices are gaps and errors of the run, for formats that carry them.
	Notices []Notice

	// Account and Region stand in for those of findings that have none, such
	// as those of templates. ASFF cannot do without.
	Account, Region string
}

// Rule is what reports say about a control.
type Rule struct {
	Title       string
	Description string
	Severity    finding.Severity
	Fix         string // how to mend it, in words
	HelpURI     string // absolute URI, or ""
	Practices   []string
	Frameworks  map[string][]string // framework id to requirement ids
	Tags        []string
}

// Notice is something about the run that a reader of the findings has to know.
type Notice struct {
	Error bool // else a warning
	Rule  string
	Text  string
}

const toolName = "Holdfast"

func (m Meta) rule(f finding.Finding) Rule {
	var r Rule
	if m.Rules != nil {
		r, _ = m.Rules(f.Rule)
	}
	if r.Title == "" {
		r.Title = f.Title
	}
	if r.Title == "" {
		r.Title = f.Rule
	}
	if r.Severity == "" {
		r.Severity = f.Severity
	}
	if len(r.Practices) == 0 {
		r.Practices = f.Practices
	}
	return r
}

func (m Meta) width() int {
	if m.Width <= 0 {
		return 100
	}
	return max(40, m.Width)
}

// webAddress is an address formats may offer as a link, or "": controls come
// from users too.
func webAddress(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	return u.String()
}

// findingsWriter takes findings one by one. Close completes the document; a
// writer that is not closed leaves it visibly broken. Abort marks a document
// whose format has no end that could be missing.
type findingsWriter interface {
	Add(finding.Finding) error
	Close() error
	Abort(cause error) error
}

// Findings writes the findings of seq in the order they come. Memory is
// bounded whatever their number. When seq yields an error it is returned,
// wrapped, and the document is left incomplete in a way its readers notice.
func Findings(w io.Writer, format Format, meta Meta, seq iter.Seq2[finding.Finding, error]) error {
	out := newErrWriter(w)
	var fw findingsWriter
	switch format {
	case Table:
		fw = newTable(out, meta)
	case JSON:
		fw = newJSON(out)
	case JSONL:
		fw = newJSONL(out)
	case CSV:
		fw = newCSV(out)
	case SARIF:
		fw = newSARIF(out, meta)
	case ASFF:
		fw = newASFF(out, meta)
	case OCSF:
		fw = newOCSF(out, meta)
	case JUnit:
		fw = newJUnit(out, meta)
	case Markdown:
		fw = newMarkdown(out, meta)
	default:
		_, err := ParseFindingFormat(string(format))
		return err
	}
	for f, err := range seq {
		if err == nil {
			err = fw.Add(f)
		}
		if err != nil {
			if abort := fw.Abort(err); abort == nil {
				_ = out.flush()
			}
			return fmt.Errorf("write findings as %s: %w", format, err)
		}
	}
	if err := fw.Close(); err != nil {
		return fmt.Errorf("write findings as %s: %w", format, err)
	}
	if err := out.flush(); err != nil {
		return fmt.Errorf("write findings as %s: %w", format, err)
	}
	return nil
}

// Review writes a review.
func Review(w io.Writer, format Format, meta Meta, r *review.Review) error {
	out := newErrWriter(w)
	var err error
	switch format {
	case Table:
		err = reviewTable(out, meta, r)
	case JSON:
		err = reviewJSON(out, meta, r)
	case Markdown:
		err = reviewMarkdown(out, meta, r)
	case HTML:
		err = reviewHTML(out, meta, r)
	default:
		_, err = ParseReviewFormat(string(format))
		return err
	}
	if err == nil {
		err = out.flush()
	}
	if err != nil {
		return fmt.Errorf("write review as %s: %w", format, err)
	}
	return nil
}
