package cli

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"holdfast.dev/holdfast/internal/app"
	"holdfast.dev/holdfast/internal/operate/access/paths"
)

// pathsFlags are those of iam paths.
type pathsFlags struct {
	output
	estate estateFlags
	policy string
	to     string
	strict bool
}

var pathsFormats = []string{"table", "json", "dot"}

func (p *program) iamPaths() *cobra.Command {
	var f pathsFlags
	c := &cobra.Command{
		Use:   "paths [PRINCIPAL]",
		Short: "Find how principals can become administrators",
		Long: `Finds for every user and role the shortest way to an administrator: keys created for
others, roles passed to new functions or assumed, policies rewritten, code replaced.
The ways are those of the catalogue, more than a hundred techniques. Conditions,
permissions boundaries, service control policies and trust policies count.

With a PRINCIPAL it tells the whole story: each hop with the statements that allow
it, and the smallest edit after which no path is left, verified by searching again.

An administrator is allowed everything by its own policies and boundary, and can
change permissions in its account. A path is certain, or possible (?) where it rests
on what was not seen or what policies do not show: that an agent runs on an instance,
the value of a condition key.

With --policy one identity policy is analysed by itself: which techniques would its
bearer be able to use, in an account that has everything they need.

Exit codes: 0 no certain path of anybody who is not at the goal already; 1 there is
one (with --policy: some technique can be used); 2 usage; 3 with --strict: no certain
path, but a possible one, or not enough was seen.`,
		Example: `  holdfast iam paths
  holdfast iam paths role/deploy
  holdfast iam paths --to arn:aws:iam::111122223333:role/payments
  holdfast iam paths --policy deploy-policy.json
  holdfast iam paths --files details.json --alone --output dot | dot -Tsvg > paths.svg`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if !known(pathsFormats, f.format) {
				return app.Usage(fmt.Errorf("--output: %q is not one of %v", f.format, pathsFormats))
			}
			if f.policy != "" {
				return p.runPolicyPaths(f, args)
			}
			return p.runPaths(c, f, args)
		},
	}
	f.output.flags(c, pathsFormats)
	f.estate.flags(c)
	flags := c.Flags()
	flags.StringVar(&f.policy, "policy", "", "analyse this identity policy by itself")
	flags.StringVar(&f.to, "to", "ADMIN", "where to: ADMIN, or a user or role")
	flags.BoolVar(&f.strict, "strict", false, "exit with 3 where a path is possible, or not enough was seen")
	return c
}

func (p *program) runPaths(c *cobra.Command, f pathsFlags, args []string) error {
	options, done, err := p.accessFrom(c.Context(), f.estate)
	if err != nil {
		return err
	}
	world, err := p.Paths(c.Context(), options)
	if err := errors.Join(err, done()); err != nil {
		return err
	}
	goal, principal := paths.GoalAdministrator, ""
	if !strings.EqualFold(f.to, "ADMIN") && !strings.EqualFold(f.to, paths.GoalAdministrator) {
		if goal, err = world.Find(f.to); err != nil {
			return app.Usage(fmt.Errorf("--to: %w", err))
		}
	}
	if len(args) == 1 {
		if principal, err = world.Find(args[0]); err != nil {
			return app.Usage(err)
		}
	}
	report, err := world.Report(goal, principal)
	if err != nil {
		return err
	}
	if err := p.write(f.output, func(out io.Writer) error { return p.printPaths(out, f, report, principal) }); err != nil {
		return err
	}
	return p.judgePaths(report, f.strict, principal)
}

func (p *program) printPaths(out io.Writer, f pathsFlags, r *paths.Report, principal string) error {
	switch f.format {
	case "json":
		return encodeJSON(out, r)
	case "dot":
		return dot(out, r)
	}
	width, _ := terminal(out)
	t := &pathsTable{page{w: out, width: width, colour: p.colour(out)}}
	if principal != "" {
		t.story(r, principal)
	} else {
		t.all(r)
	}
	return t.err
}

// judgePaths is the exit code: certain paths first, then what is open.
func (p *program) judgePaths(r *paths.Report, strict bool, principal string) error {
	certain, possible := 0, 0
	for _, path := range r.Paths {
		if path.Certain {
			certain++
		} else {
			possible++
		}
	}
	if certain > 0 {
		fmt.Fprintf(p.Err, "exit code 1: %s %s\n", plural(certain, "principal"), reaches(certain, r.Goal))
		return &app.ExitError{Code: app.ExitViolations}
	}
	perhaps := r.Perhaps
	if principal != "" { // only this one was asked about
		perhaps = nil
		for _, arn := range r.Perhaps {
			if arn == principal {
				perhaps = append(perhaps, arn)
			}
		}
	}
	if strict && possible+len(perhaps)+len(r.Unseen) > 0 {
		return &app.ExitError{Code: app.ExitUnseen, Err: fmt.Errorf("not enough was seen to rule out every path (--strict): %s possible, %s that may be at the goal, %s not collected",
			plural(possible, "path"), plural(len(perhaps), "principal"), plural(len(r.Unseen), "resource type"))}
	}
	return nil
}

func reaches(n int, goal string) string {
	verb := "reach"
	if n == 1 {
		verb = "reaches"
	}
	if goal == paths.GoalAdministrator {
		return verb + " an administrator"
	}
	return verb + " " + shortName(goal)
}

func (p *program) runPolicyPaths(f pathsFlags, args []string) error {
	switch {
	case len(args) > 0:
		return app.Usage(errors.New("--policy is about the policy by itself; leave the principal out"))
	case len(f.estate.files) > 0 || f.estate.asOf != "" || f.estate.account != "" || f.estate.region != "" || f.estate.alone:
		return app.Usage(errors.New("--policy looks at nothing but the policy; leave out --files, --as-of, --account, --region and --alone"))
	case !strings.EqualFold(f.to, "ADMIN"):
		return app.Usage(errors.New("--policy tells which techniques can be used, not on whom; leave out --to"))
	case f.format == "dot":
		return app.Usage(errors.New("--output dot draws paths between principals, and one policy has none; use table or json"))
	}
	report, err := app.PolicyPaths(f.policy)
	if err != nil {
		return err
	}
	err = p.write(f.output, func(out io.Writer) error {
		if f.format == "json" {
			return encodeJSON(out, report)
		}
		width, _ := terminal(out)
		t := &pathsTable{page{w: out, width: width, colour: p.colour(out)}}
		t.policy(report, f.policy)
		return t.err
	})
	switch {
	case err != nil:
		return err
	case len(report.Uses) > 0:
		fmt.Fprintf(p.Err, "exit code 1: the policy lets its bearer use %s\n", plural(len(report.Uses), "technique"))
		return &app.ExitError{Code: app.ExitViolations}
	case f.strict && report.Administrator == "unknown":
		return &app.ExitError{Code: app.ExitUnseen, Err: errors.New("whether the policy makes an administrator depends on what was not seen (--strict)")}
	}
	return nil
}
