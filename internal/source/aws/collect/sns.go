package collect

import (
	"context"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/source/aws"
)

func snsCollector() aws.Collector {
	return reading(aws.Collector{
		Name: "sns", Service: "sns", Scope: aws.Regional,
		Types:   []string{"AWS::SNS::Topic", "AWS::SNS::TopicPolicy", "AWS::SNS::Subscription"},
		Collect: collectSNS,
	}, "sns", "ListTopics", "GetTopicAttributes", "ListTagsForResource", "ListSubscriptions")
}

func collectSNS(ctx context.Context, s *aws.Session) error {
	client := sns.NewFromConfig(s.Config)
	err := aws.Pages(ctx, s, "sns", "ListTopics", client.ListTopics, &sns.ListTopicsInput{},
		func(in *sns.ListTopicsInput, out *sns.ListTopicsOutput) bool {
			return aws.NextToken(&in.NextToken, out.NextToken)
		},
		func(out *sns.ListTopicsOutput) error {
			return aws.Each(ctx, out.Topics, func(ctx context.Context, t types.Topic) error {
				readTopic(ctx, s, client, text(t.TopicArn))
				return nil
			})
		})
	unlisted(s, err, "AWS::SNS::Topic", "AWS::SNS::TopicPolicy")
	err = aws.Pages(ctx, s, "sns", "ListSubscriptions", client.ListSubscriptions, &sns.ListSubscriptionsInput{},
		func(in *sns.ListSubscriptionsInput, out *sns.ListSubscriptionsOutput) bool {
			return aws.NextToken(&in.NextToken, out.NextToken)
		},
		func(out *sns.ListSubscriptionsOutput) error {
			for _, v := range out.Subscriptions {
				subscriptionDraft(s, v).emit()
			}
			return nil
		})
	unlisted(s, err, "AWS::SNS::Subscription")
	return nil
}

func readTopic(ctx context.Context, s *aws.Session, client *sns.Client, arn string) {
	d := newDraft(s, "AWS::SNS::Topic", arn, arn)
	d.p["TopicName"] = afterLast(arn, ":")
	policy := newDraft(s, "AWS::SNS::TopicPolicy", arn, "")
	policy.p["Topics"] = []any{arn}

	out, err := aws.Call(ctx, s, "sns", "GetTopicAttributes", client.GetTopicAttributes, &sns.GetTopicAttributesInput{TopicArn: &arn})
	switch {
	case aws.Is(err, "NotFound", "NotFoundException"):
		return
	case err != nil:
		d.lost(err, "DisplayName", "KmsMasterKeyId", "FifoTopic", "FifoThroughputScope", "ContentBasedDeduplication", "SignatureVersion",
			"TracingConfig", "DeliveryStatusLogging", "ArchivePolicy")
		policy.lost(err, "PolicyDocument")
	default:
		topicAttributes(d, out.Attributes)
		if document := out.Attributes["Policy"]; document != "" {
			policy.policy("PolicyDocument", "sns", "GetTopicAttributes", &document)
		}
	}
	d.unasked("sns:GetDataProtectionPolicy is not asked", "DataProtectionPolicy")
	if tags, err := aws.Call(ctx, s, "sns", "ListTagsForResource", client.ListTagsForResource, &sns.ListTagsForResourceInput{ResourceArn: &arn}); err != nil {
		d.lost(err, "Tags")
	} else {
		d.tagged(tags.Tags)
	}
	d.emit()
	if policy.p["PolicyDocument"] != nil {
		policy.emit()
	}
}

func topicAttributes(d *draft, a map[string]string) {
	for _, name := range []string{"DisplayName", "KmsMasterKeyId", "SignatureVersion", "TracingConfig", "FifoThroughputScope"} {
		set(d.p, name, a[name])
	}
	for _, name := range []string{"FifoTopic", "ContentBasedDeduplication"} {
		setBool(d.p, name, a[name])
	}
	if archive := a["ArchivePolicy"]; archive != "" {
		d.policy("ArchivePolicy", "sns", "GetTopicAttributes", &archive)
	}
	var logging []any
	for _, protocol := range []struct{ attribute, name string }{
		{"HTTP", "http/s"}, {"SQS", "sqs"}, {"Lambda", "lambda"}, {"Firehose", "firehose"}, {"Application", "application"},
	} {
		m := map[string]any{}
		for _, field := range []string{"SuccessFeedbackRoleArn", "SuccessFeedbackSampleRate", "FailureFeedbackRoleArn"} {
			set(m, field, a[protocol.attribute+field])
		}
		if m["SuccessFeedbackRoleArn"] != nil || m["FailureFeedbackRoleArn"] != nil {
			m["Protocol"] = protocol.name
			logging = append(logging, m)
		}
	}
	d.list("DeliveryStatusLogging", logging)
}

func subscriptionDraft(s *aws.Session, v types.Subscription) *draft {
	id := text(v.SubscriptionArn)
	arn := id
	if len(id) < 4 || id[:4] != "arn:" {
		// Not confirmed yet, or deleted: AWS answers that in place of the ARN.
		id, arn = text(v.TopicArn)+"|"+text(v.Protocol)+"|"+text(v.Endpoint), ""
	}
	d := newDraft(s, "AWS::SNS::Subscription", id, arn)
	d.pick(v, "Endpoint", "Protocol", "TopicArn")
	if arn == "" {
		d.observe("Status", v.SubscriptionArn)
	}
	d.unasked("sns:GetSubscriptionAttributes is not asked", "DeliveryPolicy", "FilterPolicy", "RawMessageDelivery", "RedrivePolicy")
	return d
}

// setBool and setInt read the attribute maps of SNS and SQS, where all values
// are strings.
func setBool(m map[string]any, name, v string) {
	if v == "" {
		return
	}
	if b, err := strconv.ParseBool(v); err == nil {
		m[name] = b
		return
	}
	m[name] = evidence.Unknown{Reason: "AWS answered " + strconv.Quote(v) + ", which is no boolean", Present: true}
}

func setInt(m map[string]any, name, v string) {
	if v == "" {
		return
	}
	if n, err := strconv.ParseInt(v, 10, 64); err == nil {
		m[name] = n
		return
	}
	m[name] = evidence.Unknown{Reason: "AWS answered " + strconv.Quote(v) + ", which is no integer", Present: true}
}
