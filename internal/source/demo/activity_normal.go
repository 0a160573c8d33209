package demo

import (
	"fmt"
	"time"
)

// normal is what everybody does in an account day after day.
func (d *days) normal(a *account) {
	for day := range activityDays + 1 {
		at := d.start.AddDate(0, 0, day)
		weekend := at.Weekday() == time.Saturday || at.Weekday() == time.Sunday
		for _, region := range regions {
			d.services(a, region, at)
		}
		d.audit(a, at)
		if a.networked() {
			d.runtime(a, "eu-west-1", at)
		}
		if weekend {
			continue
		}
		if a.environment != "sandbox" && a.networked() {
			d.pipeline(a, at.Add(time.Duration(9*60+d.IntN(420))*time.Minute))
		}
		d.people(a, at)
	}
}

// around is a time within some minutes of another.
func (d *days) around(at time.Time, minutes int) time.Time {
	return at.Add(time.Duration(d.IntN(60*minutes+1)) * time.Second)
}

// services are those of AWS that look after the account: the recorder of AWS Config,
// GuardDuty, and the roles that services assume.
func (d *days) services(a *account, region string, day time.Time) {
	config := d.behalf(d.role(a.id, "aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig", "AWSConfig-Describe", "", "", day, false), "config")
	for hour := 0; hour < 24; hour += 6 {
		at := d.around(day.Add(time.Duration(hour)*time.Hour), 50)
		d.by(service("config"), a.id, region, at, do("sts", "AssumeRole",
			map[string]any{"roleArn": "arn:aws:iam::" + a.id + ":role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig", "roleSessionName": "AWSConfig-Describe"},
			map[string]any{"credentials": map[string]any{"accessKeyId": "ASIA" + d.secret(16)}}))
		for i, name := range []string{"DescribeVpcs", "DescribeSecurityGroups", "DescribeInstances", "DescribeVolumes"} {
			d.by(config, a.id, region, at.Add(time.Duration(2*i+1)*time.Second), read("ec2", name, nil))
		}
		d.by(config, a.id, region, at.Add(10*time.Second), do("config", "PutEvaluations", map[string]any{"testMode": false}, map[string]any{"failedEvaluations": []any{}}))
	}
	guardduty := d.behalf(d.role(a.id, "aws-service-role/guardduty.amazonaws.com/AWSServiceRoleForAmazonGuardDuty", "GuardDuty", "", "", day, false), "guardduty")
	d.by(guardduty, a.id, region, d.around(day.Add(3*time.Hour), 90), read("ec2", "DescribeVpcEndpoints", nil))
	d.by(guardduty, a.id, region, d.around(day.Add(15*time.Hour), 90), read("ec2", "DescribeSubnets", nil))
}

// audit is the organisation's own scanner, which goes through every account at night.
// It keeps a slow pace, as it was asked to.
func (d *days) audit(a *account, day time.Time) {
	began := d.around(day.Add(2*time.Hour), 120)
	who := d.role(a.id, "holdfast-audit", "holdfast", scanner, agentCLI, began, false)
	look := []call{
		read("sts", "GetCallerIdentity", nil), read("ec2", "DescribeRegions", nil), read("s3", "ListBuckets", nil), read("iam", "GetAccountSummary", nil),
		read("iam", "GetAccountPasswordPolicy", nil), read("cloudtrail", "DescribeTrails", nil), read("guardduty", "ListDetectors", nil), read("kms", "ListKeys", nil),
		read("rds", "DescribeDBInstances", nil), read("ec2", "DescribeSecurityGroups", nil), read("ec2", "DescribeSnapshots", map[string]any{"ownersSet": map[string]any{"items": []any{map[string]any{"owner": "self"}}}}),
		read("lambda", "ListFunctions20150331", nil), read("config", "DescribeConfigurationRecorders", nil), read("securityhub", "DescribeHub", nil),
	}
	for i, c := range look {
		region := "eu-west-1"
		if c.source == "iam" || c.source == "sts" {
			region = "us-east-1"
		}
		d.by(who, a.id, region, began.Add(time.Duration(i*170+d.IntN(40))*time.Second), c)
	}
}

// runtime is the workload itself: functions and tasks that use what is theirs.
func (d *days) runtime(a *account, region string, day time.Time) {
	function := a.workload + "-api"
	who := d.role(a.id, a.workload+"-function", function, "10.20.3.14", agentRuntime, day, false)
	for hour := range 24 {
		at := day.Add(time.Duration(hour) * time.Hour)
		d.by(who, a.id, region, d.around(at, 20), do("logs", "CreateLogStream",
			map[string]any{"logGroupName": "/aws/lambda/" + function, "logStreamName": at.Format("2006/01/02/") + "[$LATEST]" + d.secret(8)}, nil))
		d.by(who, a.id, region, d.around(at, 55), read("kms", "Decrypt", map[string]any{"encryptionContext": map[string]any{"aws:lambda:FunctionArn": "arn:aws:lambda:" + region + ":" + a.id + ":function:" + function}, "encryptionAlgorithm": "SYMMETRIC_DEFAULT"}))
		if hour%4 == 1 {
			d.by(who, a.id, region, d.around(at, 55), read("secretsmanager", "GetSecretValue", map[string]any{"secretId": a.workload + "/database"}))
		}
	}
	instance := d.role(a.id, a.workload+"-instance", fmt.Sprintf("i-%017x", hash(a.id)), "10.20.4.8", "aws-sdk-go/1.55.8 (go1.24.9; linux; amd64) amazon-ssm-agent/", day, false)
	for hour := 0; hour < 24; hour += 3 {
		d.by(instance, a.id, region, d.around(day.Add(time.Duration(hour)*time.Hour), 30), do("ssm", "UpdateInstanceInformation", map[string]any{"instanceId": fmt.Sprintf("i-%017x", hash(a.id)), "agentVersion": "3.3.2958.0", "platformType": "Linux"}, nil))
	}
}

