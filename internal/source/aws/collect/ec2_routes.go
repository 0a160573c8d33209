package collect

import (
	"cmp"
	"context"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"holdfast.dev/holdfast/internal/source/aws"
)

func ec2RouteCollector() aws.Collector {
	return reading(aws.Collector{
		Name: "ec2-routes", Service: "ec2", Scope: aws.Regional,
		Types: []string{
			"AWS::EC2::RouteTable", "AWS::EC2::Route", "AWS::EC2::SubnetRouteTableAssociation", "AWS::EC2::GatewayRouteTableAssociation",
		},
		Collect: collectRoutes,
	}, "ec2", "DescribeRouteTables")
}

func collectRoutes(ctx context.Context, s *aws.Session) error {
	client := ec2.NewFromConfig(s.Config)
	return aws.Pages(ctx, s, "ec2", "DescribeRouteTables", client.DescribeRouteTables, &ec2.DescribeRouteTablesInput{MaxResults: sdk.Int32(100)},
		func(in *ec2.DescribeRouteTablesInput, out *ec2.DescribeRouteTablesOutput) bool {
			return aws.NextToken(&in.NextToken, out.NextToken)
		},
		func(out *ec2.DescribeRouteTablesOutput) error {
			for _, table := range out.RouteTables {
				if owned(s, table.OwnerId) {
					emitRouteTable(s, table)
				}
			}
			return nil
		})
}

func emitRouteTable(s *aws.Session, table types.RouteTable) {
	id := text(table.RouteTableId)
	d := newDraft(s, "AWS::EC2::RouteTable", id, arnOf(s, "ec2", "route-table/"+id))
	d.pick(table, "VpcId")
	d.tagged(table.Tags)
	main := false
	for _, a := range table.Associations {
		main = main || flag(a.Main)
		emitAssociation(s, id, a)
	}
	d.observe("Main", main)
	d.emit()
	for _, r := range table.Routes {
		routeDraft(s, id, r).emit()
	}
}

func emitAssociation(s *aws.Session, table string, a types.RouteTableAssociation) {
	typ, peer, id := "AWS::EC2::SubnetRouteTableAssociation", "SubnetId", text(a.RouteTableAssociationId)
	switch {
	case text(a.GatewayId) != "":
		typ, peer, id = "AWS::EC2::GatewayRouteTableAssociation", "GatewayId", text(a.GatewayId)
	case text(a.SubnetId) == "":
		return // the main table's implicit association
	}
	if a.AssociationState != nil && a.AssociationState.State == types.RouteTableAssociationStateCodeDisassociated {
		return
	}
	d := newDraft(s, typ, id, "")
	d.p["RouteTableId"] = table
	d.pick(a, peer)
	d.emit()
}

func routeDraft(s *aws.Session, table string, r types.Route) *draft {
	destination := cmp.Or(text(r.DestinationCidrBlock), text(r.DestinationIpv6CidrBlock), text(r.DestinationPrefixListId))
	d := newDraft(s, "AWS::EC2::Route", table+"|"+destination, "")
	d.p["RouteTableId"] = table
	d.pick(r, "CarrierGatewayId", "CoreNetworkArn", "DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId",
		"EgressOnlyInternetGatewayId", "InstanceId", "LocalGatewayId", "NatGatewayId", "NetworkInterfaceId", "OdbNetworkArn",
		"TransitGatewayId", "VpcPeeringConnectionId")
	if strings.HasPrefix(text(r.GatewayId), "vpce-") {
		d.put("VpcEndpointId", r.GatewayId)
	} else {
		d.put("GatewayId", r.GatewayId)
	}
	d.observe("State", r.State)
	d.observe("Origin", r.Origin)
	return d
}
