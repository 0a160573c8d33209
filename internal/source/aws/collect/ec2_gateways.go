package collect

import (
	"context"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"holdfast.dev/holdfast/internal/source/aws"
)

func ec2GatewayCollector() aws.Collector {
	return reading(aws.Collector{
		Name: "ec2-gateways", Service: "ec2", Scope: aws.Regional,
		Types: []string{
			"AWS::EC2::InternetGateway", "AWS::EC2::EgressOnlyInternetGateway", "AWS::EC2::VPNGateway",
			"AWS::EC2::VPCGatewayAttachment", "AWS::EC2::NatGateway",
		},
		Collect: collectGateways,
	}, "ec2", "DescribeInternetGateways", "DescribeEgressOnlyInternetGateways", "DescribeVpnGateways", "DescribeNatGateways")
}

func collectGateways(ctx context.Context, s *aws.Session) error {
	client := ec2.NewFromConfig(s.Config)
	unlisted(s, internetGateways(ctx, s, client), "AWS::EC2::InternetGateway", "AWS::EC2::VPCGatewayAttachment")
	unlisted(s, egressOnlyGateways(ctx, s, client), "AWS::EC2::EgressOnlyInternetGateway")
	unlisted(s, vpnGateways(ctx, s, client), "AWS::EC2::VPNGateway", "AWS::EC2::VPCGatewayAttachment")
	unlisted(s, natGateways(ctx, s, client), "AWS::EC2::NatGateway")
	return nil
}

func internetGateways(ctx context.Context, s *aws.Session, client *ec2.Client) error {
	return aws.Pages(ctx, s, "ec2", "DescribeInternetGateways", client.DescribeInternetGateways, &ec2.DescribeInternetGatewaysInput{MaxResults: sdk.Int32(1000)},
		func(in *ec2.DescribeInternetGatewaysInput, out *ec2.DescribeInternetGatewaysOutput) bool {
			return aws.NextToken(&in.NextToken, out.NextToken)
		},
		func(out *ec2.DescribeInternetGatewaysOutput) error {
			for _, g := range out.InternetGateways {
				if !owned(s, g.OwnerId) {
					continue
				}
				id := text(g.InternetGatewayId)
				d := newDraft(s, "AWS::EC2::InternetGateway", id, arnOf(s, "ec2", "internet-gateway/"+id))
				d.tagged(g.Tags)
				d.emit()
				for _, a := range g.Attachments {
					if a.State != types.AttachmentStatusDetached {
						emitGatewayAttachment(s, "IGW", "InternetGatewayId", id, text(a.VpcId))
					}
				}
			}
			return nil
		})
}

func emitGatewayAttachment(s *aws.Session, kind, name, gateway, vpc string) {
	d := newDraft(s, "AWS::EC2::VPCGatewayAttachment", kind+"|"+vpc, "")
	d.p[name], d.p["VpcId"] = gateway, vpc
	d.emit()
}

func egressOnlyGateways(ctx context.Context, s *aws.Session, client *ec2.Client) error {
	in := &ec2.DescribeEgressOnlyInternetGatewaysInput{MaxResults: sdk.Int32(255)}
	return aws.Pages(ctx, s, "ec2", "DescribeEgressOnlyInternetGateways", client.DescribeEgressOnlyInternetGateways, in,
		func(in *ec2.DescribeEgressOnlyInternetGatewaysInput, out *ec2.DescribeEgressOnlyInternetGatewaysOutput) bool {
			return aws.NextToken(&in.NextToken, out.NextToken)
		},
		func(out *ec2.DescribeEgressOnlyInternetGatewaysOutput) error {
			for _, g := range out.EgressOnlyInternetGateways {
				id := text(g.EgressOnlyInternetGatewayId)
				d := newDraft(s, "AWS::EC2::EgressOnlyInternetGateway", id, arnOf(s, "ec2", "egress-only-internet-gateway/"+id))
				for _, a := range g.Attachments {
					d.put("VpcId", a.VpcId)
				}
				d.tagged(g.Tags)
				d.emit()
			}
			return nil
		})
}

// vpnGateways are not paged by AWS.
func vpnGateways(ctx context.Context, s *aws.Session, client *ec2.Client) error {
	out, err := aws.Call(ctx, s, "ec2", "DescribeVpnGateways", client.DescribeVpnGateways, &ec2.DescribeVpnGatewaysInput{})
	if err != nil {
		return err
	}
	for _, g := range out.VpnGateways {
		if g.State == types.VpnStateDeleted {
			continue
		}
		id := text(g.VpnGatewayId)
		d := newDraft(s, "AWS::EC2::VPNGateway", id, arnOf(s, "ec2", "vpn-gateway/"+id))
		d.pick(g, "AmazonSideAsn", "Type")
		d.tagged(g.Tags)
		d.emit()
		for _, a := range g.VpcAttachments {
			if a.State != types.AttachmentStatusDetached {
				emitGatewayAttachment(s, "VGW", "VpnGatewayId", id, text(a.VpcId))
			}
		}
	}
	return nil
}

func natGateways(ctx context.Context, s *aws.Session, client *ec2.Client) error {
	return aws.Pages(ctx, s, "ec2", "DescribeNatGateways", client.DescribeNatGateways, &ec2.DescribeNatGatewaysInput{MaxResults: sdk.Int32(1000)},
		func(in *ec2.DescribeNatGatewaysInput, out *ec2.DescribeNatGatewaysOutput) bool {
			return aws.NextToken(&in.NextToken, out.NextToken)
		},
		func(out *ec2.DescribeNatGatewaysOutput) error {
			for _, g := range out.NatGateways {
				// A deleted gateway stays listed for about an hour.
				if g.State != types.NatGatewayStateDeleted {
					natGatewayDraft(s, g).emit()
				}
			}
			return nil
		})
}

func natGatewayDraft(s *aws.Session, g types.NatGateway) *draft {
	id := text(g.NatGatewayId)
	d := newDraft(s, "AWS::EC2::NatGateway", id, arnOf(s, "ec2", "natgateway/"+id))
	d.pick(g, "AvailabilityMode", "ConnectivityType", "SubnetId", "VpcId")
	var allocations, addresses []any
	for i, a := range g.NatGatewayAddresses {
		if flag(a.IsPrimary) || a.IsPrimary == nil && i == 0 {
			d.put("AllocationId", a.AllocationId)
			d.put("PrivateIpAddress", a.PrivateIp)
			continue
		}
		if a.AllocationId != nil {
			allocations = append(allocations, text(a.AllocationId))
		}
		if a.PrivateIp != nil {
			addresses = append(addresses, text(a.PrivateIp))
		}
	}
	d.list("SecondaryAllocationIds", allocations)
	d.list("SecondaryPrivateIpAddresses", addresses)
	d.tagged(g.Tags)
	return d
}
