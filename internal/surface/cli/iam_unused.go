package cli

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"holdfast.dev/holdfast/internal/app"
	"holdfast.dev/holdfast/internal/engine/iam/glob"
	"holdfast.dev/holdfast/internal/operate/access/unused"
)

// unusedFlags are those of iam unused.
type unusedFlags struct {
	output
	days         int
	kinds        []string
	asOf         string
	files        []string
	events       []string
	tags         []string
	exempt       []string
	fail, strict bool
	verbose      bool
}

func (p *program) iamUnused() *cobra.Command {
	var f unusedFlags
	c := &cobra.Command{
		Use:   "unused",
		Short: "List roles, users, keys, passwords and permissions nobody uses",
		Long: `Lists what was collected and has not been used for a number of days: roles, users,
their passwords and active access keys; and, of principals that are in use, the
services they may use and do not, and the actions within those they do.

Services and actions need AWS's last-accessed data. It takes a report for every
principal, so it is collected only when it is asked for:

    holdfast collect --types Holdfast::IAM::LastAccessed

AWS keeps track of services for 400 days, and of some actions only; of the others it
is not known whether they are used, unless --events names CloudTrail logs that show
them. Attempts that were denied count as use of a service. The last four hours before
collecting may be missing.

Left alone are roles and users younger than the days asked about, service-linked
roles, roles of IAM Identity Center (end the assignment instead), principals with a
break-glass tag, and those named by --exempt. What was not collected is unknown, never
unused.

Exit codes: 0; with --fail 1 where something is unused; with --strict 3 where
something could not be judged.`,
		Example: `  holdfast iam unused
  holdfast iam unused --days 45 --kind role,access-key --fail
  holdfast iam unused --events cloudtrail/ --verbose
  holdfast iam unused --kind action --output jsonl | jq -r '.principal, .actions[]'`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return p.runUnused(c, f) },
	}
	f.output.flags(c, []string{"table", "json", "jsonl"})
	flags := c.Flags()
	flags.IntVar(&f.days, "days", unused.DefaultDays, "days without use")
	flags.StringSliceVar(&f.kinds, "kind", nil, fmt.Sprintf("only these, of %v", unused.Kinds))
	flags.StringVar(&f.asOf, "as-of", "", "look at the store's snapshot of this instant (RFC 3339); of files: when they were fetched")
	flags.StringSliceVar(&f.files, "files", nil, "read these instead of the store: what aws iam get-account-authorization-details gives, of which only the use of roles is known")
	flags.StringSliceVar(&f.events, "events", nil, "files or folders of CloudTrail logs, whose events count as use")
	flags.StringSliceVar(&f.tags, "break-glass-tag", nil, "tags, KEY or KEY=VALUE, of principals kept for emergencies (default "+tagNames()+")")
	flags.StringSliceVar(&f.exempt, "exempt", nil, "ARNs of principals to leave alone; * stands for any text")
	flags.BoolVar(&f.fail, "fail", false, "exit with 1 where something is unused")
	flags.BoolVar(&f.strict, "strict", false, "exit with 3 where something could not be judged")
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "name every action and everything that could not be judged")
	return c
}

func tagNames() string {
	var out []string
	for _, t := range unused.BreakGlassTags {
		out = append(out, t.Key)
	}
	return strings.Join(out, ", ")
}

// options checks the flags.
func (f unusedFlags) options() (unused.Options, error) {
	o := unused.Options{Days: f.days}
	if !known([]string{"table", "json", "jsonl"}, f.format) {
		return o, app.Usage(fmt.Errorf("--output: %q is not one of table, json, jsonl", f.format))
	}
	if f.days < 1 || f.days > unused.MaxDays {
		return o, app.Usage(fmt.Errorf("--days %d: give 1 to %d; AWS keeps track no longer", f.days, unused.MaxDays))
	}
	for _, k := range f.kinds {
		if !known(unused.Kinds, unused.Kind(k)) {
			return o, app.Usage(fmt.Errorf("--kind: %q is not one of %v", k, unused.Kinds))
		}
		o.Kinds = append(o.Kinds, unused.Kind(k))
	}
	for _, t := range f.tags {
		key, value, _ := strings.Cut(t, "=")
		if key == "" {
			return o, app.Usage(fmt.Errorf("--break-glass-tag: %q has no key; give KEY or KEY=VALUE", t))
		}
		o.BreakGlass = append(o.BreakGlass, unused.Tag{Key: key, Value: value})
	}
	var patterns []glob.Pattern
	for _, e := range f.exempt {
		patterns = append(patterns, glob.Compile(e))
	}
	o.Exempt = func(arn string) bool {
		for i := range patterns {
			if patterns[i].Match(arn) {
				return true
			}
		}
		return false
	}
	return o, nil
}

func (p *program) runUnused(c *cobra.Command, f unusedFlags) error {
	options, err := f.options()
	if err != nil {
		return err
	}
	report, err := p.unusedReport(c, f, options)
	if err != nil {
		return err
	}
	for _, fault := range report.Faults {
		fmt.Fprintln(p.Err, "events: "+oneLine(fault))
	}
	if err := p.write(f.output, func(out io.Writer) error { return p.printUnused(out, f, report) }); err != nil {
		return err
	}
	idle, unseen := 0, 0
	for _, i := range report.Items {
		if i.Verdict == unused.Unused {
			idle++
		} else {
			unseen++
		}
	}
	switch {
	case f.fail && idle > 0:
		fmt.Fprintf(p.Err, "exit code 1: %s unused for %d days or more (--fail)\n", things(idle), report.Days)
		return &app.ExitError{Code: app.ExitViolations}
	case f.strict && unseen > 0:
		return &app.ExitError{Code: app.ExitUnseen, Err: fmt.Errorf("%s could not be judged (--strict); --verbose names them", things(unseen))}
	}
	return nil
}

func things(n int) string {
	if n == 1 {
		return "1 thing"
	}
	return fmt.Sprintf("%d things", n)
}

func (p *program) unusedReport(c *cobra.Command, f unusedFlags, o unused.Options) (*app.UnusedReport, error) {
	at, past, err := p.instant(f.asOf)
	if err != nil {
		return nil, err
	}
	options := app.UnusedOptions{Options: o, AccessOptions: app.AccessOptions{Files: f.files, AsOf: at}, Past: past, Events: f.events}
	if len(f.files) > 0 {
		return p.Unused(c.Context(), options)
	}
	w, err := p.workspace()
	if err != nil {
		return nil, err
	}
	s, err := p.open(c.Context(), w, true)
	if err != nil {
		return nil, fmt.Errorf("%w; or read files: --files details.json", err)
	}
	if at, err = judgedAt(c.Context(), s, at, past); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	options.Store, options.AsOf = s, at
	report, err := p.Unused(c.Context(), options)
	return report, errors.Join(err, s.Close())
}

func (p *program) printUnused(out io.Writer, f unusedFlags, r *app.UnusedReport) error {
	switch f.format {
	case "json":
		return encodeJSON(out, r)
	case "jsonl":
		for _, i := range r.Items {
			if err := encodeLine(out, i); err != nil {
				return err
			}
		}
		return nil
	}
	width, _ := terminal(p.Out)
	if f.file != "" || width <= 0 {
		width = 120
	}
	t := unusedTable{page: page{w: out, width: max(width, 60), colour: p.colour(p.Out) && f.file == ""}, verbose: f.verbose}
	t.print(r)
	return t.err
}
