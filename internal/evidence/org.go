package evidence

import "time"

// Types of the resources that describe the estate itself.
const (
	TypeOrganization = "Holdfast::Organizations::Organization"
	TypeNode         = "Holdfast::Organizations::Node"
	TypeAccount      = "Holdfast::Account"
)

// Account is one AWS account as the organisation lists it.
type Account struct {
	ID         string
	Name       string
	Email      string
	State      string // ACTIVE, SUSPENDED, PENDING_CLOSURE, CLOSED, PENDING_ACTIVATION; empty where not seen
	Parent     string // id of the root or OU
	Path       []string
	Management bool
	Tags       map[string]string
	Joined     time.Time

	// Unseen names the properties of the account that could not be read, so that
	// their zero value is not taken for what was observed.
	Unseen map[string]bool
}

// Live tells whether the account counts in a coverage denominator.
func (a Account) Live() bool {
	switch a.State {
	case "SUSPENDED", "PENDING_CLOSURE", "CLOSED":
		return false
	}
	return true
}

// Node is the root or an organisational unit.
type Node struct {
	ID     string
	Kind   string // ROOT or OU
	Name   string
	Parent string
	Path   []string // names from below the root down to this node
}

// Org is the tree. The zero Org is an estate of stand-alone accounts.
type Org struct {
	ID         string
	Management string
	FeatureSet string
	Nodes      map[string]Node
	Accounts   map[string]Account
}

// OrgOf reads the tree out of the resources that describe it. Resources of
// other types are passed over, so a whole snapshot may be streamed through.
func OrgOf(resources func(yield func(*Resource) bool)) Org {
	org := Org{Nodes: map[string]Node{}, Accounts: map[string]Account{}}
	for r := range resources {
		p := r.Properties
		switch r.Type {
		case TypeOrganization:
			org.ID, org.Management, org.FeatureSet = text(p["Id"]), text(p["ManagementAccountId"]), text(p["FeatureSet"])
		case TypeNode:
			org.Nodes[r.ID] = Node{ID: r.ID, Kind: text(p["Kind"]), Name: text(p["Name"]), Parent: text(p["ParentId"]), Path: texts(p["Path"])}
		case TypeAccount:
			joined, _ := time.Parse(time.RFC3339, text(p["JoinedTimestamp"]))
			management, _ := p["Management"].(bool)
			org.Accounts[r.Account] = Account{
				ID: r.Account, Name: text(p["Name"]), Email: text(p["Email"]), State: text(p["State"]),
				Parent: text(p["ParentId"]), Path: texts(p["Path"]), Management: management, Tags: r.Tags, Joined: joined, Unseen: unseen(p),
			}
		}
	}
	return org
}

func unseen(properties map[string]any) map[string]bool {
	var out map[string]bool
	for name, v := range properties {
		if _, unknown := v.(Unknown); unknown {
			if out == nil {
				out = map[string]bool{}
			}
			out[name] = true
		}
	}
	return out
}

func text(v any) string { s, _ := v.(string); return s }

func texts(v any) []string {
	list, _ := v.([]any)
	var out []string
	for _, e := range list {
		out = append(out, text(e))
	}
	return out
}
