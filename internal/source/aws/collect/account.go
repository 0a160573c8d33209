package collect

import (
	"context"
	"maps"
	"slices"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/account"
	accounttypes "github.com/aws/aws-sdk-go-v2/service/account/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/organizations"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/source/aws"
)

const (
	typeContacts = "Holdfast::Account::Contacts"
	typeRegion   = "Holdfast::Region"
)

func accountCollector() aws.Collector {
	return aws.Collector{
		Name: "account", Service: "account", Scope: aws.GlobalScope,
		Types: []string{evidence.TypeAccount, typeContacts, typeRegion},
		Actions: []string{
			"account:GetAccountInformation", "account:GetAlternateContact", "account:GetContactInformation", "account:ListRegions",
			"ec2:DescribeRegions", "iam:ListAccountAliases", "organizations:DescribeOrganization",
		},
		Operations: []string{
			"account.GetAccountInformation", "account.GetAlternateContact", "account.GetContactInformation", "account.ListRegions",
			"ec2.DescribeRegions", "iam.ListAccountAliases", "organizations.DescribeOrganization",
		},
		Collect: func(ctx context.Context, s *aws.Session) error {
			a := &accountWalk{s: s, client: account.NewFromConfig(s.Config)}
			regions, regionsErr := a.regions(ctx)
			a.account(ctx, regions, regionsErr)
			a.contacts(ctx)
			return ctx.Err()
		},
	}
}

type accountWalk struct {
	s      *aws.Session
	client *account.Client
}

// regions lists the enabled Regions and emits each.
func (a *accountWalk) regions(ctx context.Context) ([]aws.Region, error) {
	regions, err := listRegions(ctx, a.s, a.client)
	if err != nil {
		other, otherErr := describeRegions(ctx, a.s)
		if otherErr != nil {
			a.s.Gap("account", "ListRegions", err, []string{typeRegion}, "")
			a.s.Gap("ec2", "DescribeRegions", otherErr, []string{typeRegion}, "")
			return nil, err
		}
		a.s.Gap("account", "ListRegions", err, []string{typeRegion}, a.s.Account)
		regions = other
	}
	slices.SortFunc(regions, func(x, y aws.Region) int { return sortText(x.Name, y.Name) })
	for _, r := range regions {
		a.s.Emit(evidence.Resource{Type: typeRegion, ID: r.Name, Region: r.Name, Properties: map[string]any{"Name": r.Name, "OptStatus": r.OptStatus}})
	}
	return regions, nil
}

func listRegions(ctx context.Context, s *aws.Session, client *account.Client) ([]aws.Region, error) {
	var regions []aws.Region
	err := aws.Pages(ctx, s, "account", "ListRegions", client.ListRegions, &account.ListRegionsInput{},
		func(in *account.ListRegionsInput, out *account.ListRegionsOutput) bool {
			return aws.NextToken(&in.NextToken, out.NextToken)
		},
		func(out *account.ListRegionsOutput) error {
			for _, r := range out.Regions {
				if r.RegionOptStatus != accounttypes.RegionOptStatusDisabled {
					regions = append(regions, aws.Region{Name: text(r.RegionName), OptStatus: string(r.RegionOptStatus)})
				}
			}
			return nil
		})
	return regions, err
}

// optStatus is account:ListRegions' word for what ec2:DescribeRegions says.
var optStatus = map[string]string{"opt-in-not-required": "ENABLED_BY_DEFAULT", "opted-in": "ENABLED"}

func describeRegions(ctx context.Context, s *aws.Session) ([]aws.Region, error) {
	out, err := aws.Call(ctx, s, "ec2", "DescribeRegions", ec2.NewFromConfig(s.Config).DescribeRegions, &ec2.DescribeRegionsInput{})
	if err != nil {
		return nil, err
	}
	return ec2Regions(out), nil
}

func ec2Regions(out *ec2.DescribeRegionsOutput) []aws.Region {
	var regions []aws.Region
	for _, r := range out.Regions {
		if status, ok := optStatus[text(r.OptInStatus)]; ok {
			regions = append(regions, aws.Region{Name: text(r.RegionName), OptStatus: status})
		}
	}
	return regions
}

// Regions lists the enabled Regions through EC2; it is the aws.Options.ListRegions
// of a run whose role may not call account:ListRegions.
func Regions(ctx context.Context, c sdk.Config) ([]aws.Region, error) {
	out, err := ec2.NewFromConfig(c).DescribeRegions(ctx, &ec2.DescribeRegionsInput{})
	if err != nil {
		return nil, err
	}
	return ec2Regions(out), nil
}

// account emits Holdfast::Account: what the organisation's collector learnt,
// else what the account can tell about itself.
func (a *accountWalk) account(ctx context.Context, regions []aws.Region, regionsErr error) {
	facts, ok := a.s.Org.Facts(a.s.Account)
	p := maps.Clone(facts.Properties)
	if !ok {
		p = a.alone(ctx, &facts)
	}
	p["EnabledRegions"] = enabledNames(regions)
	if regionsErr != nil {
		p["EnabledRegions"] = a.s.Unknown("account", "ListRegions", regionsErr)
	}
	a.alias(ctx, p)
	a.s.Emit(evidence.Resource{Type: evidence.TypeAccount, ID: a.s.Account, ARN: facts.ARN, Tags: facts.Tags, Properties: p})
}

