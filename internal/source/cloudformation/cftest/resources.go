package cftest

import (
	"fmt"
	"math/rand/v2"
)

type generator struct {
	random *rand.Rand
	last   map[string]string // the newest logical id of each kind
}

func (g *generator) template(resources int) object {
	g.last = map[string]string{}
	makers := []func(g *generator, n int) (string, object){
		bucket, bucketPolicy, role, securityGroup, function, topic, queue, key, database, instance, logGroup, table,
	}
	var all object
	for n := range resources {
		id, r := makers[n%len(makers)](g, n)
		all = append(all, entry{id, r})
	}
	return object{
		{"AWSTemplateFormatVersion", "2010-09-09"},
		{"Description", "A service with its storage, compute and permissions"},
		{"Parameters", object{
			{"Environment", object{{"Type", "String"}, {"Default", "prod"}, {"AllowedValues", array{"dev", "prod"}}}},
			{"VpcId", object{{"Type", "AWS::EC2::VPC::Id"}}},
			{"Password", object{{"Type", "String"}, {"NoEcho", true}, {"MinLength", 16}}},
			{"Subnets", object{{"Type", "List<AWS::EC2::Subnet::Id>"}, {"Default", "subnet-0a,subnet-0b"}}},
		}},
		{"Mappings", object{{"Sizes", object{
			{"dev", object{{"Instance", "t3.small"}, {"Database", "db.t3.small"}}},
			{"prod", object{{"Instance", "m6i.large"}, {"Database", "db.m6i.large"}}},
		}}}},
		{"Conditions", object{
			{"IsProd", fn("Fn::Equals", array{ref("Environment"), "prod"})},
			{"InIreland", fn("Fn::Equals", array{ref("AWS::Region"), "eu-west-1"})},
		}},
		{"Resources", all},
		{"Outputs", object{{"Stack", object{{"Value", fn("Fn::Sub", "${AWS::StackName}-${Environment}")}}}}},
	}
}

func (g *generator) id(kind string, n int) string {
	id := fmt.Sprintf("%s%d", kind, n)
	g.last[kind] = id
	return id
}

func resource(typ string, properties object) object {
	return object{{"Type", typ}, {"Properties", properties}}
}

func (g *generator) tags(n int) array {
	return array{
		object{{"Key", "Name"}, {"Value", fn("Fn::Sub", fmt.Sprintf("${AWS::StackName}-%d", n))}},
		object{{"Key", "owner"}, {"Value", []string{"payments", "search", "platform"}[g.random.IntN(3)]}},
		object{{"Key", "environment"}, {"Value", ref("Environment")}},
	}
}

func (g *generator) chance(percent int) bool { return g.random.IntN(100) < percent }

func bucket(g *generator, n int) (string, object) {
	id := g.id("Bucket", n)
	p := object{
		{"BucketName", fn("Fn::Sub", fmt.Sprintf("app-%d-${AWS::AccountId}", n))},
		{"PublicAccessBlockConfiguration", object{
			{"BlockPublicAcls", true}, {"BlockPublicPolicy", g.chance(80)}, {"IgnorePublicAcls", true}, {"RestrictPublicBuckets", "true"},
		}},
		{"VersioningConfiguration", object{{"Status", fn("Fn::If", array{"IsProd", "Enabled", "Suspended"})}}},
	}
	if g.chance(80) {
		p = append(p, entry{"BucketEncryption", object{{"ServerSideEncryptionConfiguration", array{
			object{{"ServerSideEncryptionByDefault", object{{"SSEAlgorithm", "aws:kms"}}}, {"BucketKeyEnabled", true}}}}}})
	}
	return id, resource("AWS::S3::Bucket", append(p, entry{"Tags", g.tags(n)}))
}

func bucketPolicy(g *generator, n int) (string, object) {
	b := g.last["Bucket"]
	principal := any(object{{"AWS", fn("Fn::Sub", "arn:aws:iam::${AWS::AccountId}:root")}})
	if g.chance(10) {
		principal = "*"
	}
	return g.id("BucketPolicy", n), resource("AWS::S3::BucketPolicy", object{
		{"Bucket", ref(b)},
		{"PolicyDocument", object{{"Version", "2012-10-17"}, {"Statement", array{
			object{{"Sid", "Read"}, {"Effect", "Allow"}, {"Principal", principal}, {"Action", array{"s3:GetObject", "s3:ListBucket"}},
				{"Resource", array{fn("Fn::GetAtt", array{b, "Arn"}), fn("Fn::Sub", "${"+b+".Arn}/*")}}},
			object{{"Sid", "TLS"}, {"Effect", "Deny"}, {"Principal", "*"}, {"Action", "s3:*"}, {"Resource", fn("Fn::Sub", "arn:aws:s3:::${"+b+"}/*")},
				{"Condition", object{{"Bool", object{{"aws:SecureTransport", "false"}}}}}},
		}}}},
	})
}

