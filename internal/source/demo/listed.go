package demo

import "strings"

// The types that a collection lists, whether or not an account has any of them.
// Most of those that controls look up in passing are here; what is not counts as
// never looked at.
var (
	listedGlobal = strings.Fields(`
		AWS::CloudFront::Distribution AWS::CloudFront::OriginAccessControl
		AWS::IAM::Group AWS::IAM::ManagedPolicy AWS::IAM::OIDCProvider AWS::IAM::Role AWS::IAM::SAMLProvider AWS::IAM::ServerCertificate AWS::IAM::User
		AWS::S3::Bucket AWS::S3::BucketPolicy`)

	listedRegional = strings.Fields(`
		AWS::Backup::BackupPlan AWS::Backup::BackupSelection AWS::Backup::BackupVault
		AWS::CloudTrail::Trail AWS::CloudWatch::Alarm AWS::DynamoDB::Table
		AWS::EC2::EIP AWS::EC2::EIPAssociation AWS::EC2::FlowLog AWS::EC2::Instance AWS::EC2::LaunchTemplate AWS::EC2::NatGateway AWS::EC2::NetworkAcl
		AWS::EC2::NetworkAclEntry AWS::EC2::NetworkInterface AWS::EC2::Route AWS::EC2::RouteTable AWS::EC2::SecurityGroup AWS::EC2::Subnet
		AWS::EC2::SubnetNetworkAclAssociation AWS::EC2::SubnetRouteTableAssociation AWS::EC2::TransitGateway AWS::EC2::TransitGatewayAttachment
		AWS::EC2::VPC AWS::EC2::VPCEndpoint AWS::EC2::VPCGatewayAttachment AWS::EC2::VPNGateway AWS::EC2::VPCPeeringConnection AWS::EC2::Volume
		AWS::ECR::RegistryScanningConfiguration AWS::ECR::Repository AWS::ECS::Cluster AWS::ECS::Service AWS::ECS::TaskDefinition AWS::EFS::FileSystem
		AWS::EKS::Cluster AWS::EKS::Nodegroup AWS::ElasticLoadBalancingV2::Listener AWS::ElasticLoadBalancingV2::ListenerRule
		AWS::ElasticLoadBalancingV2::LoadBalancer AWS::KMS::Alias AWS::KMS::Key AWS::Lambda::EventInvokeConfig AWS::Lambda::Function AWS::Lambda::Permission
		AWS::Lambda::Url AWS::Logs::LogGroup AWS::Logs::MetricFilter AWS::RDS::DBCluster AWS::RDS::DBInstance AWS::RDS::EventSubscription
		AWS::SNS::Subscription AWS::SNS::Topic AWS::SNS::TopicPolicy AWS::SQS::Queue AWS::SQS::QueuePolicy
		AWS::SecretsManager::ResourcePolicy AWS::SecretsManager::RotationSchedule AWS::SecretsManager::Secret AWS::WAFv2::WebACL
		Holdfast::EC2::Image Holdfast::EC2::Snapshot Holdfast::Macie::RegionStatus Holdfast::RDS::DBClusterSnapshot Holdfast::RDS::DBSnapshot`)
)
