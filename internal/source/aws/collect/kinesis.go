package collect

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/source/aws"
)

func kinesisCollector() aws.Collector {
	return reading(aws.Collector{
		Name: "kinesis", Service: "kinesis", Scope: aws.Regional,
		Types:   []string{"AWS::Kinesis::Stream", "AWS::Kinesis::ResourcePolicy"},
		Collect: collectKinesis,
	}, "kinesis", "ListStreams", "DescribeStreamSummary", "GetResourcePolicy", "ListTagsForResource")
}

func collectKinesis(ctx context.Context, s *aws.Session) error {
	client := kinesis.NewFromConfig(s.Config)
	return aws.Pages(ctx, s, "kinesis", "ListStreams", client.ListStreams, &kinesis.ListStreamsInput{},
		func(in *kinesis.ListStreamsInput, out *kinesis.ListStreamsOutput) bool {
			return aws.NextToken(&in.NextToken, out.NextToken)
		},
		func(out *kinesis.ListStreamsOutput) error {
			return aws.Each(ctx, out.StreamSummaries, func(ctx context.Context, v types.StreamSummary) error {
				readStream(ctx, s, client, v)
				return nil
			})
		})
}

func readStream(ctx context.Context, s *aws.Session, client *kinesis.Client, v types.StreamSummary) {
	d := newDraft(s, "AWS::Kinesis::Stream", text(v.StreamName), text(v.StreamARN))
	d.p["Name"] = d.id
	d.nest("StreamModeDetails", v.StreamModeDetails, "StreamMode")
	d.observe("Status", v.StreamStatus)
	out, err := aws.Call(ctx, s, "kinesis", "DescribeStreamSummary", client.DescribeStreamSummary, &kinesis.DescribeStreamSummaryInput{StreamARN: v.StreamARN})
	switch {
	case aws.Is(err, "ResourceNotFoundException"):
		return
	case err != nil:
		d.lost(err, "DesiredShardLevelMetrics", "MaxRecordSizeInKiB", "RetentionPeriodHours", "ShardCount", "StreamEncryption", "WarmThroughputMiBps")
	case out.StreamDescriptionSummary != nil:
		describeStream(d, out.StreamDescriptionSummary)
	}
	if tags, err := aws.Call(ctx, s, "kinesis", "ListTagsForResource", client.ListTagsForResource, &kinesis.ListTagsForResourceInput{ResourceARN: v.StreamARN}); err != nil {
		d.lost(err, "Tags")
	} else {
		d.tagged(tags.Tags)
	}
	d.emit()
	readStreamPolicy(ctx, s, client, d.arn)
}

func describeStream(d *draft, v *types.StreamDescriptionSummary) {
	d.pick(v, "MaxRecordSizeInKiB", "RetentionPeriodHours")
	d.nest("StreamModeDetails", v.StreamModeDetails, "StreamMode")
	if v.StreamModeDetails == nil || v.StreamModeDetails.StreamMode != types.StreamModeOnDemand {
		d.put("ShardCount", v.OpenShardCount) // on demand AWS sets the number
	}
	if v.EncryptionType == types.EncryptionTypeKms {
		d.nest("StreamEncryption", v, "EncryptionType", "KeyId")
	}
	if v.WarmThroughput != nil {
		d.put("WarmThroughputMiBps", v.WarmThroughput.TargetMiBps)
	}
	var metrics []any
	for _, m := range v.EnhancedMonitoring {
		metrics = append(metrics, strs(m.ShardLevelMetrics)...)
	}
	d.list("DesiredShardLevelMetrics", metrics)
}

// readStreamPolicy emits the policy of a stream; one without a policy answers
// an empty document.
func readStreamPolicy(ctx context.Context, s *aws.Session, client *kinesis.Client, stream string) {
	d := newDraft(s, "AWS::Kinesis::ResourcePolicy", stream, "")
	d.p["ResourceArn"] = stream
	out, err := aws.Call(ctx, s, "kinesis", "GetResourcePolicy", client.GetResourcePolicy, &kinesis.GetResourcePolicyInput{ResourceARN: &stream})
	switch {
	case aws.Is(err, "ResourceNotFoundException"):
		return
	case err != nil:
		d.lost(err, "ResourcePolicy")
	default:
		d.policy("ResourcePolicy", "kinesis", "GetResourcePolicy", out.Policy)
	}
	switch policy := d.p["ResourcePolicy"].(type) {
	case evidence.Unknown:
		d.emit()
	case map[string]any:
		if len(policy) > 0 {
			d.emit()
		}
	}
}
