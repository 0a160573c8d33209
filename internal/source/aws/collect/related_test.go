package collect

import (
	"slices"
	"testing"

	"holdfast.dev/holdfast/internal/source/aws"
	"holdfast.dev/holdfast/internal/source/aws/awstest"
)

// TestPartsBesideTheirOwner: types that are read beside another are complete or
// not on their own account, since controls take a type that was not listed
// wholly for unknown.
func TestPartsBesideTheirOwner(t *testing.T) {
	const (
		distribution, control = "AWS::CloudFront::Distribution", "AWS::CloudFront::OriginAccessControl"
		listener, rule        = "AWS::ElasticLoadBalancingV2::Listener", "AWS::ElasticLoadBalancingV2::ListenerRule"
		function, invoke      = "AWS::Lambda::Function", "AWS::Lambda::EventInvokeConfig"
		address, association  = "AWS::EC2::EIP", "AWS::EC2::EIPAssociation"
	)
	for name, test := range map[string]struct {
		collector       aws.Collector
		trouble         func(awstest.Answer) awstest.Answer
		whole, notWhole []string
	}{
		"controls denied":         {cloudFrontCollector(), awstest.Deny("cloudfront.ListOriginAccessControls"), []string{distribution}, []string{control}},
		"distributions denied":    {cloudFrontCollector(), awstest.Deny("cloudfront.ListDistributions"), []string{control}, []string{distribution}},
		"rules denied":            {elbCollector(), awstest.Deny(elb + ".DescribeRules"), []string{listener}, []string{rule}},
		"listeners denied":        {elbCollector(), awstest.Deny(elb + ".DescribeListeners"), nil, []string{listener, rule}},
		"balancers denied":        {elbCollector(), awstest.Deny(elb + ".DescribeLoadBalancers"), nil, []string{listener, rule}},
		"the listener is gone":    {elbCollector(), awstest.Fail("ListenerNotFound", "gone", elb+".DescribeRules"), []string{listener, rule}, nil},
		"invocations denied":      {lambdaCollector(), awstest.Deny("lambda.ListFunctionEventInvokeConfigs"), []string{function}, []string{invoke}},
		"functions denied":        {lambdaCollector(), awstest.Deny("lambda.ListFunctions"), nil, []string{function, invoke}},
		"the function is gone":    {lambdaCollector(), awstest.Fail("ResourceNotFoundException", "gone", "lambda.ListFunctionEventInvokeConfigs"), []string{function, invoke}, nil},
		"addresses denied":        {ec2AddressCollector(), awstest.Deny("ec2.DescribeAddresses"), nil, []string{address, association}},
		"nothing is there at all": {ec2AddressCollector(), awstest.Empty, []string{address, association}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			out := awstest.Run(t.Context(), t, []aws.Collector{test.collector}, saved(t, test.collector), test.trouble)
			if out.Err != nil {
				t.Fatal(out.Err)
			}
			batches := 0
			for _, b := range out.Batches {
				if b.Unit.Collector != test.collector.Name {
					continue
				}
				batches++
				for _, typ := range test.whole {
					if !slices.Contains(b.Complete, typ) {
						t.Errorf("%s: %s was listed, and is not complete", b.Unit, typ)
					}
				}
				for _, typ := range test.notWhole {
					if slices.Contains(b.Complete, typ) {
						t.Errorf("%s: %s was not listed, and is called complete", b.Unit, typ)
					}
				}
			}
			if batches == 0 {
				t.Error("the collector handed nothing over")
			}
		})
	}
}
