package cli

import (
	"holdfast.dev/holdfast/internal/app"
	"holdfast.dev/holdfast/internal/engine/iam"
)

// The shapes that iam can, who-can and explain print as JSON.
type (
	jsonAnswer struct {
		Principal    string            `json:"principal"`
		Action       string            `json:"action"`
		Resource     string            `json:"resource"`
		Decision     string            `json:"decision"`
		Allowed      string            `json:"allowed"`
		Layer        string            `json:"layer,omitempty"`
		By           []jsonRef         `json:"by"`
		Missing      []string          `json:"missing"`
		Unseen       []string          `json:"unseen"`
		Alternatives []jsonAlternative `json:"alternatives,omitempty"`
		Next         string            `json:"next,omitempty"`
		Layers       []jsonLayer       `json:"layers,omitempty"`
	}
	jsonRef struct {
		Layer     string `json:"layer"`
		Node      string `json:"node,omitempty"`
		Policy    string `json:"policy"`
		Statement int    `json:"statement"`
		Sid       string `json:"sid,omitempty"`
		Effect    string `json:"effect,omitempty"`
	}
	jsonAlternative struct {
		Decision string              `json:"decision"`
		Context  map[string][]string `json:"context"` // null: the key is absent
	}
	jsonLayer struct {
		Layer      string          `json:"layer"`
		Node       string          `json:"node,omitempty"`
		Skipped    string          `json:"skipped,omitempty"`
		Allows     string          `json:"allows,omitempty"`
		Denies     string          `json:"denies,omitempty"`
		Unseen     string          `json:"unseen,omitempty"`
		Statements []jsonStatement `json:"statements,omitempty"`
		Others     int             `json:"others,omitempty"` // statements about other actions
	}
	jsonStatement struct {
		jsonRef
		Matches    string          `json:"matches"`
		Principal  string          `json:"principal"`
		Action     string          `json:"action"`
		Resource   string          `json:"resource"`
		Conditions []jsonCondition `json:"conditions,omitempty"`
	}
	jsonCondition struct {
		Operator string   `json:"operator"`
		Key      string   `json:"key"`
		Want     []string `json:"want"`
		State    string   `json:"state"`
		Got      []string `json:"got,omitempty"`
		Holds    string   `json:"holds"`
	}
)

func askedJSON(a *app.Asked) jsonAnswer {
	out := jsonAnswer{
		Principal: principalText(a.Request.Principal), Action: a.Request.Action, Resource: a.Request.Resource,
		Decision: a.Decision.String(), Allowed: a.Allowed.String(), Layer: a.Layer.String(),
		By: []jsonRef{}, Missing: append([]string{}, a.Missing...), Unseen: append([]string{}, a.Unseen()...), Next: a.Next(),
	}
	for _, r := range a.By {
		out.By = append(out.By, refJSON(r))
	}
	for _, alternative := range a.Alternatives {
		out.Alternatives = append(out.Alternatives, jsonAlternative{alternative.Decision.String(), alternative.Keys})
	}
	return out
}

func refJSON(r iam.Ref) jsonRef {
	return jsonRef{r.Layer.String(), r.Node, r.Policy, r.Statement, r.Sid, string(r.Effect)}
}

// explainedJSON is the answer with its whole trace.
func explainedJSON(a *app.Asked) jsonAnswer {
	out := askedJSON(a)
	for i := range a.Layers {
		l := &a.Layers[i]
		layer := jsonLayer{Layer: l.Layer.String(), Node: l.Node, Skipped: l.Skipped, Unseen: l.Unseen, Others: l.Others}
		if l.Skipped == "" {
			layer.Allows, layer.Denies = l.Allows.String(), l.Denies.String()
		}
		for j := range l.Statements {
			layer.Statements = append(layer.Statements, statementJSON(&l.Statements[j]))
		}
		out.Layers = append(out.Layers, layer)
	}
	return out
}

func statementJSON(t *iam.StatementTrace) jsonStatement {
	out := jsonStatement{jsonRef: refJSON(t.Ref), Matches: t.Matches.String(), Principal: t.Principal.String(), Action: t.Action.String(), Resource: t.Resource.String()}
	for i := range t.Conditions {
		c := &t.Conditions[i]
		out.Conditions = append(out.Conditions, jsonCondition{c.Operator, c.Key, append([]string{}, c.Want...), stateText(c.State), c.Got, c.Holds.String()})
	}
	return out
}

// stateText is what is known of a context key.
func stateText(s iam.State) string {
	switch s {
	case iam.Absent:
		return "absent"
	case iam.Known:
		return "known"
	case iam.Present:
		return "present"
	}
	return "unknown"
}
