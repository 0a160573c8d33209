package exposure

import (
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
	"holdfast.dev/holdfast/internal/kleene"
)

// Kind is how somebody whom a policy lets in is known.
type Kind string

const (
	Everyone     Kind = "everyone"
	Account      Kind = "account"
	Principal    Kind = "principal" // a user, role or session by its ARN
	Organization Kind = "organization"
	Service      Kind = "service"
	Provider     Kind = "identity-provider"
	CanonicalID  Kind = "canonical-user"
	UniqueID     Kind = "unique-id" // what is left of a principal that was deleted
	Unseen       Kind = "unseen"    // somebody whose name was not seen
)

// Who is somebody whom a policy lets in.
type Who struct {
	Kind Kind
	// Name is "*", an account, an ARN, an organisation's id or path, a service, a
	// provider or an id.
	Name    string
	Account string // whose he is; "" where that does not show
	// Via is set where a service calls on his behalf.
	Via bool
}

// Grant is what one statement opens to somebody, after all Deny statements.
type Grant struct {
	Who
	// Public is set where no more is asked of him than anybody can have: strangers,
	// and whoever registers at an identity provider that is open to all.
	Public bool
	// CrossAccount and External tell whether he is outside the owner's account, and
	// outside the organisation. Unknown where the zone or the name does not tell.
	CrossAccount, External kleene.Value
	Actions, NotActions    []string
	Resources              []string
	NotResources           []string
	// Conditions are those of the statement, rendered.
	Conditions []string
	// Known is True where he gets in for certain, Unknown where it depends on what
	// was not seen.
	Known     kleene.Value
	Statement int
	Sid       string
	// Way is how; nil where too little was seen to tell, and of Grants also where it
	// is plain to see.
	Way *World
}

// Grants lists whom a resource policy lets in, besides the owner's account, to one
// of the actions given as patterns, or to any where none is given. The second
// answer is Unknown where the document may hold statements that were not seen.
func Grants(doc *policy.Document, zone Zone, actions ...string) ([]Grant, kleene.Value) {
	return grants(doc, zone, actions, false)
}

// ExplainGrants is Grants with a way for each, also where it is plain to see.
func ExplainGrants(doc *policy.Document, zone Zone) ([]Grant, kleene.Value) {
	return grants(doc, zone, nil, true)
}

func grants(doc *policy.Document, zone Zone, actions []string, explain bool) ([]Grant, kleene.Value) {
	var out []Grant
	count := &tally{}
	for i := range doc.Statements {
		st := &doc.Statements[i]
		if st.Effect == policy.Deny {
			continue
		}
		g := granting{search: newSearch(doc, i, zone, actions, count), statement: i, explain: explain, plain: len(actions) == 0 && plainlyOpen(doc, i)}
		g.all(st)
		out = append(out, g.out...)
	}
	return out, unseenStatements(doc).Not()
}

// granting goes through those whom one statement could let in.
type granting struct {
	search    *search
	statement int
	plain     bool // it lets in whom it names, without further ado
	explain   bool
	out       []Grant
}

func (g *granting) all(st *policy.Statement) {
	if mayOpen(st) {
		g.open(st)
	}
	for i := range st.Principals {
		if p := &st.Principals[i]; p.Kind != policy.Everyone {
			g.named(p)
		}
	}
}

// open is about a statement for everybody: strangers, or those to whom its
// conditions and the Deny statements narrow it.
func (g *granting) open(st *policy.Statement) {
	who := Who{Kind: Everyone, Name: "*"}
	if st.Principals != nil && !hasEveryone(st.Principals) {
		who = Who{Kind: Unseen, Name: "(not seen)"}
	}
	s := g.search.everyone()
	if g.plain && who.Kind == Everyone {
		g.add(who, true, kleene.True, nil)
		return
	}
	answer, way := s.admitsAny(s.strangersAt())
	if answer != kleene.False {
		g.add(who, true, answer, way)
	}
	if answer == kleene.True {
		return
	}
	found := false
	for _, guest := range s.narrowed() {
		if known, way := s.admitsAny(guest.visitors); known != kleene.False {
			found = true
			g.add(guest.Who, false, known, way)
		}
	}
	if found || answer != kleene.False {
		return
	}
	// Whoever is in the right place, or knows what he has to know.
	if known, way := s.admitsAny(s.anybody()); known != kleene.False {
		g.add(who, false, known, way)
	}
}

func hasEveryone(list []policy.Principal) bool {
	return slices.ContainsFunc(list, func(p policy.Principal) bool { return p.Kind == policy.Everyone })
}

