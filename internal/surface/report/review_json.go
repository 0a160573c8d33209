package report

import (
	"slices"
	"time"

	"holdfast.dev/holdfast/internal/finding"
	"holdfast.dev/holdfast/internal/operate/review"
	"holdfast.dev/holdfast/internal/operate/risk"
)

// reviewDocument is the review as JSON: what review.Review spells, the
// findings it holds as the json findings format spells them, and what made it.
//
// Lists are lists even when empty, save those review.Review leaves out;
// percentages are null where nothing could be judged; times are RFC 3339 in UTC.
type reviewDocument struct {
	Format     string                `json:"format"`
	Tool       string                `json:"tool"`
	Version    string                `json:"version,omitempty"`
	At         time.Time             `json:"at"`
	Estate     review.Estate         `json:"estate"`
	Practices  []practiceDocument    `json:"practices"`
	Verdicts   review.Counts         `json:"verdicts"`
	Severities review.SeverityCounts `json:"open_failures"`
	Matrix     risk.Matrix           `json:"matrix"`
	Risks      []risk.Risk           `json:"risks"`
	First      []review.Action       `json:"what_to_do_first"`
	Coverage   review.Coverage       `json:"coverage"`
	Activity   *activityDocument     `json:"activity,omitempty"`
	Accounts   []review.Posture      `json:"accounts"`
	Controls   []review.ControlScore `json:"controls"`
	Exceptions []exceptionDocument   `json:"exceptions"`
	Changes    *changesDocument      `json:"changes,omitempty"`
}

// reviewFormat changes when a reader of the old form would stumble.
const reviewFormat = "holdfast.review/1"

type practiceDocument struct {
	review.Practice
	Top []record `json:"top_findings"`
}

type activityDocument struct {
	review.Activity
	Gravest []record `json:"gravest_detections"`
}

type changesDocument struct {
	review.Changes
	New   []record `json:"new_findings"`
	Fixed []record `json:"fixed_findings"`
}

type exceptionDocument struct {
	review.ExceptionUse
	Expires time.Time `json:"expires"`
}

func reviewJSON(w *errWriter, m Meta, r *review.Review) error {
	r = withLists(r)
	doc := reviewDocument{
		Format: reviewFormat, Tool: toolName, Version: m.Tool, At: r.At.UTC(), Estate: r.Estate, Practices: []practiceDocument{},
		Verdicts: r.Verdicts, Severities: r.Severities, Matrix: r.Matrix, Risks: r.Risks, First: r.First,
		Coverage: r.Coverage, Accounts: r.Accounts, Controls: r.Controls, Exceptions: []exceptionDocument{},
	}
	for _, p := range r.Practices {
		doc.Practices = append(doc.Practices, practiceDocument{p, records(p.Top)})
	}
	for _, e := range r.Exceptions {
		doc.Exceptions = append(doc.Exceptions, exceptionDocument{e, e.Expires.UTC()})
	}
	if a := r.Activity; a != nil {
		doc.Activity = &activityDocument{*a, records(a.Gravest)}
	}
	if c := r.Changes; c != nil {
		doc.Changes = &changesDocument{*c, records(c.New), records(c.Fixed)}
	}
	b, err := encode(doc, "  ")
	if err != nil {
		return err
	}
	w.str(string(b) + "\n")
	return w.err
}

func records(list []finding.Finding) []record {
	out := make([]record, 0, len(list))
	for _, f := range list {
		out = append(out, newRecord(f))
	}
	return out
}

// withLists is a copy in which no list is null.
func withLists(r *review.Review) *review.Review {
	c := *r
	c.Estate.Regions = list(c.Estate.Regions)
	c.Coverage.Accounts = slices.Clone(list(c.Coverage.Accounts))
	for i := range c.Coverage.Accounts {
		c.Coverage.Accounts[i].Regions = list(c.Coverage.Accounts[i].Regions)
	}
	c.Coverage.Types = list(c.Coverage.Types)
	c.Activity = activityWithLists(c.Activity)
	c.Coverage.Gaps = slices.Clone(list(c.Coverage.Gaps))
	for i := range c.Coverage.Gaps {
		c.Coverage.Gaps[i].Accounts = list(c.Coverage.Gaps[i].Accounts)
	}
	c.Accounts = list(c.Accounts)
	c.Controls = slices.Clone(list(c.Controls))
	for i := range c.Controls {
		c.Controls[i].Practice = list(c.Controls[i].Practice)
	}
	c.Risks = slices.Clone(list(c.Risks))
	for i := range c.Risks {
		c.Risks[i].Steps = list(c.Risks[i].Steps)
	}
	c.First = slices.Clone(list(c.First))
	for i := range c.First {
		c.First[i].Accounts = list(c.First[i].Accounts)
	}
	return &c
}

func activityWithLists(a *review.Activity) *review.Activity {
	if a == nil {
		return nil
	}
	c := *a
	c.Accounts = slices.Clone(list(c.Accounts))
	for i := range c.Accounts {
		c.Accounts[i].Regions, c.Accounts[i].ByDay = list(c.Accounts[i].Regions), list(c.Accounts[i].ByDay)
	}
	c.Integrity = slices.Clone(list(c.Integrity))
	for i := range c.Integrity {
		c.Integrity[i].Regions = list(c.Integrity[i].Regions)
	}
	c.Coverage.Uncovered, c.Off = list(c.Coverage.Uncovered), list(c.Off)
	return &c
}

func list[T any](l []T) []T {
	if l == nil {
		return []T{}
	}
	return l
}
