package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"holdfast.dev/holdfast/internal/app"
	"holdfast.dev/holdfast/internal/operate/detect"
)

func (p *program) detectTest() *cobra.Command {
	var f detectFlags
	var verbose bool
	c := &cobra.Command{
		Use: "test [NAME…]", Short: "Run the examples of detections", Args: cobra.ArbitraryArgs,
		Long: `Runs every detection's own events: positives have to alert, near-misses have to stay
quiet, and edges do what they say. What comes out differently is shown with the fields
that the detection asks for and what the event has there.

Exit codes: 0 all come out as they say, 1 some do not, 2 a detection was refused or
cannot be read.`,
		Example: `  holdfast detect test
  holdfast detect test root-credential-use --verbose
  holdfast detect test --rules my-rules/ --rules-only`,
		RunE: func(c *cobra.Command, args []string) error {
			_, all, err := p.detections(&f)
			if err != nil {
				return err
			}
			chosen, err := all.Named(args)
			if err != nil {
				return err
			}
			trials, err := app.TryDetections(c.Context(), chosen, detect.Options{Attack: all.Attack})
			if err != nil {
				return err
			}
			return p.tried(&f, chosen, trials, len(all.Refusals), verbose)
		},
	}
	f.flags(c, "table", "json")
	c.Flags().BoolVarP(&verbose, "verbose", "v", false, "show the examples that come out as they say too")
	return c
}

// tried prints trials, and judges them.
func (p *program) tried(f *detectFlags, chosen []detect.Detection, trials []detect.Trial, refused int, verbose bool) error {
	failed, untested := 0, 0
	for i := range trials {
		if !trials[i].Passed() {
			failed++
		}
	}
	for i := range chosen {
		if chosen[i].Examples.Count() == 0 && chosen[i].Kind() != "filter" {
			untested++
		}
	}
	var err error
	switch f.format {
	case "json":
		err = p.writeJSON(f.output, triedJSON(chosen, trials))
	case "table":
		err = p.write(f.output, func(out io.Writer) error { return triedTable(out, trials, verbose) })
	default:
		return app.Usage(fmt.Errorf("--output %q is not one of table, json", f.format))
	}
	if err != nil {
		return err
	}
	said := fmt.Sprintf("%s, %s: ", plural(len(chosen), "detection"), plural(len(trials), "example"))
	switch {
	case failed > 0:
		fmt.Fprintf(p.Err, "%s%s otherwise than said\n", said, comes(failed))
	case len(trials) > 0:
		fmt.Fprintf(p.Err, "%sall come out as they say\n", said)
	default:
		fmt.Fprintf(p.Err, "%snothing was tested\n", said)
	}
	if untested > 0 {
		fmt.Fprintf(p.Err, "%s without examples: nothing says what they find\n", plural(untested, "detection"))
	}
	switch {
	case failed > 0:
		return &app.ExitError{Code: app.ExitViolations}
	case refused > 0:
		return app.Usage(fmt.Errorf("%s refused, as told above", plural(refused, "rule")))
	}
	return nil
}

func comes(n int) string {
	if n == 1 {
		return "1 comes out"
	}
	return fmt.Sprintf("%d come out", n)
}

func triedTable(out io.Writer, trials []detect.Trial, verbose bool) error {
	w := &errWriter{w: out}
	for i := range trials {
		t := &trials[i]
		if t.Passed() {
			if verbose {
				fmt.Fprintf(w, "ok    %s: %s %d: %s\n", t.Detection.Name, t.Group, t.Number, oneLine(strings.TrimSpace(t.Example.Why)))
			}
			continue
		}
		fmt.Fprintf(w, "FAIL  %s: %s %d: %s\n", t.Detection.Name, t.Group, t.Number, oneLine(strings.TrimSpace(t.Example.Why)))
		fmt.Fprintf(w, "      %s:%d\n      %s\n", t.Detection.File, t.Example.Line, oneLine(t.Outcome()))
		for _, l := range t.Looked() {
			fmt.Fprintf(w, "        %s\n", oneLine(l))
		}
	}
	return w.err
}

type triedEntry struct {
	Name     string         `json:"name"`
	Passed   bool           `json:"passed"`
	Examples []triedExample `json:"examples"`
}

type triedExample struct {
	Group    string   `json:"group"`
	Number   int      `json:"number"`
	Why      string   `json:"why"`
	Line     int      `json:"line"`
	Expected string   `json:"expected"`
	Alerts   int      `json:"alerts"`
	Passed   bool     `json:"passed"`
	Outcome  string   `json:"outcome,omitempty"`
	Looked   []string `json:"looked_at,omitempty"`
}

func triedJSON(chosen []detect.Detection, trials []detect.Trial) []triedEntry {
	list := make([]triedEntry, len(chosen))
	at := map[*detect.Detection]int{}
	for i := range chosen {
		list[i] = triedEntry{Name: chosen[i].Name, Passed: true, Examples: []triedExample{}}
		at[&chosen[i]] = i
	}
	for i := range trials {
		t := &trials[i]
		e := triedExample{Group: t.Group, Number: t.Number, Why: strings.TrimSpace(t.Example.Why), Line: t.Example.Line, Expected: t.Expected(), Alerts: len(t.Alerts), Passed: t.Passed()}
		if !e.Passed {
			e.Outcome, e.Looked = t.Outcome(), t.Looked()
		}
		entry := &list[at[t.Detection]]
		entry.Examples, entry.Passed = append(entry.Examples, e), entry.Passed && e.Passed
	}
	return list
}
