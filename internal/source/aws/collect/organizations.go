package collect

import (
	"context"
	"errors"
	"slices"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/source/aws"
)

const typeOrgPolicy = "AWS::Organizations::Policy"

func organizationsCollector() aws.Collector {
	return aws.Collector{
		Name: "organizations", Service: "organizations", Scope: aws.OrgWide,
		Types: []string{evidence.TypeOrganization, evidence.TypeNode, evidence.TypeAccount, typeOrgPolicy},
		Actions: []string{
			"iam:ListOrganizationsFeatures",
			"organizations:DescribeEffectivePolicy", "organizations:DescribeOrganization", "organizations:DescribePolicy", "organizations:DescribeResourcePolicy",
			"organizations:ListAccountsForParent", "organizations:ListAWSServiceAccessForOrganization",
			"organizations:ListDelegatedAdministrators", "organizations:ListDelegatedServicesForAccount",
			"organizations:ListOrganizationalUnitsForParent", "organizations:ListPolicies", "organizations:ListRoots",
			"organizations:ListTagsForResource", "organizations:ListTargetsForPolicy",
		},
		Operations: []string{
			"iam.ListOrganizationsFeatures",
			"organizations.DescribeEffectivePolicy", "organizations.DescribeOrganization", "organizations.DescribePolicy", "organizations.DescribeResourcePolicy",
			"organizations.ListAccountsForParent", "organizations.ListAWSServiceAccessForOrganization",
			"organizations.ListDelegatedAdministrators", "organizations.ListDelegatedServicesForAccount",
			"organizations.ListOrganizationalUnitsForParent", "organizations.ListPolicies", "organizations.ListRoots",
			"organizations.ListTagsForResource", "organizations.ListTargetsForPolicy",
		},
		Collect: func(ctx context.Context, s *aws.Session) error {
			o := &orgWalk{s: s, client: organizations.NewFromConfig(s.Config), attached: map[string][]any{}}
			return o.collect(ctx)
		},
	}
}

// orgWalk reads one organisation from its root down.
type orgWalk struct {
	s      *aws.Session
	client *organizations.Client

	id         string
	management string
	types      []string // enabled policy types
	typesKnown bool

	attached map[string][]any // policies by what they are attached to
	hidden   evidence.Unknown // why attached is not all there is; see policiesOf
	partial  bool

	members []string // accounts that were listed
	unseen  bool     // a part of the tree could not be listed
}

func (o *orgWalk) collect(ctx context.Context) error {
	out, err := aws.Call(ctx, o.s, "organizations", "DescribeOrganization", o.client.DescribeOrganization, &organizations.DescribeOrganizationInput{})
	if err != nil {
		return err
	}
	org := out.Organization
	if org == nil || text(org.Id) == "" {
		o.s.Gap("organizations", "DescribeOrganization", errNotAnswered, []string{evidence.TypeOrganization, evidence.TypeNode, typeOrgPolicy}, "")
		return nil
	}
	// The account's own collector emits Holdfast::Account where it can; what is
	// missing here may be there.
	o.s.Incomplete(evidence.TypeAccount)
	o.id, o.management = text(org.Id), text(org.MasterAccountId)
	roots, rootsErr := o.roots(ctx)
	o.policies(ctx)
	p := map[string]any{"FeatureSet": string(org.FeatureSet), "Id": text(org.Id), "ManagementAccountId": o.management}
	if rootsErr != nil {
		p["RootId"] = o.s.Unknown("organizations", "ListRoots", rootsErr)
		p["EnabledPolicyTypes"] = p["RootId"]
	} else {
		p["EnabledPolicyTypes"] = strs(o.types)
		if len(roots) > 0 {
			set(p, "RootId", text(roots[0].Id))
		}
	}
	o.trust(ctx, p)
	o.rootFeatures(ctx, p)
	o.resourcePolicy(ctx, p)
	o.s.Emit(evidence.Resource{Type: evidence.TypeOrganization, ID: text(org.Id), ARN: text(org.Arn), Account: o.management, Properties: p})
	o.unseen = o.unseen || len(roots) == 0
	for _, root := range roots {
		if err := o.node(ctx, place{id: text(root.Id), arn: text(root.Arn), name: text(root.Name), kind: "ROOT"}); err != nil {
			return err
		}
	}
	if !o.unseen {
		o.s.Members(o.id, o.members)
	}
	return ctx.Err()
}

