package demo

import "strings"

// watch is something the organisation raises an alarm on: a metric filter on the
// trail's log group, for the events of one source, or by a pattern of its own.
type watch struct{ name, source, events, pattern string }

var watches = []watch{
	{name: "RootUsage", pattern: `{ $.userIdentity.type = "Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType != "AwsServiceEvent" }`},
	{name: "UnauthorizedApiCalls", pattern: `{ ($.errorCode = "*UnauthorizedOperation") || ($.errorCode = "AccessDenied*") }`},
	{name: "ConsoleSignInWithoutMfa", pattern: `{ ($.eventName = "ConsoleLogin") && ($.additionalEventData.MFAUsed != "Yes") }`},
	{name: "ConsoleAuthenticationFailures", pattern: `{ ($.eventName = ConsoleLogin) && ($.errorMessage = "Failed authentication") }`},
	{name: "IamPolicyChanges", events: "DeleteGroupPolicy DeleteRolePolicy DeleteUserPolicy PutGroupPolicy PutRolePolicy PutUserPolicy CreatePolicy DeletePolicy CreatePolicyVersion DeletePolicyVersion AttachRolePolicy DetachRolePolicy AttachUserPolicy DetachUserPolicy AttachGroupPolicy DetachGroupPolicy"},
	{name: "CloudtrailChanges", events: "CreateTrail UpdateTrail DeleteTrail StartLogging StopLogging"},
	{name: "KmsKeyDeletion", source: "kms.amazonaws.com", events: "DisableKey ScheduleKeyDeletion"},
	{name: "S3BucketPolicyChanges", source: "s3.amazonaws.com", events: "PutBucketAcl PutBucketPolicy PutBucketCors PutBucketLifecycle PutBucketReplication DeleteBucketPolicy DeleteBucketCors DeleteBucketLifecycle DeleteBucketReplication"},
	{name: "ConfigChanges", source: "config.amazonaws.com", events: "StopConfigurationRecorder DeleteDeliveryChannel PutDeliveryChannel PutConfigurationRecorder"},
	{name: "SecurityGroupChanges", events: "AuthorizeSecurityGroupIngress AuthorizeSecurityGroupEgress RevokeSecurityGroupIngress RevokeSecurityGroupEgress CreateSecurityGroup DeleteSecurityGroup"},
	{name: "NetworkAclChanges", events: "CreateNetworkAcl CreateNetworkAclEntry DeleteNetworkAcl DeleteNetworkAclEntry ReplaceNetworkAclEntry ReplaceNetworkAclAssociation"},
	{name: "NetworkGatewayChanges", events: "CreateCustomerGateway DeleteCustomerGateway AttachInternetGateway CreateInternetGateway DeleteInternetGateway DetachInternetGateway"},
	{name: "RouteTableChanges", source: "ec2.amazonaws.com", events: "CreateRoute CreateRouteTable ReplaceRoute ReplaceRouteTableAssociation DeleteRouteTable DeleteRoute DisassociateRouteTable"},
	{name: "VpcChanges", events: "CreateVpc DeleteVpc ModifyVpcAttribute AcceptVpcPeeringConnection CreateVpcPeeringConnection DeleteVpcPeeringConnection RejectVpcPeeringConnection"},
	{name: "OrganizationsChanges", source: "organizations.amazonaws.com", events: "AcceptHandshake AttachPolicy CreateAccount CreateOrganizationalUnit CreatePolicy DeclineHandshake DeleteOrganization DeleteOrganizationalUnit DeletePolicy DetachPolicy DisablePolicyType EnablePolicyType InviteAccountToOrganization LeaveOrganization MoveAccount RemoveAccountFromOrganization UpdatePolicy UpdateOrganizationalUnit"},
}

// filter is the watch's pattern in CloudWatch's language.
func (w watch) filter() string {
	if w.pattern != "" {
		return w.pattern
	}
	var events []string
	for _, name := range strings.Fields(w.events) {
		events = append(events, "($.eventName = "+name+")")
	}
	any := strings.Join(events, " || ")
	if w.source == "" {
		return "{ " + any + " }"
	}
	return "{ ($.eventSource = " + w.source + ") && (" + any + ") }"
}

