package report

import (
	"cmp"
	"fmt"
	"strings"

	"holdfast.dev/holdfast/internal/finding"
	"holdfast.dev/holdfast/internal/operate/review"
)

// terminal lays a review out for one look: who, how good, how bad, what first,
// what was not seen. It stays at some eighty lines whatever the estate.
type terminal struct {
	*errWriter
	p     painter
	width int
	r     *review.Review
}

const (
	fullActions     = 2 // with why, fix and next
	shownActions    = 6
	shownRisks      = 4
	shownGaps       = 3
	shownExceptions = 2
)

func reviewTable(w *errWriter, m Meta, r *review.Review) error {
	t := terminal{w, painter(m.Colour), min(m.width(), 120), r}
	t.header()
	t.failures()
	t.changes()
	t.practices()
	t.matrix()
	t.first()
	t.activity()
	t.coverage()
	t.exceptions()
	return w.err
}

func (t terminal) line(s string) { t.str(strings.TrimRight(s, " ") + "\n") }

// heading is a title in capitals, with a note after it.
func (t terminal) heading(title, note string) {
	t.line("")
	t.line(t.p.paint(bold, title) + "  " + t.p.paint(faint, fit(note, t.width-len(title)-2)))
}

func (t terminal) header() {
	t.line(t.p.paint(bold, "SEC01") + "  " + t.p.paint(bold, fit(question, t.width-7)))
	for _, line := range wrap(strings.Join(estateLine(t.r), " · "), t.width, 2) {
		t.line(t.p.paint(faint, line))
	}
	score := overall(t.r)
	percent, ok := score.Percent()
	if !ok {
		t.line("Nothing could be judged yet. Next: holdfast collect")
		return
	}
	columns := t.width / 4
	head := fmt.Sprintf("%d%%", percent)
	rest := fmt.Sprintf(" of checks hold: %s pass, %s fail, %s unknown", grouped(score.Passed), grouped(score.Failed), grouped(score.Unknown))
	room := t.width - columns - 2 - len(head)
	t.line(t.bar(percent, columns) + "  " + t.p.paint(bold, head) + fit(rest, room))
	t.line(t.p.paint(faint, fit("A check is one control in one account. What could not be seen counts against the score.", t.width)))
}

// bar fills by tenths of a percent what holds; full only when all does.
func (t terminal) bar(percent, columns int) string {
	full := percent * columns / 100
	c := red
	switch {
	case percent >= 90:
		c = green
	case percent >= 60:
		c = yellow
	}
	return t.p.paint(c, strings.Repeat("█", full)) + t.p.paint(faint, strings.Repeat("░", columns-full))
}

func (t terminal) practices() {
	if len(t.r.Practices) == 0 {
		return
	}
	bars := max(8, min(20, (t.width-60)/3))
	title := t.width - 5 - 2 - 8 - 2 - bars - 5 - 20
	rows := 1 // of a title; a small terminal is short as well
	if t.width >= 96 {
		rows = 2
	}
	t.line("")
	t.line(t.p.paint(bold, pad("PRACTICE", 5+title)+"  "+pad("AWS RISK", 8)+"  "+pad("SCORE", bars+5)+padLeft("FAIL", 6)+padLeft("UNKNOWN", 8)+padLeft("PASS", 6)))
	for _, p := range t.r.Practices {
		lines := append(wrap(p.Title, title, rows), "", "")
		line := pad(p.ID, 5) + pad(lines[0], title) + "  " +
			t.p.paint(ratingColour(p.Risk), pad(p.Risk, 8)) + "  "
		if p.Percent == nil {
			t.line(line + t.p.paint(yellow, fit(notJudged(p), bars+25)))
		} else {
			t.line(line + t.bar(*p.Percent, bars) + padLeft(percentText(p.Percent), 5) +
				t.count(p.Score.Failed, 6, red) + t.count(p.Score.Unknown, 8, yellow) + t.count(p.Score.Passed, 6, green))
		}
		if lines[1] != "" {
			t.line("     " + lines[1])
		}
		if len(p.NotSeen) > 0 {
			note := "not shown by evidence: " + strings.Join(p.NotSeen, " ")
			t.line("     " + t.p.paint(faint, fit(note, t.width-5)))
		}
	}
}

