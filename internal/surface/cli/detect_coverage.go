package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"holdfast.dev/holdfast/internal/app"
	"holdfast.dev/holdfast/internal/operate/detect"
)

func (p *program) detectCoverage() *cobra.Command {
	var f detectFlags
	var all bool
	c := &cobra.Command{
		Use: "coverage", Short: "Say which ATT&CK techniques are detected, and which are not", Args: cobra.NoArgs,
		Long: `Sets the techniques that clouds are attacked by (MITRE ATT&CK, platforms IaaS and
Identity Provider) against the detections: which of them have one that is on and passes
its own tests, which have one that is off for want of logs, and which have none.

Which logs there are is known from what was read into the store in the last 30 days
(` + "`holdfast trail detect --record`" + `).

--output navigator writes a layer for the ATT&CK Navigator.`,
		Example: `  holdfast detect coverage
  holdfast detect coverage --all
  holdfast detect coverage --output navigator --out layer.json`,
		RunE: func(c *cobra.Command, _ []string) error {
			w, d, err := p.detections(&f)
			if err != nil {
				return err
			}
			coverage, err := p.coverage(c.Context(), w, d)
			if err != nil {
				return err
			}
			switch f.format {
			case "json":
				return p.writeJSON(f.output, coverageJSON(coverage))
			case "navigator":
				return p.writeJSON(f.output, coverage.Layer())
			case "table":
				return p.write(f.output, func(out io.Writer) error { return p.coverageTable(out, coverage, all) })
			}
			return app.Usage(fmt.Errorf("--output %q is not one of table, json, navigator", f.format))
		},
	}
	f.flags(c, "table", "json", "navigator")
	c.Flags().BoolVar(&all, "all", false, "list every technique with its detections")
	return c
}

// coverage asks the store, where there is one, which logs there are.
func (p *program) coverage(ctx context.Context, w app.Workspace, d *app.Detections) (*app.DetectCoverage, error) {
	if _, err := os.Stat(p.StoreDir(w, p.storeDir)); err != nil {
		return p.DetectCoverage(ctx, w, d, nil)
	}
	if err := p.KnowAccounts(ctx, &w, p.StoreDir(w, p.storeDir)); err != nil {
		return nil, err
	}
	s, err := p.open(ctx, w, true)
	if err != nil {
		return nil, err
	}
	coverage, err := p.DetectCoverage(ctx, w, d, s)
	return coverage, errors.Join(err, s.Close())
}

func (p *program) coverageTable(out io.Writer, c *app.DetectCoverage, all bool) error {
	pg := &page{w: out, width: p.tableWidth(out), colour: p.colour(out)}
	pg.line(fmt.Sprintf("%d of %d techniques of ATT&CK %s are found by a detection that is on and passes its tests.", c.Count(detect.Detected), len(c.Techniques), c.Version))
	pg.line(fmt.Sprintf("%d of %s pass their own tests.", c.Tested, plural(c.Detections, "detection")))
	pg.line("")
	if err := tacticTable(out, c); err != nil {
		return err
	}
	if all {
		p.matrix(pg, c)
	}
	p.uncovered(pg, c)
	p.offTable(pg, c)
	return pg.err
}

func tacticTable(out io.Writer, c *app.DetectCoverage) error {
	w := &errWriter{w: out}
	columns := "%-22s%12s%10s%9s%10s%6s%6s\n"
	fmt.Fprintf(w, columns, "TACTIC", "TECHNIQUES", "DETECTED", "PARTIAL", "UNTESTED", "OFF", "OPEN")
	for _, t := range c.Tactics {
		row := []any{t.Name, fmt.Sprint(t.Total)}
		for _, s := range detect.States {
			row = append(row, dash(t.Counts[s]))
		}
		fmt.Fprintf(w, columns, row...)
	}
	return w.err
}

func dash(n int) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprint(n)
}

// matrix lists every technique with its detections.
func (p *program) matrix(pg *page, c *app.DetectCoverage) {
	pg.section("Techniques")
	for i := range c.Techniques {
		t := &c.Techniques[i]
		pg.line(fmt.Sprintf("%-10s %-9s %s", t.ID, t.State, t.Name))
		for _, b := range t.By {
			said := fmt.Sprintf("%s pass", plural(b.Examples, "example"))
			switch {
			case b.Off != nil:
				said = "off: " + string(b.Off.Why) // the reasons stand below
			case !b.Passed && b.Examples == 0:
				said = "no examples"
			case !b.Passed:
				said = "examples FAIL"
			}
			pg.line(fmt.Sprintf("%21s%s", "", cut(fmt.Sprintf("%s (%s)", b.Name, said), pg.width-21)))
		}
	}
}

