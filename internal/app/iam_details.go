package app

import (
	"net/url"
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam/policy"
	"holdfast.dev/holdfast/internal/evidence"
)

// detailTypes are what the authorization details tell all of.
var detailTypes = []string{"AWS::IAM::User", "AWS::IAM::Group", "AWS::IAM::Role", "AWS::IAM::ManagedPolicy"}

// detailLists are the lists of the authorization details, by type.
var detailLists = []struct{ list, typ, name, inline string }{
	{"UserDetailList", "AWS::IAM::User", "UserName", "UserPolicyList"},
	{"GroupDetailList", "AWS::IAM::Group", "GroupName", "GroupPolicyList"},
	{"RoleDetailList", "AWS::IAM::Role", "RoleName", "RolePolicyList"},
	{"Policies", "AWS::IAM::ManagedPolicy", "PolicyName", ""},
}

// isDetails tells whether an object is the answer of
// iam:GetAccountAuthorizationDetails, or a part of it.
func isDetails(object map[string]any) bool {
	for _, l := range detailLists[:3] {
		if _, ok := object[l.list].([]any); ok {
			return true
		}
	}
	return false
}

// authorizationDetails turns the answer into evidence.
// Source: AWS IAM API Reference, GetAccountAuthorizationDetails.
func authorizationDetails(object map[string]any) ([]*evidence.Resource, error) {
	var out []*evidence.Resource
	account := ""
	for _, l := range detailLists {
		list, _ := object[l.list].([]any)
		for _, e := range list {
			d, _ := e.(map[string]any)
			r := &evidence.Resource{Type: l.typ, ARN: str(d["Arn"]), ID: str(d[l.name]), Region: evidence.Global, Source: "aws"}
			if r.ARN == "" || r.ID == "" {
				continue
			}
			arn, _ := policy.SplitARN(r.ARN)
			if r.Account = arn.Account; account == "" && r.Account != "aws" {
				account = r.Account
			}
			r.Tags = tags(d["Tags"])
			if r.Properties = detail(d, l.name, l.inline); l.typ == "AWS::IAM::ManagedPolicy" {
				r.ID = r.ARN
				r.Properties = map[string]any{"ManagedPolicyName": str(d["PolicyName"]), "PolicyDocument": defaultVersion(d)}
			}
			out = append(out, r)
		}
	}
	if account == "" {
		return nil, errNoAccount
	}
	for _, r := range out {
		r.Account = account // those of AWS are the account's to use
	}
	return out, nil
}

// detail is a user, group or role in the shape of its schema.
func detail(d map[string]any, name, inline string) map[string]any {
	p := map[string]any{name: d[name], "Observed": observedDetail(d, name)}
	if path := str(d["Path"]); path != "" {
		p["Path"] = path
	}
	if groups, ok := d["GroupList"].([]any); ok {
		p["Groups"] = groups
	}
	if trust, ok := d["AssumeRolePolicyDocument"]; ok {
		p["AssumeRolePolicyDocument"] = documentOf(trust)
	}
	if boundary, ok := d["PermissionsBoundary"].(map[string]any); ok {
		p["PermissionsBoundary"] = boundary["PermissionsBoundaryArn"]
	}
	attached := []any{}
	for _, e := range asList(d["AttachedManagedPolicies"]) {
		entry, _ := e.(map[string]any)
		attached = append(attached, entry["PolicyArn"])
	}
	p["ManagedPolicyArns"] = attached
	policies := []any{}
	for _, e := range asList(d[inline]) {
		entry, _ := e.(map[string]any)
		policies = append(policies, map[string]any{"PolicyName": entry["PolicyName"], "PolicyDocument": documentOf(entry["PolicyDocument"])})
	}
	p["Policies"] = policies
	return p
}

// observedDetail is what stands beside the schema. When a user's password was
// used the details leave out, so that it must not pass for never.
func observedDetail(d map[string]any, name string) map[string]any {
	observed := map[string]any{"CreateDate": d["CreateDate"]}
	for _, key := range []string{"UserId", "RoleId"} {
		if id := str(d[key]); id != "" {
			observed["UniqueId"] = id
		}
	}
	used, told := d["RoleLastUsed"].(map[string]any)
	switch {
	case name == "UserName":
		observed["PasswordLastUsed"] = evidence.Unknown{Reason: "authorization details do not tell when a password was used"}
	case name != "RoleName":
	case !told:
		observed["LastUsed"] = evidence.Unknown{Reason: "the file does not tell when the role was used"}
	case used["LastUsedDate"] != nil:
		observed["LastUsed"], observed["LastUsedRegion"] = used["LastUsedDate"], used["Region"]
	}
	return observed
}

func defaultVersion(d map[string]any) any {
	for _, e := range asList(d["PolicyVersionList"]) {
		if version, _ := e.(map[string]any); version["IsDefaultVersion"] == true {
			return documentOf(version["Document"])
		}
	}
	return evidence.Unknown{Reason: "the default version of the policy is not in the file", Present: true}
}

// documentOf is a document as the AWS CLI prints it (an object), or as the API
// answers it (URL-encoded JSON).
func documentOf(v any) any {
	s, ok := v.(string)
	if !ok {
		return v
	}
	if !strings.HasPrefix(strings.TrimSpace(s), "{") {
		if plain, err := url.PathUnescape(s); err == nil {
			s = plain
		}
	}
	doc, err := evidence.Decode([]byte(s))
	if err != nil {
		return evidence.Unknown{Reason: "the document is not JSON: " + err.Error(), Present: true}
	}
	return doc
}

func tags(v any) map[string]string {
	var out map[string]string
	for _, e := range asList(v) {
		tag, _ := e.(map[string]any)
		if key := str(tag["Key"]); key != "" {
			if out == nil {
				out = map[string]string{}
			}
			out[key] = str(tag["Value"])
		}
	}
	return out
}

func str(v any) string { s, _ := v.(string); return s }

func asList(v any) []any { list, _ := v.([]any); return list }
