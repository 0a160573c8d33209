package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"holdfast.dev/holdfast/internal/app"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
	"holdfast.dev/holdfast/internal/operate/access/generate"
)

// generateFlags are those of iam generate.
type generateFlags struct {
	output
	options      app.GenerateOptions
	since, until string
	list         bool
	strict       bool
}

func (p *program) iamGenerate() *cobra.Command {
	var f generateFlags
	c := &cobra.Command{
		Use:   "generate PRINCIPAL --events PATH…",
		Short: "Write the least policy that covers what CloudTrail shows",
		Long: `Reads CloudTrail logs and writes the least identity policy under which everything
that a user or role was seen to do would succeed. The policy goes to standard output,
what has to be known about it to standard error.

Each action is granted on the resources it was seen on. Wider than that, and named in
the report, are: resources that a record does not name, more than --max-resources of
one kind (they become their common start and *), and permissions which leave no record
of their own, such as iam:PassRole, which is granted for the service that was seen to
take the role. Calls that were denied are never granted. No conditions are written but
those that are certain.

Before the policy is printed each permission that was used is put to the engine, with
this policy as the only one. What would not be allowed is listed as not covered, and
so are events for which no IAM action is known. Trails do not record everything: read
what the report says the logs cannot show.

PRINCIPAL is the ARN of a user or role, or of a session of the role. A policy too long
for a managed policy is written as several, one JSON document after the other.

Exit codes: 0; 2 the logs cannot be read or do not show the principal; with --strict 3
where something seen is not covered or a file could not be read.`,
		Example: `  holdfast iam generate arn:aws:iam::111122223333:role/app --events cloudtrail/
  holdfast iam generate arn:aws:iam::111122223333:user/ann --events logs/ --since 2026-08-01 --out ann.json
  holdfast iam generate --list --events cloudtrail/
  holdfast iam generate arn:aws:iam::111122223333:role/app --events logs/ --output json | jq .report.wildcards`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := f.check(args); err != nil {
				return err
			}
			if f.list {
				return p.listActors(c, f)
			}
			f.options.Principal = args[0]
			return p.runGenerate(c, f)
		},
	}
	f.output.flags(c, []string{"table", "json"})
	flags := c.Flags()
	flags.StringSliceVar(&f.options.Events, "events", nil, "files or folders of CloudTrail logs")
	flags.StringVar(&f.since, "since", "", "only events from this day or instant on (2026-08-01, RFC 3339)")
	flags.StringVar(&f.until, "until", "", "only events before this day or instant")
	flags.IntVar(&f.options.MaxResources, "max-resources", generate.DefaultMaxResources, "how many resources of one kind an action lists before they become a wildcard")
	flags.BoolVar(&f.options.AnyAccount, "account-wildcards", false, "leave the account and Region of resources open, for a policy used in several accounts")
	flags.BoolVar(&f.list, "list", false, "list the users and roles that the logs show instead")
	flags.BoolVar(&f.strict, "strict", false, "exit with 3 where something seen is not covered")
	return c
}

// check reads the flags that are text.
func (f *generateFlags) check(args []string) error {
	var err error
	switch {
	case !known([]string{"table", "json"}, f.format):
		err = fmt.Errorf("--output: %q is not one of table, json", f.format)
	case len(f.options.Events) == 0:
		err = errors.New("generate needs --events with files or folders of CloudTrail logs")
	case f.list && len(args) > 0:
		err = errors.New("--list names all principals; leave out PRINCIPAL")
	case !f.list && len(args) == 0:
		err = errors.New("generate needs the ARN of a user or role; --list names those in the logs")
	case f.options.MaxResources < 1:
		err = fmt.Errorf("--max-resources %d: give 1 or more", f.options.MaxResources)
	}
	if err != nil {
		return app.Usage(err)
	}
	if f.options.Since, err = moment("--since", f.since); err != nil {
		return err
	}
	if f.options.Until, err = moment("--until", f.until); err != nil {
		return err
	}
	if !f.options.Until.IsZero() && !f.options.Since.Before(f.options.Until) {
		return app.Usage(fmt.Errorf("--since %s is not before --until %s", f.since, f.until))
	}
	return nil
}

// moment reads a day or an instant; the zero time where there is none.
func moment(flag, s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if at, err := time.Parse(layout, s); err == nil {
			return at.UTC(), nil
		}
	}
	return time.Time{}, app.Usage(fmt.Errorf("%s %q is neither a day such as 2026-08-01 nor an instant such as 2026-08-01T12:00:00Z", flag, s))
}

func (p *program) runGenerate(c *cobra.Command, f generateFlags) error {
	made, err := p.IAMGenerate(c.Context(), f.options)
	if made != nil {
		for _, g := range made.Gaps {
			fmt.Fprintln(p.Err, "not read: "+oneLine(g.Detail))
		}
	}
	if err != nil {
		return err
	}
	err = p.write(f.output, func(out io.Writer) error {
		if f.format == "json" {
			return generatedJSON(out, made)
		}
		return writePolicies(out, made.Policies)
	})
	if err != nil {
		return err
	}
	if f.format != "json" {
		generatedReport(p.Err, made)
	}
	if lost := len(made.Uncovered) + len(made.Gaps); f.strict && lost > 0 {
		return &app.ExitError{Code: app.ExitUnseen, Err: fmt.Errorf("%s seen or not readable and not covered (--strict)", plural(lost, "thing"))}
	}
	return nil
}

