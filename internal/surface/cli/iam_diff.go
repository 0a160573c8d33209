package cli

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

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

const (
	// manyPatterns are more than a table shows of one region.
	manyPatterns = 12
	diffLabel    = 10 // "resources" and a space
)

func (p *program) diffTable(out io.Writer, d *app.Diff) error {
	w := &errWriter{w: out}
	width, _ := terminal(out)
	if len(d.Regions) == 0 && len(d.Unknown) == 0 {
		fmt.Fprintln(w, "no difference: every request is decided alike")
	}
	for i := range d.Regions {
		if i > 0 {
			fmt.Fprintln(w)
		}
		p.diffRegion(w, &d.Regions[i], width, "")
	}
	if d.Granted != nil {
		if len(d.Regions) > 0 {
			fmt.Fprintln(w)
		}
		if len(d.Granted.Regions) == 0 && len(d.Granted.Unknown) == 0 {
			fmt.Fprintln(w, "none of the actions asked about is granted")
		}
		for i := range d.Granted.Regions {
			p.diffRegion(w, &d.Granted.Regions[i], width, "granted all the same")
		}
	}
	return w.err
}

// diffRegion prints one region; title stands in place of what changes.
func (p *program) diffRegion(w io.Writer, r *diff.Region, width int, title string) {
	sign, colour := "-", "\x1b[32m"
	if r.Change.Widens() {
		sign, colour = "+", "\x1b[31m"
	}
	if title == "" {
		title = r.Change.String()
	}
	if r.Later {
		title += ", should AWS add such actions"
	}
	if !r.Verified {
		title += ", perhaps: no request was found that shows it"
	}
	head := sign + " " + title
	if p.colour(p.Out) {
		head = colour + head + "\x1b[0m"
	}
	fmt.Fprintln(w, head)
	count := ""
	if r.Count > 1 {
		count = fmt.Sprintf(" (%s)", plural(r.Count, "action"))
	}
	for _, row := range [][2]string{
		{"actions", spanList(r.Actions) + count}, {"resources", spanList(r.Resources)}, {"principals", strings.Join(r.Principals, ", ")},
		{"when", terms(r.When)}, {"example", exampleText(r.Example)},
	} {
		label := row[0]
		for _, line := range lines(row[1], width-diffLabel-4) {
			if line != "" {
				fmt.Fprintf(w, "  %-*s %s\n", diffLabel, label, line)
				label = ""
			}
		}
	}
}

// spanList is patterns in a line, not too many of them.
func spanList(list []diff.Span) string {
	shown, more := []string{}, 0
	for i, s := range list {
		if i >= manyPatterns {
			more++
			continue
		}
		if n := len(s.Except); n > manyPatterns {
			s.Except = append(slices.Clone(s.Except[:manyPatterns]), fmt.Sprintf("… %d more", n-manyPatterns))
		}
		shown = append(shown, s.String())
	}
	separator := ", "
	if slices.ContainsFunc(list, func(s diff.Span) bool { return len(s.Except) > 0 }) {
		separator = "; "
	}
	if more > 0 {
		shown = append(shown, fmt.Sprintf("… %d more", more))
	}
	return strings.Join(shown, separator)
}

func terms(list []diff.Term) string {
	var out []string
	for _, t := range list {
		out = append(out, t.String())
	}
	return strings.Join(out, ", and ")
}

func exampleText(e diff.Example) string {
	s := e.Action + " on " + e.Resource
	if e.Principal != "" {
		s = e.Principal + " does " + s
	}
	var with []string
	for _, key := range slices.Sorted(maps.Keys(e.Context)) {
		with = append(with, key+"="+strings.Join(e.Context[key], ","))
	}
	if len(with) > 0 {
		s += " with " + strings.Join(with, " ")
	}
	return s
}

// diffMarkdown is a table for a pull request.
func diffMarkdown(out io.Writer, d *app.Diff) error {
	w := &errWriter{w: out}
	if len(d.Regions) == 0 {
		if len(d.Unknown) == 0 {
			fmt.Fprintln(w, "**No difference:** every request is decided alike.")
		}
	} else {
		diffRows(w, d.Regions)
	}
	for _, why := range d.Unknown {
		fmt.Fprintf(w, "\nNot compared: %s\n", code1(why))
	}
	if d.Granted != nil && len(d.Granted.Regions) > 0 {
		fmt.Fprint(w, "\n**Granted all the same:**\n\n")
		diffRows(w, d.Granted.Regions)
	}
	return w.err
}

