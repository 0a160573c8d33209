package cli

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"holdfast.dev/holdfast/internal/engine/iam/policy"
	"holdfast.dev/holdfast/internal/operate/access/paths"
)

// pathsTable prints paths as a person reads them.
type pathsTable struct{ page }

// shortName is a principal without what its account repeats: role/ci/deploy.
func shortName(arn string) string {
	if i := strings.LastIndexByte(arn, ':'); i >= 0 {
		arn = arn[i+1:]
	}
	return oneLine(arn)
}

func accountOfARN(arn string) string {
	a, _ := policy.SplitARN(arn)
	return a.Account
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
	case h.From == h.To && strings.HasSuffix(h.Change, "-denials"):
		return "without what denies"
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
	others := r.Principals - len(r.There) - r.Administrators
	line := fmt.Sprintf("%d of %s %s", certain, plural(others, "other principal"), reaches(certain, r.Goal))
	if r.Administrators > 0 {
		line = plural(r.Administrators, "administrator") + " aside, " + line
	}
	if r.Goal == paths.GoalAdministrator {
		line = fmt.Sprintf("%s; %d of %s %s", plural(len(r.There), "administrator"), certain, plural(others, "other principal"), strings.Replace(reaches(certain, r.Goal), " an administrator", " one", 1))
	}
	if possible := len(r.Paths) - certain; possible > 0 {
		line += fmt.Sprintf(", %d more may (?)", possible)
	}
	t.line(line)
	if len(r.Paths) > 0 {
		to := ""
		if r.Goal != paths.GoalAdministrator {
			to = " --to " + shortName(r.Goal)
		}
		t.line(t.paint(faintText, "`holdfast iam paths "+shortName(r.Paths[0].Principal)+to+"` tells the whole story and the smallest edit that ends it"))
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
		for i, u := range r.Unseen {
			if i == mostTypes {
				types = append(types, fmt.Sprintf("and %d more types (--output json names them)", len(r.Unseen)-i))
				break
			}
			types = append(types, u.Type)
		}
		t.listing("Not judged: ", "what runs with a role, where that was not collected: "+strings.Join(types, ", "))
	}
}

// mostTypes are named of those that were not collected.
const mostTypes = 4

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
