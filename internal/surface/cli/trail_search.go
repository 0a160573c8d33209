package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"holdfast.dev/holdfast/internal/app"
	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/store/lake"
)

// lakeFlags are those of commands that read the lake.
type lakeFlags struct {
	output
	dir, since, until string
	limit             int
	strict            bool
	formats           []string
}

func (f *lakeFlags) flags(c *cobra.Command, accounts, regions *[]string, formats ...string) {
	f.formats = formats
	f.output.flags(c, formats)
	flags := c.Flags()
	flags.StringVar(&f.dir, "lake", "", lakeFlag)
	flags.StringVar(&f.since, "since", "", "events from here on (RFC 3339, or a day, whose first second in UTC is meant)")
	flags.StringVar(&f.until, "until", "", "events before here")
	flags.StringSliceVar(accounts, "account", nil, "only events of these accounts")
	flags.StringSliceVar(regions, "region", nil, "only events of these Regions")
	flags.IntVar(&f.limit, "limit", 0, "stop after so many events (default 1000 for a table, else none)")
	flags.BoolVar(&f.strict, "strict", false, "exit with 3 where a file of the lake could not be read")
}

// most is the limit; a table of a million lines helps nobody.
func (f *lakeFlags) most(c *cobra.Command) (int, error) {
	if f.limit < 0 {
		return 0, app.Usage(fmt.Errorf("--limit: %d is below zero", f.limit))
	}
	if !slices.Contains(f.formats, f.format) {
		return 0, app.Usage(fmt.Errorf("--output: %q is not one of %v", f.format, f.formats))
	}
	if f.format == "table" && !c.Flags().Changed("limit") {
		return 1000, nil
	}
	return f.limit, nil
}

func (p *program) trailSearch() *cobra.Command {
	var f lakeFlags
	var o app.TrailSearchOptions
	c := &cobra.Command{
		Use:   "search",
		Short: "Find events in the event lake",
		Long: `Looks for events that trail import kept, in order of time. Several values of one flag are
alternatives, several flags have to fit together. * stands for any text, ? for a character;
the case of letters does not count.

  --principal  the ARN of a user, of a session, or of a role with all its sessions; a
               principal id; an access key; the name of a user, role or session; the
               service that called on somebody's behalf; root
  --action     s3:GetObject as policies write it, GetObject as records do, iam:Create*
  --resource   an ARN or a name, in the record's resources or as a value anywhere in it
  --ip         an address, a network such as 198.51.100.0/24, or the service that stands in
               the place of an address
  --error      an error code: AccessDenied, *Denied*, * for any
  --where      a filter in CEL over id, time, account, region, service, name, principal,
               source_ip, user_agent, error, read_only, resources and record, which is the
               record as it was written. What asks for something that a record lacks does
               not fit; has(record.x) and record.?x.orValue("") ask for it with care.

Only the days, files, row groups and columns are read that can matter: give a time where
you know one. Searching for --resource or --where reads raw records, which takes longest.

Exit codes: 0 done, whether something was found or not; 2 usage, or there is no lake;
3 with --strict: a file of the lake could not be read.`,
		Example: `  holdfast trail search --principal arn:aws:iam::111122223333:role/deploy --since 2026-03-01
  holdfast trail search --action iam:Create* --error '*' --output jsonl
  holdfast trail search --ip 198.51.100.0/24 --account 111122223333
  holdfast trail search --event 293ba626-3be5-4a26-ab1b-0f4c54f49959 --output raw
  holdfast trail search --where 'name == "ConsoleLogin" && record.additionalEventData.MFAUsed == "No"'`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return p.runTrailSearch(c, &f, o) },
	}
	f.flags(c, &o.Accounts, &o.Regions, "table", "jsonl", "json", "raw")
	flags := c.Flags()
	flags.StringSliceVar(&o.Principals, "principal", nil, "who did it")
	flags.StringSliceVar(&o.Actions, "action", nil, "what was done")
	flags.StringSliceVar(&o.Resources, "resource", nil, "what it was done to")
	flags.StringSliceVar(&o.IPs, "ip", nil, "from where")
	flags.StringSliceVar(&o.Errors, "error", nil, "with which error")
	flags.StringSliceVar(&o.Events, "event", nil, "the event of this id")
	flags.StringVar(&o.Where, "where", "", "a filter in CEL")
	return c
}

func (p *program) runTrailSearch(c *cobra.Command, f *lakeFlags, o app.TrailSearchOptions) error {
	var err error
	if o.Limit, err = f.most(c); err != nil {
		return err
	}
	if o.Since, err = moment("--since", f.since); err != nil {
		return err
	}
	if o.Until, err = moment("--until", f.until); err != nil {
		return err
	}
	w, err := p.workspace()
	if err != nil {
		return err
	}
	o.Dir, o.Raw = p.lakeDir(w, f.dir), f.format == "raw"
	o.Fault = p.lakeFault
	var done *app.TrailSearched
	err = p.write(f.output, func(out io.Writer) (err error) {
		buffered := bufio.NewWriterSize(out, 64<<10)
		defer func() { err = errors.Join(err, buffered.Flush()) }()
		r := eventReportOf(f.format, buffered)
		o.Event = func(e *evidence.Event) error { return r.event(e, "") }
		if done, err = p.TrailSearch(c.Context(), o); err != nil {
			return err
		}
		return r.end()
	})
	if err != nil {
		return err
	}
	fmt.Fprintln(p.Err, plural(done.Found, "event"))
	if done.More {
		fmt.Fprintf(p.Err, "there are more; --limit %d shows as many again, --limit 0 all\n", 2*o.Limit)
	}
	return p.lakeUnseen(done.Unseen(), f.strict)
}

func (p *program) lakeFault(fault *lake.Fault) {
	fmt.Fprintf(p.Err, "not read: %s\n", oneLine(fault.Error()))
}

// lakeUnseen says that there may be more than was found.
func (p *program) lakeUnseen(err error, strict bool) error {
	if err == nil {
		return nil
	}
	if strict {
		return &app.ExitError{Code: app.ExitUnseen, Err: err}
	}
	fmt.Fprintln(p.Err, oneLine(err.Error()))
	return nil
}
