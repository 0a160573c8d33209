// Package finding holds verdicts worth tracking over time: what a finding is,
// how it is told apart from others, how it lives from new to resolved, and the
// exceptions by which an organisation decides to live with it.
//
// Everything here is a value or a pure function; time is always passed in.
package finding

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
)

// Verdict is what a control says about a resource.
type Verdict string

const (
	Pass          Verdict = "PASS"
	Fail          Verdict = "FAIL"
	Unknown       Verdict = "UNKNOWN"        // not enough was seen to judge
	NotApplicable Verdict = "NOT_APPLICABLE" // the control does not speak about this resource
	Prevented     Verdict = "PREVENTED"      // would fail, but a guardrail in force keeps it from mattering
	Excepted      Verdict = "EXCEPTED"       // fails, and somebody entitled to has accepted that for a time
	Error         Verdict = "ERROR"          // the control itself could not be evaluated
)

// Verdicts lists them in the order reports show them.
var Verdicts = [...]Verdict{Fail, Error, Unknown, Excepted, Prevented, Pass, NotApplicable}

// Severity is how much a failure matters before risk is weighed.
type Severity string

const (
	Critical Severity = "critical"
	High     Severity = "high"
	Medium   Severity = "medium"
	Low      Severity = "low"
	Info     Severity = "info"
)

// Severities lists them from worst to least.
var Severities = [...]Severity{Critical, High, Medium, Low, Info}

// ParseSeverity reads a severity as a control or a flag spells it.
func ParseSeverity(s string) (Severity, error) {
	for _, known := range Severities {
		if strings.EqualFold(s, string(known)) {
			return known, nil
		}
	}
	return "", fmt.Errorf("severity %q is not one of critical, high, medium, low, info", s)
}

// Rank is 5 for critical down to 1 for info, 0 for anything else.
func (s Severity) Rank() int {
	for i, known := range Severities {
		if s == known {
			return len(Severities) - i
		}
	}
	return 0
}

// Kind is what judged: a control, or a detection over activity.
type Kind string

const (
	Control   Kind = "" // the zero Kind, since most findings are of controls
	Detection Kind = "detection"
)

// Kinds lists them.
var Kinds = [...]Kind{Control, Detection}

// String is control or detection.
func (k Kind) String() string {
	if k == Control {
		return "control"
	}
	return string(k)
}

// ParseKind reads a kind as String writes it.
func ParseKind(s string) (Kind, error) {
	for _, k := range Kinds {
		if strings.EqualFold(s, k.String()) {
			return k, nil
		}
	}
	return "", fmt.Errorf("kind %q is not one of control, detection", s)
}

// Finding is one verdict of one control on one resource, or what the alerts of one
// detection about one resource add up to; with its history.
type Finding struct {
	ID       string // see Identify
	Kind     Kind
	Verdict  Verdict
	Rule     string // id of the control or detection
	Title    string
	Severity Severity

	Type     string // resource type
	Resource string // resource id
	ARN      string
	Account  string
	Region   string
	File     string // where a template declares it
	Line     int
	Column   int

	Message   string
	Objective string
	Practices []string // SEC01 practices: BP01 …

	Exception   string // id of the exception that covers it, where Verdict is EXCEPTED
	PreventedBy string // id of the guardrail in force, where Verdict is PREVENTED

	// Of detections: how many alerts add up to it, of which ATT&CK techniques, and the
	// playbook that answers it. FirstSeen and LastSeen are the times of activity.
	Alerts     int
	Techniques []string
	Playbook   string

	State
}

// Identify is the stable id of a finding: the same control on the same
// resource has the same id in every run, on every machine. The discriminator
// tells apart several findings of one control on one resource; it is the file
// for what a template declares.
func Identify(rule, account, region, resource, discriminator string) string {
	h := sha256.New()
	for _, part := range []string{rule, account, region, resource, discriminator} {
		fmt.Fprintf(h, "%d:%s", len(part), part)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// Before orders findings as reports list them: worst first, then by place, so
// that the same set is always printed the same way.
func Before(a, b Finding) bool {
	if x, y := a.Severity.Rank(), b.Severity.Rank(); x != y {
		return x > y
	}
	for _, pair := range [][2]string{{a.Rule, b.Rule}, {a.Account, b.Account}, {a.Region, b.Region}, {a.File, b.File}, {a.Type, b.Type}, {a.Resource, b.Resource}} {
		if pair[0] != pair[1] {
			return pair[0] < pair[1]
		}
	}
	if a.Line != b.Line {
		return a.Line < b.Line
	}
	return a.ID < b.ID
}

// deadlines say how long a finding may stay, by severity. They follow the
// due dates of the threat-intelligence to-do list, so that one calendar serves
// both; a severity without one has no due date.
var deadlines = map[Severity]time.Duration{
	Critical: 7 * day,
	High:     30 * day,
	Medium:   90 * day,
	Low:      180 * day,
}

const day = 24 * time.Hour

// DueBy is when a finding of this severity, opened at a time, has to be dealt
// with; zero where nothing is due.
func DueBy(s Severity, opened time.Time) time.Time {
	if d, ok := deadlines[s]; ok {
		return opened.Add(d)
	}
	return time.Time{}
}
