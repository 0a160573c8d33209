package cli

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"holdfast.dev/holdfast/internal/finding"
)

// alertTable adds alerts up by detection and resource, the gravest first: a line that
// says how bad, what and where, and below it what happened, who did it and when.
type alertTable struct {
	out     io.Writer
	columns int
	all     bool
	rows    map[alertKey]*alertRow
	more    int // alerts of rows that there was no room for
}

type alertKey struct{ rule, account, resource, exception string }

type alertRow struct {
	first finding.Alert // of them
	count int
	last  time.Time
}

const (
	// mostAlertRows bounds what a table holds.
	mostAlertRows = 20_000
	// pageColumns are those of a page where there is no terminal that says how wide it is.
	pageColumns = 100
	// alertIndent is where what happened begins: behind the severity.
	alertIndent = 10
)

func newAlertTable(w io.Writer, all bool) *alertTable {
	t := &alertTable{out: w, columns: pageColumns, all: all, rows: map[alertKey]*alertRow{}}
	if columns, ok := terminal(w); ok && columns > 0 {
		t.columns = max(60, columns)
	}
	return t
}

func (t *alertTable) alert(a finding.Alert) error {
	if a.Exception != "" && !t.all {
		return nil
	}
	key := alertKey{a.Rule, a.Account, a.Resource, a.Exception}
	row := t.rows[key]
	if row == nil {
		if len(t.rows) == mostAlertRows {
			t.more++
			return nil
		}
		row = &alertRow{first: a, last: a.Last}
		row.first.Events = nil
		t.rows[key] = row
	}
	row.count++
	if a.First.Before(row.first.First) {
		row.first.First = a.First
	}
	if a.Last.After(row.last) {
		row.last = a.Last
	}
	return nil
}

func (t *alertTable) flush() error { return nil }

func (t *alertTable) end() error {
	if len(t.rows) == 0 {
		return nil
	}
	rows := make([]*alertRow, 0, len(t.rows))
	called, placed := len("DETECTION"), len("WHERE")
	for _, row := range t.rows {
		rows = append(rows, row)
		called = max(called, len([]rune(calledBy(&row.first))))
		placed = max(placed, len(alertPlace(&row.first)))
	}
	slices.SortFunc(rows, func(x, y *alertRow) int {
		a, b := &x.first, &y.first
		return cmp.Or(cmp.Compare(b.Severity.Rank(), a.Severity.Rank()), a.First.Compare(b.First), cmp.Compare(a.Rule, b.Rule),
			cmp.Compare(a.Account, b.Account), cmp.Compare(a.Resource, b.Resource), cmp.Compare(a.Exception, b.Exception))
	})
	called = min(called, max(20, t.columns-alertIndent-placed-2*2-len("ALERTS")))
	var b bytes.Buffer
	line := func(severity, name, where, alerts string) {
		fmt.Fprintf(&b, "%-*s%-*s  %-*s  %6s\n", alertIndent, severity, called, cut(name, called), placed, where, alerts)
	}
	line("SEVERITY", "DETECTION", "WHERE", "ALERTS")
	for _, row := range rows {
		a := &row.first
		line(strings.ToUpper(string(a.Severity)), oneLine(calledBy(a)), alertPlace(a), fmt.Sprint(row.count))
		for _, text := range lines(oneLine(row.happened()), t.columns-alertIndent) {
			fmt.Fprintf(&b, "%*s%s\n", alertIndent, "", text)
		}
	}
	if t.more > 0 {
		fmt.Fprintf(&b, "and %s about further resources; --output jsonl has them all\n", plural(t.more, "alert"))
	}
	_, err := b.WriteTo(t.out)
	return err
}

func alertPlace(a *finding.Alert) string { return oneLine(strings.Trim(a.Account+"/"+a.Region, "/")) }

// happened says what the first of them was: about what, what, by whom, from where, when.
func (r *alertRow) happened() string {
	a := &r.first
	text := cut(a.Message, 400)
	if who := cmp.Or(a.Session, a.Principal); who != "" && !strings.Contains(text, who) {
		text = strings.TrimSuffix(text, ".") + ", by " + who
	}
	if a.SourceIP != "" && !strings.Contains(text, a.SourceIP) {
		text = strings.TrimSuffix(text, ".") + ", from " + a.SourceIP
	}
	if a.Resource != "" && !strings.Contains(text, a.Resource) {
		text = cut(a.Resource, 120) + ": " + text
	}
	if first, last := stamp(a.First), stamp(r.last); first == last {
		text += " [" + first + " UTC]"
	} else {
		text += " [" + first + " to " + last + " UTC]"
	}
	if a.Exception != "" {
		text += " [excepted: " + a.Exception + "]"
	}
	return text
}

// calledBy is what people call a detection: its name, and the title of a Sigma rule that
// has no other name than an id.
func calledBy(a *finding.Alert) string {
	if len(a.Rule) == 36 && strings.Count(a.Rule, "-") == 4 && strings.Trim(a.Rule, "0123456789abcdef-") == "" {
		return cut(a.Title, 60)
	}
	return a.Rule
}
