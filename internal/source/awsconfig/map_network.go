package awsconfig

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"holdfast.dev/holdfast/internal/evidence"
)

// networkTypes: VPCs and what lies in them.
func networkTypes() map[string]mapping {
	return map[string]mapping{
		"AWS::EC2::SecurityGroup": {adapt: securityGroup, rename: map[string]string{"description": "GroupDescription"},
			sees: "GroupDescription GroupName VpcId SecurityGroupIngress SecurityGroupEgress"},
		"AWS::EC2::NetworkAcl": {adapt: networkACL, sees: "VpcId",
			parts: []string{"AWS::EC2::NetworkAclEntry", "AWS::EC2::SubnetNetworkAclAssociation"}},
		"AWS::EC2::RouteTable": {adapt: routeTable, sees: "VpcId",
			parts: []string{"AWS::EC2::Route", "AWS::EC2::SubnetRouteTableAssociation", "AWS::EC2::GatewayRouteTableAssociation"}},
		"AWS::EC2::Subnet": {adapt: subnet,
			sees: "VpcId CidrBlock AvailabilityZone AvailabilityZoneId MapPublicIpOnLaunch AssignIpv6AddressOnCreation Ipv6CidrBlock OutpostArn"},
		"AWS::EC2::VPC":             {adapt: vpc, sees: "CidrBlock InstanceTenancy"},
		"AWS::EC2::InternetGateway": {adapt: internetGateway, parts: []string{"AWS::EC2::VPCGatewayAttachment"}},
		"AWS::EC2::NetworkInterface": {adapt: networkInterface,
			sees: "Description GroupSet InterfaceType Ipv6Addresses PrivateIpAddress PrivateIpAddresses SourceDestCheck SubnetId Ipv4Prefixes Ipv6Prefixes"},
		"AWS::EC2::EIP": {adapt: elasticIP, sees: "Domain InstanceId PublicIpv4Pool NetworkBorderGroup Address"},
		"AWS::EC2::VPCEndpoint": {adapt: vpcEndpoint,
			sees: "PolicyDocument PrivateDnsEnabled RouteTableIds SecurityGroupIds ServiceName SubnetIds VpcEndpointType VpcId"},
		"AWS::EC2::VPCPeeringConnection": {adapt: peering, sees: "PeerOwnerId PeerRegion PeerVpcId VpcId AssumeRoleRegion"},
		"AWS::EC2::FlowLog": {adapt: flowLog,
			sees: "DeliverLogsPermissionArn DestinationOptions LogDestination LogDestinationType LogFormat LogGroupName MaxAggregationInterval ResourceId ResourceType TrafficType"},
		"AWS::EC2::TransitGateway": shapeOf(byID),
	}
}

func securityGroup(d *draft) {
	set(d.p, "SecurityGroupIngress", some(rules(d.get("ipPermissions"), "Source")))
	set(d.p, "SecurityGroupEgress", some(rules(d.get("ipPermissionsEgress"), "Destination")))
	if d.relationships == nil {
		d.unobserved("NetworkInterfaces")
		return
	}
	count := int64(0)
	for _, r := range objects(d.relationships) {
		if field(r, "resourceType") == "AWS::EC2::NetworkInterface" {
			count++
		}
	}
	d.observe("NetworkInterfaces", count)
}

// rules writes one rule per permission and peer, as the schema has them.
func rules(permissions any, side string) []any {
	var out []any
	for _, p := range objects(permissions) {
		add := func(name string, v any, description any, more map[string]any) {
			if v == nil || v == "" {
				return
			}
			rule := map[string]any{name: v}
			for _, f := range []string{"IpProtocol", "FromPort", "ToPort"} {
				set(rule, f, field(p, f))
			}
			set(rule, "Description", description)
			for k, e := range more {
				set(rule, k, e)
			}
			out = append(out, rule)
		}
		ranges := field(p, "ipv4Ranges")
		if list, _ := ranges.([]any); len(list) == 0 {
			ranges = field(p, "ipRanges") // the older spelling, a list of strings
		}
		for _, cidr := range listOf(ranges) {
			if m, ok := cidr.(map[string]any); ok {
				add("CidrIp", field(m, "cidrIp"), field(m, "description"), nil)
			} else {
				add("CidrIp", cidr, nil, nil)
			}
		}
		for _, m := range objects(field(p, "ipv6Ranges")) {
			add("CidrIpv6", field(m, "cidrIpv6"), field(m, "description"), nil)
		}
		for _, m := range objects(field(p, "prefixListIds")) {
			add(side+"PrefixListId", field(m, "prefixListId"), field(m, "description"), nil)
		}
		for _, m := range objects(field(p, "userIdGroupPairs")) {
			more := map[string]any{}
			if side == "Source" {
				more["SourceSecurityGroupOwnerId"] = field(m, "userId")
			}
			add(side+"SecurityGroupId", field(m, "groupId"), field(m, "description"), more)
		}
	}
	return out
}

