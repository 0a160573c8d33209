package collect

import (
	"context"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"holdfast.dev/holdfast/internal/source/aws"
)

// ec2VPNCollector reads the ways in for people and sites, and whom endpoint
// services admit.
func ec2VPNCollector() aws.Collector {
	return reading(aws.Collector{
		Name: "ec2-vpn", Service: "ec2", Scope: aws.Regional,
		Types: []string{
			"AWS::EC2::VPNConnection", "AWS::EC2::ClientVpnEndpoint", "AWS::EC2::ClientVpnAuthorizationRule", "AWS::EC2::VPCEndpointServicePermissions",
		},
		Collect: collectVPN,
	}, "ec2", "DescribeVpnConnections", "DescribeClientVpnEndpoints", "DescribeClientVpnAuthorizationRules",
		"DescribeVpcEndpointServiceConfigurations", "DescribeVpcEndpointServicePermissions")
}

func collectVPN(ctx context.Context, s *aws.Session) error {
	client := ec2.NewFromConfig(s.Config)
	unlisted(s, vpnConnections(ctx, s, client), "AWS::EC2::VPNConnection")
	unlisted(s, clientVPNs(ctx, s, client), "AWS::EC2::ClientVpnEndpoint", "AWS::EC2::ClientVpnAuthorizationRule")
	unlisted(s, endpointServices(ctx, s, client), "AWS::EC2::VPCEndpointServicePermissions")
	return nil
}

func vpnConnections(ctx context.Context, s *aws.Session, client *ec2.Client) error {
	out, err := aws.Call(ctx, s, "ec2", "DescribeVpnConnections", client.DescribeVpnConnections, &ec2.DescribeVpnConnectionsInput{})
	if err != nil {
		return err
	}
	for _, v := range out.VpnConnections {
		if v.State != types.VpnStateDeleted {
			vpnDraft(s, v).emit()
		}
	}
	return nil
}

// tunnelNames: the shared keys, and what AWS chose for a tunnel, stay out.
var tunnelNames = map[string]string{
	"IkeVersions": "IKEVersions", "LogOptions.CloudWatchLogOptions": "CloudwatchLogOptions", "OutsideIpAddress": "", "PreSharedKey": "",
}

func vpnDraft(s *aws.Session, v types.VpnConnection) *draft {
	id := text(v.VpnConnectionId)
	d := newDraft(s, "AWS::EC2::VPNConnection", id, arnOf(s, "ec2", "vpn-connection/"+id))
	d.pick(v, "CustomerGatewayId", "TransitGatewayId", "Type", "VpnConcentratorId", "VpnGatewayId")
	if o := v.Options; o != nil {
		d.pick(o, "EnableAcceleration", "LocalIpv4NetworkCidr", "LocalIpv6NetworkCidr", "OutsideIpAddressType", "RemoteIpv4NetworkCidr",
			"RemoteIpv6NetworkCidr", "StaticRoutesOnly", "TransportTransitGatewayAttachmentId", "TunnelBandwidth", "TunnelInsideIpVersion")
		d.list("VpnTunnelOptionsSpecifications", each(o.TunnelOptions, func(t types.TunnelOption) any { return nested(shape(t, tunnelNames)) }))
	}
	d.observe("State", v.State)
	d.tagged(v.Tags)
	return d
}

func clientVPNs(ctx context.Context, s *aws.Session, client *ec2.Client) error {
	var ids []string
	err := aws.Pages(ctx, s, "ec2", "DescribeClientVpnEndpoints", client.DescribeClientVpnEndpoints, &ec2.DescribeClientVpnEndpointsInput{MaxResults: sdk.Int32(1000)},
		func(in *ec2.DescribeClientVpnEndpointsInput, out *ec2.DescribeClientVpnEndpointsOutput) bool {
			return aws.NextToken(&in.NextToken, out.NextToken)
		},
		func(out *ec2.DescribeClientVpnEndpointsOutput) error {
			for _, v := range out.ClientVpnEndpoints {
				if v.Status == nil || v.Status.Code != types.ClientVpnEndpointStatusCodeDeleted {
					d := clientVPNDraft(s, v)
					d.emit()
					ids = append(ids, d.id)
				}
			}
			return nil
		})
	for _, id := range ids {
		unlisted(s, authorizationRules(ctx, s, client, id), "AWS::EC2::ClientVpnAuthorizationRule")
	}
	return err
}

var clientVPNNames = map[string]string{
	"MutualAuthentication.ClientRootCertificateChain":    "ClientRootCertificateChainArn",
	"FederatedAuthentication.SamlProviderArn":            "SAMLProviderArn",
	"FederatedAuthentication.SelfServiceSamlProviderArn": "SelfServiceSAMLProviderArn",
}