func role(g *generator, n int) (string, object) {
	action := any(array{"dynamodb:GetItem", "dynamodb:Query", "sqs:SendMessage"})
	if g.chance(10) {
		action = "*"
	}
	return g.id("Role", n), resource("AWS::IAM::Role", object{
		{"AssumeRolePolicyDocument", object{{"Version", "2012-10-17"}, {"Statement", array{
			object{{"Effect", "Allow"}, {"Principal", object{{"Service", "lambda.amazonaws.com"}}}, {"Action", "sts:AssumeRole"}}}}}},
		{"ManagedPolicyArns", array{fn("Fn::Sub", "arn:${AWS::Partition}:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole")}},
		{"Policies", array{object{{"PolicyName", "access"}, {"PolicyDocument", object{{"Version", "2012-10-17"}, {"Statement", array{
			object{{"Effect", "Allow"}, {"Action", action}, {"Resource", fn("Fn::Join", array{"", array{"arn:aws:s3:::", ref(g.last["Bucket"]), "/*"}})}}}}}}}}},
		{"Tags", g.tags(n)},
	})
}

func securityGroup(g *generator, n int) (string, object) {
	source := "10.0.0.0/8"
	if g.chance(15) {
		source = "0.0.0.0/0"
	}
	return g.id("Group", n), resource("AWS::EC2::SecurityGroup", object{
		{"GroupDescription", "Access to the service"},
		{"VpcId", ref("VpcId")},
		{"SecurityGroupIngress", array{
			object{{"IpProtocol", "tcp"}, {"FromPort", 443}, {"ToPort", 443}, {"CidrIp", source}},
			object{{"IpProtocol", "tcp"}, {"FromPort", "22"}, {"ToPort", "22"}, {"CidrIp", source}, {"Description", "administration"}},
		}},
		{"Tags", g.tags(n)},
	})
}

func function(g *generator, n int) (string, object) {
	return g.id("Function", n), resource("AWS::Lambda::Function", object{
		{"Handler", "index.handler"}, {"Runtime", []string{"python3.13", "nodejs22.x", "python3.8"}[g.random.IntN(3)]},
		{"MemorySize", 512}, {"Timeout", 30},
		{"Role", fn("Fn::GetAtt", array{g.last["Role"], "Arn"})},
		{"Code", object{{"S3Bucket", "artifacts"}, {"S3Key", fmt.Sprintf("fn/%d.zip", n)}}},
		{"Environment", object{{"Variables", object{{"BUCKET", ref(g.last["Bucket"])}, {"STAGE", ref("Environment")}, {"LOG_LEVEL", "info"}}}}},
		{"VpcConfig", object{{"SubnetIds", ref("Subnets")}, {"SecurityGroupIds", array{fn("Fn::GetAtt", array{g.last["Group"], "GroupId"})}}}},
		{"TracingConfig", object{{"Mode", "Active"}}},
	})
}

func topic(g *generator, n int) (string, object) {
	p := object{{"TopicName", fmt.Sprintf("events-%d", n)}, {"Tags", g.tags(n)}}
	if g.chance(60) {
		p = append(p, entry{"KmsMasterKeyId", "alias/aws/sns"})
	}
	return g.id("Topic", n), resource("AWS::SNS::Topic", p)
}

func queue(g *generator, n int) (string, object) {
	return g.id("Queue", n), resource("AWS::SQS::Queue", object{
		{"MessageRetentionPeriod", 1209600}, {"SqsManagedSseEnabled", g.chance(70)},
		{"RedrivePolicy", object{{"maxReceiveCount", 5}, {"deadLetterTargetArn", "arn:aws:sqs:eu-west-1:111122223333:dead"}}},
		{"Tags", g.tags(n)},
	})
}

