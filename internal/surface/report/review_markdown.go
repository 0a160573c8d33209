package report

import (
	"fmt"
	"strings"

	"holdfast.dev/holdfast/internal/operate/review"
)

func reviewMarkdown(w *errWriter, m Meta, r *review.Review) error {
	d := markdownReview{w, r}
	d.head(m)
	d.practices()
	d.failures()
	d.first()
	d.risks()
	d.accounts()
	d.activity()
	d.coverage()
	d.exceptions()
	d.changes()
	return w.err
}

// markdownReview writes the review with nothing left out but the controls.
type markdownReview struct {
	*errWriter
	r *review.Review
}

func (d markdownReview) row(cells ...string) { d.str("| " + strings.Join(cells, " | ") + " |\n") }

func (d markdownReview) table(title string, columns ...string) {
	d.printf("\n## %s\n\n", title)
	d.header(columns...)
}

// header starts a table; a column whose name ends in ":" holds numbers.
func (d markdownReview) header(columns ...string) {
	rule := make([]string, len(columns))
	for i, c := range columns {
		name, number := strings.CutSuffix(c, ":")
		columns[i], rule[i] = name, "---"
		if number {
			rule[i] = "---:"
		}
	}
	d.row(columns...)
	d.str("|" + strings.Join(rule, "|") + "|\n")
}

func (d markdownReview) head(m Meta) {
	d.printf("# SEC01: %s\n\n", question)
	var parts []string
	for _, p := range estateLine(d.r) {
		parts = append(parts, markdownText(p))
	}
	d.printf("%s\n", strings.Join(parts, " · "))
	if p, ok := overall(d.r).Percent(); ok {
		d.printf("\n**%d%%** of checks hold; a check is one control in one account, and what could not be seen counts against the score.\n", p)
	} else {
		d.str("\n**Nothing could be judged yet.**\n")
	}
	if m.Tool != "" {
		d.printf("\nWritten by %s %s.\n", toolName, markdownText(m.Tool))
	}
}

func (d markdownReview) practices() {
	d.table("Practices", "Practice", "Title", "AWS's risk", "Score:", "Fail:", "Unknown:", "Pass:", "Not shown by evidence")
	for _, p := range d.r.Practices {
		score := percentText(p.Percent)
		if p.Percent == nil {
			score = notJudged(p)
		}
		d.row(markdownText(p.ID), markdownText(p.Title), markdownText(p.Risk), score, grouped(p.Score.Failed),
			grouped(p.Score.Unknown), grouped(p.Score.Passed), markdownText(strings.Join(p.NotSeen, " ")))
	}
}

func (d markdownReview) failures() {
	d.printf("\n## Open failures: %s\n\n", grouped(severityTotal(d.r.Severities)))
	var parts []string
	for _, s := range severityCounts(d.r.Severities) {
		parts = append(parts, grouped(s.Count)+" "+s.Name)
	}
	d.printf("%s\n", strings.Join(parts, ", "))
}

func (d markdownReview) first() {
	if len(d.r.First) == 0 {
		return
	}
	d.str("\n## What to do first\n\n")
	for i, a := range d.r.First {
		d.printf("%d. **%s** (%s, %s)\n", i+1, markdownText(a.Title), markdownText(a.Severity), inAccounts(a.Findings, len(a.Accounts)))
		for _, l := range [][2]string{{"Why", markdownText(a.Why)}, {"Fix", markdownText(a.Fix)}, {"Next", markdownCode(a.Next)}} {
			if l[1] != "" {
				d.printf("   - %s: %s\n", l[0], l[1])
			}
		}
	}
}

