package detect

import (
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/engine/sigma"
	"holdfast.dev/holdfast/internal/finding"
)

// Detection is one thing to find: a Sigma rule, Sigma rules that correlate, or an
// analytic.
type Detection struct {
	// Name is what it is called by in output and in settings: ours for a file of our
	// format, and the id of a plain Sigma rule (else its name or title).
	Name string
	// Rule is the one that speaks. For an analytic it has the head only.
	Rule *sigma.Rule
	// Parts are all rules of the file, Rule among them; none for an analytic.
	Parts []*sigma.Rule

	Analytic string         // name of the engine; empty for Sigma rules
	Params   map[string]any // of the engine

	Objective string
	Playbook  string
	Needs     []string // logs and facts without which it is off
	Resource  []string // paths, of which the first with a value is what an alert is about
	Message   string   // with ${path}
	Examples  Examples

	// Ours tells a detection in our own format from a plain Sigma rule.
	Ours bool
	// Catalogue tells one of Holdfast's own.
	Catalogue bool
	File      string
	Line      int
}

// Logs that detections speak about.
var (
	Trail   = sigma.LogSource{Product: "aws", Service: "cloudtrail"}
	Flows   = sigma.LogSource{Product: "aws", Service: "vpcflow"}
	Lookups = sigma.LogSource{Product: "aws", Service: "route53resolver"}
)

// Kind is rule, correlation, analytic or, of Sigma's, filter.
func (d *Detection) Kind() string {
	switch {
	case d.Analytic != "":
		return "analytic"
	case d.Rule.Filter != nil:
		return "filter"
	case d.Rule.Correlation != nil:
		return "correlation"
	}
	return "rule"
}

// rules are all of its file; for an analytic its head.
func (d *Detection) rules() []*sigma.Rule {
	if len(d.Parts) == 0 {
		return []*sigma.Rule{d.Rule}
	}
	return d.Parts
}

// Log is the log that it reads: that of its parts where it correlates.
func (d *Detection) Log() sigma.LogSource {
	for _, r := range d.Parts {
		if r.LogSource != (sigma.LogSource{}) {
			return r.LogSource
		}
	}
	return d.Rule.LogSource
}

// Severity is the level in the words of findings. A Sigma rule without one is medium.
func (d *Detection) Severity() finding.Severity {
	switch d.Rule.Level {
	case "informational":
		return finding.Info
	case "":
		return finding.Medium
	}
	return finding.Severity(d.Rule.Level)
}

// attackTags are its tags of ATT&CK without "attack.", in lower case: techniques like
// t1078.004 and tactics like initial-access.
func (d *Detection) attackTags() (techniques, tactics []string) {
	for _, tag := range d.Rule.Tags {
		name, ok := strings.CutPrefix(strings.ToLower(tag), "attack.")
		switch {
		case !ok || isGroup(name):
		case isTechnique(name):
			techniques = append(techniques, name)
		default:
			tactics = append(tactics, strings.ReplaceAll(name, "_", "-"))
		}
	}
	slices.Sort(techniques)
	slices.Sort(tactics)
	return slices.Compact(techniques), slices.Compact(tactics)
}

// isTechnique knows t1078 and t1078.004.
func isTechnique(name string) bool {
	id, sub, dotted := strings.Cut(name, ".")
	return len(id) == 5 && id[0] == 't' && digits(id[1:]) && (!dotted || len(sub) == 3 && digits(sub))
}

// isGroup knows the groups (g0016) and software (s0677) of ATT&CK, which are no
// techniques.
func isGroup(name string) bool {
	return len(name) == 5 && (name[0] == 'g' || name[0] == 's') && digits(name[1:])
}

func digits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
