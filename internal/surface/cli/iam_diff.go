package cli

import (
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"holdfast.dev/holdfast/internal/app"
	"holdfast.dev/holdfast/internal/engine/iam/diff"
)

// diffFlags are the flags of iam diff.
type diffFlags struct {
	output
	options app.DiffOptions
	failOn  string
}

func (p *program) iamDiff() *cobra.Command {
	var f diffFlags
	c := &cobra.Command{
		Use:   "diff OLD NEW",
		Short: "What becomes allowed or denied when policies change",
		Long: `Compares what two policies mean, not what they say: which requests become allowed,
which denied, and under which conditions, each with an example that the engine decides
differently before and after. Where it finds no difference there is none: statements may
be split, merged, reordered, or their wildcards written out.

OLD and NEW are files, - for standard input, or folders, the policies of which count as
one set. The output of the AWS CLI (get-policy-version, get-bucket-policy, get-role and
so on) is read as well. Policies that name principals are compared as resource policies;
--type says otherwise.

A denial that is no longer explicit counts as new access: other policies may allow what
it held back. Actions that AWS may add later are told apart from those of today.

Exit codes: 0 nothing to object to, 1 what --fail-on or --not-granted objects to, 2 wrong
usage or a policy that AWS would refuse, 3 a part could not be compared and so not cleared.`,
		Example: `  holdfast iam diff old.json new.json
  git show main:policy.json | holdfast iam diff - policy.json --fail-on new-access
  holdfast iam diff scps-before/ scps/ --type scp --output markdown
  holdfast iam diff role.json role.json --not-granted iam:PassRole,s3:DeleteBucket`,
		Args: cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			f.options.Old, f.options.New, f.options.In = args[0], args[1], p.In
			return p.runDiff(f)
		},
	}
	f.output.flags(c, []string{"table", "json", "markdown"})
	flags := c.Flags()
	flags.StringVar(&f.options.Type, "type", "", "what the policies are attached to: identity, boundary, session, resource, trust, endpoint, scp or rcp")
	flags.StringVar(&f.failOn, "fail-on", "none", "what gives exit code 1: new-access, any or none")
	flags.StringSliceVar(&f.options.NotGranted, "not-granted", nil, "actions that NEW must not allow on anything; * and ? are wildcards")
	return c
}

func (p *program) runDiff(f diffFlags) error {
	if !slices.Contains([]string{"new-access", "any", "none"}, f.failOn) {
		return app.Usage(fmt.Errorf("--fail-on: %q is not one of new-access, any, none", f.failOn))
	}
	write := map[string]func(io.Writer, *app.Diff) error{"table": p.diffTable, "json": nil, "markdown": diffMarkdown}
	if _, ok := write[f.format]; !ok {
		return app.Usage(fmt.Errorf("--output: %q is not one of table, json, markdown", f.format))
	}
	d, err := app.DiffPolicies(f.options)
	if err != nil {
		return err
	}
	p.doubt("", d.Doubts)
	if f.format == "json" {
		err = p.writeJSON(f.output, diffJSON(d))
	} else {
		err = p.write(f.output, func(out io.Writer) error { return write[f.format](out, d) })
	}
	if err != nil {
		return err
	}
	for _, why := range d.Unknown {
		fmt.Fprintln(p.Err, "not compared:", why)
	}
	if d.Vacuous > 0 {
		fmt.Fprintf(p.Err, "besides, %s on resources only that the actions do not work on\n", plural(d.Vacuous, "difference"))
	}
	return p.diffVerdict(d, f.failOn)
}

// diffVerdict is what the exit code says.
func (p *program) diffVerdict(d *app.Diff, failOn string) error {
	widens := slices.ContainsFunc(d.Regions, func(r diff.Region) bool { return r.Change.Widens() })
	unseen := failOn != "none" && len(d.Unknown) > 0
	switch {
	case failOn == "new-access" && widens:
		fmt.Fprintln(p.Err, "exit code 1: the new policies allow more (--fail-on new-access)")
		return &app.ExitError{Code: app.ExitViolations}
	case failOn == "any" && len(d.Regions) > 0:
		fmt.Fprintln(p.Err, "exit code 1: the policies differ (--fail-on any)")
		return &app.ExitError{Code: app.ExitViolations}
	case d.Granted != nil && len(d.Granted.Regions) > 0:
		fmt.Fprintln(p.Err, "exit code 1: the new policies grant what they must not (--not-granted)")
		return &app.ExitError{Code: app.ExitViolations}
	case unseen || d.Granted != nil && len(d.Granted.Unknown) > 0:
		return &app.ExitError{Code: app.ExitUnseen, Err: fmt.Errorf("some of it could not be compared; the lines \"not compared\" say what, and why")}
	}
	return nil
}
