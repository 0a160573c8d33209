package activity_test

import (
	"fmt"
	"strings"
	"testing"

	"holdfast.dev/holdfast/internal/engine/iam/activity"
)

const user = `"userIdentity":{"type":"IAMUser","principalId":"AIDAX","arn":"arn:aws:iam::111122223333:user/ann","accountId":"111122223333","userName":"ann"}`

// event is a record of a call by a user, with more fields.
func event(source, name, more string) string {
	if more != "" {
		more = "," + more
	}
	return fmt.Sprintf(`{"eventID":"e","eventTime":"2024-05-01T10:00:00Z","eventType":"AwsApiCall","eventSource":%q,"eventName":%q,"awsRegion":"eu-west-1","recipientAccountId":"111122223333",%s%s}`,
		source+".amazonaws.com", name, user, more)
}

func params(json string) string { return `"requestParameters":` + json }

// show writes calls as lines: action, resource (… where only the start is known),
// what was derived, and conditions.
func show(calls []activity.Call, skip activity.Skip) string {
	if skip != activity.NoSkip {
		return "skip: " + string(skip)
	}
	var lines []string
	for _, c := range calls {
		line := c.Request.Action + " " + c.Request.Resource
		if c.Request.Partial {
			line += "…"
		}
		if c.Derived {
			line += " derived"
		}
		if c.Maybe {
			line += " maybe"
		}
		for _, k := range c.Conditions {
			line += " " + k.Key + "=" + k.Value
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

func TestEventsToActions(t *testing.T) {
	for _, c := range []struct{ name, record, want string }{
		{"object", event("s3", "GetObject", params(`{"bucketName":"b","key":"a/k"}`)), "s3:GetObject arn:aws:s3:::b/a/k"},
		{"version of an object", event("s3", "GetObject", params(`{"bucketName":"b","key":"k","versionId":"v"}`)), "s3:GetObjectVersion arn:aws:s3:::b/k"},
		{"head", event("s3", "HeadObject", params(`{"bucketName":"b","key":"k"}`)), "s3:GetObject arn:aws:s3:::b/k"},
		{"listing", event("s3", "ListObjectsV2", params(`{"bucketName":"b","prefix":"x"}`)), "s3:ListBucket arn:aws:s3:::b"},
		{"copy", event("s3", "CopyObject", params(`{"bucketName":"to","key":"k","x-amz-copy-source":"/from/a%20b?versionId=7"}`)), "s3:GetObjectVersion arn:aws:s3:::from/a b\ns3:PutObject arn:aws:s3:::to/k"},
		{"many deletions", event("s3", "DeleteObjects", params(`{"bucketName":"b"}`)), "s3:DeleteObject arn:aws:s3:::b/…"},
		{"own name of a bucket setting", event("s3", "DeleteBucketReplication", params(`{"bucketName":"b"}`)), "s3:PutReplicationConfiguration arn:aws:s3:::b"},
		{"directory bucket", event("s3", "PutObject", params(`{"bucketName":"b--euw1-az1--x-s3","key":"k"}`)), "s3express:CreateSession arn:aws:s3express:eu-west-1:111122223333:bucket/b--euw1-az1--x-s3"},
		{"all buckets", event("s3", "ListBuckets", ""), "s3:ListAllMyBuckets *"},
		{"version suffix", event("lambda", "GetFunction20150331v2", params(`{"functionName":"f"}`)), "lambda:GetFunction arn:aws:lambda:eu-west-1:111122223333:function:f"},
		{"digits of the name stay", event("elasticmapreduce", "ListInstances", params(`{"clusterId":"j-1"}`)), "elasticmapreduce:ListInstances arn:aws:elasticmapreduce:eu-west-1:111122223333:cluster/j-1"},
		{"invocation", event("lambda", "Invoke", params(`{"functionName":"111122223333:function:f:live"}`)), "lambda:InvokeFunction arn:aws:lambda:eu-west-1:111122223333:function:f"},
		{"role passed", event("lambda", "CreateFunction20150331", params(`{"functionName":"f","role":"arn:aws:iam::111122223333:role/x/r"}`)),
			"iam:PassRole arn:aws:iam::111122223333:role/x/r derived iam:PassedToService=lambda.amazonaws.com\nlambda:CreateFunction arn:aws:lambda:eu-west-1:111122223333:function:f"},
		{"role passed by name", event("glue", "CreateJob", params(`{"name":"j","role":"r"}`)),
			"glue:CreateJob arn:aws:glue:eu-west-1:111122223333:job/j\niam:PassRole arn:aws:iam::111122223333:role/r derived iam:PassedToService=glue.amazonaws.com"},
		{"instances", event("ec2", "RunInstances", params(`{"instancesSet":{"items":[{"imageId":"ami-0123456789abcdef0"}]},"subnetId":"subnet-0123456789abcdef0","iamInstanceProfile":{"name":"p"},
			"tagSpecificationSet":{"items":[{"resourceType":"instance","tags":[{"key":"k","value":"v"}]}]}}`)+`,"responseElements":{"groupSet":{"items":[{"groupId":"sg-0123456789abcdef0"}]},"instancesSet":{"items":[{"instanceId":"i-0123456789abcdef0"}]}}`),
			"ec2:CreateTags arn:aws:ec2:eu-west-1:111122223333:instance/… derived ec2:CreateAction=RunInstances\n" +
				"ec2:RunInstances arn:aws:ec2:eu-west-1:111122223333:instance/…\nec2:RunInstances arn:aws:ec2:eu-west-1:111122223333:network-interface/…\n" +
				"ec2:RunInstances arn:aws:ec2:eu-west-1:111122223333:security-group/sg-0123456789abcdef0\nec2:RunInstances arn:aws:ec2:eu-west-1:111122223333:subnet/subnet-0123456789abcdef0\n" +
				"ec2:RunInstances arn:aws:ec2:eu-west-1:111122223333:volume/…\nec2:RunInstances arn:aws:ec2:eu-west-1::image/ami-0123456789abcdef0\n" +
				"iam:PassRole arn:aws:iam::111122223333:role/… derived iam:PassedToService=ec2.amazonaws.com"},
		{"role of which it is not known", event("dms", "CreateEndpoint", params(`{"endpointIdentifier":"e","serviceAccessRoleArn":"arn:aws:iam::111122223333:role/r"}`)),
			"dms:CreateEndpoint arn:aws:dms:eu-west-1:111122223333:endpoint:…\niam:PassRole arn:aws:iam::111122223333:role/r derived maybe"},
		{"access point", event("s3", "GetObject", params(`{"bucketName":"arn:aws:s3:eu-west-1:111122223333:accesspoint/p","key":"k"}`)), "s3:GetObject arn:aws:s3:eu-west-1:111122223333:accesspoint/p/object/k"},
		{"settings through an access point", event("s3", "ListObjectsV2", params(`{"bucketName":"arn:aws:s3:eu-west-1:111122223333:accesspoint/p"}`)), "s3:ListBucket arn:aws:s3:eu-west-1:111122223333:accesspoint/p"},
		{"key pair", event("ec2", "DeleteKeyPair", params(`{"keyName":"k"}`)), "ec2:DeleteKeyPair arn:aws:ec2:eu-west-1:111122223333:key-pair/k"},
		{"index, not its table", event("dynamodb", "Query", params(`{"tableName":"t","indexName":"i"}`)), "dynamodb:Query arn:aws:dynamodb:eu-west-1:111122223333:table/t/index/i"},
		{"tables by name", event("dynamodb", "BatchGetItem", params(`{"requestItems":{"a":{},"b":{}}}`)),
			"dynamodb:BatchGetItem arn:aws:dynamodb:eu-west-1:111122223333:table/a\ndynamodb:BatchGetItem arn:aws:dynamodb:eu-west-1:111122223333:table/b"},
		{"rule of the default bus", event("events", "PutRule", params(`{"name":"r","eventBusName":"default"}`)), "events:PutRule arn:aws:events:eu-west-1:111122223333:rule/r"},
		{"rule of another bus", event("events", "PutRule", params(`{"name":"r","eventBusName":"b"}`)), "events:PutRule arn:aws:events:eu-west-1:111122223333:rule/b/r"},
		{"load balancer", event("elasticloadbalancing", "CreateLoadBalancer", params(`{"name":"lb","type":"network"}`)), "elasticloadbalancing:CreateLoadBalancer arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/net/lb/…"},
		{"ARNs of other services are none of ours", event("logs", "PutSubscriptionFilter", params(`{"logGroupName":"/g","filterName":"f","destinationArn":"arn:aws:lambda:eu-west-1:111122223333:function:f"}`)),
			"logs:PutSubscriptionFilter arn:aws:logs:eu-west-1:111122223333:log-group:/g"},
		{"groups that a rule lets in are not changed", event("ec2", "AuthorizeSecurityGroupIngress", params(`{"groupId":"sg-0123456789abcdef0","ipPermissions":{"items":[{"groups":{"items":[{"groupId":"sg-0aaaaaaaaaaaaaaa1"}]}}]}}`)),
			"ec2:AuthorizeSecurityGroupIngress arn:aws:ec2:eu-west-1:111122223333:security-group/sg-0123456789abcdef0"},
		{"what may be asked about * is not known", event("rds", "DescribeDBInstances", ""), "rds:DescribeDBInstances …"},
		{"service-linked role", event("iam", "CreateServiceLinkedRole", params(`{"aWSServiceName":"ecs.amazonaws.com"}`)),
			"iam:CreateServiceLinkedRole arn:aws:iam::111122223333:role/aws-service-role/ecs.amazonaws.com/… iam:AWSServiceName=ecs.amazonaws.com"},
		{"name of what the event is named after", event("glue", "GetTable", params(`{"databaseName":"d","name":"t"}`)),
			"glue:GetTable arn:aws:glue:eu-west-1:111122223333:catalog\nglue:GetTable arn:aws:glue:eu-west-1:111122223333:database/d\nglue:GetTable arn:aws:glue:eu-west-1:111122223333:table/d/t"},
		{"cluster by ARN", event("ecs", "UpdateService", params(`{"cluster":"arn:aws:ecs:eu-west-1:111122223333:cluster/c","service":"s"}`)), "ecs:UpdateService arn:aws:ecs:eu-west-1:111122223333:service/c/s"},
		{"keys of both sides", event("kms", "ReEncrypt", params(`{"sourceKeyId":"arn:aws:kms:eu-west-1:111122223333:key/a","destinationKeyId":"arn:aws:kms:eu-west-1:111122223333:key/b"}`)),
			"kms:ReEncryptFrom arn:aws:kms:eu-west-1:111122223333:key/a\nkms:ReEncryptTo arn:aws:kms:eu-west-1:111122223333:key/b"},
		{"key by alias", event("kms", "Decrypt", params(`{"keyId":"alias/a"}`)), "kms:Decrypt arn:aws:kms:eu-west-1:111122223333:key/…"},
		{"PartiQL", event("dynamodb", "BatchExecuteStatement", params(`{"statements":[{"statement":"select * from \"t\""},{"statement":"Delete from t"}]}`)),
			"dynamodb:PartiQLDelete arn:aws:dynamodb:eu-west-1:111122223333:table/…\ndynamodb:PartiQLSelect arn:aws:dynamodb:eu-west-1:111122223333:table/…"},
		{"hidden PartiQL", event("dynamodb", "ExecuteStatement", params(`{"statement":"HIDDEN_DUE_TO_SECURITY_REASONS"}`)), "skip: no IAM action is known for it"},
		{"transaction", event("dynamodb", "TransactWriteItems", params(`{"transactItems":[{"put":{"tableName":"a"}},{"update":{"tableName":"a"}}]}`)),
			"dynamodb:PutItem arn:aws:dynamodb:eu-west-1:111122223333:table/a\ndynamodb:UpdateItem arn:aws:dynamodb:eu-west-1:111122223333:table/a"},
		{"HTTP methods", event("apigateway", "UpdateStage", params(`{"restApiId":"abc","stageName":"s"}`)), "apigateway:PATCH arn:aws:apigateway:eu-west-1::/restapis/abc…"},
		{"budgets", event("budgets", "DescribeBudgets", params(`{"accountId":"111122223333"}`)), "budgets:ViewBudget arn:aws:budgets::111122223333:budget/…"},
		{"another prefix", event("monitoring", "DeleteAlarms", params(`{"alarmNames":["a","b"]}`)), "cloudwatch:DeleteAlarms arn:aws:cloudwatch:eu-west-1:111122223333:alarm:a\ncloudwatch:DeleteAlarms arn:aws:cloudwatch:eu-west-1:111122223333:alarm:b"},
		{"queue", event("sqs", "SendMessage", params(`{"queueUrl":"https://sqs.eu-west-1.amazonaws.com/111122223333/q"}`)), "sqs:SendMessage arn:aws:sqs:eu-west-1:111122223333:q"},
		{"topic", event("sns", "Publish", params(`{"topicArn":"arn:aws:sns:eu-west-1:111122223333:t"}`)), "sns:Publish arn:aws:sns:eu-west-1:111122223333:t"},
		{"secret by name", event("secretsmanager", "GetSecretValue", params(`{"secretId":"db"}`)), "secretsmanager:GetSecretValue arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-…"},
		{"parameter", event("ssm", "GetParameters", params(`{"names":["/a/b","c"]}`)), "ssm:GetParameters arn:aws:ssm:eu-west-1:111122223333:parameter/a/b\nssm:GetParameters arn:aws:ssm:eu-west-1:111122223333:parameter/c"},
		{"document of AWS", event("ssm", "SendCommand", params(`{"documentName":"AWS-RunShellScript","instanceIds":["i-0123456789abcdef0"]}`)),
			"ssm:SendCommand arn:aws:ec2:eu-west-1:111122223333:instance/i-0123456789abcdef0\nssm:SendCommand arn:aws:ssm:eu-west-1::document/AWS-RunShellScript"},
		{"stack", event("cloudformation", "DeleteStack", params(`{"stackName":"s","roleARN":"arn:aws:iam::111122223333:role/r"}`)),
			"cloudformation:DeleteStack arn:aws:cloudformation:eu-west-1:111122223333:stack/s/…\niam:PassRole arn:aws:iam::111122223333:role/r derived iam:PassedToService=cloudformation.amazonaws.com"},
		{"the caller", event("iam", "ChangePassword", ""), "iam:ChangePassword arn:aws:iam::111122223333:user/ann"},
		{"role put into an instance profile", event("iam", "AddRoleToInstanceProfile", params(`{"instanceProfileName":"p","roleName":"r"}`)),
			"iam:AddRoleToInstanceProfile arn:aws:iam::111122223333:instance-profile/p\niam:PassRole arn:aws:iam::111122223333:role/r derived iam:PassedToService=ec2.amazonaws.com"},
		{"path at creation", event("iam", "CreateRole", params(`{"roleName":"r","path":"/p/","tags":[{"key":"a","value":"b"}]}`)), "iam:CreateRole arn:aws:iam::111122223333:role/p/r\niam:TagRole arn:aws:iam::111122223333:role/p/r derived"},
		{"policies are not looked into", event("s3", "PutBucketPolicy", params(`{"bucketName":"b","bucketPolicy":{"Statement":[{"Resource":"arn:aws:s3:::other"}]}}`)), "s3:PutBucketPolicy arn:aws:s3:::b"},
		{"listed resources first", event("kms", "GenerateDataKey", params(`{"keyId":"alias/x"}`)+`,"resources":[{"ARN":"arn:aws:kms:eu-west-1:444455556666:key/k","accountId":"444455556666"}]`), "kms:GenerateDataKey arn:aws:kms:eu-west-1:444455556666:key/k"},
		{"several named", event("ec2", "TerminateInstances", params(`{"instancesSet":{"items":[{"instanceId":"i-0123456789abcdef0"},{"instanceId":"i-0123456789abcdef1"}]}}`)),
			"ec2:TerminateInstances arn:aws:ec2:eu-west-1:111122223333:instance/i-0123456789abcdef0\nec2:TerminateInstances arn:aws:ec2:eu-west-1:111122223333:instance/i-0123456789abcdef1"},
		{"model", event("bedrock", "Converse", params(`{"modelId":"anthropic.claude-v2"}`)), "bedrock:InvokeModel arn:aws:bedrock:eu-west-1::foundation-model/anthropic.claude-v2"},
		{"tags of a session", event("sts", "AssumeRole", params(`{"roleArn":"arn:aws:iam::111122223333:role/r","tags":[{"key":"a","value":"b"}],"sourceIdentity":"me"}`)),
			"sts:AssumeRole arn:aws:iam::111122223333:role/r\nsts:SetSourceIdentity arn:aws:iam::111122223333:role/r derived\nsts:TagSession arn:aws:iam::111122223333:role/r derived"},
		{"who am I", event("sts", "GetCallerIdentity", ""), "skip: needs no permission"},
		{"sign-in", event("signin", "CheckMfa", ""), "skip: not an API call"},
		{"not in the catalogue", event("ec2", "DoWonders", ""), "skip: no IAM action is known for it"},
		{"no service", event("nothing", "Get", ""), "skip: no IAM action is known for it"},
		{"service event", `{"eventType":"AwsServiceEvent","eventSource":"kms.amazonaws.com","eventName":"RotateKey","userIdentity":{"accountId":"111122223333","invokedBy":"AWS Internal"}}`, "skip: not an API call"},
		{"by a service", `{"eventType":"AwsApiCall","eventSource":"sts.amazonaws.com","eventName":"AssumeRole","userIdentity":{"type":"AWSService","invokedBy":"ec2.amazonaws.com"}}`, "skip: made by an AWS service"},
		{"no type", `{"eventType":"AwsApiCall","eventSource":"s3.amazonaws.com","eventName":"GetObject"}`, "skip: made by a principal the record does not name"},
		{"Identity Center", `{"eventSource":"sso.amazonaws.com","eventName":"ListAccounts","userIdentity":{"type":"IdentityCenterUser"}}`, "skip: made by an identity outside of IAM"},
		{"service-linked role", `{"eventSource":"ec2.amazonaws.com","eventName":"DescribeVpcs","userIdentity":{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/AWSServiceRoleForRDS/x",
			"sessionContext":{"sessionIssuer":{"type":"Role","arn":"arn:aws:iam::111122223333:role/aws-service-role/rds.amazonaws.com/AWSServiceRoleForRDS"}}}}`, "skip: made by a service-linked role"},
		{"no JSON", `{"eventName"`, "skip: cannot be read"},
		{"odd types", `{"eventID":7,"eventName":["x"],"eventSource":"s3.amazonaws.com","userIdentity":"me","requestParameters":"none","resources":{}}`, "skip: made by a principal the record does not name"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var m activity.Mapper
			if got := show(m.Of([]byte(c.record))); got != c.want {
				t.Errorf("\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

func TestPrincipals(t *testing.T) {
	for _, c := range []struct{ name, identity, arn, role, kind string }{
		{"user", `{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/p/ann","principalId":"AIDAX"}`, "arn:aws:iam::111122223333:user/p/ann", "", "user"},
		{"session", `{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/r/s","principalId":"AROAX:s","sessionContext":{"sessionIssuer":{"arn":"arn:aws:iam::111122223333:role/p/r"}}}`,
			"arn:aws:sts::111122223333:assumed-role/r/s", "arn:aws:iam::111122223333:role/p/r", "session"},
		{"session without issuer", `{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/r/s","principalId":"AROAX:s"}`, "arn:aws:sts::111122223333:assumed-role/r/s", "arn:aws:iam::111122223333:role/r", "session"},
		{"root", `{"type":"Root","arn":"arn:aws:iam::111122223333:root","accountId":"111122223333"}`, "arn:aws:iam::111122223333:root", "", "root"},
		{"federated user", `{"type":"FederatedUser","arn":"arn:aws:sts::111122223333:federated-user/f"}`, "arn:aws:sts::111122223333:federated-user/f", "", "federated-user"},
		{"somebody from outside", `{"type":"AWSAccount","accountId":"ANONYMOUS_PRINCIPAL"}`, "", "", "anonymous"},
		{"vouched for", `{"type":"WebIdentityUser","identityProvider":"accounts.google.com"}`, "accounts.google.com", "", "federated"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var m activity.Mapper
			calls, skip := m.Of([]byte(`{"eventType":"AwsApiCall","eventSource":"s3.amazonaws.com","eventName":"ListBuckets","userIdentity":` + c.identity + `}`))
			if skip != activity.NoSkip {
				t.Fatal(skip)
			}
			if p := calls[0].Request.Principal; p.ARN != c.arn || p.Role != c.role || p.Kind.String() != c.kind {
				t.Errorf("%+v", p)
			}
		})
	}
	var m activity.Mapper
	if _, skip := m.Of([]byte(`{"eventSource":"s3.amazonaws.com","eventName":"ListBuckets","userIdentity":{"type":"AWSAccount","accountId":"444455556666","principalId":"AROAX:s"}}`)); skip != activity.UnseenPrincipal {
		t.Errorf("a principal of another account that is not named: %q", skip)
	}
}

// TestLearning: what one record tells is used for others.
func TestLearning(t *testing.T) {
	var m activity.Mapper
	for _, raw := range []string{
		event("iam", "CreateRole", params(`{"roleName":"r","path":"/app/"}`)+`,"responseElements":{"role":{"arn":"arn:aws:iam::111122223333:role/app/r"}}`),
		event("iam", "AddRoleToInstanceProfile", params(`{"instanceProfileName":"p","roleName":"r"}`)),
		event("sts", "AssumeRole", params(`{"roleArn":"arn:aws:iam::111122223333:role/app/r","tags":[{"key":"team","value":"a"}]}`)+`,"responseElements":{"credentials":{"accessKeyId":"ASIAX"}}`),
	} {
		r, err := activity.Parse([]byte(raw))
		if err != nil {
			t.Fatal(err)
		}
		m.Learn(r)
	}
	got := show(m.Of([]byte(event("ec2", "AssociateIamInstanceProfile", params(`{"AssociateIamInstanceProfileRequest":{"InstanceId":"i-0123456789abcdef0","IamInstanceProfile":{"Name":"p"}}}`)))))
	want := "ec2:AssociateIamInstanceProfile arn:aws:ec2:eu-west-1:111122223333:instance/i-0123456789abcdef0\n" +
		"iam:PassRole arn:aws:iam::111122223333:role/app/r derived iam:PassedToService=ec2.amazonaws.com"
	if got != want {
		t.Errorf("%s", got)
	}
	calls, _ := m.Of([]byte(event("iam", "GetRole", params(`{"roleName":"r"}`))))
	if calls[0].Request.Resource != "arn:aws:iam::111122223333:role/app/r" || calls[0].Assumed != "" {
		t.Errorf("%+v", calls[0])
	}
	calls, _ = m.Of([]byte(event("iam", "GetRole", params(`{"roleName":"other"}`))))
	if calls[0].Request.Resource != "arn:aws:iam::111122223333:role/other" || calls[0].Assumed == "" {
		t.Errorf("a path that was never seen is an assumption: %+v", calls[0])
	}
}

func TestDenied(t *testing.T) {
	for _, c := range []struct {
		more   string
		denied bool
		err    string
	}{
		{``, false, ""},
		{`"errorCode":"AccessDenied"`, true, ""},
		{`"errorCode":"Client.UnauthorizedOperation"`, true, ""},
		{`"errorCode":"VpceAccessDenied"`, true, ""},
		{`"errorCode":"SomeFault","errorMessage":"User: x is not authorized to perform: y"`, true, ""},
		{`"errorCode":"NoSuchBucketPolicy"`, false, "NoSuchBucketPolicy"},
		{`"errorCode":"Client.DryRunOperation"`, false, ""},
	} {
		var m activity.Mapper
		calls, skip := m.Of([]byte(event("s3", "ListBuckets", c.more)))
		if skip != activity.NoSkip || calls[0].Denied != c.denied || calls[0].Error != c.err {
			t.Errorf("%s: %+v", c.more, calls)
		}
	}
}

func FuzzOf(f *testing.F) {
	f.Add([]byte(event("ec2", "RunInstances", params(`{"iamInstanceProfile":{"name":"p"},"tagSpecificationSet":{"items":[{"resourceType":"instance"}]}}`))))
	f.Add([]byte(event("s3", "CopyObject", params(`{"bucketName":"b","x-amz-copy-source":"%zz"}`))))
	f.Add([]byte(event("lambda", "CreateFunction20150331", params(`{"role":"r","tags":{"a":"b"}}`))))
	f.Add([]byte(event("dynamodb", "ExecuteStatement", params(`{"statement":"SELECT"}`))))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var m activity.Mapper
		if r, err := activity.Parse(raw); err == nil {
			m.Learn(r)
		}
		calls, skip := m.Of(raw)
		again, _ := m.Of(raw)
		if (len(calls) == 0) != (skip != activity.NoSkip) || show(calls, skip) != show(again, skip) {
			t.Errorf("%d calls, skip %q", len(calls), skip)
		}
		for _, c := range calls {
			if c.Request.Principal == nil || c.Request.Context == nil || c.Request.Resource == "" && !c.Request.Partial {
				t.Errorf("%+v", c)
			}
		}
	})
}