func listOf(v any) []any {
	list, _ := v.([]any)
	return list
}

func networkACL(d *draft) {
	isDefault := d.get("isDefault")
	if isDefault == nil {
		isDefault = d.get("default") // the older spelling
	}
	d.observe("IsDefault", isDefault)
	for _, e := range objects(d.get("entries")) {
		direction := "ingress"
		if field(e, "egress") == true {
			direction = "egress"
		}
		p := map[string]any{"NetworkAclId": d.id}
		for _, name := range []string{"CidrBlock", "Egress", "Ipv6CidrBlock", "RuleAction", "RuleNumber"} {
			set(p, name, field(e, name))
		}
		if r, ok := field(e, "portRange").(map[string]any); ok {
			p["PortRange"] = pair(r, "From", "To")
		}
		if r, ok := field(e, "icmpTypeCode").(map[string]any); ok {
			p["Icmp"] = pair(r, "Code", "Type")
		}
		p["Protocol"] = protocol(field(e, "protocol"))
		d.part("AWS::EC2::NetworkAclEntry", fmt.Sprintf("%s|%s|%v", d.id, direction, field(e, "ruleNumber")), p)
	}
	for _, a := range objects(d.get("associations")) {
		p := map[string]any{"NetworkAclId": d.id}
		set(p, "SubnetId", field(a, "subnetId"))
		if id, ok := field(a, "networkAclAssociationId").(string); ok {
			d.part("AWS::EC2::SubnetNetworkAclAssociation", id, p)
		}
	}
}

func pair(m map[string]any, names ...string) map[string]any {
	out := map[string]any{}
	for _, name := range names {
		set(out, name, field(m, name))
	}
	return out
}

// protocol is a number in the schema; -1 is all.
func protocol(v any) any {
	switch v := v.(type) {
	case int64:
		return v
	case string:
		if n, err := strconv.ParseInt(v, 10, 64); err == nil {
			return n
		}
		if n, ok := map[string]int64{"all": -1, "icmp": 1, "tcp": 6, "udp": 17, "icmpv6": 58}[strings.ToLower(v)]; ok {
			return n
		}
	}
	return evidence.Unknown{Reason: fmt.Sprintf("AWS Config records the protocol %v, which is no number", v), Present: true}
}

func routeTable(d *draft) {
	main := false
	for _, a := range objects(d.get("associations")) {
		main = main || field(a, "main") == true
		id, _ := field(a, "routeTableAssociationId").(string)
		switch {
		case field(a, "subnetId") != nil && id != "":
			d.part("AWS::EC2::SubnetRouteTableAssociation", id, map[string]any{"RouteTableId": d.id, "SubnetId": field(a, "subnetId")})
		case field(a, "gatewayId") != nil:
			gateway := fmt.Sprint(field(a, "gatewayId"))
			d.part("AWS::EC2::GatewayRouteTableAssociation", gateway, map[string]any{"RouteTableId": d.id, "GatewayId": gateway})
		}
	}
	d.observe("Main", main)
	for _, r := range objects(d.get("routes")) {
		route(d, r)
	}
}

