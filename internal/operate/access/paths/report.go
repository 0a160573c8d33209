package paths

import (
	"slices"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/escalate"
	"holdfast.dev/holdfast/internal/kleene"
)

// Report is who reaches the goal and how.
type Report struct {
	// Goal is the ARN of a principal, or "administrator".
	Goal string `json:"goal"`
	// Principals is how many users and roles there are, without service-linked roles.
	Principals int `json:"principals"`
	// There are those who are at the goal without a hop, Perhaps those of whom that
	// is not known.
	There   []string `json:"there"`
	Perhaps []string `json:"perhaps"`
	Paths   []Path   `json:"paths"`
	// Administrators are left out of the paths to another goal: they reach all.
	Administrators int `json:"administrators,omitempty"`
	// Unseen are types of resources that nobody looked for, where that matters.
	Unseen []Unseen `json:"unseen,omitempty"`
	Notes  []string `json:"notes,omitempty"`
}

// Unseen is a type that was not collected, and the techniques that it hides.
type Unseen struct {
	Type       string   `json:"type"`
	Techniques []string `json:"techniques"`
}

// Path is the shortest way of one principal.
type Path struct {
	Principal string `json:"principal"`
	Certain   bool   `json:"certain"`
	Hops      []Hop  `json:"hops"`
	// Ways are the techniques by which the principal may begin; only of a story.
	Ways []string `json:"ways,omitempty"`
	// Break is the smallest edit after which no path is left; only of a story.
	Break *Break `json:"break,omitempty"`
}

// Hop is one use of a technique.
type Hop struct {
	Technique string   `json:"technique"`
	Title     string   `json:"title"`
	From      string   `json:"from"`
	To        string   `json:"to"` // ARN; "administrator" where one comes into being
	Change    string   `json:"change,omitempty"`
	Group     string   `json:"group,omitempty"` // ARN, where a group is joined
	Through   string   `json:"through,omitempty"`
	Certain   bool     `json:"certain"`
	Steps     []Step   `json:"steps"`
	Given     []string `json:"given,omitempty"`
	Why       []string `json:"why,omitempty"`
	Text      string   `json:"text"`
	Fix       string   `json:"fix"`
}

// Step is one action of a hop.
type Step struct {
	Action   string      `json:"action"`
	Resource string      `json:"resource"`
	Certain  bool        `json:"certain"`
	Granted  bool        `json:"granted,omitempty"` // by what a step before writes
	By       []Statement `json:"by,omitempty"`
}

// Statement names one statement of a policy, counted from 0.
type Statement struct {
	Layer     string `json:"layer"`
	Policy    string `json:"policy"`
	Statement int    `json:"statement"`
	Sid       string `json:"sid,omitempty"`
}

// Break is a set of edits and what is left after them.
type Break struct {
	Edits   []Edit `json:"edits"`
	Minimal bool   `json:"minimal"`
	// Left is the path that may remain where what was not seen turns out badly.
	Left *Path `json:"left,omitempty"`
}

// Edit takes an action from a principal, or a statement out of its policies.
type Edit struct {
	Principal string      `json:"principal"`
	Action    string      `json:"action,omitempty"`
	Remove    *Statement  `json:"remove,omitempty"`
	By        []Statement `json:"by,omitempty"`
}

// GoalAdministrator is the goal that is any administrator.
const GoalAdministrator = "administrator"

// Report searches the way to a goal, an ARN or GoalAdministrator, for everybody;
// with a principal, also an ARN, only for that one, with the whole story.
func (w *World) Report(goal, principal string) (*Report, error) {
	target := goal
	if goal == GoalAdministrator {
		target = ""
	}
	result, err := w.search.Run(target)
	if err != nil {
		return nil, err
	}
	out := &Report{Goal: goal, Notes: w.Notes, Paths: []Path{}}
	for i := range w.scene.Principals {
		if !w.scene.Principals[i].Service {
			out.Principals++
		}
	}
	out.There, out.Perhaps = result.There()
	if out.There == nil {
		out.There = []string{}
	}
	if out.Perhaps == nil {
		out.Perhaps = []string{}
	}
	for typ, techniques := range result.Blind() {
		out.Unseen = append(out.Unseen, Unseen{typ, techniques})
	}
	slices.SortFunc(out.Unseen, func(a, b Unseen) int {
		if a.Type < b.Type {
			return -1
		}
		return 1
	})
	if principal == "" {
		for _, p := range result.Paths() {
			if target != "" && w.judge.Administrator(escalate.Who{Principal: w.judge.index[p.From]}) == kleene.True {
				out.Administrators++
				continue
			}
			out.Paths = append(out.Paths, w.path(p))
		}
		return out, nil
	}
	p, ok := result.Path(principal)
	if !ok || len(p.Hops) == 0 {
		return out, nil
	}
	story := w.path(p)
	for _, hop := range result.Ways(principal) {
		story.Ways = append(story.Ways, hop.Technique.ID)
	}
	slices.Sort(story.Ways)
	story.Break = w.broken(result.Break(principal))
	out.Paths = append(out.Paths, story)
	return out, nil
}

