package collect

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/s3control"
	"github.com/aws/aws-sdk-go-v2/service/s3control/types"

	"holdfast.dev/holdfast/internal/source/aws"
)

// accessPointCollector reads S3 access points, each of which opens a bucket by
// a policy of its own.
func accessPointCollector() aws.Collector {
	return reading(aws.Collector{
		Name: "s3-accesspoints", Service: "s3control", Scope: aws.Regional,
		Types:   []string{"AWS::S3::AccessPoint"},
		Collect: collectAccessPoints,
	}, "s3", "ListAccessPoints", "GetAccessPoint", "GetAccessPointPolicy")
}

func collectAccessPoints(ctx context.Context, s *aws.Session) error {
	client := s3ControlClient(s.Config)
	return aws.Pages(ctx, s, "s3control", "ListAccessPoints", client.ListAccessPoints, &s3control.ListAccessPointsInput{AccountId: &s.Account, MaxResults: 1000},
		func(in *s3control.ListAccessPointsInput, out *s3control.ListAccessPointsOutput) bool {
			return aws.NextToken(&in.NextToken, out.NextToken)
		},
		func(out *s3control.ListAccessPointsOutput) error {
			return aws.Each(ctx, out.AccessPointList, func(ctx context.Context, p types.AccessPoint) error {
				readAccessPoint(ctx, s, client, p)
				return nil
			})
		})
}

func readAccessPoint(ctx context.Context, s *aws.Session, client *s3control.Client, p types.AccessPoint) {
	d := newDraft(s, "AWS::S3::AccessPoint", text(p.Name), text(p.AccessPointArn))
	d.pick(p, "Bucket", "BucketAccountId", "Name")
	d.nest("VpcConfiguration", p.VpcConfiguration, "VpcId")
	d.observe("Alias", p.Alias)
	d.unasked("s3:ListTagsForResource is not asked for access points", "Tags")
	out, err := aws.Call(ctx, s, "s3control", "GetAccessPoint", client.GetAccessPoint, &s3control.GetAccessPointInput{AccountId: &s.Account, Name: p.Name})
	switch {
	case aws.Is(err, "NoSuchAccessPoint"):
		return
	case err != nil:
		d.lost(err, "PublicAccessBlockConfiguration")
	default:
		d.put("PublicAccessBlockConfiguration", out.PublicAccessBlockConfiguration)
	}
	policy, err := aws.Call(ctx, s, "s3control", "GetAccessPointPolicy", client.GetAccessPointPolicy, &s3control.GetAccessPointPolicyInput{AccountId: &s.Account, Name: p.Name})
	switch {
	case aws.Is(err, "NoSuchAccessPointPolicy"):
	case err != nil:
		d.lost(err, "Policy")
	default:
		d.policy("Policy", "s3control", "GetAccessPointPolicy", policy.Policy)
	}
	d.emit()
}
