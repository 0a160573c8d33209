package report

import (
	"strconv"
	"strings"
	"time"

	"holdfast.dev/holdfast/internal/finding"
)

// record is a finding as json, jsonl and csv spell it. Their consumers rely on
// the names and the order; add at the end only.
//
// Text that is not there is "", a line or column that is not there is 0, a
// time that is not there is null (an empty cell in CSV), and practices and
// techniques are always lists. Times are RFC 3339 in UTC.
type record struct {
	ID          string     `json:"id"`
	Verdict     string     `json:"verdict"`
	Rule        string     `json:"rule"`
	Title       string     `json:"title"`
	Severity    string     `json:"severity"`
	Type        string     `json:"type"`
	Resource    string     `json:"resource"`
	ARN         string     `json:"arn"`
	Account     string     `json:"account"`
	Region      string     `json:"region"`
	File        string     `json:"file"`
	Line        int        `json:"line"`
	Message     string     `json:"message"`
	FirstSeen   *time.Time `json:"first_seen"`
	LastSeen    *time.Time `json:"last_seen"`
	Status      string     `json:"status"`
	Column      int        `json:"column"`
	Practices   []string   `json:"practices"`
	Objective   string     `json:"objective"`
	Due         *time.Time `json:"due"`
	Exception   string     `json:"exception"`
	PreventedBy string     `json:"prevented_by"`
	Kind        string     `json:"kind"`   // control or detection
	Alerts      int        `json:"alerts"` // that add up to the finding of a detection
	Techniques  []string   `json:"techniques"`
	Playbook    string     `json:"playbook"`
}

var columns = [...]string{
	"id", "verdict", "rule", "title", "severity", "type", "resource", "arn", "account", "region", "file", "line",
	"message", "first_seen", "last_seen", "status", "column", "practices", "objective", "due", "exception", "prevented_by",
	"kind", "alerts", "techniques", "playbook",
}

func newRecord(f finding.Finding) record {
	practices, techniques := f.Practices, f.Techniques
	if practices == nil {
		practices = []string{}
	}
	if techniques == nil {
		techniques = []string{}
	}
	return record{
		ID: f.ID, Verdict: string(f.Verdict), Rule: f.Rule, Title: f.Title, Severity: string(f.Severity),
		Type: f.Type, Resource: f.Resource, ARN: f.ARN, Account: f.Account, Region: f.Region,
		File: f.File, Line: f.Line, Message: f.Message, FirstSeen: moment(f.FirstSeen), LastSeen: moment(f.LastSeen),
		Status: string(f.Status), Column: f.Column, Practices: practices, Objective: f.Objective, Due: moment(f.Due),
		Exception: f.Exception, PreventedBy: f.PreventedBy, Kind: f.Kind.String(), Alerts: f.Alerts, Techniques: techniques, Playbook: f.Playbook,
	}
}

// cells follow columns.
func (r record) cells() []string {
	return []string{
		r.ID, r.Verdict, r.Rule, r.Title, r.Severity, r.Type, r.Resource, r.ARN, r.Account, r.Region, r.File, strconv.Itoa(r.Line),
		r.Message, stamp(r.FirstSeen), stamp(r.LastSeen), r.Status, strconv.Itoa(r.Column), strings.Join(r.Practices, " "),
		r.Objective, stamp(r.Due), r.Exception, r.PreventedBy, r.Kind, strconv.Itoa(r.Alerts), strings.Join(r.Techniques, " "), r.Playbook,
	}
}

func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

func stamp(t *time.Time) string {
	if t == nil {
		return ""
	}
	return rfc3339(*t)
}

func rfc3339(t time.Time) string { return t.UTC().Format(time.RFC3339) }
