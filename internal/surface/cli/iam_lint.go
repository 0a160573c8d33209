package cli

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"holdfast.dev/holdfast/internal/app"
	"holdfast.dev/holdfast/internal/engine/iam/lint"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
	"holdfast.dev/holdfast/internal/finding"
	"holdfast.dev/holdfast/internal/surface/report"
)

// policyFlags are the flags of commands that read files with policies.
type policyFlags struct {
	output
	kind  string
	place string
}

func (f *policyFlags) flags(c *cobra.Command) {
	names := []string{}
	for _, t := range policy.Types() {
		names = append(names, t.String())
	}
	c.Flags().StringVar(&f.kind, "type", "", "type of the policies: "+strings.Join(names, ", ")+" (guessed where it is not given)")
	c.Flags().StringVar(&f.place, "place", "", "where the policy goes, for its quota: managed, role, user, group, s3, kms, sqs and so on (holdfast iam size --help lists them)")
}

func (p *program) policyOptions(f policyFlags, args []string) (app.PolicyOptions, error) {
	o := app.PolicyOptions{Paths: args, In: p.In, Place: f.place}
	if len(args) == 0 {
		return o, app.Usage(errors.New("name a file with a policy; `-` is standard input"))
	}
	if f.kind != "" {
		t, err := policy.ParseType(f.kind)
		if err != nil {
			return o, app.Usage(fmt.Errorf("--type: %w", err))
		}
		o.Type = t
	} else if q, ok := policy.QuotaFor(f.place); ok {
		o.Type = q.Type
	}
	return o, nil
}

func (p *program) iamLint() *cobra.Command {
	var f policyFlags
	var failOn string
	var rules bool
	c := &cobra.Command{
		Use:   "lint FILE…|FOLDER…|-",
		Short: "Find what is wrong with policies",
		Long: `Reads policies and names what AWS would refuse, with line and column, and what AWS
takes though it does not do what it seems to: actions that do not exist, statements
that never match, conditions that a missing key turns around, iam:PassRole on every
role, doors left open, redundancy, sizes close to the quota.

Of a folder every *.json below it is read that has a Statement.

The type decides the rules. A guess by content tells identity, resource and trust
policies apart; name the type of boundaries, session policies, SCPs, RCPs and
endpoint policies. In [Statement[2].Action] statements count from 0.

Exit codes: 0 nothing at or above --fail-on, 1 something, 2 a file could not be read.`,
		Example: `  holdfast iam lint policy.json
  holdfast iam lint policies/ --fail-on warning
  holdfast iam lint scp/*.json --type scp --output sarif --out lint.sarif
  aws iam get-role-policy --role-name app --policy-name p --query PolicyDocument | holdfast iam lint -`,
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			if rules {
				return p.lintRules()
			}
			return p.runLint(c, f, failOn, args)
		},
	}
	f.output.flags(c, []string{"table", "json", "sarif"})
	f.flags(c)
	c.Flags().StringVar(&failOn, "fail-on", "error", "severity from which a finding gives exit code 1: error, warning, suggestion or none")
	c.Flags().BoolVar(&rules, "rules", false, "list the rules besides what AWS refuses, and nothing else")
	return c
}

// lintRules lists what is looked for.
func (p *program) lintRules() error {
	tw := tabwriter.NewWriter(p.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "CODE\tSEVERITY\tFINDS")
	for _, r := range lint.Rules() {
		fmt.Fprintf(tw, "%s\t%s\t%s\n", r.Code, r.Severity, r.About)
	}
	return tw.Flush()
}

func (p *program) runLint(c *cobra.Command, f policyFlags, failOn string, args []string) error {
	limit := -1
	if failOn != "none" {
		severity, err := lint.ParseSeverity(failOn)
		if err != nil {
			return app.Usage(fmt.Errorf("--fail-on: %w, or none", err))
		}
		limit = severity.Rank()
	}
	write := map[string]func(io.Writer, *app.PolicyFiles) error{"table": p.lintTable, "json": lintJSON, "sarif": p.lintSARIF}[f.format]
	if write == nil {
		return app.Usage(fmt.Errorf("--output: %q is not a format of iam lint; one of table, json, sarif", f.format))
	}
	o, err := p.policyOptions(f, args)
	if err != nil {
		return err
	}
	files, unread := p.Policies(c.Context(), o)
	if len(files.Files) > 0 || unread == nil {
		if err := p.write(f.output, func(w io.Writer) error { return write(w, &files) }); err != nil {
			return err
		}
		p.lintSummary(&files)
	}
	if unread != nil {
		return unread
	}
	bad := 0
	for _, s := range []lint.Severity{lint.Error, lint.Warning, lint.Suggestion} {
		if s.Rank() <= limit {
			bad += files.Count(s)
		}
	}
	if bad > 0 {
		fmt.Fprintf(p.Err, "exit code 1: %s at or above --fail-on %s\n", plural(bad, "finding"), failOn)
		return &app.ExitError{Code: app.ExitViolations}
	}
	return nil
}

