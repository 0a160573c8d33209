package collect

import (
	"context"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"holdfast.dev/holdfast/internal/source/aws"
)

// ec2ConnectionCollector reads what joins a VPC to other networks.
func ec2ConnectionCollector() aws.Collector {
	return reading(aws.Collector{
		Name: "ec2-connections", Service: "ec2", Scope: aws.Regional,
		Types: []string{
			"AWS::EC2::VPCEndpoint", "AWS::EC2::VPCPeeringConnection", "AWS::EC2::TransitGateway", "AWS::EC2::TransitGatewayAttachment",
		},
		Collect: collectConnections,
	}, "ec2", "DescribeVpcEndpoints", "DescribeVpcPeeringConnections", "DescribeTransitGateways", "DescribeTransitGatewayVpcAttachments")
}

func collectConnections(ctx context.Context, s *aws.Session) error {
	client := ec2.NewFromConfig(s.Config)
	unlisted(s, endpoints(ctx, s, client), "AWS::EC2::VPCEndpoint")
	unlisted(s, peerings(ctx, s, client), "AWS::EC2::VPCPeeringConnection")
	unlisted(s, transitGateways(ctx, s, client), "AWS::EC2::TransitGateway")
	unlisted(s, transitAttachments(ctx, s, client), "AWS::EC2::TransitGatewayAttachment")
	return nil
}

func endpoints(ctx context.Context, s *aws.Session, client *ec2.Client) error {
	return aws.Pages(ctx, s, "ec2", "DescribeVpcEndpoints", client.DescribeVpcEndpoints, &ec2.DescribeVpcEndpointsInput{MaxResults: sdk.Int32(1000)},
		func(in *ec2.DescribeVpcEndpointsInput, out *ec2.DescribeVpcEndpointsOutput) bool {
			return aws.NextToken(&in.NextToken, out.NextToken)
		},
		func(out *ec2.DescribeVpcEndpointsOutput) error {
			for _, e := range out.VpcEndpoints {
				if owned(s, e.OwnerId) && e.State != types.StateDeleted {
					endpointDraft(s, e).emit()
				}
			}
			return nil
		})
}

func endpointDraft(s *aws.Session, e types.VpcEndpoint) *draft {
	id := text(e.VpcEndpointId)
	d := newDraft(s, "AWS::EC2::VPCEndpoint", id, arnOf(s, "ec2", "vpc-endpoint/"+id))
	d.pick(e, "IpAddressType", "PrivateDnsEnabled", "ResourceConfigurationArn", "RouteTableIds", "ServiceName", "ServiceNetworkArn",
		"ServiceRegion", "SubnetIds", "VpcEndpointType", "VpcId")
	d.list("SecurityGroupIds", each(e.Groups, func(g types.SecurityGroupIdentifier) any { return text(g.GroupId) }))
	d.nest("DnsOptions", e.DnsOptions, "DnsRecordIpType", "PrivateDnsOnlyForInboundResolverEndpoint")
	d.policy("PolicyDocument", "ec2", "DescribeVpcEndpoints", e.PolicyDocument)
	d.observe("State", e.State)
	d.tagged(e.Tags)
	return d
}

func peerings(ctx context.Context, s *aws.Session, client *ec2.Client) error {
	in := &ec2.DescribeVpcPeeringConnectionsInput{MaxResults: sdk.Int32(1000)}
	return aws.Pages(ctx, s, "ec2", "DescribeVpcPeeringConnections", client.DescribeVpcPeeringConnections, in,
		func(in *ec2.DescribeVpcPeeringConnectionsInput, out *ec2.DescribeVpcPeeringConnectionsOutput) bool {
			return aws.NextToken(&in.NextToken, out.NextToken)
		},
		func(out *ec2.DescribeVpcPeeringConnectionsOutput) error {
			for _, p := range out.VpcPeeringConnections {
				if p.Status == nil || p.Status.Code != types.VpcPeeringConnectionStateReasonCodeDeleted {
					peeringDraft(s, p).emit()
				}
			}
			return nil
		})
}

