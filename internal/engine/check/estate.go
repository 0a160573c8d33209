package check

import (
	"slices"
	"strings"
	"time"

	"holdfast.dev/holdfast/internal/evidence"
)

// Scope is what a control may see beyond the resource it judges.
type Scope struct {
	Now    time.Time
	Estate *Estate
}

// Estate answers what controls ask about other resources. It keeps only the
// types that the engine's controls ask for. Relations never leave an account (or
// a template), so an estate needs to hold no more than the one that is judged.
// It serves one goroutine.
type Estate struct {
	wanted   map[string][]string // type to the paths it is looked up by
	index    map[relation][]*evidence.Resource
	unseen   map[string][]evidence.Gap // by type
	dark     []evidence.Gap            // those that hide every type
	listed   map[string]evidence.Account
	accounts map[string]map[string]any // as variables, made when first asked for
	org      any

	// Listed tells whether a type was listed at all where the estate is from. An
	// estate without it takes what it holds for all there is.
	Listed func(typ string) bool
	holds  map[string]bool // types of which it has a resource

	// Described is what is known of the organisation, for functions that look at it.
	Described []*evidence.Resource
	needed    map[string]bool
	kept      []*evidence.Resource // of the needed types
	gaps      []evidence.Gap
	made      map[string]any // by functions, once for the estate
}

// relation is one way to find resources: of a type, in an account (or template
// file), whose property at a path has a value.
type relation struct{ within, typ, path, value string }

const (
	pathAll     = ""         // every resource of the type
	pathID      = "@id"      // by identifier, ARN or logical id
	openValue   = "?"        // those whose value at the path is not known
	refPrefix   = "ref:"     // logical ids, which no identifier can be mistaken for
	filePrefix  = "\x00file" // a template is its own little estate
	reasonNoOrg = "no organisation was collected"
)

// NewEstate prepares an empty estate for the engine's controls.
func (e *Engine) NewEstate(org evidence.Org, gaps []evidence.Gap) *Estate {
	estate := &Estate{
		wanted: e.wanted, index: map[relation][]*evidence.Resource{}, holds: map[string]bool{}, unseen: map[string][]evidence.Gap{},
		listed: org.Accounts, accounts: map[string]map[string]any{}, org: evidence.Unknown{Reason: reasonNoOrg},
		needed: e.needed, gaps: gaps,
	}
	for _, g := range gaps {
		if notVisited(&g) || g.Resource == "" && len(g.Types) == 0 {
			estate.dark = append(estate.dark, g)
			continue
		}
		if g.Resource != "" {
			continue // that resource itself carries what is not known
		}
		for _, t := range g.Types {
			estate.unseen[t] = append(estate.unseen[t], g)
		}
	}
	return estate
}

// notVisited tells whether the gap is that of an account of which nothing was
// read but its entry in the organisation.
func notVisited(g *evidence.Gap) bool {
	return g.Reason == evidence.NotRecorded && g.Resource == g.Account && g.Resource != "" && slices.Contains(g.Types, evidence.TypeAccount)
}

// Wants tells whether the estate keeps resources of a type.
func (e *Estate) Wants(typ string) bool {
	return typ == evidence.TypeOrganization || len(e.wanted[typ]) > 0 || e.needed[typ]
}

// Add lets controls find r. The resource must not change afterwards.
func (e *Estate) Add(r *evidence.Resource) {
	if r.Type == evidence.TypeOrganization {
		e.org = map[string]any(r.Properties)
	}
	e.holds[r.Type] = true
	if e.needed[r.Type] {
		e.kept = append(e.kept, r)
	}
	within := withinOf(r)
	for _, path := range e.wanted[r.Type] {
		switch path {
		case pathAll:
			e.put(relation{within, r.Type, pathAll, ""}, r)
		case pathID:
			for _, name := range namesOf(r) {
				e.put(relation{within, r.Type, pathID, name}, r)
			}
		default:
			for _, value := range valuesAt(r.Properties, strings.Split(path, ".")) {
				e.put(relation{within, r.Type, path, value}, r)
			}
		}
	}
}

