package cli

import (
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"holdfast.dev/holdfast/internal/app"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
)

func (p *program) iamSize() *cobra.Command {
	var f policyFlags
	c := &cobra.Command{
		Use:   "size FILE…|FOLDER…|-",
		Short: "Measure policies against their quotas",
		Long: `Counts policies as AWS does and compares with the quotas of the places where they
may go. IAM does not count white space between the parts of the JSON; AWS
Organizations, VPC endpoints and the services with policies of their own count the
text as it is sent.

With --place the policy is for one place: managed, role, group, user,
permission-set, boundary, trust, session, scp, rcp, endpoint, s3, kms, sqs, sns,
lambda, secretsmanager, ecr, dynamodb, elasticfilesystem, es, logs, events or
execute-api.

Exit codes: 0 every policy fits somewhere, 1 one is too large, 2 a file could not be
read.`,
		Example: `  holdfast iam size policy.json
  holdfast iam size bucket-policy.json --place s3
  holdfast iam size scp/*.json --type scp --output json`,
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error { return p.runSize(c, f, args) },
	}
	f.output.flags(c, []string{"table", "json"})
	f.flags(c)
	return c
}

// measured is a policy in one place.
type measured struct {
	File    string  `json:"file"`
	Type    string  `json:"type"`
	Place   string  `json:"place"`
	Name    string  `json:"name"`
	Size    int     `json:"size"`
	Quota   int     `json:"quota"`
	Unit    string  `json:"unit"`
	Percent float64 `json:"percent"`
	Raised  int     `json:"raisedQuota,omitempty"`
	Note    string  `json:"note,omitempty"`
	Source  string  `json:"source"`
}

func (p *program) runSize(c *cobra.Command, f policyFlags, args []string) error {
	write := map[string]func(io.Writer, []measured) error{"table": sizeTable, "json": sizeJSON}[f.format]
	if write == nil {
		return app.Usage(fmt.Errorf("--output: %q is not a format of iam size; one of table, json", f.format))
	}
	o, err := p.policyOptions(f, args)
	if err != nil {
		return err
	}
	files, unread := p.Policies(c.Context(), o)
	rows, large := []measured{}, 0
	for i := range files.Files {
		file := &files.Files[i]
		if err := file.NoPolicy(); err != nil {
			unread = app.Usage(errors.Join(unread, err))
			continue
		}
		quotas := policy.Likely(file.Document, file.Type)
		if q, ok := policy.QuotaFor(f.place); ok {
			quotas = []policy.Quota{q}
		}
		fits := len(quotas) == 0
		for _, q := range quotas {
			m := measure(file, q)
			fits = fits || m.Size <= m.Quota
			rows = append(rows, m)
		}
		if !fits {
			large++
		}
	}
	if len(rows) == 0 && unread != nil {
		return unread
	}
	if err := p.write(f.output, func(w io.Writer) error { return write(w, rows) }); err != nil {
		return err
	}
	if unread != nil {
		return unread
	}
	if large > 0 {
		fmt.Fprintf(p.Err, "exit code 1: too large: %s\n", plural(large, "file"))
		return &app.ExitError{Code: app.ExitViolations}
	}
	return nil
}

func measure(f *app.PolicyFile, q policy.Quota) measured {
	n := f.Size.Count(q.Unit)
	return measured{
		File: f.Path, Type: f.Type.String(), Place: q.Key, Name: q.Name, Size: n, Quota: q.Limit, Unit: q.Unit.String(),
		Percent: float64(n*1000/q.Limit) / 10, Raised: q.Raised, Note: q.Note, Source: q.Source,
	}
}

func sizeTable(w io.Writer, rows []measured) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "FILE\tPLACE\tSIZE\tQUOTA\tUSED\tCOUNTED")
	for _, m := range rows {
		over := ""
		if m.Size > m.Quota {
			over = ", too large"
		}
		fmt.Fprintf(tw, "%s\t%s\t%d\t%d\t%.1f %%\t%s%s\n", oneLine(m.File), m.Place, m.Size, m.Quota, m.Percent, m.Unit, over)
	}
	return tw.Flush()
}

func sizeJSON(w io.Writer, rows []measured) error {
	return encodeJSON(w, map[string]any{"sizes": rows})
}