func diffRows(w io.Writer, list []diff.Region) {
	fmt.Fprint(w, "| | Actions | Resources | Principals | When | Example |\n|---|---|---|---|---|---|\n")
	for _, r := range list {
		change := "➖ " + r.Change.String()
		if r.Change.Widens() {
			change = "➕ " + r.Change.String()
		}
		if r.Later {
			change += " (actions that AWS may add)"
		}
		if !r.Verified {
			change += " (perhaps)"
		}
		fmt.Fprintf(w, "| %s | %s | %s | %s | %s | %s |\n", change, code1(spanList(r.Actions)), code1(spanList(r.Resources)),
			code1(strings.Join(r.Principals, ", ")), code1(terms(r.When)), code1(exampleText(r.Example)))
	}
}

// code1 keeps text in a cell of a Markdown table from being anything but text.
func code1(s string) string {
	if s == "" {
		return ""
	}
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
	return "`" + strings.NewReplacer("`", "'", "|", "\\|").Replace(s) + "`"
}

// The shapes that iam diff prints as JSON.
type (
	jsonDiff struct {
		Equal   bool         `json:"equal"` // all requests for actions of today are decided alike
		Type    string       `json:"type"`
		Changes []jsonChange `json:"changes"`
		Vacuous int          `json:"vacuous"`
		Unknown []string     `json:"unknown"`
		Granted []jsonChange `json:"granted"` // null where nothing was asked about
	}
	jsonChange struct {
		Change     string      `json:"change"`
		Before     string      `json:"before"`
		After      string      `json:"after"`
		Actions    []jsonSpan  `json:"actions"`
		Count      int         `json:"count"`
		Later      bool        `json:"later"`
		Resources  []jsonSpan  `json:"resources"`
		Principals []string    `json:"principals,omitempty"`
		When       []jsonTerm  `json:"when"`
		Example    jsonExample `json:"example"`
		Verified   bool        `json:"verified"`
	}
	jsonSpan struct {
		Pattern string   `json:"pattern"`
		Except  []string `json:"except,omitempty"`
	}
	jsonTerm struct {
		Operator string   `json:"operator"`
		Key      string   `json:"key,omitempty"`
		Values   []string `json:"values"`
		Holds    bool     `json:"holds"`
	}
	jsonExample struct {
		Principal string              `json:"principal,omitempty"`
		Action    string              `json:"action"`
		Resource  string              `json:"resource"`
		Context   map[string][]string `json:"context"`
	}
)

func diffJSON(d *app.Diff) jsonDiff {
	out := jsonDiff{Equal: d.Equal(), Type: d.Type.String(), Changes: changesJSON(d.Regions), Vacuous: d.Vacuous, Unknown: append([]string{}, d.Unknown...)}
	if d.Granted != nil {
		out.Granted = changesJSON(d.Granted.Regions)
	}
	return out
}

func changesJSON(list []diff.Region) []jsonChange {
	out := []jsonChange{}
	for _, r := range list {
		c := jsonChange{
			Change: string(r.Change), Before: r.Old.String(), After: r.New.String(), Actions: spansJSON(r.Actions), Count: r.Count, Later: r.Later,
			Resources: spansJSON(r.Resources), Principals: r.Principals, When: []jsonTerm{}, Verified: r.Verified,
			Example: jsonExample{r.Example.Principal, r.Example.Action, r.Example.Resource, r.Example.Context},
		}
		for _, t := range r.When {
			c.When = append(c.When, jsonTerm{t.Operator, t.Key, append([]string{}, t.Values...), t.Holds})
		}
		out = append(out, c)
	}
	return out
}

func spansJSON(list []diff.Span) []jsonSpan {
	out := []jsonSpan{}
	for _, s := range list {
		out = append(out, jsonSpan(s))
	}
	return out
}
