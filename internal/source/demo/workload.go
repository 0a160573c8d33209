package demo

import (
	"fmt"
	"slices"

	"holdfast.dev/holdfast/internal/evidence"
)

// regional makes up what an account has in one Region: its settings, and stacks
// of workload until there are about as many resources as wanted.
func (g *generator) regional(region string, wanted int) Batch {
	g.region = region
	g.settings()
	if g.account.management {
		return g.flush() // nothing runs in the management account
	}
	net := g.network()
	key := g.key()
	for i := uint64(0); len(g.out.Resources) < wanted; i++ {
		g.reseed(i)
		switch g.IntN(13) {
		case 0, 1, 2:
			g.instances(net)
		case 3, 4:
			g.bucket(key)
		case 5, 6:
			g.function(net, key)
		case 7:
			g.database(net, key)
		case 8:
			g.table()
		case 9:
			g.messages(key)
		case 10:
			g.secret(key)
		case 11:
			g.containers(key)
		default:
			g.balancer(net)
		}
	}
	g.announcements()
	return g.flush()
}

// announcements tell of changes to the Region's databases, where it has any.
func (g *generator) announcements() {
	if !slices.ContainsFunc(g.out.Resources, func(r *evidence.Resource) bool { return r.Type == "AWS::RDS::DBInstance" }) {
		return
	}
	g.reseed(1<<31 + 1)
	for _, s := range []struct {
		source     string
		categories []string
	}{
		{"db-instance", []string{"maintenance", "configuration change", "failure"}},
		{"db-parameter-group", []string{"configuration change"}},
		{"db-security-group", []string{"configuration change", "failure"}},
	} {
		if name := "announce-" + s.source; !g.flaw(0.45) {
			g.add("AWS::RDS::EventSubscription", name, g.arn("rds", "es:"+name), props{"SubscriptionName": name, "SourceType": s.source, "EventCategories": s.categories,
				"Enabled": true, "SnsTopicArn": g.arn("sns", "database-events")})
		}
	}
}

// network is what stacks are put into.
type network struct {
	vpc     string
	subnets []string
	groups  []string
}

func (g *generator) network() network {
	n := network{vpc: g.name("vpc")}
	g.add("AWS::EC2::VPC", n.vpc, g.arn("ec2", "vpc/"+n.vpc), props{"CidrBlock": "10.0.0.0/16", "EnableDnsSupport": true, "EnableDnsHostnames": true, "Tags": g.tags(), "Observed": props{"IsDefault": false}})
	if !g.flaw(0.3) {
		id := g.name("fl")
		g.add("AWS::EC2::FlowLog", id, g.arn("ec2", "vpc-flow-log/"+id), props{"ResourceId": n.vpc, "ResourceType": "VPC", "TrafficType": pick(g, "ALL", "ALL", "REJECT"), "LogDestinationType": "s3", "LogDestination": "arn:aws:s3:::flow-logs-" + g.org.accounts[1].id})
	}
	gateway := g.name("igw")
	g.add("AWS::EC2::InternetGateway", gateway, g.arn("ec2", "internet-gateway/"+gateway), props{})
	g.add("AWS::EC2::VPCGatewayAttachment", "IGW|"+n.vpc, "", props{"VpcId": n.vpc, "InternetGatewayId": gateway})
	table := g.name("rtb")
	g.add("AWS::EC2::RouteTable", table, g.arn("ec2", "route-table/"+table), props{"VpcId": n.vpc, "Observed": props{"Main": true}})
	g.add("AWS::EC2::Route", table+"|0.0.0.0/0", "", props{"RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": gateway})
	acl := g.name("acl")
	g.add("AWS::EC2::NetworkAcl", acl, g.arn("ec2", "network-acl/"+acl), props{"VpcId": n.vpc, "Observed": props{"IsDefault": true}})
	open := props{"NetworkAclId": acl, "RuleNumber": 100, "Protocol": -1, "RuleAction": "allow", "Egress": false, "CidrBlock": "10.0.0.0/8"}
	if g.flaw(0.35) {
		open["CidrBlock"] = "0.0.0.0/0"
	}
	g.add("AWS::EC2::NetworkAclEntry", acl+"|100|false", "", open)
	for i := range 3 {
		id := g.name("subnet")
		n.subnets = append(n.subnets, id)
		g.add("AWS::EC2::Subnet", id, g.arn("ec2", "subnet/"+id), props{"VpcId": n.vpc, "CidrBlock": fmt.Sprintf("10.0.%d.0/24", i+1), "AvailabilityZone": g.region + string(rune('a'+i)), "MapPublicIpOnLaunch": i == 0 && g.flaw(0.5), "Tags": g.tags()})
	}
	n.groups = append(n.groups, g.defaultGroup(n.vpc), g.group(n.vpc, g.word("sg")))
	if !g.flaw(0.45) {
		id := g.name("vpce")
		g.add("AWS::EC2::VPCEndpoint", id, g.arn("ec2", "vpc-endpoint/"+id), props{"VpcId": n.vpc, "ServiceName": "com.amazonaws." + g.region + ".ec2", "VpcEndpointType": "Interface",
			"PrivateDnsEnabled": true, "SubnetIds": n.subnets, "SecurityGroupIds": n.groups[1:], "Tags": g.tags(),
			"PolicyDocument": props{"Version": "2012-10-17", "Statement": []props{{"Effect": "Allow", "Principal": props{"AWS": g.account.id}, "Action": "ec2:*", "Resource": "*"}}}})
	}
	return n
}

