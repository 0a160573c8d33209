package cli

import (
	"fmt"
	"strings"

	"holdfast.dev/holdfast/internal/operate/access/paths"
)

// story tells one principal's path whole.
func (t *pathsTable) story(r *paths.Report, principal string) {
	goal := "an administrator"
	if r.Goal != paths.GoalAdministrator {
		goal = relative(r.Goal, principal)
	}
	if len(r.Paths) == 0 {
		t.none(r, principal, goal)
		return
	}
	p := r.Paths[0]
	verb := "reaches"
	if !p.Certain {
		verb = "may reach"
	}
	t.line(fmt.Sprintf("%s %s %s in %s", t.paint(boldText, oneLine(principal)), verb, goal, plural(len(p.Hops), "hop")))
	for i, h := range p.Hops {
		t.line("")
		t.hop(i+1, h)
	}
	t.line("")
	t.breaking(p, goal)
	if len(p.Ways) > 1 {
		t.listing("Ways to begin: ", fmt.Sprintf("%d, %s", len(p.Ways), strings.Join(p.Ways, ", ")))
	}
	if !p.Certain {
		t.unseen(&paths.Report{Unseen: r.Unseen})
	}
}

func (t *pathsTable) none(r *paths.Report, principal, goal string) {
	name := t.paint(boldText, oneLine(principal))
	for _, arn := range r.There {
		if arn == principal {
			if r.Goal == paths.GoalAdministrator {
				t.line(name + " is an administrator")
			} else {
				t.line(name + " is where the path would lead")
			}
			return
		}
	}
	for _, arn := range r.Perhaps {
		if arn == principal {
			t.line(name + " may be an administrator itself: not everything that decides it was seen")
			return
		}
	}
	t.line(name + " has no path to " + goal)
	t.unseen(&paths.Report{Unseen: r.Unseen})
}

func (t *pathsTable) hop(n int, h paths.Hop) {
	mark := ""
	if !h.Certain {
		mark = t.paint(amberText, " (possible)")
	}
	t.line(fmt.Sprintf("%d  %s%s  %s", n, t.paint(boldText, h.Title), mark, t.paint(faintText, h.Technique)))
	t.line(fmt.Sprintf("   %s › %s", shortName(h.From), arrival(h)))
	for _, s := range h.Steps {
		line := "   " + s.Action
		if s.Resource != "*" {
			line += " on " + oneLine(s.Resource)
		}
		t.line(line)
		switch {
		case s.Granted:
			t.line("      " + t.paint(faintText, "granted by the policy that the step before writes"))
		case len(s.By) > 0:
			t.line("      " + t.paint(faintText, "allowed by "+statementsText(s.By)))
		}
	}
	for _, g := range h.Given {
		t.line("   " + t.paint(amberText, "given that "+oneLine(g)))
	}
	for _, w := range h.Why {
		t.line("   " + t.paint(amberText, oneLine(w)))
	}
	t.listing("   ", h.Text)
}

// mostStatements are listed of those that allow an action.
const mostStatements = 3

func statementsText(list []paths.Statement) string {
	var out []string
	for i, s := range list {
		if i == mostStatements {
			out = append(out, fmt.Sprintf("%d more", len(list)-i))
			break
		}
		out = append(out, statementText(s))
	}
	return strings.Join(out, "; ")
}

func statementText(s paths.Statement) string {
	text := fmt.Sprintf("%s policy %q, statement %d", s.Layer, oneLine(s.Policy), s.Statement+1)
	if s.Layer == "resource" {
		text = fmt.Sprintf("%s, statement %d", oneLine(s.Policy), s.Statement+1) // the trust policy, a function's policy
	}
	if s.Sid != "" {
		text += " (" + oneLine(s.Sid) + ")"
	}
	return text
}

// breaking is the edit, what it leaves, and what else to do.
func (t *pathsTable) breaking(p paths.Path, goal string) {
	b := p.Break
	if b == nil || len(b.Edits) == 0 {
		return
	}
	size := "Smallest edit"
	if !b.Minimal {
		size = "An edit"
	}
	t.line(t.paint(boldText, size+" that ends it") + " (verified by searching again):")
	for _, e := range b.Edits {
		who := ""
		if e.Principal != p.Principal {
			who = relative(e.Principal, p.Principal) + ": "
		}
		if e.Remove != nil {
			t.line("   " + who + "remove " + statementText(*e.Remove))
			continue
		}
		line := "   " + who + "no longer allow " + e.Action
		if len(e.By) > 0 {
			line += ": " + statementsText(e.By)
		}
		t.line(line)
	}
	switch {
	case b.Left != nil && len(b.Left.Hops) > 0:
		t.line(fmt.Sprintf("   afterwards no certain path is left, but a possible one: %s", t.chain(*b.Left)))
	case b.Left != nil:
		t.line("   afterwards no certain path is left, though it may be " + goal + " itself")
	default:
		t.line("   afterwards no path is left")
	}
	t.listing("Better still: ", fixOf(p))
}

// fixOf is what the technique of the hop that the edit ends says to do.
func fixOf(p paths.Path) string {
	for _, h := range p.Hops {
		for _, e := range p.Break.Edits {
			if e.Principal != h.From {
				continue
			}
			for _, s := range h.Steps {
				if s.Action == e.Action || e.Remove != nil {
					return h.Fix
				}
			}
		}
	}
	return p.Hops[0].Fix
}
