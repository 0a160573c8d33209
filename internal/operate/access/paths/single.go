package paths

import (
	"fmt"
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam/escalate"
	"holdfast.dev/holdfast/internal/engine/iam/glob"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/kleene"
	"holdfast.dev/holdfast/internal/operate/access"
)

// Use is a technique that a policy by itself lets somebody use.
type Use struct {
	escalate.Hop
	// As is set where it takes that the policy belongs to this very principal.
	As string
}

// Account is where the principals of Single are, unless the policy names another.
const Account = "111122223333"

// Single tells which techniques an identity policy lets its bearer use, by itself
// and in an account that has everything they need: users and roles with all
// permissions, roles that every service and the account trust, functions and
// instances that run with them. A policy that names its resources finds them there.
// Administrators need no technique: of them Single says so and nothing more.
func Single(document map[string]any, techniques []escalate.Technique) (uses []Use, administrator kleene.Value, err error) {
	administrator = kleene.False
	doc := policy.Of(document)
	account := accountOf(doc)
	stage := newStage(account, techniques)
	for _, typ := range []string{"user", "role"} {
		for _, arn := range witnesses(doc, "arn:aws:iam::*:"+typ+"/*", account) {
			stage.cast(arn)
		}
	}
	for _, t := range things(techniques) {
		for _, arn := range witnesses(doc, stage.form(t.ARN, "*", "*"), account) {
			stage.thing(t, arn)
		}
	}
	bearers := []string{"user/me", "role/me"}
	for _, typ := range []string{"user", "role"} {
		for _, arn := range witnesses(doc, "arn:aws:iam::"+account+":"+typ+"/*", account) {
			bearers = append(bearers, arn[strings.LastIndexByte(arn, ':')+1:])
		}
	}
	for i, bearer := range bearers {
		found, admin, err := stage.play(bearer, document, techniques)
		if err != nil {
			return nil, kleene.Unknown, err
		}
		if i == 0 && admin != kleene.False {
			administrator = admin
			if admin == kleene.True {
				return nil, admin, nil
			}
		}
		for _, hop := range found {
			if slices.ContainsFunc(uses, func(u Use) bool { return u.Technique.ID == hop.Technique.ID }) {
				continue
			}
			use := Use{Hop: hop}
			if i > 1 {
				use.As = "arn:aws:iam::" + account + ":" + bearer
			}
			uses = append(uses, use)
		}
	}
	slices.SortStableFunc(uses, func(a, b Use) int { return strings.Compare(a.Technique.ID, b.Technique.ID) })
	return uses, administrator, nil
}

// Example tells what the bearer of an example's policy makes of a technique.
func Example(t escalate.Technique, document map[string]any) (kleene.Value, error) {
	bearer := "user/me"
	if t.By == "role" {
		bearer = "role/me"
	}
	list := []escalate.Technique{t}
	found, _, err := newStage(Account, list).play(bearer, document, list)
	if err != nil || len(found) == 0 {
		return kleene.False, err
	}
	return found[0].Value, nil
}

// stage is an account made up for a policy to be tried in.
type stage struct {
	account   string
	resources []*evidence.Resource
	cared     map[string]bool // ARNs that are there
	listed    map[string]bool
}

var allAllowed = map[string]any{"Version": policy.Version2012, "Statement": []any{map[string]any{"Effect": "Allow", "Action": "*", "Resource": "*"}}}

// oneDenied is a guardrail that stands in the way of nothing here.
var oneDenied = map[string]any{"Version": policy.Version2012, "Statement": []any{map[string]any{"Effect": "Deny", "Action": "holdfast:NothingThereIs", "Resource": "*"}}}

const (
	stageRegion = "eu-central-1"
	nameTarget  = "target"
)

