package collect

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/source/aws"
)

const (
	typeUser            = "AWS::IAM::User"
	typeGroup           = "AWS::IAM::Group"
	typeRole            = "AWS::IAM::Role"
	typeManagedPolicy   = "AWS::IAM::ManagedPolicy"
	typeInstanceProfile = "AWS::IAM::InstanceProfile"
)

// iamCollector reads users, groups, roles and policies in one listing.
func iamCollector() aws.Collector {
	return aws.Collector{
		Name: "iam", Service: "iam", Scope: aws.GlobalScope,
		Types:      []string{typeUser, typeGroup, typeRole, typeManagedPolicy, typeInstanceProfile},
		Actions:    []string{"iam:GetAccountAuthorizationDetails", "iam:ListInstanceProfiles", "iam:ListMFADevices", "iam:ListUsers"},
		Operations: []string{"iam.GetAccountAuthorizationDetails", "iam.ListInstanceProfiles", "iam.ListMFADevices", "iam.ListUsers"},
		Collect: func(ctx context.Context, s *aws.Session) error {
			w := &iamWalk{s: s, client: iam.NewFromConfig(s.Config)}
			w.instanceProfiles(ctx)
			return w.details(ctx)
		},
	}
}

type iamWalk struct {
	s      *aws.Session
	client *iam.Client
}

func (w *iamWalk) details(ctx context.Context) error {
	used, usedErr := w.passwordsUsed(ctx)
	err := aws.Pages(ctx, w.s, "iam", "GetAccountAuthorizationDetails", w.client.GetAccountAuthorizationDetails, &iam.GetAccountAuthorizationDetailsInput{},
		func(in *iam.GetAccountAuthorizationDetailsInput, out *iam.GetAccountAuthorizationDetailsOutput) bool {
			return aws.NextToken(&in.Marker, out.Marker) && out.IsTruncated
		},
		func(out *iam.GetAccountAuthorizationDetailsOutput) error {
			for _, g := range out.GroupDetailList {
				w.group(g)
			}
			for _, r := range out.RoleDetailList {
				w.role(r)
			}
			for _, p := range out.Policies {
				w.policy(p)
			}
			return aws.Each(ctx, out.UserDetailList, func(ctx context.Context, u types.UserDetail) error {
				w.user(ctx, u, used, usedErr)
				return ctx.Err()
			})
		})
	w.s.Gap("iam", "GetAccountAuthorizationDetails", err, []string{typeUser, typeGroup, typeRole, typeManagedPolicy}, "")
	return ctx.Err()
}

// passwordsUsed is when each user last signed in with a password, which the
// authorization details leave out.
func (w *iamWalk) passwordsUsed(ctx context.Context) (map[string]any, error) {
	used := map[string]any{}
	err := aws.Pages(ctx, w.s, "iam", "ListUsers", w.client.ListUsers, &iam.ListUsersInput{},
		func(in *iam.ListUsersInput, out *iam.ListUsersOutput) bool {
			return aws.NextToken(&in.Marker, out.Marker) && out.IsTruncated
		},
		func(out *iam.ListUsersOutput) error {
			for _, u := range out.Users {
				used[text(u.UserName)] = when(u.PasswordLastUsed)
			}
			return nil
		})
	return used, err
}

func (w *iamWalk) user(ctx context.Context, u types.UserDetail, used map[string]any, usedErr error) {
	name := text(u.UserName)
	p := identity(u.Path, u.AttachedManagedPolicies, u.UserPolicyList)
	p["UserName"] = name
	set(p, "Groups", value(u.GroupList))
	boundary(p, u.PermissionsBoundary)
	set(p, "Tags", tagList(tagMap(u.Tags)))
	observed := map[string]any{}
	set(observed, "CreateDate", when(u.CreateDate))
	if usedErr != nil {
		observed["PasswordLastUsed"] = w.s.Unknown("iam", "ListUsers", usedErr)
		w.s.Gap("iam", "ListUsers", usedErr, []string{typeUser}, name)
	} else {
		set(observed, "PasswordLastUsed", used[name])
	}
	devices := int64(0)
	err := aws.Pages(ctx, w.s, "iam", "ListMFADevices", w.client.ListMFADevices, &iam.ListMFADevicesInput{UserName: u.UserName},
		func(in *iam.ListMFADevicesInput, out *iam.ListMFADevicesOutput) bool {
			return aws.NextToken(&in.Marker, out.Marker) && out.IsTruncated
		},
		func(out *iam.ListMFADevicesOutput) error { devices += int64(len(out.MFADevices)); return nil })
	observed["MFADevices"] = devices
	if err != nil {
		observed["MFADevices"] = w.s.Unknown("iam", "ListMFADevices", err)
		w.s.Gap("iam", "ListMFADevices", err, []string{typeUser}, name)
	}
	p["Observed"] = observed
	emit(w.s, evidence.Resource{Type: typeUser, ID: name, ARN: text(u.Arn), Tags: tagMap(u.Tags), Properties: p})
}

