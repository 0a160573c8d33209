package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"holdfast.dev/holdfast/internal/app"
	"holdfast.dev/holdfast/internal/engine/check"
	"holdfast.dev/holdfast/internal/finding"
	"holdfast.dev/holdfast/internal/surface/report"
)

// output is where and how a report goes.
type output struct {
	format string
	file   string
}

func (o *output) flags(c *cobra.Command, formats any) {
	c.Flags().StringVarP(&o.format, "output", "o", "table", fmt.Sprintf("format, one of %v", formats))
	c.Flags().StringVar(&o.file, "out", "", "write to this file instead of standard output")
}

// write runs fn with the place the report goes to. A file appears whole or not
// at all.
func (p *program) write(o output, fn func(io.Writer) error) error {
	if o.file == "" {
		return fn(p.Out)
	}
	temp, err := os.CreateTemp(filepath.Dir(o.file), ".holdfast-*")
	if err != nil {
		return app.Usage(fmt.Errorf("cannot write %s: %w", o.file, err))
	}
	defer os.Remove(temp.Name()) // does nothing once it was renamed
	if err := errors.Join(fn(temp), temp.Chmod(0o644), temp.Sync(), temp.Close()); err != nil {
		return fmt.Errorf("writing %s: %w", o.file, err)
	}
	return os.Rename(temp.Name(), o.file)
}

// meta is what reports say beside their findings.
func (p *program) meta(engine *check.Engine, at time.Time) report.Meta {
	width, _ := terminal(p.Out)
	m := report.Meta{Tool: app.Version(), At: at, Colour: p.colour(p.Out), Width: width}
	if engine != nil {
		m.Rules = rules(engine)
	}
	return m
}

func rules(engine *check.Engine) func(string) (report.Rule, bool) {
	byID := map[string]*check.Control{}
	for _, c := range engine.Controls() {
		byID[c.ID] = c
	}
	return func(id string) (report.Rule, bool) {
		c, ok := byID[id]
		if !ok {
			return report.Rule{}, false
		}
		return report.Rule{
			Title: c.Title, Description: c.Why, Severity: finding.Severity(c.Severity), Fix: c.Fix.Text,
			Practices: c.Practices(), Frameworks: c.Maps, Tags: []string{c.Objective, c.Layer, c.Kind},
		}, true
	}
}

// violated says in words what exit code 1 means.
func (p *program) violated(failed int, onlyNew bool, limit finding.Severity) {
	what := "failure"
	if onlyNew {
		what = "new failure"
	}
	fmt.Fprintf(p.Err, "exit code 1: %s %s\n", plural(failed, what), reaching(limit))
}

// reaching says which severities give exit code 1.
func reaching(limit finding.Severity) string {
	severity := string(limit)
	if limit != finding.Critical {
		severity += " or worse"
	}
	return fmt.Sprintf("of severity %s (--fail-on %s)", severity, limit)
}

// threshold reads --fail-on.
func threshold(s string) (finding.Severity, error) {
	if s == "none" {
		return "", nil
	}
	severity, err := finding.ParseSeverity(s)
	if err != nil {
		return "", app.Usage(fmt.Errorf("--fail-on: %w, or none", err))
	}
	return severity, nil
}

// errWriter keeps the first error, so that printing needs to look once.
type errWriter struct {
	w   io.Writer
	err error
}

func (w *errWriter) Write(b []byte) (int, error) {
	if w.err != nil {
		return 0, w.err
	}
	n, err := w.w.Write(b)
	w.err = err
	return n, err
}