func (d markdownReview) risks() {
	m := d.r.Matrix
	if len(m.Cells) > 0 {
		head := []string{"Likelihood"}
		for _, c := range m.Consequence {
			head = append(head, markdownText(c))
		}
		d.table("Risks", head...)
		counts := cellCounts(m, d.r.Risks)
		for l := len(m.Likelihood) - 1; l >= 0; l-- {
			row := []string{markdownText(m.Likelihood[l])}
			for c := range m.Consequence {
				cell := markdownText(string(levelAt(m, l, c)))
				if n := counts[l][c]; n > 0 {
					cell = fmt.Sprintf("**%d** %s", n, cell)
				}
				row = append(row, cell)
			}
			d.row(row...)
		}
		d.str("\n")
	}
	if len(d.r.Risks) == 0 {
		return
	}
	d.header("Level", "Risk", "Likelihood:", "Consequence:", "Findings:", "Accounts:", "How likelihood came about")
	for _, r := range topRisks(d.r, len(d.r.Risks)) {
		d.row(markdownText(string(r.Level)), markdownText(r.Title), fmt.Sprint(r.Likelihood), fmt.Sprint(r.Consequence),
			grouped(r.Findings), grouped(r.Accounts), markdownText(strings.Join(r.Steps, "; ")))
	}
}

func (d markdownReview) accounts() {
	if len(d.r.Accounts) == 0 {
		return
	}
	d.table("Accounts", "Account", "Id", "OU", "Score:", "Critical:", "High:", "Medium:", "Low:", "Unknown:")
	for _, a := range d.r.Accounts {
		s := a.Severities
		d.row(markdownText(a.Name), markdownText(a.ID), markdownText(a.Path), percentText(a.Percent),
			grouped(s.Critical), grouped(s.High), grouped(s.Medium), grouped(s.Low), grouped(a.Verdicts.Unknown))
	}
}

func (d markdownReview) coverage() {
	s := sumCoverage(d.r.Coverage)
	d.printf("\n## Coverage\n\n%d of %s seen.\n", s.Seen, plural(s.Accounts, "account"))
	for _, a := range unseen(d.r.Coverage) {
		d.printf("- Nothing was read of %s.\n", markdownText(accountName(a.ID, a.Name)))
	}
	for _, a := range partly(d.r.Coverage) {
		d.printf("- %s: %s not read.\n", markdownText(accountName(a.ID, a.Name)), markdownText(strings.Join(a.Unseen, ", ")))
	}
	for _, t := range d.r.Coverage.Types {
		if t.Resources == 0 && t.Controls > 0 {
			d.printf("- No %s was collected; %s ask for it.\n", markdownCode(t.Type), plural(t.Controls, "control"))
		}
	}
	if len(d.r.Coverage.Gaps) == 0 {
		return
	}
	d.str("\n")
	d.header("Not read", "Reason", "Times:", "Accounts:", "Detail", "What to do")
	for _, g := range d.r.Coverage.Gaps {
		d.row(markdownCode(gapTitle(g)), markdownText(g.Reason), grouped(g.Count), grouped(len(g.Accounts)), markdownText(g.Detail), markdownText(advice(g)))
	}
}

func (d markdownReview) exceptions() {
	if len(d.r.Exceptions) == 0 {
		return
	}
	d.table("Exceptions", "Id", "State", "Expires", "Controls", "Owner", "Approver", "Covers:", "Reason")
	for _, e := range d.r.Exceptions {
		d.row(markdownText(e.ID), markdownText(e.State), day(e.Expires), markdownText(strings.Join(e.Controls, ", ")),
			markdownText(e.Owner), markdownText(e.Approver), grouped(e.Covers), markdownText(e.Reason))
	}
}

func (d markdownReview) changes() {
	c := d.r.Changes
	if c == nil {
		return
	}
	d.printf("\n## Since %s\n\n%s new, %s fixed, %s unchanged.\n", markdownText(c.Baseline), grouped(c.NewCount), grouped(c.FixedN), grouped(c.Unchanged))
	for _, f := range c.New {
		d.printf("- New: %s on %s (%s)\n", markdownText(f.Title), markdownCode(f.Resource), markdownText(place(f)))
	}
	for _, f := range c.Fixed {
		d.printf("- Fixed: %s on %s (%s)\n", markdownText(f.Title), markdownCode(f.Resource), markdownText(place(f)))
	}
}
