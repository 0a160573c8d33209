package collect

import (
	"context"
	"strconv"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"holdfast.dev/holdfast/internal/source/aws"
)

func rdsCollector() aws.Collector {
	return reading(aws.Collector{
		Name: "rds", Service: "rds", Scope: aws.Regional,
		Types:   []string{"AWS::RDS::DBInstance", "AWS::RDS::DBCluster", "AWS::RDS::EventSubscription"},
		Collect: collectRDS,
	}, "rds", "DescribeDBInstances", "DescribeDBClusters", "DescribeEventSubscriptions")
}

func collectRDS(ctx context.Context, s *aws.Session) error {
	client := rds.NewFromConfig(s.Config)
	err := aws.Pages(ctx, s, "rds", "DescribeDBInstances", client.DescribeDBInstances, &rds.DescribeDBInstancesInput{MaxRecords: sdk.Int32(100)},
		func(in *rds.DescribeDBInstancesInput, out *rds.DescribeDBInstancesOutput) bool {
			return aws.NextToken(&in.Marker, out.Marker)
		},
		func(out *rds.DescribeDBInstancesOutput) error {
			for _, i := range out.DBInstances {
				dbInstanceDraft(s, i).emit()
			}
			return nil
		})
	unlisted(s, err, "AWS::RDS::DBInstance")
	err = aws.Pages(ctx, s, "rds", "DescribeDBClusters", client.DescribeDBClusters, &rds.DescribeDBClustersInput{MaxRecords: sdk.Int32(100)},
		func(in *rds.DescribeDBClustersInput, out *rds.DescribeDBClustersOutput) bool {
			return aws.NextToken(&in.Marker, out.Marker)
		},
		func(out *rds.DescribeDBClustersOutput) error {
			for _, c := range out.DBClusters {
				dbClusterDraft(s, c).emit()
			}
			return nil
		})
	unlisted(s, err, "AWS::RDS::DBCluster")
	unlisted(s, eventSubscriptions(ctx, s, client), "AWS::RDS::EventSubscription")
	return nil
}

func eventSubscriptions(ctx context.Context, s *aws.Session, client *rds.Client) error {
	return aws.Pages(ctx, s, "rds", "DescribeEventSubscriptions", client.DescribeEventSubscriptions, &rds.DescribeEventSubscriptionsInput{MaxRecords: sdk.Int32(100)},
		func(in *rds.DescribeEventSubscriptionsInput, out *rds.DescribeEventSubscriptionsOutput) bool {
			return aws.NextToken(&in.Marker, out.Marker)
		},
		func(out *rds.DescribeEventSubscriptionsOutput) error {
			for _, e := range out.EventSubscriptionsList {
				d := newDraft(s, "AWS::RDS::EventSubscription", text(e.CustSubscriptionId), text(e.EventSubscriptionArn))
				d.pick(e, "Enabled", "SnsTopicArn", "SourceType")
				d.put("SubscriptionName", e.CustSubscriptionId)
				d.put("EventCategories", e.EventCategoriesList)
				d.put("SourceIds", e.SourceIdsList)
				d.unasked("rds:ListTagsForResource is not asked for subscriptions", "Tags")
				d.emit()
			}
			return nil
		})
}