// peeringDraft: both sides list a peering, and both record it, for either may
// be the only one of the estate.
func peeringDraft(s *aws.Session, p types.VpcPeeringConnection) *draft {
	id := text(p.VpcPeeringConnectionId)
	d := newDraft(s, "AWS::EC2::VPCPeeringConnection", id, arnOf(s, "ec2", "vpc-peering-connection/"+id))
	if r := p.RequesterVpcInfo; r != nil {
		d.put("VpcId", r.VpcId)
		d.observe("RequesterAccount", r.OwnerId)
	}
	if a := p.AccepterVpcInfo; a != nil {
		d.put("PeerVpcId", a.VpcId)
		d.put("PeerOwnerId", a.OwnerId)
		d.put("PeerRegion", a.Region)
		d.observe("AccepterAccount", a.OwnerId)
	}
	if p.Status != nil {
		d.observe("Status", p.Status.Code)
	}
	d.tagged(p.Tags)
	return d
}

func transitGateways(ctx context.Context, s *aws.Session, client *ec2.Client) error {
	return aws.Pages(ctx, s, "ec2", "DescribeTransitGateways", client.DescribeTransitGateways, &ec2.DescribeTransitGatewaysInput{MaxResults: sdk.Int32(1000)},
		func(in *ec2.DescribeTransitGatewaysInput, out *ec2.DescribeTransitGatewaysOutput) bool {
			return aws.NextToken(&in.NextToken, out.NextToken)
		},
		func(out *ec2.DescribeTransitGatewaysOutput) error {
			for _, g := range out.TransitGateways {
				if owned(s, g.OwnerId) && g.State != types.TransitGatewayStateDeleted {
					transitGatewayDraft(s, g).emit()
				}
			}
			return nil
		})
}

func transitGatewayDraft(s *aws.Session, g types.TransitGateway) *draft {
	d := newDraft(s, "AWS::EC2::TransitGateway", text(g.TransitGatewayId), text(g.TransitGatewayArn))
	d.pick(g, "Description")
	if o := g.Options; o != nil {
		d.pick(o, "AmazonSideAsn", "AssociationDefaultRouteTableId", "AutoAcceptSharedAttachments", "DefaultRouteTableAssociation",
			"DefaultRouteTablePropagation", "DnsSupport", "MulticastSupport", "PropagationDefaultRouteTableId",
			"SecurityGroupReferencingSupport", "TransitGatewayCidrBlocks", "VpnEcmpSupport")
	}
	d.tagged(g.Tags)
	return d
}

func transitAttachments(ctx context.Context, s *aws.Session, client *ec2.Client) error {
	in := &ec2.DescribeTransitGatewayVpcAttachmentsInput{MaxResults: sdk.Int32(1000)}
	return aws.Pages(ctx, s, "ec2", "DescribeTransitGatewayVpcAttachments", client.DescribeTransitGatewayVpcAttachments, in,
		func(in *ec2.DescribeTransitGatewayVpcAttachmentsInput, out *ec2.DescribeTransitGatewayVpcAttachmentsOutput) bool {
			return aws.NextToken(&in.NextToken, out.NextToken)
		},
		func(out *ec2.DescribeTransitGatewayVpcAttachmentsOutput) error {
			for _, a := range out.TransitGatewayVpcAttachments {
				// The gateway's owner lists the attachments of others too.
				if !owned(s, a.VpcOwnerId) || a.State == types.TransitGatewayAttachmentStateDeleted {
					continue
				}
				id := text(a.TransitGatewayAttachmentId)
				d := newDraft(s, "AWS::EC2::TransitGatewayAttachment", id, arnOf(s, "ec2", "transit-gateway-attachment/"+id))
				d.pick(a, "SubnetIds", "TransitGatewayId", "VpcId")
				d.nest("Options", a.Options, "ApplianceModeSupport", "DnsSupport", "Ipv6Support", "SecurityGroupReferencingSupport")
				d.observe("State", a.State)
				d.tagged(a.Tags)
				d.emit()
			}
			return nil
		})
}
