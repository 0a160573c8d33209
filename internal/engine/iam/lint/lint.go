// Package lint finds what is wrong with policies, and what is right by the
// letter and still not what was meant: actions that do not exist, statements that
// can never match, conditions that a missing key turns around, doors left open.
//
// What AWS refuses comes from package policy and is an error. The rest is told by
// rules, each with a code, a severity and what to do next; they stand in files by
// what they look at. A rule enters when it can be explained in a sentence, and
// stays when it is silent about the policies that AWS itself maintains, unless
// those really have the fault.
//
// Sources: AWS IAM User Guide, "IAM policy validation check reference" and the
// pages of each element; the action catalogue (package action).
package lint

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam/action"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
)

// Severity is how bad a finding is.
type Severity string

const (
	Error      Severity = "error"      // AWS refuses it, or it never does what it says
	Warning    Severity = "warning"    // most likely not what was meant, or dangerous
	Suggestion Severity = "suggestion" // could be said better
)

// Rank orders severities, the worst first.
func (s Severity) Rank() int { return slices.Index([]Severity{Error, Warning, Suggestion}, s) }

// ParseSeverity reads a severity.
func ParseSeverity(s string) (Severity, error) {
	if v := Severity(s); v.Rank() >= 0 {
		return v, nil
	}
	return "", fmt.Errorf("%q is not a severity; one of error, warning, suggestion", s)
}

// Finding is one thing to look at.
type Finding struct {
	Code     string
	Severity Severity
	Message  string // what, why, and what to do, without the place
	Position policy.Position
	Path     string // Statement[2].Action; statements count from 0
}

// Options say what else is known of a policy.
type Options struct {
	// Size of the text, to compare with quotas; zero: it is not compared.
	Size policy.Size
	// Place is the key of the quota that applies (see policy.Quotas); empty: all
	// that the type may have.
	Place string
}

// Text reads a policy and judges it. The type zero is guessed from the content.
func Text(data []byte, t policy.Type, o Options) (*policy.Document, policy.Type, []Finding) {
	doc, problems := policy.Parse(data)
	if t == 0 {
		t = policy.GuessType(doc)
	}
	if o.Size == (policy.Size{}) {
		o.Size = policy.Measure(data)
	}
	findings := Lint(doc, t, o)
	findings = append(refused(problems), findings...)
	return doc, t, ordered(findings)
}

// Lint judges a document that was read before. What Parse has against it is not
// among the findings.
func Lint(doc *policy.Document, t policy.Type, o Options) []Finding {
	l := &linter{doc: doc, kind: t, options: o, fits: map[[2]string]bool{}, expanded: map[string][]*action.Action{}}
	l.findings = refused(policy.Check(doc, t))
	l.document()
	for i := range doc.Statements {
		l.index, l.s, l.path = i, &doc.Statements[i], fmt.Sprintf("Statement[%d]", i)
		l.statement()
	}
	return ordered(l.findings)
}

func refused(problems policy.Problems) []Finding {
	out := make([]Finding, len(problems))
	for i, p := range problems {
		out[i] = Finding{Code: p.Code, Severity: Error, Message: p.Message, Position: p.Position, Path: p.Path}
	}
	return out
}

func ordered(list []Finding) []Finding {
	slices.SortStableFunc(list, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Position.Line, b.Position.Line), cmp.Compare(a.Position.Column, b.Position.Column),
			cmp.Compare(a.Severity.Rank(), b.Severity.Rank()), cmp.Compare(a.Code, b.Code))
	})
	return slices.CompactFunc(list, func(a, b Finding) bool { return a == b })
}

// linter goes through one document.
type linter struct {
	doc      *policy.Document
	kind     policy.Type
	options  Options
	findings []Finding
	fits     map[[2]string]bool // remembered answers of fit
	expanded map[string][]*action.Action
	hints    int // names looked for that were meant

	// the statement at hand
	index int
	s     *policy.Statement
	path  string
}

// add reports with the severity that the code's rule has.
func (l *linter) add(code string, at policy.Position, element, format string, args ...any) {
	l.addAs(severityOf(code), code, at, element, format, args...)
}

func (l *linter) addAs(severity Severity, code string, at policy.Position, element, format string, args ...any) {
	path := l.path
	if element != "" {
		path += "." + element
	}
	if at.Line == 0 && l.s != nil {
		at = l.s.Position
	}
	l.findings = append(l.findings, Finding{Code: code, Severity: severity, Message: fmt.Sprintf(format, args...), Position: at, Path: strings.TrimPrefix(path, ".")})
}

func (l *linter) document() {
	l.size()
	l.version()
	l.names()
	l.redundantStatements()
}

func (l *linter) statement() {
	l.actions()
	l.resources()
	l.lists()
	l.conditions()
	l.variables()
	l.broad()
	l.passRole()
	l.principals()
	switch l.kind {
	case policy.Trust:
		l.trust()
	case policy.SCP:
		l.scp()
	case policy.RCP:
		l.rcp()
	}
}

// quote shows what somebody wrote, cut where it is long.
func quote(s string) string {
	const most = 100
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return fmt.Sprintf("%q", s)
}
