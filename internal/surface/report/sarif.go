package report

import (
	"cmp"
	"fmt"
	"net/url"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/finding"
)

// sarifWriter writes SARIF 2.1.0 (OASIS, 2020) for code scanning. Results
// stream out as they come; the tool's rules and the invocation follow them,
// which the format allows because members of an object have no order.
type sarifWriter struct {
	w       *errWriter
	meta    Meta
	index   map[string]int // rule id to its place in rules
	rules   []sarifRule
	notices []sarifNotification
	dropped int // notices beyond the limit
	failed  bool
	any     bool
}

// sarifNotices bounds what is kept in memory for the end of the document.
const sarifNotices = 1000

func newSARIF(w *errWriter, m Meta) *sarifWriter {
	w.str(`{"$schema":"https://json.schemastore.org/sarif-2.1.0.json","version":"2.1.0","runs":[{"results":[`)
	return &sarifWriter{w: w, meta: m, index: map[string]int{}}
}

type sarifText struct {
	Text string `json:"text"`
}

type sarifRule struct {
	ID                   string         `json:"id"`
	ShortDescription     sarifText      `json:"shortDescription"`
	FullDescription      *sarifText     `json:"fullDescription,omitempty"`
	HelpURI              string         `json:"helpUri,omitempty"`
	Help                 *sarifHelp     `json:"help,omitempty"`
	DefaultConfiguration map[string]any `json:"defaultConfiguration"`
	Properties           map[string]any `json:"properties"`
}

type sarifHelp struct {
	Text     string `json:"text"`
	Markdown string `json:"markdown"`
}

type sarifResult struct {
	RuleID              string             `json:"ruleId"`
	RuleIndex           int                `json:"ruleIndex"`
	Kind                string             `json:"kind"`
	Level               string             `json:"level"`
	Message             sarifText          `json:"message"`
	Locations           []sarifLocation    `json:"locations,omitempty"`
	PartialFingerprints map[string]string  `json:"partialFingerprints,omitempty"`
	Suppressions        []sarifSuppression `json:"suppressions,omitempty"`
	BaselineState       string             `json:"baselineState,omitempty"`
	Properties          map[string]any     `json:"properties"`
}

type sarifSuppression struct {
	Kind          string `json:"kind"`
	Status        string `json:"status"`
	Justification string `json:"justification"`
}

type sarifLocation struct {
	Physical *sarifPhysical `json:"physicalLocation,omitempty"`
	Logical  []sarifLogical `json:"logicalLocations,omitempty"`
}

type sarifPhysical struct {
	Artifact sarifArtifact `json:"artifactLocation"`
	Region   *sarifRegion  `json:"region,omitempty"`
}

type sarifArtifact struct {
	URI       string `json:"uri"`
	URIBaseID string `json:"uriBaseId,omitempty"`
}

type sarifRegion struct {
	StartLine   int `json:"startLine"`
	StartColumn int `json:"startColumn,omitempty"`
}

type sarifLogical struct {
	Name               string `json:"name"`
	FullyQualifiedName string `json:"fullyQualifiedName,omitempty"`
	Kind               string `json:"kind"`
}

type sarifNotification struct {
	Level          string         `json:"level"`
	Message        sarifText      `json:"message"`
	AssociatedRule map[string]any `json:"associatedRule,omitempty"`
}

func (s *sarifWriter) Add(f finding.Finding) error {
	i := s.ruleIndex(f)
	if f.Verdict == finding.Error {
		s.failed = true
		s.notify(sarifNotification{"error", sarifText{sarifMessage(f)}, map[string]any{"id": f.Rule, "index": i}})
		return s.w.err
	}
	line, err := encode(s.result(f, i), "")
	if err != nil {
		return err
	}
	if s.any {
		s.w.str(",")
	}
	s.any = true
	s.w.str("\n" + string(line))
	return s.w.err
}

func (s *sarifWriter) ruleIndex(f finding.Finding) int {
	if i, ok := s.index[f.Rule]; ok {
		return i
	}
	i := len(s.rules)
	s.index[f.Rule] = i
	s.rules = append(s.rules, newSARIFRule(f.Rule, s.meta.rule(f)))
	return i
}

