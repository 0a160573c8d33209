package cli

import (
	"holdfast.dev/holdfast/internal/app"
	"holdfast.dev/holdfast/internal/engine/iam/diff"
)

// The shapes that iam diff prints as JSON.
type (
	jsonDiff struct {
		Equal   bool         `json:"equal"` // all requests for actions of today are decided alike
		Type    string       `json:"type"`
		Changes []jsonChange `json:"changes"`
		Vacuous int          `json:"vacuous"`
		Unknown []string     `json:"unknown"`
		Granted []jsonChange `json:"granted"` // null where nothing was asked about
	}
	jsonChange struct {
		Change     string      `json:"change"`
		Before     string      `json:"before"`
		After      string      `json:"after"`
		Actions    []jsonSpan  `json:"actions"`
		Count      int         `json:"count"`
		Later      bool        `json:"later"`
		Resources  []jsonSpan  `json:"resources"`
		Principals []string    `json:"principals,omitempty"`
		When       []jsonTerm  `json:"when"`
		Example    jsonExample `json:"example"`
		Verified   bool        `json:"verified"`
	}
	jsonSpan struct {
		Pattern string   `json:"pattern"`
		Except  []string `json:"except,omitempty"`
	}
	jsonTerm struct {
		Operator string   `json:"operator"`
		Key      string   `json:"key,omitempty"`
		Values   []string `json:"values"`
		Holds    bool     `json:"holds"`
	}
	jsonExample struct {
		Principal string              `json:"principal,omitempty"`
		Action    string              `json:"action"`
		Resource  string              `json:"resource"`
		Context   map[string][]string `json:"context"`
	}
)

func diffJSON(d *app.Diff) jsonDiff {
	out := jsonDiff{Equal: d.Equal(), Type: d.Type.String(), Changes: changesJSON(d.Regions), Vacuous: d.Vacuous, Unknown: append([]string{}, d.Unknown...)}
	if d.Granted != nil {
		out.Granted = changesJSON(d.Granted.Regions)
	}
	return out
}

func changesJSON(list []diff.Region) []jsonChange {
	out := []jsonChange{}
	for _, r := range list {
		c := jsonChange{
			Change: string(r.Change), Before: r.Old.String(), After: r.New.String(), Actions: spansJSON(r.Actions), Count: r.Count, Later: r.Later,
			Resources: spansJSON(r.Resources), Principals: r.Principals, When: []jsonTerm{}, Verified: r.Verified,
			Example: jsonExample{r.Example.Principal, r.Example.Action, r.Example.Resource, r.Example.Context},
		}
		for _, t := range r.When {
			c.When = append(c.When, jsonTerm{t.Operator, t.Key, append([]string{}, t.Values...), t.Holds})
		}
		out = append(out, c)
	}
	return out
}

func spansJSON(list []diff.Span) []jsonSpan {
	out := []jsonSpan{}
	for _, s := range list {
		out = append(out, jsonSpan(s))
	}
	return out
}