func (w *iamWalk) group(g types.GroupDetail) {
	p := identity(g.Path, g.AttachedManagedPolicies, g.GroupPolicyList)
	p["GroupName"] = text(g.GroupName)
	w.s.Emit(evidence.Resource{Type: typeGroup, ID: text(g.GroupName), ARN: text(g.Arn), Properties: p})
}

func (w *iamWalk) role(r types.RoleDetail) {
	p := identity(r.Path, r.AttachedManagedPolicies, r.RolePolicyList)
	p["RoleName"] = text(r.RoleName)
	set(p, "AssumeRolePolicyDocument", document(r.AssumeRolePolicyDocument))
	boundary(p, r.PermissionsBoundary)
	set(p, "Tags", tagList(tagMap(r.Tags)))
	observed := map[string]any{}
	set(observed, "CreateDate", when(r.CreateDate))
	if r.RoleLastUsed != nil {
		set(observed, "LastUsed", when(r.RoleLastUsed.LastUsedDate))
		set(observed, "LastUsedRegion", text(r.RoleLastUsed.Region))
	}
	p["Observed"] = observed
	emit(w.s, evidence.Resource{Type: typeRole, ID: text(r.RoleName), ARN: text(r.Arn), Tags: tagMap(r.Tags), Properties: p})
}

// policy emits a customer-managed policy, and one of AWS where it is in use.
func (w *iamWalk) policy(m types.ManagedPolicyDetail) {
	managed := strings.Contains(text(m.Arn), ":iam::aws:")
	attached := number(m.AttachmentCount)
	if managed && attached == 0 && number(m.PermissionsBoundaryUsageCount) == 0 {
		return
	}
	p := map[string]any{"ManagedPolicyName": text(m.PolicyName)}
	set(p, "Path", text(m.Path))
	set(p, "Description", text(m.Description))
	observed := map[string]any{"AwsManaged": managed, "AttachmentCount": attached}
	set(observed, "DefaultVersionId", text(m.DefaultVersionId))
	p["Observed"] = observed
	p["PolicyDocument"] = evidence.Unknown{Reason: "the default version was not answered", Present: true}
	for _, v := range m.PolicyVersionList {
		if v.IsDefaultVersion {
			set(p, "PolicyDocument", document(v.Document))
		}
	}
	emit(w.s, evidence.Resource{Type: typeManagedPolicy, ID: text(m.Arn), ARN: text(m.Arn), Properties: p})
}

func number(n *int32) int64 {
	if n == nil {
		return 0
	}
	return int64(*n)
}

// identity is what users, groups and roles have in common.
func identity(path *string, attached []types.AttachedPolicy, inline []types.PolicyDetail) map[string]any {
	p := map[string]any{}
	set(p, "Path", text(path))
	if len(attached) > 0 {
		arns := make([]string, 0, len(attached))
		for _, a := range attached {
			arns = append(arns, text(a.PolicyArn))
		}
		p["ManagedPolicyArns"] = strs(arns)
	}
	if len(inline) > 0 {
		list := []any{}
		for _, i := range inline {
			list = append(list, map[string]any{"PolicyName": text(i.PolicyName), "PolicyDocument": document(i.PolicyDocument)})
		}
		p["Policies"] = list
	}
	return p
}

func boundary(p map[string]any, b *types.AttachedPermissionsBoundary) {
	if b != nil {
		set(p, "PermissionsBoundary", text(b.PermissionsBoundaryArn))
	}
}

func (w *iamWalk) instanceProfiles(ctx context.Context) {
	err := aws.Pages(ctx, w.s, "iam", "ListInstanceProfiles", w.client.ListInstanceProfiles, &iam.ListInstanceProfilesInput{},
		func(in *iam.ListInstanceProfilesInput, out *iam.ListInstanceProfilesOutput) bool {
			return aws.NextToken(&in.Marker, out.Marker) && out.IsTruncated
		},
		func(out *iam.ListInstanceProfilesOutput) error {
			for _, i := range out.InstanceProfiles {
				roles := []string{}
				for _, r := range i.Roles {
					roles = append(roles, text(r.RoleName))
				}
				p := map[string]any{"InstanceProfileName": text(i.InstanceProfileName), "Roles": strs(roles)}
				set(p, "Path", text(i.Path))
				w.s.Emit(evidence.Resource{Type: typeInstanceProfile, ID: text(i.InstanceProfileName), ARN: text(i.Arn), Properties: p})
			}
			return nil
		})
	w.s.Gap("iam", "ListInstanceProfiles", err, []string{typeInstanceProfile}, "")
}
