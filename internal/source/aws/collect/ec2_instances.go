package collect

import (
	"context"
	"slices"
	"strconv"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/source/aws"
)

// ec2InstanceCollector reads volumes before instances, since an instance's
// block devices say nothing of their encryption.
func ec2InstanceCollector() aws.Collector {
	return reading(aws.Collector{
		Name: "ec2-instances", Service: "ec2", Scope: aws.Regional,
		Types:   []string{"AWS::EC2::Instance", "AWS::EC2::Volume"},
		Collect: collectInstances,
	}, "ec2", "DescribeInstances", "DescribeVolumes")
}

func collectInstances(ctx context.Context, s *aws.Session) error {
	client := ec2.NewFromConfig(s.Config)
	volumes := map[string]types.Volume{}
	volumeErr := aws.Pages(ctx, s, "ec2", "DescribeVolumes", client.DescribeVolumes, &ec2.DescribeVolumesInput{MaxResults: sdk.Int32(500)},
		func(in *ec2.DescribeVolumesInput, out *ec2.DescribeVolumesOutput) bool {
			return aws.NextToken(&in.NextToken, out.NextToken)
		},
		func(out *ec2.DescribeVolumesOutput) error {
			for _, v := range out.Volumes {
				volumes[text(v.VolumeId)] = v
				volumeDraft(s, v).emit()
			}
			return nil
		})
	unlisted(s, volumeErr, "AWS::EC2::Volume")
	err := aws.Pages(ctx, s, "ec2", "DescribeInstances", client.DescribeInstances, &ec2.DescribeInstancesInput{MaxResults: sdk.Int32(500)},
		func(in *ec2.DescribeInstancesInput, out *ec2.DescribeInstancesOutput) bool {
			return aws.NextToken(&in.NextToken, out.NextToken)
		},
		func(out *ec2.DescribeInstancesOutput) error {
			for _, r := range out.Reservations {
				for _, i := range r.Instances {
					// A terminated instance stays listed for about an hour.
					if i.State == nil || i.State.Name != types.InstanceStateNameTerminated {
						instanceDraft(s, i, volumes, volumeErr).emit()
					}
				}
			}
			return nil
		})
	unlisted(s, err, "AWS::EC2::Instance")
	return nil
}

func volumeDraft(s *aws.Session, v types.Volume) *draft {
	d := newDraft(s, "AWS::EC2::Volume", text(v.VolumeId), arnOf(s, "ec2", "volume/"+text(v.VolumeId)))
	d.pick(v, "AvailabilityZone", "Encrypted", "Iops", "KmsKeyId", "MultiAttachEnabled", "OutpostArn", "Size",
		"SnapshotId", "SourceVolumeId", "Throughput", "VolumeInitializationRate", "VolumeType")
	d.unasked("ec2:DescribeVolumeAttribute is not asked", "AutoEnableIO")
	d.observe("State", v.State)
	d.observe("Attachments", len(v.Attachments))
	d.tagged(v.Tags)
	return d
}