// pipeline is a release: the build's role plans, deploys and looks whether it went well.
func (d *days) pipeline(a *account, at time.Time) {
	const region = "eu-west-1"
	web := actor{address: runner, agent: agentCLI, identity: map[string]any{
		"type": "WebIdentityUser", "principalId": "arn:aws:iam::" + a.id + ":oidc-provider/token.actions.githubusercontent.com:sts.amazonaws.com:repo:example/" + a.workload + ":ref:refs/heads/main",
		"userName": "repo:example/" + a.workload + ":ref:refs/heads/main", "identityProvider": "arn:aws:iam::" + a.id + ":oidc-provider/token.actions.githubusercontent.com",
	}}
	session := "GitHubActions"
	d.by(web, a.id, region, at, do("sts", "AssumeRoleWithWebIdentity",
		map[string]any{"roleArn": "arn:aws:iam::" + a.id + ":role/deploy", "roleSessionName": session}, map[string]any{"credentials": map[string]any{"accessKeyId": "ASIA" + d.secret(16)}}))
	who := d.role(a.id, "deploy", session, runner, agentCLI, at, false)
	stack := map[string]any{"stackName": a.workload}
	steps := []call{
		read("cloudformation", "DescribeStacks", stack), do("cloudformation", "CreateChangeSet", map[string]any{"stackName": a.workload, "changeSetName": "release", "changeSetType": "UPDATE"}, map[string]any{"id": "arn:aws:cloudformation:" + region + ":" + a.id + ":changeSet/release/1"}),
		read("cloudformation", "DescribeChangeSet", map[string]any{"stackName": a.workload, "changeSetName": "release"}), do("cloudformation", "ExecuteChangeSet", map[string]any{"stackName": a.workload, "changeSetName": "release"}, nil),
		read("cloudformation", "DescribeStackEvents", stack), read("cloudformation", "DescribeStackEvents", stack), read("cloudformation", "DescribeStacks", stack),
		read("ecs", "DescribeServices", map[string]any{"cluster": a.workload}),
	}
	for i, c := range steps {
		d.by(who, a.id, region, at.Add(time.Duration(i*25+5)*time.Second), c)
	}
	engine := d.behalf(who, "cloudformation")
	function := map[string]any{"functionName": a.workload + "-api"}
	d.by(engine, a.id, region, at.Add(95*time.Second), do("lambda", "UpdateFunctionCode20150331v2", map[string]any{"functionName": a.workload + "-api", "s3Bucket": "artifacts-" + a.id, "s3Key": "api.zip", "publish": false}, function))
	d.by(engine, a.id, region, at.Add(120*time.Second), do("ecs", "UpdateService", map[string]any{"cluster": a.workload, "service": a.workload}, map[string]any{"service": map[string]any{"serviceName": a.workload}}))
}

// people look things up in the console in the daytime, and those of sandboxes try
// something now and then.
func (d *days) people(a *account, day time.Time) {
	const region = "eu-west-1"
	began := d.around(day.Add(8*time.Hour), 90)
	name, permission := "anna@example.com", "ViewOnly"
	if a.environment == "sandbox" || a.environment == "dev" {
		name, permission = "ben@example.com", "Developer"
	}
	who := d.role(a.id, "aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_"+permission+"_0123456789abcdef", name, office, agentConsole, began, false)
	looks := []call{
		read("ec2", "DescribeInstances", nil), read("cloudwatch", "DescribeAlarms", nil), read("logs", "DescribeLogGroups", nil), read("s3", "ListBuckets", nil),
		read("cloudwatch", "GetMetricData", nil), read("ecs", "ListClusters", nil), read("lambda", "ListFunctions20150331", nil), read("health", "DescribeEventAggregates", nil),
	}
	for visit := range 2 + d.IntN(3) {
		at := began.Add(time.Duration(visit*110+d.IntN(40)) * time.Minute)
		for i := range 2 + d.IntN(3) {
			d.by(who, a.id, region, at.Add(time.Duration(i*47)*time.Second), looks[d.IntN(len(looks))])
		}
	}
	if permission == "Developer" {
		at := began.Add(150 * time.Minute)
		queue := map[string]any{"queueName": fmt.Sprintf("try-%d", d.IntN(100))}
		d.by(who, a.id, region, at, do("sqs", "CreateQueue", queue, map[string]any{"queueUrl": "https://sqs." + region + ".amazonaws.com/" + a.id + "/try"}))
		refused := read("organizations", "ListAccounts", nil)
		refused.refused = "AccessDenied"
		d.by(who, a.id, "us-east-1", at.Add(time.Minute), refused)
	}
}