func newStage(account string, techniques []escalate.Technique) *stage {
	s := &stage{account: account, cared: map[string]bool{}, listed: map[string]bool{}}
	for _, typ := range Types(techniques) {
		s.listed[typ] = true
	}
	services := []any{}
	for i := range techniques {
		if service := techniques[i].Target.Trusts; service != "" && !slices.Contains(services, any(service)) {
			services = append(services, service)
		}
	}
	s.add(typeGroup, "group/team", map[string]any{})
	s.add(typeGroup, "group/admins", map[string]any{"Policies": inline(allAllowed)})
	for _, name := range []string{"mine", "theirs"} {
		s.add(typeManagedPolicy, "policy/"+name, map[string]any{"PolicyDocument": map[string]any{"Version": policy.Version2012, "Statement": []any{}}})
	}
	s.add(typeManagedPolicy, "policy/boundary", map[string]any{"PolicyDocument": allAllowed})
	s.add(typeManagedPolicy, "policy/guardrail", map[string]any{"PolicyDocument": oneDenied})
	s.add(typeRole, "role/"+nameTarget, s.role(services))
	s.add(typeUser, "user/"+nameTarget, s.whole())
	s.add(typeInstanceProfile, "instance-profile/"+nameTarget, map[string]any{"InstanceProfileName": nameTarget, "Roles": []any{nameTarget}})
	for _, t := range things(techniques) {
		s.thing(t, s.form(t.ARN, stageRegion, nameTarget))
	}
	return s
}

