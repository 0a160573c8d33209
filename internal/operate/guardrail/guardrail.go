// Package guardrail knows which organisation policies are in force where, and
// recognises those that keep a failing control from mattering.
package guardrail

import (
	"errors"
	"fmt"
	"io/fs"

	"holdfast.dev/holdfast/internal/engine/check"
	"holdfast.dev/holdfast/internal/evidence"
)

// Load reads every guardrail below a folder of the catalogue.
func Load(files fs.FS, root string) ([]check.Guardrail, error) {
	names, err := fs.Glob(files, root+"/*.yaml")
	if err != nil {
		return nil, err
	}
	var out []check.Guardrail
	var faults []error
	for _, name := range names {
		data, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, fmt.Errorf("reading guardrails: %w", err)
		}
		g, err := check.ParseGuardrail(name, data)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		out = append(out, g)
	}
	return out, errors.Join(faults...)
}

// Policies are the organisation policies as they are attached. The zero value
// knows of none.
type Policies struct {
	documents  map[string]document // by policy id
	attached   map[string][]string // policy ids by root, OU or account
	parent     map[string]string   // of an OU or account
	effective  map[string]map[string]any
	management map[string]bool
}

type document struct {
	typ     string
	content any
}

// Collect reads the policies out of the resources that describe the estate.
func Collect(resources func(yield func(*evidence.Resource) bool)) *Policies {
	p := &Policies{documents: map[string]document{}, attached: map[string][]string{}, parent: map[string]string{},
		effective: map[string]map[string]any{}, management: map[string]bool{}}
	for r := range resources {
		switch r.Type {
		case "AWS::Organizations::Policy":
			observed, _ := r.Properties["Observed"].(map[string]any)
			id := text(observed["Id"])
			if id == "" {
				id = r.ID
			}
			p.documents[id] = document{text(r.Properties["Type"]), r.Properties["Content"]}
		case evidence.TypeNode:
			p.attach(r.ID, r)
		case evidence.TypeAccount:
			p.attach(r.Account, r)
			p.effective[r.Account], _ = r.Properties["EffectivePolicies"].(map[string]any)
			// Policies bind all but the management account. Only a certain guardrail
			// excuses a failure, so an account that may be that one counts as it.
			management, seen := r.Properties["Management"]
			p.management[r.Account] = seen && management != false
		}
	}
	return p
}

func (p *Policies) attach(node string, r *evidence.Resource) {
	p.parent[node] = text(r.Properties["ParentId"])
	list, _ := r.Properties["Policies"].([]any)
	for _, e := range list {
		policy, _ := e.(map[string]any)
		if id := text(policy["Id"]); id != "" {
			p.attached[node] = append(p.attached[node], id)
		}
	}
}

// maxDepth is far beyond what Organizations allows (five levels); it ends the
// walk where evidence has a loop in it.
const maxDepth = 32

// On lists the policy documents of a type that bind an account. Service and
// resource control policies do not bind the management account; those that are
// merged down the tree come as the one document in effect.
func (p *Policies) On(account, typ string) []any {
	if effective, ok := p.effective[account][typ]; ok {
		return []any{effective}
	}
	if p.management[account] && (typ == "SERVICE_CONTROL_POLICY" || typ == "RESOURCE_CONTROL_POLICY") {
		return nil
	}
	var out []any
	node := account
	for range maxDepth {
		for _, id := range p.attached[node] {
			if d, ok := p.documents[id]; ok && d.typ == typ {
				out = append(out, d.content)
			}
		}
		if node = p.parent[node]; node == "" {
			break
		}
	}
	return out
}

// Preventer answers which guardrail keeps a failure from mattering.
type Preventer struct {
	Guardrails *check.Guardrails
	Policies   *Policies
}

// Prevents names the first guardrail of the control that is in force on the
// resource's account and speaks about the resource.
func (p Preventer) Prevents(c *check.Control, r *evidence.Resource, scope check.Scope) (string, bool) {
	for _, id := range c.PreventedBy {
		typ, ok := p.Guardrails.PolicyType(id)
		if !ok {
			continue
		}
		for _, doc := range p.Policies.On(r.Account, typ) {
			if p.Guardrails.InForce(id, doc, r, scope) {
				return id, true
			}
		}
	}
	return "", false
}

func text(v any) string { s, _ := v.(string); return s }
