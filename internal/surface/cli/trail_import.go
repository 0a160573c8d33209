package cli

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"holdfast.dev/holdfast/internal/app"
	"holdfast.dev/holdfast/internal/source/cloudtrail"
)

func (p *program) trailImport() *cobra.Command {
	var f output
	var o app.TrailImportOptions
	var dir, since, until string
	var strict bool
	c := &cobra.Command{
		Use:   "import PATH… | s3://BUCKET/PREFIX",
		Short: "Keep CloudTrail's logs in the event lake",
		Long: `Reads CloudTrail log files as AWS lays them down, from this machine or from S3, and keeps
their events in the lake: Parquet files in Amazon Security Lake's layout, by organisation,
Region, account and day, with the columns of OCSF's API Activity and the raw record. What
trail search, trail timeline and detect backtest ask about is there; Athena, Trino, Spark
and DuckDB read it as it is.

An event is in the lake once, however often its log is imported. Log files whose names say
when they were delivered are remembered and not read again (--again reads them). Events
become part of the lake in units of up to a million, each whole or not at all: when the
process is killed, importing the same again goes on from there. One process writes at a
time; readers are never held up. Many small files of a day are put together at the end.

Exit codes: 0 done, 2 usage, or a lake that cannot be written, 3 with --strict: not every
log file was read to its end.`,
		Example: `  holdfast trail import logs/
  holdfast trail import s3://org-trail/AWSLogs --since 2026-03-01
  holdfast trail import logs/ --lake /data/lake --strict`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o.Source.Paths = args
			var err error
			if o.Source.Since, err = moment("--since", since); err != nil {
				return err
			}
			if o.Source.Until, err = moment("--until", until); err != nil {
				return err
			}
			w, err := p.workspace()
			if err != nil {
				return err
			}
			o.Dir = p.lakeDir(w, dir)
			return p.runTrailImport(c, f, o, strict)
		},
	}
	f.flags(c, []string{"table", "json"})
	flags := c.Flags()
	flags.StringVar(&dir, "lake", "", lakeFlag)
	flags.StringVar(&since, "since", "", "events from here on (RFC 3339, or a day, whose first second in UTC is meant)")
	flags.StringVar(&until, "until", "", "events before here")
	flags.StringSliceVar(&o.Source.Accounts, "account", nil, "only events of these accounts")
	flags.StringSliceVar(&o.Source.Regions, "region", nil, "only events of these Regions")
	flags.StringVar(&o.Source.Profile, "profile", "", "profile of the shared AWS configuration")
	flags.BoolVar(&o.Again, "again", false, "read log files that are in the lake already")
	flags.BoolVar(&strict, "strict", false, "exit with 3 where a log file could not be read to its end")
	return c
}

const lakeFlag = "folder of the lake (default what the workspace says, else lake in the store)"

// lakeDir is the folder of the lake, below the store that --store names where nothing
// else says.
func (p *program) lakeDir(w app.Workspace, flag string) string {
	if flag == "" && w.Lake.Dir == "" {
		return filepath.Join(p.StoreDir(w, p.storeDir), "lake")
	}
	return p.LakeDir(w, flag)
}

func (p *program) runTrailImport(c *cobra.Command, f output, o app.TrailImportOptions, strict bool) error {
	if f.format != "table" && f.format != "json" {
		return app.Usage(fmt.Errorf("--output: %q is not one of table, json", f.format))
	}
	o.Lake.Command = os.Args
	o.Fault = func(fault *cloudtrail.Fault) { fmt.Fprintf(p.Err, "not read: %s\n", oneLine(fault.Error())) }
	// Most of what is kept are bytes without pointers, which are used again: collecting
	// often costs next to nothing, and memory stays half as large.
	defer debug.SetGCPercent(debug.SetGCPercent(20))
	o.Progress = p.importProgress()
	started := p.Now()
	done, err := p.TrailImport(c.Context(), o)
	if err != nil {
		if done != nil && done.Written.Units > 0 {
			fmt.Fprintf(p.Err, "before that, %s became part of the lake; import the same again to go on\n", plural(done.Written.Events, "event"))
		}
		return err
	}
	if err := p.write(f, func(w io.Writer) error { return importReport(w, f.format, done, p.Now().Sub(started)) }); err != nil {
		return err
	}
	if unseen := done.Unseen(); unseen != nil {
		if strict {
			return &app.ExitError{Code: app.ExitUnseen, Err: unseen}
		}
		fmt.Fprintln(p.Err, oneLine(unseen.Error()))
	}
	return nil
}

// importProgress tells a person at a terminal how far an import is.
func (p *program) importProgress() func(events, file, files int) {
	if _, ok := terminal(p.Err); !ok {
		return nil
	}
	var last time.Time
	return func(events, file, files int) {
		if now := p.Now(); file == files || now.Sub(last) > 500*time.Millisecond {
			last = now
			fmt.Fprintf(p.Err, "\r%d of %d log files", file, files)
			if file == files {
				fmt.Fprintln(p.Err)
			}
		}
	}
}

func importReport(w io.Writer, format string, d *app.TrailImported, took time.Duration) error {
	if format == "json" {
		return encodeJSON(w, map[string]any{
			"lake": d.Dir, "events_added": d.Written.Events, "events_known": d.Written.Duplicates + d.Stats.Duplicates, "events_left_out": d.Left,
			"log_files_read": d.Stats.Files, "log_files_known": d.Known, "log_files_faulty": d.Faulty,
			"files_written": d.Written.Files, "files_compacted": d.Written.Compacted, "bytes_written": d.Written.Bytes, "seconds": took.Seconds(),
		})
	}
	e := &errWriter{w: w}
	fmt.Fprintf(e, "%s added to the lake in %s (%s read in %.1f s)\n", plural(d.Written.Events, "event"), d.Dir, plural(d.Stats.Files, "log file"), took.Seconds())
	if n := d.Written.Duplicates + d.Stats.Duplicates; n > 0 {
		fmt.Fprintf(e, "%s came again and were left out\n", plural(n, "event"))
	}
	if d.Known > 0 {
		fmt.Fprintf(e, "%s had been imported before; --again reads them anyway\n", plural(d.Known, "log file"))
	}
	if d.Left > 0 {
		fmt.Fprintf(e, "%s were of other accounts, Regions or times\n", plural(d.Left, "event"))
	}
	if d.Written.Compacted > 0 {
		fmt.Fprintf(e, "%s were put together\n", plural(d.Written.Compacted, "small file"))
	}
	return e.err
}
