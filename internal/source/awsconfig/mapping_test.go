package awsconfig

import (
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/evidence/schema"
)

const stamp = "2024-01-01T10:00:00.000Z"

// document text as IAM's records have it.
func encoded(text string) string {
	return `"` + strings.ReplaceAll(url.QueryEscape(text), "+", "%20") + `"`
}

func quoted(text string) string { return `"` + strings.ReplaceAll(text, `"`, `\"`) + `"` }

const open = `{"Version":"2012-10-17","Statement":[{"Sid":"a","Effect":"Allow","Principal":"*","Action":"x:Get","Resource":"*"}]}`

type mappingCase struct {
	name    string
	item    string
	id      string
	region  string
	want    string   // properties that have to come out so
	unknown []string // properties that have to be unknown
	absent  []string
	parts   map[string]string // type to properties of its first part
}

var mappingCases = []mappingCase{
	{
		name: "IAM role", id: "app", region: "global",
		item: item("AWS::IAM::Role", "AROAEXAMPLE", stamp, `{"path":"/x/","roleName":"app","roleId":"AROAEXAMPLE","createDate":"2020-02-03T04:05:06.000Z","assumeRolePolicyDocument":`+encoded(open)+
			`,"rolePolicyList":[{"policyName":"in line","policyDocument":`+encoded(`{"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"a+b c"}]}`)+`}],
			"attachedManagedPolicies":[{"policyArn":"arn:aws:iam::aws:policy/ReadOnlyAccess","policyName":"ReadOnlyAccess"}],"permissionsBoundary":{"permissionsBoundaryArn":"arn:aws:iam::1:policy/b"},"tags":[]}`,
			"resourceName", `"app"`, "awsRegion", `"global"`, "arn", `"arn:aws:iam::111122223333:role/x/app"`),
		want: `{"RoleName":"app","Path":"/x/","PermissionsBoundary":"arn:aws:iam::1:policy/b","ManagedPolicyArns":["arn:aws:iam::aws:policy/ReadOnlyAccess"],
			"AssumeRolePolicyDocument":` + open + `,"Policies":[{"PolicyName":"in line","PolicyDocument":{"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"a+b c"}]}}]}`,
		unknown: []string{"MaxSessionDuration", "Description"},
	},
	{
		name: "IAM role whose trust is garbled", id: "app", region: "global",
		item:    item("AWS::IAM::Role", "AROAEXAMPLE", stamp, `{"roleName":"app","assumeRolePolicyDocument":"%7B%zz"}`, "resourceName", `"app"`),
		want:    `{"RoleName":"app"}`,
		unknown: []string{"AssumeRolePolicyDocument"}, absent: []string{"Policies", "ManagedPolicyArns"},
	},
	{
		name: "IAM user", id: "ann", region: "global",
		item: item("AWS::IAM::User", "AIDAEXAMPLE", stamp, `{"userName":"ann","path":"/","groupList":["ops"],"attachedManagedPolicies":[],"userPolicyList":null,"createDate":"2020-02-03T04:05:06.000Z"}`, "resourceName", `"ann"`),
		want: `{"UserName":"ann","Path":"/","Groups":["ops"]}`, absent: []string{"Policies", "ManagedPolicyArns"}, unknown: []string{"LoginProfile"},
	},
	{
		name: "IAM policy", id: "arn:aws:iam::111122223333:policy/p", region: "global",
		item: item("AWS::IAM::Policy", "ANPAEXAMPLE", stamp, `{"policyName":"p","path":"/","attachmentCount":2,"defaultVersionId":"v2","policyVersionList":[
			{"versionId":"v1","isDefaultVersion":false,"document":`+encoded(`{"Statement":[]}`)+`},{"versionId":"v2","isDefaultVersion":true,"document":`+encoded(open)+`}]}`,
			"arn", `"arn:aws:iam::111122223333:policy/p"`),
		want: `{"ManagedPolicyName":"p","PolicyDocument":` + open + `,"Observed":{"AwsManaged":false,"AttachmentCount":2,"DefaultVersionId":"v2"}}`, unknown: []string{"Users"},
	},
	{
		name: "security group", id: "sg-1",
		item: item("AWS::EC2::SecurityGroup", "sg-1", stamp, `{"groupName":"web","description":"web","groupId":"sg-1","vpcId":"vpc-1","ipPermissions":[
			{"fromPort":22,"toPort":22,"ipProtocol":"tcp","ipv4Ranges":[{"cidrIp":"0.0.0.0/0","description":"all"}],"ipRanges":["0.0.0.0/0"],"ipv6Ranges":[{"cidrIpv6":"::/0"}],"prefixListIds":[],"userIdGroupPairs":[]},
			{"ipProtocol":"-1","ipv4Ranges":[],"ipRanges":["10.0.0.0/8"],"userIdGroupPairs":[{"groupId":"sg-2","userId":"1"}]}],
			"ipPermissionsEgress":[{"ipProtocol":"-1","ipv4Ranges":[{"cidrIp":"0.0.0.0/0"}],"prefixListIds":[{"prefixListId":"pl-1"}]}]}`,
			"relationships", `[{"resourceType":"AWS::EC2::NetworkInterface","resourceId":"eni-1","name":"Is associated with NetworkInterface"},{"resourceType":"AWS::EC2::VPC","resourceId":"vpc-1"}]`),
		want: `{"GroupDescription":"web","GroupName":"web","VpcId":"vpc-1","Observed":{"NetworkInterfaces":1},
			"SecurityGroupIngress":[{"CidrIp":"0.0.0.0/0","Description":"all","FromPort":22,"IpProtocol":"tcp","ToPort":22},{"CidrIpv6":"::/0","FromPort":22,"IpProtocol":"tcp","ToPort":22},
				{"CidrIp":"10.0.0.0/8","IpProtocol":"-1"},{"SourceSecurityGroupId":"sg-2","SourceSecurityGroupOwnerId":"1","IpProtocol":"-1"}],
			"SecurityGroupEgress":[{"CidrIp":"0.0.0.0/0","IpProtocol":"-1"},{"DestinationPrefixListId":"pl-1","IpProtocol":"-1"}]}`,
	},
	{
		name: "network ACL", id: "acl-1",
		item: item("AWS::EC2::NetworkAcl", "acl-1", stamp, `{"vpcId":"vpc-1","isDefault":false,"networkAclId":"acl-1","entries":[{"ruleNumber":100,"protocol":"6","ruleAction":"allow","egress":false,"cidrBlock":"0.0.0.0/0","portRange":{"from":22,"to":22}}],
			"associations":[{"networkAclAssociationId":"aclassoc-1","networkAclId":"acl-1","subnetId":"subnet-1"}]}`),
		want: `{"VpcId":"vpc-1","Observed":{"IsDefault":false}}`,
		parts: map[string]string{
			"AWS::EC2::NetworkAclEntry":             `{"NetworkAclId":"acl-1","RuleNumber":100,"Protocol":6,"Egress":false,"RuleAction":"allow","CidrBlock":"0.0.0.0/0","PortRange":{"From":22,"To":22}}`,
			"AWS::EC2::SubnetNetworkAclAssociation": `{"NetworkAclId":"acl-1","SubnetId":"subnet-1"}`,
		},
	},
	{
		name: "instance", id: "i-1",
		item: item("AWS::EC2::Instance", "i-1", stamp, `{"instanceId":"i-1","imageId":"ami-1","instanceType":"t3.micro","keyName":null,"state":{"code":16,"name":"running"},"monitoring":{"state":"disabled"},
			"iamInstanceProfile":{"arn":"arn:aws:iam::111122223333:instance-profile/web","id":"AIPA"},"securityGroups":[{"groupName":"web","groupId":"sg-1"}],"metadataOptions":{"state":"applied","httpTokens":"required","httpPutResponseHopLimit":1,"httpEndpoint":"enabled"},
			"publicIpAddress":"198.51.100.7","subnetId":"subnet-1","vpcId":"vpc-1","blockDeviceMappings":[{"deviceName":"/dev/xvda","ebs":{"volumeId":"vol-1"}}],"placement":{"tenancy":"default","availabilityZone":"eu-west-1a"}}`),
		want: `{"ImageId":"ami-1","InstanceType":"t3.micro","IamInstanceProfile":"web","Monitoring":false,"SecurityGroupIds":["sg-1"],"SubnetId":"subnet-1","Tenancy":"default",
			"MetadataOptions":{"HttpTokens":"required","HttpPutResponseHopLimit":1,"HttpEndpoint":"enabled"},"Volumes":[{"Device":"/dev/xvda","VolumeId":"vol-1"}],
			"Observed":{"State":"running","PublicIpAddress":"198.51.100.7","VpcId":"vpc-1"}}`,
		unknown: []string{"UserData", "DisableApiTermination"}, absent: []string{"KeyName"},
	},
	{
		name: "old instance without metadata options", id: "i-1",
		item: item("AWS::EC2::Instance", "i-1", stamp, `{"instanceId":"i-1"}`), want: `{"SecurityGroupIds":[]}`, unknown: []string{"MetadataOptions"},
	},
	{
		name: "internet gateway", id: "igw-1",
		item:  item("AWS::EC2::InternetGateway", "igw-1", stamp, `{"internetGatewayId":"igw-1","attachments":[{"vpcId":"vpc-1","state":"available"}]}`),
		want:  `{}`,
		parts: map[string]string{"AWS::EC2::VPCGatewayAttachment": `{"InternetGatewayId":"igw-1","VpcId":"vpc-1"}`},
	},
	{
		name: "route table", id: "rtb-1",
		item:  item("AWS::EC2::RouteTable", "rtb-1", stamp, `{"vpcId":"vpc-1","associations":[{"routeTableAssociationId":"rtbassoc-1","subnetId":"subnet-1","main":false}],"routes":[{"destinationCidrBlock":"0.0.0.0/0","gatewayId":"igw-1","state":"active","origin":"CreateRoute"}]}`),
		want:  `{"VpcId":"vpc-1","Observed":{"Main":false}}`,
		parts: map[string]string{"AWS::EC2::Route": `{"RouteTableId":"rtb-1","DestinationCidrBlock":"0.0.0.0/0","GatewayId":"igw-1"}`, "AWS::EC2::SubnetRouteTableAssociation": `{"SubnetId":"subnet-1","RouteTableId":"rtb-1"}`},
	},
	{
		name: "endpoint", id: "vpce-1",
		item: item("AWS::EC2::VPCEndpoint", "vpce-1", stamp, `{"vpcEndpointType":"Gateway","vpcId":"vpc-1","serviceName":"com.amazonaws.eu-west-1.s3","policyDocument":`+quoted(open)+`,"groups":[],"state":{"value":"available"}}`),
		want: `{"VpcEndpointType":"Gateway","PolicyDocument":` + open + `}`, absent: []string{"SecurityGroupIds"},
	},
	{
		name: "flow log", id: "fl-1",
		item: item("AWS::EC2::FlowLog", "fl-1", stamp, `{"flowLogId":"fl-1","resourceId":"vpc-1","trafficType":"ALL","flowLogStatus":"ACTIVE","logDestinationType":"s3"}`),
		want: `{"ResourceId":"vpc-1","ResourceType":"VPC","TrafficType":"ALL","LogDestinationType":"s3"}`,
	},
	{
		name: "transit gateway, in CloudFormation shape", id: "tgw-1",
		item: item("AWS::EC2::TransitGateway", "tgw-1", stamp, `{"Id":"tgw-1","AutoAcceptSharedAttachments":"enable","Tags":[]}`),
		want: `{"AutoAcceptSharedAttachments":"enable"}`, absent: []string{"DnsSupport", "Tags"},
	},
	{
		name: "bucket", id: "logs",
		item: item("AWS::S3::Bucket", "logs", stamp, `{"name":"logs","creationDate":"2020-12-28T03:36:13.000Z","owner":{"id":"c"}}`, "resourceName", `"logs"`, "arn", `"arn:aws:s3:::logs"`,
			"supplementaryConfiguration", `{"AccessControlList":`+quoted(`{"grantSet":null,"grantList":[{"grantee":{"id":"c"},"permission":"FullControl"},{"grantee":"AllUsers","permission":"Read"}]}`)+`,
			"BucketAccelerateConfiguration":{"status":null},"BucketLoggingConfiguration":{"destinationBucketName":"audit","logFilePrefix":"s3/"},"BucketPolicy":{"policyText":`+quoted(open)+`},
			"BucketVersioningConfiguration":{"status":"Enabled","isMfaDeleteEnabled":true},"PublicAccessBlockConfiguration":{"blockPublicAcls":true,"ignorePublicAcls":true,"blockPublicPolicy":false,"restrictPublicBuckets":true},
			"ServerSideEncryptionConfiguration":{"rules":[{"applyServerSideEncryptionByDefault":{"sseAlgorithm":"aws:kms","kmsMasterKeyID":"k"},"bucketKeyEnabled":true}]}}`),
		want: `{"BucketName":"logs","LoggingConfiguration":{"DestinationBucketName":"audit","LogFilePrefix":"s3/"},"VersioningConfiguration":{"Status":"Enabled"},
			"PublicAccessBlockConfiguration":{"BlockPublicAcls":true,"IgnorePublicAcls":true,"BlockPublicPolicy":false,"RestrictPublicBuckets":true},
			"BucketEncryption":{"ServerSideEncryptionConfiguration":[{"BucketKeyEnabled":true,"ServerSideEncryptionByDefault":{"SSEAlgorithm":"aws:kms","KMSMasterKeyID":"k"}}]},
			"Observed":{"CreationDate":"2020-12-28T03:36:13Z","MfaDelete":true,"AclGrants":[{"Grantee":"c","Permission":"FULL_CONTROL"},{"Grantee":"http://acs.amazonaws.com/groups/global/AllUsers","Permission":"READ"}]}}`,
		unknown: []string{"NotificationConfiguration", "OwnershipControls"}, absent: []string{"WebsiteConfiguration", "AccelerateConfiguration", "ReplicationConfiguration", "ObjectLockEnabled"},
		parts: map[string]string{"AWS::S3::BucketPolicy": `{"Bucket":"logs","PolicyDocument":` + open + `}`},
	},
	{
		name: "bucket whose settings are text, without a policy", id: "logs",
		item: item("AWS::S3::Bucket", "logs", stamp, `{"name":"logs"}`, "supplementaryConfiguration",
			`{"BucketPolicy":{"policyText":null},"PublicAccessBlockConfiguration":`+quoted(`{"blockPublicAcls":true,"ignorePublicAcls":false,"blockPublicPolicy":true,"restrictPublicBuckets":true}`)+`}`),
		want:   `{"PublicAccessBlockConfiguration":{"BlockPublicAcls":true,"IgnorePublicAcls":false,"BlockPublicPolicy":true,"RestrictPublicBuckets":true}}`,
		absent: []string{"BucketEncryption"}, unknown: []string{"VersioningConfiguration", "LoggingConfiguration"}, parts: map[string]string{},
	},
	{
		name: "bucket without any supplement", id: "logs",
		item:    item("AWS::S3::Bucket", "logs", stamp, `{"name":"logs"}`),
		want:    `{"BucketName":"logs"}`,
		unknown: []string{"BucketEncryption", "PublicAccessBlockConfiguration", "LoggingConfiguration", "VersioningConfiguration"},
		parts:   map[string]string{"AWS::S3::BucketPolicy": `{"Bucket":"logs"}`},
	},
	{
		name: "account block", id: "111122223333", region: "global",
		item: item("AWS::S3::AccountPublicAccessBlock", "111122223333", stamp, `{"blockPublicAcls":true,"ignorePublicAcls":true,"blockPublicPolicy":true,"restrictPublicBuckets":false}`),
		want: `{"Configured":true,"BlockPublicAcls":true,"IgnorePublicAcls":true,"BlockPublicPolicy":true,"RestrictPublicBuckets":false}`,
	},
	{
		name: "key", id: "k-1",
		item: item("AWS::KMS::Key", "k-1", stamp, `{"keyId":"k-1","enabled":true,"keyManager":"CUSTOMER","keyState":"Enabled","keyUsage":"ENCRYPT_DECRYPT","customerMasterKeySpec":"SYMMETRIC_DEFAULT","origin":"AWS_KMS","description":""}`,
			"supplementaryConfiguration", `{"KeyRotationStatus":false,"Policy":`+quoted(open)+`}`),
		want: `{"Enabled":true,"EnableKeyRotation":false,"KeySpec":"SYMMETRIC_DEFAULT","KeyUsage":"ENCRYPT_DECRYPT","KeyPolicy":` + open + `,"Observed":{"KeyManager":"CUSTOMER","KeyState":"Enabled","Origin":"AWS_KMS"}}`,
	},
	{
		name: "key without supplements", id: "k-1",
		item: item("AWS::KMS::Key", "k-1", stamp, `{"keyId":"k-1","enabled":true}`), want: `{"Enabled":true}`, unknown: []string{"EnableKeyRotation", "KeyPolicy"},
	},
	{
		name: "trail", id: "org",
		item: item("AWS::CloudTrail::Trail", "org", stamp, `{"name":"org","s3BucketName":"logs","isMultiRegionTrail":true,"logFileValidationEnabled":true,"kmsKeyId":"arn:k","hasCustomEventSelectors":false,"homeRegion":"eu-west-1","isOrganizationTrail":true,"includeGlobalServiceEvents":true}`, "resourceName", `"org"`),
		want: `{"TrailName":"org","S3BucketName":"logs","IsMultiRegionTrail":true,"EnableLogFileValidation":true,"KMSKeyId":"arn:k","IsOrganizationTrail":true}`, unknown: []string{"IsLogging", "InsightSelectors"}, absent: []string{"EventSelectors", "AdvancedEventSelectors"},
	},
	{
		name: "trail with selectors of its own", id: "org",
		item: item("AWS::CloudTrail::Trail", "org", stamp, `{"name":"org","hasCustomEventSelectors":true}`, "supplementaryConfiguration",
			`{"EventSelectors":[{"readWriteType":"All","includeManagementEvents":true,"dataResources":[{"type":"AWS::S3::Object","values":["arn:aws:s3"]}]}]}`),
		want: `{"EventSelectors":[{"ReadWriteType":"All","IncludeManagementEvents":true,"DataResources":[{"Type":"AWS::S3::Object","Values":["arn:aws:s3"]}]}]}`,
	},
	{
		name: "function", id: "f",
		item: item("AWS::Lambda::Function", "f", stamp, `{"functionName":"f","runtime":"python3.12","role":"arn:r","vpcConfig":{"subnetIds":["subnet-1"],"securityGroupIds":["sg-1"]},"tracingConfig":{"mode":"Active"},"kmskeyArn":"arn:k","layers":[{"arn":"arn:l","codeSize":1}],"state":{"value":"Active"},"packageType":"Zip"}`,
			"resourceName", `"f"`, "supplementaryConfiguration", `{"Policy":`+quoted(`{"Statement":[{"Sid":"s","Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"lambda:InvokeFunction","Resource":"arn:f","Condition":{"StringEquals":{"AWS:SourceAccount":"111122223333"},"ArnLike":{"AWS:SourceArn":"arn:aws:s3:::b"}}}]}`)+`,"Concurrency":{"reservedConcurrentExecutions":5}}`),
		want: `{"FunctionName":"f","Runtime":"python3.12","Role":"arn:r","KmsKeyArn":"arn:k","Layers":["arn:l"],"TracingConfig":{"Mode":"Active"},"VpcConfig":{"SubnetIds":["subnet-1"],"SecurityGroupIds":["sg-1"]},"ReservedConcurrentExecutions":5}`,
		parts: map[string]string{
			"AWS::Lambda::Permission": `{"FunctionName":"f","Principal":"s3.amazonaws.com","Action":"lambda:InvokeFunction","SourceArn":"arn:aws:s3:::b","SourceAccount":"111122223333"}`,
		},
		unknown: []string{"Environment"},
	},
	{
		name: "database", id: "orders",
		item: item("AWS::RDS::DBInstance", "db-ABC", stamp, `{"dBInstanceIdentifier":"orders","dBInstanceClass":"db.t3.micro","engine":"postgres","storageEncrypted":true,"multiAZ":false,"publiclyAccessible":false,"backupRetentionPeriod":7,"autoMinorVersionUpgrade":true,
			"iAMDatabaseAuthenticationEnabled":true,"deletionProtection":true,"enabledCloudwatchLogsExports":["postgresql"],"vpcSecurityGroups":[{"vpcSecurityGroupId":"sg-1","status":"active"}],"dBSecurityGroups":[],
			"dBSubnetGroup":{"dBSubnetGroupName":"private"},"dBParameterGroups":[{"dBParameterGroupName":"pg"}],"endpoint":{"address":"a","port":5432},"dBInstanceStatus":"available","copyTagsToSnapshot":true}`, "resourceName", `"orders"`),
		want: `{"DBInstanceIdentifier":"orders","Engine":"postgres","StorageEncrypted":true,"MultiAZ":false,"PubliclyAccessible":false,"BackupRetentionPeriod":7,"EnableIAMDatabaseAuthentication":true,"DeletionProtection":true,
			"EnableCloudwatchLogsExports":["postgresql"],"VPCSecurityGroups":["sg-1"],"DBSubnetGroupName":"private","DBParameterGroupName":"pg","Port":"5432","Observed":{"Status":"available"}}`,
		unknown: []string{"ManageMasterUserPassword"}, absent: []string{"MasterUserPassword", "DBSecurityGroups", "DBClusterIdentifier"},
	},
	{
		name: "database cluster", id: "orders",
		item: item("AWS::RDS::DBCluster", "cluster-ABC", stamp, `{"dbclusterIdentifier":"orders","engine":"aurora-mysql","storageEncrypted":true,"iamdatabaseAuthenticationEnabled":false,"deletionProtection":false,"multiAZ":true,"vpcSecurityGroups":[{"vpcSecurityGroupId":"sg-1"}],"availabilityZones":[{"value":"a"}],"dbsubnetGroup":"private","masterUsername":"keeper","port":3306}`),
		want: `{"DBClusterIdentifier":"orders","EnableIAMDatabaseAuthentication":false,"VpcSecurityGroupIds":["sg-1"],"AvailabilityZones":["a"],"DBSubnetGroupName":"private","Port":3306,"Observed":{"MultiAZ":true}}`, unknown: []string{"CopyTagsToSnapshot"},
	},
	{
		name: "shared snapshot", id: "nightly",
		item: item("AWS::RDS::DBSnapshot", "nightly", stamp, `{"dBSnapshotIdentifier":"nightly","encrypted":false,"snapshotType":"manual"}`, "supplementaryConfiguration", `{"DBSnapshotAttributes":[{"attributeName":"restore","attributeValues":["all","444455556666"]}]}`),
		want: `{"Identifier":"nightly","Encrypted":false,"Public":true,"SharedWith":["444455556666"],"SnapshotType":"manual"}`,
	},
	{
		name: "snapshot whose sharing is not told", id: "nightly",
		item: item("AWS::RDS::DBSnapshot", "nightly", stamp, `{"dBSnapshotIdentifier":"nightly","snapshotType":"manual"}`), want: `{"Identifier":"nightly"}`, unknown: []string{"Public", "SharedWith", "Encrypted"},
	},
	{
		name: "load balancer", id: "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/web/1",
		item: item("AWS::ElasticLoadBalancingV2::LoadBalancer", "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/web/1", stamp,
			`{"loadBalancerName":"web","scheme":"internet-facing","type":"application","securityGroups":["sg-1"],"availabilityZones":[{"zoneName":"a","subnetId":"subnet-1"}]}`,
			"supplementaryConfiguration", `{"LoadBalancerAttributes":[{"key":"access_logs.s3.enabled","value":"true"}]}`),
		want: `{"Name":"web","Scheme":"internet-facing","Type":"application","SecurityGroups":["sg-1"],"Subnets":["subnet-1"],"LoadBalancerAttributes":[{"Key":"access_logs.s3.enabled","Value":"true"}]}`,
	},
	{
		name: "secret", id: "arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-AbCdEf",
		item: item("AWS::SecretsManager::Secret", "arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-AbCdEf", stamp, `{"ARN":"arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-AbCdEf","Name":"db","KMSKeyId":"k","RotationEnabled":true,"RotationRules":{"AutomaticallyAfterDays":30}}`),
		want: `{"Name":"db","KmsKeyId":"k"}`, unknown: []string{"SecretString", "ReplicaRegions"},
		parts: map[string]string{
			"AWS::SecretsManager::RotationSchedule": `{"RotationRules":{"AutomaticallyAfterDays":30}}`, "AWS::SecretsManager::ResourcePolicy": `{}`,
		},
	},
	{
		name: "topic", id: "arn:aws:sns:eu-west-1:111122223333:t",
		item:  item("AWS::SNS::Topic", "arn:aws:sns:eu-west-1:111122223333:t", stamp, `{"TopicArn":"arn:aws:sns:eu-west-1:111122223333:t","KmsMasterKeyId":"k","Policy":`+quoted(open)+`,"LambdaFailureFeedbackRoleArn":"arn:r"}`),
		want:  `{"TopicName":"t","KmsMasterKeyId":"k","DeliveryStatusLogging":[{"Protocol":"lambda","FailureFeedbackRoleArn":"arn:r"}]}`,
		parts: map[string]string{"AWS::SNS::TopicPolicy": `{"Topics":["arn:aws:sns:eu-west-1:111122223333:t"],"PolicyDocument":` + open + `}`},
	},
	{
		name: "queue", id: "https://sqs.eu-west-1.amazonaws.com/111122223333/q",
		item: item("AWS::SQS::Queue", "https://sqs.eu-west-1.amazonaws.com/111122223333/q", stamp, `{"QueueName":"q","SqsManagedSseEnabled":"false","DelaySeconds":"0","Policy":`+quoted(open)+`,"RedrivePolicy":`+quoted(`{"maxReceiveCount":3}`)+`}`),
		want: `{"QueueName":"q","SqsManagedSseEnabled":false,"DelaySeconds":0,"RedrivePolicy":{"maxReceiveCount":3}}`, absent: []string{"KmsMasterKeyId"},
		parts: map[string]string{"AWS::SQS::QueuePolicy": `{"PolicyDocument":` + open + `}`},
	},
	{
		name: "repository", id: "app",
		item: item("AWS::ECR::Repository", "app", stamp, `{"Arn":"arn:e","RepositoryName":"app","ImageTagMutability":"MUTABLE","ImageScanningConfiguration":{"ScanOnPush":true},"RepositoryPolicyText":`+quoted(open)+`}`, "resourceName", `"app"`),
		want: `{"RepositoryName":"app","ImageTagMutability":"MUTABLE","ImageScanningConfiguration":{"ScanOnPush":true},"RepositoryPolicyText":` + open + `}`,
	},
	{
		name: "EKS cluster", id: "prod",
		item: item("AWS::EKS::Cluster", "arn:c", stamp, `{"Name":"prod","ResourcesVpcConfig":{"EndpointPublicAccess":true,"PublicAccessCidrs":["0.0.0.0/0"]},"ClusterStatus":"ACTIVE"}`),
		want: `{"Name":"prod","ResourcesVpcConfig":{"EndpointPublicAccess":true,"PublicAccessCidrs":["0.0.0.0/0"]},"Observed":{"Status":"ACTIVE"}}`,
	},
	{
		name: "table", id: "orders",
		item: item("AWS::DynamoDB::Table", "orders", stamp, `{"tableName":"orders","billingModeSummary":{"billingMode":"PAY_PER_REQUEST"},"keySchema":[{"attributeName":"id","keyType":"HASH"}],"ssedescription":{"status":"ENABLED","ssetype":"KMS","kmsmasterKeyArn":"arn:k"},
			"streamSpecification":{"streamEnabled":false}}`, "supplementaryConfiguration", `{"ContinuousBackupsDescription":`+quoted(`{"continuousBackupsStatus":"ENABLED","pointInTimeRecoveryDescription":{"pointInTimeRecoveryStatus":"DISABLED"}}`)+`}`),
		want:    `{"TableName":"orders","BillingMode":"PAY_PER_REQUEST","SSESpecification":{"SSEEnabled":true,"SSEType":"KMS","KMSMasterKeyId":"arn:k"},"PointInTimeRecoverySpecification":{"PointInTimeRecoveryEnabled":false}}`,
		unknown: []string{"DeletionProtectionEnabled", "ResourcePolicy"}, absent: []string{"StreamSpecification"},
	},
	{
		name: "distribution", id: "E1", region: "global",
		item: item("AWS::CloudFront::Distribution", "E1", stamp, `{"id":"E1","domainName":"d.cloudfront.net","distributionConfig":{"aliases":{"quantity":1,"items":["example.com"]},"enabled":true,"isIPV6Enabled":true,"logging":{"enabled":false,"bucket":""},
			"origins":{"quantity":1,"items":[{"id":"o","domainName":"b","customOriginConfig":{"httpPort":80,"originProtocolPolicy":"https-only","originSslProtocols":{"quantity":1,"items":["TLSv1.2"]}},"customHeaders":{"quantity":0,"items":[]}}]},
			"defaultCacheBehavior":{"targetOriginId":"o","viewerProtocolPolicy":"redirect-to-https","allowedMethods":{"quantity":2,"items":["GET","HEAD"],"cachedMethods":{"quantity":1,"items":["GET"]}}},"cacheBehaviors":{"quantity":0,"items":null},
			"viewerCertificate":{"acmCertificateArn":"arn:c","minimumProtocolVersion":"TLSv1.2_2021","sslSupportMethod":"sni-only"},"restrictions":{"geoRestriction":{"quantity":0,"items":[],"restrictionType":"none"}},"webACLId":"arn:w"}}`),
		want: `{"DistributionConfig":{"Aliases":["example.com"],"Enabled":true,"IPV6Enabled":true,"CacheBehaviors":[],"WebACLId":"arn:w",
			"Origins":[{"Id":"o","DomainName":"b","CustomOriginConfig":{"HTTPPort":80,"OriginProtocolPolicy":"https-only","OriginSSLProtocols":["TLSv1.2"]}}],
			"DefaultCacheBehavior":{"TargetOriginId":"o","ViewerProtocolPolicy":"redirect-to-https","AllowedMethods":["GET","HEAD"],"CachedMethods":["GET"]},
			"ViewerCertificate":{"AcmCertificateArn":"arn:c","MinimumProtocolVersion":"TLSv1.2_2021","SslSupportMethod":"sni-only"},"Restrictions":{"GeoRestriction":{"RestrictionType":"none"}}}}`,
	},
	{
		name: "a type of no table, in the API's spelling", id: "web",
		item: item("AWS::AutoScaling::AutoScalingGroup", "web", stamp, `{"autoScalingGroupName":"web","minSize":1,"vPCZoneIdentifier":null}`), want: `{"AutoScalingGroupName":"web","MinSize":"1"}`, unknown: []string{"LaunchTemplate", "VPCZoneIdentifier"},
	},
	{
		name: "a type of no table, in CloudFormation shape", id: "fs-1",
		item: item("AWS::EFS::FileSystem", "fs-1", stamp, `{"FileSystemId":"fs-1","Encrypted":true,"BackupPolicy":{"Status":"ENABLED"}}`), want: `{"Encrypted":true,"BackupPolicy":{"Status":"ENABLED"}}`, absent: []string{"FileSystemPolicy"},
	},
	{
		name: "a type that CloudFormation does not have", id: "AWS::EC2::VPC/vpc-1",
		item: item("AWS::Config::ResourceCompliance", "AWS::EC2::VPC/vpc-1", stamp, `{"complianceType":"NON_COMPLIANT"}`), want: `{"complianceType":"NON_COMPLIANT"}`,
	},
}

