package collect

import (
	"context"
	"strconv"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/efs"
	"github.com/aws/aws-sdk-go-v2/service/efs/types"

	"holdfast.dev/holdfast/internal/source/aws"
)

func efsCollector() aws.Collector {
	return reading(aws.Collector{
		Name: "efs", Service: "efs", Scope: aws.Regional,
		Types:   []string{"AWS::EFS::FileSystem", "AWS::EFS::MountTarget", "AWS::EFS::AccessPoint"},
		Collect: collectEFS,
	}, "elasticfilesystem", "DescribeFileSystems", "DescribeFileSystemPolicy", "DescribeBackupPolicy", "DescribeLifecycleConfiguration",
		"DescribeMountTargets", "DescribeMountTargetSecurityGroups", "DescribeAccessPoints")
}

func collectEFS(ctx context.Context, s *aws.Session) error {
	client := efs.NewFromConfig(s.Config)
	err := aws.Pages(ctx, s, "efs", "DescribeFileSystems", client.DescribeFileSystems, &efs.DescribeFileSystemsInput{MaxItems: sdk.Int32(100)},
		func(in *efs.DescribeFileSystemsInput, out *efs.DescribeFileSystemsOutput) bool {
			return aws.NextToken(&in.Marker, out.NextMarker)
		},
		func(out *efs.DescribeFileSystemsOutput) error {
			return aws.Each(ctx, out.FileSystems, func(ctx context.Context, f types.FileSystemDescription) error {
				if owned(s, f.OwnerId) {
					readFileSystem(ctx, s, client, f)
					unlisted(s, mountTargets(ctx, s, client, text(f.FileSystemId)), "AWS::EFS::MountTarget")
				}
				return nil
			})
		})
	unlisted(s, err, "AWS::EFS::FileSystem", "AWS::EFS::MountTarget")
	unlisted(s, accessPoints(ctx, s, client), "AWS::EFS::AccessPoint")
	return nil
}

func readFileSystem(ctx context.Context, s *aws.Session, client *efs.Client, f types.FileSystemDescription) {
	d := newDraft(s, "AWS::EFS::FileSystem", text(f.FileSystemId), text(f.FileSystemArn))
	d.pick(f, "AvailabilityZoneName", "Encrypted", "KmsKeyId", "PerformanceMode", "ProvisionedThroughputInMibps", "ThroughputMode")
	d.nest("FileSystemProtection", f.FileSystemProtection, "ReplicationOverwriteProtection")
	d.tags = tagMap(f.Tags)
	set(d.p, "FileSystemTags", tagList(d.tags))
	d.observe("State", f.LifeCycleState)

	policy, err := aws.Call(ctx, s, "efs", "DescribeFileSystemPolicy", client.DescribeFileSystemPolicy, &efs.DescribeFileSystemPolicyInput{FileSystemId: f.FileSystemId})
	switch {
	case aws.Is(err, "PolicyNotFound"):
	case err != nil:
		d.lost(err, "FileSystemPolicy")
	default:
		d.policy("FileSystemPolicy", "efs", "DescribeFileSystemPolicy", policy.Policy)
	}
	backup, err := aws.Call(ctx, s, "efs", "DescribeBackupPolicy", client.DescribeBackupPolicy, &efs.DescribeBackupPolicyInput{FileSystemId: f.FileSystemId})
	switch {
	case aws.Is(err, "PolicyNotFound"):
	case err != nil:
		d.lost(err, "BackupPolicy")
	default:
		d.nest("BackupPolicy", backup.BackupPolicy, "Status")
	}
	lifecycle, err := aws.Call(ctx, s, "efs", "DescribeLifecycleConfiguration", client.DescribeLifecycleConfiguration, &efs.DescribeLifecycleConfigurationInput{FileSystemId: f.FileSystemId})
	if err != nil {
		d.lost(err, "LifecyclePolicies")
	} else {
		d.put("LifecyclePolicies", lifecycle.LifecyclePolicies)
	}
	d.unasked("elasticfilesystem:DescribeReplicationConfigurations is not asked", "ReplicationConfiguration")
	d.emit()
}

func mountTargets(ctx context.Context, s *aws.Session, client *efs.Client, fileSystem string) error {
	return aws.Pages(ctx, s, "efs", "DescribeMountTargets", client.DescribeMountTargets, &efs.DescribeMountTargetsInput{FileSystemId: &fileSystem, MaxItems: sdk.Int32(100)},
		func(in *efs.DescribeMountTargetsInput, out *efs.DescribeMountTargetsOutput) bool {
			return aws.NextToken(&in.Marker, out.NextMarker)
		},
		func(out *efs.DescribeMountTargetsOutput) error {
			for _, t := range out.MountTargets {
				d := newDraft(s, "AWS::EFS::MountTarget", text(t.MountTargetId), "")
				d.pick(t, "FileSystemId", "IpAddress", "Ipv6Address", "SubnetId")
				groups, err := aws.Call(ctx, s, "efs", "DescribeMountTargetSecurityGroups", client.DescribeMountTargetSecurityGroups, &efs.DescribeMountTargetSecurityGroupsInput{MountTargetId: t.MountTargetId})
				switch {
				case aws.Is(err, "MountTargetNotFound"):
					continue
				case err != nil:
					d.lost(err, "SecurityGroups")
				default:
					d.put("SecurityGroups", groups.SecurityGroups)
				}
				d.emit()
			}
			return nil
		})
}

func accessPoints(ctx context.Context, s *aws.Session, client *efs.Client) error {
	return aws.Pages(ctx, s, "efs", "DescribeAccessPoints", client.DescribeAccessPoints, &efs.DescribeAccessPointsInput{MaxResults: sdk.Int32(100)},
		func(in *efs.DescribeAccessPointsInput, out *efs.DescribeAccessPointsOutput) bool {
			return aws.NextToken(&in.NextToken, out.NextToken)
		},
		func(out *efs.DescribeAccessPointsOutput) error {
			for _, a := range out.AccessPoints {
				if owned(s, a.OwnerId) {
					accessPointDraft(s, a).emit()
				}
			}
			return nil
		})
}

// accessPointDraft writes user and group ids as the strings the schema wants.
func accessPointDraft(s *aws.Session, a types.AccessPointDescription) *draft {
	d := newDraft(s, "AWS::EFS::AccessPoint", text(a.AccessPointId), text(a.AccessPointArn))
	d.pick(a, "FileSystemId")
	if u := a.PosixUser; u != nil {
		m := map[string]any{}
		set(m, "Uid", decimal(value(u.Uid)))
		set(m, "Gid", decimal(value(u.Gid)))
		if len(u.SecondaryGids) > 0 {
			m["SecondaryGids"] = each(u.SecondaryGids, func(g int64) any { return strconv.FormatInt(g, 10) })
		}
		d.object("PosixUser", m)
	}
	if r := a.RootDirectory; r != nil {
		m := map[string]any{}
		copyFields(m, r, []string{"Path"})
		if c := r.CreationInfo; c != nil {
			m["CreationInfo"] = map[string]any{"OwnerGid": decimal(value(c.OwnerGid)), "OwnerUid": decimal(value(c.OwnerUid)), "Permissions": text(c.Permissions)}
		}
		d.object("RootDirectory", m)
	}
	d.tags = tagMap(a.Tags)
	set(d.p, "AccessPointTags", tagList(d.tags))
	return d
}
