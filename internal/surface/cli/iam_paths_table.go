package cli

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"holdfast.dev/holdfast/internal/operate/access/paths"
)

// pathsTable prints paths as a person reads them.
type pathsTable struct{ unusedTable }

// shortName is a principal without what its account repeats: role/ci/deploy.
func shortName(arn string) string {
	if i := strings.LastIndexByte(arn, ':'); i >= 0 {
		arn = arn[i+1:]
	}
	return oneLine(arn)
}

func accountOfARN(arn string) string {
	if parts := strings.SplitN(arn, ":", 6); len(parts) == 6 {
		return parts[4]
	}
	return ""
}

// relative is a principal as its neighbour would call it: with the account only
// where that is another.
func relative(arn, from string) string {
	if account := accountOfARN(arn); account != "" && account != accountOfARN(from) {
		return account + " " + shortName(arn)
	}
	return shortName(arn)
}

// all is a line for each principal.
func (t *pathsTable) all(r *paths.Report) {
	account, longest := "", 0
	for _, p := range r.Paths {
		longest = max(longest, utf8.RuneCountInString(shortName(p.Principal)))
	}
	longest = min(longest, 40)
	for _, p := range r.Paths {
		if a := accountOfARN(p.Principal); a != account {
			if account != "" {
				t.line("")
			}
			account = a
			t.line(t.paint(boldText, account))
		}
		mark, code := " ", redText
		if !p.Certain {
			mark, code = "?", amberText
		}
		name := cut(shortName(p.Principal), longest)
		t.line(fmt.Sprintf("  %s  %s%s  %s", t.paint(code, fmt.Sprintf("%d%s", len(p.Hops), mark)), name, strings.Repeat(" ", longest-utf8.RuneCountInString(name)), t.chain(p)))
	}
	if account != "" {
		t.line("")
	}
	t.total(r)
}

// chain is a path in one line.
func (t *pathsTable) chain(p paths.Path) string {
	var b strings.Builder
	for i, h := range p.Hops {
		if i > 0 {
			b.WriteString(" › ")
		}
		b.WriteString(t.paint(faintText, h.Technique) + " › " + arrival(h))
	}
	return b.String()
}

// arrival is whom a hop leads to.
func arrival(h paths.Hop) string {
	switch {
	case h.To == paths.GoalAdministrator:
		return "administrator"
	case h.Change == "membership":
		return "member of " + shortName(h.Group)
	case h.From == h.To && h.Change == "boundary":
		return "without its boundary"
	case h.From == h.To:
		return "any permissions"
	}
	to := relative(h.To, h.From)
	switch h.Change {
	case "permissions":
		to += " with any permissions"
	case "boundary":
		to += " without its boundary"
	}
	return to
}

func (t *pathsTable) total(r *paths.Report) {
	certain := 0
	for _, p := range r.Paths {
		if p.Certain {
			certain++
		}
	}
	others := r.Principals - len(r.There)
	line := fmt.Sprintf("%d of %s %s", certain, plural(others, "other principal"), reaches(certain, r.Goal))
	if r.Goal == paths.GoalAdministrator {
		line = fmt.Sprintf("%s; %d of %s %s", plural(len(r.There), "administrator"), certain, plural(others, "other principal"), strings.Replace(reaches(certain, r.Goal), " an administrator", " one", 1))
	}
	if possible := len(r.Paths) - certain; possible > 0 {
		line += fmt.Sprintf(", %d more may (?)", possible)
	}
	t.line(line)
	if len(r.Paths) > 0 {
		t.line(t.paint(faintText, "`holdfast iam paths "+shortName(r.Paths[0].Principal)+"` tells the whole story and the smallest edit that ends it"))
	}
	t.unseen(r)
}

// unseen says what could not be judged.
func (t *pathsTable) unseen(r *paths.Report) {
	// Of some it is only possible that they are at the goal, whatever their path.
	n := len(r.Perhaps)
	for _, p := range r.Paths {
		for _, arn := range r.Perhaps {
			if arn == p.Principal {
				n--
			}
		}
	}
	if n > 0 {
		t.line(fmt.Sprintf("Not judged: whether %s at the goal already; not everything that decides it was seen (--alone takes that for not there)", be(n)))
	}
	if len(r.Unseen) > 0 {
		var types []string
		for _, u := range r.Unseen {
			types = append(types, u.Type)
		}
		t.listing("Not judged: ", "what runs with a role there, since these were not collected: "+strings.Join(types, ", "))
	}
}

func be(n int) string {
	if n == 1 {
		return "1 principal is"
	}
	return fmt.Sprintf("%d principals are", n)
}

// listing prints a text in lines behind a label.
func (t *pathsTable) listing(label, text string) {
	width := 100
	if t.width > 0 {
		width = t.width
	}
	indent := utf8.RuneCountInString(label)
	for _, l := range lines(oneLine(text), max(30, width-indent)) {
		t.line(label + l)
		label = strings.Repeat(" ", indent)
	}
}

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
	t.unseen(&paths.Report{Unseen: r.Unseen})
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
	text := fmt.Sprintf("%s policy %q, statement %d", s.Layer, oneLine(s.Policy), s.Statement)
	if s.Layer == "resource" {
		text = fmt.Sprintf("%s, statement %d", oneLine(s.Policy), s.Statement) // the trust policy, a function's policy
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
				line += fmt.Sprint(by.Statement)
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
				to = h.To + "\\n" + map[string]string{"permissions": "any permissions", "boundary": "no boundary"}[h.Change]
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
