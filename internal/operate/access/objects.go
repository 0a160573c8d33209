package access

import (
	"fmt"
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/evidence"
)

// draft is an object while the estate is loaded.
type draft struct {
	object *Object
	bearer *bearer
	id     string
	bucket bucketDraft
	opens  string // the bucket behind an access point
	// permissions are the statements of a function's policy.
	permissions []any
}

// name is how a resource is referred to other than by its ARN.
type name struct{ typ, account, region, id string }

// held is a policy that is declared apart from what it is attached to.
type held struct {
	*holding
	bearer   *bearer
	account  string
	region   string
	id       string
	target   any
	policy   *iam.Policy
	unseen   string
	document any // of a permission: its statement
}

// object takes a resource that has a policy, or holds that of another.
func (l *loader) object(r *evidence.Resource, f found) {
	if f.holding != nil {
		l.hold(r, f)
		return
	}
	arn := arnOf(r, f.bearer)
	if arn == "" || l.objects[arn] != nil {
		return
	}
	d := &draft{bearer: f.bearer, id: r.ID, object: &Object{ARN: arn, Type: r.Type, Account: r.Account, Region: r.Region, Tags: r.Tags, Seen: true}}
	_, hidden := r.Properties["Tags"].(evidence.Unknown)
	d.object.TagsSeen = !hidden
	l.objects[arn] = d
	l.names[name{r.Type, r.Account, r.Region, r.ID}] = d
	switch r.Type {
	case typeBucket:
		d.bucket = bucketOf(r)
	case typeAccessPoint:
		d.opens = text(r.Properties["Bucket"])
	}
	if f.bearer.policy == "" {
		return
	}
	body, known := property(r.Properties, f.bearer.policy)
	switch {
	case !known:
		d.object.Policy = &iam.Set{Unseen: reason(body, "its policy is not known")}
	case body != nil:
		set := &iam.Set{}
		d.object.Policy = set
		l.docs.add(policyName(f.bearer.policy), body, func(p *iam.Policy) { set.Policies = []*iam.Policy{p} })
	}
}

// policyName is what a policy that is part of its resource goes by.
func policyName(path string) string {
	last := path[strings.LastIndexByte(path, '/')+1:]
	if last == "AssumeRolePolicyDocument" {
		return "trust policy"
	}
	return last
}

// property follows a path of objects; known is false where something on the way
// was not seen.
func property(p map[string]any, path string) (v any, known bool) {
	v = p
	for _, part := range strings.Split(path, "/") {
		object, ok := v.(map[string]any)
		if !ok {
			_, hidden := v.(evidence.Unknown)
			return v, !hidden && v == nil
		}
		v = object[part]
	}
	if _, hidden := v.(evidence.Unknown); hidden {
		return v, false
	}
	return v, true
}

// hold keeps a policy until what it is attached to is known.
func (l *loader) hold(r *evidence.Resource, f found) {
	h := held{holding: f.holding, bearer: f.bearer, account: r.Account, region: r.Region, id: r.ID, target: r.Properties[f.holding.target]}
	if r.Type == typePermission {
		h.document = permission(r.Properties)
		if strings.HasSuffix(r.ID, "|*") {
			h.document, h.unseen = nil, reason(r.Properties["Principal"], "the policy of the function was not seen")
		}
		l.held = append(l.held, h)
		return
	}
	body, known := property(r.Properties, f.holding.policy)
	if !known {
		h.unseen = reason(body, "its policy is not known")
		l.held = append(l.held, h)
		return
	}
	at := len(l.held)
	l.held = append(l.held, h)
	l.docs.add(strings.TrimPrefix(r.Type[strings.LastIndexByte(r.Type, ':')+1:], "Inline"), body, func(p *iam.Policy) { l.held[at].policy = p })
}

