package collect

import (
	"context"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"

	"holdfast.dev/holdfast/internal/source/aws"
)

func ecrCollector() aws.Collector {
	return reading(aws.Collector{
		Name: "ecr", Service: "ecr", Scope: aws.Regional,
		Types:   []string{"AWS::ECR::Repository", "AWS::ECR::RegistryPolicy", "AWS::ECR::RegistryScanningConfiguration"},
		Collect: collectECR,
	}, "ecr", "DescribeRepositories", "GetRepositoryPolicy", "GetLifecyclePolicy", "ListTagsForResource", "GetRegistryScanningConfiguration", "GetRegistryPolicy")
}

func collectECR(ctx context.Context, s *aws.Session) error {
	client := ecr.NewFromConfig(s.Config)
	readRegistryScanning(ctx, s, client)
	readRegistryPolicy(ctx, s, client)
	err := aws.Pages(ctx, s, "ecr", "DescribeRepositories", client.DescribeRepositories, &ecr.DescribeRepositoriesInput{MaxResults: sdk.Int32(1000)},
		func(in *ecr.DescribeRepositoriesInput, out *ecr.DescribeRepositoriesOutput) bool {
			return aws.NextToken(&in.NextToken, out.NextToken)
		},
		func(out *ecr.DescribeRepositoriesOutput) error {
			return aws.Each(ctx, out.Repositories, func(ctx context.Context, r types.Repository) error {
				readRepository(ctx, s, client, r)
				return nil
			})
		})
	unlisted(s, err, "AWS::ECR::Repository")
	return nil
}

func readRegistryScanning(ctx context.Context, s *aws.Session, client *ecr.Client) {
	d := newDraft(s, "AWS::ECR::RegistryScanningConfiguration", s.Account, "")
	out, err := aws.Call(ctx, s, "ecr", "GetRegistryScanningConfiguration", client.GetRegistryScanningConfiguration, &ecr.GetRegistryScanningConfigurationInput{})
	if err != nil {
		d.lost(err, "ScanType", "Rules")
		d.emit()
		return
	}
	if c := out.ScanningConfiguration; c != nil {
		d.pick(c, "ScanType")
		d.p["Rules"] = each(c.Rules, func(r types.RegistryScanningRule) any {
			m := map[string]any{"RepositoryFilters": each(r.RepositoryFilters, func(f types.ScanningRepositoryFilter) any {
				return nested(picked(f, "Filter", "FilterType"))
			})}
			set(m, "ScanFrequency", value(r.ScanFrequency))
			return m
		})
	}
	d.emit()
}

func readRegistryPolicy(ctx context.Context, s *aws.Session, client *ecr.Client) {
	out, err := aws.Call(ctx, s, "ecr", "GetRegistryPolicy", client.GetRegistryPolicy, &ecr.GetRegistryPolicyInput{})
	if aws.Is(err, "RegistryPolicyNotFoundException") {
		return
	}
	d := newDraft(s, "AWS::ECR::RegistryPolicy", s.Account, "")
	if err != nil {
		d.lost(err, "PolicyText")
	} else {
		d.policy("PolicyText", "ecr", "GetRegistryPolicy", out.PolicyText)
	}
	if d.p["PolicyText"] != nil {
		d.emit()
	}
}

func readRepository(ctx context.Context, s *aws.Session, client *ecr.Client, r types.Repository) {
	d := newDraft(s, "AWS::ECR::Repository", text(r.RepositoryName), text(r.RepositoryArn))
	d.pick(r, "ImageTagMutability", "RepositoryName")
	d.nest("EncryptionConfiguration", r.EncryptionConfiguration, "EncryptionType", "KmsKey")
	d.nest("ImageScanningConfiguration", r.ImageScanningConfiguration, "ScanOnPush")
	d.list("ImageTagMutabilityExclusionFilters", each(r.ImageTagMutabilityExclusionFilters, func(f types.ImageTagMutabilityExclusionFilter) any {
		return map[string]any{"ImageTagMutabilityExclusionFilterType": string(f.FilterType), "ImageTagMutabilityExclusionFilterValue": text(f.Filter)}
	}))
	d.observe("CreatedAt", r.CreatedAt)

	policy, err := aws.Call(ctx, s, "ecr", "GetRepositoryPolicy", client.GetRepositoryPolicy, &ecr.GetRepositoryPolicyInput{RepositoryName: r.RepositoryName})
	switch {
	case aws.Is(err, "RepositoryPolicyNotFoundException"):
	case err != nil:
		d.lost(err, "RepositoryPolicyText")
	default:
		d.policy("RepositoryPolicyText", "ecr", "GetRepositoryPolicy", policy.PolicyText)
	}
	lifecycle, err := aws.Call(ctx, s, "ecr", "GetLifecyclePolicy", client.GetLifecyclePolicy, &ecr.GetLifecyclePolicyInput{RepositoryName: r.RepositoryName})
	switch {
	case aws.Is(err, "LifecyclePolicyNotFoundException"):
	case err != nil:
		d.lost(err, "LifecyclePolicy")
	default:
		d.nest("LifecyclePolicy", lifecycle, "LifecyclePolicyText", "RegistryId")
	}
	tags, err := aws.Call(ctx, s, "ecr", "ListTagsForResource", client.ListTagsForResource, &ecr.ListTagsForResourceInput{ResourceArn: r.RepositoryArn})
	if err != nil {
		d.lost(err, "Tags")
	} else {
		d.tagged(tags.Tags)
	}
	d.emit()
}
