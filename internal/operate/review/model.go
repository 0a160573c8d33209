// Package review answers SEC01, "How do you securely operate your workload?",
// from the evidence in the store: a score, verdict counts and coverage for each
// best practice, the findings and risks behind them, and what to do first.
//
// This file is what a review says; reports print it and add nothing.
package review

import (
	"time"

	"holdfast.dev/holdfast/internal/finding"
	"holdfast.dev/holdfast/internal/operate/risk"
)

// Review is the answer as of one instant.
type Review struct {
	At         time.Time      `json:"at"`
	Estate     Estate         `json:"estate"`
	Practices  []Practice     `json:"practices"`
	Verdicts   Counts         `json:"verdicts"`
	Severities SeverityCounts `json:"open_failures"` // live FAIL findings
	Coverage   Coverage       `json:"coverage"`
	Activity   *Activity      `json:"activity,omitempty"`
	Accounts   []Posture      `json:"accounts"`
	Controls   []ControlScore `json:"controls"`
	Matrix     risk.Matrix    `json:"matrix"`
	Risks      []risk.Risk    `json:"risks"`
	First      []Action       `json:"what_to_do_first"`
	Exceptions []ExceptionUse `json:"exceptions,omitempty"`
	Changes    *Changes       `json:"changes,omitempty"`
}

// Estate is what the review is about.
type Estate struct {
	Organization string   `json:"organization,omitempty"`
	Management   string   `json:"management_account,omitempty"`
	Accounts     int      `json:"accounts"` // live ones
	Regions      []string `json:"regions"`
	Resources    int      `json:"resources"`
	Types        int      `json:"types"`
}

// Counts tallies verdicts.
type Counts struct {
	Pass          int `json:"pass"`
	Fail          int `json:"fail"`
	Unknown       int `json:"unknown"`
	NotApplicable int `json:"not_applicable"`
	Prevented     int `json:"prevented"`
	Excepted      int `json:"excepted"`
	Error         int `json:"error"`
}

// SeverityCounts tallies failures.
type SeverityCounts struct {
	Critical int `json:"critical"`
	High     int `json:"high"`
	Medium   int `json:"medium"`
	Low      int `json:"low"`
	Info     int `json:"info"`
}

// Score is how many of the judged cells pass. A cell is one control in one
// account: it passes when every verdict in it does, fails when one fails, and
// is unknown when one could not be given. A Score nobody could judge has no
// percentage.
type Score struct {
	Passed  int `json:"passed"`
	Failed  int `json:"failed"`
	Unknown int `json:"unknown"`
}

// Percent is the rounded share of cells that pass; false where none was judged.
// Unknown cells count against it: what was not seen is not passed.
func (s Score) Percent() (int, bool) {
	judged := s.Passed + s.Failed + s.Unknown
	if judged == 0 {
		return 0, false
	}
	percent := (s.Passed*200 + judged) / (2 * judged)
	if percent == 100 && s.Passed < judged {
		percent = 99 // "all" is only said of all
	}
	return percent, true
}

// Practice is one SEC01 best practice.
type Practice struct {
	ID       string            `json:"id"` // BP01
	Title    string            `json:"title"`
	Risk     string            `json:"risk"` // of not doing it, as AWS rates it
	Score    Score             `json:"score"`
	Percent  *int              `json:"percent"` // null where nothing could be judged
	Controls int               `json:"controls"`
	Verdicts Counts            `json:"verdicts"`
	Top      []finding.Finding `json:"-"`
	// NotSeen says what this practice asks for that the evidence cannot show.
	NotSeen []string `json:"not_seen,omitempty"`
}

// Coverage says what was looked at.
type Coverage struct {
	Accounts []AccountCoverage `json:"accounts"`
	Types    []TypeCoverage    `json:"types"`
	Gaps     []GapGroup        `json:"gaps"`
}

// AccountCoverage says how much of one account was seen.
type AccountCoverage struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Seen    bool     `json:"seen"` // anything but its entry in the organisation
	Regions []string `json:"regions"`
	Unseen  []string `json:"regions_not_seen,omitempty"` // enabled, yet nothing was read from them
	Gaps    int      `json:"gaps"`
}

// TypeCoverage says how many resources of a type were judged. A type that
// controls ask for and nothing was collected of has Resources 0.
type TypeCoverage struct {
	Type      string `json:"type"`
	Resources int    `json:"resources"`
	Controls  int    `json:"controls"`
	Gaps      int    `json:"gaps"`
}

// GapGroup joins the gaps with one cause.
type GapGroup struct {
	Service   string   `json:"service"`
	Operation string   `json:"operation"`
	Reason    string   `json:"reason"`
	Detail    string   `json:"detail,omitempty"`
	Types     []string `json:"types,omitempty"`
	Accounts  []string `json:"accounts"`
	Count     int      `json:"count"`
}

