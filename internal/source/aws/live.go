package aws

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/account"
	accounttypes "github.com/aws/aws-sdk-go-v2/service/account/types"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"golang.org/x/sync/errgroup"

	"holdfast.dev/holdfast/internal/evidence"
)

// Live finds out what the credentials can visit: the accounts, and the enabled
// Regions of each. An account that cannot be entered is a target with gaps; an
// error is for what leaves nothing to do.
func Live(ctx context.Context, o Options) (*World, error) {
	base, err := baseConfig(ctx, o)
	if err != nil {
		return nil, err
	}
	caller, err := identity(ctx, base)
	if err != nil {
		return nil, noEntry(ctx, o, err)
	}
	d := &discoverer{options: o, base: base, caller: caller, world: &World{Org: &Org{}, Collectors: o.Collectors}}
	if err := d.organisation(ctx); err != nil {
		return nil, err
	}
	ids, err := d.accounts(ctx)
	if err != nil {
		return nil, err
	}
	if err := d.enter(ctx, ids); err != nil {
		return nil, err
	}
	return d.world, unknownRegion(d.world, o)
}

// unknownRegion says which of the Regions that were asked for no account has.
// Where an account could not be looked into, nothing is certain.
func unknownRegion(w *World, o Options) error {
	var known []string
	for _, t := range w.Targets {
		if t.Err != nil {
			return nil
		}
		known = append(known, t.Regions...)
	}
	if len(o.typesOf(Regional)) == 0 {
		return nil
	}
	for _, name := range o.Regions {
		if !slices.Contains(known, name) {
			return fmt.Errorf("none of the accounts to read has the Region %q; check --regions and which Regions are enabled", name)
		}
	}
	return nil
}

// noEntry says why the run cannot even begin: credentials that AWS or the
// machine does not have, or a network without AWS.
func noEntry(ctx context.Context, o Options, err error) error {
	if stop := ctx.Err(); stop != nil {
		return stop
	}
	if _, name, ok := strings.Cut(err.Error(), "invalid input region "); ok {
		return fmt.Errorf("%q is not the name of a Region; check AWS_REGION, --regions and the region of the profile", name)
	}
	if Code(err) != "" || strings.Contains(err.Error(), "get identity: ") || strings.Contains(err.Error(), "credentials") {
		return &CredentialsError{Profile: o.Profile, Err: err}
	}
	_, detail := Classify(err)
	return fmt.Errorf("AWS cannot be reached (%s); check the network, HTTPS_PROXY and AWS_ENDPOINT_URL", detail)
}

// baseConfig loads the standard chain. The guard goes in afterwards, so that
// signing in (SSO, instance roles) keeps its own client, and every service
// client made from the result has the guard.
func baseConfig(ctx context.Context, o Options) (sdk.Config, error) {
	load := []func(*config.LoadOptions) error{
		config.WithAppID("holdfast"),
		config.WithRetryer(func() sdk.Retryer { return retry.NewStandard(leaveThrottles) }),
	}
	if o.Profile != "" {
		load = append(load, config.WithSharedConfigProfile(o.Profile))
	}
	if o.Region != "" {
		load = append(load, config.WithRegion(o.Region))
	}
	if o.Endpoint != "" {
		load = append(load, config.WithBaseEndpoint(o.Endpoint))
	}
	c, err := config.LoadDefaultConfig(ctx, load...)
	if err != nil {
		var missing config.SharedConfigProfileNotExistError
		if errors.As(err, &missing) {
			return c, fmt.Errorf("the profile %q is neither in ~/.aws/config nor in ~/.aws/credentials; check --profile and AWS_PROFILE (\"aws configure list-profiles\" lists them)", missing.Profile)
		}
		return c, fmt.Errorf("the AWS configuration cannot be loaded (%s); check AWS_PROFILE and ~/.aws/config", tidy(err.Error()))
	}
	if c.Region == "" && len(o.Regions) > 0 {
		c.Region = o.Regions[0]
	}
	if c.Region == "" {
		c.Region = "us-east-1" // the CLI refuses; the global services of the standard partition live there
	}
	if c.HTTPClient == nil {
		c.HTTPClient = awshttp.NewBuildableClient()
	}
	if b, ok := c.HTTPClient.(*awshttp.BuildableClient); ok {
		// The SDK would wait for ever on a server that took the request and is silent.
		c.HTTPClient = b.WithTransportOptions(func(t *http.Transport) { t.ResponseHeaderTimeout = silence })
	}
	c.HTTPClient = &guard{allowed: allowed(o.Collectors), next: c.HTTPClient}
	return c, nil
}

