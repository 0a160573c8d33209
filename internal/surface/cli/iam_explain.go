package cli

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"holdfast.dev/holdfast/internal/app"
	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
	"holdfast.dev/holdfast/internal/kleene"
)

func (p *program) iamExplain() *cobra.Command {
	var o output
	var from estateFlags
	var about contextFlags
	var input string
	c := &cobra.Command{
		Use:   "explain PRINCIPAL ACTION RESOURCE",
		Short: "Say why a principal may or may not do this",
		Long: `Decides as iam can does, and shows how: what each kind of policy says, level by
level; which statements concern the action and what of them does not match; which
conditions hold, with the values they were compared with; which context keys were
missed; and what would change the answer.

With --input it explains one request that carries its policies along, in the form of
iam decide.

` + aboutContext + `

Exit codes: 0 explained, 2 wrong usage.`,
		Example: `  holdfast iam explain deploy s3:PutObject s3://releases/app.zip
  sed -n 17p requests.jsonl | holdfast iam explain --input -`,
		Args: cobra.MaximumNArgs(3),
		RunE: func(c *cobra.Command, args []string) error {
			a, err := p.explained(c, input, from, about, args)
			if err != nil {
				return err
			}
			if o.format == "json" {
				return p.writeJSON(o, explainedJSON(a))
			}
			return p.writeAsked(o, a, printExplained)
		},
	}
	o.flags(c, []string{"table", "json"})
	from.flags(c)
	about.flags(c)
	c.Flags().StringVar(&input, "input", "", "explain the request in this file, one line in the form of iam decide; - is standard input")
	return c
}

func (p *program) explained(c *cobra.Command, input string, from estateFlags, about contextFlags, args []string) (*app.Asked, error) {
	switch {
	case input != "" && len(args) > 0:
		return nil, app.Usage(errors.New("--input brings the whole request; leave out the arguments"))
	case input != "":
		line, err := p.oneRequest(input)
		if err != nil {
			return nil, app.Usage(err)
		}
		return app.AskLine(line)
	case len(args) != 3:
		return nil, app.Usage(errors.New("explain needs a principal, an action and a resource, or --input; see `holdfast iam explain --help`"))
	}
	return p.ask(c, from, about, args)
}

// maxRequest is how much is read of a file with one request.
const maxRequest = 8 << 20