// alias adds the name the account signs in by; AWS admits one.
func (a *accountWalk) alias(ctx context.Context, p map[string]any) {
	err := aws.Pages(ctx, a.s, "iam", "ListAccountAliases", iam.NewFromConfig(a.s.Config).ListAccountAliases, &iam.ListAccountAliasesInput{},
		func(in *iam.ListAccountAliasesInput, out *iam.ListAccountAliasesOutput) bool {
			return aws.NextToken(&in.Marker, out.Marker) && out.IsTruncated
		},
		func(out *iam.ListAccountAliasesOutput) error {
			if len(out.AccountAliases) > 0 {
				p["Alias"] = out.AccountAliases[0]
			}
			return nil
		})
	if err != nil {
		p["Alias"] = a.s.Unknown("iam", "ListAccountAliases", err)
		a.s.Gap("iam", "ListAccountAliases", err, []string{evidence.TypeAccount}, a.s.Account)
	}
}

func enabledNames(regions []aws.Region) []any {
	out := []any{}
	for _, r := range regions {
		out = append(out, r.Name)
	}
	return out
}

// fromOrg are the properties that only the organisation tells.
var fromOrg = []string{"Email", "JoinedMethod", "JoinedTimestamp", "ParentId", "Path", "Policies", "EffectivePolicies", "Tags"}

// alone is the account as it knows itself. Where there is an organisation that
// was not read, what only that knows is Unknown; where there is none, absent.
func (a *accountWalk) alone(ctx context.Context, facts *aws.AccountFacts) map[string]any {
	p := map[string]any{"Id": a.s.Account}
	out, err := aws.Call(ctx, a.s, "organizations", "DescribeOrganization", organizations.NewFromConfig(a.s.Config).DescribeOrganization, &organizations.DescribeOrganizationInput{})
	switch {
	case aws.Is(err, "AWSOrganizationsNotInUseException"):
		p["Management"] = false
		p["Email"] = evidence.Unknown{Reason: "AWS tells it to the organisation only", Present: true}
	case err != nil || out.Organization == nil:
		if err == nil {
			err = errNotAnswered
		}
		unknown := a.s.Unknown("organizations", "DescribeOrganization", err)
		p["Management"] = unknown
		for _, name := range fromOrg {
			p[name] = unknown
		}
		a.s.Gap("organizations", "DescribeOrganization", err, []string{evidence.TypeAccount}, a.s.Account)
	default:
		p["Management"] = text(out.Organization.MasterAccountId) == a.s.Account
		for _, name := range fromOrg {
			p[name] = evidence.Unknown{Reason: "the organisation was not read; use the management account or a delegated administrator"}
		}
	}
	info, err := aws.Call(ctx, a.s, "account", "GetAccountInformation", a.client.GetAccountInformation, &account.GetAccountInformationInput{})
	if err != nil {
		p["Name"] = a.s.Unknown("account", "GetAccountInformation", err)
		p["State"] = p["Name"]
		a.s.Gap("account", "GetAccountInformation", err, []string{evidence.TypeAccount}, a.s.Account)
		return p
	}
	set(p, "Name", text(info.AccountName))
	set(p, "State", string(info.AccountState))
	return p
}

// contacts emits whom AWS writes and calls.
func (a *accountWalk) contacts(ctx context.Context) {
	p := map[string]any{}
	out, err := aws.Call(ctx, a.s, "account", "GetContactInformation", a.client.GetContactInformation, &account.GetContactInformationInput{})
	switch {
	case aws.Is(err, "ResourceNotFoundException"):
	case err != nil:
		p["Primary"] = a.s.Unknown("account", "GetContactInformation", err)
		a.s.Gap("account", "GetContactInformation", err, []string{typeContacts}, a.s.Account)
	default:
		set(p, "Primary", value(out.ContactInformation))
	}
	for name, kind := range map[string]accounttypes.AlternateContactType{
		"Billing": accounttypes.AlternateContactTypeBilling, "Operations": accounttypes.AlternateContactTypeOperations, "Security": accounttypes.AlternateContactTypeSecurity,
	} {
		a.alternate(ctx, p, name, kind)
	}
	p["PrimaryEmail"] = evidence.Unknown{Reason: "AWS tells it to the organisation only", Present: true}
	if facts, ok := a.s.Org.Facts(a.s.Account); ok {
		p["PrimaryEmail"] = facts.Properties["Email"]
	}
	a.s.Emit(evidence.Resource{Type: typeContacts, ID: a.s.Account, Properties: p})
}

func (a *accountWalk) alternate(ctx context.Context, p map[string]any, name string, kind accounttypes.AlternateContactType) {
	out, err := aws.Call(ctx, a.s, "account", "GetAlternateContact", a.client.GetAlternateContact, &account.GetAlternateContactInput{AlternateContactType: kind})
	switch {
	case aws.Is(err, "ResourceNotFoundException"):
	case err != nil:
		p[name] = a.s.Unknown("account", "GetAlternateContact", err)
		a.s.Gap("account", "GetAlternateContact", err, []string{typeContacts}, a.s.Account)
	default:
		set(p, name, renamed(out.AlternateContact, map[string]string{"AlternateContactType": ""}))
	}
}
