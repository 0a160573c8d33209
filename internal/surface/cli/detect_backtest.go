package cli

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"holdfast.dev/holdfast/internal/app"
	"holdfast.dev/holdfast/internal/finding"
)

func (p *program) detectBacktest() *cobra.Command {
	var f detectFlags
	var o app.BacktestOptions
	var since, until string
	var all bool
	formats := []string{"table", "json"}
	c := &cobra.Command{
		Use:   "backtest [NAME…]",
		Short: "Say what detections would have alerted on, before they are switched on",
		Long: `Runs detections over recorded activity and records nothing: all of them, those that are
named, or with --rules-only those of a folder or file. It tells how many alerts each would
have given a day and in which accounts, how many findings somebody would have had to look
at, by whom and about what the most of them are, and gives examples.

The event lake is read (` + "`holdfast trail import`" + ` fills it), or with --from log files as they
lie. Exceptions and trusted networks of the workspace are applied, and what they cover is
counted apart; --undecided leaves these decisions out. Detections that are switched off
are tried all the same.

Exit codes: 0 done, whatever there was to alert on; 2 usage or input that cannot be read;
3 not everything was judged: files were not read to their ends, or rules were refused.`,
		Example: `  holdfast detect backtest
  holdfast detect backtest trail-stopped ebs-snapshot-shared --since 2026-03-01
  holdfast detect backtest --rules my-rules/new.yaml --rules-only --from logs/
  holdfast detect backtest --from s3://org-trail/AWSLogs --since 2026-03-01 --output json`,
		RunE: func(c *cobra.Command, args []string) (err error) {
			o.Names, o.Detections = args, f.sources
			if o.Source.Since, err = moment("--since", since); err != nil {
				return err
			}
			if o.Source.Until, err = moment("--until", until); err != nil {
				return err
			}
			if !slices.Contains(formats, f.format) {
				return app.Usage(fmt.Errorf("--output: %q is not one of %s", f.format, strings.Join(formats, ", ")))
			}
			return p.runBacktest(c, f.output, o, all)
		},
	}
	f.flags(c, formats...)
	flags := c.Flags()
	flags.StringArrayVar(&o.Source.Paths, "from", nil, "log files, a folder, or s3://BUCKET/PREFIX, instead of the event lake; may come again")
	flags.StringVar(&o.Lake, "lake", "", lakeFlag)
	flags.StringVar(&since, "since", "", "events from here on (RFC 3339, or a day, whose first second in UTC is meant)")
	flags.StringVar(&until, "until", "", "events before here")
	flags.StringSliceVar(&o.Source.Accounts, "account", nil, "only events of these accounts")
	flags.StringSliceVar(&o.Source.Regions, "region", nil, "only events of these Regions")
	flags.StringVar(&o.Source.Profile, "profile", "", "profile of the shared AWS configuration")
	flags.BoolVar(&o.Undecided, "undecided", false, "leave exceptions, trusted networks and severities of the workspace out")
	flags.BoolVar(&all, "all", false, "list detections without an alert as well")
	return c
}

func (p *program) runBacktest(c *cobra.Command, out output, o app.BacktestOptions, all bool) error {
	w, err := p.watching(c.Context())
	if err != nil {
		return err
	}
	if len(o.Source.Paths) > 0 && o.Lake != "" {
		return app.Usage(errors.New("--from reads log files and --lake the event lake; leave one of them out"))
	}
	o.Lake = p.lakeDir(w, o.Lake)
	b, err := p.Backtest(c.Context(), w, o)
	if err != nil {
		return err
	}
	if err := p.write(out, func(w io.Writer) error {
		if out.format == "json" {
			return backtestJSON(w, b)
		}
		return p.backtestTable(w, b, len(o.Names) > 0, all)
	}); err != nil {
		return err
	}
	for _, r := range b.Refused {
		fmt.Fprintf(p.Err, "refused: %v\n", r)
	}
	for _, f := range b.Faults {
		fmt.Fprintf(p.Err, "not read: %s\n", oneLine(f.Error()))
	}
	if n := len(b.Off); n > 0 {
		fmt.Fprintf(p.Err, "%s found nothing to look at, or would need more than this: `--output json` says why\n", plural(n, "detection"))
	}
	if b.Faulty > 0 || len(b.Refused) > 0 {
		return &app.ExitError{Code: app.ExitUnseen, Err: fmt.Errorf("%s not read to their ends, %s refused", plural(b.Faulty, "file"), plural(len(b.Refused), "rule"))}
	}
	return nil
}

// backtestTable is a line for each detection; details where some were asked for.
func (p *program) backtestTable(w io.Writer, b *app.Backtest, details, all bool) error {
	days := b.DaysSpanned()
	fmt.Fprintf(w, "%s from %s to %s UTC, in %s\n\n", plural(b.Events, "event"), stamp(b.First), stamp(b.Last), daysText(days))
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "ALERTS\tA DAY\tBUSIEST DAY\tEXCEPTED\tFINDINGS\tACCOUNTS\tSEVERITY\tDETECTION")
	quiet, opening := 0, 0
	for i := range b.Rules {
		r := &b.Rules[i]
		opening += r.Opening()
		if r.Alerts == 0 {
			if quiet++; !all && !details {
				continue
			}
		}
		fmt.Fprintf(tw, "%d\t%s\t%s\t%d\t%d\t%d\t%s\t%s\n", r.Opening(), rate(r.Opening(), days), busiest(r), r.Excepted, r.Findings, len(r.Accounts), r.Severity, r.Rule)
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	if details {
		for i := range b.Rules {
			backtestDetails(w, &b.Rules[i])
		}
	}
	_, err := fmt.Fprintf(w, "\n%s by %s, %s a day; %d gave none\n", plural(opening, "alert"), plural(len(b.Rules)-quiet, "detection"), rate(opening, days), quiet)
	return err
}

