package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"holdfast.dev/holdfast/internal/operate/review"
	"holdfast.dev/holdfast/internal/operate/risk"
)

// What the forms of a review share: its words and its small sums.

const question = "How do you securely operate your workload?"

// estateLine says what the review is about, in one line.
func estateLine(r *review.Review) []string {
	e := r.Estate
	var parts []string
	if e.Organization != "" {
		parts = append(parts, e.Organization)
	}
	return append(parts, plural(e.Accounts, "account"), plural(len(e.Regions), "Region"),
		plural(e.Resources, "resource")+" of "+plural(e.Types, "type"), instant(r.At))
}

func instant(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") + " UTC" }

func day(t time.Time) string { return t.UTC().Format("2006-01-02") }

// percentText is the score in words; one nobody could judge has none.
func percentText(p *int) string {
	if p == nil {
		return "–"
	}
	return fmt.Sprintf("%d%%", *p)
}

// overall is the score over all cells of all accounts, which count once here
// however many practices they serve.
func overall(r *review.Review) review.Score {
	var s review.Score
	for _, a := range r.Accounts {
		s.Passed += a.Score.Passed
		s.Failed += a.Score.Failed
		s.Unknown += a.Score.Unknown
	}
	return s
}

type severityCount struct {
	Name  string
	Count int
}

func severityCounts(s review.SeverityCounts) []severityCount {
	return []severityCount{{"critical", s.Critical}, {"high", s.High}, {"medium", s.Medium}, {"low", s.Low}, {"info", s.Info}}
}

func severityTotal(s review.SeverityCounts) int {
	return s.Critical + s.High + s.Medium + s.Low + s.Info
}

type verdictCount struct {
	Name  string
	Class string
	Count int
}

func verdictCounts(c review.Counts) []verdictCount {
	return []verdictCount{
		{"FAIL", "fail", c.Fail}, {"ERROR", "error", c.Error}, {"UNKNOWN", "unknown", c.Unknown}, {"EXCEPTED", "excepted", c.Excepted},
		{"PREVENTED", "prevented", c.Prevented}, {"PASS", "pass", c.Pass}, {"NOT APPLICABLE", "na", c.NotApplicable},
	}
}

// coverageSum is the coverage in figures.
type coverageSum struct {
	Seen, Accounts, Partly, Gaps int
	MissingTypes                 int
}

func sumCoverage(c review.Coverage) coverageSum {
	s := coverageSum{Accounts: len(c.Accounts)}
	for _, a := range c.Accounts {
		if a.Seen {
			s.Seen++
		}
		if a.Seen && (len(a.Unseen) > 0 || a.Gaps > 0) {
			s.Partly++
		}
	}
	for _, g := range c.Gaps {
		s.Gaps += g.Count
	}
	for _, t := range c.Types {
		if t.Resources == 0 && t.Controls > 0 {
			s.MissingTypes++
		}
	}
	return s
}

// whole is never said of an estate nobody has looked at.
func (s coverageSum) whole() bool {
	return s.Accounts > 0 && s.Seen == s.Accounts && s.Partly == 0 && s.Gaps == 0 && s.MissingTypes == 0
}

// unseen lists the accounts nothing was read of.
func unseen(c review.Coverage) []review.AccountCoverage {
	return slices.DeleteFunc(slices.Clone(c.Accounts), func(a review.AccountCoverage) bool { return a.Seen })
}

// partly lists accounts some of whose enabled Regions were not read.
func partly(c review.Coverage) []review.AccountCoverage {
	return slices.DeleteFunc(slices.Clone(c.Accounts), func(a review.AccountCoverage) bool { return !a.Seen || len(a.Unseen) == 0 })
}

func accountName(id, name string) string {
	if name == "" {
		return id
	}
	return name + " (" + id + ")"
}

// advice says what closes gaps of one cause.
func advice(g review.GapGroup) string {
	switch g.Reason {
	case "denied":
		return "allow it: holdfast collect --print-policy"
	case "throttled":
		return "collect again; finished parts are kept"
	case "unsupported":
		return "nothing to do where the service is not offered"
	case "corrupt":
		return "fetch the file again; it could not be understood"
	case "interrupted":
		return "run holdfast collect again; it goes on where it stopped"
	case "not-recorded":
		return "record this type in AWS Config, or collect live"
	}
	if g.Detail != "" {
		return shorten(clean(g.Detail), 90)
	}
	return "run holdfast collect again"
}

// gapTitle names what was not read.
func gapTitle(g review.GapGroup) string {
	name := strings.Trim(g.Service+":"+g.Operation, ":")
	return cmp.Or(name, strings.Join(g.Types, ", "), "evidence")
}

// cellCounts is how many risks lie in each cell of the matrix, by likelihood
// then consequence, both from least.
func cellCounts(m risk.Matrix, risks []risk.Risk) [][]int {
	counts := make([][]int, len(m.Likelihood))
	for i := range counts {
		counts[i] = make([]int, len(m.Consequence))
	}
	for _, r := range risks {
		l, c := step(r.Likelihood, len(m.Likelihood)), step(r.Consequence, len(m.Consequence))
		if l >= 0 && c >= 0 {
			counts[l][c]++
		}
	}
	return counts
}

// step is a 1-based step as an index, kept on the scale; -1 without a scale.
func step(v, n int) int { return min(max(v, 1), n) - 1 }

// levelAt is the level of a cell, "" where the matrix is not whole.
func levelAt(m risk.Matrix, l, c int) risk.Level {
	if l < len(m.Cells) && c < len(m.Cells[l]) {
		return m.Cells[l][c]
	}
	return ""
}

// heat is how bad a level is on a scale of 0 to 4, whatever the levels are
// called and however many there are.
func heat(m risk.Matrix, l risk.Level) int {
	if len(m.Levels) < 2 || m.Rank(l) == 0 {
		return 0
	}
	return 1 + (m.Rank(l)-1)*3/(len(m.Levels)-1)
}

// topRisks are the worst first; ties by likelihood times consequence, then
// findings, then id.
func topRisks(r *review.Review, n int) []risk.Risk {
	risks := slices.Clone(r.Risks)
	slices.SortStableFunc(risks, func(a, b risk.Risk) int {
		return cmp.Or(
			cmp.Compare(r.Matrix.Rank(b.Level), r.Matrix.Rank(a.Level)),
			cmp.Compare(b.Likelihood*b.Consequence, a.Likelihood*a.Consequence),
			cmp.Compare(b.Findings, a.Findings),
			cmp.Compare(a.ID, b.ID),
		)
	})
	return risks[:min(n, len(risks))]
}

// endangered are the exceptions a reader has to act on: expired ones first.
func endangered(list []review.ExceptionUse) []review.ExceptionUse {
	var out []review.ExceptionUse
	for _, state := range []string{"expired", "expiring"} {
		for _, e := range list {
			if e.State == state {
				out = append(out, e)
			}
		}
	}
	return out
}

func inAccounts(findings int, accounts int) string {
	return plural(findings, "finding") + " in " + plural(accounts, "account")
}
