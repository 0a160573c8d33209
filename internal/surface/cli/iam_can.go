package cli

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"holdfast.dev/holdfast/internal/app"
	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/kleene"
)

// contextFlags say what is known of a request's context.
type contextFlags struct {
	pairs, unknown, present, absent []string
}

func (f *contextFlags) flags(c *cobra.Command) {
	flags := c.Flags()
	flags.StringArrayVar(&f.pairs, "context", nil, "context `key=value`; several of one key are several values")
	flags.StringSliceVar(&f.absent, "absent", nil, "context keys that the request does not have; * stands for all that are not mentioned")
	flags.StringSliceVar(&f.present, "present", nil, "context keys that the request has, with a value that is not known")
	flags.StringSliceVar(&f.unknown, "unknown", nil, "context keys of which nothing is known, as of all others unless --absent '*'")
}

func (f *contextFlags) read() (app.Circumstances, error) {
	return app.ParseCircumstances(f.pairs, f.unknown, f.present, f.absent)
}

const aboutContext = `Context keys that are not given may be there or not: the answer is Unknown only where
they decide. --context gives a value, --absent says that a key is not there, and
--absent '*' that none is there but those given.`

func (p *program) iamCan() *cobra.Command {
	var o output
	var from estateFlags
	var about contextFlags
	c := &cobra.Command{
		Use:   "can PRINCIPAL ACTION RESOURCE",
		Short: "May this principal do this?",
		Long: `Decides whether a principal may do an action on a resource, from the evidence in the
store or from files: its own policies and those of its groups, its permissions
boundary, the policy of the resource, SCPs and RCPs at every level, S3 Block Public
Access and access control lists.

A principal is an ARN, the name of a user or role where only one has it (role/NAME,
user/NAME and ACCOUNT/NAME tell them apart), an account number for its root, a
service such as lambda.amazonaws.com, or anonymous. A resource is an ARN, s3://…, the
name of one that was collected, or * where the action concerns none in particular.

` + aboutContext + `

What was not collected may hold policies, so that an answer can be Unknown because of
it; --alone takes what was not seen for not there.

Exit codes: 0 allowed, 1 denied, 2 wrong usage, 3 not known.`,
		Example: `  holdfast iam can deploy s3:PutObject s3://releases/app.zip
  holdfast iam can arn:aws:iam::111122223333:user/ann iam:CreateUser '*' --context aws:MultiFactorAuthPresent=true
  holdfast iam can ci sts:AssumeRole role/deploy --files details.json --alone`,
		Args: cobra.ExactArgs(3),
		RunE: func(c *cobra.Command, args []string) error {
			a, err := p.ask(c, from, about, args)
			if err != nil {
				return err
			}
			if err := p.writeAsked(o, a, printCan); err != nil {
				return err
			}
			return exitFor(a)
		},
	}
	o.flags(c, []string{"table", "json"})
	from.flags(c)
	about.flags(c)
	return c
}

// ask answers a question about the estate of the flags.
func (p *program) ask(c *cobra.Command, from estateFlags, about contextFlags, args []string) (*app.Asked, error) {
	circumstances, err := about.read()
	if err != nil {
		return nil, err
	}
	e, err := p.estate(c.Context(), from)
	if err != nil {
		return nil, err
	}
	a, err := app.Ask(e, args[0], args[1], args[2], circumstances)
	if err == nil {
		p.doubt("", app.Doubts(args[1], a.Object.ARN, circumstances))
	}
	return a, err
}

// doubt says what of a question was most likely not meant.
func (p *program) doubt(where string, doubts []string) {
	for _, text := range doubts {
		fmt.Fprintf(p.Err, "warning: %s%s\n", where, oneLine(text))
	}
}

func exitFor(a *app.Asked) error {
	switch a.Allowed {
	case kleene.True:
		return nil
	case kleene.Unknown:
		return &app.ExitError{Code: app.ExitUnseen}
	}
	return &app.ExitError{Code: app.ExitViolations}
}

func (p *program) writeAsked(o output, a *app.Asked, table func(io.Writer, *app.Asked)) error {
	switch o.format {
	case "json":
		return p.writeJSON(o, askedJSON(a))
	case "table":
		return p.write(o, func(out io.Writer) error {
			w := &errWriter{w: out}
			table(w, a)
			return w.err
		})
	}
	return app.Usage(fmt.Errorf("--output: %q is not one of table, json", o.format))
}

// principalText is who asks, as it is printed.
func principalText(p *iam.Principal) string {
	switch p.Kind {
	case iam.KindAnonymous:
		return "anyone"
	case iam.KindService:
		return p.Name
	}
	return p.ARN
}

// printCan says the answer in a line, and why in a few more.
func printCan(w io.Writer, a *app.Asked) {
	fmt.Fprintln(w, headline(a))
	printWhy(w, a)
}

// headline is the answer in a line. What is denied either way is denied, though
// it may not be known how.
func headline(a *app.Asked) string {
	answer, verb := a.Decision.String(), "may not do"
	switch {
	case a.Allowed == kleene.True:
		verb = "may do"
	case a.Allowed == kleene.Unknown:
		verb = "may or may not do"
	case a.Decision == iam.Unknown:
		answer = "Denied"
	}
	return oneLine(fmt.Sprintf("%s: %s %s %s on %s", answer, principalText(a.Request.Principal), verb, a.Request.Action, a.Request.Resource))
}

// printWhy says what decided, what the answer depends on, and the next step.
func printWhy(w io.Writer, a *app.Asked) {
	why := reasonFor(a.Explanation)
	if len(a.By) > 0 {
		if group := a.Group(a.By[0]); group != "" {
			why += ", by group " + group
		}
	}
	if layer := a.Refusing(); layer != iam.NoLayer {
		why = layerText(layer) + " does not allow it"
	}
	if why != "" {
		fmt.Fprintf(w, "  why   %s\n", oneLine(why))
	}
	for _, text := range alternatives(a.Explanation) {
		fmt.Fprintf(w, "  if    %s\n", oneLine(text))
	}
	for _, text := range a.Unseen() {
		fmt.Fprintf(w, "  blind %s\n", oneLine(text))
	}
	if next := a.Next(); next != "" {
		fmt.Fprintf(w, "  next  %s\n", oneLine(next))
	}
}

// alternatives are the answers that unseen keys lead to.
func alternatives(e *iam.Explanation) []string {
	var out []string
	for _, alternative := range e.Alternatives {
		var parts []string
		for _, key := range slices.Sorted(maps.Keys(alternative.Keys)) {
			if values := alternative.Keys[key]; values == nil {
				parts = append(parts, key+" is absent")
			} else {
				parts = append(parts, key+" is "+strings.Join(values, ", "))
			}
		}
		if len(parts) > 0 {
			out = append(out, strings.Join(parts, " and ")+": "+alternative.Decision.String())
		}
	}
	return out
}
