package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"holdfast.dev/holdfast/internal/app"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
)

func (p *program) iamMinify() *cobra.Command {
	var f policyFlags
	var dropSids, patterns, aggressive bool
	c := &cobra.Command{
		Use:   "minify FILE|-",
		Short: "Say the same policy in fewer characters",
		Long: `Prints the policy without white space and with everything left out that decides
nothing: lists of one without brackets, actions and resources that others include,
statements that others cover; statements that differ in one list only are joined.
The decision of every request stays the same.

--drop-sids gives up the names of statements, which also lets statements of
different names be joined. --patterns writes actions as prefixes with * where the
action catalogue has no other action of that prefix; an action that AWS adds later
may then be included. --aggressive is both.

What was saved is said on standard error; --output json has it beside the policy,
and --output table tells nothing else.`,
		Example: `  holdfast iam minify policy.json > small.json
  holdfast iam minify policy.json --aggressive --out small.json
  holdfast iam minify - --type scp < guardrail.json
  holdfast iam minify policy.json --output json | jq .saved`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			var ways []string
			if dropSids || aggressive {
				ways = append(ways, app.DropSids)
			}
			if patterns || aggressive {
				ways = append(ways, app.Patterns)
			}
			return p.runMinify(c, f, ways, args)
		},
	}
	c.Flags().StringVarP(&f.format, "output", "o", minifyPolicy, "format, one of [policy table json]")
	c.Flags().StringVar(&f.file, "out", "", "write to this file instead of standard output")
	f.flags(c)
	c.Flags().BoolVar(&dropSids, app.DropSids, false, "give up the names of statements")
	c.Flags().BoolVar(&patterns, app.Patterns, false, "write actions as prefixes where the catalogue has no other")
	c.Flags().BoolVar(&aggressive, "aggressive", false, "both")
	return c
}

// minifyPolicy is the format that is a policy and nothing else.
const minifyPolicy = "policy"

// minified is a policy with what was saved.
type minified struct {
	File    string          `json:"file"`
	Before  int             `json:"before"`
	After   int             `json:"after"`
	Saved   int             `json:"saved"`
	Quota   int             `json:"quota"`
	Place   string          `json:"place"`
	Unit    string          `json:"unit"`
	Further map[string]int  `json:"further,omitempty"` // size with each way that was not allowed
	Policy  json.RawMessage `json:"policy"`
}

func minifiedOf(small *app.Smaller) minified {
	unit := small.Quota.Unit
	m := minified{
		File: small.File.Path, Before: small.File.Size.Count(unit), After: small.Size.Count(unit), Quota: small.Quota.Limit,
		Place: small.Quota.Key, Unit: unit.String(), Further: map[string]int{}, Policy: small.Text,
	}
	m.Saved = m.Before - m.After
	for way, size := range small.With {
		if n := size.Count(unit); n < m.After {
			m.Further[way] = n
		}
	}
	return m
}

func minifyText(w io.Writer, m minified) error {
	_, err := fmt.Fprintf(w, "%s\n", m.Policy)
	return err
}

func minifyTable(w io.Writer, m minified) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "FILE\tBEFORE\tAFTER\tSAVED\tPLACE\tQUOTA\tCOUNTED")
	fmt.Fprintf(tw, "%s\t%d\t%d\t%d\t%s\t%d\t%s\n", oneLine(m.File), m.Before, m.After, m.Saved, m.Place, m.Quota, m.Unit)
	return tw.Flush()
}

// minifyJSON leaves the policy as it is: its characters are what counts.
func minifyJSON(w io.Writer, m minified) error {
	policy := m.Policy
	m.Policy = json.RawMessage("null")
	raw, err := json.Marshal(m)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s%s}\n", raw[:len(raw)-len("null}")], policy)
	return err
}

func (p *program) runMinify(c *cobra.Command, f policyFlags, ways, args []string) error {
	write := map[string]func(io.Writer, minified) error{minifyPolicy: minifyText, "table": minifyTable, "json": minifyJSON}[f.format]
	if write == nil {
		return app.Usage(fmt.Errorf("--output: %q is not a format of iam minify; one of policy, table, json", f.format))
	}
	o, err := p.policyOptions(f, args)
	if err != nil {
		return err
	}
	small, err := p.Minify(c.Context(), o, ways...)
	if err != nil {
		return err
	}
	if err := p.write(f.output, func(w io.Writer) error { return write(w, minifiedOf(small)) }); err != nil || f.format != minifyPolicy {
		return err
	}
	before, after := small.File.Size.Count(small.Quota.Unit), small.Size.Count(small.Quota.Unit)
	fmt.Fprintf(p.Err, "%s: %d → %d %s (%s); %s\n", oneLine(small.File.Path), before, after, small.Quota.Unit, saving(before, after), room(after, small.Quota))
	for _, way := range []string{app.DropSids, app.Patterns} {
		if with, ok := small.With[way]; ok && with.Count(small.Quota.Unit) < after {
			fmt.Fprintf(p.Err, "--%s would make it %d\n", way, with.Count(small.Quota.Unit))
		}
	}
	return nil
}

func saving(before, after int) string {
	if after >= before {
		return "nothing to save"
	}
	return fmt.Sprintf("%d saved, %.1f %%", before-after, float64((before-after)*1000/before)/10)
}

func room(n int, q policy.Quota) string {
	if n > q.Limit {
		return fmt.Sprintf("still too large for %s of %d", q.One(), q.Limit)
	}
	return fmt.Sprintf("%.1f %% of %s of %d", float64(n*1000/q.Limit)/10, q.One(), q.Limit)
}
