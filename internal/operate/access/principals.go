package access

import (
	"fmt"
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/managed"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
	"holdfast.dev/holdfast/internal/evidence"
)

const (
	typeUser          = "AWS::IAM::User"
	typeGroup         = "AWS::IAM::Group"
	typeRole          = "AWS::IAM::Role"
	typeManagedPolicy = "AWS::IAM::ManagedPolicy"
)

// holder is a user, group or role while the estate is loaded.
type holder struct {
	typ, arn, account, name string
	id                      string
	inline                  []*iam.Policy
	attached                []string // ARNs of managed policies
	groups                  []string
	boundary                string
	boundaryUnseen          string
	unseen                  string // why there may be more policies
	tags                    map[string]string
	tagsSeen                bool
}

// holderOf reads what users, groups and roles have in common.
func holderOf(r *evidence.Resource, docs *documents) *holder {
	p := r.Properties
	h := &holder{typ: r.Type, arn: r.ARN, account: r.Account, tags: r.Tags, tagsSeen: true}
	h.name = h.arn[strings.LastIndexByte(h.arn, '/')+1:]
	observed, _ := p["Observed"].(map[string]any)
	h.id = text(observed["UniqueId"])
	if _, unknown := p["Tags"].(evidence.Unknown); unknown {
		h.tagsSeen = false
	}
	for _, v := range h.list(p, "ManagedPolicyArns") {
		if arn, ok := textOf(v); ok {
			h.attached = append(h.attached, arn)
		} else {
			h.hide(reason(v, "an attached policy is not known"))
		}
	}
	for _, v := range h.list(p, "Groups") {
		if name, ok := textOf(v); ok {
			h.groups = append(h.groups, name)
		} else {
			h.hide(reason(v, "a group is not known"))
		}
	}
	for _, v := range h.list(p, "Policies") {
		entry, ok := v.(map[string]any)
		if !ok {
			h.hide(reason(v, "an inline policy is not known"))
			continue
		}
		h.addInline(nameOf(entry["PolicyName"], "inline policy"), entry["PolicyDocument"], docs)
	}
	switch b := p["PermissionsBoundary"].(type) {
	case nil:
	case string:
		h.boundary = b
	default:
		h.boundaryUnseen = reason(b, "the permissions boundary is not known")
	}
	return h
}

// list reads a list property; one that is not known hides policies.
func (h *holder) list(p map[string]any, name string) []any {
	v, ok := p[name].([]any)
	if !ok && p[name] != nil {
		h.hide(reason(p[name], name+" is not known"))
	}
	return v
}

func (h *holder) hide(why string) {
	if h.unseen == "" {
		h.unseen = why
	}
}

func (h *holder) addInline(name string, body any, docs *documents) {
	at := len(h.inline)
	h.inline = append(h.inline, nil)
	docs.add(name, body, func(c *iam.Policy) { h.inline[at] = c })
}

// subject makes a principal of a user or role.
func (l *loader) subject(h *holder) (*Subject, error) {
	principal, err := iam.ParsePrincipal(h.arn)
	if err != nil {
		return nil, err
	}
	principal.CanonicalID = l.owner[h.account]
	principal.ID, principal.Tags, principal.TagsSeen = h.id, h.tags, h.tagsSeen
	s := &Subject{Principal: principal, Type: h.typ, Groups: h.groups}
	l.estate.place(s)
	s.Identity.Unseen = h.unseen
	l.gather(s, h, "")
	for _, name := range h.groups {
		group := l.groups[groupKey{h.account, name}]
		if group == nil {
			l.unseen(s, "group "+name+" was not collected")
			continue
		}
		l.unseen(s, group.unseen)
		l.gather(s, group, name)
	}
	if l.from.Alone {
		s.Identity.Unseen = ""
	}
	s.Boundary = l.boundary(h)
	return s, nil
}

func (l *loader) unseen(s *Subject, why string) {
	if s.Identity.Unseen == "" {
		s.Identity.Unseen = why
	}
}

// gather adds the policies of a holder to those of a principal.
func (l *loader) gather(s *Subject, h *holder, group string) {
	s.Identity.Policies = slices.Grow(s.Identity.Policies, len(h.inline)+len(h.attached))
	s.Sources = slices.Grow(s.Sources, len(h.inline)+len(h.attached))
	for _, p := range h.inline {
		s.Identity.Policies = append(s.Identity.Policies, p)
		s.Sources = append(s.Sources, Source{Group: group})
	}
	for _, arn := range h.attached {
		p := l.managed(arn)
		if p == nil {
			l.unseen(s, "policy "+arn+" was not collected")
			continue
		}
		if slices.Contains(s.Identity.Policies, p) {
			continue // through another group as well
		}
		s.Identity.Policies = append(s.Identity.Policies, p)
		s.Sources = append(s.Sources, Source{ARN: arn, Group: group})
	}
}

// managed is a managed policy: as it was collected, else as AWS publishes it.
func (l *loader) managed(arn string) *iam.Policy {
	if p, ok := l.policies[arn]; ok {
		return p
	}
	var p *iam.Policy
	if body, ok := managed.Policy(arn); ok {
		doc, _ := policy.Parse(body) // what AWS maintains has no mistakes to report
		p = iam.Compile(arn, doc)
	}
	l.policies[arn] = p
	return p
}

func (l *loader) boundary(h *holder) *iam.Set {
	switch {
	case h.boundaryUnseen != "" && !l.from.Alone:
		return &iam.Set{Unseen: h.boundaryUnseen}
	case h.boundary == "":
		return nil
	}
	if p := l.managed(h.boundary); p != nil {
		return &iam.Set{Policies: []*iam.Policy{p}}
	}
	// A boundary that is there limits, so it is not left out even where the rest
	// is taken for not there.
	return &iam.Set{Unseen: "the permissions boundary " + h.boundary + " was not collected"}
}

// place sets what a principal's account and its organisation say of it.
func (e *Estate) place(s *Subject) {
	m := e.membership(s.Principal.Account)
	p := s.Principal
	p.OrgSeen, p.OrgID, p.Management = m.seen, m.org, m.management
	if m.org != "" {
		p.OrgPaths = []string{m.path}
	}
	s.SCPs = m.scps
}

// membership is what the organisation says of an account.
func (e *Estate) membership(account string) *membership {
	if m, ok := e.accounts[account]; ok {
		return m
	}
	return e.org.of(account)
}

// groupKey names a group in its account.
type groupKey struct{ account, name string }

// duplicate says that the same name came twice with different content.
func duplicate(arn string) string { return fmt.Sprintf("%s was found twice; the first counts", arn) }
