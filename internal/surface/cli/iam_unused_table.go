package cli

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"holdfast.dev/holdfast/internal/app"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
	"holdfast.dev/holdfast/internal/operate/access/unused"
)

// unusedTable prints what is unused as a person reads it: by account and
// principal, with a line for all services and one for all actions.
type unusedTable struct {
	page
	verbose bool
}

func (t *unusedTable) print(r *app.UnusedReport) {
	account := ""
	for items := range byPrincipal(r.Items) {
		shown := items
		if !t.verbose {
			shown = slices.DeleteFunc(slices.Clone(items), func(i unused.Item) bool { return i.Verdict == unused.Unknown })
		}
		if len(shown) == 0 {
			continue
		}
		if items[0].Account != account {
			if account != "" {
				t.line("")
			}
			account = items[0].Account
			t.line(t.paint(boldText, oneLine(account)))
		}
		t.principal(shown)
	}
	if account != "" {
		t.line("")
	}
	t.total(r)
	t.excluded(r)
	t.unknown(r)
	if l := r.Logs; l != nil {
		t.line(t.paint(faintText, fmt.Sprintf("CloudTrail: %s of %s, from %s to %s", plural(l.Events, "event"), plural(l.Files, "file"), stamp(l.First), stamp(l.Last))))
	}
}

// byPrincipal cuts sorted items into those of one principal each.
func byPrincipal(items []unused.Item) func(func([]unused.Item) bool) {
	return func(yield func([]unused.Item) bool) {
		for len(items) > 0 {
			n := 1
			for n < len(items) && items[n].Principal == items[0].Principal && items[n].Account == items[0].Account {
				n++
			}
			if !yield(items[:n]) {
				return
			}
			items = items[n:]
		}
	}
}

// principal prints a heading for the principal, and a line for each thing it has.
func (t *unusedTable) principal(items []unused.Item) {
	name := nameOfPrincipal(items[0].Principal)
	if first := items[0]; first.Kind == unused.Role || first.Kind == unused.User {
		if first.Principal == "" {
			name = "all " + string(first.Kind) + "s"
		}
		t.row("  ", name, first)
		items = items[1:]
	} else {
		t.line("  " + oneLine(name))
	}
	var services []unused.Item
	var actions []unused.Item
	for _, i := range items {
		switch {
		case i.Kind == unused.Service && i.Verdict == unused.Unused:
			services = append(services, i)
		case i.Kind == unused.Action && i.Verdict == unused.Unused && !t.verbose:
			actions = append(actions, i)
		case i.Kind == unused.Action:
			t.actionNames(i)
		case i.Kind == unused.AccessKey:
			t.row("    ", strings.TrimSpace("access "+cmp.Or(i.What, "keys")), i)
		case i.Kind == unused.Service && i.What == "":
			t.row("    ", "services and actions", i)
		default:
			t.row("    ", strings.TrimSpace(string(i.Kind)+" "+i.What), i)
		}
	}
	t.services(services)
	t.actions(actions)
}

// reasonColumn is where reasons begin.
const reasonColumn = 44

// row is a label and, in its column, what is said of it.
func (t *unusedTable) row(indent, label string, i unused.Item) {
	label = cut(oneLine(label), reasonColumn-len(indent)-2)
	reason, code := i.Reason, redText
	if i.Verdict == unused.Unknown {
		reason, code = "? "+reason, amberText
	}
	pad := strings.Repeat(" ", reasonColumn-len(indent)-utf8.RuneCountInString(label))
	t.line(indent + label + pad + t.paint(code, t.fit(oneLine(reason), t.width-reasonColumn)))
}

func (t *unusedTable) services(items []unused.Item) {
	if len(items) == 0 {
		return
	}
	names := make([]string, len(items))
	for k, i := range items {
		names[k] = i.What
	}
	t.listed("services", fmt.Sprintf("%d unused: ", len(items)), names)
}

func (t *unusedTable) actions(items []unused.Item) {
	if len(items) == 0 {
		return
	}
	n := 0
	texts := make([]string, len(items))
	for k, i := range items {
		n += len(i.Actions)
		texts[k] = fmt.Sprintf("%s %d of %d", i.What, len(i.Actions), i.Granted)
	}
	t.listed("actions", fmt.Sprintf("%d unused: ", n), texts)
}

// actionNames lists the actions of a service.
func (t *unusedTable) actionNames(i unused.Item) {
	head := fmt.Sprintf("%d of %d unused: ", len(i.Actions), i.Granted)
	if i.Verdict == unused.Unknown {
		head = fmt.Sprintf("? %d of %d not tracked by AWS: ", len(i.Actions), i.Granted)
		if len(i.Actions) == 0 {
			head = "? " + i.Reason
		}
	}
	t.listed("actions "+i.What, head, i.Actions)
}

// listed is a label with a list: one line of it, or with --verbose all of it.
func (t *unusedTable) listed(label, head string, names []string) {
	const indent, column = "    ", 24
	text := head + strings.Join(names, ", ")
	label = indent + cut(oneLine(label), column-2)
	label += strings.Repeat(" ", max(1, len(indent)+column-utf8.RuneCountInString(label)))
	room := t.width - len(indent) - column
	if !t.verbose {
		t.line(label + t.fit(oneLine(text), room))
		return
	}
	for _, part := range lines(oneLine(text), room) {
		t.line(label + part)
		label = strings.Repeat(" ", len(indent)+column)
	}
}

