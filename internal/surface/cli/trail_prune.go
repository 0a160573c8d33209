package cli

import (
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"holdfast.dev/holdfast/internal/app"
)

func (p *program) trailPrune() *cobra.Command {
	var f output
	var o app.TrailPruneOptions
	var dir string
	c := &cobra.Command{
		Use:   "prune",
		Short: "Delete the days of the event lake that are older than what is kept",
		Long: `Deletes whole days of the event lake that are older than the retention: --keep, else what
the workspace says (lake: {retention: {cloudtrail: 400d}}). Only files that Holdfast wrote
go; others in the same folders stay and are named. Events without a time stay.

--dry-run only says what would go.

Exit codes: 0 done, 2 usage, no retention, or there is no lake.`,
		Example: `  holdfast trail prune --dry-run
  holdfast trail prune --keep 400d`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if f.format != "table" && f.format != "json" {
				return app.Usage(fmt.Errorf("--output: %q is not one of table, json", f.format))
			}
			w, err := p.workspace()
			if err != nil {
				return err
			}
			o.Dir, o.Command = p.lakeDir(w, dir), os.Args
			done, err := p.TrailPrune(c.Context(), w, o)
			if err != nil {
				return err
			}
			return p.write(f, func(out io.Writer) error { return pruneReport(out, f.format, done, o.DryRun) })
		},
	}
	f.flags(c, []string{"table", "json"})
	flags := c.Flags()
	flags.StringVar(&dir, "lake", "", lakeFlag)
	flags.StringVar(&o.Keep, "keep", "", "how long events are kept: 400d, 52w, 7y")
	flags.BoolVar(&o.DryRun, "dry-run", false, "delete nothing, say what would go")
	return c
}

func pruneReport(w io.Writer, format string, d *app.TrailPruned, dry bool) error {
	if format == "json" {
		type day struct {
			Organisation string `json:"organisation,omitempty"`
			Account      string `json:"account"`
			Region       string `json:"region"`
			Day          string `json:"day"`
			Events       int    `json:"events"`
			Files        int    `json:"files"`
			Bytes        int64  `json:"bytes"`
		}
		days := []day{}
		for _, x := range d.Days {
			days = append(days, day{x.Organisation, x.Account, x.Region, x.Day.Format(time.DateOnly), x.Events, x.Files, x.Bytes})
		}
		return encodeJSON(w, map[string]any{
			"dry_run": dry, "keep": d.Keep, "before": d.Before.Format(time.DateOnly), "days": days,
			"events": d.Events, "files": d.Files, "bytes": d.Bytes, "foreign": append([]string{}, d.Foreign...),
		})
	}
	e := &errWriter{w: w}
	if len(d.Days) > 0 {
		t := tabwriter.NewWriter(e, 0, 4, 2, ' ', 0)
		fmt.Fprintln(t, "DAY\tACCOUNT\tREGION\tEVENTS\tFILES")
		for _, x := range d.Days {
			fmt.Fprintf(t, "%s\t%s\t%s\t%d\t%d\n", x.Day.Format(time.DateOnly), orUnknown(x.Account), orUnknown(x.Region), x.Events, x.Files)
		}
		if err := t.Flush(); err != nil {
			return err
		}
	}
	for _, f := range d.Foreign {
		fmt.Fprintf(e, "stays, since Holdfast did not write it: %s\n", oneLine(f))
	}
	verb := "deleted"
	if dry {
		verb = "would be deleted"
	}
	fmt.Fprintf(e, "%s in %s (%d bytes) from before %s %s; %s is kept\n", plural(d.Events, "event"), plural(d.Files, "file"), d.Bytes, d.Before.Format(time.DateOnly), verb, d.Keep)
	return e.err
}

func orUnknown(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}