func key(g *generator, n int) (string, object) {
	return g.id("Key", n), resource("AWS::KMS::Key", object{
		{"Description", "data of the service"}, {"EnableKeyRotation", g.chance(75)},
		{"KeyPolicy", object{{"Version", "2012-10-17"}, {"Statement", array{
			object{{"Sid", "Administration"}, {"Effect", "Allow"}, {"Principal", object{{"AWS", fn("Fn::Sub", "arn:aws:iam::${AWS::AccountId}:root")}}}, {"Action", "kms:*"}, {"Resource", "*"}},
			object{{"Sid", "Use"}, {"Effect", "Allow"}, {"Principal", object{{"AWS", fn("Fn::GetAtt", array{g.last["Role"], "Arn"})}}}, {"Action", array{"kms:Decrypt", "kms:GenerateDataKey"}}, {"Resource", "*"}},
		}}}},
	})
}

func database(g *generator, n int) (string, object) {
	return g.id("Database", n), object{{"Type", "AWS::RDS::DBInstance"}, {"DeletionPolicy", "Snapshot"}, {"UpdateReplacePolicy", "Snapshot"}, {"Properties", object{
		{"Engine", "postgres"}, {"EngineVersion", "16.3"}, {"AllocatedStorage", "100"},
		{"DBInstanceClass", fn("Fn::FindInMap", array{"Sizes", ref("Environment"), "Database"})},
		{"StorageEncrypted", g.chance(80)}, {"PubliclyAccessible", g.chance(10)}, {"MultiAZ", fn("Fn::If", array{"IsProd", true, false})},
		{"MasterUsername", "app"}, {"MasterUserPassword", ref("Password")},
		{"BackupRetentionPeriod", fn("Fn::If", array{"InIreland", 30, 7})},
		{"KmsKeyId", fn("Fn::If", array{"InIreland", fn("Fn::GetAtt", array{g.last["Key"], "Arn"}), ref("AWS::NoValue")})},
		{"VPCSecurityGroups", array{fn("Fn::GetAtt", array{g.last["Group"], "GroupId"})}},
		{"Tags", g.tags(n)},
	}}}
}

func instance(g *generator, n int) (string, object) {
	p := object{
		{"ImageId", "ami-0123456789abcdef0"},
		{"InstanceType", fn("Fn::FindInMap", array{"Sizes", ref("Environment"), "Instance"})},
		{"SubnetId", fn("Fn::Select", array{g.random.IntN(2), ref("Subnets")})},
		{"SecurityGroupIds", array{fn("Fn::GetAtt", array{g.last["Group"], "GroupId"})}},
		{"BlockDeviceMappings", array{object{{"DeviceName", "/dev/xvda"}, {"Ebs", object{{"VolumeSize", 50}, {"Encrypted", g.chance(80)}}}}}},
		{"UserData", fn("Fn::Base64", fn("Fn::Sub", "systemctl start app-${Environment}"))},
		{"Tags", g.tags(n)},
	}
	if g.chance(70) {
		p = append(p, entry{"MetadataOptions", object{{"HttpTokens", "required"}, {"HttpPutResponseHopLimit", 1}}})
	}
	return g.id("Instance", n), object{{"Type", "AWS::EC2::Instance"}, {"Condition", []string{"IsProd", "InIreland"}[n%2]}, {"Properties", p}}
}

func logGroup(g *generator, n int) (string, object) {
	return g.id("Logs", n), resource("AWS::Logs::LogGroup", object{
		{"LogGroupName", fn("Fn::Sub", "/aws/lambda/${"+g.last["Function"]+"}")}, {"RetentionInDays", []int{30, 365}[g.random.IntN(2)]},
	})
}

func table(g *generator, n int) (string, object) {
	return g.id("Table", n), resource("AWS::DynamoDB::Table", object{
		{"TableName", fmt.Sprintf("orders-%d", n)},
		{"AttributeDefinitions", array{object{{"AttributeName", "id"}, {"AttributeType", "S"}}, object{{"AttributeName", "at"}, {"AttributeType", "N"}}}},
		{"KeySchema", array{object{{"AttributeName", "id"}, {"KeyType", "HASH"}}, object{{"AttributeName", "at"}, {"KeyType", "RANGE"}}}},
		{"BillingMode", "PAY_PER_REQUEST"},
		{"PointInTimeRecoverySpecification", object{{"PointInTimeRecoveryEnabled", g.chance(60)}}},
		{"SSESpecification", object{{"SSEEnabled", true}, {"KMSMasterKeyId", ref(g.last["Key"])}}},
		{"Tags", g.tags(n)},
	})
}
