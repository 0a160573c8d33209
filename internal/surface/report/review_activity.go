package report

import (
	"cmp"
	"fmt"
	"strings"

	"holdfast.dev/holdfast/internal/finding"
	"holdfast.dev/holdfast/internal/operate/review"
)

// What the forms of a review share about activity and detections.

// activitySum is the reading of activity in figures.
type activitySum struct {
	Accounts, Read, Partly, Unread int // Unread: nothing, or nothing of the last days
	Regions                        int // enabled and not read, in accounts that were
	Faults                         int
}

func sumActivity(a *review.Activity) activitySum {
	s := activitySum{Accounts: len(a.Accounts)}
	for _, c := range a.Accounts {
		s.Faults += c.Faults
		switch c.State {
		case review.ActivityRead:
			s.Read++
		case review.ActivityPartly:
			s.Partly++
			s.Regions += len(c.Unread)
		default:
			s.Unread++
		}
	}
	return s
}

func (s activitySum) parts() []part {
	return []part{{"c-pass", "read", s.Read}, {"c-unknown", "in part", s.Partly}, {"c-na", "not read", s.Unread}}
}

// activityLead says what was read, in a sentence.
func activityLead(a *review.Activity) string {
	if a.Events == 0 {
		return fmt.Sprintf("No activity of the last %d days was read: what happened is not known.", a.Days)
	}
	s := sumActivity(a)
	return fmt.Sprintf("%s of the last %d days were read, of %d of %s.", plural(a.Events, "event"), a.Days, s.Read+s.Partly, plural(s.Accounts, "account"))
}

// activityWarnings are what a reader has to know before he takes silence for peace.
func activityWarnings(a *review.Activity) []string {
	var out []string
	if a.Events == 0 {
		return []string{"nothing of these days was looked through for attacks: holdfast trail detect s3://BUCKET/PREFIX --record"}
	}
	s := sumActivity(a)
	var unread []review.AccountCoverage
	for _, c := range a.Accounts {
		if c.State == review.ActivityUnread || c.State == review.ActivityStale {
			unread = append(unread, review.AccountCoverage{ID: c.ID, Name: c.Name})
		}
	}
	if len(unread) > 0 {
		out = append(out, "nothing that was done lately was read of "+names(unread, 2))
	}
	if s.Regions > 0 {
		out = append(out, plural(s.Regions, "enabled Region")+" of other accounts had no event in the logs that were read: silent, or not logged")
	}
	if s.Faults > 0 {
		out = append(out, plural(s.Faults, "log file")+" could not be read; fetch them again")
	}
	return out
}

// integritySum says in a line what verifying trails came to.
func integritySum(a *review.Activity) (text string, good bool) {
	if len(a.Integrity) == 0 {
		return "Log files were not verified: holdfast trail verify --trail-arn TRAIL_ARN --record", false
	}
	states := map[string]int{}
	logs, bad := 0, 0
	oldest := ""
	for _, i := range a.Integrity {
		states[i.State]++
		logs, bad = logs+i.Logs, bad+i.Invalid+i.Missing+i.Uncovered
		if oldest == "" || i.Verified < oldest {
			oldest = i.Verified
		}
	}
	when := ""
	if oldest != "" {
		when = "; the oldest verification is of " + clean(dayOfTime(oldest))
	}
	if states["valid"] == len(a.Integrity) {
		return fmt.Sprintf("%s are proven unaltered, in %s%s.", plural(logs, "log file"), plural(accounts(a), "account"), when), true
	}
	return fmt.Sprintf("Log files of %d of %s are not proven; %s altered, missing or without a digest%s.",
		len(a.Integrity)-states["valid"], plural(len(a.Integrity), "verification"), plural(bad, "object"), when), false
}

// accounts counts those of which log files were verified.
func accounts(a *review.Activity) int {
	seen := map[string]bool{}
	for _, i := range a.Integrity {
		seen[i.Account] = true
	}
	return len(seen)
}

// detectionLead says what looks, and for what.
func detectionLead(a *review.Activity) string {
	c := a.Coverage
	text := fmt.Sprintf("%s look for %d of %s of ATT&CK", plural(c.Tested, "tested detection"), c.Covered, plural(c.Techniques, "cloud technique"))
	if n := len(a.Off); n > 0 {
		verb := " are off"
		if n == 1 {
			verb = " is off"
		}
		text += "; " + plural(n, "detection") + verb
	}
	return text + "."
}