// oneRequest reads the one request that a file holds: a line, or JSON over many.
func (p *program) oneRequest(input string) ([]byte, error) {
	in := p.In
	if input != "-" {
		f, err := os.Open(input)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	data, err := io.ReadAll(io.LimitReader(bufio.NewReader(in), maxRequest))
	if err != nil {
		return nil, err
	}
	data = bytes.TrimSpace(data)
	if first, rest, more := bytes.Cut(data, []byte("\n")); more && bytes.HasSuffix(bytes.TrimSpace(first), []byte("}")) && bytes.HasPrefix(bytes.TrimSpace(rest), []byte("{")) {
		return nil, fmt.Errorf("%s holds several requests; explain takes one, such as `sed -n 3p FILE | holdfast iam explain --input -`", input)
	}
	if len(data) == 0 {
		return nil, fmt.Errorf("%s holds no request", input)
	}
	return data, nil
}

// printExplained prints the trace: a block for each layer.
func printExplained(w io.Writer, a *app.Asked) {
	fmt.Fprintf(w, "%s\n\n", headline(a))
	width := 0
	for i := range a.Layers {
		width = max(width, len(layerTitle(&a.Layers[i])))
	}
	for i := range a.Layers {
		printLayer(w, a, &a.Layers[i], width)
	}
	if len(a.Layers) > 0 {
		fmt.Fprintln(w)
	}
	printWhy(w, a)
}

func layerTitle(l *iam.LayerTrace) string {
	title := layerText(l.Layer)
	if l.Node != "" {
		title += " " + l.Node
	}
	return oneLine(title)
}

func printLayer(w io.Writer, a *app.Asked, l *iam.LayerTrace, width int) {
	fmt.Fprintf(w, "%-*s  %s\n", width, layerTitle(l), oneLine(says(l)))
	if len(l.Statements) == 0 && l.Others > 0 {
		fmt.Fprintf(w, "      %s, none about this action\n", plural(l.Others, "statement"))
	}
	for _, i := range worthShowing(l) {
		t := &l.Statements[i]
		fmt.Fprintf(w, "    %s %s: %s\n", mark(t), statementTitle(a, t), oneLine(compared(a, t)))
	}
	if hidden := len(l.Statements) - len(worthShowing(l)); hidden > 0 {
		fmt.Fprintf(w, "      and %s that %s not match\n", plural(hidden, "other statement"), do(hidden))
	}
	if l.Unseen != "" {
		fmt.Fprintf(w, "    ? not seen: %s\n", oneLine(l.Unseen))
	}
}

func do(n int) string {
	if n == 1 {
		return "does"
	}
	return "do"
}

// says is what a layer comes to.
func says(l *iam.LayerTrace) string {
	switch {
	case l.Skipped != "":
		return "has no say: " + l.Skipped
	case l.Denies == kleene.True:
		return "DENIES"
	case l.Denies == kleene.Unknown:
		return "may deny"
	case l.Allows == kleene.True:
		return "allows"
	case l.Allows == kleene.Unknown:
		return "may allow"
	}
	return "does not allow"
}

// mostShown is how many statements that do not match are shown of a layer.
const mostShown = 6

// worthShowing are the statements that match or may, and the first of the others.
func worthShowing(l *iam.LayerTrace) []int {
	var out []int
	misses := 0
	for i := range l.Statements {
		if l.Statements[i].Matches == kleene.False {
			if misses++; misses > mostShown {
				continue
			}
		}
		out = append(out, i)
	}
	return out
}

func mark(t *iam.StatementTrace) string {
	switch {
	case t.Matches == kleene.Unknown:
		return "?"
	case t.Matches == kleene.False:
		return "-"
	case t.Effect == policy.Deny:
		return "x"
	}
	return "+"
}

func statementTitle(a *app.Asked, t *iam.StatementTrace) string {
	title := fmt.Sprintf("%s, %s statement %d", t.Effect, t.Policy, t.Statement+1)
	if t.Sid != "" {
		title += " (" + t.Sid + ")"
	}
	if group := a.Group(t.Ref); group != "" {
		title += " by group " + group
	}
	return oneLine(title)
}

// compared says what of a statement does not match, or why it is not known.
func compared(a *app.Asked, t *iam.StatementTrace) string {
	var parts []string
	if t.Principal != kleene.True {
		parts = append(parts, "it is for other principals"+maybe(t.Principal))
	}
	if t.Action == kleene.Unknown {
		parts = append(parts, "which actions it is for is not known")
	}
	if t.Resource != kleene.True {
		parts = append(parts, resourcesText(a, t)+maybe(t.Resource))
	}
	for i := range t.Conditions {
		if c := &t.Conditions[i]; c.Holds != kleene.True || len(parts) == 0 && t.Matches == kleene.True {
			parts = append(parts, conditionSays(c))
		}
	}
	if len(parts) == 0 {
		return "matches"
	}
	return strings.Join(parts, "; ")
}

func maybe(v kleene.Value) string {
	if v == kleene.Unknown {
		return ", as far as is known"
	}
	return ""
}

// resourcesText says what resources a statement is about instead.
func resourcesText(a *app.Asked, t *iam.StatementTrace) string {
	list, not := a.Resources(t.Ref)
	if len(list) == 0 {
		return "it is about other resources"
	}
	text := strings.Join(list[:min(len(list), 2)], ", ")
	if more := len(list) - 2; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	if not {
		return "it is about all but " + text
	}
	return "it is about " + text
}

// conditionSays compares a condition with the request.
func conditionSays(c *iam.ConditionTrace) string {
	got := ""
	switch c.State {
	case iam.Known:
		got = "it is " + strings.Join(c.Got, ", ")
	case iam.Absent:
		got = "it is absent"
	case iam.Present:
		got = "its value is not known"
	case iam.Unseen:
		got = "it is not known"
	}
	want := strings.Join(c.Want[:min(len(c.Want), 3)], " | ")
	if more := len(c.Want) - 3; more > 0 {
		want += fmt.Sprintf(" | and %d more", more)
	}
	verdict := "holds"
	if c.Holds != kleene.True {
		verdict = "fails"
		if c.Holds == kleene.Unknown {
			verdict = "open"
		}
	}
	return fmt.Sprintf("%s %s %s %s: %s", verdict, c.Operator, c.Key, want, got)
}
