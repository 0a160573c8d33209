package awsconfig

import (
	"fmt"
	"strings"

	"holdfast.dev/holdfast/internal/evidence"
)

// messageTypes: topics, queues and secrets. Config records their API attributes,
// policies among them.
func messageTypes() map[string]mapping {
	return map[string]mapping{
		"AWS::SNS::Topic": {id: byARN, adapt: topic, parts: []string{"AWS::SNS::TopicPolicy"}, rename: map[string]string{"subscription": ""},
			sees: "TopicName DisplayName KmsMasterKeyId FifoTopic ContentBasedDeduplication DeliveryStatusLogging SignatureVersion TracingConfig"},
		"AWS::SQS::Queue": {adapt: queue, parts: []string{"AWS::SQS::QueuePolicy"},
			sees: "QueueName ContentBasedDeduplication DeduplicationScope DelaySeconds FifoQueue FifoThroughputLimit KmsDataKeyReusePeriodSeconds KmsMasterKeyId " +
				"MaximumMessageSize MessageRetentionPeriod ReceiveMessageWaitTimeSeconds RedriveAllowPolicy RedrivePolicy VisibilityTimeout"},
		"AWS::SecretsManager::Secret": {id: byARN, adapt: secret, parts: []string{"AWS::SecretsManager::ResourcePolicy", "AWS::SecretsManager::RotationSchedule"},
			sees: "Name Description KmsKeyId"},
	}
}

func topic(d *draft) {
	if arn, ok := d.get("TopicArn").(string); ok {
		d.id = arn
	}
	d.p["TopicName"] = afterLast(d.id, ":")
	var logging []any
	for _, protocol := range []struct{ attribute, name string }{
		{"HTTP", "http/s"}, {"SQS", "sqs"}, {"Lambda", "lambda"}, {"Firehose", "firehose"}, {"Application", "application"},
	} {
		m := map[string]any{}
		for _, f := range []string{"SuccessFeedbackRoleArn", "SuccessFeedbackSampleRate", "FailureFeedbackRoleArn"} {
			if v := d.get(protocol.attribute + f); v != nil {
				set(m, f, fmt.Sprint(v))
			}
		}
		if m["SuccessFeedbackRoleArn"] != nil || m["FailureFeedbackRoleArn"] != nil {
			m["Protocol"] = protocol.name
			logging = append(logging, m)
		}
	}
	set(d.p, "DeliveryStatusLogging", some(logging))
	attachedPolicy(d, "AWS::SNS::TopicPolicy", "Topics")
}

func queue(d *draft) {
	if url, ok := d.get("QueueUrl").(string); ok && url != "" {
		d.id = url
	}
	if _, told := d.p["QueueName"]; !told {
		d.p["QueueName"] = afterLast(afterLast(d.id, "/"), ":")
	}
	attachedPolicy(d, "AWS::SQS::QueuePolicy", "Queues")
}

// attachedPolicy emits the policy among the attributes. A topic always has one,
// and a queue's attributes name it where there is one.
func attachedPolicy(d *draft, typ, list string) {
	doc := policy(d.get("Policy"), "Policy")
	if doc == nil && typ == "AWS::SNS::TopicPolicy" {
		doc = unknownPolicy
	}
	if doc != nil {
		d.part(typ, d.id, map[string]any{list: []any{d.id}, "PolicyDocument": doc})
	}
}

func secret(d *draft) {
	if arn, ok := d.get("ARN").(string); ok {
		d.id = arn
	}
	delete(d.p, "SecretString") // no record holds one; nothing that claims to be one is kept
	d.observe("RotationEnabled", d.get("RotationEnabled"))
	if d.get("RotationEnabled") == nil {
		d.unobserved("RotationEnabled")
	}
	d.unobserved("LastRotatedDate", "LastAccessedDate", "LastChangedDate", "CreatedDate")
	if d.get("RotationEnabled") == true {
		p := map[string]any{"SecretId": d.id}
		set(p, "RotationLambdaARN", d.get("RotationLambdaARN"))
		rules := map[string]any{}
		set(rules, "AutomaticallyAfterDays", d.get("RotationRules", "AutomaticallyAfterDays"))
		set(rules, "Duration", d.get("RotationRules", "RotationDuration"))
		set(rules, "ScheduleExpression", d.get("RotationRules", "RotationScheduleExpression"))
		if len(rules) > 0 {
			p["RotationRules"] = rules
		}
		d.part("AWS::SecretsManager::RotationSchedule", d.id, p)
	}
	doc := policy(d.get("ResourcePolicy"), "ResourcePolicy")
	if doc == nil {
		doc = evidence.Unknown{Reason: unseen}
	}
	d.part("AWS::SecretsManager::ResourcePolicy", d.id, map[string]any{"SecretId": d.id, "ResourcePolicy": doc})
}

// byText orders values that are texts.
func byText(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) }
