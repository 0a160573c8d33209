package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"holdfast.dev/holdfast/internal/app"
)

func (p *program) trailTimeline() *cobra.Command {
	var f lakeFlags
	var o app.TrailTimelineOptions
	c := &cobra.Command{
		Use:   "timeline ARN",
		Short: "Show everything done by or to one thing",
		Long: `Goes through the event lake and shows in order of time what something did and what was
done to it. It may be a user, a role (with all its sessions), a session, an access key, a
bucket, an instance, a key: an ARN or a name.

  by        it called
  to        the record lists it as a resource, or names it in what was asked or answered
  by, to    both
  via KEY   a session called that it had taken on (AssumeRole and its like), or one that
            such a session had taken on; the record of taking it on tells the access key

Give --since and --until where you can: to find what names a resource, raw records have to
be read. Sessions that were taken on before --since are not known.

Exit codes: 0 done, 2 usage, or there is no lake, 3 with --strict: a file of the lake could
not be read.`,
		Example: `  holdfast trail timeline arn:aws:iam::111122223333:role/deploy --since 2026-03-01
  holdfast trail timeline arn:aws:s3:::customer-exports --output jsonl
  holdfast trail timeline AKIAIOSFODNN7EXAMPLE`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o.Who = args[0]
			return p.runTrailTimeline(c, &f, o)
		},
	}
	f.flags(c, &o.Accounts, &o.Regions, "table", "jsonl", "json", "raw")
	return c
}

func (p *program) runTrailTimeline(c *cobra.Command, f *lakeFlags, o app.TrailTimelineOptions) error {
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
	o.Dir, o.Fault = p.lakeDir(w, f.dir), p.lakeFault
	var done *app.TrailTimelined
	err = p.write(f.output, func(out io.Writer) (err error) {
		buffered := bufio.NewWriterSize(out, 64<<10)
		defer func() { err = errors.Join(err, buffered.Flush()) }()
		r := eventReportOf(f.format, buffered)
		o.Entry = func(e *app.TrailEntry) error { return r.event(&e.Event, direction(e)) }
		if done, err = p.TrailTimeline(c.Context(), o); err != nil {
			return err
		}
		return r.end()
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(p.Err, "%d by it, %d to it, %d via %s that it took on\n", done.By, done.To, done.Via, plural(done.Sessions, "session"))
	if done.More {
		fmt.Fprintf(p.Err, "there are more; --limit %d shows as many again, --limit 0 all\n", 2*o.Limit)
	}
	return p.lakeUnseen(done.Unseen(), f.strict)
}

// direction is how an event belongs to a timeline, in words.
func direction(e *app.TrailEntry) string {
	switch {
	case e.By && e.To:
		return "by, to"
	case e.By:
		return "by"
	case e.Via != "" && e.To:
		return "via " + e.Via + ", to"
	case e.Via != "":
		return "via " + e.Via
	}
	return "to"
}
