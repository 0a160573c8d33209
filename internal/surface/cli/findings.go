package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"
	"sync"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"holdfast.dev/holdfast/internal/app"
	"holdfast.dev/holdfast/internal/engine/check"
	"holdfast.dev/holdfast/internal/finding"
	"holdfast.dev/holdfast/internal/operate/review"
	"holdfast.dev/holdfast/internal/store"
	"holdfast.dev/holdfast/internal/surface/report"
)

func (p *program) findings() *cobra.Command {
	c := &cobra.Command{
		Use:   "findings",
		Short: "List, show and export findings",
		Long: `Findings are the verdicts worth following over time. Each has a stable id and a
life: new, open, resolved, reopened. Of controls the latest review decides where they
stand. The alerts of one detection about one resource add up to a finding too: it stays
open until an exception covers it, or nothing came of it for 30 days in which the
activity of its account and Region was read.`,
		Example: `  holdfast findings list --severity critical,high
  holdfast findings show 3f9a
  holdfast findings export --output sarif --out findings.sarif`,
	}
	c.AddCommand(p.findingsList(), p.findingsShow(), p.findingsExport(), p.findingsRuns())
	return c
}

// filter is the flags by which findings are chosen.
type filter struct {
	rules, severities, statuses, verdicts, accounts, regions, types, kinds []string
	run                                                                    int64
	group                                                                  string
}

func (f *filter) flags(c *cobra.Command) {
	flags := c.Flags()
	flags.StringSliceVar(&f.kinds, "kind", nil, "only of this kind: control or detection")
	flags.StringSliceVar(&f.rules, "rule", nil, "only of these controls or detections")
	flags.StringSliceVar(&f.severities, "severity", nil, "only of these severities")
	flags.StringSliceVar(&f.statuses, "status", nil, "only new, open, reopened or resolved (default: all but resolved)")
	flags.StringSliceVar(&f.verdicts, "verdict", nil, "only with these verdicts: FAIL, EXCEPTED, PREVENTED, UNKNOWN, ERROR")
	flags.StringSliceVar(&f.accounts, "account", nil, "only in these accounts")
	flags.StringSliceVar(&f.regions, "region", nil, "only in these Regions")
	flags.StringSliceVar(&f.types, "type", nil, "only on these resource types")
	flags.Int64Var(&f.run, "run", 0, "as the review with this run number left them")
}

func (f *filter) query() (store.FindingQuery, error) {
	q := store.FindingQuery{AsOfRun: f.run, Rules: f.rules, Accounts: f.accounts, Regions: f.regions, Types: f.types}
	for _, s := range f.severities {
		severity, err := finding.ParseSeverity(s)
		if err != nil {
			return q, app.Usage(fmt.Errorf("--severity: %w", err))
		}
		q.Severities = append(q.Severities, severity)
	}
	for _, k := range f.kinds {
		kind, err := finding.ParseKind(k)
		if err != nil {
			return q, app.Usage(fmt.Errorf("--kind: %w", err))
		}
		q.Kinds = append(q.Kinds, kind)
	}
	for _, v := range f.verdicts {
		verdict := finding.Verdict(strings.ToUpper(v))
		if !known(finding.Verdicts[:], verdict) {
			return q, app.Usage(fmt.Errorf("--verdict: %q is not one of %v", v, finding.Verdicts))
		}
		q.Verdicts = append(q.Verdicts, verdict)
	}
	all := []finding.Status{finding.New, finding.Open, finding.Reopened, finding.Resolved}
	q.Statuses = all[:3]
	if len(f.statuses) > 0 {
		q.Statuses = nil
	}
	for _, s := range f.statuses {
		status := finding.Status(strings.ToLower(s))
		if !known(all, status) {
			return q, app.Usage(fmt.Errorf("--status: %q is not one of %v", s, all))
		}
		q.Statuses = append(q.Statuses, status)
	}
	return q, nil
}

func foldedIn(list []string, v string) bool {
	return len(list) == 0 || slices.ContainsFunc(list, func(s string) bool { return strings.EqualFold(s, v) })
}

func known[T comparable](list []T, v T) bool {
	for _, e := range list {
		if e == v {
			return true
		}
	}
	return false
}

