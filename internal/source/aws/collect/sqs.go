package collect

import (
	"context"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"holdfast.dev/holdfast/internal/source/aws"
)

func sqsCollector() aws.Collector {
	return reading(aws.Collector{
		Name: "sqs", Service: "sqs", Scope: aws.Regional,
		Types:   []string{"AWS::SQS::Queue", "AWS::SQS::QueuePolicy"},
		Collect: collectSQS,
	}, "sqs", "ListQueues", "GetQueueAttributes", "ListQueueTags")
}

func collectSQS(ctx context.Context, s *aws.Session) error {
	client := sqs.NewFromConfig(s.Config)
	return aws.Pages(ctx, s, "sqs", "ListQueues", client.ListQueues, &sqs.ListQueuesInput{MaxResults: sdk.Int32(1000)},
		func(in *sqs.ListQueuesInput, out *sqs.ListQueuesOutput) bool {
			return aws.NextToken(&in.NextToken, out.NextToken)
		},
		func(out *sqs.ListQueuesOutput) error {
			return aws.Each(ctx, out.QueueUrls, func(ctx context.Context, url string) error {
				readQueue(ctx, s, client, url)
				return nil
			})
		})
}

func readQueue(ctx context.Context, s *aws.Session, client *sqs.Client, url string) {
	name := afterLast(url, "/")
	d := newDraft(s, "AWS::SQS::Queue", url, arnOf(s, "sqs", name))
	d.p["QueueName"] = name
	policy := newDraft(s, "AWS::SQS::QueuePolicy", url, "")
	policy.p["Queues"] = []any{url}

	out, err := aws.Call(ctx, s, "sqs", "GetQueueAttributes", client.GetQueueAttributes, &sqs.GetQueueAttributesInput{
		QueueUrl: &url, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameAll},
	})
	switch {
	case aws.Is(err, "AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"):
		return
	case err != nil:
		d.lost(err, "KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds", "SqsManagedSseEnabled", "DeduplicationScope", "FifoThroughputLimit", "RedrivePolicy", "RedriveAllowPolicy", "FifoQueue",
			"ContentBasedDeduplication", "DelaySeconds", "MaximumMessageSize", "MessageRetentionPeriod", "ReceiveMessageWaitTimeSeconds", "VisibilityTimeout")
		policy.lost(err, "PolicyDocument")
	default:
		queueAttributes(d, out.Attributes)
		if document := out.Attributes["Policy"]; document != "" {
			policy.policy("PolicyDocument", "sqs", "GetQueueAttributes", &document)
		}
	}
	if tags, err := aws.Call(ctx, s, "sqs", "ListQueueTags", client.ListQueueTags, &sqs.ListQueueTagsInput{QueueUrl: &url}); err != nil {
		d.lost(err, "Tags")
	} else {
		d.tagged(tags.Tags)
	}
	d.emit()
	if policy.p["PolicyDocument"] != nil {
		policy.emit()
	}
}

func queueAttributes(d *draft, a map[string]string) {
	if arn := a["QueueArn"]; arn != "" {
		d.arn = arn
	}
	for _, name := range []string{"KmsMasterKeyId", "DeduplicationScope", "FifoThroughputLimit"} {
		set(d.p, name, a[name])
	}
	for _, name := range []string{"FifoQueue", "ContentBasedDeduplication", "SqsManagedSseEnabled"} {
		setBool(d.p, name, a[name])
	}
	for _, name := range []string{"DelaySeconds", "KmsDataKeyReusePeriodSeconds", "MaximumMessageSize", "MessageRetentionPeriod", "ReceiveMessageWaitTimeSeconds", "VisibilityTimeout"} {
		setInt(d.p, name, a[name])
	}
	for _, name := range []string{"RedrivePolicy", "RedriveAllowPolicy"} {
		if text := a[name]; text != "" {
			d.policy(name, "sqs", "GetQueueAttributes", &text)
		}
	}
}