func route(d *draft, r map[string]any) {
	p := map[string]any{"RouteTableId": d.id}
	for _, name := range []string{"CarrierGatewayId", "CoreNetworkArn", "DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId",
		"EgressOnlyInternetGatewayId", "InstanceId", "LocalGatewayId", "NatGatewayId", "NetworkInterfaceId", "TransitGatewayId", "VpcPeeringConnectionId"} {
		set(p, name, field(r, name))
	}
	gateway, _ := field(r, "gatewayId").(string)
	if strings.HasPrefix(gateway, "vpce-") {
		p["VpcEndpointId"] = gateway
	} else {
		set(p, "GatewayId", gateway)
	}
	observed := map[string]any{}
	set(observed, "State", unwrap(field(r, "state"), "value"))
	set(observed, "Origin", unwrap(field(r, "origin"), "value"))
	if len(observed) > 0 {
		p["Observed"] = observed
	}
	text := func(name string) string { s, _ := p[name].(string); return s }
	to := cmp.Or(text("DestinationCidrBlock"), text("DestinationIpv6CidrBlock"), text("DestinationPrefixListId"))
	d.part("AWS::EC2::Route", d.id+"|"+to, p)
}

func subnet(d *draft) {
	blocks := pluck(d.get("ipv6CidrBlockAssociationSet"), "ipv6CidrBlock")
	if len(blocks) > 0 {
		d.p["Ipv6CidrBlock"] = blocks[0]
	}
}

func vpc(d *draft) {
	d.observe("IsDefault", d.get("isDefault"))
	d.observe("State", unwrap(d.get("state"), "value"))
}

func internetGateway(d *draft) {
	for _, a := range objects(d.get("attachments")) {
		vpc, _ := field(a, "vpcId").(string)
		if state := unwrap(field(a, "state"), "value"); vpc == "" || state == "detached" || state == "detaching" {
			continue
		}
		d.part("AWS::EC2::VPCGatewayAttachment", "IGW|"+vpc, map[string]any{"InternetGatewayId": d.id, "VpcId": vpc})
	}
}

func networkInterface(d *draft) {
	groups := pluck(d.get("groups"), "groupId")
	slices.SortFunc(groups, func(a, b any) int { return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	d.p["GroupSet"] = groups
	d.observe("Status", unwrap(d.get("status"), "value"))
	d.observe("InterfaceType", unwrap(d.get("interfaceType"), "value"))
	d.observe("PublicIp", d.get("association", "publicIp"))
	d.observe("AttachedInstance", d.get("attachment", "instanceId"))
	d.observe("RequesterManaged", d.get("requesterManaged"))
	d.observe("VpcId", d.get("vpcId"))
}

func elasticIP(d *draft) {
	public, _ := d.get("publicIp").(string)
	allocation, _ := d.get("allocationId").(string)
	if public != "" && allocation != "" {
		d.id = public + "|" + allocation // the schema's identifier has both
	}
	d.observe("AssociationId", d.get("associationId"))
}

func vpcEndpoint(d *draft) {
	set(d.p, "SecurityGroupIds", some(pluck(d.get("groups"), "groupId")))
	set(d.p, "PolicyDocument", policy(d.get("policyDocument"), "policyDocument"))
	d.observe("State", unwrap(d.get("state"), "value"))
}

func peering(d *draft) {
	set(d.p, "VpcId", d.get("requesterVpcInfo", "vpcId"))
	set(d.p, "PeerVpcId", d.get("accepterVpcInfo", "vpcId"))
	set(d.p, "PeerOwnerId", d.get("accepterVpcInfo", "ownerId"))
	set(d.p, "PeerRegion", d.get("accepterVpcInfo", "region"))
	d.observe("Status", unwrap(d.get("status"), "code", "value"))
	d.observe("AccepterAccount", d.get("accepterVpcInfo", "ownerId"))
	d.observe("RequesterAccount", d.get("requesterVpcInfo", "ownerId"))
}

// flowLog tells what is watched by the prefix of its id, as Config does not.
func flowLog(d *draft) {
	id, _ := d.get("resourceId").(string)
	prefix, _, _ := strings.Cut(id, "-")
	set(d.p, "ResourceType", map[string]string{"vpc": "VPC", "subnet": "Subnet", "eni": "NetworkInterface", "tgw": "TransitGateway"}[prefix])
	if strings.HasPrefix(id, "tgw-attach-") {
		d.p["ResourceType"] = "TransitGatewayAttachment"
	}
	d.observe("Status", d.get("flowLogStatus"))
	d.observe("DeliverLogsStatus", d.get("deliverLogsStatus"))
}
