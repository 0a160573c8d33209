package cli

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/app"
	"holdfast.dev/holdfast/internal/engine/iam/diff"
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
		fmt.Fprintf(w, "\nNot compared: %s\n", codeCell(why))
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
		fmt.Fprintf(w, "| %s | %s | %s | %s | %s | %s |\n", change, codeCell(spanList(r.Actions)), codeCell(spanList(r.Resources)),
			codeCell(strings.Join(r.Principals, ", ")), codeCell(terms(r.When)), codeCell(exampleText(r.Example)))
	}
}

// codeCell keeps text in a cell of a Markdown table from being anything but text.
func codeCell(s string) string {
	if s == "" {
		return ""
	}
	return "`" + strings.NewReplacer("`", "'", "|", "\\|").Replace(oneLine(s)) + "`"
}

const (
	// manyPatterns are more than a table shows of one region.
	manyPatterns = 12
	diffLabel    = 10 // "resources" and a space
)
