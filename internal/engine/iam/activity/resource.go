package activity

import (
	"cmp"
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/action"
	"holdfast.dev/holdfast/internal/engine/iam/glob"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
)

// target is one resource that an action is on.
type target struct {
	arn     string
	partial bool   // arn is only the start
	account string // that owns it; "" where not known
	kind    string // resource type in the catalogue
	assumed string
}

// mostTargets bounds how many requests one event becomes.
const mostTargets = 500

// targets are the resources that the action of an event is on. In this order: those
// the record lists, the ARNs among the parameters, ARNs made of names and ids among
// them; of a type that the action always needs and that is not named, the start.
func (m *Mapper) targets(r *Record, p *iam.Principal, a asked) []target {
	if len(a.action.Resources) == 0 {
		return []target{{arn: "*", account: r.account()}}
	}
	var found []target
	switch {
	case a.action.Service == "s3" || a.action.Service == "s3express":
		found = r.s3(a)
	case a.action.Service == "apigateway" && a.action.Name == strings.ToUpper(a.action.Name):
		found = r.gateway(a.action)
	case a.action.Service == "bedrock":
		found = r.model()
	case a.action.Service == "elasticloadbalancing":
		found = r.balancer()
	case a.action.String() == "iam:CreateServiceLinkedRole":
		found = r.serviceLinked()
	}
	if found == nil {
		f := filler{m: m, r: r, a: a, who: p, leaves: r.leaves()}
		found = r.only(a.action.Service, f.all())
	}
	slices.SortFunc(found, func(x, y target) int { return cmp.Or(cmp.Compare(x.kind, y.kind), cmp.Compare(x.arn, y.arn)) })
	found = slices.CompactFunc(found, func(x, y target) bool { return x.arn == y.arn && x.partial == y.partial })
	return found[:min(len(found), mostTargets)]
}

// owner is the account of a resource.
func (r *Record) owner(arn, service string) string {
	if a, ok := policy.SplitARN(arn); ok && policy.IsAccount(a.Account) {
		return a.Account
	}
	for _, res := range r.Resources {
		if policy.IsAccount(res.AccountID) && res.ARN != "" && (res.ARN == arn || strings.HasPrefix(arn, res.ARN+"/")) {
			return res.AccountID
		}
	}
	if service == "s3" || service == "ec2" && arn != "*" {
		return "" // buckets may be anybody's, and so may images and snapshots
	}
	return r.account()
}

// filler finds the resources of one action.
type filler struct {
	m      *Mapper
	r      *Record
	a      asked
	who    *iam.Principal
	leaves []leaf
}

func (f *filler) all() []target {
	var out []target
	filled := map[*action.ResourceType]bool{}
	add := func(u action.Use, list []target) {
		if len(list) > 0 {
			filled[u.Type] = true
			out = append(out, list...)
		}
	}
	if f.a.only == nil {
		for _, res := range f.r.Resources {
			if u, ok := f.typeOf(res.ARN); ok {
				add(u, []target{{arn: res.ARN, kind: u.Type.Name}})
			}
		}
	} else {
		f.leaves = nil
		for _, name := range f.a.only {
			for _, v := range textsAt(f.r.params(), name) {
				f.leaves = append(f.leaves, leaf{"arn", v})
			}
		}
	}
	listed := len(out) > 0
	for _, l := range f.leaves {
		if u, ok := f.typeOf(l.value); ok && !(listed && filled[u.Type]) {
			add(u, []target{{arn: l.value, kind: u.Type.Name}})
		}
	}
	trivial := func(u action.Use) bool { return len(variables(u.Type.ARN)) == 0 }
	for _, u := range f.a.action.Resources {
		if !filled[u.Type] && !trivial(u) {
			add(u, f.fill(u))
		}
	}
	for _, u := range f.a.action.Resources {
		if !filled[u.Type] && trivial(u) && (u.Required || len(out) == 0) {
			add(u, f.fill(u))
		}
	}
	for _, u := range f.a.action.Resources {
		if !filled[u.Type] && (u.Required || f.volume(u)) {
			out = append(out, f.start(u))
		}
	}
	if len(out) > 0 {
		return out
	}
	if f.a.action.Service != "ec2" || !f.a.action.Level.Mutates() {
		return []target{{partial: true}} // such requests may be asked about * as well
	}
	common := ""
	for i, u := range f.a.action.Resources {
		if start := f.start(u).arn; i == 0 {
			common = start
		} else {
			common = shared(common, start)
		}
	}
	return []target{{arn: common, partial: true}}
}

// volume tells whether instances are launched with volumes, as nearly all are; the
// permission for them is asked though the reference calls the type optional.
// Source: Amazon EC2 User Guide, "Example policies: launch instances".
func (f *filler) volume(u action.Use) bool {
	if f.a.action.String() != "ec2:RunInstances" || u.Type.Name != "volume" {
		return false
	}
	root := textsAt(f.r.ResponseElements, "instancesSet.rootDeviceType")
	return len(root) == 0 || root[0] != "instance-store"
}

// shared is what two texts start with alike.
func shared(a, b string) string {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return a[:n]
}

// typeOf tells which of the action's resource types an ARN is of: the one whose
// pattern says most.
func (f *filler) typeOf(arn string) (best action.Use, ok bool) {
	if !strings.HasPrefix(arn, "arn:") || strings.ContainsAny(arn, "*?") || strings.Count(arn, ":") < 5 {
		return best, false
	}
	most := -1
	for _, u := range f.a.action.Resources {
		g := u.Type.Glob()
		pattern := glob.Compile(g)
		if n := len(g); n > most && pattern.Match(arn) && sameService(g, arn) {
			best, most, ok = u, n, true
		}
	}
	return best, ok
}

// sameService keeps a * for a Region or account from swallowing the service.
func sameService(pattern, arn string) bool {
	p, a := strings.SplitN(pattern, ":", 4), strings.SplitN(arn, ":", 4)
	return len(p) == 4 && len(a) == 4 && (p[2] == a[2] || p[2] == "*")
}

// start is all that is known of a resource of which nothing is named.
func (f *filler) start(u action.Use) target {
	arn, whole := f.expand(u.Type.ARN, nil)
	if whole {
		return target{arn: arn, kind: u.Type.Name}
	}
	return target{arn: arn, partial: true, kind: u.Type.Name}
}
