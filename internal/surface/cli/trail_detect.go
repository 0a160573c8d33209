package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"holdfast.dev/holdfast/internal/app"
	"holdfast.dev/holdfast/internal/finding"
	"holdfast.dev/holdfast/internal/source/cloudtrail"
)

// trailDetectFlags are the flags of trail detect.
type trailDetectFlags struct {
	output
	options      app.TrailDetectOptions
	since, until string
	failOn       string
	strict       bool
	all          bool
	record       bool
}

var alertFormats = []string{"table", "jsonl", "json"}

func (p *program) trailDetect() *cobra.Command {
	var f trailDetectFlags
	c := &cobra.Command{
		Use:   "detect PATH… | s3://BUCKET/PREFIX",
		Short: "Find in CloudTrail's logs what should not have been",
		Long: `Runs the records of CloudTrail log files through detections: Holdfast's own, those of
the workspace, and with --rules Sigma rules as they are. Files are read as AWS lays
them down (gz or plain, of accounts and organisations, any prefix), from this machine
or from S3, in the order of their delivery. An event that comes twice counts once.

The table adds alerts up by detection and resource; JSON Lines has one line for each,
in the order of the events:

  {"rule": …, "rule_title": …, "severity": …, "event_id": …, "time": …, "account": …,
   "region": …, "principal": …, "source_ip": …, "resource": …, "message": …}

With --checkpoint only what is new since the last run is read, and with --follow the
command stays and waits for more: of a folder, of a bucket, or of what a queue of S3
notifications tells (--queue). The checkpoint has the files that are done and what
detections remember; with --out FILE the alerts are part of it too, so that whenever
the process ends nothing is lost and nothing comes twice.

With --record alerts add up to findings in the store (` + "`holdfast findings list --kind detection`" + `),
and which activity was read, by account, Region and day, stands there for the review.

What could not be read and what is switched off, cold or refused is told on standard
error. Exit codes: 0 no alert at or above --fail-on, 1 there are some (those covered by
an exception do not count), 2 usage or input that cannot be read, 3 nothing could be
read in any file, or with --strict: not every file was read to its end, or rules were
refused.`,
		Example: `  holdfast trail detect logs/
  holdfast trail detect s3://org-trail/AWSLogs --since 2026-03-01 --account 111122223333
  holdfast trail detect s3://org-trail/AWSLogs --checkpoint detect.json --record
  holdfast trail detect logs/ --rules sigma/rules/cloud/aws --rules-only --output jsonl
  holdfast trail detect s3://org-trail --follow --checkpoint detect.json --output jsonl --out alerts.jsonl
  holdfast trail detect --queue https://sqs.eu-west-1.amazonaws.com/111122223333/trail --follow --checkpoint detect.json --output jsonl`,
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			f.options.Source.Paths = args
			return p.runTrailDetect(c, &f)
		},
	}
	f.output.flags(c, alertFormats)
	flags := c.Flags()
	o := &f.options
	flags.StringArrayVar(&o.Detections.Rules, "rules", nil, "folder or file of Sigma rules and detections, besides those the workspace names; may come again")
	flags.BoolVar(&o.Detections.RulesOnly, "rules-only", false, "leave Holdfast's own detections out")
	flags.StringVar(&f.since, "since", "", "events from here on (RFC 3339, or a day, whose first second in UTC is meant)")
	flags.StringVar(&f.until, "until", "", "events before here")
	flags.StringSliceVar(&o.Source.Accounts, "account", nil, "only events of these accounts")
	flags.StringSliceVar(&o.Source.Regions, "region", nil, "only events of these Regions")
	flags.StringVar(&o.Source.Profile, "profile", "", "profile of the shared AWS configuration")
	flags.StringVar(&o.Source.Queue, "queue", "", "URL of the SQS queue that S3 (or SNS, or EventBridge) tells of new files")
	flags.BoolVar(&o.Follow.On, "follow", false, "wait for new files until interrupted")
	flags.StringVar(&o.Follow.Checkpoint, "checkpoint", "", "file that keeps how far reading came, and what detections remember")
	flags.DurationVar(&o.Follow.Every, "every", time.Minute, "how often to look for new files")
	flags.DurationVar(&o.Follow.Quiet, "quiet", 2*time.Second, "how long a file of this machine has to be left alone before it is read")
	flags.StringVar(&o.State, "state", "", "file in which detections keep what they learned, without a checkpoint")
	flags.BoolVar(&f.record, "record", false, "keep findings, and which activity was read, in the store, for findings and review")
	flags.StringVar(&f.failOn, "fail-on", "info", "severity from which an alert gives exit code 1: critical, high, medium, low, info or none")
	flags.BoolVar(&f.strict, "strict", false, "exit with 3 where something could not be read, or a rule was refused")
	flags.BoolVar(&f.all, "all", false, "name every detection that is off, and alerts that an exception covers in the table")
	return c
}

