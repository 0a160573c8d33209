package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"holdfast.dev/holdfast/internal/app"
	enginecheck "holdfast.dev/holdfast/internal/engine/check"
	"holdfast.dev/holdfast/internal/finding"
	"holdfast.dev/holdfast/internal/operate/control"
	"holdfast.dev/holdfast/internal/surface/report"
)

// checkFlags are the flags of check.
type checkFlags struct {
	output
	options  app.CheckOptions
	failOn   string
	baseline string
	test     string
	strict   bool
}

func (p *program) check() *cobra.Command {
	var f checkFlags
	c := &cobra.Command{
		Use:   "check PATH…",
		Short: "Judge CloudFormation templates",
		Long: `Judges every CloudFormation template below the given paths, JSON and YAML, by the
same controls that judge live resources. What a template leaves open (a
parameter without a default, a value known only after deployment) is UNKNOWN.

A resource can skip a control with a comment that says why, directly above or
inside it:

    # holdfast:skip=s3-bucket-logging-enabled the log bucket does not log itself

Exit codes: 0 nothing failed at or above --fail-on, 1 something did, 2 a template
or flag could not be read, 3 with --strict: something could not be judged.`,
		Example: `  holdfast check .
  holdfast check stacks/ --exclude 'stacks/legacy/**' --parameters prod.json
  holdfast check . --output sarif --out holdfast.sarif
  holdfast check . --baseline main.jsonl --fail-on high
  holdfast check --test-controls controls/`,
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			if f.test != "" {
				return p.testControls(f.test)
			}
			if len(args) == 0 {
				return app.Usage(fmt.Errorf("check needs a path; `holdfast check .` checks the current folder"))
			}
			f.options.Paths = args
			return p.runCheck(c, f)
		},
	}
	f.output.flags(c, report.FindingFormats)
	flags := c.Flags()
	flags.StringSliceVar(&f.options.Exclude, "exclude", nil, "glob patterns of paths to leave out (** crosses folders)")
	flags.StringVar(&f.options.Parameters, "parameters", "", "file with parameter values, as the AWS CLI takes it")
	flags.StringVar(&f.options.Account, "account", "", "value of AWS::AccountId")
	flags.StringVar(&f.options.Region, "region", "", "value of AWS::Region")
	flags.BoolVar(&f.options.All, "all", false, "show PASS, UNKNOWN, NOT_APPLICABLE and EXCEPTED too")
	flags.StringVar(&f.failOn, "fail-on", "low", "severity from which a failure gives exit code 1: critical, high, medium, low, info or none")
	flags.StringVar(&f.baseline, "baseline", "", "findings of an earlier check (JSON or JSON Lines); only new failures count for the exit code")
	flags.StringVar(&f.test, "test-controls", "", "run the examples of the controls in this folder and nothing else")
	flags.BoolVar(&f.strict, "strict", false, "exit with 3 where something could not be judged")
	return c
}

func (p *program) runCheck(c *cobra.Command, f checkFlags) error {
	format, err := report.ParseFindingFormat(f.format)
	if err != nil {
		return app.Usage(err)
	}
	limit, err := threshold(f.failOn)
	if err != nil {
		return err
	}
	w, err := p.workspace()
	if err != nil {
		return err
	}
	var base *app.Baseline
	if f.baseline != "" {
		if base, err = app.LoadBaseline(c.Context(), nil, f.baseline); err != nil {
			return err
		}
	}
	controls, err := app.Controls(w.ControlFolders())
	if err != nil {
		return err
	}
	engine, err := app.Engine(controls, w.Params)
	if err != nil {
		return err
	}
	if f.options.Exceptions, err = app.LoadExceptions(w.ExceptionFolder()); err != nil {
		return err
	}
	f.options.Now = p.Now()
	started := p.Now()
	checked, err := app.Check(c.Context(), engine, f.options)
	if err != nil {
		return err
	}
	meta := p.meta(engine, f.options.Now)
	meta.Notices = notices(checked)
	meta.Account, meta.Region = f.options.Account, f.options.Region
	// "No findings" in a table would praise templates that nobody could read.
	if silent := format == report.Table && len(checked.Findings) == 0 && (checked.Templates == 0 || len(checked.Faults) > 0 || len(checked.Gaps) > 0); !silent {
		if err := p.write(f.output, func(out io.Writer) error {
			return report.Findings(out, format, meta, each(checked.Findings))
		}); err != nil {
			return err
		}
	}
	if err := p.summarise(checked, base, f.options.All, p.Now().Sub(started).Seconds()); err != nil {
		return err
	}
	if err := checked.Unreadable(); err != nil {
		return err
	}
	return p.verdict(checked, base, limit, f.strict)
}

