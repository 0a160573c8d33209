package report

import (
	"cmp"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/finding"
)

// group is what findings of one control, or in one account, have in common.
type group struct {
	id, title string
	severity  finding.Severity // the worst
	findings  int
	others    map[string]bool // accounts of a control, controls of an account
	verdicts  map[finding.Verdict]int
}

// Groups writes a line for each control, or for each account, instead of each
// finding: the worst first, then what has the most findings. It holds the groups
// in memory and no finding.
func Groups(w io.Writer, m Meta, byAccount bool, seq iter.Seq2[finding.Finding, error]) error {
	groups, total, rule := map[string]*group{}, 0, "CONTROL"
	for f, err := range seq {
		if err != nil {
			return fmt.Errorf("group findings: %w", err)
		}
		if f.Kind == finding.Detection {
			rule = "RULE" // a control or a detection
		}
		id, other := f.Rule, cmp.Or(f.Account, f.File)
		if byAccount {
			id, other = cmp.Or(f.Account, f.File), f.Rule
		}
		g := groups[id]
		if g == nil {
			g = &group{id: id, others: map[string]bool{}, verdicts: map[finding.Verdict]int{}}
			if !byAccount {
				g.title = m.rule(f).Title
			}
			groups[id] = g
		}
		if f.Severity.Rank() > g.severity.Rank() {
			g.severity = f.Severity
		}
		g.findings++
		g.others[other] = true
		g.verdicts[f.Verdict]++
		total++
	}
	out := newErrWriter(w)
	t := groupTable{out, painter(m.Colour), m.width(), byAccount, rule}
	t.write(sortedGroups(groups), total)
	return out.flush()
}

func sortedGroups(groups map[string]*group) []*group {
	list := make([]*group, 0, len(groups))
	for _, g := range groups {
		list = append(list, g)
	}
	slices.SortFunc(list, func(a, b *group) int {
		return cmp.Or(cmp.Compare(b.severity.Rank(), a.severity.Rank()), cmp.Compare(b.findings, a.findings), cmp.Compare(a.id, b.id))
	})
	return list
}

type groupTable struct {
	*errWriter
	p         painter
	width     int
	byAccount bool
	rule      string // what controls and detections are called together
}

func (t groupTable) write(list []*group, total int) {
	if total == 0 {
		t.str("No findings.\n")
		return
	}
	name, other := t.rule, "ACCOUNTS"
	if t.byAccount {
		name, other = "ACCOUNT", t.rule+"S"
	}
	column := len(name)
	for _, g := range list {
		column = max(column, width(clean(g.id)))
	}
	column = min(column, t.width-severityColumn-8-8-6)
	head := strings.Join([]string{pad("SEVERITY", severityColumn), padLeft("FINDINGS", 8), padLeft(other, 8), name}, "  ")
	t.str(t.p.paint(bold, head) + "\n")
	verdicts := map[finding.Verdict]int{}
	for _, g := range list {
		t.line(g, column)
		for v, n := range g.verdicts {
			verdicts[v] += n
		}
	}
	noun := strings.ToLower(name)
	parts := []span{{plural(total, "finding") + " of " + plural(len(list), noun), bold}}
	if t.byAccount {
		parts[0].text = plural(total, "finding") + " in " + plural(len(list), noun)
	}
	for _, v := range finding.Verdicts {
		if n := verdicts[v]; n > 0 {
			parts = append(parts, span{grouped(n) + " " + string(v), verdictColour(v)})
		}
	}
	t.str("\n" + flow(t.p, t.width, parts))
	flag := "--rule " + t.rule
	if t.byAccount {
		flag = "--account ACCOUNT"
	}
	t.str(t.p.paint(faint, fit("the findings of one: holdfast findings list "+flag, t.width)) + "\n")
}

func (t groupTable) line(g *group, column int) {
	cells := []string{
		t.p.paint(severityColour(g.severity), pad(strings.ToUpper(string(g.severity)), severityColumn)),
		padLeft(grouped(g.findings), 8),
		padLeft(grouped(len(g.others)), 8),
		t.p.paint(bold, pad(g.id, column)),
	}
	if room := t.width - severityColumn - 8 - 8 - column - 4*2; g.title != "" && room >= 30 {
		cells = append(cells, t.p.paint(faint, fit(g.title, room)))
	}
	t.str(strings.TrimRight(strings.Join(cells, "  "), " ") + "\n")
}