// silence is how long an answer may be in coming; the slowest reads (a full
// page of a large account) take a few seconds.
const silence = time.Minute

// leaveThrottles makes the SDK hand throttling back at once: Call slows its
// bucket down before it tries again, which the SDK cannot.
func leaveThrottles(o *retry.StandardOptions) {
	o.Retryables = append([]retry.IsErrorRetryable{retry.IsErrorRetryableFunc(func(err error) sdk.Ternary {
		if codeReasons[Code(err)] == evidence.Throttled {
			return sdk.FalseTernary
		}
		return sdk.UnknownTernary
	})}, o.Retryables...)
}

type caller struct{ account, partition string }

func identity(ctx context.Context, c sdk.Config) (caller, error) {
	out, err := sts.NewFromConfig(c).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return caller{}, err
	}
	who, err := arn.Parse(sdk.ToString(out.Arn))
	if err != nil {
		return caller{}, fmt.Errorf("sts:GetCallerIdentity answered the ARN %q: %w", sdk.ToString(out.Arn), err)
	}
	return caller{sdk.ToString(out.Account), who.Partition}, nil
}

type discoverer struct {
	options Options
	base    sdk.Config
	caller  caller
	world   *World
	orgGaps []evidence.Gap
	access  bool // the caller's account may read the organisation
}

// organisation learns whether there is one and whether it can be read from here.
func (d *discoverer) organisation(ctx context.Context) error {
	client := organizations.NewFromConfig(d.base)
	out, err := client.DescribeOrganization(ctx, &organizations.DescribeOrganizationInput{})
	if Is(err, "AWSOrganizationsNotInUseException") {
		if d.options.Org {
			return fmt.Errorf("account %s is in no organisation; leave --org out", d.caller.account)
		}
		return nil
	}
	if err == nil && out.Organization != nil {
		d.world.Org.ID, d.world.Org.Management = sdk.ToString(out.Organization.Id), sdk.ToString(out.Organization.MasterAccountId)
		_, err = client.ListAccounts(ctx, &organizations.ListAccountsInput{MaxResults: sdk.Int32(1)})
		d.access = err == nil
	}
	if err == nil {
		return nil
	}
	if stop := ctx.Err(); stop != nil {
		return stop
	}
	if d.options.Org {
		_, detail := Classify(err)
		return fmt.Errorf("the organisation cannot be read from account %s (%s); use credentials of the management account or of a delegated administrator", d.caller.account, detail)
	}
	d.orgGaps = append(d.orgGaps, d.options.gap(d.caller.account, "organizations", "DescribeOrganization", err, OrgWide))
	return nil
}

// accounts lists those to visit.
func (d *discoverer) accounts(ctx context.Context) ([]string, error) {
	if !d.options.Org {
		if len(d.options.Accounts) > 0 {
			return slices.Compact(slices.Sorted(slices.Values(d.options.Accounts))), nil
		}
		return []string{d.caller.account}, nil
	}
	client := organizations.NewFromConfig(d.base)
	var ids []string
	in := &organizations.ListAccountsInput{}
	for {
		out, err := client.ListAccounts(ctx, in)
		if err != nil {
			_, detail := Classify(err)
			return nil, fmt.Errorf("the accounts of the organisation cannot be listed: %s", detail)
		}
		for _, a := range out.Accounts {
			// Status is retired in favour of State; older partitions answer only Status.
			state := string(a.State)
			if state == "" {
				state = string(a.Status)
			}
			if id := sdk.ToString(a.Id); state == "ACTIVE" && d.options.wants(id) {
				ids = append(ids, id)
			}
		}
		if !NextToken(&in.NextToken, out.NextToken) {
			break
		}
	}
	slices.Sort(ids)
	if len(ids) == 0 {
		return nil, errors.New("the organisation has no active account that was asked for; check --account")
	}
	return ids, nil
}

