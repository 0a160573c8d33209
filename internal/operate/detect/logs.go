package detect

import (
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/operate/detect/analytic"
)

// logs knows which kinds of events came by.
type logs struct {
	management, network, insights bool
	data                          []string // services whose data events did
}

// of names the kind of an event the first time that it is seen, as needs name it.
func (l *logs) of(a *analytic.Activity) string {
	switch {
	case a.Data:
		if slices.Contains(l.data, a.Service) || len(l.data) >= 100 {
			return ""
		}
		l.data = append(l.data, strings.Clone(a.Service))
		return "data:" + dataType(a.Service)
	case a.EventType == "AwsVpceEvent":
		return once(&l.network, "network")
	case a.EventType == "AwsCloudTrailInsight":
		return once(&l.insights, "insights")
	}
	return once(&l.management, "management")
}

func once(seen *bool, name string) string {
	if *seen {
		return ""
	}
	*seen = true
	return name
}

// dataTypes are the types of resources whose data events a service writes, as event
// selectors name them. Source: CloudTrail User Guide, "Logging data events".
var dataTypes = map[string]string{
	"s3.amazonaws.com": "AWS::S3::Object", "lambda.amazonaws.com": "AWS::Lambda::Function", "dynamodb.amazonaws.com": "AWS::DynamoDB::Table",
	"sns.amazonaws.com": "AWS::SNS::Topic", "sqs.amazonaws.com": "AWS::SQS::Queue", "ebs.amazonaws.com": "AWS::EC2::Snapshot",
	"cognito-identity.amazonaws.com": "AWS::Cognito::IdentityPool", "bedrock.amazonaws.com": "AWS::Bedrock::Model",
	"kinesis.amazonaws.com": "AWS::Kinesis::Stream", "rds-data.amazonaws.com": "AWS::RDS::DBCluster",
	"ssmmessages.amazonaws.com": "AWS::SSMMessages::ControlChannel", "sagemaker.amazonaws.com": "AWS::SageMaker::Endpoint",
}

// dataType is the type of a service's data events; of one that we do not know, the
// service.
func dataType(service string) string {
	if typ, ok := dataTypes[service]; ok {
		return typ
	}
	return service
}