func clientVPNDraft(s *aws.Session, v types.ClientVpnEndpoint) *draft {
	id := text(v.ClientVpnEndpointId)
	d := newDraft(s, "AWS::EC2::ClientVpnEndpoint", id, arnOf(s, "ec2", "client-vpn-endpoint/"+id))
	d.pick(v, "ClientCidrBlock", "Description", "DisconnectOnSessionTimeout", "DnsServers", "EndpointIpAddressType", "SecurityGroupIds",
		"ServerCertificateArn", "SessionTimeoutHours", "SplitTunnel", "TrafficIpAddressType", "TransportProtocol", "VpcId", "VpnPort")
	d.list("AuthenticationOptions", each(v.AuthenticationOptions, func(a types.ClientVpnAuthentication) any { return nested(shape(a, clientVPNNames)) }))
	d.nest("ClientConnectOptions", v.ClientConnectOptions, "Enabled", "LambdaFunctionArn")
	d.nest("ClientLoginBannerOptions", v.ClientLoginBannerOptions, "BannerText", "Enabled")
	d.nest("ClientRouteEnforcementOptions", v.ClientRouteEnforcementOptions, "Enforced")
	d.nest("ConnectionLogOptions", v.ConnectionLogOptions, "CloudwatchLogGroup", "CloudwatchLogStream", "Enabled")
	if v.Status != nil {
		d.observe("Status", v.Status.Code)
	}
	d.tags = tagMap(v.Tags) // the schema has them per kind of thing, and for the making only
	return d
}

func authorizationRules(ctx context.Context, s *aws.Session, client *ec2.Client, endpoint string) error {
	in := &ec2.DescribeClientVpnAuthorizationRulesInput{ClientVpnEndpointId: &endpoint, MaxResults: sdk.Int32(1000)}
	err := aws.Pages(ctx, s, "ec2", "DescribeClientVpnAuthorizationRules", client.DescribeClientVpnAuthorizationRules, in,
		func(in *ec2.DescribeClientVpnAuthorizationRulesInput, out *ec2.DescribeClientVpnAuthorizationRulesOutput) bool {
			return aws.NextToken(&in.NextToken, out.NextToken)
		},
		func(out *ec2.DescribeClientVpnAuthorizationRulesOutput) error {
			for _, r := range out.AuthorizationRules {
				d := newDraft(s, "AWS::EC2::ClientVpnAuthorizationRule", endpoint+"|"+text(r.DestinationCidr)+"|"+text(r.GroupId), "")
				d.p["ClientVpnEndpointId"] = endpoint
				d.put("AccessGroupId", r.GroupId)
				d.put("AuthorizeAllGroups", r.AccessAll)
				d.put("TargetNetworkCidr", r.DestinationCidr)
				d.pick(r, "Description")
				d.emit()
			}
			return nil
		})
	if aws.Is(err, "InvalidClientVpnEndpointId.NotFound") {
		return nil
	}
	return err
}

func endpointServices(ctx context.Context, s *aws.Session, client *ec2.Client) error {
	var ids []string
	err := aws.Pages(ctx, s, "ec2", "DescribeVpcEndpointServiceConfigurations", client.DescribeVpcEndpointServiceConfigurations,
		&ec2.DescribeVpcEndpointServiceConfigurationsInput{MaxResults: sdk.Int32(1000)},
		func(in *ec2.DescribeVpcEndpointServiceConfigurationsInput, out *ec2.DescribeVpcEndpointServiceConfigurationsOutput) bool {
			return aws.NextToken(&in.NextToken, out.NextToken)
		},
		func(out *ec2.DescribeVpcEndpointServiceConfigurationsOutput) error {
			for _, c := range out.ServiceConfigurations {
				if c.ServiceState != types.ServiceStateDeleted {
					ids = append(ids, text(c.ServiceId))
				}
			}
			return nil
		})
	for _, id := range ids {
		readServicePermissions(ctx, s, client, id)
	}
	return err
}

func readServicePermissions(ctx context.Context, s *aws.Session, client *ec2.Client, service string) {
	d := newDraft(s, "AWS::EC2::VPCEndpointServicePermissions", service, "")
	d.p["ServiceId"] = service
	principals := []string{}
	err := aws.Pages(ctx, s, "ec2", "DescribeVpcEndpointServicePermissions", client.DescribeVpcEndpointServicePermissions,
		&ec2.DescribeVpcEndpointServicePermissionsInput{ServiceId: &service, MaxResults: sdk.Int32(1000)},
		func(in *ec2.DescribeVpcEndpointServicePermissionsInput, out *ec2.DescribeVpcEndpointServicePermissionsOutput) bool {
			return aws.NextToken(&in.NextToken, out.NextToken)
		},
		func(out *ec2.DescribeVpcEndpointServicePermissionsOutput) error {
			for _, p := range out.AllowedPrincipals {
				principals = append(principals, text(p.Principal))
			}
			return nil
		})
	if err != nil {
		d.lost(err, "AllowedPrincipals")
	} else {
		d.p["AllowedPrincipals"] = strs(principals)
	}
	d.emit()
}
