package paths

import (
	"iter"
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/escalate"
	"holdfast.dev/holdfast/internal/engine/iam/managed"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/kleene"
	"holdfast.dev/holdfast/internal/operate/access"
)

const (
	typeUser            = "AWS::IAM::User"
	typeRole            = "AWS::IAM::Role"
	typeGroup           = "AWS::IAM::Group"
	typeManagedPolicy   = "AWS::IAM::ManagedPolicy"
	typeInstanceProfile = "AWS::IAM::InstanceProfile"
	typeCredentials     = "Holdfast::IAM::Credentials"
)

// facts are what the search needs of the evidence beside the estate.
type facts struct {
	from     access.Evidence
	things   map[string]escalate.Thing
	groups   map[string]*group // by ARN
	byName   map[named]string  // ARNs of groups, by account and name
	policies map[string]any    // documents of managed policies, by ARN
	profiles map[named]profile
	users    map[string]*login // by ARN
	holders  []holder
	declared map[string]bool    // accounts that templates were read for
	logical  map[logical]string // what references in templates lead to: ARNs of roles, names of instance profiles
	notes    []string
}

type named struct{ account, name string }

// logical is a resource by its name in a template.
type logical struct{ file, id string }

// group is a group as the evidence has it.
type group struct {
	arn, account string
	inline       []*iam.Policy
	attached     []string
	unseen       string
	set          *iam.Set // once it was asked for
}

// login is how a user may sign in; the zero value is that nothing was seen.
type login struct {
	password, mfa kleene.Value
	keys          int
}

// holder is something with a role, before names are resolved.
type holder struct {
	resource *evidence.Resource
	value    any
	profile  bool
}

func newFacts(from access.Evidence, techniques []escalate.Technique) *facts {
	f := &facts{from: from, things: map[string]escalate.Thing{}, groups: map[string]*group{}, byName: map[named]string{}, policies: map[string]any{},
		profiles: map[named]profile{}, users: map[string]*login{}, declared: map[string]bool{}, logical: map[logical]string{}}
	for _, t := range things(techniques) {
		f.things[t.Type] = t
	}
	return f
}