// Activity says what was seen of what is done in the estate, and what detections
// found in it.
type Activity struct {
	Days      int                 `json:"days"` // that it looks back
	Events    int                 `json:"events"`
	Accounts  []ActivityCoverage  `json:"accounts"`
	Integrity []IntegrityCoverage `json:"integrity"`
	Open      SeverityCounts      `json:"open_detections"` // live findings of detections that no exception covers
	Excepted  int                 `json:"excepted_detections"`
	Gravest   []finding.Finding   `json:"-"`
	Coverage  DetectionCoverage   `json:"detection_coverage"`
	Off       []OffDetection      `json:"detections_off"`
}

// ActivityCoverage says how far the activity of one account was read.
type ActivityCoverage struct {
	ID      string           `json:"id"`
	Name    string           `json:"name"`
	State   string           `json:"state"` // read, partly, stale, unread
	Regions []RegionActivity `json:"regions"`
	Unread  []string         `json:"regions_not_read,omitempty"` // enabled, yet nothing of the last days was read
	Events  int              `json:"events"`
	Faults  int              `json:"faults"` // files that could not be read
	ByDay   []int            `json:"events_by_day"`
}

// RegionActivity is the part of one Region.
type RegionActivity struct {
	Region string `json:"region"`
	From   string `json:"from,omitempty"` // days of which events were read
	To     string `json:"to,omitempty"`
	Days   int    `json:"days"`
	Events int    `json:"events"`
	Faults int    `json:"faults"`
}

// IntegrityCoverage says what verifying the log files of a trail came to, in one
// account.
type IntegrityCoverage struct {
	Account   string   `json:"account"`
	Trail     string   `json:"trail"`
	State     string   `json:"state"` // valid, invalid, unknown
	Verified  string   `json:"verified"`
	From      string   `json:"from,omitempty"`
	To        string   `json:"to,omitempty"`
	Regions   []string `json:"regions"`
	Digests   int      `json:"digests"`
	Logs      int      `json:"logs"`
	Invalid   int      `json:"invalid"`
	Missing   int      `json:"missing"`
	Gaps      int      `json:"gaps"`
	Uncovered int      `json:"uncovered"`
}

// DetectionCoverage says which techniques of ATT&CK detections speak about.
type DetectionCoverage struct {
	Detections int         `json:"detections"`
	Tested     int         `json:"tested"` // of them: with examples that pass
	Techniques int         `json:"techniques"`
	Covered    int         `json:"covered"` // of them: by a tested detection
	Uncovered  []Technique `json:"uncovered"`
}

// Technique is one way of attack.
type Technique struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// OffDetection is a detection that did not look.
type OffDetection struct {
	Rule   string   `json:"rule"`
	Title  string   `json:"title,omitempty"`
	Reason string   `json:"reason"`
	Needs  []string `json:"needs,omitempty"`
}

// Posture is where one account stands.
type Posture struct {
	ID         string         `json:"id"`
	Name       string         `json:"name"`
	Path       string         `json:"path"` // OU path, Workloads/Prod
	Management bool           `json:"management,omitempty"`
	Score      Score          `json:"score"`
	Percent    *int           `json:"percent"`
	Verdicts   Counts         `json:"verdicts"`
	Severities SeverityCounts `json:"open_failures"`
}

// ControlScore is where one control stands over the estate.
type ControlScore struct {
	ID       string   `json:"id"`
	Title    string   `json:"title"`
	Severity string   `json:"severity"`
	Practice []string `json:"practices"`
	Status   string   `json:"status"` // PASSED, FAILED, UNKNOWN, NO_DATA
	Verdicts Counts   `json:"verdicts"`
}

// Action is one thing to do, and why it comes before the next.
type Action struct {
	Control  string   `json:"control"`
	Title    string   `json:"title"`
	Severity string   `json:"severity"`
	Risk     string   `json:"risk,omitempty"`       // the risk it feeds
	Level    string   `json:"risk_level,omitempty"` // its level now
	Findings int      `json:"findings"`
	Accounts []string `json:"accounts"`
	Why      string   `json:"why"`
	Fix      string   `json:"fix"`
	Next     string   `json:"next"` // the command that shows more
}

// ExceptionUse says what an exception covered.
type ExceptionUse struct {
	ID       string    `json:"id"`
	Controls []string  `json:"controls"`
	Owner    string    `json:"owner"`
	Approver string    `json:"approver"`
	Reason   string    `json:"reason"`
	Expires  time.Time `json:"expires"`
	State    string    `json:"state"` // live, expiring, expired
	Covers   int       `json:"covers"`
}

// Changes compares with an earlier state.
type Changes struct {
	Baseline  string            `json:"baseline"`
	New       []finding.Finding `json:"-"` // the worst of them
	Fixed     []finding.Finding `json:"-"` // as the baseline knew them, the worst of them
	Worst     finding.Severity  `json:"-"` // of all that are new
	NewCount  int               `json:"new"`
	FixedN    int               `json:"fixed"`
	Unchanged int               `json:"unchanged"`
}