// role is one that everybody trusts and that may do everything.
func (s *stage) role(services []any) map[string]any {
	p := s.whole()
	p["AssumeRolePolicyDocument"] = map[string]any{"Version": policy.Version2012, "Statement": []any{
		map[string]any{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": map[string]any{"AWS": s.account, "Service": services}},
		map[string]any{"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity", "Principal": map[string]any{"Federated": identityPools}},
	}}
	return p
}

// whole is a principal that may do everything, within a boundary that could be
// taken away.
func (s *stage) whole() map[string]any {
	return map[string]any{
		"Policies": inline(allAllowed), "ManagedPolicyArns": []any{s.arn("policy/theirs")}, "PermissionsBoundary": s.arn("policy/boundary"),
	}
}

func inline(document any) []any {
	return []any{map[string]any{"PolicyName": "inline", "PolicyDocument": document}}
}

func (s *stage) arn(resource string) string { return "arn:aws:iam::" + s.account + ":" + resource }

func (s *stage) form(pattern, region, name string) string {
	return form(pattern, region, s.account, name)
}

func (s *stage) add(typ, resource string, properties map[string]any) {
	arn := s.arn(resource)
	s.cared[arn] = true
	s.resources = append(s.resources, &evidence.Resource{Type: typ, ID: resource[strings.LastIndexByte(resource, '/')+1:], ARN: arn, Account: s.account, Region: evidence.Global, Properties: properties})
}

// cast adds a user or role that the policy names, also one of another account.
func (s *stage) cast(arn string) {
	a, ok := policy.SplitARN(arn)
	if s.cared[arn] || !ok || strings.HasSuffix(arn, "/me") {
		return
	}
	s.cared[arn] = true
	r := &evidence.Resource{Type: typeUser, ID: arn[strings.LastIndexByte(arn, '/')+1:], ARN: arn, Account: a.Account, Region: evidence.Global, Properties: s.whole()}
	if strings.HasPrefix(a.Resource, "role/") {
		r.Type = typeRole
		for _, other := range s.resources {
			if other.ARN == s.arn("role/"+nameTarget) {
				r.Properties = other.Properties
			}
		}
		s.resources = append(s.resources, &evidence.Resource{Type: typeInstanceProfile, ID: r.ID, ARN: strings.Replace(arn, ":role/", ":instance-profile/", 1), Account: r.Account, Region: evidence.Global,
			Properties: map[string]any{"InstanceProfileName": r.ID, "Roles": []any{r.ID}}})
	}
	s.resources = append(s.resources, r)
}

// thing adds something that runs with a role which may do everything.
func (s *stage) thing(t escalate.Thing, arn string) {
	a, ok := policy.SplitARN(arn)
	if s.cared[arn] || !ok || a.Account != s.account {
		return
	}
	s.cared[arn] = true
	where, value := t.Role, any(s.arn("role/"+nameTarget))
	if t.Profile != "" {
		where, value = t.Profile, nameTarget
	}
	names := strings.Split(where, ".")
	for i := len(names) - 1; i >= 0 && where != ""; i-- {
		value = map[string]any{names[i]: value}
	}
	properties, _ := value.(map[string]any)
	s.resources = append(s.resources, &evidence.Resource{Type: t.Type, ID: arn, ARN: arn, Account: s.account, Region: a.Region, Properties: properties})
}

// play lets a principal with the policy try every technique.
func (s *stage) play(bearer string, document map[string]any, techniques []escalate.Technique) ([]escalate.Hop, kleene.Value, error) {
	me := &evidence.Resource{Type: typeUser, ID: bearer[strings.LastIndexByte(bearer, '/')+1:], ARN: s.arn(bearer), Account: s.account, Region: evidence.Global, Properties: map[string]any{
		"Policies":          append(inline(document), map[string]any{"PolicyName": "guardrail", "PolicyDocument": oneDenied}),
		"ManagedPolicyArns": []any{s.arn("policy/mine"), s.arn("policy/guardrail")}, "PermissionsBoundary": s.arn("policy/boundary"),
	}}
	if strings.HasPrefix(bearer, "role/") {
		me.Type = typeRole
	} else {
		me.Properties["Groups"] = []any{"team"}
	}
	from := access.Evidence{Alone: true, Resources: func(yield func(*evidence.Resource, error) bool) {
		for _, r := range s.resources {
			if r.ARN != me.ARN && !yield(r, nil) {
				return
			}
		}
		yield(me, nil)
	}}
	w, err := Load(from, techniques)
	if err != nil {
		return nil, kleene.Unknown, fmt.Errorf("trying the policy: %w", err)
	}
	return w.search.Uses(me.ARN), w.judge.Administrator(escalate.Who{Principal: w.judge.index[me.ARN]}), nil
}

// maxWitnesses bounds how many of the resources that a policy names are tried.
const maxWitnesses = 8

// witnesses are ARNs of a form that the policy's Allow statements speak of by name.
func witnesses(doc *policy.Document, loose, account string) []string {
	var out []string
	for i := range doc.Statements {
		if doc.Statements[i].Effect != policy.Allow {
			continue
		}
		for _, r := range doc.Statements[i].Resources {
			if r.Partial || r.Value == "*" || strings.Contains(r.Value, "${") || len(out) == maxWitnesses {
				continue
			}
			one, ok := glob.ArnWitness(r.Value, loose)
			if !ok {
				continue
			}
			a, ok := policy.SplitARN(one)
			if !ok {
				continue
			}
			if a.Region == "" && strings.Contains(loose, ":*:") && !strings.HasPrefix(loose, "arn:aws:iam:") {
				a.Region = stageRegion
			}
			if a.Account == "" {
				a.Account = account
			}
			if strings.HasSuffix(r.Value, "*") && strings.HasSuffix(loose, "*") {
				a.Resource += nameTarget
			}
			if one = a.String(); len(a.Account) == len(Account) && !slices.Contains(out, one) {
				out = append(out, one)
			}
		}
	}
	return out
}

// accountOf is the account that a policy names most.
func accountOf(doc *policy.Document) string {
	count := map[string]int{}
	best := Account
	for i := range doc.Statements {
		for _, r := range doc.Statements[i].Resources {
			a, ok := policy.SplitARN(r.Value)
			if !ok || !policy.IsAccount(a.Account) {
				continue
			}
			count[a.Account]++
			if c := count[a.Account]; c > count[best] || c == count[best] && a.Account < best {
				best = a.Account
			}
		}
	}
	return best
}
