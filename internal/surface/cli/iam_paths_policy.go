package cli

import (
	"fmt"

	"holdfast.dev/holdfast/internal/operate/access/paths"
)

// policy is what one policy lets its bearer do.
func (t *pathsTable) policy(r *paths.PolicyReport, file string) {
	switch {
	case r.Administrator == "true":
		t.line(oneLine(file) + " allows everything: whoever has it is an administrator and needs no path")
		return
	case len(r.Uses) == 0:
		t.line(oneLine(file) + " by itself opens no way to more permissions")
	default:
		t.line(fmt.Sprintf("%s lets its bearer use %s:", oneLine(file), plural(len(r.Uses), "technique")))
	}
	if r.Administrator == "unknown" {
		t.line("Under some circumstances it allows everything.")
	}
	for _, u := range r.Uses {
		t.line("")
		mark := ""
		if !u.Certain {
			mark = t.paint(amberText, " (possible)")
		}
		t.line(fmt.Sprintf("%s%s  %s", t.paint(boldText, u.Title), mark, t.paint(faintText, u.Technique)))
		seen := map[string]bool{}
		for _, s := range u.Steps {
			if s.Granted || seen[s.Action] {
				continue
			}
			seen[s.Action] = true
			line := "  " + s.Action
			for i, by := range s.By {
				if i == 0 {
					line += ": statement "
				} else {
					line += ", "
				}
				line += fmt.Sprint(by.Statement + 1)
				if by.Sid != "" {
					line += " (" + oneLine(by.Sid) + ")"
				}
			}
			t.line(line)
		}
		if u.As != "" {
			t.line("  " + t.paint(amberText, "if the policy belongs to "+oneLine(u.As)))
		}
		for _, g := range u.Given {
			t.line("  " + t.paint(amberText, "given that "+oneLine(g)))
		}
		t.listing("  ", u.Fix)
	}
}
