package report

import (
	"cmp"
	"strings"
	"time"

	"holdfast.dev/holdfast/internal/finding"
)

// OCSFVersion is the version of the Open Cybersecurity Schema Framework the
// events follow; each event names it in metadata.version.
const OCSFVersion = "1.5.0"

// ocsfWriter writes Compliance Finding events (class 2003) of controls, and
// Detection Finding events (class 2004) of detections, as JSON Lines.
//
// A control's verdict becomes compliance.status_id: PASS 1 (Pass); FAIL, EXCEPTED and
// PREVENTED 3 (Fail), the latter two with status_id 3 (Suppressed); UNKNOWN 2
// (Warning, "did not yield a result due to missing information"); ERROR and
// NOT_APPLICABLE 99 (Other).
type ocsfWriter struct {
	w    *errWriter
	meta Meta
}

func newOCSF(w *errWriter, m Meta) *ocsfWriter { return &ocsfWriter{w, m} }

// ocsfClass is the class of a finding.
func ocsfClass(f finding.Finding) (int, string) {
	if f.Kind == finding.Detection {
		return 2004, "Detection Finding"
	}
	return 2003, "Compliance Finding"
}

type ocsfEvent struct {
	ActivityID   int              `json:"activity_id"`
	ActivityName string           `json:"activity_name"`
	CategoryUID  int              `json:"category_uid"`
	CategoryName string           `json:"category_name"`
	ClassUID     int              `json:"class_uid"`
	ClassName    string           `json:"class_name"`
	TypeUID      int              `json:"type_uid"`
	TypeName     string           `json:"type_name"`
	SeverityID   int              `json:"severity_id"`
	Severity     string           `json:"severity"`
	Time         int64            `json:"time"`
	Message      string           `json:"message"`
	StatusID     int              `json:"status_id,omitempty"`
	Status       string           `json:"status,omitempty"`
	StatusDetail string           `json:"status_detail,omitempty"`
	Count        int              `json:"count,omitempty"`
	StartTime    int64            `json:"start_time,omitempty"`
	EndTime      int64            `json:"end_time,omitempty"`
	Metadata     ocsfMetadata     `json:"metadata"`
	FindingInfo  ocsfFindingInfo  `json:"finding_info"`
	Compliance   *ocsfCompliance  `json:"compliance,omitempty"`
	Cloud        *ocsfCloud       `json:"cloud,omitempty"`
	Resources    []ocsfResource   `json:"resources"`
	Remediation  *ocsfRemediation `json:"remediation,omitempty"`
	Unmapped     map[string]any   `json:"unmapped,omitempty"`
}

type ocsfMetadata struct {
	Version  string      `json:"version"`
	Product  ocsfProduct `json:"product"`
	Profiles []string    `json:"profiles,omitempty"`
}

type ocsfProduct struct {
	Name    string `json:"name"`
	Vendor  string `json:"vendor_name"`
	Version string `json:"version,omitempty"`
}

type ocsfFindingInfo struct {
	UID       string       `json:"uid"`
	Title     string       `json:"title"`
	Desc      string       `json:"desc,omitempty"`
	FirstSeen int64        `json:"first_seen_time,omitempty"`
	LastSeen  int64        `json:"last_seen_time,omitempty"`
	Created   int64        `json:"created_time,omitempty"`
	Analytic  ocsfAnalytic `json:"analytic"`
	Types     []string     `json:"types"`
	Attacks   []ocsfAttack `json:"attacks,omitempty"`
}

// ocsfAttack is a technique of MITRE ATT&CK, or a part of one.
type ocsfAttack struct {
	Technique    *ocsfTechnique `json:"technique,omitempty"`
	SubTechnique *ocsfTechnique `json:"sub_technique,omitempty"`
}

type ocsfTechnique struct {
	UID string `json:"uid"`
}

type ocsfAnalytic struct {
	UID    string `json:"uid"`
	Name   string `json:"name"`
	TypeID int    `json:"type_id"`
	Type   string `json:"type"`
}

type ocsfCompliance struct {
	Control       string   `json:"control"`
	Standards     []string `json:"standards"`
	Requirements  []string `json:"requirements,omitempty"`
	StatusID      int      `json:"status_id"`
	Status        string   `json:"status"`
	StatusDetails []string `json:"status_details,omitempty"`
}

type ocsfCloud struct {
	Provider  string      `json:"provider"`
	Partition string      `json:"cloud_partition"`
	Region    string      `json:"region,omitempty"`
	Account   ocsfAccount `json:"account"`
}

type ocsfAccount struct {
	UID    string `json:"uid"`
	Type   string `json:"type"`
	TypeID int    `json:"type_id"`
}

type ocsfResource struct {
	UID       string `json:"uid"`
	Name      string `json:"name,omitempty"`
	Type      string `json:"type,omitempty"`
	Partition string `json:"cloud_partition,omitempty"`
	Region    string `json:"region,omitempty"`
}

type ocsfRemediation struct {
	Desc       string   `json:"desc"`
	References []string `json:"references,omitempty"`
}

func (o *ocsfWriter) Add(f finding.Finding) error { return writeLine(o.w, o.event(f)) }

func (o *ocsfWriter) Close() error { return o.w.err }

func (o *ocsfWriter) Abort(error) error { return breakLines(o.w) }