// resources attaches what is held, and finishes the objects.
func (l *loader) resources() {
	var functions []*draft
	for i := range l.held {
		h := &l.held[i]
		for _, target := range listOf(h.target) {
			d := l.target(h, target)
			switch {
			case d == nil:
				l.estate.notes = append(l.estate.notes, fmt.Sprintf("%s %q in account %s is attached to something that was not seen", h.typ, h.id, h.account))
			case h.document != nil:
				if d.permissions == nil {
					functions = append(functions, d)
				}
				d.permissions = append(d.permissions, withResource(h.document, d.object.ARN, text(target)))
			case h.unseen != "":
				attach(d.object).Unseen = h.unseen
			default:
				set := attach(d.object)
				set.Policies = append(set.Policies, h.policy)
			}
		}
	}
	for _, d := range functions {
		set := attach(d.object)
		l.docs.add("Permissions", map[string]any{"Version": "2012-10-17", "Statement": d.permissions}, func(p *iam.Policy) { set.Policies = append(set.Policies, p) })
	}
	l.docs.done()
	e := l.estate
	for arn, d := range l.objects {
		l.finish(d)
		e.objectAt[arn] = d.object
		e.objects = append(e.objects, d.object)
	}
	l.accessPoints()
	slices.SortFunc(e.objects, func(a, b *Object) int { return strings.Compare(a.ARN, b.ARN) })
	slices.Sort(e.notes)
	e.notes = slices.Compact(e.notes)
}

// accessPoints marks those whose bucket has a policy too: that has a say in what
// passes the access point, and speaks of the bucket's ARN, not of this one.
func (l *loader) accessPoints() {
	for _, d := range l.objects {
		if d.opens == "" || l.from.Alone {
			continue
		}
		bucket := l.objects["arn:aws:s3:::"+d.opens]
		if bucket == nil || bucket.object.Policy != nil {
			attach(d.object).Unseen = "what the policy of bucket " + d.opens + " says of requests through the access point is not weighed"
		}
	}
}

func attach(o *Object) *iam.Set {
	if o.Policy == nil {
		o.Policy = &iam.Set{}
	}
	return o.Policy
}

// target is the object that a policy is attached to.
func (l *loader) target(h *held, v any) *draft {
	s, ok := textOf(v)
	if !ok {
		return nil
	}
	if strings.HasPrefix(s, "arn:") {
		if d := l.objects[s]; d != nil {
			return d
		}
		if h.bearer.typ == "AWS::Lambda::Function" {
			if parts := strings.SplitN(s, ":", 8); len(parts) == 8 {
				return l.objects[strings.TrimSuffix(s, ":"+parts[7])]
			}
		}
		return nil
	}
	if h.bearer.typ == "AWS::Lambda::Function" {
		s, _, _ = strings.Cut(s[strings.LastIndex(s, "function:")+1:], ":")
	}
	for _, region := range []string{h.region, evidence.Global, ""} {
		if d := l.names[name{h.bearer.typ, h.account, region, s}]; d != nil {
			return d
		}
	}
	// A queue goes by its URL, whose last part is its name.
	return l.objects[formARN("", h.bearer.arn, h.region, h.account, s[strings.LastIndexByte(s, '/')+1:])]
}

// finish sets what the account and its organisation say of an object, and
// whether a policy may be there that was not seen.
func (l *loader) finish(d *draft) {
	o := d.object
	l.estate.own(o)
	// What is observed of a policy comes as the first of the types that can hold
	// it; the others are other ways for a template to declare it.
	for _, h := range d.bearer.holders[:min(1, len(d.bearer.holders))] {
		if why := l.estate.seen.missing(o.Account, h.typ, d.id, o.ARN); why != "" && attach(o).Unseen == "" {
			o.Policy.Unseen = why
		}
	}
	if l.from.Alone && o.Policy != nil {
		if o.Policy.Unseen = ""; len(o.Policy.Policies) == 0 {
			o.Policy = nil
		}
	}
	if o.Type == typeBucket {
		d.bucket.hidden = d.bucket.hidden && !l.from.Alone
		o.Bucket = d.bucket.with(l.block(o.Account), l.owner[o.Account])
	}
}

// own sets what the owner of an object says of it.
func (e *Estate) own(o *Object) {
	m := e.membership(o.Account)
	o.RCPs, o.Management = m.rcps, m.management
	if o.OrgSeen, o.OrgID = m.seen, m.org; m.org != "" {
		o.OrgPaths = []string{m.path}
	}
}
