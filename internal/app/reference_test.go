package app_test

import (
	"testing"

	"holdfast.dev/holdfast/internal/engine/check"
	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/source/cloudformation"
)

// referring is a template whose resources name each other by reference: what
// they name is not known before it is built, and yet controls can tell.
const referring = `
Resources:
  Queue: {Type: AWS::SQS::Queue}
  Topic: {Type: AWS::SNS::Topic}
  ToQueue:
    Type: AWS::Lambda::Function
    Properties: {Role: r, Code: {ZipFile: x}, DeadLetterConfig: {TargetArn: !GetAtt Queue.Arn}}
  ToTopic:
    Type: AWS::Lambda::Function
    Properties: {Role: r, Code: {ZipFile: x}, DeadLetterConfig: {TargetArn: !Ref Topic}}
  Key:
    Type: AWS::KMS::Key
    Properties: {KeyPolicy: {Statement: []}}
  Repository:
    Type: AWS::ECR::Repository
    Properties: {EncryptionConfiguration: {EncryptionType: KMS, KmsKey: !GetAtt Key.Arn}}
  Certificate:
    Type: AWS::CertificateManager::Certificate
    Properties: {DomainName: www.example.com}
  Listener:
    Type: AWS::ElasticLoadBalancingV2::Listener
    Properties: {LoadBalancerArn: lb, Port: 443, Protocol: HTTPS, Certificates: [{CertificateArn: !Ref Certificate}], DefaultActions: [{Type: forward, TargetGroupArn: t}]}
  Classic:
    Type: AWS::ElasticLoadBalancing::LoadBalancer
    Properties: {Listeners: [{InstancePort: "80", LoadBalancerPort: "443", Protocol: HTTPS, SSLCertificateId: !Ref Certificate}]}
  Logs: {Type: AWS::S3::Bucket}
  Firewall:
    Type: AWS::WAFv2::WebACL
    Properties: {Scope: CLOUDFRONT, DefaultAction: {Allow: {}}, VisibilityConfig: {CloudWatchMetricsEnabled: true, MetricName: m, SampledRequestsEnabled: true}}
  Control:
    Type: AWS::CloudFront::OriginAccessControl
    Properties: {OriginAccessControlConfig: {Name: c, OriginAccessControlOriginType: s3, SigningBehavior: always, SigningProtocol: sigv4}}
  Distribution:
    Type: AWS::CloudFront::Distribution
    Properties:
      DistributionConfig:
        Enabled: true
        WebACLId: !GetAtt Firewall.Arn
        Logging: {Bucket: !GetAtt Logs.DomainName}
        DefaultCacheBehavior: {TargetOriginId: o, ViewerProtocolPolicy: https-only}
        Origins: [{Id: o, DomainName: assets.s3.eu-west-1.amazonaws.com, OriginAccessControlId: !Ref Control, S3OriginConfig: {}}]
  Address: {Type: AWS::EC2::EIP}
  Gateway:
    Type: AWS::EC2::NatGateway
    Properties: {AllocationId: !GetAtt Address.AllocationId, SubnetId: subnet-1}
`

func TestControlsFollowReferences(t *testing.T) {
	_, engine := catalogueEngine(t)
	template, err := cloudformation.Parse("referring.yaml", []byte(referring), cloudformation.Options{})
	if err != nil {
		t.Fatal(err)
	}
	estate := engine.NewEstate(evidence.Org{}, nil)
	for i := range template.Resources {
		estate.Add(&template.Resources[i])
	}
	want := map[string]string{ // logical id and control
		"ToQueue lambda-dlq-check":                                 "",
		"ToTopic lambda-dlq-check":                                 "",
		"Repository ecr-repository-cmk-encryption-enabled":         "",
		"Listener elbv2-acm-certificate-required":                  "",
		"Classic elb-acm-certificate-required":                     "",
		"Distribution cloudfront-associated-with-waf":              "",
		"Distribution cloudfront-accesslogs-enabled":               "",
		"Distribution cloudfront-s3-origin-access-control-enabled": "",
		"Address eip-attached":                                     "",
	}
	judge := engine.NewJudge(check.Scope{Now: catalogueNow, Estate: estate})
	for i := range template.Resources {
		r := &template.Resources[i]
		judge.Each(r, func(result check.Result) {
			key := r.Origin.LogicalID + " " + result.Control.ID
			if _, ok := want[key]; ok {
				want[key] = result.Outcome.String()
				if result.Outcome != check.Pass {
					t.Errorf("%s: %s %s", key, result.Outcome, result.Message)
				}
			}
		})
	}
	for key, outcome := range want {
		if outcome == "" {
			t.Errorf("%s was not judged", key)
		}
	}
}
