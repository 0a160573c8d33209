package collect

import (
	"context"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"holdfast.dev/holdfast/internal/source/aws"
)

func alarmCollector() aws.Collector {
	return reading(aws.Collector{
		Name: "cloudwatch", Service: "cloudwatch", Scope: aws.Regional,
		Types:   []string{"AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"},
		Collect: collectAlarms,
	}, "cloudwatch", "DescribeAlarms")
}

func collectAlarms(ctx context.Context, s *aws.Session) error {
	client := cloudwatch.NewFromConfig(s.Config)
	in := &cloudwatch.DescribeAlarmsInput{MaxRecords: sdk.Int32(100), AlarmTypes: []types.AlarmType{types.AlarmTypeMetricAlarm, types.AlarmTypeCompositeAlarm}}
	return aws.Pages(ctx, s, "cloudwatch", "DescribeAlarms", client.DescribeAlarms, in,
		func(in *cloudwatch.DescribeAlarmsInput, out *cloudwatch.DescribeAlarmsOutput) bool {
			return aws.NextToken(&in.NextToken, out.NextToken)
		},
		func(out *cloudwatch.DescribeAlarmsOutput) error {
			for _, a := range out.MetricAlarms {
				alarmDraft(s, a).emit()
			}
			for _, a := range out.CompositeAlarms {
				compositeDraft(s, a).emit()
			}
			return nil
		})
}

const alarmTags = "cloudwatch:ListTagsForResource is not asked"

func alarmDraft(s *aws.Session, a types.MetricAlarm) *draft {
	d := newDraft(s, "AWS::CloudWatch::Alarm", text(a.AlarmName), text(a.AlarmArn))
	d.pick(a, "ActionsEnabled", "AlarmActions", "AlarmDescription", "AlarmName", "ComparisonOperator", "DatapointsToAlarm", "Dimensions",
		"EvaluateLowSampleCountPercentile", "EvaluationInterval", "EvaluationPeriods", "ExtendedStatistic", "InsufficientDataActions", "MetricName",
		"Metrics", "Namespace", "OKActions", "Period", "Statistic", "Threshold", "ThresholdMetricId", "TreatMissingData", "Unit")
	d.put("EvaluationCriteria", a.EvaluationCriteria)
	d.observe("StateValue", a.StateValue)
	d.unasked(alarmTags, "Tags")
	return d
}

func compositeDraft(s *aws.Session, a types.CompositeAlarm) *draft {
	d := newDraft(s, "AWS::CloudWatch::CompositeAlarm", text(a.AlarmName), text(a.AlarmArn))
	d.pick(a, "ActionsEnabled", "ActionsSuppressor", "ActionsSuppressorExtensionPeriod", "ActionsSuppressorWaitPeriod", "AlarmActions",
		"AlarmDescription", "AlarmName", "AlarmRule", "InsufficientDataActions", "OKActions")
	d.observe("StateValue", a.StateValue)
	d.unasked(alarmTags, "Tags")
	return d
}
