package cli

import "holdfast.dev/holdfast/internal/operate/access/external"

// The shapes that iam external prints as JSON.
type (
	jsonExternal struct {
		Zone         string         `json:"zone"`
		Findings     []jsonReach    `json:"findings"`
		Held         []jsonReach    `json:"taken_back"`
		Unseen       []jsonUnseen   `json:"unseen"`
		NotCollected []jsonGap      `json:"not_collected"`
		Looked       map[string]int `json:"looked"`
	}
	jsonReach struct {
		Resource     string   `json:"resource"`
		Type         string   `json:"type"`
		Account      string   `json:"account"`
		Region       string   `json:"region,omitempty"`
		Who          string   `json:"who"`
		Kind         string   `json:"kind"`
		WhoseAccount string   `json:"who_account,omitempty"`
		Via          bool     `json:"via,omitempty"`
		Public       bool     `json:"public"`
		CrossAccount string   `json:"cross_account"`
		External     string   `json:"external"`
		Known        string   `json:"known"`
		Means        string   `json:"means"`
		Policy       string   `json:"policy,omitempty"`
		Statement    *int     `json:"statement,omitempty"` // from 0; absent where no statement says so
		Sid          string   `json:"sid,omitempty"`
		Actions      []string `json:"actions,omitempty"`
		NotActions   []string `json:"not_actions,omitempty"`
		Resources    []string `json:"resources,omitempty"`
		Conditions   []string `json:"conditions,omitempty"`
		Restricted   []string `json:"restricted,omitempty"`
		RCPsUnseen   string   `json:"rcps_unseen,omitempty"` // why resource control policies may restrict it further
		Way          *jsonWay `json:"way,omitempty"`
		Title        string   `json:"title"`
	}
	jsonUnseen struct {
		Resource string `json:"resource"`
		Type     string `json:"type"`
		Account  string `json:"account"`
		Why      string `json:"why"`
	}
	jsonGap struct {
		Type     string   `json:"type"`
		Accounts []string `json:"accounts"`
	}
)

func externalJSON(r *external.Report) jsonExternal {
	out := jsonExternal{Zone: string(r.Zone), Findings: []jsonReach{}, Held: []jsonReach{}, Unseen: []jsonUnseen{}, NotCollected: []jsonGap{}, Looked: r.Looked}
	for i := range r.Findings {
		out.Findings = append(out.Findings, findingJSON(&r.Findings[i]))
	}
	for i := range r.Held {
		out.Held = append(out.Held, findingJSON(&r.Held[i]))
	}
	for _, u := range r.Unseen {
		out.Unseen = append(out.Unseen, jsonUnseen(u))
	}
	for _, g := range r.NotCollected {
		out.NotCollected = append(out.NotCollected, jsonGap(g))
	}
	return out
}

func findingJSON(x *external.Finding) jsonReach {
	return jsonReach{
		Resource: x.Resource, Type: x.Type, Account: x.Account, Region: x.Region, Who: x.Name, Kind: string(x.Kind), WhoseAccount: x.Who.Account, Via: x.Via,
		Public: x.Public, CrossAccount: x.CrossAccount.String(), External: x.External.String(), Known: x.Known.String(), Means: string(x.Means),
		Policy: x.Policy, Statement: statementNumber(x), Sid: x.Sid, Actions: x.Actions, NotActions: x.NotActions, Resources: x.Resources,
		Conditions: x.Conditions, Restricted: x.Restricted, RCPsUnseen: x.ControlsUnseen, Way: wayJSON(x.Way), Title: x.Title(),
	}
}

// statementNumber counts statements from 0, as all JSON of ours does; what people
// read counts from 1.
func statementNumber(x *external.Finding) *int {
	if x.Statement < 0 {
		return nil
	}
	return &x.Statement
}