func (o *ocsfWriter) event(f finding.Finding) ocsfEvent {
	rule := o.meta.rule(f)
	activity, activityName := ocsfActivity(f)
	severity, severityName := ocsfSeverity(f)
	class, className := ocsfClass(f)
	e := ocsfEvent{
		ActivityID: activity, ActivityName: activityName,
		CategoryUID: 2, CategoryName: "Findings",
		ClassUID: class, ClassName: className, TypeUID: class*100 + activity, TypeName: className + ": " + activityName,
		SeverityID: severity, Severity: severityName,
		Time: o.meta.At.UnixMilli(), Message: message(f),
		Metadata: ocsfMetadata{Version: OCSFVersion, Product: ocsfProduct{toolName, toolName, o.meta.Tool}},
		FindingInfo: ocsfFindingInfo{
			UID: f.ID, Title: rule.Title, Desc: rule.Description,
			FirstSeen: millis(f.FirstSeen), LastSeen: millis(f.LastSeen), Created: millis(f.FirstSeen),
			Analytic: ocsfAnalytic{UID: f.Rule, Name: rule.Title, TypeID: 1, Type: "Rule"},
			Types:    []string{"Software and Configuration Checks"},
		},
		Resources: []ocsfResource{{UID: cmp.Or(f.ARN, f.Resource, f.File, f.Account, "unknown"), Name: f.Resource, Type: f.Type}},
		Unmapped:  ocsfUnmapped(f),
	}
	e.StatusID, e.Status = ocsfStatus(f)
	if f.Kind == finding.Detection {
		e.detected(f)
	} else {
		e.Compliance = newOCSFCompliance(f, rule)
	}
	if account := cmp.Or(f.Account, o.meta.Account); account != "" {
		region := cmp.Or(f.Region, o.meta.Region)
		part := partition(f.ARN, region)
		e.Metadata.Profiles = []string{"cloud"}
		e.Cloud = &ocsfCloud{Provider: "AWS", Partition: part, Region: region, Account: ocsfAccount{account, "AWS Account", 10}}
		e.Resources[0].Partition, e.Resources[0].Region = part, region
	}
	if rule.Fix != "" {
		e.Remediation = &ocsfRemediation{Desc: rule.Fix}
		if help := webAddress(rule.HelpURI); help != "" {
			e.Remediation.References = []string{help}
		}
	}
	return e
}

// detected fills in what only detections have.
func (e *ocsfEvent) detected(f finding.Finding) {
	e.Count, e.StartTime, e.EndTime, e.StatusDetail = f.Alerts, millis(f.FirstSeen), millis(f.LastSeen), aside(f)
	e.FindingInfo.Types = []string{"TTPs"}
	for _, t := range f.Techniques {
		attack := ocsfAttack{Technique: &ocsfTechnique{t}}
		if of, _, part := strings.Cut(t, "."); part {
			attack = ocsfAttack{Technique: &ocsfTechnique{of}, SubTechnique: &ocsfTechnique{t}}
		}
		e.FindingInfo.Attacks = append(e.FindingInfo.Attacks, attack)
	}
}

func ocsfActivity(f finding.Finding) (int, string) {
	switch f.Status {
	case finding.Open, finding.Reopened:
		return 2, "Update"
	case finding.Resolved:
		return 3, "Close"
	}
	return 1, "Create"
}

func ocsfStatus(f finding.Finding) (int, string) {
	switch {
	case f.Status == finding.Resolved:
		return 4, "Resolved"
	case f.Verdict == finding.Excepted, f.Verdict == finding.Prevented:
		return 3, "Suppressed"
	case f.Verdict == finding.Pass, f.Verdict == finding.NotApplicable:
		return 0, "" // nobody has to review it
	}
	return 1, "New"
}

func ocsfSeverity(f finding.Finding) (int, string) {
	if f.Verdict == finding.Pass || f.Verdict == finding.NotApplicable {
		return 1, "Informational"
	}
	names := [...]string{"Unknown", "Informational", "Low", "Medium", "High", "Critical"}
	return f.Severity.Rank(), names[f.Severity.Rank()]
}

func newOCSFCompliance(f finding.Finding, rule Rule) *ocsfCompliance {
	c := &ocsfCompliance{Control: f.Rule, Standards: []string{"AWS Well-Architected Framework SEC01"}, Requirements: requirements(rule, 256)}
	c.Standards = append(c.Standards, sortedKeys(rule.Frameworks)...)
	switch f.Verdict {
	case finding.Pass:
		c.StatusID, c.Status = 1, "Pass"
	case finding.Unknown:
		c.StatusID, c.Status = 2, "Warning"
	case finding.Error, finding.NotApplicable:
		c.StatusID, c.Status = 99, string(f.Verdict)
	default:
		c.StatusID, c.Status = 3, "Fail"
	}
	if why := aside(f); why != "" {
		c.StatusDetails = append(c.StatusDetails, why)
	}
	return c
}

func ocsfUnmapped(f finding.Finding) map[string]any {
	u := map[string]any{"verdict": string(f.Verdict)}
	for name, value := range map[string]string{"file": f.File, "objective": f.Objective, "due": stamp(moment(f.Due)), "playbook": f.Playbook} {
		if value != "" {
			u[name] = value
		}
	}
	if f.Line > 0 {
		u["line"], u["column"] = f.Line, f.Column
	}
	return u
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}
