package collect

import (
	"context"
	"slices"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"holdfast.dev/holdfast/internal/source/aws"
)

const elb = "elasticloadbalancingv2"

func elbCollector() aws.Collector {
	return reading(aws.Collector{
		Name: "elbv2", Service: elb, Scope: aws.Regional,
		Types: []string{
			"AWS::ElasticLoadBalancingV2::LoadBalancer", "AWS::ElasticLoadBalancingV2::Listener", "AWS::ElasticLoadBalancingV2::ListenerRule",
			"AWS::ElasticLoadBalancingV2::TargetGroup",
		},
		Collect: collectELB,
	}, "elasticloadbalancing", "DescribeLoadBalancers", "DescribeLoadBalancerAttributes", "DescribeListeners", "DescribeRules", "DescribeTargetGroups",
		"DescribeTargetGroupAttributes", "DescribeTargetHealth", "DescribeTags")
}

// collectELB lists first and asks for the details afterwards, so that tags are
// asked for in batches that do not depend on how AWS cut its pages.
func collectELB(ctx context.Context, s *aws.Session) error {
	client := elbv2.NewFromConfig(s.Config)
	var balancers []types.LoadBalancer
	err := aws.Pages(ctx, s, elb, "DescribeLoadBalancers", client.DescribeLoadBalancers, &elbv2.DescribeLoadBalancersInput{PageSize: sdk.Int32(400)},
		func(in *elbv2.DescribeLoadBalancersInput, out *elbv2.DescribeLoadBalancersOutput) bool {
			return aws.NextToken(&in.Marker, out.NextMarker)
		},
		func(out *elbv2.DescribeLoadBalancersOutput) error {
			balancers = append(balancers, out.LoadBalancers...)
			return nil
		})
	unlisted(s, err, "AWS::ElasticLoadBalancingV2::LoadBalancer", "AWS::ElasticLoadBalancingV2::Listener", "AWS::ElasticLoadBalancingV2::ListenerRule")
	var groups []types.TargetGroup
	err = aws.Pages(ctx, s, elb, "DescribeTargetGroups", client.DescribeTargetGroups, &elbv2.DescribeTargetGroupsInput{PageSize: sdk.Int32(400)},
		func(in *elbv2.DescribeTargetGroupsInput, out *elbv2.DescribeTargetGroupsOutput) bool {
			return aws.NextToken(&in.Marker, out.NextMarker)
		},
		func(out *elbv2.DescribeTargetGroupsOutput) error {
			groups = append(groups, out.TargetGroups...)
			return nil
		})
	unlisted(s, err, "AWS::ElasticLoadBalancingV2::TargetGroup")

	var arns []string
	for _, b := range balancers {
		arns = append(arns, text(b.LoadBalancerArn))
	}
	for _, g := range groups {
		arns = append(arns, text(g.TargetGroupArn))
	}
	tags := elbTags(ctx, s, client, arns)
	err = aws.Each(ctx, balancers, func(ctx context.Context, b types.LoadBalancer) error {
		readLoadBalancer(ctx, s, client, b, tags)
		unlisted(s, listeners(ctx, s, client, b), "AWS::ElasticLoadBalancingV2::Listener", "AWS::ElasticLoadBalancingV2::ListenerRule")
		return nil
	})
	if err != nil {
		return err
	}
	return aws.Each(ctx, groups, func(ctx context.Context, g types.TargetGroup) error {
		readTargetGroup(ctx, s, client, g, tags)
		return nil
	})
}

// tagAnswers holds the tags of many resources, or why they could not be read.
type tagAnswers struct {
	tags map[string][]types.Tag
	errs map[string]error
}

// elbTags asks for the tags of twenty resources at a time, as AWS allows.
func elbTags(ctx context.Context, s *aws.Session, client *elbv2.Client, arns []string) tagAnswers {
	answers := tagAnswers{map[string][]types.Tag{}, map[string]error{}}
	for batch := range slices.Chunk(arns, 20) {
		out, err := aws.Call(ctx, s, elb, "DescribeTags", client.DescribeTags, &elbv2.DescribeTagsInput{ResourceArns: batch})
		if err != nil {
			for _, arn := range batch {
				answers.errs[arn] = err
			}
			continue
		}
		for _, t := range out.TagDescriptions {
			answers.tags[text(t.ResourceArn)] = t.Tags
		}
	}
	return answers
}

func (a tagAnswers) into(d *draft) {
	if err := a.errs[d.arn]; err != nil {
		d.lost(err, "Tags")
		return
	}
	d.tagged(a.tags[d.arn])
}

