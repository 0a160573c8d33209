package collect

import (
	"context"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"holdfast.dev/holdfast/internal/source/aws"
)

func ec2VPCCollector() aws.Collector {
	return reading(aws.Collector{
		Name: "ec2-vpcs", Service: "ec2", Scope: aws.Regional,
		Types:   []string{"AWS::EC2::VPC", "AWS::EC2::VPCCidrBlock", "AWS::EC2::Subnet"},
		Collect: collectVPCs,
	}, "ec2", "DescribeVpcs", "DescribeVpcAttribute", "DescribeSubnets")
}

func collectVPCs(ctx context.Context, s *aws.Session) error {
	client := ec2.NewFromConfig(s.Config)
	err := aws.Pages(ctx, s, "ec2", "DescribeVpcs", client.DescribeVpcs, &ec2.DescribeVpcsInput{MaxResults: sdk.Int32(1000)},
		func(in *ec2.DescribeVpcsInput, out *ec2.DescribeVpcsOutput) bool {
			return aws.NextToken(&in.NextToken, out.NextToken)
		},
		func(out *ec2.DescribeVpcsOutput) error {
			for _, v := range out.Vpcs {
				if owned(s, v.OwnerId) {
					readVPC(ctx, s, client, v)
				}
			}
			return nil
		})
	unlisted(s, err, "AWS::EC2::VPC", "AWS::EC2::VPCCidrBlock")
	err = aws.Pages(ctx, s, "ec2", "DescribeSubnets", client.DescribeSubnets, &ec2.DescribeSubnetsInput{MaxResults: sdk.Int32(1000)},
		func(in *ec2.DescribeSubnetsInput, out *ec2.DescribeSubnetsOutput) bool {
			return aws.NextToken(&in.NextToken, out.NextToken)
		},
		func(out *ec2.DescribeSubnetsOutput) error {
			for _, n := range out.Subnets {
				if owned(s, n.OwnerId) {
					subnetDraft(s, n).emit()
				}
			}
			return nil
		})
	unlisted(s, err, "AWS::EC2::Subnet")
	return nil
}

func readVPC(ctx context.Context, s *aws.Session, client *ec2.Client, v types.Vpc) {
	id := text(v.VpcId)
	d := newDraft(s, "AWS::EC2::VPC", id, arnOf(s, "ec2", "vpc/"+id))
	d.pick(v, "CidrBlock", "InstanceTenancy")
	d.observe("IsDefault", v.IsDefault)
	d.tagged(v.Tags)
	support, err := vpcAttribute(ctx, s, client, id, types.VpcAttributeNameEnableDnsSupport)
	if err != nil {
		d.lost(err, "EnableDnsSupport")
	} else if support.EnableDnsSupport != nil {
		d.put("EnableDnsSupport", support.EnableDnsSupport.Value)
	}
	names, err := vpcAttribute(ctx, s, client, id, types.VpcAttributeNameEnableDnsHostnames)
	if err != nil {
		d.lost(err, "EnableDnsHostnames")
	} else if names.EnableDnsHostnames != nil {
		d.put("EnableDnsHostnames", names.EnableDnsHostnames.Value)
	}
	d.emit()
	emitVPCBlocks(s, v)
}

func vpcAttribute(ctx context.Context, s *aws.Session, client *ec2.Client, vpc string, name types.VpcAttributeName) (*ec2.DescribeVpcAttributeOutput, error) {
	return aws.Call(ctx, s, "ec2", "DescribeVpcAttribute", client.DescribeVpcAttribute, &ec2.DescribeVpcAttributeInput{VpcId: &vpc, Attribute: name})
}

// emitVPCBlocks emits the address blocks beside the VPC's first one, which
// CloudFormation declares apart.
func emitVPCBlocks(s *aws.Session, v types.Vpc) {
	for _, b := range v.CidrBlockAssociationSet {
		if text(b.CidrBlock) == text(v.CidrBlock) || gone(b.CidrBlockState) {
			continue
		}
		d := newDraft(s, "AWS::EC2::VPCCidrBlock", text(b.AssociationId)+"|"+text(v.VpcId), "")
		d.put("VpcId", v.VpcId)
		d.put("CidrBlock", b.CidrBlock)
		d.emit()
	}
	for _, b := range v.Ipv6CidrBlockAssociationSet {
		if gone(b.Ipv6CidrBlockState) {
			continue
		}
		d := newDraft(s, "AWS::EC2::VPCCidrBlock", text(b.AssociationId)+"|"+text(v.VpcId), "")
		d.put("VpcId", v.VpcId)
		d.put("Ipv6CidrBlock", b.Ipv6CidrBlock)
		d.put("Ipv6Pool", b.Ipv6Pool)
		d.put("Ipv6CidrBlockNetworkBorderGroup", b.NetworkBorderGroup)
		d.p["AmazonProvidedIpv6CidrBlock"] = text(b.Ipv6Pool) == "Amazon"
		d.emit()
	}
}

func gone(state *types.VpcCidrBlockState) bool {
	return state != nil && (state.State == types.VpcCidrBlockStateCodeDisassociated || state.State == types.VpcCidrBlockStateCodeFailed)
}

func subnetDraft(s *aws.Session, n types.Subnet) *draft {
	d := newDraft(s, "AWS::EC2::Subnet", text(n.SubnetId), arnOf(s, "ec2", "subnet/"+text(n.SubnetId)))
	d.pick(n, "AssignIpv6AddressOnCreation", "AvailabilityZone", "AvailabilityZoneId", "CidrBlock", "EnableDns64", "EnableLniAtDeviceIndex",
		"Ipv6Native", "MapPublicIpOnLaunch", "OutpostArn", "VpcId")
	d.nest("PrivateDnsNameOptionsOnLaunch", n.PrivateDnsNameOptionsOnLaunch, "EnableResourceNameDnsAAAARecord", "EnableResourceNameDnsARecord", "HostnameType")
	for _, b := range n.Ipv6CidrBlockAssociationSet {
		if b.Ipv6CidrBlockState == nil || b.Ipv6CidrBlockState.State == types.SubnetCidrBlockStateCodeAssociated {
			d.put("Ipv6CidrBlock", b.Ipv6CidrBlock)
		}
	}
	d.tagged(n.Tags)
	return d
}