func (o *orgWalk) roots(ctx context.Context) ([]types.Root, error) {
	var roots []types.Root
	err := aws.Pages(ctx, o.s, "organizations", "ListRoots", o.client.ListRoots, &organizations.ListRootsInput{},
		func(in *organizations.ListRootsInput, out *organizations.ListRootsOutput) bool {
			return aws.NextToken(&in.NextToken, out.NextToken)
		},
		func(out *organizations.ListRootsOutput) error { roots = append(roots, out.Roots...); return nil })
	o.s.Gap("organizations", "ListRoots", err, []string{evidence.TypeNode, typeOrgPolicy, evidence.TypeAccount}, "")
	if err != nil {
		return nil, err
	}
	o.typesKnown = true
	for _, root := range roots {
		for _, t := range root.PolicyTypes {
			if t.Status == types.PolicyTypeStatusEnabled {
				o.types = append(o.types, string(t.Type))
			}
		}
	}
	slices.Sort(o.types)
	return roots, nil
}

// trust adds which services the organisation trusts, and which accounts act for it.
func (o *orgWalk) trust(ctx context.Context, p map[string]any) {
	services := []string{}
	err := aws.Pages(ctx, o.s, "organizations", "ListAWSServiceAccessForOrganization", o.client.ListAWSServiceAccessForOrganization, &organizations.ListAWSServiceAccessForOrganizationInput{},
		func(in *organizations.ListAWSServiceAccessForOrganizationInput, out *organizations.ListAWSServiceAccessForOrganizationOutput) bool {
			return aws.NextToken(&in.NextToken, out.NextToken)
		},
		func(out *organizations.ListAWSServiceAccessForOrganizationOutput) error {
			for _, e := range out.EnabledServicePrincipals {
				services = append(services, text(e.ServicePrincipal))
			}
			return nil
		})
	slices.Sort(services)
	p["TrustedServices"] = strs(services)
	o.lost(p, "TrustedServices", "ListAWSServiceAccessForOrganization", err, evidence.TypeOrganization, o.id)

	var admins []any
	var ids []string
	err = aws.Pages(ctx, o.s, "organizations", "ListDelegatedAdministrators", o.client.ListDelegatedAdministrators, &organizations.ListDelegatedAdministratorsInput{},
		func(in *organizations.ListDelegatedAdministratorsInput, out *organizations.ListDelegatedAdministratorsOutput) bool {
			return aws.NextToken(&in.NextToken, out.NextToken)
		},
		func(out *organizations.ListDelegatedAdministratorsOutput) error {
			for _, a := range out.DelegatedAdministrators {
				ids = append(ids, text(a.Id))
			}
			return nil
		})
	slices.Sort(ids)
	for _, id := range ids {
		admins = append(admins, o.delegated(ctx, id))
	}
	p["DelegatedAdministrators"] = slices.Concat([]any{}, admins)
	o.lost(p, "DelegatedAdministrators", "ListDelegatedAdministrators", err, evidence.TypeOrganization, o.id)
}

func (o *orgWalk) delegated(ctx context.Context, account string) map[string]any {
	services := []string{}
	err := aws.Pages(ctx, o.s, "organizations", "ListDelegatedServicesForAccount", o.client.ListDelegatedServicesForAccount,
		&organizations.ListDelegatedServicesForAccountInput{AccountId: &account},
		func(in *organizations.ListDelegatedServicesForAccountInput, out *organizations.ListDelegatedServicesForAccountOutput) bool {
			return aws.NextToken(&in.NextToken, out.NextToken)
		},
		func(out *organizations.ListDelegatedServicesForAccountOutput) error {
			for _, d := range out.DelegatedServices {
				services = append(services, text(d.ServicePrincipal))
			}
			return nil
		})
	slices.Sort(services)
	admin := map[string]any{"AccountId": account, "Services": strs(services)}
	o.lost(admin, "Services", "ListDelegatedServicesForAccount", err, evidence.TypeOrganization, o.id)
	return admin
}

