package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"holdfast.dev/holdfast/internal/app"
	"holdfast.dev/holdfast/internal/surface/cli"
)

// commandPages are one page for each command, from the same tree that --help
// reads.
func commandPages() []page {
	root := cli.Command(&app.App{Now: time.Now, Env: func(string) string { return "" }}, cli.Streams{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard})
	root.InitDefaultHelpFlag()
	var index strings.Builder
	fmt.Fprintf(&index, "%s# Commands\n\n```\n%s\n```\n\n| command | what it does |\n|---|---|\n", notice, strings.TrimSpace(root.Long))
	var pages []page
	for _, c := range commands(root) {
		fmt.Fprintf(&index, "| [%s](%s) | %s |\n", c.CommandPath(), file(c), cell(c.Short))
		pages = append(pages, page{"docs/commands/" + file(c), commandPage(c)})
	}
	fmt.Fprintf(&index, "\nEvery command takes:\n\n%s", flagTable(root.PersistentFlags()))
	index.WriteString("\n## Exit codes\n\n| code | meaning |\n|---|---|\n" +
		"| 0 | nothing failed at or above `--fail-on` |\n| 1 | something did |\n| 2 | usage, configuration, or input that cannot be read |\n" +
		"| 3 | could not see enough to judge: nothing at all, or something with `--strict`; or a collection that was interrupted |\n| 4 | internal error |\n")
	return append(pages, page{"docs/commands/README.md", []byte(index.String())})
}

// commands below c that are worth a page. The completion scripts of single
// shells are explained by --help well enough.
func commands(c *cobra.Command) []*cobra.Command {
	var out []*cobra.Command
	for _, sub := range c.Commands() {
		if sub.Name() == "help" || sub.Hidden {
			continue
		}
		out = append(out, sub)
		if sub.Name() != "completion" {
			out = append(out, commands(sub)...)
		}
	}
	return out
}

func file(c *cobra.Command) string { return strings.ReplaceAll(c.CommandPath(), " ", "-") + ".md" }

func commandPage(c *cobra.Command) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "%s# %s\n\n%s.\n\n```\n%s\n```\n", notice, c.CommandPath(), c.Short, c.UseLine())
	if c.Long != "" {
		fmt.Fprintf(&b, "\n%s\n", strings.TrimSpace(c.Long))
	}
	if subs := c.Commands(); len(subs) > 0 {
		b.WriteString("\n## Commands\n\n")
		for _, sub := range subs {
			if c.Name() == "completion" {
				fmt.Fprintf(&b, "- `%s`: %s\n", sub.CommandPath(), sub.Short)
				continue
			}
			fmt.Fprintf(&b, "- [%s](%s): %s\n", sub.CommandPath(), file(sub), sub.Short)
		}
	}
	if c.Example != "" {
		fmt.Fprintf(&b, "\n## Examples\n\n```sh\n%s\n```\n", unindent(c.Example))
	}
	if flags := flagTable(c.NonInheritedFlags()); flags != "" {
		fmt.Fprintf(&b, "\n## Flags\n\n%s", flags)
	}
	b.WriteString("\n[All commands](README.md), with the flags and exit codes they share.\n")
	return []byte(b.String())
}

func unindent(s string) string {
	lines := strings.Split(strings.Trim(s, "\n"), "\n")
	for i, l := range lines {
		lines[i] = strings.TrimPrefix(l, "  ")
	}
	return strings.Join(lines, "\n")
}

func flagTable(flags *pflag.FlagSet) string {
	var b strings.Builder
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" {
			return
		}
		if b.Len() == 0 {
			b.WriteString("| flag | default | meaning |\n|---|---|---|\n")
		}
		name := "`--" + f.Name + "`"
		if f.Shorthand != "" {
			name = "`-" + f.Shorthand + "`, " + name
		}
		value := f.DefValue
		switch {
		case f.Value.Type() == "bool", value == "[]", value == "":
			value = ""
		default:
			value = "`" + value + "`"
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", name, value, cell(f.Usage))
	})
	return b.String()
}
