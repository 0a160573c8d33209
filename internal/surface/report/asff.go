package report

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"holdfast.dev/holdfast/internal/finding"
)

// asffWriter writes the AWS Security Finding Format, version 2018-10-08, as
// JSON Lines of requests: each line is one {"Findings":[…]} that
// `aws securityhub batch-import-findings --cli-input-json` takes as it is. A
// line holds at most 100 findings of one account and Region, since the API
// wants both limits and is called in the account and Region of the findings.
//
// How verdicts are told:
//
//	PASS            PASSED, workflow RESOLVED
//	FAIL            FAILED, NEW
//	EXCEPTED        FAILED, SUPPRESSED
//	PREVENTED       FAILED, SUPPRESSED, with the guardrail as a reason
//	UNKNOWN         WARNING, NEW
//	ERROR           NOT_AVAILABLE, NEW
//	NOT_APPLICABLE  NOT_AVAILABLE, record ARCHIVED
//
// Findings of detections are of the namespace TTPs and have no compliance; they are
// NEW, SUPPRESSED by an exception, or RESOLVED.
//
// Security Hub reads the workflow of a finding only when it first arrives.
type asffWriter struct {
	w       *errWriter
	meta    Meta
	batches map[string]*asffBatch // by account and Region
	order   []string              // in which they were started
	held    int
}

type asffBatch struct {
	lines [][]byte
}

const (
	asffBatchSize = 100
	asffHeld      = 5000       // findings kept back while batches fill
	asffBytes     = 240 * 1000 // of one finding
)

func newASFF(w *errWriter, m Meta) *asffWriter {
	return &asffWriter{w: w, meta: m, batches: map[string]*asffBatch{}}
}

type asffFinding struct {
	SchemaVersion   string
	ID              string `json:"Id"`
	ProductArn      string
	ProductName     string
	GeneratorID     string `json:"GeneratorId"`
	AwsAccountID    string `json:"AwsAccountId"`
	Region          string
	Types           []string
	FirstObservedAt string
	LastObservedAt  string
	CreatedAt       string
	UpdatedAt       string
	Severity        asffSeverity
	Title           string
	Description     string
	Remediation     *asffRemediation `json:",omitempty"`
	ProductFields   map[string]string
	Resources       []asffResource
	Compliance      *asffCompliance `json:",omitempty"`
	Workflow        asffStatus
	RecordState     string
}

type asffSeverity struct {
	Label      string
	Normalized int
	Original   string `json:",omitempty"`
}

type asffRemediation struct{ Recommendation asffRecommendation }

type asffRecommendation struct {
	Text string `json:",omitempty"`
	URL  string `json:"Url,omitempty"`
}

type asffResource struct {
	Type      string
	ID        string `json:"Id"`
	Partition string
	Region    string
	Details   map[string]any `json:",omitempty"`
}

type asffCompliance struct {
	Status              string
	RelatedRequirements []string     `json:",omitempty"`
	SecurityControlID   string       `json:"SecurityControlId,omitempty"`
	StatusReasons       []asffReason `json:",omitempty"`
}

type asffReason struct {
	ReasonCode  string
	Description string
}

type asffStatus struct{ Status string }

func (a *asffWriter) Add(f finding.Finding) error {
	converted, err := a.convert(f)
	if err != nil {
		return err
	}
	line, err := encode(converted, "")
	if err != nil {
		return err
	}
	if len(line) > asffBytes {
		return fmt.Errorf("finding %q takes %d bytes; Security Hub accepts %d", f.ID, len(line), asffBytes)
	}
	return a.put(converted.AwsAccountID+"/"+converted.Region, line)
}

func (a *asffWriter) put(key string, line []byte) error {
	b := a.batches[key]
	if b == nil {
		b = &asffBatch{}
		a.batches[key] = b
		a.order = append(a.order, key)
	}
	b.lines = append(b.lines, line)
	a.held++
	if len(b.lines) == asffBatchSize {
		a.flush(key)
	}
	if a.held >= asffHeld {
		a.flush(a.order[0])
	}
	return a.w.err
}

func (a *asffWriter) flush(key string) {
	b := a.batches[key]
	a.w.str(`{"Findings":[`)
	for i, line := range b.lines {
		if i > 0 {
			a.w.str(",")
		}
		a.w.str(string(line))
	}
	a.w.str("]}\n")
	a.held -= len(b.lines)
	delete(a.batches, key)
	a.order = slices.DeleteFunc(a.order, func(k string) bool { return k == key })
}

func (a *asffWriter) Close() error {
	for len(a.order) > 0 {
		a.flush(a.order[0])
	}
	return a.w.err
}

func (a *asffWriter) Abort(error) error { return breakLines(a.w) }