func newSARIFRule(id string, r Rule) sarifRule {
	tags := append([]string{"security"}, r.Tags...)
	tags = append(tags, r.Practices...)
	slices.Sort(tags)
	rule := sarifRule{
		ID:                   id,
		ShortDescription:     sarifText{r.Title},
		HelpURI:              webAddress(r.HelpURI),
		DefaultConfiguration: map[string]any{"level": sarifLevel(r.Severity)},
		Properties: map[string]any{
			"tags": slices.Compact(tags), "security-severity": sarifScore(r.Severity), "precision": "high",
			"problem.severity": cmp.Or(map[string]string{"error": "error", "warning": "warning"}[sarifLevel(r.Severity)], "recommendation"),
		},
	}
	if r.Description != "" {
		rule.FullDescription = &sarifText{r.Description}
	}
	if len(r.Frameworks) > 0 {
		rule.Properties["frameworks"] = r.Frameworks
	}
	if r.Fix != "" {
		rule.Help = &sarifHelp{Text: r.Fix, Markdown: markdownText(r.Fix)}
	}
	return rule
}

// sarifLevel and sarifScore follow the bands GitHub code scanning reads:
// critical from 9.0, high from 7.0, medium from 4.0.
func sarifLevel(s finding.Severity) string {
	switch s {
	case finding.Critical, finding.High:
		return "error"
	case finding.Medium:
		return "warning"
	}
	return "note"
}

func sarifScore(s finding.Severity) string {
	return [...]string{"0.0", "0.0", "3.0", "5.5", "8.0", "9.5"}[s.Rank()]
}

func (s *sarifWriter) result(f finding.Finding, rule int) sarifResult {
	r := sarifResult{
		RuleID: f.Rule, RuleIndex: rule, Message: sarifText{sarifMessage(f)},
		Locations: s.locations(f), Suppressions: suppressions(f), Properties: sarifProperties(f),
	}
	if f.ID != "" {
		r.PartialFingerprints = map[string]string{"holdfastFindingId/v1": f.ID}
	}
	// A level other than "none" is only allowed of what fails (SARIF 3.27.10).
	r.Level = "none"
	switch f.Verdict {
	case finding.Pass:
		r.Kind = "pass"
	case finding.Unknown:
		r.Kind = "open"
	case finding.NotApplicable:
		r.Kind = "notApplicable"
	default:
		r.Kind, r.Level = "fail", sarifLevel(f.Severity)
	}
	switch f.Status {
	case finding.New, finding.Reopened:
		r.BaselineState = "new"
	case finding.Open:
		r.BaselineState = "unchanged"
	case finding.Resolved:
		r.BaselineState = "absent"
	}
	return r
}

func suppressions(f finding.Finding) []sarifSuppression {
	switch f.Verdict {
	case finding.Excepted:
		return []sarifSuppression{{"external", "accepted", "exception " + f.Exception}}
	case finding.Prevented:
		return []sarifSuppression{{"external", "accepted", "prevented by guardrail " + f.PreventedBy}}
	}
	return nil
}

func sarifProperties(f finding.Finding) map[string]any {
	p := map[string]any{"verdict": f.Verdict, "severity": f.Severity}
	for name, value := range map[string]string{
		"resourceType": f.Type, "resource": f.Resource, "arn": f.ARN, "account": f.Account, "region": f.Region, "objective": f.Objective,
	} {
		if value != "" {
			p[name] = value
		}
	}
	if len(f.Practices) > 0 {
		p["practices"] = f.Practices
	}
	if f.Kind == finding.Detection {
		p["findingKind"], p["alerts"], p["techniques"], p["playbook"] = f.Kind, f.Alerts, append([]string{}, f.Techniques...), f.Playbook
	}
	if !f.FirstSeen.IsZero() {
		p["firstSeen"], p["lastSeen"] = rfc3339(f.FirstSeen), rfc3339(f.LastSeen)
	}
	return p
}