func TestMappings(t *testing.T) {
	for _, c := range mappingCases {
		t.Run(c.name, func(t *testing.T) {
			file := parse(t, body(c.item))
			if len(file.Gaps) > 0 || len(file.Items) != 1 {
				t.Fatalf("gaps %+v, %d items", file.Gaps, len(file.Items))
			}
			resources := file.Items[0].Resources
			r := resources[0]
			if region := r.Region; r.ID != c.id || c.region != "" && region != c.region || r.Account != "111122223333" {
				t.Errorf("id %q region %q account %q", r.ID, r.Region, r.Account)
			}
			holds(t, r.Type, r.Properties, c.want)
			for _, name := range c.unknown {
				if _, ok := r.Properties[name].(evidence.Unknown); !ok {
					t.Errorf("%s = %v, want it unknown", name, r.Properties[name])
				}
			}
			for _, name := range c.absent {
				if v, ok := r.Properties[name]; ok {
					t.Errorf("%s = %v, want it absent", name, v)
				}
			}
			for typ, want := range c.parts {
				i := slices.IndexFunc(resources[1:], func(r *evidence.Resource) bool { return r.Type == typ })
				if i < 0 {
					t.Errorf("no %s was emitted", typ)
					continue
				}
				holds(t, typ, resources[1+i].Properties, want)
			}
			if c.parts != nil && len(c.parts) == 0 && len(resources) > 1 {
				t.Errorf("parts were emitted: %v", resources[1].Type)
			}
		})
	}
}

