package cli

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"holdfast.dev/holdfast/internal/app"
	"holdfast.dev/holdfast/internal/engine/iam"
)

func (p *program) iamWhoCan() *cobra.Command {
	var o output
	var from estateFlags
	var about contextFlags
	c := &cobra.Command{
		Use:   "who-can ACTION RESOURCE",
		Short: "List who may do this",
		Long: `Asks of every user and role in the evidence, in all accounts, whether it may do the
action on the resource, and lists those that may and those of whom it is not known,
with what that depends on. Whom else the policy of the resource lets in (services,
other accounts, anyone) stands below.

` + aboutContext + `

Exit codes: 0 listed, 2 wrong usage.`,
		Example: `  holdfast iam who-can s3:GetObject s3://customer-data/x
  holdfast iam who-can iam:CreateAccessKey '*' --absent '*'
  holdfast iam who-can kms:Decrypt arn:aws:kms:eu-west-1:111122223333:key/… --output json`,
		Args: cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			circumstances, err := about.read()
			if err != nil {
				return err
			}
			e, err := p.estate(c.Context(), from)
			if err != nil {
				return err
			}
			answer, err := app.WhoCan(e, args[0], args[1], circumstances)
			if err != nil {
				return err
			}
			p.doubt("", app.Doubts(args[0], answer.Object.ARN, circumstances))
			return p.writeWho(o, answer)
		},
	}
	o.flags(c, []string{"table", "json"})
	from.flags(c)
	about.flags(c)
	return c
}

func (p *program) writeWho(o output, answer *app.Whoever) error {
	switch o.format {
	case "json":
		return p.writeJSON(o, whoJSON(answer))
	case "table":
	default:
		return app.Usage(fmt.Errorf("--output: %q is not one of table, json", o.format))
	}
	if err := p.write(o, func(out io.Writer) error { return printWho(out, answer) }); err != nil {
		return err
	}
	allowed, unknown := tally(answer.Inside)
	outside := ""
	if n := len(answer.Outside); n > 0 {
		outside = fmt.Sprintf("; the policy of the resource lets in %d more", n)
		if _, more := tally(answer.Outside); more > 0 {
			outside = fmt.Sprintf("; the policy of the resource may let in %d more", n)
		}
	}
	fmt.Fprintf(p.Err, "%s on %s: %s asked, %d may, of %d it is not known%s\n", answer.Action, oneLine(answer.Object.ARN), plural(answer.Asked, "principal"), allowed, unknown, outside)
	if hint := settling(answer); hint != "" {
		fmt.Fprintln(p.Err, hint)
	}
	return nil
}

// settling says what would make more of the answers known.
func settling(answer *app.Whoever) string {
	keys, unseen := false, false
	for _, list := range [][]app.Who{answer.Inside, answer.Outside} {
		for i := range list {
			keys = keys || len(list[i].Depends) > 0
			unseen = unseen || len(list[i].Unseen) > 0
		}
	}
	var hints []string
	if keys {
		hints = append(hints, "--context gives keys values, --absent '*' says that no other key is there")
	}
	if unseen {
		hints = append(hints, "--alone takes what was not seen for not there")
	}
	if len(hints) == 0 {
		return ""
	}
	return "`holdfast iam explain PRINCIPAL …` says what it depends on; " + strings.Join(hints, "; ")
}

func tally(list []app.Who) (allowed, unknown int) {
	for i := range list {
		if list[i].Outcome.Decision == iam.Allowed {
			allowed++
		} else {
			unknown++
		}
	}
	return allowed, unknown
}

func printWho(out io.Writer, answer *app.Whoever) error {
	tw := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "PRINCIPAL\tANSWER\tBY")
	for _, d := range []iam.Decision{iam.Allowed, iam.Unknown} {
		for _, list := range [][]app.Who{answer.Inside, answer.Outside} {
			for i := range list {
				if w := &list[i]; w.Outcome.Decision == d {
					fmt.Fprintf(tw, "%s\t%s\t%s\n", oneLine(w.Subject.Name()), d, oneLine(whoBy(w)))
				}
			}
		}
	}
	return tw.Flush()
}

// whoBy says what lets somebody in, or what it depends on.
func whoBy(w *app.Who) string {
	switch {
	case len(w.Depends) > 0:
		return "depends on " + strings.Join(w.Depends, ", ")
	case len(w.Unseen) > 0:
		return w.Unseen[0]
	}
	text := layerText(w.Outcome.Layer)
	if w.Outcome.Policy != nil {
		text += fmt.Sprintf(" %q, statement %d", w.Outcome.Policy.Name, w.Outcome.Statement+1)
	}
	return text
}

type jsonWho struct {
	Principal string   `json:"principal"`
	Account   string   `json:"account,omitempty"`
	Decision  string   `json:"decision"`
	Layer     string   `json:"layer,omitempty"`
	Policy    string   `json:"policy,omitempty"`
	Statement *int     `json:"statement,omitempty"`
	Missing   []string `json:"missing,omitempty"`
	Unseen    []string `json:"unseen,omitempty"`
	Outside   bool     `json:"outside,omitempty"` // none of the users and roles in the evidence
}

func whoJSON(answer *app.Whoever) any {
	list := []jsonWho{}
	for outside, group := range [][]app.Who{answer.Inside, answer.Outside} {
		for i := range group {
			w := &group[i]
			entry := jsonWho{
				Principal: w.Subject.Name(), Account: w.Subject.Principal.Account, Decision: w.Outcome.Decision.String(),
				Layer: w.Outcome.Layer.String(), Missing: w.Depends, Unseen: w.Unseen, Outside: outside == 1,
			}
			if w.Outcome.Policy != nil {
				entry.Policy, entry.Statement = w.Outcome.Policy.Name, &w.Outcome.Statement
			}
			list = append(list, entry)
		}
	}
	return struct {
		Action   string    `json:"action"`
		Resource string    `json:"resource"`
		Asked    int       `json:"asked"`
		Who      []jsonWho `json:"who"`
	}{answer.Action, answer.Object.ARN, answer.Asked, list}
}