func (p *program) findingsList() *cobra.Command {
	var f filter
	var o output
	var all bool
	c := &cobra.Command{
		Use: "list", Short: "List findings, worst first", Args: cobra.NoArgs,
		Long: `Lists the findings of the latest review, worst first. Where they are many, begin with
--group control: a line for each control, with how many findings it has in how many
accounts. With --all the evidence of the latest review is judged again and every
verdict listed; --all --verdict UNKNOWN says what could not be judged, and why.`,
		Example: `  holdfast findings list --group control
  holdfast findings list --rule s3-bucket-ssl-requests-only --account 111122223333
  holdfast findings list --status new --output jsonl
  holdfast findings list --kind detection
  holdfast findings list --all --verdict UNKNOWN`,
		RunE: func(c *cobra.Command, _ []string) error {
			switch f.group {
			case "", groupControl, groupAccount:
			default:
				return app.Usage(fmt.Errorf("--group: %q is not one of %s, %s", f.group, groupControl, groupAccount))
			}
			if f.group != "" && o.format != string(report.Table) {
				return app.Usage(fmt.Errorf("--group is a table; leave out --output %s, or group what it gives yourself", o.format))
			}
			return p.emitFindings(c, f, o, all)
		},
	}
	o.flags(c, report.FindingFormats)
	f.flags(c)
	c.Flags().StringVar(&f.group, "group", "", "a line for each control or account instead of each finding")
	c.Flags().BoolVar(&all, "all", false, "every verdict on the evidence of the latest review, not only findings")
	return c
}

func (p *program) findingsExport() *cobra.Command {
	var f filter
	var o output
	var all bool
	c := &cobra.Command{
		Use: "export", Short: "Export findings for other programs", Args: cobra.NoArgs,
		Long: `Exports findings as JSON, JSON Lines, CSV, SARIF 2.1.0, ASFF (Security Hub), OCSF
1.5 (Security Lake), JUnit or Markdown. With --all the evidence of the latest
review is judged again and every verdict exported, PASS, UNKNOWN and
NOT_APPLICABLE among them.`,
		Example: `  holdfast findings export --output asff --out findings.json
  holdfast findings export --all --output jsonl | jq 'select(.verdict=="UNKNOWN")'`,
		RunE: func(c *cobra.Command, _ []string) error { return p.emitFindings(c, f, o, all) },
	}
	o.flags(c, report.FindingFormats)
	c.Flags().Lookup("output").DefValue = "jsonl"
	o.format = "jsonl"
	c.Flags().BoolVar(&all, "all", false, "every verdict on the evidence of the latest review, not only findings")
	f.flags(c)
	return c
}

func (p *program) emitFindings(c *cobra.Command, f filter, o output, all bool) error {
	format, err := report.ParseFindingFormat(o.format)
	if err != nil {
		return app.Usage(err)
	}
	query, err := f.query()
	if err != nil {
		return err
	}
	return p.reading(c.Context(), func(reviewing *app.Reviewing, s *store.Store) error {
		if f.run != 0 {
			if _, err := app.CheckRun(c.Context(), s, f.run); err != nil {
				return err
			}
		}
		at, reviewed, err := app.Reviewed(c.Context(), s)
		switch {
		case err != nil:
			return err
		case !reviewed && !all:
			if at = p.Now().UTC(); !detected(c.Context(), s) {
				return app.Usage(errors.New("nothing was reviewed in this store yet, so there are no findings; run `holdfast review`"))
			}
		case !reviewed:
			if at, err = judgedAt(c.Context(), s, p.Now().UTC(), false); err != nil {
				return err
			}
		}
		meta := p.meta(reviewing.Engine, at)
		if meta.Rules, err = p.withDetections(meta.Rules); err != nil {
			return err
		}
		if err := knownRules(c.Context(), reviewing.Engine, meta.Rules, s, f.rules); err != nil {
			return err
		}
		seq := s.Findings(c.Context(), query)
		if all {
			seq = everyVerdict(c, reviewing.Reviewer(s, at), s, f, query)
		}
		if f.group != "" {
			return p.write(o, func(out io.Writer) error {
				return report.Groups(out, meta, f.group == groupAccount, seq)
			})
		}
		listed := 0
		if err := p.write(o, func(out io.Writer) error {
			return report.Findings(out, format, meta, counted(seq, &listed))
		}); err != nil {
			return err
		}
		p.hint(format, f, all, listed)
		return nil
	})
}

const (
	groupControl = "control"
	groupAccount = "account"
	// manyFindings are more than anybody reads one by one.
	manyFindings = 100
)

// hint says what helps where a list is too long to read, or shorter than expected.
func (p *program) hint(format report.Format, f filter, all bool, listed int) {
	switch {
	case format != report.Table:
	case listed > manyFindings:
		fmt.Fprintln(p.Err, "many findings: `--group control` gives a line for each control, `--severity critical,high` the worst")
	case listed == 0 && !all && slices.ContainsFunc(f.verdicts, func(v string) bool { return !strings.EqualFold(v, "FAIL") }):
		fmt.Fprintln(p.Err, "without --all only open findings are looked at; add it for every verdict")
	}
}

