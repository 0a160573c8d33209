package activity_test

import (
	"testing"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/activity"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
	"holdfast.dev/holdfast/internal/kleene"
)

// holds asks the engine about one condition on a call's context: an identity
// policy allows all where it holds.
func holds(t *testing.T, call activity.Call, operator, key, value string) kleene.Value {
	t.Helper()
	doc := policy.Of(map[string]any{"Version": "2012-10-17", "Statement": map[string]any{
		"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": map[string]any{operator: map[string]any{key: value}},
	}})
	request, err := iam.NewRequest(call.Request)
	if err != nil {
		t.Fatal(err)
	}
	return iam.Decide(request, &iam.Policies{Identity: iam.Set{Policies: []*iam.Policy{iam.Compile("p", doc)}}}).Allowed
}

// TestContext has a case for every line of the table in DOMAIN area 2. A key is
// compared with a value, and asked whether it is there: Null is true of what is
// absent, false of what is present, unknown of what was not seen.
func TestContext(t *testing.T) {
	const yes, no, open = kleene.True, kleene.False, kleene.Unknown
	at := func(more string) string { return event("s3", "ListBuckets", more) }
	role := func(session, more string) string {
		return `{"eventTime":"2024-05-01T10:00:00Z","eventSource":"ec2.amazonaws.com","eventName":"DescribeVpcs","awsRegion":"eu-west-1","recipientAccountId":"111122223333",
			"userIdentity":{"type":"AssumedRole","accountId":"111122223333","principalId":"AROAX:s","arn":"arn:aws:sts::111122223333:assumed-role/r/s"` + more + `,
			"sessionContext":{"sessionIssuer":{"principalId":"AROAX","arn":"arn:aws:iam::111122223333:role/p/r"}` + session + `}}}`
	}
	for _, c := range []struct {
		name, record, operator, key, value string
		want                               kleene.Value
	}{
		{"a role's own ARN, not the session's", role("", ""), "ArnEquals", "aws:PrincipalArn", "arn:aws:iam::111122223333:role/p/r", yes},
		{"user", at(""), "ArnEquals", "aws:PrincipalArn", "arn:aws:iam::111122223333:user/ann", yes},
		{"account", at(""), "StringEquals", "aws:PrincipalAccount", "111122223333", yes},
		{"organisation was not seen", at(""), "Null", "aws:PrincipalOrgID", "true", open},
		{"type", role("", ""), "StringEquals", "aws:PrincipalType", "AssumedRole", yes},
		{"user id", role("", ""), "StringEquals", "aws:userid", "AROAX:s", yes},
		{"no user name", role("", ""), "Null", "aws:username", "true", yes},
		{"tags of the principal", at(""), "Null", "aws:PrincipalTag/team", "true", open},
		{"Region", at(""), "StringEquals", "aws:RequestedRegion", "eu-west-1", yes},
		{"profile of several Regions", event("bedrock", "InvokeModel", params(`{"modelId":"arn:aws:bedrock:eu-west-1:111122223333:inference-profile/eu.x"}`)), "Null", "aws:RequestedRegion", "true", open},
		{"address", at(`"sourceIPAddress":"192.0.2.7"`), "IpAddress", "aws:SourceIp", "192.0.2.0/24", yes},
		{"no endpoint", at(`"sourceIPAddress":"192.0.2.7"`), "Null", "aws:SourceVpce", "true", yes},
		{"through an endpoint", at(`"sourceIPAddress":"10.0.0.7","vpcEndpointId":"vpce-1"`), "Null", "aws:SourceIp", "true", yes},
		{"address in the network", at(`"sourceIPAddress":"10.0.0.7","vpcEndpointId":"vpce-1"`), "IpAddress", "aws:VpcSourceIp", "10.0.0.0/8", yes},
		{"endpoint", at(`"sourceIPAddress":"10.0.0.7","vpcEndpointId":"vpce-1"`), "StringEquals", "aws:SourceVpce", "vpce-1", yes},
		{"network of the endpoint is there", at(`"sourceIPAddress":"10.0.0.7","vpcEndpointId":"vpce-1"`), "Null", "aws:SourceVpc", "true", no},
		{"and not known", at(`"sourceIPAddress":"10.0.0.7","vpcEndpointId":"vpce-1"`), "StringEquals", "aws:SourceVpc", "vpc-1", open},
		{"owner of the endpoint", at(`"sourceIPAddress":"10.0.0.7","vpcEndpointId":"vpce-1","vpcEndpointAccountId":"444455556666"`), "StringEquals", "aws:VpceAccount", "444455556666", yes},
		{"inside of AWS", at(`"sourceIPAddress":"AWS Internal"`), "Null", "aws:SourceIp", "true", open},
		{"by hand", at(`"sourceIPAddress":"192.0.2.7"`), "Bool", "aws:ViaAWSService", "true", no},
		{"through a service", role("", `,"invokedBy":"athena.amazonaws.com"`), "Bool", "aws:ViaAWSService", "true", yes},
		{"which one", role("", `,"invokedBy":"athena.amazonaws.com"`), "StringEquals", "aws:CalledViaLast", "athena.amazonaws.com", yes},
		{"first of several", role("", `,"invokedBy":"athena.amazonaws.com"`), "Null", "aws:CalledViaFirst", "true", no},
		{"invoked by AWS Internal", role("", `,"invokedBy":"AWS Internal"`), "Null", "aws:ViaAWSService", "true", open},
		{"not a service", at(""), "Bool", "aws:PrincipalIsAWSService", "true", no},
		{"user agent", at(`"userAgent":"[cli/1]"`), "StringEquals", "aws:UserAgent", "cli/1", yes},
		{"TLS", at(`"tlsDetails":{"tlsVersion":"TLSv1.2"}`), "Bool", "aws:SecureTransport", "true", yes},
		{"version of TLS", at(`"tlsDetails":{"tlsVersion":"TLSv1.2"}`), "NumericGreaterThanEquals", "s3:TlsVersion", "1.2", yes},
		{"S3 without", at(""), "Bool", "aws:SecureTransport", "true", open},
		{"others always", event("ec2", "DescribeVpcs", ""), "Bool", "aws:SecureTransport", "true", yes},
		{"MFA", role(`,"attributes":{"mfaAuthenticated":"true"}`, ""), "Bool", "aws:MultiFactorAuthPresent", "true", yes},
		{"its age is there", role(`,"attributes":{"mfaAuthenticated":"true"}`, ""), "Null", "aws:MultiFactorAuthAge", "true", no},
		{"no MFA", role(`,"attributes":{"mfaAuthenticated":"false"}`, ""), "Null", "aws:MultiFactorAuthAge", "true", yes},
		{"long-term keys", at(""), "Null", "aws:MultiFactorAuthPresent", "true", yes},
		{"issue", role(`,"attributes":{"creationDate":"2024-05-01T09:00:00Z"}`, ""), "DateGreaterThan", "aws:TokenIssueTime", "2024-05-01T08:00:00Z", yes},
		{"source identity", role(`,"sourceIdentity":"me"`, ""), "StringEquals", "aws:SourceIdentity", "me", yes},
		{"no source identity", role("", ""), "Null", "aws:SourceIdentity", "true", yes},
		{"provider", role(`,"webIdFederationData":{"federatedProvider":"arn:aws:iam::111122223333:oidc-provider/x"}`, ""), "StringLike", "aws:FederatedProvider", "*oidc-provider/x", yes},
		{"metadata service", role(`,"ec2RoleDelivery":"2.0"`, ""), "NumericEquals", "ec2:RoleDelivery", "2", yes},
		{"not from an instance", role("", ""), "Null", "ec2:RoleDelivery", "true", yes},
		{"central root", role(`,"assumedRoot":true`, ""), "Bool", "aws:AssumedRoot", "true", yes},
		{"time", at(""), "DateEquals", "aws:CurrentTime", "2024-05-01T10:00:00Z", yes},
		{"tags of the request", event("ec2", "CreateVpc", params(`{"tagSpecificationSet":{"items":[{"resourceType":"vpc","tags":[{"key":"a","value":"b"}]}]}}`)), "StringEquals", "aws:RequestTag/a", "b", yes},
		{"hidden tags", event("rolesanywhere", "CreateProfile", params(`{"tags":[{"key":"HIDDEN_DUE_TO_SECURITY_REASONS","value":"x"}]}`)), "Null", "aws:RequestTag/a", "true", open},
		{"no tags seen", at(""), "Null", "aws:TagKeys", "true", open},
		{"tags of the resource", at(""), "Null", "aws:ResourceTag/a", "true", open},
		{"account of the resource", event("ec2", "DescribeVpcs", ""), "StringEquals", "aws:ResourceAccount", "111122223333", yes},
		{"source of a service's call", at(""), "Null", "aws:SourceArn", "true", open},
		{"enriched", at(`"sourceIPAddress":"AWS Internal","eventContext":{"requestContext":{"aws:SourceIp":"192.0.2.9"},"tagContext":{"principalTags":{"team":"x"}}}`), "IpAddress", "aws:SourceIp", "192.0.2.9", yes},
		{"enriched tags", at(`"eventContext":{"tagContext":{"principalTags":{"team":"x"}}}`), "StringEquals", "aws:PrincipalTag/team", "x", yes},
	} {
		t.Run(c.name, func(t *testing.T) {
			var m activity.Mapper
			calls, skip := m.Of([]byte(c.record))
			if skip != activity.NoSkip {
				t.Fatal(skip)
			}
			if got := holds(t, calls[0], c.operator, c.key, c.value); got != c.want {
				t.Errorf("%s %s %s is %v, want %v", c.operator, c.key, c.value, got, c.want)
			}
		})
	}
}