// holds compares the members that want names; of Observed, the members inside.
func holds(t *testing.T, typ string, got map[string]any, want string) {
	t.Helper()
	v, err := evidence.Decode([]byte(want))
	if err != nil {
		t.Fatal(err)
	}
	for name, w := range v.(map[string]any) {
		if name == "Observed" {
			for inner, w := range w.(map[string]any) {
				if g := at(got, "Observed", inner); !reflect.DeepEqual(g, w) {
					t.Errorf("%s Observed.%s = %v, want %v", typ, inner, g, w)
				}
			}
			continue
		}
		if !reflect.DeepEqual(got[name], w) {
			t.Errorf("%s %s = %#v, want %#v", typ, name, got[name], w)
		}
	}
}

// Every property that a mapping emits or names exists in the schema.
func TestMappingsKeepTheSchema(t *testing.T) {
	for typ, m := range mappings() {
		if m.to != "" {
			typ = m.to
		}
		if strings.HasPrefix(typ, "Holdfast::") {
			continue
		}
		s, ok := schema.Lookup(typ)
		if !ok {
			t.Errorf("CloudFormation has no %s", typ)
			continue
		}
		if m.sees == everything {
			continue
		}
		for _, name := range strings.Fields(m.sees) {
			if _, ok := s.Property(name); !ok {
				t.Errorf("%s has no property %s", typ, name)
			}
		}
	}
	for _, c := range mappingCases {
		for _, r := range parse(t, body(c.item)).Items[0].Resources {
			s, ok := schema.Lookup(r.Type)
			if m := mappings()[parse(t, body(c.item)).Items[0].Type]; !ok || m.sees == everything || m.sees == "" && m.adapt == nil {
				continue
			}
			for name := range r.Properties {
				if _, ok := s.Property(name); !ok && name != "Observed" {
					t.Errorf("%s: %s has no property %s", c.name, r.Type, name)
				}
			}
		}
	}
}
