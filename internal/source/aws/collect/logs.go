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
		Types:   []string{"AWS::Logs::LogGroup", "AWS::Logs::MetricFilter"},
		Collect: collectLogs,
	}, "logs", "DescribeLogGroups", "DescribeMetricFilters")
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
	return nil
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
