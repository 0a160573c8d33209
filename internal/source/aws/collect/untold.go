package collect

import (
	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/source/aws"
)

// untold lists the properties of each type that no call is made for, or that no
// call tells, so that their absence is not taken for AWS's default. What depends
// on a call's success stands in the collector.
var untold = map[string][]string{
	"AWS::CloudTrail::Trail":         {"AggregationConfigurations"},
	"AWS::CloudWatch::Alarm":         {"EvaluationWindow", "WarmUpConfiguration"},
	"AWS::DynamoDB::Table":           {"VectorIndexes", "WarmThroughput"},
	"AWS::EC2::Instance":             {"CreditSpecification"},
	"AWS::EC2::NatGateway":           {"AvailabilityZoneAddresses", "MaxDrainDurationSeconds"},
	"AWS::EC2::NetworkInterface":     {"ConnectionTrackingSpecification", "EnablePrimaryIpv6", "PublicIpDnsHostnameTypeSpecification"},
	"AWS::EC2::TransitGateway":       {"EncryptionSupport"},
	"AWS::EC2::VPC":                  {"VpcEncryptionControl"},
	"AWS::EC2::VPNConnection":        {"PreSharedKeyStorage"},
	"AWS::ECS::Service":              {"VpcLatticeConfigurations"},
	"AWS::EKS::Nodegroup":            {"WarmPoolConfig"},
	"AWS::IAM::ManagedPolicy":        {"Groups", "Roles", "Users"}, // which name the policy themselves
	"AWS::IAM::Role":                 {"Description", "MaxSessionDuration"},
	"AWS::IAM::ServerCertificate":    {"CertificateBody", "CertificateChain", "Tags"},
	"AWS::IAM::User":                 {"LoginProfile"},
	"AWS::Lambda::Function":          {"CapacityProviderConfig"},
	"AWS::OpenSearchService::Domain": {"AIMLOptions", "DeploymentStrategyOptions", "IdentityCenterOptions"},
	"AWS::RDS::DBCluster":            {"EnableLocalWriteForwarding", "MasterUserAuthenticationType"},
	"AWS::RDS::DBInstance":           {"MasterUserAuthenticationType"},
	"AWS::Redshift::Cluster":         {"AvailabilityZoneRelocation", "HsmClientCertificateIdentifier", "NamespaceResourcePolicy"},
	"AWS::S3::Bucket": {
		"AbacStatus", "AccelerateConfiguration", "AnalyticsConfigurations", "CorsConfiguration", "IntelligentTieringConfigurations", "InventoryConfigurations",
		"MetadataConfiguration", "MetadataTableConfiguration", "MetricsConfigurations",
	},
	"AWS::SNS::Subscription":                    {"FilterPolicyScope", "ReplayPolicy"},
	"AWS::SecretsManager::RotationSchedule":     {"ExternalSecretRotationMetadata", "ExternalSecretRotationRoleArn"},
	"AWS::ElasticLoadBalancing::LoadBalancer":   {"AppCookieStickinessPolicy", "LBCookieStickinessPolicy"},
	"AWS::ElasticLoadBalancingV2::LoadBalancer": {"MinimumLoadBalancerCapacity"},
}

// emit hands over a resource with what was not asked for as Unknown.
func emit(s *aws.Session, r evidence.Resource) {
	for _, name := range untold[r.Type] {
		if _, told := r.Properties[name]; !told {
			r.Properties[name] = evidence.Unknown{Reason: "Holdfast does not ask AWS for it"}
		}
	}
	s.Emit(r)
}