func (e *Estate) put(key relation, r *evidence.Resource) { e.index[key] = append(e.index[key], r) }

func withinOf(r *evidence.Resource) string {
	if r.Origin != nil {
		return filePrefix + r.Origin.File
	}
	return r.Account
}

// namesOf lists what others may call r by.
func namesOf(r *evidence.Resource) []string {
	names := []string{r.ID}
	if r.ARN != "" && r.ARN != r.ID {
		names = append(names, r.ARN)
	}
	if r.Origin != nil {
		names = append(names, refPrefix+r.Origin.LogicalID)
	}
	return names
}

// valuesAt lists the strings at a path, through lists; a value that is not known
// is kept by the logical id it refers to, or as open.
func valuesAt(v any, path []string) []string {
	switch v := v.(type) {
	case []any:
		var out []string
		for _, e := range v {
			out = append(out, valuesAt(e, path)...)
		}
		return out
	case map[string]any:
		if len(path) > 0 {
			return valuesAt(v[path[0]], path[1:])
		}
	case string:
		if len(path) == 0 {
			return []string{v}
		}
	case evidence.Unknown:
		if v.Ref != "" {
			return []string{refPrefix + v.Ref}
		}
		return []string{openValue}
	}
	return nil
}

// subject is the resource being judged, as functions of the language see it.
type subject struct {
	scope    *Scope
	resource *evidence.Resource
}

// all is resources(type): those of the type in the same account (or template),
// and in the same Region where the subject has one.
func (s *subject) all(args []any) any {
	typ, _ := args[0].(string)
	return s.collect(typ, relation{withinOf(s.resource), typ, pathAll, ""})
}

// related is related(type, path): those whose property at path names this
// resource.
func (s *subject) related(args []any) any {
	typ, _ := args[0].(string)
	path, _ := args[1].(string)
	within := withinOf(s.resource)
	var keys []relation
	for _, name := range namesOf(s.resource) {
		keys = append(keys, relation{within, typ, path, name})
	}
	list := s.collect(typ, keys...)
	if len(s.scope.Estate.index[relation{within, typ, path, openValue}]) > 0 {
		list = append(list, rest{Unknown: evidence.Unknown{Reason: "a " + typ + " does not say which resource it belongs to"}})
	}
	return list
}

// lookup is lookup(type, value): the resource that goes by an identifier, an
// ARN or a reference.
func (s *subject) lookup(args []any) any {
	typ, _ := args[0].(string)
	var name string
	switch v := args[1].(type) {
	case string:
		name = v
	case evidence.Unknown:
		if v.Ref == "" {
			return v
		}
		name = refPrefix + v.Ref
	case *failure:
		return v
	case nil:
		return []any{}
	default:
		return failf("lookup takes an identifier, found %s", describe(v))
	}
	return s.collect(typ, relation{withinOf(s.resource), typ, pathID, name})
}

func (s *subject) collect(typ string, keys ...relation) []any {
	estate := s.scope.Estate
	if estate == nil || typ != evidence.TypeOrganization && len(estate.wanted[typ]) == 0 {
		return []any{rest{Unknown: evidence.Unknown{Reason: "other resources were not given"}}}
	}
	var found []*evidence.Resource
	for _, key := range keys {
		for _, r := range estate.index[key] {
			if s.near(r.Region) && (len(keys) == 1 || !slices.Contains(found, r)) {
				found = append(found, r)
			}
		}
	}
	list := make([]any, 0, len(found)+1)
	for _, r := range found {
		if r.Origin != nil && r.Origin.Conditional {
			why := evidence.Unknown{Reason: "whether " + r.Origin.LogicalID + " exists depends on a condition that is not known"}
			list = append(list, rest{why, map[string]any(r.Properties)})
			continue
		}
		list = append(list, map[string]any(r.Properties))
	}
	if why, hides := estate.hidden(s, typ); hides {
		list = append(list, rest{Unknown: why})
	}
	return list
}