func counted(seq iter.Seq2[finding.Finding, error], n *int) iter.Seq2[finding.Finding, error] {
	return func(yield func(finding.Finding, error) bool) {
		for f, err := range seq {
			*n++
			if !yield(f, err) {
				return
			}
		}
	}
}

// knownRules refuses a misspelt control, which would look like one that holds.
// A control that is gone, and an exception that expired, have findings all the
// same.
func knownRules(ctx context.Context, engine *check.Engine, rule func(string) (report.Rule, bool), s *store.Store, ids []string) error {
	for _, id := range ids {
		if _, ok := rule(id); ok {
			continue
		}
		found := false
		for _, err := range s.Findings(ctx, store.FindingQuery{Rules: []string{id}}) {
			if err != nil {
				return err
			}
			found = true
			break
		}
		if found {
			continue
		}
		controls := make([]check.Control, 0, len(engine.Controls()))
		for _, c := range engine.Controls() {
			controls = append(controls, *c)
		}
		return noControl(controls, id)
	}
	return nil
}

// detected tells whether detections found anything in a store without a review.
func detected(ctx context.Context, s *store.Store) bool {
	for _, err := range s.Findings(ctx, store.FindingQuery{Kinds: []finding.Kind{finding.Detection}}) {
		return err == nil
	}
	return false
}

// withDetections lets reports look up detections beside controls. They are loaded
// when the first is asked for.
func (p *program) withDetections(controls func(string) (report.Rule, bool)) (func(string) (report.Rule, bool), error) {
	w, err := p.workspace()
	if err != nil {
		return nil, err
	}
	load := sync.OnceValue(func() *app.Detections {
		all, err := app.LoadDetections(w, app.DetectSources{Lean: true})
		if err != nil {
			return new(app.Detections) // a report of what was found stands without descriptions
		}
		return all
	})
	return func(id string) (report.Rule, bool) {
		if rule, ok := controls(id); ok {
			return rule, true
		}
		d, err := load().Find(id)
		if err != nil {
			return report.Rule{}, false
		}
		fix := ""
		if d.Playbook != "" {
			fix = "Follow the playbook " + d.Playbook + "."
		}
		return report.Rule{Title: d.Rule.Title, Description: strings.TrimSpace(d.Rule.Description), Severity: d.Severity(), Fix: fix, Tags: []string{d.Objective, "detection"}}, true
	}, nil
}

// everyVerdict judges the latest evidence again, keeping what passes too, and adds
// what detections found, which is not judged again.
func everyVerdict(c *cobra.Command, reviewer *review.Reviewer, s *store.Store, f filter, query store.FindingQuery) iter.Seq2[finding.Finding, error] {
	reviewer.All = true
	matches := func(list []string, v string) bool { return len(list) == 0 || known(list, v) }
	kinds := query.Kinds
	wants := func(k finding.Kind) bool { return len(kinds) == 0 || known(kinds, k) }
	return func(yield func(finding.Finding, error) bool) {
		if wants(finding.Detection) {
			query.Kinds = []finding.Kind{finding.Detection}
			for x, err := range s.Findings(c.Context(), query) {
				if !yield(x, err) {
					return
				}
			}
		}
		if !wants(finding.Control) {
			return
		}
		for x, err := range reviewer.Findings(c.Context()) {
			if err == nil && !(matches(f.rules, x.Rule) && foldedIn(f.severities, string(x.Severity)) && foldedIn(f.verdicts, string(x.Verdict)) &&
				matches(f.accounts, x.Account) && matches(f.regions, x.Region) && matches(f.types, x.Type)) {
				continue
			}
			if err == nil {
				x = withState(c, s, x)
			}
			if !yield(x, err) {
				return
			}
		}
	}
}

// withState adds the history that the store has of a failing finding.
func withState(c *cobra.Command, s *store.Store, f finding.Finding) finding.Finding {
	if f.Verdict == finding.Pass || f.Verdict == finding.NotApplicable {
		return f
	}
	if stored, err := s.Finding(c.Context(), f.ID); err == nil {
		f.State = stored.State
	}
	return f
}

func (p *program) findingsShow() *cobra.Command {
	return &cobra.Command{
		Use: "show ID", Short: "Show one finding with its history", Args: cobra.ExactArgs(1),
		Long:    "Shows one finding by its id, or by the start of it: what is wrong, why it matters,\nhow to mend it, and what happened to it in each review.",
		Example: "  holdfast findings show 3f9a",
		RunE:    func(c *cobra.Command, args []string) error { return p.showFinding(c, args[0]) },
	}
}

