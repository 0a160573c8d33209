package cli

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"holdfast.dev/holdfast/internal/app"
	"holdfast.dev/holdfast/internal/source/logfile"
)

// networkHelp is what detect flow and detect dns have in common.
const networkHelp = `Threat lists are yours to choose: text with an address, range or domain on each line,
CSV with a header (indicator, category, description) or a STIX 2 bundle. KIND=FILE says
what they list: c2, tor, mining, blackhole, drop-point, scanner, phishing or malicious,
which is what a list without a kind is. --trusted takes the same forms, and marks alerts
about what is on it as excepted; so do trusted networks and exceptions of the workspace.

With --state detections remember from run to run: windows go on, and baselines of
fourteen days can form at all. Give each record once then.

With --record alerts add up to findings in the store (` + "`holdfast findings list --kind detection`" + `),
and what was read counts as evidence in reviews.

The table adds alerts up by detection and resource; JSON Lines has one line for each,
whose event_ids are places in the logs (file:line). What could not be read, what AWS
lost (SKIPDATA), and what is off or cold is told on standard error. Exit codes: 0 no
alert at or above --fail-on, 1 there are some (those covered by an exception do not
count), 2 usage or input that cannot be read, 3 where nothing could be read in any file,
or with --strict: something was not seen.`

// networkFlags are those of detect flow and detect dns.
type networkFlags struct {
	output
	options      app.NetworkDetectOptions
	since, until string
	failOn       string
	strict       bool
	all          bool
	record       bool
}

func (f *networkFlags) flags(c *cobra.Command) {
	f.output.flags(c, alertFormats)
	flags := c.Flags()
	o := &f.options
	flags.StringArrayVar(&o.Threats, "threats", nil, "threat list, as KIND=FILE or FILE; may come again")
	flags.StringArrayVar(&o.Trusted, "trusted", nil, "list of addresses and domains whose alerts open nothing; may come again")
	flags.StringArrayVar(&o.Detections.Rules, "rules", nil, "folder or file of detections of your own, besides those the workspace names; may come again")
	flags.BoolVar(&o.Detections.RulesOnly, "rules-only", false, "leave Holdfast's own detections out")
	flags.StringVar(&f.since, "since", "", "records from here on (RFC 3339, or a day, whose first second in UTC is meant)")
	flags.StringVar(&f.until, "until", "", "records before here (default a day from now)")
	flags.StringSliceVar(&o.Accounts, "account", nil, "only records of these accounts")
	flags.StringSliceVar(&o.Regions, "region", nil, "only records of these Regions")
	flags.StringVar(&o.Profile, "profile", "", "profile of the shared AWS configuration")
	flags.StringVar(&o.State, "state", "", "file in which detections keep what they learned")
	flags.BoolVar(&f.record, "record", false, "keep findings, and which traffic was read, in the store, for findings and review")
	flags.StringVar(&f.failOn, "fail-on", "info", "severity from which an alert gives exit code 1: critical, high, medium, low, info or none")
	flags.BoolVar(&f.strict, "strict", false, "exit with 3 where something could not be read, was lost by AWS, or a rule was refused")
	flags.BoolVar(&f.all, "all", false, "name every detection that is off, and alerts that an exception covers in the table")
}

func (p *program) runNetwork(c *cobra.Command, f *networkFlags) error {
	limit, err := threshold(f.failOn)
	if err != nil {
		return err
	}
	if !slices.Contains(alertFormats, f.format) {
		return app.Usage(fmt.Errorf("--output: %q is not one of table, jsonl, json", f.format))
	}
	if f.options.Since, err = moment("--since", f.since); err != nil {
		return err
	}
	if f.options.Until, err = moment("--until", f.until); err != nil {
		return err
	}
	w, err := p.workspace()
	if err != nil {
		return err
	}
	f.options.Fault = func(fault *logfile.Fault) { fmt.Fprintf(p.Err, "not read: %s\n", oneLine(fault.Error())) }
	started := p.Now()
	found, err := p.networkRecorded(c, f, w)
	if err != nil {
		return err
	}
	p.networkSummary(found, f, p.Now().Sub(started))
	return p.detectVerdict(found, limit, f.strict)
}

// networkRecorded runs the detections, and records what they come to where that is
// asked for.
func (p *program) networkRecorded(c *cobra.Command, f *networkFlags, w app.Workspace) (found *app.NetworkDetected, err error) {
	run := func(out io.Writer) (err error) {
		report := alertReportOf(f.format, out, f.all)
		f.options.Alert = report.alert
		if found, err = p.NetworkDetect(c.Context(), w, f.options); err != nil {
			return errors.Join(err, report.flush())
		}
		return report.end()
	}
	if !f.record {
		err = p.write(f.output, run)
		return found, err
	}
	err = p.recorded(c.Context(), w, strings.Join(f.options.Paths, " "), func(r *app.TrailRecorder) error {
		f.options.Record = r
		return p.write(f.output, run)
	})
	return found, err
}

// networkSummary says on standard error what was read and what came of it.
func (p *program) networkSummary(d *app.NetworkDetected, f *networkFlags, took time.Duration) {
	for _, r := range d.Refused {
		fmt.Fprintf(p.Err, "refused: %s\n", oneLine(r.Error()))
	}
	what := "flow"
	if f.options.Lookups {
		what = "lookup"
	}
	var parts []string
	add := func(n int64, text string) {
		if n > 0 {
			parts = append(parts, plural(int(n), "row")+" "+text)
		}
	}
	add(d.Outside, "of other accounts, Regions or times")
	add(d.NoData, "without traffic")
	add(d.Bad, "passed over")
	text := fmt.Sprintf("%s, %s", plural(d.Files, "file"), plural(int(d.Records), what))
	if len(parts) > 0 {
		text += " (" + strings.Join(parts, ", ") + ")"
	}
	if !d.First.IsZero() {
		text += fmt.Sprintf(" from %s to %s", rfc(d.First), rfc(d.Last))
	}
	text += "; " + plural(d.Detections, "detection")
	if d.Threats > 0 {
		text += fmt.Sprintf(", %d on threat lists", d.Threats)
	}
	fmt.Fprintf(p.Err, "%s (%.1f s)\n", text, took.Seconds())
	if d.Skipped > 0 {
		fmt.Fprintf(p.Err, "AWS lost flows in %s (SKIPDATA), so nothing is known of them: %s\n", plural(int(d.Skipped), "interval"), shortList(d.Lost, f.all))
	}
	if len(d.Lacking) > 0 {
		fmt.Fprintf(p.Err, "the format has no %s, so detections that look at them see less\n", strings.Join(d.Lacking, ", "))
	}
	if d.Faulty > 0 {
		fmt.Fprintf(p.Err, "%s could not be read whole, so nothing is known of the rest\n", plural(d.Faulty, "file"))
	}
	if len(d.Forgotten) > 0 {
		fmt.Fprintf(p.Err, "the state had something about detections that are gone or have changed: %s\n", oneLine(strings.Join(d.Forgotten, ", ")))
	}
	p.detectOff(d.Off, f.all)
	fmt.Fprintln(p.Err, alertCounts(&d.AlertTally))
}

// shortList names some of many.
func shortList(names []string, all bool) string {
	const most = 5
	if len(names) > most && !all {
		return oneLine(fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most))
	}
	return oneLine(strings.Join(names, ", "))
}