// uncovered lists what nothing finds, by tactic.
func (p *program) uncovered(pg *page, c *app.DetectCoverage) {
	missing := func(s detect.State) bool { return s == detect.Open || s == detect.Untested || s == detect.Sleeping }
	if !slices.ContainsFunc(c.Techniques, func(t detect.Covered) bool { return missing(t.State) }) {
		return
	}
	pg.section("Not detected")
	said := map[string]bool{}
	for _, tactic := range c.Tactics {
		label := tactic.Name
		for i := range c.Techniques {
			t := &c.Techniques[i]
			if said[t.ID] || !missing(t.State) || !slices.Contains(t.Tactics, tactic.Tag) {
				continue
			}
			said[t.ID] = true
			if label != "" {
				pg.line("  " + label)
				label = ""
			}
			pg.line(fmt.Sprintf("    %-10s %s%s", t.ID, t.Name, map[detect.State]string{detect.Untested: " (untested)", detect.Sleeping: " (detections are off)"}[t.State]))
		}
	}
}

// offTable lists the detections that find nothing, or less than they could.
func (p *program) offTable(pg *page, c *app.DetectCoverage) {
	if c.Logs == nil {
		pg.line("")
		pg.line("Which logs there are is not known: no activity was read into the store in the last 30 days, so no")
		pg.line("detection counts as off for want of logs. `holdfast trail detect --record` reads some.")
	} else {
		pg.line("")
		pg.line("Logs seen in the last 30 days: " + strings.Join(detect.Words(c.Logs), ", "))
	}
	if len(c.Off) == 0 {
		return
	}
	pg.section("Off, or seeing less than they could")
	names := 0
	for _, o := range c.Off {
		names = max(names, len(cut(o.Rule, 40)))
	}
	for _, o := range c.Off {
		name := cut(oneLine(o.Rule), 40)
		for _, l := range lines(oneLine(o.Reason), pg.width-names-4) {
			pg.line(fmt.Sprintf("  %-*s  %s", names, name, l))
			name = ""
		}
	}
}

type coverageEntry struct {
	Attack     string           `json:"attack"`
	Detections int              `json:"detections"`
	Tested     int              `json:"tested"`
	States     map[string]int   `json:"states"`
	Logs       []string         `json:"logs"` // null: not known
	Tactics    []tacticEntry    `json:"tactics"`
	Techniques []techniqueEntry `json:"techniques"`
	Off        []offDetection   `json:"off"`
	Unmapped   []string         `json:"unmapped"`
	Unknown    []string         `json:"unknown_techniques"`
}

type tacticEntry struct {
	ID     string         `json:"id"`
	Name   string         `json:"name"`
	Total  int            `json:"techniques"`
	States map[string]int `json:"states"`
}

type techniqueEntry struct {
	ID         string           `json:"id"`
	Name       string           `json:"name"`
	Tactics    []string         `json:"tactics"`
	Platforms  []string         `json:"platforms"`
	State      string           `json:"state"`
	Detections []coveredByEntry `json:"detections"`
}

type coveredByEntry struct {
	Name     string `json:"name"`
	Examples int    `json:"examples"`
	Passed   bool   `json:"passed"`
	Off      string `json:"off,omitempty"`
}

type offDetection struct {
	Name   string   `json:"name"`
	Title  string   `json:"title"`
	Why    string   `json:"why"`
	Reason string   `json:"reason"`
	Needs  []string `json:"needs,omitempty"`
}

func coverageJSON(c *app.DetectCoverage) coverageEntry {
	e := coverageEntry{
		Attack: c.Version, Detections: c.Detections, Tested: c.Tested, States: map[string]int{}, Logs: c.Logs,
		Tactics: []tacticEntry{}, Techniques: []techniqueEntry{}, Off: []offDetection{}, Unmapped: list(c.Unmapped), Unknown: list(c.Unknown),
	}
	for _, s := range detect.States {
		e.States[string(s)] = c.Count(s)
	}
	for _, t := range c.Tactics {
		states := map[string]int{}
		for _, s := range detect.States {
			states[string(s)] = t.Counts[s]
		}
		e.Tactics = append(e.Tactics, tacticEntry{t.ID, t.Name, t.Total, states})
	}
	for i := range c.Techniques {
		t := &c.Techniques[i]
		row := techniqueEntry{t.ID, t.Name, list(t.Tactics), list(t.Platforms), string(t.State), []coveredByEntry{}}
		for _, b := range t.By {
			entry := coveredByEntry{Name: b.Name, Examples: b.Examples, Passed: b.Passed}
			if b.Off != nil {
				entry.Off = b.Off.Reason
			}
			row.Detections = append(row.Detections, entry)
		}
		e.Techniques = append(e.Techniques, row)
	}
	for _, o := range c.Off {
		e.Off = append(e.Off, offDetection{o.Rule, o.Title, string(o.Why), o.Reason, o.Needs})
	}
	return e
}
