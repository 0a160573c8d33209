package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"holdfast.dev/holdfast/internal/app"
	"holdfast.dev/holdfast/internal/source/cloudtrail/digest"
)

func (p *program) trailVerify() *cobra.Command {
	var f output
	var o app.TrailVerifyOptions
	var start, end string
	var all, record bool
	c := &cobra.Command{
		Use:   "verify [MIRROR]",
		Short: "Prove that log files are as CloudTrail delivered them",
		Long: `Walks the chains of CloudTrail's digests, checks their signatures and links, and
compares every log file with what its digest says. What was changed, deleted, moved
or added comes out, with the reason.

With a folder everything is read from a mirror of the log buckets, without a network:

  MIRROR/objects/BUCKET/KEY     the objects, as they lie in S3
  MIRROR/metadata.json          {"s3://BUCKET/KEY": {"signature": "…", "signature-algorithm": "…"}}
  MIRROR/public_keys.json       {"PublicKeyList": […]}, as list-public-keys prints it

The metadata may be missing: all digests but the newest have their signature in the
next newer one, and verification starts with the one before the newest. Without a
folder the trail of --trail-arn is verified in AWS, in all its accounts and Regions.

Digests that end from --start until an hour after --end are verified. Of a mirror that
does not hold a trail from its first digest on, give --start: what an older digest
should have been is missing otherwise. In AWS the last 24 hours are the default.

Objects are valid, invalid, missing, or unknown (they could not be read). Besides,
standard error tells for what time there is no digest, and which log files are listed
by no valid digest: CloudTrail did not vouch for those.

Exit codes: 0 all valid, 1 something is invalid or missing, 2 usage or input that cannot
be read, 3 nothing could be judged (no digest, no public key), or not everything.`,
		Example: `  holdfast trail verify mirror/
  holdfast trail verify mirror/ --start 2026-03-01 --end 2026-04-01 --output jsonl
  holdfast trail verify --trail-arn arn:aws:cloudtrail:eu-west-1:111122223333:trail/main --record
  holdfast trail verify --trail-arn arn:aws:cloudtrail:eu-west-1:111122223333:trail/org --account-id 222233334444 --start 2026-03-01`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				o.Dir = args[0]
			}
			var err error
			if o.Start, err = moment("--start", start); err != nil {
				return err
			}
			if o.End, err = moment("--end", end); err != nil {
				return err
			}
			return p.runTrailVerify(c, f, o, all, record)
		},
	}
	f.flags(c, []string{"table", "jsonl", "json"})
	flags := c.Flags()
	flags.StringVar(&o.Trail, "trail-arn", "", "only the digests of this trail; needed without a mirror")
	flags.StringVar(&start, "start", "", "begin here (RFC 3339, or a day, whose first second in UTC is meant)")
	flags.StringVar(&end, "end", "", "end here")
	flags.StringVar(&o.Organization, "organization-id", "", "only log files of this organisation's trails (o-…)")
	flags.StringVar(&o.Account, "account-id", "", "only this account")
	flags.StringVar(&o.Region, "region", "", "only events of this Region")
	flags.StringVar(&o.Profile, "profile", "", "profile of the shared AWS configuration")
	flags.BoolVar(&record, "record", false, "keep the outcome in the store, for the review")
	flags.BoolVar(&all, "all", false, "list valid objects in the table as well")
	return c
}

// trailReport prints a verification while it goes on.
type trailReport interface {
	object(digest.Item) error
	gap(digest.Item) error
	uncovered(digest.Location, digest.Place) error
	end(*app.TrailVerified) error
}

func (p *program) runTrailVerify(c *cobra.Command, f output, o app.TrailVerifyOptions, all, record bool) error {
	formats := []string{"table", "jsonl", "json"}
	if !slices.Contains(formats, f.format) {
		return app.Usage(fmt.Errorf("--output: %q is not one of table, jsonl, json", f.format))
	}
	if o.Dir != "" && o.Profile != "" {
		return app.Usage(fmt.Errorf("--profile is for AWS, and %s is a mirror; leave one of them out", o.Dir))
	}
	var done *app.TrailVerified
	uncovered := app.TrailUncovered{}
	err := p.write(f, func(w io.Writer) (err error) {
		buffered := bufio.NewWriterSize(w, 64<<10)
		defer func() { err = errors.Join(err, buffered.Flush()) }()
		report := p.trailReport(f.format, buffered, all)
		o.Each = func(i digest.Item) error {
			if i.Gap != nil {
				return report.gap(i)
			}
			return report.object(i)
		}
		o.Uncovered = func(l digest.Location, place digest.Place) error {
			return errors.Join(uncovered.Count(l, place), report.uncovered(l, place))
		}
		if done, err = p.TrailVerify(c.Context(), o); err != nil {
			return err
		}
		return report.end(done)
	})
	if err != nil {
		return err
	}
	p.trailSummary(done)
	if record {
		if err := p.recordVerified(c, o, done, uncovered); err != nil {
			return err
		}
	}
	unseen := done.Unseen()
	if done.Bad() > 0 {
		if unseen != nil {
			fmt.Fprintf(p.Err, "besides, %s\n", oneLine(unseen.Error()))
		}
		return &app.ExitError{Code: app.ExitViolations}
	}
	if unseen != nil {
		return &app.ExitError{Code: app.ExitUnseen, Err: unseen}
	}
	return nil
}

// recordVerified keeps the outcome as evidence.
func (p *program) recordVerified(c *cobra.Command, o app.TrailVerifyOptions, done *app.TrailVerified, uncovered app.TrailUncovered) error {
	w, err := p.workspace()
	if err != nil {
		return err
	}
	s, err := p.open(c.Context(), w, false)
	if err != nil {
		return err
	}
	return errors.Join(p.RecordVerified(c.Context(), s, done, o.Trail, uncovered, os.Args[1:]), s.Close())
}

func (p *program) trailReport(format string, w io.Writer, all bool) trailReport {
	switch format {
	case "jsonl":
		return &trailLines{out: w, err: p.Err}
	case "json":
		return newTrailJSON(w)
	}
	return &trailTable{out: w, all: all}
}

// trailSummary says on standard error what it all came to.
func (p *program) trailSummary(v *app.TrailVerified) {
	if len(v.Chains) == 0 {
		return
	}
	for _, k := range []digest.Kind{digest.KindDigest, digest.KindLog} {
		counts := map[digest.Status]int{}
		for _, s := range statuses {
			counts[s] = v.Count(k, s)
		}
		fmt.Fprintf(p.Err, "%ss: %s\n", k, countText(counts))
	}
	for _, c := range v.Open() {
		fmt.Fprintf(p.Err, "%s: the newest valid digest ends at %s, and nothing speaks for the time until %s\n", chainText(c.Account, c.Region, c.Trail, c.Backfill), rfc(c.To), rfc(v.End))
	}
	for _, place := range places {
		if n := v.Uncovered[place]; n > 0 {
			fmt.Fprintf(p.Err, "%s listed by no valid digest: %s\n", plural(n, "log file"), placeText[place])
		}
	}
	if v.Bad() > 0 {
		fmt.Fprintf(p.Err, "exit code 1: %s invalid or missing\n", plural(v.Bad(), "object"))
	}
}