// offReasons groups what is off by why.
type offReason struct {
	Reason string
	Rules  []string
}

func offReasons(a *review.Activity) []offReason {
	var out []offReason
	at := map[string]int{}
	for _, o := range a.Off {
		i, ok := at[o.Reason]
		if !ok {
			i = len(out)
			at[o.Reason] = i
			out = append(out, offReason{Reason: o.Reason})
		}
		out[i].Rules = append(out[i].Rules, o.Rule)
	}
	return out
}

func activityState(s string) string {
	switch s {
	case review.ActivityRead:
		return "read"
	case review.ActivityPartly:
		return "in part"
	case review.ActivityStale:
		return "not lately"
	}
	return "not read"
}

func activityClass(s string) string {
	switch s {
	case review.ActivityRead:
		return "pill p-PASSED"
	case review.ActivityPartly, review.ActivityStale:
		return "pill p-UNKNOWN"
	}
	return "pill"
}

func integrityClass(s string) string {
	switch s {
	case "valid":
		return "pill p-PASSED"
	case "invalid":
		return "pill p-FAILED"
	}
	return "pill p-UNKNOWN"
}

// dayBar is one day of an account in a strip of days.
type dayBar struct{ X, Y, Height, Class string }

const (
	stripHeight = 22.0
	stripStep   = 10.0
)

// strip draws the events of each day as bars as high as their part of the busiest
// day of the account; a day without any is a mark at the bottom.
func strip(days []int) []dayBar {
	most := 0
	for _, n := range days {
		most = max(most, n)
	}
	var out []dayBar
	for i, n := range days {
		h, class := 2.0, "c-na"
		if n > 0 {
			h, class = max(4, stripHeight*float64(n)/float64(most)), "c-pass"
		}
		out = append(out, dayBar{number(float64(i)*stripStep + 1), number(stripHeight - h), number(h), class})
	}
	return out
}

func stripBox(days []int) string {
	return fmt.Sprintf("0 0 %s %s", number(float64(len(days))*stripStep), number(stripHeight))
}

// stripWords says a strip for those who do not see it.
func stripWords(days []int) string {
	read := 0
	for _, n := range days {
		if n > 0 {
			read++
		}
	}
	return fmt.Sprintf("events on %d of %d days", read, len(days))
}

// spanOf is from when to when an account's activity was read.
func spanOf(c review.ActivityCoverage) string {
	from, to := "", ""
	for _, r := range c.Regions {
		if r.From != "" && (from == "" || r.From < from) {
			from = r.From
		}
		to = max(to, r.To)
	}
	switch {
	case from == "":
		return "–"
	case from == to:
		return from
	}
	return from + " to " + to
}

// regionsOf are the Regions of which events were read.
func regionsOf(c review.ActivityCoverage) []string {
	var out []string
	for _, r := range c.Regions {
		if r.Events > 0 {
			out = append(out, r.Region)
		}
	}
	return out
}

func (t terminal) activity() {
	a := t.r.Activity
	if a == nil {
		return
	}
	t.heading("ACTIVITY", activityLead(a))
	for _, w := range activityWarnings(a) {
		t.warn(w)
	}
	if text, good := integritySum(a); !good {
		t.warn(strings.TrimSuffix(strings.ToLower(text[:1])+text[1:], "."))
	} else {
		t.line(t.p.paint(green, fit(text, t.width)))
	}
	parts := []span{{"DETECTIONS", bold}, {grouped(severityTotal(a.Open)) + " open", bold}}
	for _, s := range severityCounts(a.Open) {
		if s.Count > 0 {
			parts = append(parts, span{grouped(s.Count) + " " + s.Name, severityColour(finding.Severity(s.Name))})
		}
	}
	if a.Excepted > 0 {
		parts = append(parts, span{grouped(a.Excepted) + " excepted", faint})
	}
	parts = append(parts, span{detectionLead(a), faint})
	t.str(flow(t.p, t.width, parts))
	for _, f := range a.Gravest[:min(shownDetections, len(a.Gravest))] {
		where := place(f) + ", " + instant(f.LastSeen)
		t.line(t.p.paint(severityColour(f.Severity), pad(strings.ToUpper(string(f.Severity)), severityColumn)) + "  " +
			pad(f.Title, max(10, t.width-severityColumn-4-width(where))) + "  " + t.p.paint(faint, fit(where, t.width-severityColumn-14)))
	}
	if more := severityTotal(a.Open) - shownDetections; more > 0 {
		t.line("  " + t.p.paint(faint, fmt.Sprintf("%d more: holdfast findings list --kind detection", more)))
	}
}

