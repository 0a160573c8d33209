package activity

import (
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam/action"
)

// ids are the starts of ids of Amazon EC2 and the resource types they are of.
var ids = map[string]string{
	"i": "instance", "vpc": "vpc", "subnet": "subnet", "sg": "security-group", "sgr": "security-group-rule", "vol": "volume", "snap": "snapshot",
	"ami": "image", "eni": "network-interface", "rtb": "route-table", "igw": "internet-gateway", "eigw": "egress-only-internet-gateway",
	"eipalloc": "elastic-ip", "nat": "natgateway", "acl": "network-acl", "lt": "launch-template", "fl": "vpc-flow-log", "vpce": "vpc-endpoint",
	"vpce-svc": "vpc-endpoint-service", "pcx": "vpc-peering-connection", "tgw": "transit-gateway", "tgw-attach": "transit-gateway-attachment",
	"tgw-rtb": "transit-gateway-route-table", "dopt": "dhcp-options", "cgw": "customer-gateway", "vgw": "vpn-gateway", "vpn": "vpn-connection",
	"cr": "capacity-reservation", "fleet": "fleet", "sfr": "spot-fleet-request", "sir": "spot-instances-request", "pl": "prefix-list",
	"eice": "instance-connect-endpoint", "cvpn-endpoint": "client-vpn-endpoint", "ipam": "ipam", "ipam-pool": "ipam-pool", "ipam-scope": "ipam-scope",
	"h": "dedicated-host", "import-ami": "import-image-task", "import-snap": "import-snapshot-task", "export-ami": "export-image-task",
	"tmf": "traffic-mirror-filter", "tms": "traffic-mirror-session", "tmt": "traffic-mirror-target", "nip": "network-insights-path", "cagw": "carrier-gateway",
}

// idType tells the resource type of an id like vpc-0a1b2c3d; "" where it is none.
func idType(v string) string {
	dash := strings.LastIndexByte(v, '-')
	if dash < 1 || len(v)-dash-1 < 8 || len(v)-dash-1 > 17 {
		return ""
	}
	for _, c := range v[dash+1:] {
		if !(c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z') {
			return ""
		}
	}
	return ids[v[:dash]]
}

// chosen are the types that RunInstances picks by itself where the request names
// none, and then tells in its answer. Others in the answer are new, and were not
// there to be asked about.
var chosen = []string{"subnet", "security-group"}

// ec2 finds resources of Amazon EC2 by the form of their ids; done is false where
// the type has no such ids.
func (f *filler) ec2(u action.Use) (list []target, done bool) {
	named := false
	add := func(v string) {
		if name := variables(u.Type.ARN); len(name) == 1 {
			arn, whole := f.expand(u.Type.ARN, map[string]string{name[0]: v})
			list = append(list, target{arn: arn, partial: !whole, kind: u.Type.Name})
		}
	}
	for _, kind := range ids {
		named = named || kind == u.Type.Name
	}
	if !named {
		return nil, false
	}
	if u.Type.Service != "ec2" && u.Type.Name != "instance" {
		return nil, false
	}
	for _, l := range f.leaves {
		if idType(l.value) == u.Type.Name {
			add(l.value)
		}
	}
	if len(list) == 0 && f.a.action.String() == "ec2:RunInstances" && slices.Contains(chosen, u.Type.Name) {
		for _, l := range appendLeaves(nil, "", f.r.ResponseElements, 0) {
			if idType(l.value) == u.Type.Name {
				add(l.value)
			}
		}
	}
	return list, true
}