// near tells whether a resource of that Region concerns the subject: an account
// sees all its Regions, a Region sees itself and what is global.
func (s *subject) near(region string) bool {
	own := s.resource.Region
	return own == "" || own == evidence.Global || region == evidence.Global || region == "" || own == region || s.crossesRegions()
}

// crossesRegions: buckets are named from everywhere.
func (s *subject) crossesRegions() bool { return strings.HasPrefix(s.resource.Type, "AWS::S3::") }

// hidden tells whether resources of the type may exist that were not seen.
func (e *Estate) hidden(s *subject, typ string) (evidence.Unknown, bool) {
	if s.resource.Origin != nil {
		return evidence.Unknown{}, false
	}
	for _, gaps := range [2][]evidence.Gap{e.unseen[typ], e.dark} {
		for _, g := range gaps {
			if (g.Account == s.resource.Account || g.Account == "") && s.near(g.Region) {
				return evidence.Unknown{Reason: g.Service + ":" + g.Operation + " " + string(g.Reason)}, true
			}
		}
	}
	if e.Listed != nil && !e.holds[typ] && !e.Listed(typ) {
		return evidence.Unknown{Reason: typ + " was not collected"}, true
	}
	return evidence.Unknown{}, false
}

// account is the account variable; every field of an account that no
// organisation listed is unknown, save its id.
func (e *Estate) account(id string) map[string]any {
	if e != nil {
		if made, ok := e.accounts[id]; ok {
			return made
		}
		if a, ok := e.listed[id]; ok {
			e.accounts[id] = accountValue(a)
			return e.accounts[id]
		}
	}
	unknown := evidence.Unknown{Reason: reasonNoOrg}
	value := map[string]any{"id": unknown, "name": unknown, "email": unknown, "state": unknown, "path": unknown,
		"management": unknown, "environment": unknown, "tags": unknown}
	if id != "" {
		value["id"] = id
	}
	return value
}

func accountValue(a evidence.Account) map[string]any {
	path := []any{}
	for _, p := range a.Path {
		path = append(path, p)
	}
	value := map[string]any{
		"id": a.ID, "name": a.Name, "email": a.Email, "state": a.State, "path": path,
		"management": a.Management, "environment": environmentOf(a), "tags": tagsValue(a.Tags),
	}
	for field, property := range map[string]string{"name": "Name", "email": "Email", "state": "State", "path": "Path", "management": "Management", "tags": "Tags"} {
		if a.Unseen[property] {
			value[field] = evidence.Unknown{Reason: "the account's " + field + " could not be read", Present: true}
		}
	}
	return value
}

func tagsValue(tags map[string]string) map[string]any {
	value := make(map[string]any, len(tags))
	for k, v := range tags {
		value[k] = v
	}
	return value
}

// environmentOf is the account's environment by its tag, else by the OU it is
// in; where neither says, it is not known.
func environmentOf(a evidence.Account) any {
	for _, key := range []string{"environment", "Environment", "env", "stage"} {
		if v := a.Tags[key]; v != "" {
			return strings.ToLower(v)
		}
	}
	if a.Unseen["Tags"] {
		return evidence.Unknown{Reason: "the account's tags could not be read"}
	}
	for _, ou := range slices.Backward(a.Path) {
		switch name := strings.ToLower(ou); name {
		case "prod", "production":
			return "prod"
		case "sdlc", "dev", "development", "test", "staging", "sandbox", "security":
			return name
		}
	}
	return evidence.Unknown{Reason: "neither a tag nor the OU names the environment"}
}

// metaField is one field of the meta variable: the resource itself, apart from
// its properties.
func metaField(r *evidence.Resource, field string) (any, bool) {
	switch field {
	case "type":
		return r.Type, true
	case "id":
		return r.ID, true
	case "arn":
		return r.ARN, true
	case "account":
		return r.Account, true
	case "region":
		return r.Region, true
	case "partition":
		return r.Partition, true
	case "tags":
		return tagsValue(r.Tags), true
	}
	return nil, false
}