// trail is the organisation's trail as each member sees it. Its events go to the
// log archive, and to a log group of the management account which alarms watch.
func (g *generator) trail() {
	management, logs := g.org.accounts[0].id, g.org.accounts[1].id
	arn := "arn:aws:cloudtrail:eu-west-1:" + management + ":trail/organisation"
	data := func(readOnly string) props {
		return props{"Name": "objects " + readOnly, "FieldSelectors": []props{{"Field": "eventCategory", "Equals": []string{"Data"}},
			{"Field": "resources.type", "Equals": []string{"AWS::S3::Object"}}, {"Field": "readOnly", "Equals": []string{readOnly}}}}
	}
	g.add("AWS::CloudTrail::Trail", arn, arn, props{
		"TrailName": "organisation", "S3BucketName": "audit-logs-" + logs, "IsMultiRegionTrail": true, "IsOrganizationTrail": true, "IncludeGlobalServiceEvents": true,
		"EnableLogFileValidation": true, "IsLogging": true, "KMSKeyId": "arn:aws:kms:eu-west-1:" + logs + ":key/11111111-2222-3333-4444-555555555555",
		"CloudWatchLogsLogGroupArn": "arn:aws:logs:eu-west-1:" + management + ":log-group:organisation-trail:*",
		"AdvancedEventSelectors": []props{
			{"Name": "management", "FieldSelectors": []props{{"Field": "eventCategory", "Equals": []string{"Management"}}}}, data("true"), data("false"),
		},
		"Observed": props{"HomeRegion": "eu-west-1", "OrganizationTrail": true, "LatestDeliveryTime": g.ago(0)},
	})
	g.verified(arn)
}

// verified is what proving the trail's log files came to. Of some accounts nobody has
// done it for a while, and of one a file is missing.
func (g *generator) verified(trail string) {
	if g.region != "eu-west-1" {
		return
	}
	days, missing := 1, 0
	switch hash(g.account.id) % 12 {
	case 0:
		days = 47
	case 1:
		missing = 1
	}
	g.add("Holdfast::CloudTrail::Integrity", trail, trail, props{
		"TrailArn": trail, "VerifiedAt": g.ago(days), "From": g.ago(days + 30), "To": g.ago(days), "Regions": regions, "Digests": 30 * 24 * len(regions), "Logs": 30*48*len(regions) - missing,
		"Invalid": 0, "Missing": missing, "Gaps": 0, "Uncovered": 0, "Valid": missing == 0,
	})
}

// alarms stand in the management account, on the trail's log group. Some were
// never made, and some tell nobody.
func (g *generator) alarms() {
	const group, namespace = "organisation-trail", "Trail"
	g.add("AWS::Logs::LogGroup", group, g.arn("logs", "log-group:"+group), props{"LogGroupName": group, "RetentionInDays": 731,
		"KmsKeyId": g.arn("kms", "key/11111111-2222-3333-4444-555555555555"), "Tags": g.tags()})
	for _, w := range watches {
		missing, silent := g.flaw(0.3), g.flaw(0.2)
		if missing {
			continue
		}
		g.add("AWS::Logs::MetricFilter", group+"|"+w.name, "", props{"FilterName": w.name, "LogGroupName": group, "FilterPattern": w.filter(),
			"MetricTransformations": []props{{"MetricName": w.name, "MetricNamespace": namespace, "MetricValue": "1"}}})
		alarm := props{"AlarmName": w.name, "MetricName": w.name, "Namespace": namespace, "Statistic": "Sum", "Threshold": 1, "Period": 300, "EvaluationPeriods": 1,
			"ComparisonOperator": "GreaterThanOrEqualToThreshold", "ActionsEnabled": true, "AlarmActions": []string{g.arn("sns", "security-alarms")}}
		if silent {
			alarm["AlarmActions"] = []string{}
		}
		g.add("AWS::CloudWatch::Alarm", w.name, g.arn("cloudwatch", "alarm:"+w.name), alarm)
	}
}
