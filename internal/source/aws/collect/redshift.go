package collect

import (
	"context"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/redshift"
	"github.com/aws/aws-sdk-go-v2/service/redshift/types"

	"holdfast.dev/holdfast/internal/source/aws"
)

func redshiftCollector() aws.Collector {
	return reading(aws.Collector{
		Name: "redshift", Service: "redshift", Scope: aws.Regional,
		Types:   []string{"AWS::Redshift::Cluster", "AWS::Redshift::ClusterParameterGroup"},
		Collect: collectRedshift,
	}, "redshift", "DescribeClusters", "DescribeLoggingStatus", "DescribeClusterParameterGroups", "DescribeClusterParameters")
}

func collectRedshift(ctx context.Context, s *aws.Session) error {
	client := redshift.NewFromConfig(s.Config)
	err := aws.Pages(ctx, s, "redshift", "DescribeClusters", client.DescribeClusters, &redshift.DescribeClustersInput{MaxRecords: sdk.Int32(100)},
		func(in *redshift.DescribeClustersInput, out *redshift.DescribeClustersOutput) bool {
			return aws.NextToken(&in.Marker, out.Marker)
		},
		func(out *redshift.DescribeClustersOutput) error {
			return aws.Each(ctx, out.Clusters, func(ctx context.Context, c types.Cluster) error {
				readRedshiftCluster(ctx, s, client, c)
				return nil
			})
		})
	unlisted(s, err, "AWS::Redshift::Cluster")
	unlisted(s, parameterGroups(ctx, s, client), "AWS::Redshift::ClusterParameterGroup")
	return nil
}

func readRedshiftCluster(ctx context.Context, s *aws.Session, client *redshift.Client, c types.Cluster) {
	d := redshiftDraft(s, c)
	out, err := aws.Call(ctx, s, "redshift", "DescribeLoggingStatus", client.DescribeLoggingStatus, &redshift.DescribeLoggingStatusInput{ClusterIdentifier: c.ClusterIdentifier})
	switch {
	case aws.Is(err, "ClusterNotFound"):
		return
	case err != nil:
		d.lost(err, "LoggingProperties")
	case flag(out.LoggingEnabled):
		m := map[string]any{}
		copyFields(m, out, []string{"BucketName", "LogDestinationType", "LogExports", "S3KeyPrefix"})
		d.p["LoggingProperties"] = m // present even if empty: logging is on
		d.observe("LastLogDeliveryFailure", out.LastFailureMessage)
	}
	d.emit()
}

func redshiftDraft(s *aws.Session, c types.Cluster) *draft {
	d := newDraft(s, "AWS::Redshift::Cluster", text(c.ClusterIdentifier), arnOf(s, "redshift", "cluster:"+text(c.ClusterIdentifier)))
	d.pick(c, "AllowVersionUpgrade", "AutomatedSnapshotRetentionPeriod", "AvailabilityZone", "AvailabilityZoneRelocationStatus", "ClusterIdentifier",
		"ClusterSubnetGroupName", "ClusterVersion", "DBName", "Encrypted", "EnhancedVpcRouting", "KmsKeyId", "MaintenanceTrackName",
		"ManualSnapshotRetentionPeriod", "MasterPasswordSecretKmsKeyId", "MasterUsername", "NodeType", "NumberOfNodes",
		"PreferredMaintenanceWindow", "PubliclyAccessible")
	d.p["ManageMasterPassword"] = c.MasterPasswordSecretArn != nil
	d.p["ClusterType"] = "single-node"
	if c.NumberOfNodes != nil && *c.NumberOfNodes > 1 {
		d.p["ClusterType"] = "multi-node"
	}
	if v := text(c.MultiAZ); v != "" { // "Enabled" or "Disabled"
		d.p["MultiAZ"] = strings.EqualFold(v, "enabled")
	}
	if c.Endpoint != nil {
		d.put("Port", c.Endpoint.Port)
		m := map[string]any{}
		copyFields(m, c.Endpoint, []string{"Address"})
		set(m, "Port", decimal(value(c.Endpoint.Port)))
		d.object("Endpoint", m)
	}
	if len(c.ClusterParameterGroups) > 0 {
		d.put("ClusterParameterGroupName", c.ClusterParameterGroups[0].ParameterGroupName)
	}
	d.list("IamRoles", each(c.IamRoles, func(r types.ClusterIamRole) any { return text(r.IamRoleArn) }))
	d.list("VpcSecurityGroupIds", each(c.VpcSecurityGroups, func(g types.VpcSecurityGroupMembership) any { return text(g.VpcSecurityGroupId) }))
	d.list("ClusterSecurityGroups", each(c.ClusterSecurityGroups, func(g types.ClusterSecurityGroupMembership) any { return text(g.ClusterSecurityGroupName) }))
	if k := c.ClusterSnapshotCopyStatus; k != nil {
		d.pick(k, "DestinationRegion", "SnapshotCopyGrantName")
		d.put("SnapshotCopyRetentionPeriod", k.RetentionPeriod)
	}
	d.observe("Status", c.ClusterStatus)
	d.observe("VpcId", c.VpcId)
	d.tagged(c.Tags)
	return d
}

func parameterGroups(ctx context.Context, s *aws.Session, client *redshift.Client) error {
	return aws.Pages(ctx, s, "redshift", "DescribeClusterParameterGroups", client.DescribeClusterParameterGroups, &redshift.DescribeClusterParameterGroupsInput{MaxRecords: sdk.Int32(100)},
		func(in *redshift.DescribeClusterParameterGroupsInput, out *redshift.DescribeClusterParameterGroupsOutput) bool {
			return aws.NextToken(&in.Marker, out.Marker)
		},
		func(out *redshift.DescribeClusterParameterGroupsOutput) error {
			return aws.Each(ctx, out.ParameterGroups, func(ctx context.Context, g types.ClusterParameterGroup) error {
				readParameterGroup(ctx, s, client, g)
				return nil
			})
		})
}

func readParameterGroup(ctx context.Context, s *aws.Session, client *redshift.Client, g types.ClusterParameterGroup) {
	name := text(g.ParameterGroupName)
	d := newDraft(s, "AWS::Redshift::ClusterParameterGroup", name, arnOf(s, "redshift", "parametergroup:"+name))
	d.pick(g, "Description", "ParameterGroupFamily", "ParameterGroupName")
	d.tagged(g.Tags)
	parameters := []any{}
	err := aws.Pages(ctx, s, "redshift", "DescribeClusterParameters", client.DescribeClusterParameters, &redshift.DescribeClusterParametersInput{ParameterGroupName: &name, MaxRecords: sdk.Int32(100)},
		func(in *redshift.DescribeClusterParametersInput, out *redshift.DescribeClusterParametersOutput) bool {
			return aws.NextToken(&in.Marker, out.Marker)
		},
		func(out *redshift.DescribeClusterParametersOutput) error {
			parameters = append(parameters, each(out.Parameters, func(p types.Parameter) any { return nested(picked(p, "ParameterName", "ParameterValue")) })...)
			return nil
		})
	if err != nil {
		d.lost(err, "Parameters")
	} else {
		d.p["Parameters"] = parameters
	}
	d.emit()
}