// watch passes the evidence on and notes what is of interest.
func (f *facts) watch(resources iter.Seq2[*evidence.Resource, error]) iter.Seq2[*evidence.Resource, error] {
	return func(yield func(*evidence.Resource, error) bool) {
		for r, err := range resources {
			if err == nil {
				f.add(r)
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

func (f *facts) add(r *evidence.Resource) {
	if r.Origin != nil {
		f.declared[r.Account] = true
		switch key := (logical{r.Origin.File, r.Origin.LogicalID}); r.Type {
		case typeRole:
			f.logical[key] = r.ARN
		case typeInstanceProfile:
			f.logical[key] = profileName(r)
		}
	}
	switch r.Type {
	case typeGroup:
		f.addGroup(r)
	case typeManagedPolicy:
		f.policies[either(r.ARN, r.ID)] = r.Properties["PolicyDocument"]
	case typeInstanceProfile:
		f.addProfile(r)
	case typeUser:
		f.addUser(r)
	case typeCredentials:
		f.addCredentials(r)
	}
	if thing, ok := f.things[r.Type]; ok {
		where := thing.Role
		if thing.Profile != "" {
			where = thing.Profile
		}
		f.holders = append(f.holders, holder{r, at(r.Properties, where), thing.Profile != ""})
	}
}

func (f *facts) addGroup(r *evidence.Resource) {
	g := &group{arn: r.ARN, account: r.Account}
	list, ok := r.Properties["Policies"].([]any)
	if !ok && r.Properties["Policies"] != nil {
		g.unseen = "the policies of the group are not known"
	}
	for _, e := range list {
		entry, _ := e.(map[string]any)
		name, _ := entry["PolicyName"].(string)
		g.inline = append(g.inline, iam.Compile(either(name, "inline"), policy.Of(entry["PolicyDocument"])))
	}
	list, ok = r.Properties["ManagedPolicyArns"].([]any)
	if !ok && r.Properties["ManagedPolicyArns"] != nil {
		g.unseen = "the policies of the group are not known"
	}
	for _, e := range list {
		arn, _ := e.(string)
		g.attached = append(g.attached, arn)
	}
	f.groups[g.arn] = g
	name, _ := r.Properties["GroupName"].(string)
	f.byName[named{r.Account, either(name, r.ID)}] = g.arn
}

// profile is what an instance profile says of its roles.
type profile struct {
	roles  []any
	origin *evidence.Origin
}

func (f *facts) addProfile(r *evidence.Resource) {
	roles, _ := r.Properties["Roles"].([]any)
	f.profiles[named{r.Account, profileName(r)}] = profile{roles, r.Origin}
}

func profileName(r *evidence.Resource) string {
	name, _ := r.Properties["InstanceProfileName"].(string)
	return either(name, r.ID)
}

// text is a value that is a string, or a reference that leads to one.
func (f *facts) text(v any, origin *evidence.Origin) (string, bool) {
	if u, ok := v.(evidence.Unknown); ok && origin != nil && u.Ref != "" {
		s, ok := f.logical[logical{origin.File, u.Ref}]
		return s, ok
	}
	s, ok := v.(string)
	return s, ok
}

// rolesOf are the names or ARNs of the roles of an instance profile.
func (f *facts) rolesOf(account, name string) ([]string, bool) {
	p, ok := f.profiles[named{account, name}]
	var out []string
	for _, v := range p.roles {
		if role, ok := f.text(v, p.origin); ok {
			out = append(out, role)
		}
	}
	return out, ok
}

func (f *facts) login(arn string) *login {
	if f.users[arn] == nil {
		f.users[arn] = &login{keys: -1}
	}
	return f.users[arn]
}

// addUser reads what the user itself says. Templates declare a password with it.
func (f *facts) addUser(r *evidence.Resource) {
	l := f.login(r.ARN)
	observed, _ := r.Properties["Observed"].(map[string]any)
	if n, ok := observed["MFADevices"].(int64); ok {
		l.device(n > 0)
	}
	if r.Origin != nil {
		l.password = kleene.Of(r.Properties["LoginProfile"] != nil)
	}
}

// device notes whether one of two sources knows an MFA device. The credential
// report may be some hours old, so the one that does is believed.
func (l *login) device(there bool) {
	if there || l.mfa == kleene.Unknown {
		l.mfa = kleene.Of(there)
	}
}

// addCredentials reads a row of the credential report.
func (f *facts) addCredentials(r *evidence.Resource) {
	l := f.login(r.ARN)
	if enabled, ok := r.Properties["PasswordEnabled"].(bool); ok {
		l.password = kleene.Of(enabled)
	}
	if active, ok := r.Properties["MfaActive"].(bool); ok {
		l.device(active)
	}
	switch keys := r.Properties["AccessKeys"].(type) {
	case nil:
		l.keys = 0
	case []any:
		l.keys = len(keys)
	}
}

// at is the value at a dotted path of properties.
func at(v any, path string) any {
	for path != "" && v != nil {
		var name string
		name, path, _ = strings.Cut(path, ".")
		fields, ok := v.(map[string]any)
		if !ok {
			return v // a part that was not seen hides what is below it
		}
		v = fields[name]
	}
	return v
}

// policies of a group, compiled when somebody may join it.
func (f *facts) policiesOf(g *group, known map[string]*iam.Policy) *iam.Set {
	if g.set != nil {
		return g.set
	}
	g.set = &iam.Set{Policies: g.inline, Unseen: g.unseen}
	for _, arn := range g.attached {
		if p := f.policy(arn, known); p != nil {
			g.set.Policies = append(g.set.Policies, p)
		} else if g.set.Unseen == "" && !f.from.Alone {
			g.set.Unseen = "policy " + arn + " was not collected"
		}
	}
	return g.set
}

// policy is a managed policy: as the estate has it, as the evidence has it, or as
// AWS publishes it.
func (f *facts) policy(arn string, known map[string]*iam.Policy) *iam.Policy {
	if p, ok := known[arn]; ok {
		return p
	}
	if body, ok := f.policies[arn]; ok {
		known[arn] = iam.Compile(arn, policy.Of(body))
	} else if text, ok := managed.Policy(arn); ok {
		if doc, problems := policy.Parse(text); doc != nil && problems.Err() == nil {
			known[arn] = iam.Compile(arn, doc)
		}
	}
	return known[arn]
}

func either(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
