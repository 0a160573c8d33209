package collect

import (
	"context"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"holdfast.dev/holdfast/internal/source/aws"
)

// ec2SecurityGroupCollector reads network interfaces before groups, to count
// how many use each group.
func ec2SecurityGroupCollector() aws.Collector {
	return reading(aws.Collector{
		Name: "ec2-security-groups", Service: "ec2", Scope: aws.Regional,
		Types:   []string{"AWS::EC2::SecurityGroup", "AWS::EC2::NetworkInterface"},
		Collect: collectSecurityGroups,
	}, "ec2", "DescribeSecurityGroups", "DescribeNetworkInterfaces")
}

func collectSecurityGroups(ctx context.Context, s *aws.Session) error {
	client := ec2.NewFromConfig(s.Config)
	uses := map[string]int{}
	interfaceErr := aws.Pages(ctx, s, "ec2", "DescribeNetworkInterfaces", client.DescribeNetworkInterfaces, &ec2.DescribeNetworkInterfacesInput{MaxResults: sdk.Int32(1000)},
		func(in *ec2.DescribeNetworkInterfacesInput, out *ec2.DescribeNetworkInterfacesOutput) bool {
			return aws.NextToken(&in.NextToken, out.NextToken)
		},
		func(out *ec2.DescribeNetworkInterfacesOutput) error {
			for _, n := range out.NetworkInterfaces {
				for _, g := range n.Groups {
					uses[text(g.GroupId)]++
				}
				if owned(s, n.OwnerId) {
					interfaceDraft(s, n).emit()
				}
			}
			return nil
		})
	unlisted(s, interfaceErr, "AWS::EC2::NetworkInterface")
	err := aws.Pages(ctx, s, "ec2", "DescribeSecurityGroups", client.DescribeSecurityGroups, &ec2.DescribeSecurityGroupsInput{MaxResults: sdk.Int32(1000)},
		func(in *ec2.DescribeSecurityGroupsInput, out *ec2.DescribeSecurityGroupsOutput) bool {
			return aws.NextToken(&in.NextToken, out.NextToken)
		},
		func(out *ec2.DescribeSecurityGroupsOutput) error {
			for _, g := range out.SecurityGroups {
				if !owned(s, g.OwnerId) {
					continue
				}
				d := securityGroupDraft(s, g)
				if interfaceErr == nil {
					d.observe("NetworkInterfaces", uses[d.id])
				} else {
					d.place("Observed/NetworkInterfaces", s.Unknown("ec2", "DescribeNetworkInterfaces", interfaceErr))
				}
				d.emit()
			}
			return nil
		})
	unlisted(s, err, "AWS::EC2::SecurityGroup")
	return nil
}

func interfaceDraft(s *aws.Session, n types.NetworkInterface) *draft {
	d := newDraft(s, "AWS::EC2::NetworkInterface", text(n.NetworkInterfaceId), arnOf(s, "ec2", "network-interface/"+text(n.NetworkInterfaceId)))
	d.pick(n, "Description", "InterfaceType", "PrivateIpAddress", "SourceDestCheck", "SubnetId")
	d.p["GroupSet"] = groupIDs(n.Groups)
	d.list("PrivateIpAddresses", each(n.PrivateIpAddresses, func(a types.NetworkInterfacePrivateIpAddress) any {
		return nested(picked(a, "Primary", "PrivateIpAddress"))
	}))
	d.list("Ipv6Addresses", each(n.Ipv6Addresses, func(a types.NetworkInterfaceIpv6Address) any { return nested(picked(a, "Ipv6Address")) }))
	d.put("Ipv4Prefixes", n.Ipv4Prefixes)
	d.put("Ipv6Prefixes", n.Ipv6Prefixes)
	d.observe("Status", n.Status)
	d.observe("InterfaceType", n.InterfaceType)
	d.observe("RequesterManaged", n.RequesterManaged)
	d.observe("VpcId", n.VpcId)
	if n.Association != nil {
		d.observe("PublicIp", n.Association.PublicIp)
	}
	if n.Attachment != nil {
		d.observe("AttachedInstance", n.Attachment.InstanceId)
	}
	d.tagged(n.TagSet)
	return d
}

func securityGroupDraft(s *aws.Session, g types.SecurityGroup) *draft {
	d := newDraft(s, "AWS::EC2::SecurityGroup", text(g.GroupId), arnOf(s, "ec2", "security-group/"+text(g.GroupId)))
	d.pick(g, "GroupName", "VpcId")
	d.put("GroupDescription", g.Description)
	// Both lists are put even when empty: in a template a group without egress
	// rules gets one that allows everything, so absence would mislead.
	d.p["SecurityGroupIngress"] = groupRules(g.IpPermissions, "Source")
	d.p["SecurityGroupEgress"] = groupRules(g.IpPermissionsEgress, "Destination")
	d.tagged(g.Tags)
	return d
}

// groupRules writes one rule per peer, as the schema does; AWS groups peers
// under a port range. side is "Source" or "Destination".
func groupRules(permissions []types.IpPermission, side string) []any {
	out := []any{}
	for _, p := range permissions {
		rule := func(description *string) map[string]any {
			m := map[string]any{}
			copyFields(m, p, []string{"IpProtocol", "FromPort", "ToPort"})
			set(m, "Description", text(description))
			return m
		}
		for _, r := range p.IpRanges {
			m := rule(r.Description)
			set(m, "CidrIp", text(r.CidrIp))
			out = append(out, m)
		}
		for _, r := range p.Ipv6Ranges {
			m := rule(r.Description)
			set(m, "CidrIpv6", text(r.CidrIpv6))
			out = append(out, m)
		}
		for _, l := range p.PrefixListIds {
			m := rule(l.Description)
			set(m, side+"PrefixListId", text(l.PrefixListId))
			out = append(out, m)
		}
		for _, g := range p.UserIdGroupPairs {
			m := rule(g.Description)
			set(m, side+"SecurityGroupId", text(g.GroupId))
			if side == "Source" {
				set(m, "SourceSecurityGroupOwnerId", text(g.UserId))
				if text(g.GroupId) == "" {
					set(m, "SourceSecurityGroupName", text(g.GroupName))
				}
			}
			out = append(out, m)
		}
	}
	return out
}