// rootFeatures adds whether root credentials of members are managed centrally.
func (o *orgWalk) rootFeatures(ctx context.Context, p map[string]any) {
	client := iam.NewFromConfig(o.s.Config)
	out, err := aws.Call(ctx, o.s, "iam", "ListOrganizationsFeatures", client.ListOrganizationsFeatures, &iam.ListOrganizationsFeaturesInput{})
	switch {
	case err == nil:
		p["RootCredentialsManagement"] = slices.Contains(out.EnabledFeatures, iamtypes.FeatureTypeRootCredentialsManagement)
		p["RootSessions"] = slices.Contains(out.EnabledFeatures, iamtypes.FeatureTypeRootSessions)
	case aws.Is(err, "ServiceAccessNotEnabledException", "ServiceAccessNotEnabled", "OrganizationNotInAllFeaturesModeException", "OrganizationNotInAllFeaturesMode"):
		// Without trusted access for IAM neither feature can be on.
		p["RootCredentialsManagement"], p["RootSessions"] = false, false
	default:
		unknown := o.s.Unknown("iam", "ListOrganizationsFeatures", err)
		p["RootCredentialsManagement"], p["RootSessions"] = unknown, unknown
		o.s.Gap("iam", "ListOrganizationsFeatures", err, []string{evidence.TypeOrganization}, o.id)
	}
}

// resourcePolicy adds the policy by which the organisation lets members manage
// policies for it. Without one only the management account can.
func (o *orgWalk) resourcePolicy(ctx context.Context, p map[string]any) {
	out, err := aws.Call(ctx, o.s, "organizations", "DescribeResourcePolicy", o.client.DescribeResourcePolicy, &organizations.DescribeResourcePolicyInput{})
	switch {
	case aws.Is(err, "ResourcePolicyNotFoundException"):
	case err != nil:
		o.lost(p, "ResourcePolicy", "DescribeResourcePolicy", err, evidence.TypeOrganization, o.id)
	case out.ResourcePolicy != nil:
		v := document(out.ResourcePolicy.Content)
		set(p, "ResourcePolicy", v)
		if u, unknown := v.(evidence.Unknown); unknown {
			o.s.Gap("organizations", "DescribeResourcePolicy", errors.New(u.Reason), []string{evidence.TypeOrganization}, o.id)
		}
	}
}

// lost puts Unknown in the place of what a failed call would have told about
// one resource, and records the gap.
func (o *orgWalk) lost(p map[string]any, name, operation string, err error, typ, id string) {
	if err == nil {
		return
	}
	p[name] = o.s.Unknown("organizations", operation, err)
	o.s.Gap("organizations", operation, err, []string{typ}, id)
}

// place is the root or an OU while it is walked.
type place struct {
	id, arn, name, kind, parent string
	path                        []string
}