func dbInstanceDraft(s *aws.Session, i types.DBInstance) *draft {
	d := newDraft(s, "AWS::RDS::DBInstance", text(i.DBInstanceIdentifier), text(i.DBInstanceArn))
	d.pick(i, "AutoMinorVersionUpgrade", "AvailabilityZone", "BackupRetentionPeriod", "BackupTarget", "CACertificateIdentifier", "CharacterSetName",
		"CopyTagsToSnapshot", "DBClusterIdentifier", "DBInstanceClass", "DBInstanceIdentifier", "DBName", "DBSystemId", "DatabaseInsightsMode",
		"DedicatedLogVolume", "DeletionProtection", "Engine", "EngineLifecycleSupport", "EngineVersion", "Iops", "KmsKeyId", "LicenseModel",
		"MasterUsername", "MaxAllocatedStorage", "MonitoringInterval", "MonitoringRoleArn", "MultiAZ", "NcharCharacterSetName", "NetworkType",
		"PerformanceInsightsKMSKeyId", "PerformanceInsightsRetentionPeriod", "PreferredBackupWindow", "PreferredMaintenanceWindow", "PromotionTier",
		"PubliclyAccessible", "ReplicaMode", "StorageEncrypted", "StorageThroughput", "StorageType", "TdeCredentialArn", "Timezone")
	d.put("EnableIAMDatabaseAuthentication", i.IAMDatabaseAuthenticationEnabled)
	d.put("EnablePerformanceInsights", i.PerformanceInsightsEnabled)
	d.put("EnableCloudwatchLogsExports", i.EnabledCloudwatchLogsExports)
	d.put("CustomIAMInstanceProfile", i.CustomIamInstanceProfile)
	d.put("SourceDBInstanceIdentifier", i.ReadReplicaSourceDBInstanceIdentifier)
	d.put("SourceDBClusterIdentifier", i.ReadReplicaSourceDBClusterIdentifier)
	d.nest("MasterUserSecret", i.MasterUserSecret, "KmsKeyId", "SecretArn")
	d.p["ManageMasterUserPassword"] = i.MasterUserSecret != nil
	if i.AllocatedStorage != nil {
		d.p["AllocatedStorage"] = strconv.Itoa(int(*i.AllocatedStorage)) // a string in the schema, as is Port
	}
	if i.Endpoint != nil && i.Endpoint.Port != nil {
		d.p["Port"] = strconv.Itoa(int(*i.Endpoint.Port))
	}
	if i.DBSubnetGroup != nil {
		d.put("DBSubnetGroupName", i.DBSubnetGroup.DBSubnetGroupName)
	}
	if len(i.DBParameterGroups) > 0 {
		d.put("DBParameterGroupName", i.DBParameterGroups[0].DBParameterGroupName)
	}
	if len(i.OptionGroupMemberships) > 0 {
		d.put("OptionGroupName", i.OptionGroupMemberships[0].OptionGroupName)
	}
	if len(i.DomainMemberships) > 0 {
		d.put("Domain", i.DomainMemberships[0].Domain)
		d.put("DomainFqdn", i.DomainMemberships[0].FQDN)
	}
	d.list("VPCSecurityGroups", each(i.VpcSecurityGroups, vpcGroup))
	d.list("DBSecurityGroups", each(i.DBSecurityGroups, func(g types.DBSecurityGroupMembership) any { return text(g.DBSecurityGroupName) }))
	d.list("AssociatedRoles", each(i.AssociatedRoles, func(r types.DBInstanceRole) any { return nested(picked(r, "FeatureName", "RoleArn")) }))
	d.put("ProcessorFeatures", i.ProcessorFeatures)
	d.observe("Status", i.DBInstanceStatus)
	d.tagged(i.TagList)
	return d
}

func vpcGroup(g types.VpcSecurityGroupMembership) any { return text(g.VpcSecurityGroupId) }

func dbClusterDraft(s *aws.Session, c types.DBCluster) *draft {
	d := newDraft(s, "AWS::RDS::DBCluster", text(c.DBClusterIdentifier), text(c.DBClusterArn))
	d.pick(c, "AllocatedStorage", "AutoMinorVersionUpgrade", "AvailabilityZones", "BacktrackWindow", "BackupRetentionPeriod", "ClusterScalabilityType",
		"CopyTagsToSnapshot", "DBClusterIdentifier", "DBClusterInstanceClass", "DBSystemId", "DatabaseInsightsMode", "DatabaseName",
		"DeletionProtection", "Engine", "EngineLifecycleSupport", "EngineMode", "EngineVersion", "GlobalClusterIdentifier", "Iops", "KmsKeyId",
		"MasterUsername", "MonitoringInterval", "MonitoringRoleArn", "NetworkType", "PerformanceInsightsEnabled",
		"PerformanceInsightsRetentionPeriod", "Port", "PreferredBackupWindow", "PreferredMaintenanceWindow", "PubliclyAccessible",
		"ReplicationSourceIdentifier", "StorageEncrypted", "StorageType")
	d.put("DBClusterParameterGroupName", c.DBClusterParameterGroup)
	d.put("DBSubnetGroupName", c.DBSubnetGroup)
	d.put("EnableIAMDatabaseAuthentication", c.IAMDatabaseAuthenticationEnabled)
	d.put("EnableCloudwatchLogsExports", c.EnabledCloudwatchLogsExports)
	d.put("EnableHttpEndpoint", c.HttpEndpointEnabled)
	d.put("PerformanceInsightsKmsKeyId", c.PerformanceInsightsKMSKeyId)
	d.put("EnableGlobalWriteForwarding", c.GlobalWriteForwardingRequested)
	d.nest("ScalingConfiguration", c.ScalingConfigurationInfo, "AutoPause", "MaxCapacity", "MinCapacity", "SecondsBeforeTimeout", "SecondsUntilAutoPause", "TimeoutAction")
	d.nest("ServerlessV2ScalingConfiguration", c.ServerlessV2ScalingConfiguration, "MaxCapacity", "MinCapacity", "SecondsUntilAutoPause")
	d.nest("MasterUserSecret", c.MasterUserSecret, "KmsKeyId", "SecretArn")
	d.p["ManageMasterUserPassword"] = c.MasterUserSecret != nil
	d.list("VpcSecurityGroupIds", each(c.VpcSecurityGroups, vpcGroup))
	d.list("AssociatedRoles", each(c.AssociatedRoles, func(r types.DBClusterRole) any { return nested(picked(r, "FeatureName", "RoleArn")) }))
	d.observe("Status", c.Status)
	d.observe("MultiAZ", c.MultiAZ)
	d.tagged(c.TagList)
	return d
}