func (a *asffWriter) convert(f finding.Finding) (asffFinding, error) {
	account := cmp.Or(f.Account, a.meta.Account)
	if len(account) != 12 || strings.Trim(account, "0123456789") != "" {
		return asffFinding{}, fmt.Errorf("finding %q of %q on %q is in account %q; Security Hub takes findings of a 12-digit account only: name one with --account, or choose another format", f.ID, f.Rule, f.Resource, account)
	}
	if f.ID == "" || f.Rule == "" {
		return asffFinding{}, fmt.Errorf("a finding of control %q on %q has no id or no control; ASFF needs both", f.Rule, f.Resource)
	}
	region := cmp.Or(realRegion(f.Region), realRegion(a.meta.Region))
	part := partition(f.ARN, region)
	region = cmp.Or(region, homeRegion(part))
	rule := a.meta.rule(f)
	first, last := cmp.Or(stamp(moment(f.FirstSeen)), rfc3339(a.meta.At)), cmp.Or(stamp(moment(f.LastSeen)), rfc3339(a.meta.At))
	out := asffFinding{
		SchemaVersion: "2018-10-08",
		ID:            shorten(f.ID, 512),
		ProductArn:    fmt.Sprintf("arn:%s:securityhub:%s:%s:product/%s/default", part, region, account, account),
		ProductName:   toolName,
		GeneratorID:   shorten("holdfast/"+f.Rule, 512),
		AwsAccountID:  account,
		Region:        region,
		Types:         []string{"Software and Configuration Checks/AWS Security Best Practices"},

		FirstObservedAt: first, LastObservedAt: last, CreatedAt: first, UpdatedAt: cmp.Or(stamp(moment(a.meta.At)), last),

		Severity:      newASFFSeverity(f),
		Title:         shorten(cmp.Or(f.Title, rule.Title), 256),
		Description:   shorten(message(f), 1024),
		ProductFields: map[string]string{"holdfast/Verdict": string(f.Verdict)},
		Resources:     []asffResource{newASFFResource(f, part, region)},
		Compliance:    &asffCompliance{Status: "FAILED", SecurityControlID: f.Rule, RelatedRequirements: requirements(rule, 32)},
		Workflow:      asffStatus{"NEW"},
		RecordState:   "ACTIVE",
	}
	out.tell(f)
	if f.Kind == finding.Detection {
		out.Types, out.Compliance = []string{"TTPs"}, nil
	}
	out.fields(f, a.meta)
	if help := webAddress(rule.HelpURI); rule.Fix != "" || help != "" {
		out.Remediation = &asffRemediation{asffRecommendation{shorten(rule.Fix, 512), help}}
	}
	return out, nil
}

// tell fills in what the verdict decides.
func (o *asffFinding) tell(f finding.Finding) {
	reason := func(code, text string) {
		o.Compliance.StatusReasons = []asffReason{{code, shorten(text, 2048)}}
	}
	switch f.Verdict {
	case finding.Pass:
		o.Compliance.Status, o.Workflow.Status = "PASSED", "RESOLVED"
	case finding.Excepted:
		o.Workflow.Status = "SUPPRESSED"
		reason("HOLDFAST_EXCEPTED", "Accepted by exception "+f.Exception)
	case finding.Prevented:
		o.Workflow.Status = "SUPPRESSED"
		reason("HOLDFAST_PREVENTED", "Kept from mattering by guardrail "+f.PreventedBy)
	case finding.Unknown:
		o.Compliance.Status = "WARNING"
		reason("HOLDFAST_UNKNOWN", message(f))
	case finding.Error:
		o.Compliance.Status = "NOT_AVAILABLE"
		reason("HOLDFAST_ERROR", message(f))
	case finding.NotApplicable:
		o.Compliance.Status, o.RecordState = "NOT_AVAILABLE", "ARCHIVED"
	}
	if f.Status == finding.Resolved {
		o.Workflow.Status, o.RecordState = "RESOLVED", "ARCHIVED"
	}
}

func (o *asffFinding) fields(f finding.Finding, m Meta) {
	for name, value := range map[string]string{
		"holdfast/Version": m.Tool, "holdfast/Resource": f.Resource, "holdfast/ResourceType": f.Type, "holdfast/Region": f.Region,
		"holdfast/Objective": f.Objective, "holdfast/Practices": strings.Join(f.Practices, " "), "holdfast/Exception": f.Exception,
		"holdfast/PreventedBy": f.PreventedBy, "holdfast/Due": stamp(moment(f.Due)), "holdfast/Status": string(f.Status),
		"holdfast/File": f.File, "holdfast/Techniques": strings.Join(f.Techniques, " "), "holdfast/Playbook": f.Playbook, "holdfast/Alerts": count(f.Alerts),
	} {
		if value != "" {
			o.ProductFields[name] = shorten(value, 2048)
		}
	}
}

// count is a number as text, "" for none.
func count(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// newASFFSeverity: what passes or does not apply is informational, as
// Security Hub's own controls say it.
func newASFFSeverity(f finding.Finding) asffSeverity {
	s := asffSeverity{Label: "INFORMATIONAL", Original: shorten(string(f.Severity), 64)}
	if f.Verdict == finding.Pass || f.Verdict == finding.NotApplicable {
		return s
	}
	switch f.Severity {
	case finding.Critical:
		s.Label, s.Normalized = "CRITICAL", 90
	case finding.High:
		s.Label, s.Normalized = "HIGH", 70
	case finding.Medium:
		s.Label, s.Normalized = "MEDIUM", 40
	case finding.Low:
		s.Label, s.Normalized = "LOW", 1
	}
	return s
}

func newASFFResource(f finding.Finding, part, region string) asffResource {
	r := asffResource{Type: asffType(f.Type), ID: shorten(cmp.Or(f.ARN, f.Resource, f.File, "AWS::::Account:"+f.Account), 512), Partition: part, Region: region}
	if r.Type == "Other" {
		r.Details = map[string]any{"Other": map[string]string{"ResourceType": cmp.Or(f.Type, "unknown")}}
	}
	return r
}

// requirements lists "FRAMEWORK id" of a rule, in order.
func requirements(r Rule, limit int) []string {
	var out []string
	for framework, ids := range r.Frameworks {
		for _, id := range ids {
			out = append(out, shorten(framework+" "+id, 64))
		}
	}
	for _, p := range r.Practices {
		out = append(out, shorten("SEC01-"+p, 64))
	}
	slices.Sort(out)
	out = slices.Compact(out)
	return out[:min(limit, len(out))]
}
