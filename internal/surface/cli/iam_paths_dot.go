package cli

import (
	"fmt"
	"io"
	"strings"

	"holdfast.dev/holdfast/internal/operate/access/paths"
)

// dot draws the paths as a graph for Graphviz.
func dot(out io.Writer, r *paths.Report) error {
	var b strings.Builder
	b.WriteString("digraph paths {\n  rankdir=LR;\n  node [shape=box, fontname=\"sans-serif\"];\n  edge [fontname=\"sans-serif\", fontsize=10];\n")
	seen := map[string]bool{}
	write := func(line string) {
		if !seen[line] {
			seen[line] = true
			b.WriteString(line)
		}
	}
	for _, arn := range r.There {
		write(fmt.Sprintf("  %s [style=filled, fillcolor=\"#f4c7c3\"];\n", dotText(arn)))
	}
	for _, p := range r.Paths {
		from := p.Principal
		for _, h := range p.Hops {
			to := h.To
			switch {
			case h.Change == "membership":
				to = h.From + "\\nin " + shortName(h.Group)
			case h.Change != "":
				to = h.To + "\\n" + map[string]string{"permissions": "any permissions", "boundary": "no boundary", "attached-denials": "no denials", "inline-denials": "no denials"}[h.Change]
			}
			style := ""
			if !h.Certain {
				style = ", style=dashed"
			}
			write(fmt.Sprintf("  %s -> %s [label=%s%s];\n", dotText(from), dotText(to), dotText(h.Technique), style))
			from = to
		}
	}
	b.WriteString("}\n")
	_, err := io.WriteString(out, b.String())
	return err
}

// dotText is a string of the DOT language; \n in it breaks the line.
func dotText(s string) string {
	return `"` + strings.ReplaceAll(oneLine(s), `"`, `\"`) + `"`
}