func ratingColour(rating string) colour {
	if strings.EqualFold(rating, "high") {
		return bold
	}
	return faint
}

// notJudged says why a practice has no score.
func notJudged(p review.Practice) string {
	v := p.Verdicts
	switch {
	case p.Controls == 0:
		return "not judged: needs a person"
	case v.NotApplicable > 0 && v.Fail+v.Unknown+v.Error+v.Excepted+v.Prevented == 0:
		return "not judged: does not apply"
	}
	return "not judged: nothing seen"
}

func (t terminal) count(n, columns int, c colour) string {
	if n == 0 {
		c = faint
	}
	return t.p.paint(c, padLeft(grouped(n), columns))
}

func (t terminal) failures() {
	parts := []span{{"OPEN FAILURES", bold}, {grouped(severityTotal(t.r.Severities)), bold}}
	for _, s := range severityCounts(t.r.Severities) {
		c := severityColour(finding.Severity(s.Name))
		if s.Count == 0 {
			c = faint
		}
		parts = append(parts, span{grouped(s.Count) + " " + s.Name, c})
	}
	t.line("")
	t.str(flow(t.p, t.width, parts))
}

func (t terminal) matrix() {
	m := t.r.Matrix
	if len(m.Cells) == 0 {
		return
	}
	t.heading("RISKS", plural(len(t.r.Risks), "scenario")+" by likelihood (rows) and consequence (columns)")
	counts := cellCounts(m, t.r.Risks)
	label := 0
	for _, l := range m.Likelihood {
		label = max(label, width(clean(l)))
	}
	label = min(label, 16)
	cell := max(4, min(14, (t.width-label-2)/max(1, len(m.Consequence))))
	head := pad("", label+2)
	for _, c := range m.Consequence {
		head += pad(" "+c, cell)
	}
	t.line(t.p.paint(faint, head))
	for l := len(m.Likelihood) - 1; l >= 0; l-- {
		row := pad(m.Likelihood[l], label) + "  "
		for c := range m.Consequence {
			text, paint := " ·", faint
			if n := counts[l][c]; n > 0 {
				level := levelAt(m, l, c)
				text, paint = fmt.Sprintf("%2d  %s", n, strings.ToLower(string(level))), heatColour(heat(m, level))
			}
			row += t.p.paint(paint, pad(text, cell-1)) + " "
		}
		t.line(row)
	}
	for _, r := range topRisks(t.r, shownRisks) {
		where := inAccounts(r.Findings, r.Accounts)
		t.line(t.p.paint(heatColour(heat(m, r.Level)), pad(string(r.Level), 9)) + " " + pad(r.Title, t.width-10-2-width(where)) + "  " + t.p.paint(faint, where))
	}
}

func heatColour(h int) colour {
	return [...]colour{plain, green, yellow, red, onRed}[h]
}

func (t terminal) first() {
	if len(t.r.First) == 0 {
		return
	}
	t.heading("WHAT TO DO FIRST", "answer what was detected, and make the rest true")
	for i, a := range t.r.First[:min(shownActions, len(t.r.First))] {
		note := inAccounts(a.Findings, len(a.Accounts))
		t.line(t.p.paint(bold, padLeft(fmt.Sprint(i+1), 2)) + "  " + t.p.paint(bold, pad(a.Title, t.width-4-width(note)-12)) + "  " +
			t.p.paint(severityColour(finding.Severity(a.Severity)), padLeft(a.Severity, 8)) + "  " + t.p.paint(faint, note))
		if i < fullActions {
			t.item("why", a.Why, plain)
			t.item("fix", a.Fix, plain)
			t.item("next", a.Next, cyan)
		}
	}
	if more := len(t.r.First) - shownActions; more > 0 {
		t.line("    " + t.p.paint(faint, fmt.Sprintf("%d more: holdfast review --output markdown", more)))
	}
}

