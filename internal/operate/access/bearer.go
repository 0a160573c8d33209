package access

import (
	"strings"

	"holdfast.dev/holdfast/internal/evidence"
)

// A bearer is a resource type that can have a policy of its own. Its document
// stands in a property, or in a resource of another type that names it.
type bearer struct {
	typ string
	// arn is the ARN behind the partition, for sources that give none: {region},
	// {account} and {id} stand for themselves.
	arn string
	// policy is the path of the document; "" where another type holds it.
	policy string
	// holder is the type of the resource that holds the document, to its property,
	// and names the bearer in another.
	holders []holding
}

// holding is how a policy is declared apart from what it is attached to.
type holding struct{ typ, target, policy string }

// bearers are the types whose policies Holdfast reads, after the CloudFormation
// resource reference. Those that AWS IAM Access Analyzer watches are among them,
// save what CloudFormation has no type for.
var bearers = []bearer{
	{typ: typeRole, policy: "AssumeRolePolicyDocument"},
	{typ: "AWS::S3::Bucket", arn: "s3:::{id}", holders: []holding{{"AWS::S3::BucketPolicy", "Bucket", "PolicyDocument"}}},
	{typ: typeAccessPoint, arn: "s3:{region}:{account}:accesspoint/{id}", policy: "Policy"},
	{typ: "AWS::S3Express::DirectoryBucket", arn: "s3express:{region}:{account}:bucket/{id}", holders: []holding{{"AWS::S3Express::BucketPolicy", "Bucket", "PolicyDocument"}}},
	{typ: "AWS::SQS::Queue", arn: "sqs:{region}:{account}:{id}", holders: []holding{{"AWS::SQS::QueuePolicy", "Queues", "PolicyDocument"}, {"AWS::SQS::QueueInlinePolicy", "Queue", "PolicyDocument"}}},
	{typ: "AWS::SNS::Topic", arn: "sns:{region}:{account}:{id}", holders: []holding{{"AWS::SNS::TopicPolicy", "Topics", "PolicyDocument"}, {"AWS::SNS::TopicInlinePolicy", "TopicArn", "PolicyDocument"}}},
	{typ: "AWS::KMS::Key", arn: "kms:{region}:{account}:key/{id}", policy: "KeyPolicy"},
	{typ: "AWS::KMS::ReplicaKey", arn: "kms:{region}:{account}:key/{id}", policy: "KeyPolicy"},
	{typ: "AWS::SecretsManager::Secret", arn: "secretsmanager:{region}:{account}:secret:{id}", holders: []holding{{"AWS::SecretsManager::ResourcePolicy", "SecretId", "ResourcePolicy"}}},
	{typ: "AWS::Lambda::Function", arn: "lambda:{region}:{account}:function:{id}", holders: []holding{{typePermission, "FunctionName", ""}}},
	{typ: "AWS::ECR::Repository", arn: "ecr:{region}:{account}:repository/{id}", policy: "RepositoryPolicyText"},
	{typ: "AWS::EFS::FileSystem", arn: "elasticfilesystem:{region}:{account}:file-system/{id}", policy: "FileSystemPolicy"},
	{typ: "AWS::OpenSearchService::Domain", arn: "es:{region}:{account}:domain/{id}", policy: "AccessPolicies"},
	{typ: "AWS::Elasticsearch::Domain", arn: "es:{region}:{account}:domain/{id}", policy: "AccessPolicies"},
	{typ: "AWS::Backup::BackupVault", arn: "backup:{region}:{account}:backup-vault:{id}", policy: "AccessPolicy"},
	{typ: "AWS::DynamoDB::Table", arn: "dynamodb:{region}:{account}:table/{id}", policy: "ResourcePolicy/PolicyDocument"},
	{typ: "AWS::Kinesis::Stream", arn: "kinesis:{region}:{account}:stream/{id}", holders: []holding{{"AWS::Kinesis::ResourcePolicy", "ResourceArn", "ResourcePolicy"}}},
	{typ: "AWS::ApiGateway::RestApi", arn: "execute-api:{region}:{account}:{id}", policy: "Policy"},
	{typ: "AWS::Events::EventBus", arn: "events:{region}:{account}:event-bus/{id}", policy: "Policy"},
	{typ: "AWS::CodeArtifact::Domain", arn: "codeartifact:{region}:{account}:domain/{id}", policy: "PermissionsPolicyDocument"},
	{typ: "AWS::CodeArtifact::Repository", arn: "codeartifact:{region}:{account}:repository/{id}", policy: "PermissionsPolicyDocument"},
	{typ: "AWS::MediaStore::Container", arn: "mediastore:{region}:{account}:container/{id}", policy: "Policy"},
}

const (
	typePermission   = "AWS::Lambda::Permission"
	typeAccessPoint  = "AWS::S3::AccessPoint"
	typeBucket       = "AWS::S3::Bucket"
	typeAccountBlock = "Holdfast::S3::AccountPublicAccessBlock"
	typeEndpoint     = "AWS::EC2::VPCEndpoint"
)

// found are the bearers by type, and the holdings by the type that holds.
type found struct {
	bearer  *bearer
	holding *holding
}

var byType = func() map[string]found {
	out := map[string]found{}
	for i := range bearers {
		b := &bearers[i]
		out[b.typ] = found{bearer: b}
		for j := range b.holders {
			out[b.holders[j].typ] = found{bearer: b, holding: &b.holders[j]}
		}
	}
	return out
}()

// Types are the types of the evidence that an estate is made of; others are
// passed over.
func Types() []string {
	out := []string{evidence.TypeOrganization, evidence.TypeNode, evidence.TypeAccount, typeOrgPolicy,
		typeUser, typeGroup, typeManagedPolicy, typeAccountBlock, typeEndpoint}
	return append(out, sortedKeys(byType)...)
}

// arnOf is the ARN of a resource: its own, else as its type forms it.
func arnOf(r *evidence.Resource, b *bearer) string {
	if r.ARN != "" || b.arn == "" {
		return r.ARN
	}
	return formARN(r.Partition, b.arn, r.Region, r.Account, r.ID)
}

func formARN(partition, pattern, region, account, id string) string {
	if partition == "" {
		partition = "aws"
	}
	return "arn:" + partition + ":" + strings.NewReplacer("{region}", region, "{account}", account, "{id}", id).Replace(pattern)
}

// policied are the services that have policies on resources, after the IAM User
// Guide's "AWS services that work with IAM". A resource of theirs that was not
// seen may have one; one of any other service has none.
var policied = func() map[string]bool {
	out := map[string]bool{}
	for _, name := range strings.Fields(`
		acm-pca aoss apigateway backup bedrock cloudtrail codeartifact codebuild dynamodb ecr ecr-public elasticfilesystem es events execute-api
		glacier glue iot kafka kinesis kms lambda lex logs mediastore network-firewall outposts rekognition resource-explorer-2 resource-groups
		rolesanywhere route53resolver s3 s3-object-lambda s3-outposts s3express s3tables s3vectors schemas secretsmanager serverlessrepo ses
		signer sns sqs ssm ssm-contacts ssm-incidents vpc-lattice vpc-lattice-svcs xray`) {
		out[name] = true
	}
	return out
}()