func (w *World) path(p escalate.Path) Path {
	out := Path{Principal: p.From, Certain: p.Value == kleene.True, Hops: []Hop{}}
	for i := range p.Hops {
		out.Hops = append(out.Hops, w.hop(&p.Hops[i]))
	}
	return out
}

func (w *World) hop(h *escalate.Hop) Hop {
	out := Hop{
		Technique: h.Technique.ID, Title: h.Technique.Title, From: w.name(h.From), To: w.name(h.To), Change: h.Technique.Target.Change,
		Group: h.To.Joined, Through: h.Through, Certain: h.Value == kleene.True, Given: h.Technique.Given, Why: h.Why, Text: h.Technique.Text, Fix: h.Technique.Fix,
	}
	for _, s := range h.Steps {
		out.Steps = append(out.Steps, Step{Action: s.Action, Resource: s.Resource, Certain: s.Value == kleene.True, Granted: s.Granted, By: statements(s.By)})
	}
	return out
}

// name is the ARN of a node's principal.
func (w *World) name(who escalate.Who) string {
	if who == escalate.Administrator {
		return GoalAdministrator
	}
	return w.scene.Principals[who.Principal].ARN
}

func (w *World) broken(b *escalate.Breaking) *Break {
	if b == nil {
		return nil
	}
	out := &Break{Minimal: b.Minimal, Edits: []Edit{}}
	for _, e := range b.Edits {
		edit := Edit{Principal: e.Principal, Action: e.Action, By: statements(e.By)}
		if e.Statement != nil {
			edit.Remove = &statements([]iam.Ref{*e.Statement})[0]
		}
		out.Edits = append(out.Edits, edit)
	}
	if b.Left != nil {
		left := w.path(*b.Left)
		out.Left = &left
	}
	return out
}

func statements(refs []iam.Ref) []Statement {
	var out []Statement
	for _, r := range refs {
		out = append(out, Statement{Layer: r.Layer.String(), Policy: r.Policy, Statement: r.Statement, Sid: r.Sid})
	}
	return out
}

// PolicyReport is what one policy by itself lets its bearer do.
type PolicyReport struct {
	// Administrator is true, false or unknown.
	Administrator string      `json:"administrator"`
	Uses          []PolicyUse `json:"uses"`
}

// PolicyUse is one technique.
type PolicyUse struct {
	Technique string   `json:"technique"`
	Title     string   `json:"title"`
	Certain   bool     `json:"certain"`
	As        string   `json:"as,omitempty"` // the principal that the policy has to belong to
	Steps     []Step   `json:"steps"`
	Given     []string `json:"given,omitempty"`
	Text      string   `json:"text"`
	Fix       string   `json:"fix"`
}

// ReportPolicy analyses one identity policy by itself; see Single.
func ReportPolicy(document map[string]any, techniques []escalate.Technique) (*PolicyReport, error) {
	uses, administrator, err := Single(document, techniques)
	if err != nil {
		return nil, err
	}
	out := &PolicyReport{Administrator: administrator.String(), Uses: []PolicyUse{}}
	for _, u := range uses {
		use := PolicyUse{Technique: u.Technique.ID, Title: u.Technique.Title, As: u.As, Given: slices.Clone(u.Technique.Given), Text: u.Technique.Text, Fix: u.Technique.Fix, Certain: len(u.Technique.Given) == 0}
		for _, condition := range u.Technique.Target.When {
			if text, ok := whens[condition]; ok {
				use.Given = append(use.Given, text)
			}
		}
		for _, s := range u.Steps {
			step := Step{Action: s.Action, Resource: s.Resource, Certain: s.Value == kleene.True, Granted: s.Granted}
			for _, ref := range statements(s.By) {
				if ref.Layer == iam.IdentityLayer.String() {
					step.By = append(step.By, ref)
				}
			}
			use.Certain = use.Certain && step.Certain
			use.Steps = append(use.Steps, step)
		}
		out.Uses = append(out.Uses, use)
	}
	return out, nil
}

// whens are the conditions on a target in words.
var whens = map[string]string{
	"no-login-profile": "the user has no password yet", "login-profile": "the user has a password", "no-mfa": "the user has no MFA device",
	"key-to-spare": "the user has fewer than two access keys", "two-keys": "the user has two access keys", "bounded": "there is a permissions boundary",
	"attached-denials": "it has attached policies that only deny", "inline-denials": "it has inline policies that only deny",
	"instance-profile": "an instance profile has the role",
}