// named is about one principal of the statement.
func (g *granting) named(p *policy.Principal) {
	who := whoIs(*p)
	if g.plain && !p.Name.Partial && who.Kind != UniqueID {
		_, shared := sharedProviders[providerOf(p.Name.Value)]
		g.add(who, shared && p.Kind == policy.Federated, kleene.True, nil)
		return
	}
	if p.Name.Partial {
		who = Who{Kind: Unseen, Name: renderText(p.Name), Account: accountOf(p.Name.Value)}
		g.add(who, false, kleene.Unknown, nil)
		return
	}
	t := g.search.target
	t.Principals = []policy.Principal{*p}
	t.Unseen &^= policy.PrincipalPart
	s := g.search.with(t)
	if _, shared := sharedProviders[providerOf(p.Name.Value)]; shared && p.Kind == policy.Federated {
		stranger := &visitor{principal: iam.Federated(p.Name.Value), account: s.fresh, place: internet}
		if answer, way := s.admits(stranger); answer != kleene.False {
			g.add(who, true, answer, way)
			return
		}
	}
	if answer, way := s.admitsAny(s.guests(who)); answer != kleene.False {
		g.add(who, false, answer, way)
	}
}

// add notes a grant, unless it is to the owner's own account.
func (g *granting) add(who Who, public bool, known kleene.Value, way *World) {
	s := g.search
	if who.Account != "" && who.Account == s.zone.Account {
		return
	}
	t := &s.target
	if way == nil && g.plain && g.explain {
		way = s.plainWay(who)
	}
	grant := Grant{
		Who: who, Public: public, Known: known, Way: way, Statement: g.statement, Sid: t.Sid,
		Actions: renderTexts(t.Actions), NotActions: renderTexts(t.NotActions),
		Resources: renderTexts(t.Resources), NotResources: renderTexts(t.NotResources), Conditions: renderConditions(t.Conditions),
	}
	grant.CrossAccount, grant.External = s.outside(who)
	g.out = append(g.out, grant)
}

// plainWay is a world for somebody who gets in as he likes.
func (s *search) plainWay(who Who) *World {
	visitors := s.guests(who)
	if who.Kind == Everyone {
		visitors = s.strangersAt()
	}
	for _, v := range visitors {
		if deeds := s.deeds(v, nil); len(deeds) > 0 {
			return s.worldOf(v, deeds[0], nil)
		}
	}
	return nil
}

// outside tells whether somebody is beyond the owner's account, and beyond his
// organisation.
func (s *search) outside(who Who) (account, org kleene.Value) {
	switch who.Kind {
	case Everyone:
		return kleene.True, kleene.True
	case Service, UniqueID:
		if !who.Via {
			return kleene.False, kleene.False // AWS itself, or nobody any more
		}
	case Provider:
		// People and machines that somebody else vouches for.
		return kleene.False, kleene.True
	case Organization:
		if !s.zone.OrgSeen {
			return kleene.True, kleene.Unknown
		}
		id, _, _ := strings.Cut(who.Name, "/")
		return kleene.True, kleene.Of(id != s.zone.OrgID)
	}
	switch {
	case who.Account == "":
		return kleene.Unknown, kleene.Unknown
	case s.zone.Account == "":
		account = kleene.Unknown
	default:
		account = kleene.Of(who.Account != s.zone.Account)
	}
	if account == kleene.False {
		return account, account
	}
	if !s.zone.OrgSeen {
		return account, kleene.Unknown
	}
	return account, kleene.Of(!slices.Contains(s.zone.Accounts, who.Account))
}

// whoIs reads a principal element.
func whoIs(p policy.Principal) Who {
	name := p.Name.Value
	switch p.Kind {
	case policy.Service:
		return Who{Kind: Service, Name: name}
	case policy.Federated:
		return Who{Kind: Provider, Name: name} // whom it vouches for is of no account
	case policy.Canonical:
		return Who{Kind: CanonicalID, Name: name}
	}
	account := accountOf(name)
	a, isARN := policy.SplitARN(name)
	switch {
	case account == name && account != "", a.Resource == "root":
		return Who{Kind: Account, Name: account, Account: account}
	case a.Account == "cloudfront": // an origin access identity
		return Who{Kind: Service, Name: name}
	case isARN:
		return Who{Kind: Principal, Name: name, Account: account}
	}
	return Who{Kind: UniqueID, Name: name}
}

// accountOf is the account that a principal, or an ARN, belongs to.
func accountOf(name string) string {
	if parts := strings.SplitN(name, ":", 6); len(parts) >= 5 { // the resource may be cut off
		name = parts[4]
	}
	if policy.IsAccount(name) {
		return name
	}
	return ""
}
