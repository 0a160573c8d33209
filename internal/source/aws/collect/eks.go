package collect

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"

	"holdfast.dev/holdfast/internal/source/aws"
)

func eksCollector() aws.Collector {
	return reading(aws.Collector{
		Name: "eks", Service: "eks", Scope: aws.Regional,
		Types:   []string{"AWS::EKS::Cluster", "AWS::EKS::Nodegroup"},
		Collect: collectEKS,
	}, "eks", "ListClusters", "DescribeCluster", "ListNodegroups", "DescribeNodegroup")
}

func collectEKS(ctx context.Context, s *aws.Session) error {
	client := eks.NewFromConfig(s.Config)
	return aws.Pages(ctx, s, "eks", "ListClusters", client.ListClusters, &eks.ListClustersInput{},
		func(in *eks.ListClustersInput, out *eks.ListClustersOutput) bool {
			return aws.NextToken(&in.NextToken, out.NextToken)
		},
		func(out *eks.ListClustersOutput) error {
			return aws.Each(ctx, out.Clusters, func(ctx context.Context, name string) error {
				readEKSCluster(ctx, s, client, name)
				unlisted(s, nodegroups(ctx, s, client, name), "AWS::EKS::Nodegroup")
				return nil
			})
		})
}

func readEKSCluster(ctx context.Context, s *aws.Session, client *eks.Client, name string) {
	out, err := aws.Call(ctx, s, "eks", "DescribeCluster", client.DescribeCluster, &eks.DescribeClusterInput{Name: &name})
	switch {
	case aws.Is(err, "ResourceNotFoundException"):
	case err != nil:
		d := newDraft(s, "AWS::EKS::Cluster", name, arnOf(s, "eks", "cluster/"+name))
		d.p["Name"] = name
		d.lostRest(err)
		d.emit()
	case out.Cluster != nil:
		eksClusterDraft(s, out.Cluster).emit()
	}
}

func eksClusterDraft(s *aws.Session, c *types.Cluster) *draft {
	d := newDraft(s, "AWS::EKS::Cluster", text(c.Name), text(c.Arn))
	d.pick(c, "DeletionProtection", "Name", "RoleArn", "Version")
	d.nest("AccessConfig", c.AccessConfig, "AuthenticationMode", "BootstrapClusterCreatorAdminPermissions")
	d.nest("ComputeConfig", c.ComputeConfig, "Enabled", "NodePools", "NodeRoleArn")
	d.nest("ControlPlaneScalingConfig", c.ControlPlaneScalingConfig, "Tier")
	d.nest("KubernetesNetworkConfig", c.KubernetesNetworkConfig, "ElasticLoadBalancing", "IpFamily", "ServiceIpv4Cidr", "ServiceIpv6Cidr")
	d.nest("ResourcesVpcConfig", c.ResourcesVpcConfig, "EndpointPrivateAccess", "EndpointPublicAccess", "PublicAccessCidrs", "SecurityGroupIds", "SubnetIds")
	d.nest("StorageConfig", c.StorageConfig, "BlockStorage")
	d.nest("UpgradePolicy", c.UpgradePolicy, "SupportType")
	d.nest("ZonalShiftConfig", c.ZonalShiftConfig, "Enabled")
	d.put("RemoteNetworkConfig", c.RemoteNetworkConfig)
	d.put("OutpostConfig", c.OutpostConfig)
	d.list("EncryptionConfig", each(c.EncryptionConfig, func(e types.EncryptionConfig) any {
		m := map[string]any{"Resources": strs(e.Resources)}
		if e.Provider != nil {
			m["Provider"] = map[string]any{"KeyArn": text(e.Provider.KeyArn)}
		}
		return m
	}))
	d.p["Logging"] = clusterLogging(c.Logging)
	d.observe("Status", c.Status)
	d.observe("Endpoint", c.Endpoint)
	d.tagged(c.Tags)
	return d
}

// clusterLogging lists what is switched on; AWS lists both halves.
func clusterLogging(l *types.Logging) map[string]any {
	enabled := []any{}
	if l != nil {
		for _, setup := range l.ClusterLogging {
			if !flag(setup.Enabled) {
				continue
			}
			for _, t := range setup.Types {
				enabled = append(enabled, map[string]any{"Type": string(t)})
			}
		}
	}
	return map[string]any{"ClusterLogging": map[string]any{"EnabledTypes": enabled}}
}

func nodegroups(ctx context.Context, s *aws.Session, client *eks.Client, cluster string) error {
	return aws.Pages(ctx, s, "eks", "ListNodegroups", client.ListNodegroups, &eks.ListNodegroupsInput{ClusterName: &cluster},
		func(in *eks.ListNodegroupsInput, out *eks.ListNodegroupsOutput) bool {
			return aws.NextToken(&in.NextToken, out.NextToken)
		},
		func(out *eks.ListNodegroupsOutput) error {
			for _, name := range out.Nodegroups {
				readNodegroup(ctx, s, client, cluster, name)
			}
			return nil
		})
}

func readNodegroup(ctx context.Context, s *aws.Session, client *eks.Client, cluster, name string) {
	out, err := aws.Call(ctx, s, "eks", "DescribeNodegroup", client.DescribeNodegroup, &eks.DescribeNodegroupInput{ClusterName: &cluster, NodegroupName: &name})
	switch {
	case aws.Is(err, "ResourceNotFoundException"):
	case err != nil:
		d := newDraft(s, "AWS::EKS::Nodegroup", cluster+"/"+name, "")
		d.p["ClusterName"], d.p["NodegroupName"] = cluster, name
		d.lostRest(err)
		d.emit()
	case out.Nodegroup != nil:
		nodegroupDraft(s, out.Nodegroup).emit()
	}
}

func nodegroupDraft(s *aws.Session, n *types.Nodegroup) *draft {
	d := newDraft(s, "AWS::EKS::Nodegroup", text(n.ClusterName)+"/"+text(n.NodegroupName), text(n.NodegroupArn))
	d.pick(n, "AmiType", "CapacityType", "ClusterName", "DiskSize", "InstanceTypes", "Labels", "NodeRole", "NodegroupName", "ReleaseVersion", "Subnets", "Taints", "Version")
	d.nest("LaunchTemplate", n.LaunchTemplate, "Id", "Name", "Version")
	d.nest("RemoteAccess", n.RemoteAccess, "Ec2SshKey", "SourceSecurityGroups")
	d.nest("ScalingConfig", n.ScalingConfig, "DesiredSize", "MaxSize", "MinSize")
	d.nest("UpdateConfig", n.UpdateConfig, "MaxUnavailable", "MaxUnavailablePercentage", "UpdateStrategy")
	d.nest("NodeRepairConfig", n.NodeRepairConfig, "Enabled")
	d.observe("Status", n.Status)
	d.tags = n.Tags
	d.put("Tags", n.Tags) // a map in this schema, unlike most
	return d
}