func daysText(n int) string {
	if n == 1 {
		return "1 day"
	}
	return fmt.Sprintf("%d days", n)
}

// rate is how many a day, with as many digits as say something.
func rate(n, days int) string {
	if days == 0 {
		return "0"
	}
	r := float64(n) / float64(days)
	switch {
	case n == 0:
		return "0"
	case r < 0.1:
		return fmt.Sprintf("%.2f", r)
	case r < 10:
		return fmt.Sprintf("%.1f", r)
	}
	return fmt.Sprintf("%.0f", r)
}

func busiest(r *app.BacktestRule) string {
	day, n := r.Busiest()
	if n == 0 {
		return "–"
	}
	return fmt.Sprintf("%d on %s", n, day)
}

func backtestDetails(w io.Writer, r *app.BacktestRule) {
	if r.Alerts == 0 {
		return
	}
	fmt.Fprintf(w, "\n%s: %s\n", r.Rule, oneLine(r.Title))
	part := func(name string, list []app.Ranked) {
		for i, x := range list {
			if i > 0 {
				name = ""
			}
			fmt.Fprintf(w, "  %-9s  %6d  %s\n", name, x.Alerts, oneLine(x.Name))
		}
	}
	part("day", byName(r.Days))
	part("account", byName(r.Accounts))
	part("by", r.Principals)
	part("about", r.Resources)
	for _, a := range r.Examples {
		fmt.Fprintf(w, "  example    %s  %s in %s/%s: %s (event %s)\n", stamp(a.Time), oneLine(a.Name), oneLine(a.Account), oneLine(a.Region), oneLine(cmp.Or(a.Message, a.Title)), oneLine(a.EventID))
	}
}

// byName lists counts in the order of their names.
func byName(counts map[string]int) []app.Ranked {
	var out []app.Ranked
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		out = append(out, app.Ranked{Name: name, Alerts: counts[name]})
	}
	return out
}

// backtestDocument is a backtest in JSON.
type backtestDocument struct {
	Events  int             `json:"events"`
	First   *time.Time      `json:"first"`
	Last    *time.Time      `json:"last"`
	Days    int             `json:"days"`
	Rules   []backtestEntry `json:"rules"`
	Off     []backtestOff   `json:"off"`
	Refused []string        `json:"refused"`
	Faulty  int             `json:"files_not_read"`
}

type backtestEntry struct {
	Rule       string            `json:"rule"`
	Title      string            `json:"rule_title"`
	Severity   finding.Severity  `json:"severity"`
	Alerts     int               `json:"alerts"`
	Excepted   int               `json:"excepted"`
	Findings   int               `json:"findings"`
	Days       map[string]int    `json:"alerts_by_day"`
	Accounts   map[string]int    `json:"alerts_by_account"`
	Principals []backtestRanked  `json:"principals"`
	Resources  []backtestRanked  `json:"resources"`
	Examples   []backtestExample `json:"examples"`
}

type backtestRanked struct {
	Name   string `json:"name"`
	Alerts int    `json:"alerts"`
}

type backtestExample struct {
	EventID   string    `json:"event_id"`
	Time      time.Time `json:"time"`
	Account   string    `json:"account"`
	Region    string    `json:"region"`
	Principal string    `json:"principal"`
	SourceIP  string    `json:"source_ip"`
	Resource  string    `json:"resource"`
	Message   string    `json:"message"`
}

type backtestOff struct {
	Rule   string `json:"rule"`
	Reason string `json:"reason"`
}

func backtestJSON(w io.Writer, b *app.Backtest) error {
	doc := backtestDocument{Events: b.Events, Days: b.DaysSpanned(), Rules: []backtestEntry{}, Off: []backtestOff{}, Refused: []string{}, Faulty: b.Faulty}
	if !b.First.IsZero() {
		first, last := b.First.UTC(), b.Last.UTC()
		doc.First, doc.Last = &first, &last
	}
	for i := range b.Rules {
		r := &b.Rules[i]
		e := backtestEntry{r.Rule, r.Title, r.Severity, r.Alerts, r.Excepted, r.Findings, r.Days, r.Accounts, rankedJSON(r.Principals), rankedJSON(r.Resources), []backtestExample{}}
		for _, a := range r.Examples {
			e.Examples = append(e.Examples, backtestExample{a.EventID, a.Time.UTC(), a.Account, a.Region, a.Principal, a.SourceIP, a.Resource, cmp.Or(a.Message, a.Title)})
		}
		doc.Rules = append(doc.Rules, e)
	}
	for _, o := range b.Off {
		doc.Off = append(doc.Off, backtestOff{o.Rule, o.Reason})
	}
	for _, r := range b.Refused {
		doc.Refused = append(doc.Refused, r.Error())
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(doc)
}

func rankedJSON(list []app.Ranked) []backtestRanked {
	out := make([]backtestRanked, 0, len(list))
	for _, x := range list {
		out = append(out, backtestRanked{x.Name, x.Alerts})
	}
	return out
}