// defaultGroup is the VPC's default security group, emptied or as AWS makes it.
func (g *generator) defaultGroup(vpc string) string {
	id := g.name("sg")
	p := props{"GroupName": "default", "GroupDescription": "default VPC security group", "VpcId": vpc, "SecurityGroupIngress": []props{}, "SecurityGroupEgress": []props{},
		"Observed": props{"NetworkInterfaces": 0}}
	if g.flaw(0.4) {
		p["SecurityGroupIngress"] = []props{{"IpProtocol": "-1", "SourceSecurityGroupId": id}}
		p["SecurityGroupEgress"] = []props{{"IpProtocol": "-1", "CidrIp": "0.0.0.0/0"}}
	}
	g.add("AWS::EC2::SecurityGroup", id, g.arn("ec2", "security-group/"+id), p)
	return id
}

func (g *generator) group(vpc, name string) string {
	id := g.name("sg")
	rules := []props{{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": pick(g, "0.0.0.0/0", "10.0.0.0/8")}}
	if g.flaw(0.08) {
		rules = append(rules, props{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIp": "0.0.0.0/0"})
	}
	if g.flaw(0.02) {
		rules = append(rules, props{"IpProtocol": "tcp", "FromPort": 3389, "ToPort": 3389, "CidrIpv6": "::/0"})
	}
	g.add("AWS::EC2::SecurityGroup", id, g.arn("ec2", "security-group/"+id), props{"GroupName": name, "GroupDescription": name, "VpcId": vpc, "SecurityGroupIngress": rules,
		"SecurityGroupEgress": []props{{"IpProtocol": "-1", "CidrIp": "0.0.0.0/0"}}, "Tags": g.tags(), "Observed": props{"NetworkInterfaces": 1}})
	return id
}

func (g *generator) key() string {
	id := g.name("key")
	arn := g.arn("kms", "key/"+id)
	g.add("AWS::KMS::Key", id, arn, props{"Enabled": true, "EnableKeyRotation": !g.flaw(0.2), "KeySpec": "SYMMETRIC_DEFAULT", "KeyUsage": "ENCRYPT_DECRYPT", "MultiRegion": false,
		"KeyPolicy": props{"Version": "2012-10-17", "Statement": []props{{"Effect": "Allow", "Principal": props{"AWS": g.globalARN("iam", "root")}, "Action": "kms:*", "Resource": "*"}}},
		"Tags":      g.tags(), "Observed": props{"KeyManager": "CUSTOMER", "KeyState": "Enabled", "Origin": "AWS_KMS"}})
	return arn
}

func (g *generator) instances(n network) {
	group := g.group(n.vpc, g.word("web"))
	for range 1 + g.IntN(3) {
		id, volume := g.name("i"), g.name("vol")
		observed := props{"State": "running", "LaunchTime": g.ago(g.IntN(300))}
		if g.flaw(0.15) {
			observed["PublicIpAddress"] = "203.0.113.10"
		}
		p := props{"InstanceType": pick(g, "t3.medium", "m7g.large", "c7i.xlarge"), "ImageId": "ami-0123456789abcdef0", "SubnetId": pick(g, n.subnets...), "SecurityGroupIds": []string{group},
			"Monitoring": g.chance(0.5), "EbsOptimized": true, "MetadataOptions": props{"HttpTokens": map[bool]string{true: "optional", false: "required"}[g.flaw(0.2)], "HttpPutResponseHopLimit": 1, "HttpEndpoint": "enabled"},
			"Tags": g.tags(), "Observed": observed}
		if !g.flaw(0.2) {
			p["IamInstanceProfile"] = g.account.workload + "-instance"
		}
		g.add("AWS::EC2::Instance", id, g.arn("ec2", "instance/"+id), p)
		g.add("AWS::EC2::Volume", volume, g.arn("ec2", "volume/"+volume), props{"Encrypted": !g.flaw(0.12), "Size": 50, "VolumeType": "gp3", "AvailabilityZone": g.region + "a", "Tags": g.tags(), "Observed": props{"State": "in-use", "Attachments": 1}})
		if g.chance(0.4) {
			snapshot := g.name("snap")
			p := props{"SnapshotId": snapshot, "VolumeId": volume, "Encrypted": !g.flaw(0.12), "StartTime": g.ago(g.IntN(90)), "Public": g.flaw(0.01)}
			g.add("Holdfast::EC2::Snapshot", snapshot, g.arn("ec2", "snapshot/"+snapshot), p)
		}
	}
}

func (g *generator) bucket(key string) {
	g.serial++
	use := pick(g, "data", "assets", "backup", "export")
	name := g.account.workload + "-" + use + "-" + g.account.id[6:] + g.name("")[8:13]
	block := props{"BlockPublicAcls": true, "IgnorePublicAcls": true, "BlockPublicPolicy": true, "RestrictPublicBuckets": true}
	public := g.flaw(0.03)
	if public || g.flaw(0.08) {
		block = props{"BlockPublicAcls": false, "IgnorePublicAcls": false, "BlockPublicPolicy": false, "RestrictPublicBuckets": false}
	}
	encryption := props{"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
	if g.flaw(0.4) {
		encryption = props{"SSEAlgorithm": "AES256"}
	}
	p := props{"BucketName": name, "PublicAccessBlockConfiguration": block, "OwnershipControls": props{"Rules": []props{{"ObjectOwnership": "BucketOwnerEnforced"}}},
		"BucketEncryption": props{"ServerSideEncryptionConfiguration": []props{{"ServerSideEncryptionByDefault": encryption, "BucketKeyEnabled": true}}},
		"Tags":             g.tags(), "Observed": props{"AclGrants": []props{}, "MfaDelete": false, "CreationDate": g.ago(500)}}
	if !g.flaw(0.5) {
		p["NotificationConfiguration"] = props{"EventBridgeConfiguration": props{"EventBridgeEnabled": true}}
	}
	locked, copied := !g.flaw(0.5), !g.flaw(0.6)
	if locked && (use == "backup" || use == "export") {
		p["ObjectLockEnabled"] = true
	}
	if copied && g.account.environment == "prod" {
		p["ReplicationConfiguration"] = props{"Role": g.globalARN("iam", "role/replication"), "Rules": []props{{"Status": "Enabled", "Destination": props{"Bucket": "arn:aws:s3:::" + name + "-copy"}}}}
	}
	if !g.flaw(0.35) {
		p["VersioningConfiguration"] = props{"Status": "Enabled"}
	}
	if !g.flaw(0.4) {
		p["LoggingConfiguration"] = props{"DestinationBucketName": "access-logs-" + g.account.id, "LogFilePrefix": name + "/"}
	}
	if !g.flaw(0.4) {
		p["LifecycleConfiguration"] = props{"Rules": []props{{"Id": "expire", "Status": "Enabled", "NoncurrentVersionExpiration": props{"NoncurrentDays": 90}}}}
	}
	arn := "arn:aws:s3:::" + name
	g.add("AWS::S3::Bucket", name, arn, p)
	statements := []props{}
	if !g.flaw(0.3) {
		statements = append(statements, props{"Sid": "TLS", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": []string{arn, arn + "/*"}, "Condition": props{"Bool": props{"aws:SecureTransport": "false"}}})
	}
	if public {
		statements = append(statements, props{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": arn + "/*"})
	}
	if len(statements) > 0 {
		g.add("AWS::S3::BucketPolicy", name, "", props{"Bucket": name, "PolicyDocument": props{"Version": "2012-10-17", "Statement": statements}})
	}
}

func (g *generator) function(n network, key string) {
	name := g.word("fn")
	p := props{"FunctionName": name, "Runtime": pick(g, "python3.13", "nodejs22.x", "java21", "provided.al2023"), "Handler": "index.handler", "Role": g.globalARN("iam", "role/"+name), "Timeout": 30, "MemorySize": 256,
		"TracingConfig": props{"Mode": map[bool]string{true: "PassThrough", false: "Active"}[g.flaw(0.4)]}, "Tags": g.tags(), "Observed": props{"LastModified": g.ago(g.IntN(300)), "State": "Active"}}
	if old := pick(g, "python3.8", "nodejs16.x", "go1.x"); g.flaw(0.1) {
		p["Runtime"] = old
	}
	if !g.flaw(0.5) {
		p["DeadLetterConfig"] = props{"TargetArn": g.arn("sqs", "dead-letters")}
	}
	if g.chance(0.6) {
		p["VpcConfig"] = props{"SubnetIds": n.subnets, "SecurityGroupIds": n.groups[1:]}
	}
	g.add("AWS::Lambda::Function", name, g.arn("lambda", "function:"+name), p)
	permission := props{"FunctionName": name, "Action": "lambda:InvokeFunction", "Principal": "events.amazonaws.com", "SourceAccount": g.account.id}
	if g.flaw(0.02) {
		permission = props{"FunctionName": name, "Action": "lambda:InvokeFunction", "Principal": "*"}
	}
	g.add("AWS::Lambda::Permission", name+"|1", "", permission)
	group := "/aws/lambda/" + name
	logs := props{"LogGroupName": group, "Tags": g.tags()}
	if days := pick(g, 365, 400, 731); !g.flaw(0.4) {
		logs["RetentionInDays"] = days
	}
	if !g.flaw(0.4) {
		logs["KmsKeyId"] = key
	}
	g.add("AWS::Logs::LogGroup", group, g.arn("logs", "log-group:"+group), logs)
}

func (g *generator) database(n network, key string) {
	name := g.word("db")
	spare := 0.5 // nobody minds if a test database is gone for an hour
	if g.account.environment == "prod" {
		spare = 0.2
	}
	engine, exports := "postgres", []string{"postgresql", "upgrade"}
	if g.chance(0.5) {
		engine, exports = "mysql", []string{"audit", "error", "general", "slowquery"}
	}
	if g.flaw(0.4) {
		exports = exports[:1]
	}
	port, master := "15432", "app_owner"
	if g.flaw(0.5) {
		port = map[string]string{"postgres": "5432", "mysql": "3306"}[engine]
	}
	if g.flaw(0.35) {
		master = map[string]string{"postgres": "postgres", "mysql": "admin"}[engine]
	}
	monitoring := 60
	if g.flaw(0.4) {
		monitoring = 0
	}
	p := props{"DBInstanceIdentifier": name, "Engine": engine, "EngineVersion": map[string]string{"postgres": "16.4", "mysql": "8.4.3"}[engine], "DBInstanceClass": "db.r7g.large", "AllocatedStorage": "100", "StorageEncrypted": !g.flaw(0.08),
		"PubliclyAccessible": g.flaw(0.05), "MultiAZ": !g.flaw(spare), "AutoMinorVersionUpgrade": !g.flaw(0.15), "BackupRetentionPeriod": pick(g, 7, 14, 35), "DeletionProtection": !g.flaw(spare),
		"CopyTagsToSnapshot": !g.flaw(0.3), "EnableIAMDatabaseAuthentication": !g.flaw(0.4), "MonitoringInterval": monitoring, "EnableCloudwatchLogsExports": exports, "Port": port,
		"MasterUsername": master, "VPCSecurityGroups": n.groups[1:], "Tags": g.tags(), "Observed": props{"Status": "available"}}
	if p["StorageEncrypted"] == true {
		p["KmsKeyId"] = key
	}
	if g.flaw(0.1) {
		p["BackupRetentionPeriod"] = 1
	}
	g.add("AWS::RDS::DBInstance", name, g.arn("rds", "db:"+name), p)
	snapshot := "rds:" + name + "-2026"
	g.add("Holdfast::RDS::DBSnapshot", snapshot, g.arn("rds", "snapshot:"+snapshot), props{"Identifier": snapshot, "Encrypted": p["StorageEncrypted"], "Public": g.flaw(0.01), "SharedWith": []string{}, "SnapshotType": "automated"})
}

func (g *generator) table() {
	name := g.word("table")
	g.add("AWS::DynamoDB::Table", name, g.arn("dynamodb", "table/"+name), props{"TableName": name, "BillingMode": "PAY_PER_REQUEST", "PointInTimeRecoverySpecification": props{"PointInTimeRecoveryEnabled": !g.flaw(0.3)},
		"DeletionProtectionEnabled": !g.flaw(0.5), "SSESpecification": props{"SSEEnabled": !g.flaw(0.4)}, "KeySchema": []props{{"AttributeName": "id", "KeyType": "HASH"}}, "Tags": g.tags()})
}

func (g *generator) messages(key string) {
	topic, queue := g.word("topic"), g.word("queue")
	arn := g.arn("sns", topic)
	t := props{"TopicName": topic, "Tags": g.tags()}
	if !g.flaw(0.3) {
		t["KmsMasterKeyId"] = key
	}
	if !g.flaw(0.5) {
		t["DeliveryStatusLogging"] = []props{{"Protocol": "sqs", "SuccessFeedbackSampleRate": "100", "SuccessFeedbackRoleArn": g.globalARN("iam", "role/sns-feedback"), "FailureFeedbackRoleArn": g.globalARN("iam", "role/sns-feedback")}}
	}
	g.add("AWS::SNS::Topic", arn, arn, t)
	who := any(props{"AWS": g.globalARN("iam", "root")})
	if g.flaw(0.04) {
		who = "*"
	}
	g.add("AWS::SNS::TopicPolicy", arn, "", props{"Topics": []string{arn}, "PolicyDocument": props{"Version": "2012-10-17", "Statement": []props{{"Effect": "Allow", "Principal": who, "Action": "sns:Publish", "Resource": arn}}}})
	url := "https://sqs." + g.region + ".amazonaws.com/" + g.account.id + "/" + queue
	q := props{"QueueName": queue, "SqsManagedSseEnabled": !g.flaw(0.1), "VisibilityTimeout": 30, "Tags": g.tags()}
	g.add("AWS::SQS::Queue", url, g.arn("sqs", queue), q)
	statements := []props{{"Effect": "Allow", "Principal": props{"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": g.arn("sqs", queue), "Condition": props{"ArnEquals": props{"aws:SourceArn": arn}}}}
	if !g.flaw(0.35) {
		statements = append(statements, props{"Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": g.arn("sqs", queue), "Condition": props{"Bool": props{"aws:SecureTransport": "false"}}})
	}
	g.add("AWS::SQS::QueuePolicy", url, "", props{"Queues": []string{url}, "PolicyDocument": props{"Version": "2012-10-17", "Statement": statements}})
}

func (g *generator) secret(key string) {
	name := g.word("secret")
	arn := g.arn("secretsmanager", "secret:"+name+"-a1B2c3")
	rotated := !g.flaw(0.4)
	observed := props{"RotationEnabled": rotated, "CreatedDate": g.ago(300), "LastChangedDate": g.ago(g.IntN(60)), "LastAccessedDate": g.ago(g.IntN(60))}
	if long := g.ago(100 + g.IntN(100)); g.flaw(0.2) {
		observed["LastAccessedDate"] = long
	}
	last, late := g.ago(g.IntN(28)), g.ago(45+g.IntN(90))
	if rotated {
		if g.flaw(0.15) {
			last = late
		}
		observed["LastRotatedDate"] = last
		g.add("AWS::SecretsManager::RotationSchedule", arn, "", props{"SecretId": arn, "RotationRules": props{"AutomaticallyAfterDays": 30}})
	}
	p := props{"Name": name, "Tags": g.tags(), "Observed": observed}
	if !g.flaw(0.4) {
		p["KmsKeyId"] = key
	}
	g.add("AWS::SecretsManager::Secret", arn, arn, p)
}

func (g *generator) containers(key string) {
	name := g.word("repo")
	repository := props{"RepositoryName": name, "ImageScanningConfiguration": props{"ScanOnPush": !g.flaw(0.25)}, "ImageTagMutability": map[bool]string{true: "MUTABLE", false: "IMMUTABLE"}[g.flaw(0.4)],
		"EncryptionConfiguration": props{"EncryptionType": "KMS", "KmsKey": key}, "LifecyclePolicy": props{"LifecyclePolicyText": `{"rules":[{"rulePriority":1,"selection":{"tagStatus":"untagged","countType":"sinceImagePushed","countUnit":"days","countNumber":30},"action":{"type":"expire"}}]}`},
		"Tags": g.tags(), "Observed": props{"CreatedAt": g.ago(300)}}
	if g.flaw(0.4) {
		repository["EncryptionConfiguration"] = props{"EncryptionType": "AES256"}
	}
	if g.flaw(0.4) {
		delete(repository, "LifecyclePolicy")
	}
	g.add("AWS::ECR::Repository", name, g.arn("ecr", "repository/"+name), repository)
	cluster := g.word("cluster")
	g.add("AWS::ECS::Cluster", cluster, g.arn("ecs", "cluster/"+cluster), props{"ClusterName": cluster, "ClusterSettings": []props{{"Name": "containerInsights", "Value": map[bool]string{true: "disabled", false: "enabled"}[g.flaw(0.4)]}}, "Tags": g.tags()})
	task := g.arn("ecs", "task-definition/"+g.word("task")+":1")
	g.add("AWS::ECS::TaskDefinition", task, task, props{"Family": "app", "NetworkMode": "awsvpc", "ContainerDefinitions": []props{{"Name": "app", "Image": g.account.id + ".dkr.ecr." + g.region + ".amazonaws.com/" + name + ":1",
		"Privileged": g.flaw(0.04), "ReadonlyRootFilesystem": !g.flaw(0.3), "User": "1000", "LogConfiguration": props{"LogDriver": "awslogs"}}}})
	if g.chance(0.25) {
		name := g.word("eks")
		public := g.flaw(0.4)
		access := props{"EndpointPublicAccess": public, "EndpointPrivateAccess": true, "SubnetIds": []string{}}
		if narrow := g.flaw(0.5); public {
			access["PublicAccessCidrs"] = []string{map[bool]string{true: "198.51.100.0/24", false: "0.0.0.0/0"}[narrow]}
		}
		version := pick(g, "1.34", "1.35")
		if g.flaw(0.3) {
			version = "1.31"
		}
		var encryption []props
		if !g.flaw(0.3) {
			encryption = []props{{"Resources": []string{"secrets"}, "Provider": props{"KeyArn": key}}}
		}
		g.add("AWS::EKS::Cluster", name, g.arn("eks", "cluster/"+name), props{"Name": name, "Version": version, "ResourcesVpcConfig": access, "EncryptionConfig": encryption,
			"Logging": props{"ClusterLogging": props{"EnabledTypes": []props{{"Type": "audit"}, {"Type": "api"}}}}, "Tags": g.tags(), "Observed": props{"Status": "ACTIVE"}})
	}
}

func (g *generator) balancer(n network) {
	name := g.word("lb")
	arn := g.arn("elasticloadbalancing", "loadbalancer/app/"+name+"/50dc6c495c0c9188")
	flag := func(key string, off float64) props {
		return props{"Key": key, "Value": map[bool]string{true: "false", false: "true"}[g.flaw(off)]}
	}
	g.add("AWS::ElasticLoadBalancingV2::LoadBalancer", arn, arn, props{"Name": name, "Type": "application", "Scheme": pick(g, "internet-facing", "internal"), "Subnets": n.subnets, "SecurityGroups": n.groups[1:],
		"LoadBalancerAttributes": []props{flag("access_logs.s3.enabled", 0.3), flag("deletion_protection.enabled", 0.4), flag("routing.http.drop_invalid_header_fields.enabled", 0.4), {"Key": "routing.http.desync_mitigation_mode", "Value": "defensive"}}, "Tags": g.tags()})
	redirect := arn + "/0467ef3c8400ae65"
	listener := arn + "/f2f7dc8efc522ab2"
	p := props{"LoadBalancerArn": arn, "Port": 443, "Protocol": "HTTPS", "SslPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06",
		"Certificates": []props{{"CertificateArn": g.arn("acm", "certificate/"+name)}}, "DefaultActions": []props{{"Type": "forward", "TargetGroupArn": g.arn("elasticloadbalancing", "targetgroup/"+name+"/1")}}}
	if g.flaw(0.1) {
		p["Port"], p["Protocol"] = 80, "HTTP"
		delete(p, "SslPolicy")
		delete(p, "Certificates")
	} else {
		g.add("AWS::ElasticLoadBalancingV2::Listener", redirect, redirect, props{"LoadBalancerArn": arn, "Port": 80, "Protocol": "HTTP",
			"DefaultActions": []props{{"Type": "redirect", "RedirectConfig": props{"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}}}})
	}
	g.add("AWS::ElasticLoadBalancingV2::Listener", listener, listener, p)
}