// enter prepares each account, several at a time.
func (d *discoverer) enter(ctx context.Context, ids []string) error {
	targets := make([]Target, len(ids))
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(16)
	for i, id := range ids {
		group.Go(func() error {
			targets[i] = d.target(groupCtx, id)
			return ctx.Err()
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for i := range targets {
		t := &targets[i]
		if t.Account == d.caller.account {
			t.OrgAccess = d.access
			t.Gaps = append(t.Gaps, d.orgGaps...)
		}
		if t.Err == nil {
			d.world.Org.visited = append(d.world.Org.visited, t.Account)
		}
	}
	d.world.Targets = targets
	return nil
}

func (d *discoverer) target(ctx context.Context, id string) Target {
	t := Target{Account: id, Partition: d.caller.partition, Config: d.base.Copy()}
	if id != d.caller.account {
		t.Config.Credentials = sdk.NewCredentialsCache(d.role(id))
		if _, err := identity(ctx, t.Config); err != nil {
			t.Err = err
			t.Gaps = append(t.Gaps, d.options.gap(id, "sts", "AssumeRole", roleError(err), GlobalScope, Regional))
			return t
		}
	}
	regions, err := d.regions(ctx, t.Config)
	if err != nil {
		t.Gaps = append(t.Gaps, d.options.gap(id, "account", "ListRegions", err, Regional))
		regions = nil
		// What was named is visited all the same; a Region that is off answers so.
		for _, name := range d.options.Regions {
			regions = append(regions, Region{Name: name})
		}
	}
	for _, r := range regions {
		if len(d.options.Regions) == 0 || slices.Contains(d.options.Regions, r.Name) {
			t.Regions = append(t.Regions, r.Name)
		}
	}
	slices.Sort(t.Regions)
	return t
}

func (d *discoverer) role(id string) *stscreds.AssumeRoleProvider {
	name := d.options.RoleName
	if name == "" {
		name = DefaultRole
	}
	role := arn.ARN{Partition: d.caller.partition, Service: "iam", AccountID: id, Resource: "role/" + strings.TrimPrefix(name, "/")}
	return stscreds.NewAssumeRoleProvider(sts.NewFromConfig(d.base), role.String(), func(a *stscreds.AssumeRoleOptions) {
		a.RoleSessionName = d.options.SessionName
		if a.RoleSessionName == "" {
			a.RoleSessionName = "holdfast"
		}
		if d.options.ExternalID != "" {
			a.ExternalID = sdk.String(d.options.ExternalID)
		}
	})
}

// roleError is the API's answer out of the layers the credential chain puts
// around it, which name the endpoint and attempt counts.
func roleError(err error) error {
	for e := err; e != nil; e = errors.Unwrap(e) {
		if Code(e) != "" {
			return e
		}
	}
	return err
}

// regions lists the enabled Regions.
func (d *discoverer) regions(ctx context.Context, c sdk.Config) ([]Region, error) {
	client := account.NewFromConfig(c)
	in := &account.ListRegionsInput{RegionOptStatusContains: []accounttypes.RegionOptStatus{
		accounttypes.RegionOptStatusEnabled, accounttypes.RegionOptStatusEnabledByDefault,
		accounttypes.RegionOptStatusEnabling, accounttypes.RegionOptStatusDisabling,
	}}
	var out []Region
	for {
		page, err := client.ListRegions(ctx, in)
		if err != nil {
			if d.options.ListRegions != nil {
				if regions, otherErr := d.options.ListRegions(ctx, c); otherErr == nil {
					return regions, nil
				}
			}
			return nil, err
		}
		for _, r := range page.Regions {
			out = append(out, Region{sdk.ToString(r.RegionName), string(r.RegionOptStatus)})
		}
		if !NextToken(&in.NextToken, page.NextToken) {
			return out, nil
		}
	}
}
