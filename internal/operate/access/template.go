package access

import (
	"maps"
	"strings"

	"holdfast.dev/holdfast/internal/evidence"
)

// Settle makes what a template declares look like what was observed once it is
// deployed: resources get the ARNs that follow from their names (the logical id
// where the template gives none), references among them are followed, and
// policies that are declared apart are put where they are attached. What only a
// deployment can know stays unknown.
func Settle(template []evidence.Resource) []*evidence.Resource {
	t := &settling{byID: map[string]*evidence.Resource{}}
	for i := range template {
		r := template[i]
		r.ARN = declaredARN(&r)
		t.all = append(t.all, &r)
		if r.Origin != nil {
			t.byID[r.Origin.LogicalID] = &r
		}
	}
	for _, r := range t.all {
		if f, ok := byType[r.Type]; ok || strings.HasPrefix(r.Type, "AWS::IAM::") {
			r.Properties, _ = t.follow(r.Properties, 0).(map[string]any)
			if f.holding != nil {
				t.retarget(r, f.holding.target)
			}
		}
	}
	for _, r := range t.all {
		t.refer(r)
		t.attach(r)
	}
	return t.all
}

// refer follows what Ref gives for policies (their ARN) and groups (their name).
func (t *settling) refer(r *evidence.Resource) {
	if iamNames[r.Type].property == "" {
		return
	}
	for _, property := range []string{"ManagedPolicyArns", "Groups"} {
		list, _ := r.Properties[property].([]any)
		for i, v := range list {
			list[i] = t.referred(v)
		}
	}
	if b, ok := r.Properties["PermissionsBoundary"]; ok {
		r.Properties["PermissionsBoundary"] = t.referred(b)
	}
}

func (t *settling) referred(v any) any {
	u, ok := v.(evidence.Unknown)
	if r := t.byID[u.Ref]; ok && r != nil && u.Prefix == "" && u.Suffix == "" {
		switch r.Type {
		case typeManagedPolicy:
			return r.ARN
		case typeGroup:
			return nameOf(r.Properties["GroupName"], r.Origin.LogicalID)
		}
	}
	return v
}

type settling struct {
	all  []*evidence.Resource
	byID map[string]*evidence.Resource
}

// iamNames are the properties and the ARNs that name IAM's resources.
var iamNames = map[string]struct{ property, arn string }{
	typeUser: {"UserName", "user"}, typeRole: {"RoleName", "role"}, typeGroup: {"GroupName", "group"}, typeManagedPolicy: {"ManagedPolicyName", "policy"},
}

// declaredARN is the ARN that a declared resource is going to have.
func declaredARN(r *evidence.Resource) string {
	if r.ARN != "" {
		return r.ARN
	}
	if n, ok := iamNames[r.Type]; ok {
		id := r.ID
		if r.Origin != nil {
			id = r.Origin.LogicalID
		}
		path := nameOf(r.Properties["Path"], "/")
		return formARN(r.Partition, "iam::{account}:"+n.arn+path+nameOf(r.Properties[n.property], id), "", r.Account, "")
	}
	if f, ok := byType[r.Type]; ok && f.bearer.arn != "" && f.holding == nil {
		return arnOf(r, f.bearer)
	}
	return ""
}

// deepest bounds how deep values are followed; evidence is never deeper.
const deepest = 128

// follow replaces references to ARNs of resources in the same template.
func (t *settling) follow(v any, depth int) any {
	if depth > deepest {
		return v
	}
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			out[k] = t.follow(e, depth+1)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = t.follow(e, depth+1)
		}
		return out
	case evidence.Unknown:
		return t.resolve(v)
	}
	return v
}

// resolve follows a reference to an ARN: by attribute, of which "arn:" is all
// that is known, or by name where the ARN of a bucket is spelt out.
func (t *settling) resolve(u evidence.Unknown) any {
	r := t.byID[u.Ref]
	switch {
	case r == nil || r.ARN == "":
		return u
	case u.Prefix == "arn:":
		return r.ARN + u.Suffix
	case r.Type == typeBucket && strings.HasSuffix(u.Prefix, ":s3:::"):
		return u.Prefix + r.ID + u.Suffix
	}
	return u
}

// retarget makes what a policy is attached to an ARN: a plain reference to a
// resource is its name there, whatever Ref gives for its type.
func (t *settling) retarget(r *evidence.Resource, property string) {
	list := []any{}
	for _, v := range listOf(r.Properties[property]) {
		if u, ok := v.(evidence.Unknown); ok && u.Prefix == "" && u.Suffix == "" && t.byID[u.Ref] != nil {
			v = t.byID[u.Ref].ARN
		}
		list = append(list, v)
	}
	r.Properties[property] = list
}

// attachments are the properties that name whom a policy is attached to.
var attachments = []struct{ property, typ string }{
	{"Roles", typeRole}, {"Users", typeUser}, {"Groups", typeGroup},
	{"RoleName", typeRole}, {"UserName", typeUser}, {"GroupName", typeGroup},
}

// attach puts a policy that is declared apart where it belongs.
func (t *settling) attach(r *evidence.Resource) {
	switch r.Type {
	case "AWS::IAM::Policy", "AWS::IAM::RolePolicy", "AWS::IAM::UserPolicy", "AWS::IAM::GroupPolicy", typeManagedPolicy:
	case "AWS::IAM::UserToGroupAddition":
		for _, user := range listOf(r.Properties["Users"]) {
			t.extend(typeUser, user, "Groups", t.named(typeGroup, r.Properties["GroupName"]))
		}
		return
	default:
		return
	}
	property := "Policies"
	var entry any = map[string]any{"PolicyName": nameOf(r.Properties["PolicyName"], r.ID), "PolicyDocument": r.Properties["PolicyDocument"]}
	if r.Type == typeManagedPolicy {
		property, entry = "ManagedPolicyArns", r.ARN
	}
	if r.Origin != nil && r.Origin.Conditional {
		entry = evidence.Unknown{Reason: "whether " + r.Origin.LogicalID + " exists depends on a condition"}
	}
	for _, a := range attachments {
		for _, who := range listOf(r.Properties[a.property]) {
			t.extend(a.typ, who, property, entry)
		}
	}
}

// extend adds to a list of the user, role or group that is meant. One that the
// template does not declare is somebody else's.
func (t *settling) extend(typ string, who any, property string, entry any) {
	for _, r := range t.all {
		if r.Type != typ || !t.means(r, who) {
			continue
		}
		r.Properties = maps.Clone(r.Properties)
		switch list := r.Properties[property].(type) {
		case nil:
			r.Properties[property] = []any{entry}
		case []any:
			r.Properties[property] = append(list[:len(list):len(list)], entry)
		}
	}
}

func (t *settling) means(r *evidence.Resource, who any) bool {
	switch who := who.(type) {
	case string:
		return who == r.ID || who == text(r.Properties[iamNames[r.Type].property])
	case evidence.Unknown:
		return who.Ref != "" && r.Origin != nil && who.Ref == r.Origin.LogicalID
	}
	return false
}

// named is the name of a resource that is referred to.
func (t *settling) named(typ string, v any) any {
	for _, r := range t.all {
		if r.Type == typ && t.means(r, v) {
			return nameOf(r.Properties[iamNames[typ].property], r.Origin.LogicalID)
		}
	}
	return v
}
