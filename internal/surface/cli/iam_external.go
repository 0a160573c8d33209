package cli

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"holdfast.dev/holdfast/internal/app"
	"holdfast.dev/holdfast/internal/operate/access/external"
)

// externalFlags are those of iam external.
type externalFlags struct {
	output
	estateFlags
	zone         string
	public, all  bool
	fail, strict bool
}

var externalFormats = []string{"table", "json", "jsonl", "csv"}

func (p *program) iamExternal() *cobra.Command {
	var f externalFlags
	c := &cobra.Command{
		Use:   "external",
		Short: "List what somebody outside the account or organisation can reach",
		Long: `Lists what principals outside can reach: by policies of resources, trust policies of
roles, access control lists of buckets, and shared snapshots, images and documents.
What anyone can reach stands first. Whom a policy names is asked for as a request, so
that a Deny, a condition, a resource control policy and Amazon S3 Block Public Access
count; grants that one of these takes back altogether are listed with --all.

Looked at are the resource types of AWS IAM Access Analyzer and the others whose
policies Holdfast reads. AWS services are not outsiders. Grants of KMS keys that were
made by CreateGrant are not collected, and so not known.

With --zone organization accounts of the organisation are trusted; where it was not
collected, it is not known who is outside, and the table says "outside?"; "in org" is another
account of the organisation.

Exit codes: 0; with --fail 1 where something is listed for certain; with --strict 3
where something could not be seen.`,
		Example: `  holdfast iam external
  holdfast iam external --zone organization --fail
  holdfast iam external --public --output csv --out public.csv
  holdfast iam external --files template.yaml --account 111122223333`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return p.runExternal(c.Context(), f) },
	}
	f.output.flags(c, externalFormats)
	f.estateFlags.flags(c)
	flags := c.Flags()
	flags.StringVar(&f.zone, "zone", string(external.Account), "whom to trust: account or organization")
	flags.BoolVar(&f.public, "public", false, "only what anyone can reach")
	flags.BoolVar(&f.all, "all", false, "also grants that Block Public Access, a resource control policy or object ownership takes back")
	flags.BoolVar(&f.fail, "fail", false, "exit with 1 where something can be reached")
	flags.BoolVar(&f.strict, "strict", false, "exit with 3 where something could not be seen")
	return c
}

func (p *program) runExternal(ctx context.Context, f externalFlags) error {
	if !known(externalFormats, f.format) {
		return app.Usage(fmt.Errorf("--output: %q is not one of %s", f.format, strings.Join(externalFormats, ", ")))
	}
	o, done, err := p.accessFrom(ctx, f.estateFlags)
	if err != nil {
		return err
	}
	report, err := p.External(ctx, app.ExternalOptions{AccessOptions: o, Zone: external.Zone(f.zone), Public: f.public})
	if err = errors.Join(err, done()); err != nil {
		return err
	}
	if err := p.write(f.output, func(out io.Writer) error { return writeExternal(out, f, report) }); err != nil {
		return err
	}
	return p.externalExit(f, report)
}

func writeExternal(out io.Writer, f externalFlags, r *external.Report) error {
	switch f.format {
	case "json":
		return encodeJSON(out, externalJSON(r))
	case "jsonl":
		for i := range r.Findings {
			if err := encodeLine(out, findingJSON(&r.Findings[i])); err != nil {
				return err
			}
		}
		return nil
	case "csv":
		return externalCSV(out, r)
	}
	t := externalTable{w: &errWriter{w: out}, zone: r.Zone}
	t.print(r, f.all)
	return t.w.err
}

// mostUnseen is how many resources are named that were not seen.
const mostUnseen = 10

// externalExit says on standard error what was looked at, and what the exit code
// means.
func (p *program) externalExit(f externalFlags, r *external.Report) error {
	sure, open, controls, why := 0, 0, 0, ""
	for i := range r.Findings {
		if text := r.Findings[i].ControlsUnseen; text != "" {
			controls, why = controls+1, text
		}
		if certain(&r.Findings[i], r.Zone) {
			sure++
		}
		if r.Findings[i].Public {
			open++
		}
	}
	looked := 0
	for _, n := range r.Looked {
		looked += n
	}
	fmt.Fprintf(p.Err, "%s looked at, %s in from outside: %d for anyone, %d not certain; %d more taken back\n",
		plural(looked, "resource"), plural(len(r.Findings), "way"), open, len(r.Findings)-sure, len(r.Held))
	if controls > 0 {
		fmt.Fprintf(p.Err, "resource control policies were not seen, which may close %s: %s\n", plural(controls, "way"), oneLine(why))
	}
	for i, u := range r.Unseen {
		if i == mostUnseen {
			fmt.Fprintf(p.Err, "not seen: %s more; --output json lists them\n", plural(len(r.Unseen)-i, "resource"))
			break
		}
		fmt.Fprintf(p.Err, "not seen: %s: %s\n", oneLine(u.Resource), oneLine(u.Why))
	}
	for _, g := range r.NotCollected {
		fmt.Fprintf(p.Err, "not collected: %s in %s\n", g.Type, plural(len(g.Accounts), "account"))
	}
	unseen := len(r.Unseen) + len(r.NotCollected) + len(r.Findings) - sure
	switch {
	case f.fail && sure > 0:
		fmt.Fprintf(p.Err, "exit code 1: %s can be reached from outside (--fail)\n", things(sure))
		return &app.ExitError{Code: app.ExitViolations}
	case f.strict && unseen > 0:
		return &app.ExitError{Code: app.ExitUnseen, Err: errors.New("not everything could be seen (--strict)")}
	}
	return nil
}

func externalCSV(out io.Writer, r *external.Report) error {
	w := csv.NewWriter(out)
	rows := [][]string{{"resource", "type", "account", "region", "who", "kind", "public", "cross_account", "external", "known", "means", "policy", "statement", "sid", "actions", "conditions", "restricted"}}
	for i := range r.Findings {
		x := &r.Findings[i]
		statement := ""
		if x.Statement >= 0 {
			statement = strconv.Itoa(x.Statement + 1)
		}
		rows = append(rows, []string{
			x.Resource, x.Type, x.Account, x.Region, x.Name, string(x.Kind), strconv.FormatBool(x.Public), x.CrossAccount.String(), x.External.String(), x.Known.String(),
			string(x.Means), x.Policy, statement, x.Sid, strings.Join(x.What(), " "), strings.Join(x.Conditions, "; "), strings.Join(x.Restricted, "; "),
		})
	}
	for _, row := range rows {
		for i := range row {
			row[i] = cell(row[i])
		}
	}
	if err := w.WriteAll(rows); err != nil {
		return err
	}
	return w.Error()
}

// cell keeps what a policy says from being taken for a formula.
func cell(s string) string {
	if s = oneLine(s); s != "" && strings.ContainsRune("=+-@\t", rune(s[0])) {
		return "'" + s
	}
	return s
}
