package collect

import (
	"context"
	"slices"
	"strconv"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	classic "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing/types"

	"holdfast.dev/holdfast/internal/source/aws"
)

const elbClassic = "elasticloadbalancing"

// classicELBCollector reads Classic Load Balancers, which the API of the newer
// kinds does not list.
func classicELBCollector() aws.Collector {
	return reading(aws.Collector{
		Name: "elb-classic", Service: elbClassic, Scope: aws.Regional,
		Types:   []string{"AWS::ElasticLoadBalancing::LoadBalancer"},
		Collect: collectClassicELB,
	}, "elasticloadbalancing", "DescribeLoadBalancers", "DescribeLoadBalancerAttributes", "DescribeLoadBalancerPolicies", "DescribeTags")
}

func collectClassicELB(ctx context.Context, s *aws.Session) error {
	client := classic.NewFromConfig(s.Config)
	var balancers []types.LoadBalancerDescription
	err := aws.Pages(ctx, s, elbClassic, "DescribeLoadBalancers", client.DescribeLoadBalancers, &classic.DescribeLoadBalancersInput{PageSize: sdk.Int32(400)},
		func(in *classic.DescribeLoadBalancersInput, out *classic.DescribeLoadBalancersOutput) bool {
			return aws.NextToken(&in.Marker, out.NextMarker)
		},
		func(out *classic.DescribeLoadBalancersOutput) error {
			balancers = append(balancers, out.LoadBalancerDescriptions...)
			return nil
		})
	if err != nil {
		return err
	}
	for batch := range slices.Chunk(balancers, 20) { // as many as one question for tags may name
		readClassics(ctx, s, client, batch)
	}
	return nil
}

func readClassics(ctx context.Context, s *aws.Session, client *classic.Client, batch []types.LoadBalancerDescription) {
	names := make([]string, len(batch))
	for i, b := range batch {
		names[i] = text(b.LoadBalancerName)
	}
	tags := map[string][]types.Tag{}
	out, err := aws.Call(ctx, s, elbClassic, "DescribeTags", client.DescribeTags, &classic.DescribeTagsInput{LoadBalancerNames: names})
	if err == nil {
		for _, t := range out.TagDescriptions {
			tags[text(t.LoadBalancerName)] = t.Tags
		}
	}
	for _, b := range batch {
		d := classicDraft(s, b)
		if err != nil {
			d.lost(err, "Tags")
		} else {
			d.tagged(tags[d.id])
		}
		readClassicAttributes(ctx, d, client)
		readClassicPolicies(ctx, d, client)
		d.emit()
	}
}

func classicDraft(s *aws.Session, b types.LoadBalancerDescription) *draft {
	name := text(b.LoadBalancerName)
	d := newDraft(s, "AWS::ElasticLoadBalancing::LoadBalancer", name, arnOf(s, "elasticloadbalancing", "loadbalancer/"+name))
	d.pick(b, "AvailabilityZones", "LoadBalancerName", "Scheme", "SecurityGroups", "Subnets")
	d.list("Instances", each(b.Instances, func(i types.Instance) any { return text(i.InstanceId) }))
	d.list("Listeners", each(b.ListenerDescriptions, classicListener))
	if h := b.HealthCheck; h != nil {
		m := map[string]any{"Target": text(h.Target)}
		for name, n := range map[string]*int32{"HealthyThreshold": h.HealthyThreshold, "Interval": h.Interval, "Timeout": h.Timeout, "UnhealthyThreshold": h.UnhealthyThreshold} {
			set(m, name, decimal(value(n)))
		}
		d.p["HealthCheck"] = m
	}
	d.observe("DNSName", b.DNSName)
	d.observe("VpcId", b.VPCId)
	return d
}

// classicListener: ports are numbers in the API and strings in the schema.
func classicListener(l types.ListenerDescription) any {
	if l.Listener == nil {
		return nil
	}
	m := map[string]any{"LoadBalancerPort": strconv.Itoa(int(l.Listener.LoadBalancerPort))}
	copyFields(m, l.Listener, []string{"InstanceProtocol", "Protocol", "SSLCertificateId"})
	set(m, "InstancePort", decimal(value(l.Listener.InstancePort)))
	if len(l.PolicyNames) > 0 {
		m["PolicyNames"] = strs(l.PolicyNames)
	}
	return m
}

func readClassicAttributes(ctx context.Context, d *draft, client *classic.Client) {
	out, err := aws.Call(ctx, d.s, elbClassic, "DescribeLoadBalancerAttributes", client.DescribeLoadBalancerAttributes, &classic.DescribeLoadBalancerAttributesInput{LoadBalancerName: &d.id})
	switch {
	case err != nil:
		d.lost(err, "AccessLoggingPolicy", "ConnectionDrainingPolicy", "ConnectionSettings", "CrossZone")
	case out.LoadBalancerAttributes != nil:
		a := out.LoadBalancerAttributes
		d.nest("AccessLoggingPolicy", a.AccessLog, "EmitInterval", "Enabled", "S3BucketName", "S3BucketPrefix")
		d.nest("ConnectionDrainingPolicy", a.ConnectionDraining, "Enabled", "Timeout")
		d.nest("ConnectionSettings", a.ConnectionSettings, "IdleTimeout")
		if a.CrossZoneLoadBalancing != nil {
			d.p["CrossZone"] = a.CrossZoneLoadBalancing.Enabled
		}
	}
}

func readClassicPolicies(ctx context.Context, d *draft, client *classic.Client) {
	out, err := aws.Call(ctx, d.s, elbClassic, "DescribeLoadBalancerPolicies", client.DescribeLoadBalancerPolicies, &classic.DescribeLoadBalancerPoliciesInput{LoadBalancerName: &d.id})
	if err != nil {
		d.lost(err, "Policies")
		return
	}
	d.list("Policies", each(out.PolicyDescriptions, func(p types.PolicyDescription) any {
		return map[string]any{
			"PolicyName": text(p.PolicyName), "PolicyType": text(p.PolicyTypeName),
			"Attributes": each(p.PolicyAttributeDescriptions, func(a types.PolicyAttributeDescription) any {
				return map[string]any{"Name": text(a.AttributeName), "Value": text(a.AttributeValue)}
			}),
		}
	}))
}