func instanceDraft(s *aws.Session, i types.Instance, volumes map[string]types.Volume, volumeErr error) *draft {
	d := newDraft(s, "AWS::EC2::Instance", text(i.InstanceId), arnOf(s, "ec2", "instance/"+text(i.InstanceId)))
	d.pick(i, "EbsOptimized", "ImageId", "InstanceType", "KernelId", "KeyName", "PrivateIpAddress", "RamdiskId", "SourceDestCheck", "SubnetId")
	d.nest("MetadataOptions", i.MetadataOptions, "HttpEndpoint", "HttpProtocolIpv6", "HttpPutResponseHopLimit", "HttpTokens", "InstanceMetadataTags")
	d.nest("CpuOptions", i.CpuOptions, "CoreCount", "ThreadsPerCore")
	d.nest("EnclaveOptions", i.EnclaveOptions, "Enabled")
	d.nest("HibernationOptions", i.HibernationOptions, "Configured")
	d.nest("PrivateDnsNameOptions", i.PrivateDnsNameOptions, "EnableResourceNameDnsAAAARecord", "EnableResourceNameDnsARecord", "HostnameType")
	if i.IamInstanceProfile != nil {
		d.p["IamInstanceProfile"] = afterLast(text(i.IamInstanceProfile.Arn), "/") // the schema wants the name
	}
	if i.Monitoring != nil {
		d.p["Monitoring"] = i.Monitoring.State == types.MonitoringStateEnabled || i.Monitoring.State == types.MonitoringStatePending
	}
	if i.Placement != nil {
		d.pick(i.Placement, "Affinity", "AvailabilityZone", "HostId", "HostResourceGroupArn", "Tenancy")
		d.put("PlacementGroupName", i.Placement.GroupName)
	}
	d.p["SecurityGroupIds"] = groupIDs(i.SecurityGroups)
	d.list("NetworkInterfaces", each(i.NetworkInterfaces, instanceInterface))
	d.list("BlockDeviceMappings", each(i.BlockDeviceMappings, func(b types.InstanceBlockDeviceMapping) any {
		return blockDevice(s, b, volumes, volumeErr)
	}))
	d.list("Volumes", each(i.BlockDeviceMappings, attachedVolume))
	d.unasked("user data is not collected, for it may hold secrets", "UserData")
	d.unasked("ec2:DescribeInstanceAttribute is not asked", "DisableApiTermination", "InstanceInitiatedShutdownBehavior")
	if i.State != nil {
		d.observe("State", i.State.Name)
	}
	d.observe("PublicIpAddress", i.PublicIpAddress)
	d.observe("PublicDnsName", i.PublicDnsName)
	d.observe("LaunchTime", i.LaunchTime)
	d.observe("VpcId", i.VpcId)
	d.tagged(i.Tags)
	return d
}

// groupIDs is never nil: an interface without groups has none, as known.
func groupIDs(groups []types.GroupIdentifier) []any {
	out := each(groups, func(g types.GroupIdentifier) any { return text(g.GroupId) })
	slices.SortFunc(out, func(a, b any) int { return compareStrings(a, b) })
	return out
}

func instanceInterface(n types.InstanceNetworkInterface) any {
	m := map[string]any{}
	copyFields(m, n, []string{"Description", "NetworkInterfaceId", "PrivateIpAddress", "SubnetId"})
	m["GroupSet"] = groupIDs(n.Groups)
	if a := n.Attachment; a != nil {
		copyFields(m, a, []string{"DeleteOnTermination"})
		if a.DeviceIndex != nil {
			m["DeviceIndex"] = strconv.Itoa(int(*a.DeviceIndex)) // a string in the schema
		}
	}
	// An address of one's own (an Elastic IP) is not "associated on launch".
	m["AssociatePublicIpAddress"] = n.Association != nil && text(n.Association.IpOwnerId) == "amazon"
	if len(n.Ipv6Addresses) > 0 {
		m["Ipv6Addresses"] = each(n.Ipv6Addresses, func(a types.InstanceIpv6Address) any { return nested(picked(a, "Ipv6Address")) })
	}
	return m
}

func attachedVolume(b types.InstanceBlockDeviceMapping) any {
	if b.Ebs == nil {
		return nil
	}
	return map[string]any{"Device": text(b.DeviceName), "VolumeId": text(b.Ebs.VolumeId)}
}

func blockDevice(s *aws.Session, b types.InstanceBlockDeviceMapping, volumes map[string]types.Volume, volumeErr error) any {
	m := map[string]any{"DeviceName": text(b.DeviceName)}
	if b.Ebs == nil {
		return m
	}
	inner := map[string]any{}
	copyFields(inner, b.Ebs, []string{"DeleteOnTermination"})
	if v, ok := volumes[text(b.Ebs.VolumeId)]; ok {
		copyFields(inner, v, []string{"Encrypted", "Iops", "KmsKeyId", "SnapshotId", "VolumeType"})
		set(inner, "VolumeSize", value(v.Size))
	} else {
		unknown := evidence.Unknown{Reason: "volume " + text(b.Ebs.VolumeId) + " was not listed"}
		if volumeErr != nil {
			unknown = s.Unknown("ec2", "DescribeVolumes", volumeErr)
		}
		for _, name := range []string{"Encrypted", "Iops", "KmsKeyId", "SnapshotId", "VolumeSize", "VolumeType"} {
			inner[name] = unknown
		}
	}
	m["Ebs"] = inner
	return m
}
