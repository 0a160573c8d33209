package collect

import (
	"context"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"holdfast.dev/holdfast/internal/source/aws"
)

func ec2AddressCollector() aws.Collector {
	return reading(aws.Collector{
		Name: "ec2-addresses", Service: "ec2", Scope: aws.Regional,
		Types:   []string{"AWS::EC2::EIP", "AWS::EC2::EIPAssociation"},
		Collect: collectAddresses,
	}, "ec2", "DescribeAddresses")
}

// collectAddresses: AWS does not page addresses.
func collectAddresses(ctx context.Context, s *aws.Session) error {
	client := ec2.NewFromConfig(s.Config)
	out, err := aws.Call(ctx, s, "ec2", "DescribeAddresses", client.DescribeAddresses, &ec2.DescribeAddressesInput{})
	if err != nil {
		return err
	}
	for _, a := range out.Addresses {
		d := newDraft(s, "AWS::EC2::EIP", text(a.PublicIp)+"|"+text(a.AllocationId), arnOf(s, "ec2", "elastic-ip/"+text(a.AllocationId)))
		d.pick(a, "Domain", "InstanceId", "NetworkBorderGroup", "PublicIpv4Pool")
		d.observe("PublicIp", a.PublicIp)
		d.observe("AssociationId", a.AssociationId)
		d.observe("NetworkInterfaceId", a.NetworkInterfaceId)
		d.tagged(a.Tags)
		d.emit()
		if text(a.AssociationId) != "" {
			addressAssociation(s, a).emit()
		}
	}
	return nil
}

func addressAssociation(s *aws.Session, a types.Address) *draft {
	d := newDraft(s, "AWS::EC2::EIPAssociation", text(a.AssociationId), "")
	d.pick(a, "AllocationId", "InstanceId", "NetworkInterfaceId", "PrivateIpAddress")
	d.put("EIP", a.PublicIp)
	return d
}

func ec2FlowLogCollector() aws.Collector {
	return reading(aws.Collector{
		Name: "ec2-flow-logs", Service: "ec2", Scope: aws.Regional,
		Types:   []string{"AWS::EC2::FlowLog"},
		Collect: collectFlowLogs,
	}, "ec2", "DescribeFlowLogs")
}

func collectFlowLogs(ctx context.Context, s *aws.Session) error {
	client := ec2.NewFromConfig(s.Config)
	return aws.Pages(ctx, s, "ec2", "DescribeFlowLogs", client.DescribeFlowLogs, &ec2.DescribeFlowLogsInput{MaxResults: sdk.Int32(1000)},
		func(in *ec2.DescribeFlowLogsInput, out *ec2.DescribeFlowLogsOutput) bool {
			return aws.NextToken(&in.NextToken, out.NextToken)
		},
		func(out *ec2.DescribeFlowLogsOutput) error {
			for _, f := range out.FlowLogs {
				flowLogDraft(s, f).emit()
			}
			return nil
		})
}

func flowLogDraft(s *aws.Session, f types.FlowLog) *draft {
	d := newDraft(s, "AWS::EC2::FlowLog", text(f.FlowLogId), arnOf(s, "ec2", "vpc-flow-log/"+text(f.FlowLogId)))
	d.pick(f, "DeliverCrossAccountRole", "DeliverLogsPermissionArn", "LogDestination", "LogDestinationType", "LogFormat", "LogGroupName",
		"MaxAggregationInterval", "ResourceId", "TrafficType")
	set(d.p, "ResourceType", flowLogSubject(text(f.ResourceId)))
	d.nest("DestinationOptions", f.DestinationOptions, "FileFormat", "HiveCompatiblePartitions", "PerHourPartition")
	d.observe("Status", f.FlowLogStatus)
	d.observe("DeliverLogsStatus", f.DeliverLogsStatus)
	d.observe("DeliverLogsErrorMessage", f.DeliverLogsErrorMessage)
	d.tagged(f.Tags)
	return d
}

// flowLogSubject tells the schema's ResourceType from the id, since AWS leaves
// it out of the answer.
func flowLogSubject(id string) string {
	kinds := []struct{ prefix, kind string }{
		{"vpc-", "VPC"}, {"subnet-", "Subnet"}, {"eni-", "NetworkInterface"},
		{"tgw-attach-", "TransitGatewayAttachment"}, {"tgw-", "TransitGateway"}, {"nat-", "RegionalNatGateway"},
	}
	for _, k := range kinds {
		if strings.HasPrefix(id, k.prefix) {
			return k.kind
		}
	}
	return ""
}

func ec2PrefixListCollector() aws.Collector {
	return reading(aws.Collector{
		Name: "ec2-prefix-lists", Service: "ec2", Scope: aws.Regional,
		Types:   []string{"AWS::EC2::PrefixList"},
		Collect: collectPrefixLists,
	}, "ec2", "DescribeManagedPrefixLists", "GetManagedPrefixListEntries")
}

// collectPrefixLists reads the account's own lists: a security group that
// names one is as open as the list.
func collectPrefixLists(ctx context.Context, s *aws.Session) error {
	client := ec2.NewFromConfig(s.Config)
	return aws.Pages(ctx, s, "ec2", "DescribeManagedPrefixLists", client.DescribeManagedPrefixLists, &ec2.DescribeManagedPrefixListsInput{MaxResults: sdk.Int32(100)},
		func(in *ec2.DescribeManagedPrefixListsInput, out *ec2.DescribeManagedPrefixListsOutput) bool {
			return aws.NextToken(&in.NextToken, out.NextToken)
		},
		func(out *ec2.DescribeManagedPrefixListsOutput) error {
			for _, l := range out.PrefixLists {
				if text(l.OwnerId) == s.Account {
					readPrefixList(ctx, s, client, l)
				}
			}
			return nil
		})
}

func readPrefixList(ctx context.Context, s *aws.Session, client *ec2.Client, l types.ManagedPrefixList) {
	d := newDraft(s, "AWS::EC2::PrefixList", text(l.PrefixListId), text(l.PrefixListArn))
	d.pick(l, "AddressFamily", "MaxEntries", "PrefixListName")
	d.tagged(l.Tags)
	entries := []any{}
	err := aws.Pages(ctx, s, "ec2", "GetManagedPrefixListEntries", client.GetManagedPrefixListEntries, &ec2.GetManagedPrefixListEntriesInput{PrefixListId: l.PrefixListId, MaxResults: sdk.Int32(100)},
		func(in *ec2.GetManagedPrefixListEntriesInput, out *ec2.GetManagedPrefixListEntriesOutput) bool {
			return aws.NextToken(&in.NextToken, out.NextToken)
		},
		func(out *ec2.GetManagedPrefixListEntriesOutput) error {
			entries = append(entries, each(out.Entries, func(e types.PrefixListEntry) any { return nested(picked(e, "Cidr", "Description")) })...)
			return nil
		})
	if err != nil {
		d.lost(err, "Entries")
	} else {
		d.p["Entries"] = entries
	}
	d.emit()
}