// generatedJSON prints one object: the policies, and all that is known about them.
func generatedJSON(out io.Writer, made *app.Generated) error {
	report := struct {
		*generate.Result
		Policies []int    `json:"characters"` // of each policy
		Unread   []string `json:"unread"`
	}{Result: made.Result, Policies: []int{}, Unread: []string{}}
	policies := []json.RawMessage{}
	for _, d := range made.Policies {
		text, err := d.MarshalJSON()
		if err != nil {
			return fmt.Errorf("printing a generated policy: %w", err)
		}
		policies = append(policies, text)
		report.Policies = append(report.Policies, policy.Measure(text).Dense)
	}
	for _, g := range made.Gaps {
		report.Unread = append(report.Unread, g.Detail)
	}
	return encodeJSON(out, struct {
		Policies []json.RawMessage `json:"policies"`
		Report   any               `json:"report"`
	}{policies, report})
}

// writePolicies prints the documents one after the other.
func writePolicies(out io.Writer, list []*policy.Document) error {
	for _, d := range list {
		text, err := d.MarshalJSON()
		if err != nil {
			return fmt.Errorf("printing a generated policy: %w", err)
		}
		var b bytes.Buffer
		if err := json.Indent(&b, text, "", "  "); err != nil {
			return fmt.Errorf("printing a generated policy: %w", err)
		}
		if _, err := fmt.Fprintln(out, b.String()); err != nil {
			return err
		}
	}
	return nil
}

// generatedReport says what has to be known about a policy.
func generatedReport(w io.Writer, g *app.Generated) {
	fmt.Fprintf(w, "%s: %s from %s to %s\n", g.Principal, plural(g.Events, "event"), stamp(g.From), stamp(g.To))
	if len(g.Policies) == 0 {
		fmt.Fprintln(w, "No policy: nothing that succeeded needs a permission")
	} else {
		fmt.Fprintf(w, "Verified: %s in use, each allowed by the policy alone\n", plural(g.Verified, "permission"))
	}
	if n := len(g.Policies); n > 1 {
		fmt.Fprintf(w, "Split into %d documents, since one would be longer than a managed policy may be; a lower --max-resources makes it shorter\n", n)
	}
	section(w, "Wider than what was seen", g.Wildcards, func(x generate.Wildcard) string {
		return short(x.Actions, 4) + " on " + x.Resource + ": " + x.Why
	})
	section(w, "Derived from other events", g.Derived, func(x generate.Derived) string {
		text := x.Action + " on " + few(x.Resources)
		if x.Condition != "" {
			text += " (" + x.Condition + ")"
		}
		return text + ": " + short(x.Events, 2)
	})
	section(w, "Assumed", g.Assumed, func(x generate.Assumed) string { return x.Resource + ": " + x.Why })
	section(w, "Granted though only seen to fail", g.Failed, func(x generate.Failed) string {
		return x.Action + " on " + few(x.Resources) + ": " + short(x.Errors, 3)
	})
	section(w, "Denied, and not granted", g.Denied, func(x generate.Denied) string {
		return fmt.Sprintf("%s on %s (%d×)", x.Action, few(x.Resources), x.Count)
	})
	section(w, "Perhaps needed, and not granted", g.Possible, func(x generate.Possible) string {
		return x.Action + " on " + x.Resource + ": " + x.Event + " names the role"
	})
	section(w, "Seen and NOT covered", g.Uncovered, func(x generate.Lost) string {
		text := x.Event
		if x.Action != "" {
			text = x.Action + " on " + x.Resource + " of " + x.Event
		}
		return fmt.Sprintf("%s (%d×): %s", text, x.Count, x.Why)
	})
	section(w, "What these logs cannot show", g.Blind, func(x string) string { return x })
}

// mostLines bounds a section of the report; --output json has all of it.
const mostLines = 12

func section[T any](w io.Writer, title string, list []T, line func(T) string) {
	if len(list) == 0 {
		return
	}
	fmt.Fprintf(w, "%s:\n", title)
	for i, x := range list {
		if i == mostLines {
			fmt.Fprintf(w, "  … and %d more; --output json has all\n", len(list)-i)
			return
		}
		fmt.Fprintln(w, "  "+oneLine(line(x)))
	}
}

// few names a resource, or says how many there are.
func few(resources []string) string {
	if len(resources) == 1 {
		return resources[0]
	}
	return fmt.Sprintf("%d resources such as %s", len(resources), resources[0])
}

// short names the first of a list and how many more there are.
func short(list []string, n int) string {
	if len(list) <= n {
		return strings.Join(list, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(list[:n], ", "), len(list)-n)
}

func (p *program) listActors(c *cobra.Command, f generateFlags) error {
	actors, gaps, err := p.IAMActors(c.Context(), f.options)
	if err != nil {
		return err
	}
	for _, g := range gaps {
		fmt.Fprintln(p.Err, "not read: "+oneLine(g.Detail))
	}
	return p.write(f.output, func(out io.Writer) error {
		if f.format == "json" {
			return encodeJSON(out, actors)
		}
		tw := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(tw, "EVENTS\tDENIED\tFIRST\tLAST\tPRINCIPAL")
		for _, a := range actors {
			fmt.Fprintf(tw, "%d\t%d\t%s\t%s\t%s\n", a.Events, a.Denied, stamp(a.First), stamp(a.Last), oneLine(a.ARN))
		}
		return tw.Flush()
	})
}