// lintTable prints a finding a line, in the form that editors know from compilers.
func (p *program) lintTable(w io.Writer, files *app.PolicyFiles) error {
	var b strings.Builder
	for i := range files.Files {
		f := &files.Files[i]
		for _, x := range f.Findings {
			where := ""
			if x.Path != "" {
				where = " [" + x.Path + "]"
			}
			b.WriteString(oneLine(fmt.Sprintf("%s:%d:%d: %s %s: %s%s", f.Path, x.Position.Line, x.Position.Column, x.Severity, x.Code, x.Message, where)) + "\n")
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// lintSummary says on standard error what was read, as what, and what was found.
func (p *program) lintSummary(files *app.PolicyFiles) {
	if len(files.Skipped) > 0 {
		fmt.Fprintf(p.Err, "%s without a Statement left out: %s\n", plural(len(files.Skipped), "JSON file"), oneLine(some(files.Skipped)))
	}
	guessed := map[policy.Type]int{}
	for i := range files.Files {
		if f := &files.Files[i]; f.Guessed && f.Document.Unseen == "" {
			guessed[f.Type]++
		}
	}
	var parts []string
	for _, t := range policy.Types() {
		if n := guessed[t]; n > 0 {
			parts = append(parts, plural(n, t.String()+" policy"))
		}
	}
	if len(parts) > 0 {
		text := strings.ReplaceAll(strings.Join(parts, ", "), "policys", "policies")
		fmt.Fprintf(p.Err, "by their content: %s; --type says otherwise\n", text)
	}
	fmt.Fprintf(p.Err, "%s: %s, %s, %s\n", plural(len(files.Files), "file"),
		plural(files.Count(lint.Error), "error"), plural(files.Count(lint.Warning), "warning"), plural(files.Count(lint.Suggestion), "suggestion"))
}

// some shows the first of a list.
func some(list []string) string {
	const most = 3
	if len(list) <= most {
		return strings.Join(list, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(list[:most], ", "), len(list)-most)
}

func lintJSON(w io.Writer, files *app.PolicyFiles) error {
	type jsonFinding struct {
		Code     string `json:"code"`
		Severity string `json:"severity"`
		Message  string `json:"message"`
		Line     int    `json:"line"`
		Column   int    `json:"column"`
		Path     string `json:"path,omitempty"`
	}
	type jsonFile struct {
		File     string        `json:"file"`
		Type     string        `json:"type"`
		Guessed  bool          `json:"guessed"`
		Findings []jsonFinding `json:"findings"`
	}
	out := struct {
		Files   []jsonFile     `json:"files"`
		Skipped []string       `json:"skipped"`
		Counts  map[string]int `json:"counts"`
	}{[]jsonFile{}, append([]string{}, files.Skipped...), map[string]int{}}
	for i := range files.Files {
		f := &files.Files[i]
		j := jsonFile{f.Path, f.Type.String(), f.Guessed, []jsonFinding{}}
		for _, x := range f.Findings {
			j.Findings = append(j.Findings, jsonFinding{x.Code, string(x.Severity), x.Message, x.Position.Line, x.Position.Column, x.Path})
		}
		out.Files = append(out.Files, j)
	}
	for _, s := range []lint.Severity{lint.Error, lint.Warning, lint.Suggestion} {
		out.Counts[string(s)] = files.Count(s)
	}
	return encodeJSON(w, out)
}

// lintSARIF hands the findings to the writer that all findings share.
func (p *program) lintSARIF(w io.Writer, files *app.PolicyFiles) error {
	severities := map[lint.Severity]finding.Severity{lint.Error: finding.High, lint.Warning: finding.Medium, lint.Suggestion: finding.Low}
	meta := p.meta(nil, p.Now())
	meta.Rules = func(id string) (report.Rule, bool) {
		rules := lint.Rules()
		i := slices.IndexFunc(rules, func(r lint.Rule) bool { return r.Code == id })
		if i < 0 {
			return report.Rule{Title: "AWS refuses the policy: " + id, Severity: finding.High, Tags: []string{"iam"}}, true
		}
		return report.Rule{Title: rules[i].About, Severity: severities[rules[i].Severity], Tags: []string{"iam"}}, true
	}
	var list []finding.Finding
	for i := range files.Files {
		f := &files.Files[i]
		for _, x := range f.Findings {
			list = append(list, finding.Finding{
				ID:      finding.Identify(x.Code, "", "", x.Path+"\x00"+x.Message, f.Path),
				Verdict: finding.Fail, Rule: x.Code, Title: x.Code, Severity: severities[x.Severity],
				Type: f.Type.String() + " policy", Resource: x.Path, File: f.Path, Line: x.Position.Line, Column: x.Position.Column, Message: x.Message,
			})
		}
	}
	return report.Findings(w, report.SARIF, meta, each(list))
}
