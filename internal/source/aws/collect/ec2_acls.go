package collect

import (
	"context"
	"fmt"
	"strconv"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/source/aws"
)

func ec2NetworkACLCollector() aws.Collector {
	return reading(aws.Collector{
		Name: "ec2-network-acls", Service: "ec2", Scope: aws.Regional,
		Types:   []string{"AWS::EC2::NetworkAcl", "AWS::EC2::NetworkAclEntry", "AWS::EC2::SubnetNetworkAclAssociation"},
		Collect: collectNetworkACLs,
	}, "ec2", "DescribeNetworkAcls")
}

func collectNetworkACLs(ctx context.Context, s *aws.Session) error {
	client := ec2.NewFromConfig(s.Config)
	return aws.Pages(ctx, s, "ec2", "DescribeNetworkAcls", client.DescribeNetworkAcls, &ec2.DescribeNetworkAclsInput{MaxResults: sdk.Int32(1000)},
		func(in *ec2.DescribeNetworkAclsInput, out *ec2.DescribeNetworkAclsOutput) bool {
			return aws.NextToken(&in.NextToken, out.NextToken)
		},
		func(out *ec2.DescribeNetworkAclsOutput) error {
			for _, acl := range out.NetworkAcls {
				if owned(s, acl.OwnerId) {
					emitNetworkACL(s, acl)
				}
			}
			return nil
		})
}

func emitNetworkACL(s *aws.Session, acl types.NetworkAcl) {
	id := text(acl.NetworkAclId)
	d := newDraft(s, "AWS::EC2::NetworkAcl", id, arnOf(s, "ec2", "network-acl/"+id))
	d.pick(acl, "VpcId")
	d.observe("IsDefault", acl.IsDefault)
	d.tagged(acl.Tags)
	d.emit()
	for _, e := range acl.Entries {
		aclEntryDraft(s, id, e).emit()
	}
	for _, a := range acl.Associations {
		d := newDraft(s, "AWS::EC2::SubnetNetworkAclAssociation", text(a.NetworkAclAssociationId), "")
		d.pick(a, "NetworkAclId", "SubnetId")
		d.emit()
	}
}

func aclEntryDraft(s *aws.Session, acl string, e types.NetworkAclEntry) *draft {
	direction := "ingress"
	if flag(e.Egress) {
		direction = "egress"
	}
	number := 0
	if e.RuleNumber != nil {
		number = int(*e.RuleNumber)
	}
	d := newDraft(s, "AWS::EC2::NetworkAclEntry", fmt.Sprintf("%s|%s|%d", acl, direction, number), "")
	d.p["NetworkAclId"] = acl
	d.pick(e, "CidrBlock", "Egress", "Ipv6CidrBlock", "RuleAction", "RuleNumber")
	d.nest("PortRange", e.PortRange, "From", "To")
	d.nest("Icmp", e.IcmpTypeCode, "Code", "Type")
	if n, err := strconv.ParseInt(text(e.Protocol), 10, 64); err == nil {
		d.p["Protocol"] = n
	} else {
		d.p["Protocol"] = evidence.Unknown{Reason: fmt.Sprintf("ec2:DescribeNetworkAcls answered the protocol %q, which is no number", text(e.Protocol)), Present: true}
	}
	return d
}
