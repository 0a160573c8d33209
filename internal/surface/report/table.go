package report

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"holdfast.dev/holdfast/internal/finding"
	"holdfast.dev/holdfast/internal/operate/review"
)

// settleAfter is how many findings the table looks at before it settles its columns.
const settleAfter = 200

// table writes findings for a terminal: a line that says how bad, which control
// and where, and below it the id, the resource and what is the matter. Findings
// in templates begin with file:line, where editors and terminals look for a
// place to jump to. The first page settles the columns; later ones keep them.
type table struct {
	w       *errWriter
	p       painter
	width   int
	pending []finding.Finding
	verdict int // column widths; 0 until settled
	rule    int
	place   int
	files   bool // where comes first
	counts  map[finding.Verdict]int
	total   int
}

func newTable(w *errWriter, m Meta) *table {
	return &table{w: w, p: painter(m.Colour), width: m.width(), counts: map[finding.Verdict]int{}}
}

const (
	idColumn       = 12
	severityColumn = 8
	leastRule      = 20 // columns of a control's id beside a long path
)

func (t *table) Add(f finding.Finding) error {
	t.pending = append(t.pending, f)
	t.counts[f.Verdict]++
	t.total++
	if len(t.pending) < settleAfter {
		return t.w.err
	}
	return t.flush()
}

func (t *table) flush() error {
	if len(t.pending) == 0 {
		return t.w.err
	}
	if t.rule == 0 {
		t.settle()
		t.row(bold, bold, bold, "SEVERITY", "VERDICT", t.called(), "WHERE")
	}
	for _, f := range t.pending {
		t.finding(f)
	}
	t.pending = t.pending[:0]
	return t.w.err
}

// settle gives each column what it needs, and cuts the wider until the line fits.
func (t *table) settle() {
	t.verdict, t.rule, t.place = len("VERDICT"), len("CONTROL"), len("WHERE")
	for _, f := range t.pending {
		t.verdict = max(t.verdict, len(verdictName(f.Verdict)))
		t.rule = max(t.rule, width(clean(f.Rule)))
		t.place = max(t.place, width(clean(place(f))))
		t.files = t.files || f.File != ""
	}
	t.verdict = min(t.verdict, 9)
	room := max(14, t.width-severityColumn-t.verdict-3*2)
	for t.rule+t.place > room {
		// A path that was cut leads nowhere; an id that was cut is on the page of its title.
		if t.rule >= t.place || t.files && t.rule > leastRule {
			t.rule--
		} else {
			t.place--
		}
	}
}

// called is what decided: a control, or a detection where there are some among them.
func (t *table) called() string {
	if slices.ContainsFunc(t.pending, func(f finding.Finding) bool { return f.Kind == finding.Detection }) {
		return "RULE"
	}
	return "CONTROL"
}

func (t *table) finding(f finding.Finding) {
	t.row(severityColour(f.Severity), verdictColour(f.Verdict), bold, strings.ToUpper(string(f.Severity)), verdictName(f.Verdict), f.Rule, place(f))
	text := message(f)
	if f.Verdict == finding.Unknown && strings.HasPrefix(text, "unknown (") {
		text = "could not be judged" + strings.TrimPrefix(text, "unknown")
	}
	if why := aside(f); why != "" {
		text = strings.TrimSpace(text + " (" + why + ")")
	}
	if f.Kind == finding.Detection {
		text = strings.TrimSpace(text + " [" + seen(f) + "]")
	}
	if help := remedy(f, text); help != "" {
		text = strings.TrimRight(text, ".") + "; " + help
	}
	if f.Resource != "" && !mentions(text, f.Resource) {
		text = f.Resource + ": " + text
	}
	id := fit(f.ID, idColumn)
	if len(f.ID) > idColumn {
		id = clean(f.ID[:idColumn])
	}
	indent := strings.Repeat(" ", severityColumn+2)
	for _, line := range wrap(text, t.width-len(indent)-idColumn-2, 3) {
		t.w.str(indent + t.p.paint(faint, pad(id, idColumn)) + "  " + line + "\n")
		id = ""
	}
}

func (t *table) row(sc, vc, rc colour, severity, verdict, rule, where string) {
	cells := []string{
		t.p.paint(sc, pad(severity, severityColumn)),
		t.p.paint(vc, pad(verdict, t.verdict)),
		t.p.paint(rc, pad(rule, t.rule)),
	}
	where = fitLeft(where, t.place)
	if t.files {
		cells = append([]string{where + strings.Repeat(" ", t.place-width(where))}, cells...)
	} else {
		cells = append(cells, where)
	}
	t.w.str(strings.TrimRight(strings.Join(cells, "  "), " ") + "\n")
}

