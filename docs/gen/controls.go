package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/engine/check"
)

// frameworks in the order pages show them, with the names people know.
var frameworks = []struct{ id, name string }{
	{"fsbp", "FSBP"}, {"cis-7.0", "CIS 7.0"}, {"cis-6.0", "CIS 6.0"}, {"cis-5.0", "CIS 5.0"}, {"nist-800-53", "NIST 800-53"}, {"csf-2.0", "CSF 2.0"},
}

// link leads to a control's section, from a page in docs/reference.
func link(c check.Control) string {
	return fmt.Sprintf("[%s](controls/%s.md#%s)", c.ID, service(c), c.ID)
}

// controlPages are an index and one page for each service.
func controlPages(k knowledge) []page {
	var index strings.Builder
	fmt.Fprintf(&index, `%s# Controls

The catalogue holds %d controls. Each is one file below `+"`catalog/controls`"+`, with the
examples that are its tests; `+"`holdfast controls show ID`"+` prints it. What they serve stands
in [objectives](objectives.md), what they support of other frameworks in
[frameworks](frameworks.md), and [writing a control](../writing-a-control.md) shows how to add one.
`, notice, len(k.controls))
	var pages []page
	for _, s := range services(k.controls) {
		var b strings.Builder
		fmt.Fprintf(&b, "%s# Controls: %s\n\n| control | severity | judges | SEC01 |\n|---|---|---|---|\n", notice, s)
		fmt.Fprintf(&index, "\n## [%s](controls/%s.md)\n\n| control | severity | what holds | SEC01 | FSBP | CIS 7.0 |\n|---|---|---|---|---|---|\n", s, s)
		for _, c := range k.controls {
			if service(c) != s {
				continue
			}
			fmt.Fprintf(&index, "| %s | %s | %s | %s | %s | %s |\n", link(c), c.Severity, cell(c.Title), strings.Join(c.Practices(), " "), strings.Join(c.Maps["fsbp"], " "), strings.Join(c.Maps["cis-7.0"], " "))
			fmt.Fprintf(&b, "| [%s](#%s) | %s | %s | %s |\n", c.ID, c.ID, c.Severity, cell(strings.Join(c.Resource, ", ")), strings.Join(c.Practices(), " "))
		}
		for _, c := range k.controls {
			if service(c) == s {
				controlDetail(&b, c)
			}
		}
		b.WriteString("\n[All controls](../controls.md)\n")
		pages = append(pages, page{"docs/reference/controls/" + s + ".md", []byte(b.String())})
	}
	return append(pages, page{"docs/reference/controls.md", []byte(index.String())})
}

// services in the order of the controls.
func services(controls []check.Control) []string {
	var out []string
	for _, c := range controls {
		if s := service(c); !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

func controlDetail(b *strings.Builder, c check.Control) {
	fmt.Fprintf(b, "\n## %s\n\n%s. Severity %s, %s, serves [%s](../objectives.md#%s).\n", c.ID, c.Title, c.Severity, c.Kind, c.Objective, c.Objective)
	if c.Why != "" {
		fmt.Fprintf(b, "\n%s\n", flat(c.Why))
	}
	fmt.Fprintf(b, "\n**Fix.** %s\n", flat(c.Fix.Text))
	fmt.Fprintf(b, "\n<details><summary>Check, parameters and mappings</summary>\n\n```cel\n")
	if c.When != "" {
		fmt.Fprintf(b, "when:  %s\n", strings.TrimSpace(c.When))
	}
	fmt.Fprintf(b, "check: %s\n```\n\n", strings.TrimSpace(c.Check))
	for _, name := range slices.Sorted(maps.Keys(c.Params)) {
		fmt.Fprintf(b, "- parameter `%s`, by default `%v`\n", name, c.Params[name])
	}
	if len(c.PreventedBy) > 0 {
		links := make([]string, len(c.PreventedBy))
		for i, id := range c.PreventedBy {
			links[i] = fmt.Sprintf("[%s](../guardrails.md#%s)", id, id)
		}
		fmt.Fprintf(b, "- prevented by %s\n", strings.Join(links, ", "))
	}
	for _, f := range frameworks {
		if ids := c.Maps[f.id]; len(ids) > 0 {
			fmt.Fprintf(b, "- %s: %s\n", f.name, strings.Join(ids, ", "))
		}
	}
	fmt.Fprintf(b, "- source: [`catalog/%s`](../../../catalog/%s)\n\n</details>\n", c.File, c.File)
}
