package collect

import (
	"context"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"holdfast.dev/holdfast/internal/source/aws"
)

// logsCollector reads no tags: that would be one call per log group, of which
// an account may have tens of thousands.
func logsCollector() aws.Collector {
	return reading(aws.Collector{
		Name: "logs", Service: "cloudwatchlogs", Scope: aws.Regional,
		Types:   []string{"AWS::Logs::LogGroup", "AWS::Logs::MetricFilter", "AWS::Logs::ResourcePolicy", "AWS::Logs::DeliverySource"},
		Collect: collectLogs,
	}, "logs", "DescribeLogGroups", "DescribeMetricFilters", "DescribeResourcePolicies", "DescribeDeliverySources")
}

func collectLogs(ctx context.Context, s *aws.Session) error {
	client := cloudwatchlogs.NewFromConfig(s.Config)
	err := aws.Pages(ctx, s, "cloudwatchlogs", "DescribeLogGroups", client.DescribeLogGroups, &cloudwatchlogs.DescribeLogGroupsInput{Limit: sdk.Int32(50)},
		func(in *cloudwatchlogs.DescribeLogGroupsInput, out *cloudwatchlogs.DescribeLogGroupsOutput) bool {
			return aws.NextToken(&in.NextToken, out.NextToken)
		},
		func(out *cloudwatchlogs.DescribeLogGroupsOutput) error {
			for _, g := range out.LogGroups {
				logGroupDraft(s, g).emit()
			}
			return nil
		})
	unlisted(s, err, "AWS::Logs::LogGroup")
	err = aws.Pages(ctx, s, "cloudwatchlogs", "DescribeMetricFilters", client.DescribeMetricFilters, &cloudwatchlogs.DescribeMetricFiltersInput{Limit: sdk.Int32(50)},
		func(in *cloudwatchlogs.DescribeMetricFiltersInput, out *cloudwatchlogs.DescribeMetricFiltersOutput) bool {
			return aws.NextToken(&in.NextToken, out.NextToken)
		},
		func(out *cloudwatchlogs.DescribeMetricFiltersOutput) error {
			for _, f := range out.MetricFilters {
				metricFilterDraft(s, f).emit()
			}
			return nil
		})
	unlisted(s, err, "AWS::Logs::MetricFilter")
	unlisted(s, logPolicies(ctx, s, client), "AWS::Logs::ResourcePolicy")
	unlisted(s, deliverySources(ctx, s, client), "AWS::Logs::DeliverySource")
	return nil
}

// logPolicies are the account's policies in this Region: who may write into
// its log groups.
func logPolicies(ctx context.Context, s *aws.Session, client *cloudwatchlogs.Client) error {
	return aws.Pages(ctx, s, "cloudwatchlogs", "DescribeResourcePolicies", client.DescribeResourcePolicies, &cloudwatchlogs.DescribeResourcePoliciesInput{Limit: sdk.Int32(50)},
		func(in *cloudwatchlogs.DescribeResourcePoliciesInput, out *cloudwatchlogs.DescribeResourcePoliciesOutput) bool {
			return aws.NextToken(&in.NextToken, out.NextToken)
		},
		func(out *cloudwatchlogs.DescribeResourcePoliciesOutput) error {
			for _, p := range out.ResourcePolicies {
				d := newDraft(s, "AWS::Logs::ResourcePolicy", text(p.PolicyName), "")
				d.pick(p, "PolicyName")
				d.policy("PolicyDocument", "cloudwatchlogs", "DescribeResourcePolicies", p.PolicyDocument)
				d.emit()
			}
			return nil
		})
}

// deliverySources tell which resources (CloudFront distributions among them)
// send their logs through the log service.
func deliverySources(ctx context.Context, s *aws.Session, client *cloudwatchlogs.Client) error {
	return aws.Pages(ctx, s, "cloudwatchlogs", "DescribeDeliverySources", client.DescribeDeliverySources, &cloudwatchlogs.DescribeDeliverySourcesInput{Limit: sdk.Int32(50)},
		func(in *cloudwatchlogs.DescribeDeliverySourcesInput, out *cloudwatchlogs.DescribeDeliverySourcesOutput) bool {
			return aws.NextToken(&in.NextToken, out.NextToken)
		},
		func(out *cloudwatchlogs.DescribeDeliverySourcesOutput) error {
			for _, v := range out.DeliverySources {
				d := newDraft(s, "AWS::Logs::DeliverySource", text(v.Name), text(v.Arn))
				d.pick(v, "LogType", "Name")
				if len(v.ResourceArns) > 0 {
					d.p["ResourceArn"] = v.ResourceArns[0] // AWS answers a list of one
				}
				d.tagged(v.Tags)
				d.emit()
			}
			return nil
		})
}

func logGroupDraft(s *aws.Session, g types.LogGroup) *draft {
	d := newDraft(s, "AWS::Logs::LogGroup", text(g.LogGroupName), strings.TrimSuffix(text(g.Arn), ":*"))
	d.pick(g, "BearerTokenAuthenticationEnabled", "DeletionProtectionEnabled", "KmsKeyId", "LogGroupClass", "LogGroupName", "RetentionInDays")
	d.unasked("logs:ListTagsForResource is not asked", "Tags")
	d.unasked("logs:DescribeIndexPolicies is not asked", "FieldIndexPolicies")
	d.unasked("logs:DescribeResourcePolicies is not asked", "ResourcePolicyDocument")
	if g.DataProtectionStatus != "" {
		d.p["DataProtectionPolicy"] = hidden("logs:GetDataProtectionPolicy is not asked")
		d.observe("DataProtectionStatus", g.DataProtectionStatus)
	}
	return d
}

func metricFilterDraft(s *aws.Session, f types.MetricFilter) *draft {
	d := newDraft(s, "AWS::Logs::MetricFilter", text(f.LogGroupName)+"|"+text(f.FilterName), "")
	d.pick(f, "ApplyOnTransformedLogs", "EmitSystemFieldDimensions", "FieldSelectionCriteria", "FilterName", "FilterPattern", "LogGroupName")
	d.list("MetricTransformations", each(f.MetricTransformations, func(t types.MetricTransformation) any {
		m := map[string]any{}
		copyFields(m, t, []string{"DefaultValue", "MetricName", "MetricNamespace", "MetricValue", "Unit"})
		if len(t.Dimensions) > 0 {
			m["Dimensions"] = each(sortedKeys(t.Dimensions), func(k string) any { return map[string]any{"Key": k, "Value": t.Dimensions[k]} })
		}
		return m
	}))
	return d
}