func (p *program) runTrailDetect(c *cobra.Command, f *trailDetectFlags) error {
	limit, err := threshold(f.failOn)
	if err != nil {
		return err
	}
	if err := f.read(); err != nil {
		return err
	}
	w, err := p.watching(c.Context())
	if err != nil {
		return err
	}
	f.options.Fault = func(fault *cloudtrail.Fault) { fmt.Fprintf(p.Err, "not read: %s\n", oneLine(fault.Error())) }
	f.options.Note = func(text string) { fmt.Fprintln(p.Err, oneLine(text)) }
	// Most of what is kept are tables without pointers: collecting often costs next to
	// nothing, and memory stays half as large.
	defer debug.SetGCPercent(debug.SetGCPercent(20))
	started := p.Now()
	found, err := p.detectRecorded(c, f, w)
	if found != nil && (err == nil || f.options.Follow.On) {
		p.detectSummary(found, f.all, p.Now().Sub(started))
	}
	if err != nil {
		return err
	}
	return p.detectVerdict(found, limit, f.strict)
}

// detectRecorded runs the detections, and records what they come to where that is
// asked for.
func (p *program) detectRecorded(c *cobra.Command, f *trailDetectFlags, w app.Workspace) (found *app.TrailDetected, err error) {
	if !f.record {
		return p.detectInto(c, f, w)
	}
	err = p.recorded(c.Context(), w, f.options.Source.String(), func(r *app.TrailRecorder) (err error) {
		f.options.Record = r
		found, err = p.detectInto(c, f, w)
		return err
	})
	return found, err
}

// read checks what flags say together.
func (f *trailDetectFlags) read() error {
	if !slices.Contains(alertFormats, f.format) {
		return app.Usage(fmt.Errorf("--output: %q is not one of table, jsonl, json", f.format))
	}
	o := &f.options
	var err error
	if o.Source.Since, err = moment("--since", f.since); err != nil {
		return err
	}
	if o.Source.Until, err = moment("--until", f.until); err != nil {
		return err
	}
	goesOn := o.Follow.On || o.Follow.Checkpoint != ""
	if goesOn && f.format == "json" || o.Follow.On && f.format == "table" {
		return app.Usage(fmt.Errorf("--output %s is for what has an end; with --follow or --checkpoint write jsonl", f.format))
	}
	return nil
}

// detectInto runs the detections and prints alerts where they are wanted.
func (p *program) detectInto(c *cobra.Command, f *trailDetectFlags, w app.Workspace) (found *app.TrailDetected, err error) {
	run := func(out io.Writer) (err error) {
		report := alertReportOf(f.format, out, f.all)
		f.options.Alert = report.alert
		if found, err = p.TrailDetect(c.Context(), w, f.options); err != nil {
			return errors.Join(err, report.flush())
		}
		return report.end()
	}
	o := &f.options.Follow
	switch {
	case o.Checkpoint != "" && f.file != "" && f.format == "jsonl":
		lines, err := openAlertFile(f.file)
		if err != nil {
			return nil, err
		}
		o.Output, f.options.Alert = lines, lines.alert
		found, err = p.TrailDetect(c.Context(), w, f.options)
		return found, errors.Join(err, lines.close())
	case o.On && f.file != "":
		return nil, app.Usage(errors.New("--follow with --out needs a --checkpoint, which says where the file stands"))
	case o.On || f.format == "jsonl" && f.file == "":
		// Who reads along wants to see alerts when they happen.
		report := alertReportOf(f.format, p.Out, f.all)
		f.options.Alert = report.alert
		o.Output = flushed{report}
		found, err = p.TrailDetect(c.Context(), w, f.options)
		return found, errors.Join(err, report.end())
	}
	return found, p.write(f.output, run)
}

// alertLine is an alert for programs.
type alertLine struct {
	Rule       string   `json:"rule"`
	Title      string   `json:"rule_title"`
	Severity   string   `json:"severity"`
	EventID    string   `json:"event_id"`
	Time       string   `json:"time"`
	Account    string   `json:"account"`
	Region     string   `json:"region"`
	Principal  string   `json:"principal"`
	SourceIP   string   `json:"source_ip"`
	Service    string   `json:"event_source"`
	Name       string   `json:"event_name"`
	UserAgent  string   `json:"user_agent,omitempty"`
	Error      string   `json:"error,omitempty"`
	Resource   string   `json:"resource"`
	Message    string   `json:"message"`
	Count      int      `json:"count"`
	First      string   `json:"first_seen"`
	Last       string   `json:"last_seen"`
	Events     []string `json:"event_ids"`
	Techniques []string `json:"techniques,omitempty"`
	Objective  string   `json:"objective,omitempty"`
	Playbook   string   `json:"playbook,omitempty"`
	Exception  string   `json:"exception,omitempty"`
}

// written is a time as lines have it; nothing where the record says none, or what is
// none.
func written(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

func alertLineOf(a *finding.Alert) alertLine {
	return alertLine{
		a.Rule, a.Title, string(a.Severity), a.EventID, written(a.Time), a.Account, a.Region, cmp.Or(a.Session, a.Principal), a.SourceIP, a.Service, a.Name,
		a.UserAgent, a.Error, a.Resource, a.Message, a.Count, written(a.First), written(a.Last), a.Events, a.Techniques, a.Objective, a.Playbook, a.Exception,
	}
}
