package awsconfig

import "strings"

// iamTypes: documents are URL-encoded, resourceId is the AIDA…/AROA… id and
// resourceName the name.
func iamTypes() map[string]mapping {
	boundary := map[string]string{"permissionsboundary": "", "policies": ""}
	return map[string]mapping{
		"AWS::IAM::User": {id: byName, global: true, rename: boundary, adapt: iamUser,
			sees: "UserName Path Groups Policies ManagedPolicyArns PermissionsBoundary"},
		"AWS::IAM::Role": {id: byName, global: true, rename: boundary, adapt: iamRole,
			sees: "RoleName Path Policies ManagedPolicyArns PermissionsBoundary AssumeRolePolicyDocument"},
		"AWS::IAM::Group": {id: byName, global: true, adapt: iamGroup,
			sees: "GroupName Path Policies ManagedPolicyArns"},
		"AWS::IAM::Policy": {to: "AWS::IAM::ManagedPolicy", id: byARN, global: true, adapt: iamPolicy,
			rename: map[string]string{"policyname": "ManagedPolicyName"}, sees: "ManagedPolicyName Path Description"},
	}
}

func iamUser(d *draft) {
	set(d.p, "Groups", some(pluck(d.get("groupList"), "groupName")))
	iamIdentity(d, "userPolicyList")
	created(d)
	d.unobserved("PasswordLastUsed", "MFADevices")
}

func iamRole(d *draft) {
	set(d.p, "AssumeRolePolicyDocument", policy(d.get("assumeRolePolicyDocument"), "assumeRolePolicyDocument"))
	iamIdentity(d, "rolePolicyList")
	created(d)
	d.unobserved("LastUsed", "LastUsedRegion")
}

func created(d *draft) {
	d.unobserved("CreateDate")
	d.observe("CreateDate", when(d.get("createDate")))
}

func iamGroup(d *draft) { iamIdentity(d, "groupPolicyList") }

// iamIdentity is what users, roles and groups have alike.
func iamIdentity(d *draft, inline string) {
	var policies []any
	for _, e := range objects(d.get(inline)) {
		doc := policy(field(e, "policyDocument"), "policyDocument")
		if doc == nil {
			doc = unknownPolicy
		}
		p := map[string]any{"PolicyDocument": doc}
		set(p, "PolicyName", field(e, "policyName"))
		policies = append(policies, p)
	}
	set(d.p, "Policies", some(policies))
	set(d.p, "ManagedPolicyArns", some(pluck(d.get("attachedManagedPolicies"), "policyArn")))
	switch boundary := d.get("permissionsBoundary").(type) {
	case string:
		set(d.p, "PermissionsBoundary", boundary)
	case map[string]any:
		set(d.p, "PermissionsBoundary", field(boundary, "permissionsBoundaryArn"))
	}
}

// iamPolicy takes the document of the default version.
func iamPolicy(d *draft) {
	d.p["PolicyDocument"] = unknownPolicy
	for _, v := range objects(d.get("policyVersionList")) {
		if field(v, "isDefaultVersion") != true && field(v, "isDefaultVersion") != "true" {
			continue
		}
		if doc := policy(field(v, "document"), "the default version's document"); doc != nil {
			d.p["PolicyDocument"] = doc
		}
	}
	d.observe("AwsManaged", strings.Contains(d.item.ARN, ":iam::aws:"))
	d.observe("AttachmentCount", d.get("attachmentCount"))
	d.observe("DefaultVersionId", d.get("defaultVersionId"))
}