// fit cuts a text to the columns there are; with --verbose nothing is cut.
func (t *unusedTable) fit(s string, columns int) string {
	if t.verbose {
		return s
	}
	return cut(s, columns)
}

// total says how much of what was looked at is unused.
func (t *unusedTable) total(r *app.UnusedReport) {
	idle := map[unused.Kind]int{}
	for _, i := range r.Items {
		if i.Verdict == unused.Unused {
			idle[i.Kind] += max(1, len(i.Actions))
		}
	}
	var parts []string
	any := false
	for _, k := range unused.Kinds {
		if n := r.Judged[k]; n > 0 {
			any = any || idle[k] > 0
			parts = append(parts, fmt.Sprintf("%d of %s", idle[k], plural(n, strings.ReplaceAll(string(k), "-", " "))))
		}
	}
	when := fmt.Sprintf("for %d days or more as of %s", r.Days, stamp(r.At))
	switch {
	case len(parts) == 0:
		t.line("Nothing could be judged as of " + stamp(r.At) + ".")
	case any:
		t.line(t.paint(boldText, "Unused "+when+": ") + strings.Join(parts, ", "))
	default:
		t.line(t.paint(boldText, "Nothing is unused "+when+": ") + strings.Join(parts, ", "))
	}
}

var classTexts = []struct {
	class unused.Class
	text  string
}{
	{unused.BreakGlass, "kept for emergencies"}, {unused.Exempt, "exempt"}, {unused.Young, "too young to tell"},
	{unused.IdentityCenter, "of IAM Identity Center"}, {unused.ServiceLinked, "service-linked"},
}

// excluded says who was left alone, and which of their assignments could end.
func (t *unusedTable) excluded(r *app.UnusedReport) {
	var parts []string
	for _, c := range classTexts {
		n, idle := 0, 0
		for _, x := range r.Excluded {
			if x.Class == c.class {
				n++
				if x.Idle {
					idle++
				}
			}
		}
		if n == 0 {
			continue
		}
		part := fmt.Sprintf("%d %s", n, c.text)
		if c.class == unused.IdentityCenter && idle > 0 {
			part += fmt.Sprintf(" (%d unused: end the assignments)", idle)
		}
		parts = append(parts, part)
	}
	if len(parts) > 0 {
		t.line(t.paint(faintText, "Left alone: "+strings.Join(parts, ", ")))
	}
	if t.verbose {
		for _, x := range r.Excluded {
			t.line("  " + oneLine(x.Principal) + "  " + string(x.Class))
		}
	}
}

// mostReasons is how many reasons are told unless all are asked for.
const mostReasons = 6

// unknown counts what could not be judged by its reason, the most frequent first.
func (t *unusedTable) unknown(r *app.UnusedReport) {
	type why struct {
		of, reason string
		n          int
	}
	var whys []why
	for _, i := range r.Items {
		if i.Verdict != unused.Unknown {
			continue
		}
		w := why{unjudged(i), i.Reason, max(1, len(i.Actions))}
		k := slices.IndexFunc(whys, func(o why) bool { return o.of == w.of && o.reason == w.reason })
		if k < 0 {
			whys = append(whys, w)
			continue
		}
		whys[k].n += w.n
	}
	slices.SortStableFunc(whys, func(a, b why) int { return b.n - a.n })
	for k, w := range whys {
		if k == mostReasons && !t.verbose {
			t.line(t.paint(amberText, fmt.Sprintf("Not judged: for %d more reasons; --verbose lists them", len(whys)-k)))
			break
		}
		before, one := "", w.of
		if at := strings.LastIndex(w.of, " of "); at >= 0 {
			before, one = w.of[:at+4], w.of[at+4:]
		}
		t.line(t.paint(amberText, "Not judged: "+before+plural(w.n, one)+": "+oneLine(w.reason)+remedy(w.reason)))
	}
}

// unjudged names what could not be judged so that its last word can be counted.
func unjudged(i unused.Item) string {
	switch {
	case i.Principal == "":
		return string(i.Kind) + "s of account"
	case i.Kind == unused.Service && i.What == "":
		return "services and actions of principal"
	case i.Kind == unused.Action && i.What == "":
		return "actions of principal"
	case i.Kind == unused.Password:
		return "password of user"
	case i.Kind == unused.AccessKey && i.What == "":
		return "access keys of user"
	case i.Kind == unused.AccessKey:
		return "access key"
	}
	return string(i.Kind)
}

// remedy is what to do about what was not collected.
func remedy(text string) string {
	switch {
	case strings.Contains(text, "last-accessed data was not collected"):
		return "; collect it: holdfast collect --types Holdfast::IAM::LastAccessed"
	case strings.Contains(text, "LastAccessedDetails denied"):
		return "; allow it: holdfast collect --print-policy --types Holdfast::IAM::LastAccessed"
	case strings.Contains(text, " denied"):
		return "; allow it: holdfast collect --print-policy"
	case strings.Contains(text, "not collected"):
		return "; collect it: holdfast collect --services iam"
	}
	return ""
}

// nameOfPrincipal is an ARN without what its heading says: role ci/deploy.
func nameOfPrincipal(arn string) string {
	a, ok := policy.SplitARN(arn)
	if !ok {
		return arn
	}
	kind, name, ok := strings.Cut(a.Resource, "/")
	if !ok {
		return a.Resource
	}
	return kind + " " + name
}