func (p *program) verdict(checked *app.Checked, base *app.Baseline, limit finding.Severity, strict bool) error {
	counts := func(f *finding.Finding) bool { return base == nil || !base.Has(f.ID) }
	if err := app.Violates(app.Worst(checked.Findings, counts), limit); err != nil {
		failed := 0
		for i := range checked.Findings {
			if f := &checked.Findings[i]; f.Verdict == finding.Fail && counts(f) && f.Severity.Rank() >= limit.Rank() {
				failed++
			}
		}
		p.violated(failed, base != nil, limit)
		return err
	}
	if unseen := checked.Counts[finding.Unknown] + checked.Counts[finding.Error] + len(checked.Gaps); strict && unseen > 0 {
		return &app.ExitError{Code: app.ExitUnseen, Err: fmt.Errorf("%d judgements could not be made; --all and the lines \"not seen\" say why", unseen)}
	}
	return nil
}

func each(list []finding.Finding) func(func(finding.Finding, error) bool) {
	return func(yield func(finding.Finding, error) bool) {
		for _, f := range list {
			if !yield(f, nil) {
				return
			}
		}
	}
}

func notices(c *app.Checked) []report.Notice {
	var out []report.Notice
	for _, w := range c.Warnings {
		out = append(out, report.Notice{Text: w})
	}
	for _, g := range c.Gaps {
		out = append(out, report.Notice{Text: g.Detail})
	}
	for _, err := range c.Faults {
		out = append(out, report.Notice{Error: true, Text: err.Error()})
	}
	return out
}

// summarise says on standard error what was checked and how it came out.
func (p *program) summarise(c *app.Checked, base *app.Baseline, all bool, seconds float64) error {
	var parts []string
	for _, v := range finding.Verdicts {
		if n := c.Counts[v]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, v))
		}
	}
	if len(parts) == 0 {
		parts = append(parts, "nothing to judge")
	}
	fmt.Fprintf(p.Err, "%s, %s: %s (%.1f s)\n", plural(c.Templates, "template"), plural(c.Resources, "resource"), strings.Join(parts, ", "), seconds)
	if base != nil {
		changes, err := c.Since(base)
		if err != nil {
			return err
		}
		fmt.Fprintf(p.Err, "since %s: %d new, %d fixed, %d unchanged\n", changes.Baseline, changes.NewCount, changes.FixedN, changes.Unchanged)
	}
	if unseen := c.Counts[finding.Unknown] + c.Counts[finding.Error]; unseen > 0 && !all {
		fmt.Fprintf(p.Err, "%s could not be judged: --all says why, --parameters FILE gives values, --strict makes it exit code 3\n", plural(unseen, "check"))
	}
	for _, w := range c.Warnings {
		fmt.Fprintln(p.Err, "warning:", w)
	}
	for _, g := range c.Gaps {
		fmt.Fprintln(p.Err, "not seen:", g.Detail)
	}
	if c.Templates == 0 && len(c.Faults) == 0 {
		fmt.Fprintln(p.Err, "no CloudFormation template was found below the given paths")
	}
	return nil
}

func (p *program) testControls(folder string) error {
	controls, err := app.LoadControls(folder)
	if err != nil {
		return err
	}
	if err := enginecheck.Test(controls, control.Options(nil)); err != nil {
		return app.Usage(err)
	}
	examples := 0
	for i := range controls {
		e := &controls[i].Examples
		examples += len(e.Pass) + len(e.Fail) + len(e.Unknown) + len(e.NotApplicable)
	}
	fmt.Fprintf(p.Out, "%s, %s: all come out as they say\n", plural(len(controls), "control"), plural(examples, "example"))
	return nil
}
