package detect

import (
	"slices"

	"holdfast.dev/holdfast/internal/operate/detect/analytic"
)

// LogOf names the kind of log that an event is of, as needs name it.
func LogOf(a *analytic.Activity) string {
	switch {
	case a.Data:
		if log, ok := dataLogs[a.Service]; ok {
			return log
		}
		return "data:" + a.Service
	case a.EventType == "AwsVpceEvent":
		return "network"
	case a.EventType == "AwsCloudTrailInsight":
		return "insights"
	}
	return "management"
}

// dataLogs are the data events of services, by the type of resource that event
// selectors name. Source: CloudTrail User Guide, "Logging data events".
var dataLogs = map[string]string{
	"s3.amazonaws.com":               "data:AWS::S3::Object",
	"lambda.amazonaws.com":           "data:AWS::Lambda::Function",
	"dynamodb.amazonaws.com":         "data:AWS::DynamoDB::Table",
	"sns.amazonaws.com":              "data:AWS::SNS::Topic",
	"sqs.amazonaws.com":              "data:AWS::SQS::Queue",
	"ebs.amazonaws.com":              "data:AWS::EC2::Snapshot",
	"cognito-identity.amazonaws.com": "data:AWS::Cognito::IdentityPool",
	"bedrock.amazonaws.com":          "data:AWS::Bedrock::Model",
	"kinesis.amazonaws.com":          "data:AWS::Kinesis::Stream",
	"rds-data.amazonaws.com":         "data:AWS::RDS::DBCluster",
	"ssmmessages.amazonaws.com":      "data:AWS::SSMMessages::ControlChannel",
	"sagemaker.amazonaws.com":        "data:AWS::SageMaker::Endpoint",
}

// logs remembers which kinds of logs came by.
type logs struct {
	management bool
	others     []string
}

const mostLogs = 100

// note gives the kind of log the first time that an event of it comes by.
func (l *logs) note(a *analytic.Activity) (log string, first bool) {
	plain := !a.Data && a.EventType != "AwsVpceEvent" && a.EventType != "AwsCloudTrailInsight"
	if plain {
		first, l.management = !l.management, true
		return "management", first
	}
	if log = LogOf(a); slices.Contains(l.others, log) || len(l.others) == mostLogs {
		return log, false
	}
	l.others = append(l.others, log)
	return log, true
}
