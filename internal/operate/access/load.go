package access

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
	"holdfast.dev/holdfast/internal/evidence"
)

// Load builds an estate from evidence. Resources of types that are not among
// Types are passed over. Policies that AWS maintains are taken as AWS publishes
// them where the evidence does not have them.
func Load(from Evidence) (*Estate, error) {
	l := &loader{
		from: from, docs: newDocuments(),
		groups: map[groupKey]*holder{}, policies: map[string]*iam.Policy{}, blocks: map[string]block{},
		objects: map[string]*draft{}, names: map[name]*draft{},
	}
	l.estate = &Estate{
		byARN: map[string]*Subject{}, byName: map[string][]*Subject{}, objectAt: map[string]*Object{}, endpoints: map[string]*iam.Set{},
		accounts: map[string]*membership{}, org: newOrganisation(from.Alone), seen: newSeen(from),
	}
	for r, err := range from.Resources {
		if err != nil {
			return nil, err
		}
		l.add(r)
	}
	l.docs.done()
	l.organise()
	l.owner = l.owners()
	l.principals()
	l.resources()
	return l.estate, nil
}

// loader is an estate in the making.
type loader struct {
	from     Evidence
	docs     *documents
	holders  []*holder // users and roles
	groups   map[groupKey]*holder
	policies map[string]*iam.Policy // managed policies by ARN; nil where not found
	blocks   map[string]block       // public access blocks by account
	objects  map[string]*draft      // by ARN
	names    map[name]*draft
	held     []held
	accounts []string
	owner    map[string]string // canonical ids by account
	estate   *Estate
}

// add takes one resource.
func (l *loader) add(r *evidence.Resource) {
	switch r.Type {
	case evidence.TypeAccount:
		l.accounts = append(l.accounts, r.Account)
		l.estate.org.add(r, l.docs)
	case evidence.TypeOrganization, evidence.TypeNode, typeOrgPolicy:
		l.estate.org.add(r, l.docs)
	case typeUser:
		l.holders = append(l.holders, holderOf(r, l.docs))
	case typeRole:
		l.holders = append(l.holders, holderOf(r, l.docs))
		l.object(r, found{bearer: byType[typeRole].bearer})
	case typeGroup:
		key := groupKey{r.Account, nameOf(r.Properties["GroupName"], r.ID)}
		l.groups[key] = holderOf(r, l.docs)
	case typeManagedPolicy:
		arn := nameOf(r.ARN, r.ID)
		l.docs.add(arn, r.Properties["PolicyDocument"], func(p *iam.Policy) { l.policies[arn] = p })
	case typeAccountBlock:
		l.blocks[r.Account] = blockOf(r.Properties)
	case typeEndpoint:
		l.endpoint(r)
	default:
		if f, ok := byType[r.Type]; ok {
			l.object(r, f)
		}
	}
}

// endpoint keeps the policy of a VPC endpoint. One without a policy has the
// default, which allows everything.
func (l *loader) endpoint(r *evidence.Resource) {
	set := &iam.Set{}
	l.estate.endpoints[r.ID] = set
	body, ok := r.Properties["PolicyDocument"]
	if !ok {
		body = map[string]any{"Version": policy.Version2012, "Statement": map[string]any{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}}
	}
	l.docs.add(r.ID, body, func(p *iam.Policy) { set.Policies = []*iam.Policy{p} })
}

// organise settles each account's place, once the whole tree is known.
func (l *loader) organise() {
	for _, account := range l.accounts {
		l.settle(account)
	}
	for _, h := range l.holders {
		l.settle(h.account)
	}
	for _, d := range l.objects {
		l.settle(d.object.Account)
	}
}

func (l *loader) settle(account string) {
	if l.estate.accounts[account] == nil {
		l.estate.accounts[account] = l.estate.org.of(account)
	}
}

// principals makes subjects of users and roles.
func (l *loader) principals() {
	e := l.estate
	for _, h := range l.holders {
		if e.byARN[h.arn] != nil {
			e.notes = append(e.notes, duplicate(h.arn))
			continue
		}
		s, err := l.subject(h)
		if err != nil {
			e.notes = append(e.notes, fmt.Sprintf("%s %s: %v", h.typ, h.name, err))
			continue
		}
		e.byARN[h.arn] = s
		e.byName[s.Principal.Name] = append(e.byName[s.Principal.Name], s)
		e.subjects = append(e.subjects, s)
	}
	slices.SortFunc(e.subjects, func(a, b *Subject) int { return strings.Compare(a.Principal.ARN, b.Principal.ARN) })
	for _, list := range e.byName {
		slices.SortFunc(list, func(a, b *Subject) int { return cmp.Compare(a.Principal.ARN, b.Principal.ARN) })
	}
}
