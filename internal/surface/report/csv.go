package report

import (
	"encoding/csv"
	"strings"
	"unicode/utf8"

	"holdfast.dev/holdfast/internal/finding"
)

// csvWriter writes RFC 4180 with a header and one line a finding: line breaks
// and other controls inside text become spaces and replacement characters (the
// JSON formats keep them).
type csvWriter struct {
	w *errWriter
	c *csv.Writer
}

func newCSV(w *errWriter) *csvWriter {
	c := csv.NewWriter(w)
	_ = c.Write(columns[:]) // errWriter remembers
	return &csvWriter{w, c}
}

func (c *csvWriter) Add(f finding.Finding) error {
	cells := newRecord(f).cells()
	for i, cell := range cells {
		cells[i] = inert(cell)
	}
	return c.c.Write(cells)
}

func (c *csvWriter) Close() error {
	c.c.Flush()
	return c.w.err
}

// Abort leaves a quote open, which a reader has to refuse.
func (c *csvWriter) Abort(error) error {
	c.c.Flush()
	c.w.str("\"incomplete: the findings broke off here\n")
	return c.w.err
}

// inert keeps a spreadsheet from taking text for a formula: an apostrophe goes
// before the characters that start one, full-width forms included (OWASP, CSV
// injection). White space before them does not help.
func inert(s string) string {
	s = clean(s)
	first, _ := utf8.DecodeRuneInString(strings.TrimSpace(s))
	if strings.ContainsRune("=+-@\uff1d\uff0b\uff0d\uff20", first) {
		return "'" + s
	}
	return s
}