func (t terminal) item(name, text string, c colour) {
	for i, line := range wrap(text, t.width-9, 2) {
		if i > 0 {
			name = ""
		}
		t.line("    " + t.p.paint(faint, pad(name, 5)) + t.p.paint(c, line))
	}
}

func (t terminal) coverage() {
	s := sumCoverage(t.r.Coverage)
	t.heading("COVERAGE", fmt.Sprintf("%d of %s seen", s.Seen, plural(s.Accounts, "account")))
	if s.whole() {
		t.line(t.p.paint(green, "Everything the controls ask for was seen."))
		return
	}
	if s.Accounts == 0 {
		t.warn("no account is known: holdfast collect")
	}
	if list := unseen(t.r.Coverage); len(list) > 0 {
		t.warn("nothing was read of " + names(list, 2))
	}
	if list := partly(t.r.Coverage); len(list) > 0 {
		t.warn(fmt.Sprintf("Regions not read in %s: %s", names(list, 2), strings.Join(list[0].Unseen, ", ")))
	}
	if s.MissingTypes > 0 {
		t.warn(plural(s.MissingTypes, "resource type") + " that controls judge: none was collected")
	}
	gaps := t.r.Coverage.Gaps
	for _, g := range gaps[:min(shownGaps, len(gaps))] {
		t.warn(fmt.Sprintf("%s %s, %s× in %s; %s", gapTitle(g), g.Reason, grouped(g.Count), plural(len(g.Accounts), "account"), advice(g)))
	}
	if more := len(gaps) - shownGaps; more > 0 {
		t.line("  " + t.p.paint(faint, plural(more, "more cause")+": holdfast review --output markdown"))
	}
}

func (t terminal) warn(s string) {
	mark := "! "
	for _, line := range wrap(s, t.width-2, 2) {
		t.line(t.p.paint(yellow, mark) + line)
		mark = "  "
	}
}

// names lists a few accounts and how many more there are.
func names(list []review.AccountCoverage, n int) string {
	var out []string
	for _, a := range list[:min(n, len(list))] {
		out = append(out, accountName(a.ID, a.Name))
	}
	s := strings.Join(out, ", ")
	if more := len(list) - n; more > 0 {
		s += fmt.Sprintf(" and %d more", more)
	}
	return s
}

func (t terminal) changes() {
	c := t.r.Changes
	if c == nil {
		return
	}
	t.str(flow(t.p, t.width, []span{
		{"SINCE", bold}, {clean(cmp.Or(c.Baseline, "the baseline")), plain},
		{grouped(c.NewCount) + " new", red}, {grouped(c.FixedN) + " fixed", green}, {grouped(c.Unchanged) + " unchanged", faint},
	}))
}

// idle are the exceptions in force that cover no finding.
func idle(list []review.ExceptionUse) []string {
	var out []string
	for _, e := range list {
		if e.Covers == 0 && e.State != "expired" {
			out = append(out, e.ID)
		}
	}
	return out
}

func (t terminal) exceptions() {
	if len(t.r.Exceptions) == 0 {
		return
	}
	covers := 0
	for _, e := range t.r.Exceptions {
		covers += e.Covers
	}
	t.heading("EXCEPTIONS", fmt.Sprintf("%s covering %s", plural(len(t.r.Exceptions), "decision"), plural(covers, "finding")))
	list := endangered(t.r.Exceptions)
	for _, e := range list[:min(shownExceptions, len(list))] {
		c := yellow
		if e.State == "expired" {
			c = red
		}
		t.line(t.p.paint(c, pad(e.State, 9)) + " " + fit(fmt.Sprintf("%s on %s, owner %s, covers %d: %s", e.ID, day(e.Expires), e.Owner, e.Covers, e.Reason), t.width-10))
	}
	if idle := idle(t.r.Exceptions); len(idle) > 0 {
		t.warn("covers nothing, so its controls or scope may be misspelt, or the finding is mended: " + strings.Join(idle, ", "))
	}
	if more := len(list) - shownExceptions; more > 0 {
		t.line(t.p.paint(faint, fmt.Sprintf("%d more", more)))
	}
}