func (p *program) showFinding(c *cobra.Command, id string) error {
	return p.reading(c.Context(), func(reviewing *app.Reviewing, s *store.Store) error {
		f, err := s.Finding(c.Context(), id)
		if err != nil {
			return app.Usage(err)
		}
		history, err := s.FindingHistory(c.Context(), f.ID)
		if err != nil {
			return err
		}
		look, err := p.withDetections(rules(reviewing.Engine))
		if err != nil {
			return err
		}
		rule, _ := look(f.Rule)
		if err := p.printFinding(f, rule, history); err != nil || f.Kind != finding.Detection {
			return err
		}
		alerts, err := s.Alerts(c.Context(), f.ID)
		if err != nil {
			return err
		}
		return p.printAlerts(f, alerts)
	})
}

// printAlerts lists the latest alerts of a detection's finding.
func (p *program) printAlerts(f finding.Finding, alerts []finding.Alert) error {
	tw := tabwriter.NewWriter(p.Out, 0, 0, 2, ' ', 0)
	title := plural(f.Alerts, "alert")
	if len(alerts) < f.Alerts {
		title = fmt.Sprintf("the latest %d of %s", len(alerts), title)
	}
	fmt.Fprintf(tw, "\n%s\nTIME\tACTION\tBY\tFROM\tEVENT\n", title)
	for _, a := range alerts {
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\n", stamp(a.Time), sentence(errors.New(a.Name)), sentence(errors.New(a.Principal)), sentence(errors.New(a.SourceIP)), sentence(errors.New(a.EventID)))
	}
	return tw.Flush()
}

func (p *program) printFinding(f finding.Finding, rule report.Rule, history []store.Change) error {
	alerts := ""
	if f.Kind == finding.Detection {
		alerts = strconv.Itoa(f.Alerts)
	}
	columns, _ := terminal(p.Out)
	tw := tabwriter.NewWriter(p.Out, 0, 0, 2, ' ', 0)
	for _, row := range [][2]string{
		{"finding", f.ID}, {"verdict", string(f.Verdict)}, {"status", string(f.Status)}, {"severity", string(f.Severity)},
		{f.Kind.String(), f.Rule}, {"", f.Title}, {"resource", f.Resource}, {"type", f.Type}, {"arn", f.ARN}, {"account", f.Account}, {"region", f.Region},
		{"message", f.Message}, {"why", rule.Description}, {"fix", rule.Fix}, {"serves", strings.Join(prefixed("SEC01-", f.Practices), ", ")},
		{"techniques", strings.Join(f.Techniques, ", ")}, {"playbook", f.Playbook}, {"alerts", alerts},
		{"exception", f.Exception}, {"prevented by", f.PreventedBy}, {"first seen", stamp(f.FirstSeen)}, {"last seen", stamp(f.LastSeen)}, {"due", stamp(f.Due)},
	} {
		if row[1] != "" {
			name := row[0]
			for _, line := range lines(sentence(errors.New(row[1])), columns-labelColumns) {
				fmt.Fprintf(tw, "%s\t%s\n", name, line)
				name = ""
			}
		}
	}
	fmt.Fprintln(tw)
	for _, h := range history {
		fmt.Fprintf(tw, "%s\t%s %d: %s, %s\n", stamp(h.At), runName(f), h.Run, h.Status, h.Verdict)
	}
	return tw.Flush()
}

// runName is what advances a finding: a review, or any run where it is of a
// detection, which recordings advance too.
func runName(f finding.Finding) string {
	if f.Kind == finding.Detection {
		return "run"
	}
	return "review"
}

// labelColumns are what the names before the values take: "prevented by".
const labelColumns = 14

func (p *program) findingsRuns() *cobra.Command {
	return &cobra.Command{
		Use: "runs", Short: "List collections and reviews, the latest first", Args: cobra.NoArgs,
		Long:    "Lists the runs of this store. The number of a review is what --baseline and --run take.",
		Example: "  holdfast findings runs",
		RunE: func(c *cobra.Command, _ []string) error {
			w, err := p.workspace()
			if err != nil {
				return err
			}
			s, err := p.open(c.Context(), w, true)
			if err != nil {
				return err
			}
			defer s.Close()
			runs, err := s.Runs(c.Context())
			if err != nil {
				return err
			}
			tw := tabwriter.NewWriter(p.Out, 0, 0, 2, ' ', 0)
			fmt.Fprintln(tw, "RUN\tKIND\tSTARTED\tSTATUS\tSUMMARY")
			for _, r := range runs {
				fmt.Fprintf(tw, "%d\t%s\t%s\t%s\t%s\n", r.ID, r.Kind, stamp(r.Started), r.Status, summaryOf(r.Summary))
			}
			return tw.Flush()
		},
	}
}
