package report

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"fmt"
	"strings"

	"holdfast.dev/holdfast/internal/finding"
)

// junitChunk is how many findings are grouped at once: a suite names its
// counts before its cases. A suite of more findings than that is continued in
// another of the same name.
const junitChunk = 20000

// junitWriter writes JUnit XML: a suite for each file, or account, with a case
// for each verdict. FAIL is a failure, ERROR an error; UNKNOWN, EXCEPTED,
// PREVENTED and NOT_APPLICABLE are skipped with their reason.
type junitWriter struct {
	w      *errWriter
	meta   Meta
	suites map[string]*junitSuite
	order  []string
	held   int
}

type junitSuite struct {
	tests, failures, errors, skipped int
	cases                            bytes.Buffer
}

func newJUnit(w *errWriter, m Meta) *junitWriter {
	w.str(xml.Header + "<testsuites name=\"" + toolName + "\">\n")
	return &junitWriter{w: w, meta: m, suites: map[string]*junitSuite{}}
}

func (j *junitWriter) Add(f finding.Finding) error {
	name := cmp.Or(f.File, f.Account, "estate")
	s := j.suites[name]
	if s == nil {
		s = &junitSuite{}
		j.suites[name] = s
		j.order = append(j.order, name)
	}
	s.add(f)
	if j.held++; j.held >= junitChunk {
		j.flush()
	}
	return j.w.err
}

func (s *junitSuite) add(f finding.Finding) {
	s.tests++
	fmt.Fprintf(&s.cases, `    <testcase classname="%s" name="%s"`, xmlText(f.Rule), xmlText(junitName(f)))
	if f.File != "" {
		fmt.Fprintf(&s.cases, ` file="%s" line="%d"`, xmlText(f.File), f.Line)
	}
	text := xmlText(message(f))
	kind := xmlText(string(f.Severity))
	switch f.Verdict {
	case finding.Fail:
		s.failures++
		fmt.Fprintf(&s.cases, ">\n      <failure type=\"%s\" message=\"%s\">%s</failure>\n    </testcase>\n", kind, text, junitBody(f))
	case finding.Error:
		s.errors++
		fmt.Fprintf(&s.cases, ">\n      <error type=\"%s\" message=\"%s\">%s</error>\n    </testcase>\n", kind, text, junitBody(f))
	case finding.Pass:
		s.cases.WriteString("/>\n")
	default:
		s.skipped++
		reason := cmp.Or(aside(f), message(f))
		fmt.Fprintf(&s.cases, ">\n      <skipped message=\"%s\"/>\n    </testcase>\n", xmlText(string(f.Verdict)+": "+reason))
	}
}

func junitName(f finding.Finding) string {
	name := strings.TrimSpace(cmp.Or(f.Title, f.Rule) + ": " + cmp.Or(f.Resource, f.ARN))
	if f.File == "" && f.Region != "" {
		name += " (" + f.Region + ")"
	}
	return name
}

// junitBody is the detail with its line breaks as they are, which is easier on
// the eye than references.
func junitBody(f finding.Finding) string {
	return strings.ReplaceAll(xmlText(junitDetail(f)), "&#xA;", "\n")
}

func junitDetail(f finding.Finding) string {
	lines := []string{message(f)}
	for _, l := range [][2]string{{"resource", f.Resource}, {"type", f.Type}, {"arn", f.ARN}, {"where", place(f)}, {"activity", activity(f)}, {"finding", f.ID}} {
		if l[1] != "" {
			lines = append(lines, l[0]+": "+l[1])
		}
	}
	return strings.Join(lines, "\n")
}

// activity is when a detection saw what, "" of a control.
func activity(f finding.Finding) string {
	if f.Kind != finding.Detection {
		return ""
	}
	return seen(f)
}

func (j *junitWriter) flush() {
	for _, name := range j.order {
		s := j.suites[name]
		j.w.printf("  <testsuite name=\"%s\" tests=\"%d\" failures=\"%d\" errors=\"%d\" skipped=\"%d\" time=\"0\"", xmlText(name), s.tests, s.failures, s.errors, s.skipped)
		if !j.meta.At.IsZero() {
			j.w.printf(" timestamp=\"%s\"", j.meta.At.UTC().Format("2006-01-02T15:04:05"))
		}
		j.w.str(">\n" + s.cases.String() + "  </testsuite>\n")
	}
	clear(j.suites)
	j.order, j.held = j.order[:0], 0
}

func (j *junitWriter) Close() error {
	j.flush()
	j.w.str("</testsuites>\n")
	return j.w.err
}

// Abort leaves the root element open.
func (j *junitWriter) Abort(error) error {
	j.flush()
	return j.w.err
}

// xmlText is text for an element or an attribute; characters XML does not
// allow become the replacement character.
func xmlText(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(cleanLines(s)))
	return b.String()
}
