package report

import "strings"

// realRegion is the Region, or "" for what lives in none.
func realRegion(r string) string {
	if r == "global" || strings.Count(r, "-") < 2 {
		return ""
	}
	return r
}

// partition is where an ARN says it is, else where its Region lies.
func partition(arn, region string) string {
	if rest, ok := strings.CutPrefix(arn, "arn:"); ok {
		if p, _, ok := strings.Cut(rest, ":"); ok && (p == "aws" || p == "aws-cn" || p == "aws-us-gov") {
			return p
		}
	}
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}

// homeRegion is where a partition's global services report.
func homeRegion(partition string) string {
	switch partition {
	case "aws-cn":
		return "cn-north-1"
	case "aws-us-gov":
		return "us-gov-west-1"
	}
	return "us-east-1"
}

// asffType is the name Security Hub has for a CloudFormation type; it knows
// fewer and spells services its own way. Everything else is "Other".
func asffType(cfn string) string {
	if name, ok := asffTypes[cfn]; ok {
		return name
	}
	return "Other"
}

var asffTypes = map[string]string{
	"AWS::ApiGateway::RestApi":                  "AwsApiGatewayRestApi",
	"AWS::ApiGateway::Stage":                    "AwsApiGatewayStage",
	"AWS::ApiGatewayV2::Api":                    "AwsApiGatewayV2Api",
	"AWS::ApiGatewayV2::Stage":                  "AwsApiGatewayV2Stage",
	"AWS::AppSync::GraphQLApi":                  "AwsAppSyncGraphQlApi",
	"AWS::Athena::WorkGroup":                    "AwsAthenaWorkGroup",
	"AWS::AutoScaling::AutoScalingGroup":        "AwsAutoScalingAutoScalingGroup",
	"AWS::AutoScaling::LaunchConfiguration":     "AwsAutoScalingLaunchConfiguration",
	"AWS::Backup::BackupPlan":                   "AwsBackupBackupPlan",
	"AWS::Backup::BackupVault":                  "AwsBackupBackupVault",
	"AWS::CertificateManager::Certificate":      "AwsCertificateManagerCertificate",
	"AWS::CloudFormation::Stack":                "AwsCloudFormationStack",
	"AWS::CloudFront::Distribution":             "AwsCloudFrontDistribution",
	"AWS::CloudTrail::Trail":                    "AwsCloudTrailTrail",
	"AWS::CloudWatch::Alarm":                    "AwsCloudWatchAlarm",
	"AWS::CodeBuild::Project":                   "AwsCodeBuildProject",
	"AWS::DMS::Endpoint":                        "AwsDmsEndpoint",
	"AWS::DMS::ReplicationInstance":             "AwsDmsReplicationInstance",
	"AWS::DynamoDB::Table":                      "AwsDynamoDbTable",
	"AWS::EC2::EIP":                             "AwsEc2Eip",
	"AWS::EC2::Instance":                        "AwsEc2Instance",
	"AWS::EC2::LaunchTemplate":                  "AwsEc2LaunchTemplate",
	"AWS::EC2::NetworkAcl":                      "AwsEc2NetworkAcl",
	"AWS::EC2::NetworkInterface":                "AwsEc2NetworkInterface",
	"AWS::EC2::RouteTable":                      "AwsEc2RouteTable",
	"AWS::EC2::SecurityGroup":                   "AwsEc2SecurityGroup",
	"AWS::EC2::Subnet":                          "AwsEc2Subnet",
	"AWS::EC2::TransitGateway":                  "AwsEc2TransitGateway",
	"AWS::EC2::VPC":                             "AwsEc2Vpc",
	"AWS::EC2::VPCPeeringConnection":            "AwsEc2VpcPeeringConnection",
	"AWS::EC2::VPNConnection":                   "AwsEc2VpnConnection",
	"AWS::EC2::Volume":                          "AwsEc2Volume",
	"AWS::ECR::Repository":                      "AwsEcrRepository",
	"AWS::ECS::Cluster":                         "AwsEcsCluster",
	"AWS::ECS::Service":                         "AwsEcsService",
	"AWS::ECS::TaskDefinition":                  "AwsEcsTaskDefinition",
	"AWS::EFS::AccessPoint":                     "AwsEfsAccessPoint",
	"AWS::EKS::Cluster":                         "AwsEksCluster",
	"AWS::ElasticBeanstalk::Environment":        "AwsElasticBeanstalkEnvironment",
	"AWS::ElasticLoadBalancing::LoadBalancer":   "AwsElbLoadBalancer",
	"AWS::ElasticLoadBalancingV2::LoadBalancer": "AwsElbv2LoadBalancer",
	"AWS::Elasticsearch::Domain":                "AwsElasticsearchDomain",
	"AWS::GuardDuty::Detector":                  "AwsGuardDutyDetector",
	"AWS::IAM::AccessKey":                       "AwsIamAccessKey",
	"AWS::IAM::Group":                           "AwsIamGroup",
	"AWS::IAM::ManagedPolicy":                   "AwsIamPolicy",
	"AWS::IAM::Role":                            "AwsIamRole",
	"AWS::IAM::User":                            "AwsIamUser",
	"AWS::KMS::Key":                             "AwsKmsKey",
	"AWS::Kinesis::Stream":                      "AwsKinesisStream",
	"AWS::Lambda::Function":                     "AwsLambdaFunction",
	"AWS::Lambda::LayerVersion":                 "AwsLambdaLayerVersion",
	"AWS::MSK::Cluster":                         "AwsMskCluster",
	"AWS::NetworkFirewall::Firewall":            "AwsNetworkFirewallFirewall",
	"AWS::NetworkFirewall::FirewallPolicy":      "AwsNetworkFirewallFirewallPolicy",
	"AWS::OpenSearchService::Domain":            "AwsOpenSearchServiceDomain",
	"AWS::RDS::DBCluster":                       "AwsRdsDbCluster",
	"AWS::RDS::DBClusterSnapshot":               "AwsRdsDbClusterSnapshot",
	"AWS::RDS::DBInstance":                      "AwsRdsDbInstance",
	"AWS::RDS::DBSnapshot":                      "AwsRdsDbSnapshot",
	"AWS::RDS::EventSubscription":               "AwsRdsEventSubscription",
	"AWS::Redshift::Cluster":                    "AwsRedshiftCluster",
	"AWS::Route53::HostedZone":                  "AwsRoute53HostedZone",
	"AWS::S3::AccessPoint":                      "AwsS3AccessPoint",
	"AWS::S3::Bucket":                           "AwsS3Bucket",
	"AWS::SNS::Topic":                           "AwsSnsTopic",
	"AWS::SQS::Queue":                           "AwsSqsQueue",
	"AWS::SageMaker::NotebookInstance":          "AwsSageMakerNotebookInstance",
	"AWS::SecretsManager::Secret":               "AwsSecretsManagerSecret",
	"AWS::StepFunctions::StateMachine":          "AwsStepFunctionStateMachine",
	"AWS::WAFv2::RuleGroup":                     "AwsWafv2RuleGroup",
	"AWS::WAFv2::WebACL":                        "AwsWafv2WebAcl",
}