func (o *orgWalk) node(ctx context.Context, at place) error {
	p := map[string]any{"Id": at.id, "Kind": at.kind, "Name": at.name, "Path": strs(at.path), "Policies": o.policiesOf(at.id)}
	set(p, "ParentId", at.parent)
	tags := o.tags(ctx, at.id, evidence.TypeNode, p)
	o.s.Emit(evidence.Resource{Type: evidence.TypeNode, ID: at.id, ARN: at.arn, Account: o.management, Tags: tags, Properties: p})
	if err := o.accountsIn(ctx, at); err != nil {
		return err
	}
	children, err := o.children(ctx, at)
	if err != nil {
		o.unseen = true
		o.s.Gap("organizations", "ListOrganizationalUnitsForParent", err, []string{evidence.TypeNode, evidence.TypeAccount}, "")
		return ctx.Err()
	}
	for _, child := range children {
		if err := o.node(ctx, child); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// maxNesting stands far above the five levels AWS admits; it only keeps an
// answer that contains itself from being followed for ever.
const maxNesting = 32

func (o *orgWalk) children(ctx context.Context, at place) ([]place, error) {
	if len(at.path) >= maxNesting {
		return nil, errNested
	}
	var out []place
	err := aws.Pages(ctx, o.s, "organizations", "ListOrganizationalUnitsForParent", o.client.ListOrganizationalUnitsForParent,
		&organizations.ListOrganizationalUnitsForParentInput{ParentId: &at.id},
		func(in *organizations.ListOrganizationalUnitsForParentInput, out *organizations.ListOrganizationalUnitsForParentOutput) bool {
			return aws.NextToken(&in.NextToken, out.NextToken)
		},
		func(page *organizations.ListOrganizationalUnitsForParentOutput) error {
			for _, ou := range page.OrganizationalUnits {
				name := text(ou.Name)
				out = append(out, place{id: text(ou.Id), arn: text(ou.Arn), name: name, kind: "OU", parent: at.id, path: slices.Concat(at.path, []string{name})})
			}
			return nil
		})
	return out, err
}

func (o *orgWalk) accountsIn(ctx context.Context, at place) error {
	var accounts []types.Account
	err := aws.Pages(ctx, o.s, "organizations", "ListAccountsForParent", o.client.ListAccountsForParent,
		&organizations.ListAccountsForParentInput{ParentId: &at.id},
		func(in *organizations.ListAccountsForParentInput, out *organizations.ListAccountsForParentOutput) bool {
			return aws.NextToken(&in.NextToken, out.NextToken)
		},
		func(page *organizations.ListAccountsForParentOutput) error {
			accounts = append(accounts, page.Accounts...)
			return nil
		})
	for _, a := range accounts {
		o.members = append(o.members, text(a.Id))
	}
	if err != nil {
		o.unseen = true
		o.s.Gap("organizations", "ListAccountsForParent", err, []string{evidence.TypeAccount}, "")
		return ctx.Err()
	}
	return aws.Each(ctx, accounts, func(ctx context.Context, a types.Account) error {
		o.account(ctx, at, a)
		return ctx.Err()
	})
}

func (o *orgWalk) account(ctx context.Context, at place, a types.Account) {
	id := text(a.Id)
	// Status is retired in favour of State; some partitions still answer Status only.
	state := string(a.State)
	if state == "" {
		state = string(a.Status)
	}
	p := map[string]any{"Id": id, "Management": id == o.management, "ParentId": at.id, "Path": strs(at.path), "Policies": o.policiesOf(id)}
	set(p, "Name", text(a.Name))
	set(p, "Email", text(a.Email))
	set(p, "State", state)
	set(p, "JoinedMethod", string(a.JoinedMethod))
	set(p, "JoinedTimestamp", when(a.JoinedTimestamp))
	p["EffectivePolicies"] = o.effective(ctx, id)
	tags := o.tags(ctx, id, evidence.TypeAccount, p)
	if o.s.Org.Visits(id) {
		o.s.Org.SetFacts(id, aws.AccountFacts{ARN: text(a.Arn), Tags: tags, Properties: p})
		return
	}
	if (evidence.Account{State: state}).Live() {
		o.s.NotVisited(id)
	}
	p["Alias"] = evidence.Unknown{Reason: "account " + id + " was not visited"}
	p["EnabledRegions"] = p["Alias"]
	o.s.Emit(evidence.Resource{Type: evidence.TypeAccount, ID: id, ARN: text(a.Arn), Account: id, Tags: tags, Properties: p})
}

// effective is what the enabled management and declarative policies come to.
func (o *orgWalk) effective(ctx context.Context, account string) any {
	if !o.typesKnown {
		return evidence.Unknown{Reason: "the enabled policy types are not known"}
	}
	out := map[string]any{}
	for _, t := range o.types {
		if t == string(types.PolicyTypeServiceControlPolicy) || t == string(types.PolicyTypeResourceControlPolicy) {
			continue // these have no effective document; they only ever deny
		}
		answer, err := aws.Call(ctx, o.s, "organizations", "DescribeEffectivePolicy", o.client.DescribeEffectivePolicy,
			&organizations.DescribeEffectivePolicyInput{PolicyType: types.EffectivePolicyType(t), TargetId: sdk.String(account)})
		switch {
		case aws.Is(err, "EffectivePolicyNotFoundException"):
		case err != nil:
			o.lost(out, t, "DescribeEffectivePolicy", err, evidence.TypeAccount, account)
		case answer.EffectivePolicy != nil:
			set(out, t, document(answer.EffectivePolicy.PolicyContent))
		}
	}
	return out
}

func (o *orgWalk) tags(ctx context.Context, id, typ string, p map[string]any) map[string]string {
	var tags []types.Tag
	err := aws.Pages(ctx, o.s, "organizations", "ListTagsForResource", o.client.ListTagsForResource,
		&organizations.ListTagsForResourceInput{ResourceId: &id},
		func(in *organizations.ListTagsForResourceInput, out *organizations.ListTagsForResourceOutput) bool {
			return aws.NextToken(&in.NextToken, out.NextToken)
		},
		func(page *organizations.ListTagsForResourceOutput) error {
			tags = append(tags, page.Tags...)
			return nil
		})
	set(p, "Tags", tagList(tagMap(tags)))
	o.lost(p, "Tags", "ListTagsForResource", err, typ, id)
	return tagMap(tags)
}