func (t *table) Close() error {
	if err := t.flush(); err != nil {
		return err
	}
	if t.total == 0 {
		t.w.str("No findings.\n")
		return t.w.err
	}
	parts := []span{{plural(t.total, "finding"), bold}}
	for _, v := range finding.Verdicts {
		if n := t.counts[v]; n > 0 {
			parts = append(parts, span{grouped(n) + " " + string(v), verdictColour(v)})
		}
	}
	t.w.str("\n" + flow(t.p, t.width, parts))
	return t.w.err
}

func (t *table) Abort(cause error) error {
	if err := t.flush(); err != nil {
		return err
	}
	t.w.printf("\n%s\n", t.p.paint(redBold, "INCOMPLETE after "+plural(t.total, "finding")+": "+clean(cause.Error())))
	return t.w.err
}

// seen says how often and when activity gave rise to a finding of a detection.
func seen(f finding.Finding) string {
	first, last := instant(f.FirstSeen), instant(f.LastSeen)
	switch {
	case f.Alerts < 2:
		return last
	case first == last:
		return plural(f.Alerts, "alert") + ", " + last
	}
	return plural(f.Alerts, "alert") + ", " + first + " to " + last
}

// place is where a reader goes to look: the line of a template, else account
// and Region.
func place(f finding.Finding) string {
	if f.File != "" {
		if f.Line > 0 {
			return fmt.Sprintf("%s:%d", path.Clean(f.File), f.Line)
		}
		return path.Clean(f.File)
	}
	return strings.Trim(f.Account+"/"+f.Region, "/")
}

// mentions tells whether a text names a resource already, as a word.
func mentions(text, resource string) bool {
	for rest := text; ; {
		before, after, found := strings.Cut(rest, resource)
		if !found {
			return false
		}
		if !endsInWord(before) && !beginsWithWord(after) {
			return true
		}
		rest = after
	}
}

func endsInWord(s string) bool {
	r, _ := utf8.DecodeLastRuneInString(s)
	return s != "" && inWord(r)
}

func beginsWithWord(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return s != "" && inWord(r)
}

func inWord(r rune) bool { return r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }

// remedy says what turns an UNKNOWN into a verdict, by the cause it names.
func remedy(f finding.Finding, text string) string {
	if f.Verdict != finding.Unknown {
		return ""
	}
	switch {
	case strings.Contains(text, "AWS::Region has no value"):
		return "give it with --region"
	case strings.Contains(text, "AWS::AccountId has no value"):
		return "give it with --account"
	case strings.Contains(text, "parameter ") && strings.Contains(text, " has no value"):
		return "give it with --parameters"
	case f.File != "" && strings.Contains(text, "not known"):
		return "--parameters may decide it"
	}
	for _, reason := range []string{"denied", "throttled", "unsupported", "corrupt", "interrupted", "not-recorded"} {
		if strings.Contains(text, " "+reason) {
			return advice(review.GapGroup{Reason: reason})
		}
	}
	return ""
}

// aside says why a failure is not counted as one.
func aside(f finding.Finding) string {
	switch {
	case f.Verdict == finding.Excepted && f.Exception != "":
		return "exception " + f.Exception
	case f.Verdict == finding.Prevented && f.PreventedBy != "":
		return "prevented by " + f.PreventedBy
	case f.Status == finding.Reopened:
		return "reopened"
	}
	return ""
}

// message is what a finding says, never empty. The title of a control is what
// ought to be, so it only stands alone where that is so.
func message(f finding.Finding) string {
	if f.Message != "" {
		return f.Message
	}
	title := cmp.Or(f.Title, f.Rule, "a control without a name")
	if f.Kind == finding.Detection {
		return title // what it saw, not what ought to be
	}
	switch f.Verdict {
	case finding.Pass:
		return title
	case finding.Unknown:
		return "not enough was seen to judge: " + title
	case finding.NotApplicable:
		return "does not apply: " + title
	case finding.Error:
		return "could not be evaluated: " + title
	}
	return "does not hold: " + title
}

func verdictName(v finding.Verdict) string {
	if v == finding.NotApplicable {
		return "N/A"
	}
	return string(v)
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if stem, ok := strings.CutSuffix(noun, "y"); ok {
		return fmt.Sprintf("%s %sies", grouped(n), stem)
	}
	return grouped(n) + " " + noun + "s"
}

// grouped writes a count with a comma between thousands.
func grouped(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
