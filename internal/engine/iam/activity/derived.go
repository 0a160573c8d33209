package activity

import (
	"strings"
	"sync"

	"holdfast.dev/holdfast/internal/engine/iam"
)

// extra is a permission that an event needed besides its own.
type extra struct {
	action     string
	target     target
	conditions []Condition
	maybe      bool
}

// rows reads a table of the package: per action the rest of each of its lines.
func rows(table string) map[string][][]string {
	out := map[string][][]string{}
	for line := range strings.Lines(table) {
		if f := strings.Fields(line); len(f) > 1 {
			out[f[0]] = append(out[f[0]], f[1:])
		}
	}
	return out
}

var (
	passRows    = sync.OnceValue(func() map[string][][]string { return rows(passes) })
	profileRows = sync.OnceValue(func() map[string][][]string { return rows(profiles) })
	taggedRows  = sync.OnceValue(func() map[string][][]string { return rows(tagged) })
)

// derived are the permissions that the event needed and that have no record.
func (m *Mapper) derived(r *Record, p *iam.Principal, asked []asked) []extra {
	var out []extra
	for _, a := range asked {
		name := a.action.String()
		for _, row := range passRows()[name] {
			for _, role := range textsAt(r.params(), row[0]) {
				if t, ok := m.role(r, role); ok {
					out = append(out, extra{action: "iam:PassRole", target: t, conditions: passedTo(row[1])})
				}
			}
		}
		if passRows()[name] == nil {
			out = append(out, m.maybe(r, a)...)
		}
		for _, row := range profileRows()[name] {
			if t, ok := m.profileRole(r, row[0]); ok {
				out = append(out, extra{action: "iam:PassRole", target: t, conditions: passedTo("ec2.amazonaws.com")})
			}
		}
		for _, row := range taggedRows()[name] {
			if r.givesTags() {
				for _, t := range r.made(a, m.targets(r, p, a)) {
					out = append(out, extra{action: row[0], target: t})
				}
			}
		}
		switch {
		case name == "sts:AssumeRole" && r.param("sourceIdentity") != "":
			for _, t := range m.targets(r, p, a) {
				out = append(out, extra{action: "sts:SetSourceIdentity", target: t})
			}
		case a.action.Service == "ec2" && name != "ec2:CreateTags":
			out = append(out, r.createTags(a)...)
		}
	}
	return out
}

// maybe are the roles that a call names which is not known to hand them on.
func (m *Mapper) maybe(r *Record, a asked) []extra {
	if !a.action.Level.Mutates() || a.action.Service == "iam" || a.action.Service == "sts" {
		return nil
	}
	var out []extra
	for _, l := range r.leaves() {
		if strings.Contains(plain(l.name), "role") && strings.HasPrefix(l.value, "arn:") {
			if t, ok := m.role(r, l.value); ok {
				out = append(out, extra{action: "iam:PassRole", target: t, maybe: true})
			}
		}
	}
	return out
}

func passedTo(service string) []Condition {
	if service == "-" {
		return nil
	}
	return []Condition{{"iam:PassedToService", service}}
}

// role is the role with this ARN or name.
func (m *Mapper) role(r *Record, v string) (target, bool) {
	t := target{kind: "role"}
	if strings.HasPrefix(v, "arn:") {
		t.arn = v
		return t, strings.Contains(v, ":role/")
	}
	if v == hidden || strings.ContainsAny(v, ":*? ") {
		return t, false
	}
	with, known := m.names.path(r.account(), "role", strings.TrimPrefix(v, "/"))
	if !known && !strings.Contains(v, "/") {
		t.assumed = "the role is taken to have no path"
	}
	t.arn = "arn:" + r.partition() + ":iam::" + r.account() + ":role/" + with
	t.account = r.account()
	return t, true
}

// profileRole is the role in the instance profile that stands at a path.
func (m *Mapper) profileRole(r *Record, path string) (target, bool) {
	var profile string
	for _, at := range []string{path + ".arn", path + ".name", path} {
		for _, v := range textsAt(r.params(), at) {
			profile = v[strings.LastIndexByte(v, '/')+1:]
		}
	}
	if profile == "" {
		return target{}, false
	}
	for _, role := range m.names.profiles[r.account()+"/"+profile] {
		return m.role(r, role)
	}
	return target{
		arn: "arn:" + r.partition() + ":iam::" + r.account() + ":role/", partial: true, account: r.account(), kind: "role",
		assumed: "which role the instance profile " + profile + " holds is not known",
	}, true
}

// givesTags tells whether the request gives tags to what it makes.
func (r *Record) givesTags() bool {
	for name, v := range r.params() {
		switch strings.ToLower(name) {
		case "tags", "tagset", "tagslist", "taglist":
			switch v := v.(type) {
			case []any:
				return len(v) > 0
			case map[string]any:
				return len(v) > 0
			}
		}
	}
	return false
}

// made are those of an event's resources that it makes: those it is named after, or
// else those it always needs.
func (r *Record) made(a asked, all []target) []target {
	event := plain(suffix.ReplaceAllString(r.EventName, ""))
	var named, needed []target
	for _, t := range all {
		if t.kind != "" && strings.HasSuffix(event, plain(t.kind)) {
			named = append(named, t)
		}
		if u, ok := a.action.Use(t.kind); !ok || u.Required {
			needed = append(needed, t)
		}
	}
	if len(named) > 0 {
		return named
	}
	return needed
}

// createTags is what Amazon EC2 asks when something is made with tags.
func (r *Record) createTags(a asked) []extra {
	var out []extra
	specs := textsAt(r.params(), "tagSpecificationSet.resourceType")
	specs = append(specs, textsAt(r.params(), r.EventName+"Request.TagSpecification.ResourceType")...)
	for _, kind := range specs {
		use, ok := a.action.Use(kind)
		if !ok {
			continue
		}
		f := filler{r: r, a: a}
		out = append(out, extra{action: "ec2:CreateTags", target: f.start(use), conditions: []Condition{{"ec2:CreateAction", a.action.Name}}})
	}
	return out
}