// shownDetections is how many open ones a terminal shows.
const shownDetections = 3

func (d markdownReview) activity() {
	a := d.r.Activity
	if a == nil {
		return
	}
	d.printf("\n## Activity\n\n%s\n", markdownText(activityLead(a)))
	for _, w := range activityWarnings(a) {
		d.printf("- %s\n", markdownHint(w))
	}
	text, _ := integritySum(a)
	d.printf("\n%s\n", markdownHint(text))
	if len(a.Accounts) > 0 && a.Events > 0 {
		d.str("\n")
		d.header("Account", "State", "Days", "Events:", "Regions read", "Regions not read", "Files not read:")
		for _, c := range a.Accounts {
			d.row(markdownText(accountName(c.ID, c.Name)), activityState(c.State), markdownText(spanOf(c)), grouped(c.Events),
				markdownText(strings.Join(regionsOf(c), ", ")), markdownText(strings.Join(c.Unread, ", ")), grouped(c.Faults))
		}
	}
	if len(a.Integrity) > 0 {
		d.str("\n")
		d.header("Trail", "Account", "State", "Verified", "Log files:", "Invalid:", "Missing:", "Gaps:", "No digest:")
		for _, i := range a.Integrity {
			d.row(markdownCode(i.Trail), markdownText(i.Account), markdownText(i.State), markdownText(i.Verified), grouped(i.Logs), grouped(i.Invalid), grouped(i.Missing), grouped(i.Gaps), grouped(i.Uncovered))
		}
	}
	d.printf("\n## Detections: %s open\n\n%s\n", grouped(severityTotal(a.Open)), markdownText(detectionLead(a)))
	if len(a.Gravest) > 0 {
		d.str("\n")
		d.header("Severity", "Detection", "Where", "About", "What", "Alerts:", "Last")
		for _, f := range a.Gravest {
			d.row(markdownText(string(f.Severity)), markdownText(f.Title), markdownCode(place(f)), markdownCode(f.Resource), markdownText(f.Message), grouped(f.Alerts), instant(f.LastSeen))
		}
	}
	if len(a.Off) > 0 {
		d.str("\n")
	}
	for _, r := range offReasons(a) {
		d.printf("- Off: %s (%s)\n", markdownText(strings.Join(r.Rules, ", ")), markdownText(r.Reason))
	}
	if len(a.Coverage.Uncovered) > 0 {
		d.printf("\nTechniques without a tested detection: %s.\n", markdownText(techniqueNames(a.Coverage.Uncovered)))
	}
}

func techniqueParts(a *review.Activity) []part {
	return []part{{"c-pass", "covered", a.Coverage.Covered}, {"c-na", "not covered", a.Coverage.Techniques - a.Coverage.Covered}}
}

func techniqueNames(list []review.Technique) string {
	var out []string
	for _, t := range list {
		out = append(out, t.ID+" "+t.Name)
	}
	return strings.Join(out, ", ")
}

// openCaption says which open detections a table has.
func openCaption(a *review.Activity) string {
	if n := severityTotal(a.Open); n > len(a.Gravest) {
		return fmt.Sprintf("The gravest %d of %s", len(a.Gravest), plural(n, "open detection"))
	}
	return "Open detections, the gravest first"
}

func integrityText(a *review.Activity) string {
	text, _ := integritySum(a)
	return text
}

func integrityGood(a *review.Activity) bool {
	_, good := integritySum(a)
	return good
}

// dayOfTime is the day of a time in RFC 3339.
func dayOfTime(s string) string {
	day, _, _ := strings.Cut(s, "T")
	return day
}

// hint is a text that may end with the command that helps.
func hint(text string) (before, command string) {
	if i := strings.Index(text, ": holdfast "); i >= 0 {
		return text[:i+1], text[i+2:]
	}
	return text, ""
}

// markdownHint shows the command as one, so that it can be copied.
func markdownHint(text string) string {
	before, command := hint(text)
	if command == "" {
		return markdownText(text)
	}
	return markdownText(before) + " " + markdownCode(command)
}

func nameOr(name, id string) string { return cmp.Or(name, id) }

// capital begins a sentence.
func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