func (s *sarifWriter) locations(f finding.Finding) []sarifLocation {
	var l sarifLocation
	if f.Resource != "" {
		l.Logical = []sarifLogical{{Name: f.Resource, FullyQualifiedName: f.ARN, Kind: "resource"}}
	}
	if f.File != "" {
		l.Physical = &sarifPhysical{Artifact: sarifURI(f.File, s.meta.Root)}
		if f.Line > 0 {
			l.Physical.Region = &sarifRegion{StartLine: f.Line, StartColumn: max(0, f.Column)}
		}
	}
	if l.Physical == nil && l.Logical == nil {
		return nil
	}
	return []sarifLocation{l}
}

// sarifURI is a file relative to SRCROOT where it lies below the root.
func sarifURI(file, root string) sarifArtifact {
	if root != "" && filepath.IsAbs(file) {
		if rel, err := filepath.Rel(root, file); err == nil && filepath.IsLocal(rel) {
			file = rel
		}
	}
	file = path.Clean(filepath.ToSlash(file))
	u := url.URL{Path: file}
	if path.IsAbs(file) {
		u.Scheme = "file"
		return sarifArtifact{URI: u.String()}
	}
	return sarifArtifact{URI: u.String(), URIBaseID: "SRCROOT"}
}

func (s *sarifWriter) notify(n sarifNotification) {
	if len(s.notices) >= sarifNotices {
		s.dropped++
		return
	}
	s.notices = append(s.notices, n)
}

func (s *sarifWriter) Close() error {
	for _, n := range s.meta.Notices {
		note := sarifNotification{Level: "warning", Message: sarifText{n.Text}}
		if n.Error {
			note.Level, s.failed = "error", true
		}
		if n.Rule != "" {
			note.AssociatedRule = map[string]any{"id": n.Rule}
		}
		s.notify(note)
	}
	if s.dropped > 0 {
		s.notices = append(s.notices, sarifNotification{Level: "warning", Message: sarifText{fmt.Sprintf("%s more not listed", plural(s.dropped, "notice"))}})
	}
	tail := struct {
		Tool                any            `json:"tool"`
		Invocations         []any          `json:"invocations"`
		OriginalURIBaseIDs  map[string]any `json:"originalUriBaseIds,omitempty"`
		ColumnKind          string         `json:"columnKind"`
		AutomationDetails   map[string]any `json:"automationDetails"`
		DefaultEncodingName string         `json:"defaultEncoding"`
	}{
		Tool:                map[string]any{"driver": s.driver()},
		Invocations:         []any{s.invocation()},
		OriginalURIBaseIDs:  s.bases(),
		ColumnKind:          "unicodeCodePoints",
		AutomationDetails:   map[string]any{"id": "holdfast/"},
		DefaultEncodingName: "utf-8",
	}
	b, err := encode(tail, "")
	if err != nil {
		return err
	}
	s.w.str("\n]," + string(b[1:]) + "]}\n")
	return s.w.err
}

func (s *sarifWriter) driver() map[string]any {
	rules := s.rules
	if rules == nil {
		rules = []sarifRule{}
	}
	d := map[string]any{"name": toolName, "rules": rules}
	if s.meta.Tool != "" {
		d["version"] = s.meta.Tool
	}
	return d
}

func (s *sarifWriter) invocation() map[string]any {
	i := map[string]any{"executionSuccessful": !s.failed}
	if !s.meta.At.IsZero() {
		i["endTimeUtc"] = rfc3339(s.meta.At)
	}
	if len(s.notices) > 0 {
		i["toolExecutionNotifications"] = s.notices
	}
	return i
}

// bases tells where SRCROOT is, or only that there is one.
func (s *sarifWriter) bases() map[string]any {
	base := map[string]any{"description": sarifText{"The folder that was checked."}}
	if filepath.IsAbs(s.meta.Root) {
		u := url.URL{Scheme: "file", Path: strings.TrimSuffix(filepath.ToSlash(s.meta.Root), "/") + "/"}
		base["uri"] = u.String()
	}
	return map[string]any{"SRCROOT": base}
}

// Abort leaves the results open: there is no closing bracket and no tool.
func (s *sarifWriter) Abort(error) error {
	s.w.str("\n")
	return s.w.err
}

// sarifMessage keeps text from becoming an embedded link (SARIF 3.11.6).
func sarifMessage(f finding.Finding) string {
	return strings.ReplaceAll(message(f), "](", "] (")
}