func readLoadBalancer(ctx context.Context, s *aws.Session, client *elbv2.Client, b types.LoadBalancer, tags tagAnswers) {
	d := newDraft(s, "AWS::ElasticLoadBalancingV2::LoadBalancer", text(b.LoadBalancerArn), text(b.LoadBalancerArn))
	d.pick(b, "EnablePrefixForIpv6SourceNat", "EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic", "IpAddressType", "Scheme", "SecurityGroups", "Type")
	d.put("Name", b.LoadBalancerName)
	var subnets, mappings []any
	for _, zone := range b.AvailabilityZones {
		subnets = append(subnets, text(zone.SubnetId))
		for _, a := range zone.LoadBalancerAddresses {
			m := map[string]any{"SubnetId": text(zone.SubnetId)}
			copyFields(m, a, []string{"AllocationId", "IPv6Address", "PrivateIPv4Address"})
			mappings = append(mappings, m)
		}
	}
	slices.SortFunc(subnets, compareStrings)
	d.list("Subnets", subnets)
	d.list("SubnetMappings", mappings)
	out, err := aws.Call(ctx, s, elb, "DescribeLoadBalancerAttributes", client.DescribeLoadBalancerAttributes, &elbv2.DescribeLoadBalancerAttributesInput{LoadBalancerArn: b.LoadBalancerArn})
	switch {
	case aws.Is(err, "LoadBalancerNotFound", "LoadBalancerNotFoundException"):
		return
	case err != nil:
		d.lost(err, "LoadBalancerAttributes")
	default:
		d.put("LoadBalancerAttributes", out.Attributes)
	}
	if b.State != nil {
		d.observe("State", b.State.Code)
	}
	d.observe("DNSName", b.DNSName)
	d.observe("VpcId", b.VpcId)
	tags.into(d)
	d.emit()
}

func listeners(ctx context.Context, s *aws.Session, client *elbv2.Client, b types.LoadBalancer) error {
	err := aws.Pages(ctx, s, elb, "DescribeListeners", client.DescribeListeners, &elbv2.DescribeListenersInput{LoadBalancerArn: b.LoadBalancerArn, PageSize: sdk.Int32(400)},
		func(in *elbv2.DescribeListenersInput, out *elbv2.DescribeListenersOutput) bool {
			return aws.NextToken(&in.Marker, out.NextMarker)
		},
		func(out *elbv2.DescribeListenersOutput) error {
			for _, l := range out.Listeners {
				listenerDraft(s, l).emit()
				if hasRules(b) {
					unlisted(s, listenerRules(ctx, s, client, l.ListenerArn), "AWS::ElasticLoadBalancingV2::ListenerRule")
				}
			}
			return nil
		})
	if aws.Is(err, "LoadBalancerNotFound", "LoadBalancerNotFoundException") {
		return nil
	}
	return err
}

func listenerDraft(s *aws.Session, l types.Listener) *draft {
	d := newDraft(s, "AWS::ElasticLoadBalancingV2::Listener", text(l.ListenerArn), text(l.ListenerArn))
	d.pick(l, "AlpnPolicy", "LoadBalancerArn", "Port", "Protocol", "SslPolicy")
	d.list("Certificates", each(l.Certificates, func(c types.Certificate) any { return nested(picked(c, "CertificateArn")) }))
	if m := l.MutualAuthentication; m != nil {
		d.nest("MutualAuthentication", m, "AdvertiseTrustStoreCaNames", "IgnoreClientCertificateExpiry", "Mode", "TrustStoreArn")
	}
	d.list("DefaultActions", each(l.DefaultActions, func(a types.Action) any {
		m := routed(a)
		for _, name := range []string{"AuthenticateOidcConfig", "AuthenticateCognitoConfig"} {
			// A string in the schema of listeners, a number in the API.
			if inner, ok := m[name].(map[string]any); ok && inner["SessionTimeout"] != nil {
				inner["SessionTimeout"] = decimal(inner["SessionTimeout"])
			}
		}
		return m
	}))
	d.unasked("elasticloadbalancing:DescribeListenerAttributes is not asked", "ListenerAttributes")
	d.unasked("elasticloadbalancing:DescribeTags is not asked for listeners", "Tags")
	return d
}

func readTargetGroup(ctx context.Context, s *aws.Session, client *elbv2.Client, g types.TargetGroup, tags tagAnswers) {
	d := newDraft(s, "AWS::ElasticLoadBalancingV2::TargetGroup", text(g.TargetGroupArn), text(g.TargetGroupArn))
	d.pick(g, "HealthCheckEnabled", "HealthCheckIntervalSeconds", "HealthCheckPath", "HealthCheckPort", "HealthCheckProtocol",
		"HealthCheckTimeoutSeconds", "HealthyThresholdCount", "IpAddressType", "Port", "Protocol", "ProtocolVersion", "TargetControlPort",
		"TargetType", "UnhealthyThresholdCount", "VpcId")
	d.put("Name", g.TargetGroupName)
	d.nest("Matcher", g.Matcher, "GrpcCode", "HttpCode")
	attributes, err := aws.Call(ctx, s, elb, "DescribeTargetGroupAttributes", client.DescribeTargetGroupAttributes, &elbv2.DescribeTargetGroupAttributesInput{TargetGroupArn: g.TargetGroupArn})
	switch {
	case aws.Is(err, "TargetGroupNotFound", "TargetGroupNotFoundException"):
		return
	case err != nil:
		d.lost(err, "TargetGroupAttributes")
	default:
		d.put("TargetGroupAttributes", attributes.Attributes)
	}
	health, err := aws.Call(ctx, s, elb, "DescribeTargetHealth", client.DescribeTargetHealth, &elbv2.DescribeTargetHealthInput{TargetGroupArn: g.TargetGroupArn})
	if err != nil {
		d.lost(err, "Targets")
	} else {
		d.list("Targets", each(health.TargetHealthDescriptions, func(t types.TargetHealthDescription) any {
			return nested(picked(t.Target, "AvailabilityZone", "Id", "Port"))
		}))
	}
	d.observe("LoadBalancerArns", g.LoadBalancerArns)
	tags.into(d)
	d.emit()
}
