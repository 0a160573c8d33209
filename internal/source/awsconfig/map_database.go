package awsconfig

import (
	"fmt"
	"slices"

	"holdfast.dev/holdfast/internal/evidence"
)

// databaseTypes: databases, their snapshots, and tables.
func databaseTypes() map[string]mapping {
	renamed := map[string]string{
		"iamdatabaseauthenticationenabled": "EnableIAMDatabaseAuthentication", "performanceinsightsenabled": "EnablePerformanceInsights",
		"enabledcloudwatchlogsexports": "EnableCloudwatchLogsExports", "vpcsecuritygroups": "", "dbsecuritygroups": "", "dbsubnetgroup": "",
		"readreplicasourcedbinstanceidentifier": "SourceDBInstanceIdentifier", "domainmemberships": "", "associatedroles": "", "tdecredentialarn": "TdeCredentialArn",
	}
	clusters := map[string]string{
		"iamdatabaseauthenticationenabled": "EnableIAMDatabaseAuthentication", "enabledcloudwatchlogsexports": "EnableCloudwatchLogsExports",
		"vpcsecuritygroups": "", "dbclusterparametergroup": "DBClusterParameterGroupName", "dbsubnetgroup": "DBSubnetGroupName",
		"httpendpointenabled": "EnableHttpEndpoint", "scalingconfigurationinfo": "ScalingConfiguration",
	}
	return map[string]mapping{
		"AWS::RDS::DBInstance": {id: byName, adapt: dbInstance, rename: renamed,
			sees: "AllocatedStorage AutoMinorVersionUpgrade AvailabilityZone BackupRetentionPeriod CACertificateIdentifier CharacterSetName CopyTagsToSnapshot " +
				"DBClusterIdentifier DBInstanceClass DBInstanceIdentifier DBName DBParameterGroupName DBSecurityGroups DBSubnetGroupName " +
				"EnableCloudwatchLogsExports Engine EngineVersion Iops KmsKeyId LicenseModel MasterUsername MonitoringInterval MonitoringRoleArn MultiAZ " +
				"NcharCharacterSetName OptionGroupName PerformanceInsightsKMSKeyId PerformanceInsightsRetentionPeriod Port PreferredBackupWindow " +
				"PreferredMaintenanceWindow ProcessorFeatures PromotionTier PubliclyAccessible SourceDBInstanceIdentifier StorageEncrypted StorageType " +
				"TdeCredentialArn Timezone VPCSecurityGroups AssociatedRoles"},
		"AWS::RDS::DBCluster": {id: byName, adapt: dbCluster, rename: clusters,
			sees: "AvailabilityZones BacktrackWindow BackupRetentionPeriod DBClusterIdentifier DBClusterInstanceClass DatabaseName DBClusterParameterGroupName " +
				"DBSubnetGroupName EnableCloudwatchLogsExports Engine EngineMode EngineVersion KmsKeyId MasterUsername Port PreferredBackupWindow " +
				"PreferredMaintenanceWindow ReplicationSourceIdentifier StorageEncrypted VpcSecurityGroupIds ScalingConfiguration"},
		"AWS::RDS::DBSnapshot":        {to: "Holdfast::RDS::DBSnapshot", id: byName, adapt: snapshotOf("dBSnapshotIdentifier", "DBSnapshotAttributes", "encrypted")},
		"AWS::RDS::DBClusterSnapshot": {to: "Holdfast::RDS::DBClusterSnapshot", id: byName, adapt: snapshotOf("dBClusterSnapshotIdentifier", "DBClusterSnapshotAttributes", "storageEncrypted")},
		"AWS::DynamoDB::Table": {id: byName, adapt: dynamoTable,
			sees: "AttributeDefinitions BillingMode GlobalSecondaryIndexes KeySchema LocalSecondaryIndexes ProvisionedThroughput SSESpecification StreamSpecification TableClass TableName"},
	}
}

func dbInstance(d *draft) {
	if id, ok := d.get("dBInstanceIdentifier").(string); ok {
		d.id = id
	}
	set(d.p, "VPCSecurityGroups", some(pluck(d.get("vpcSecurityGroups"), "vpcSecurityGroupId")))
	set(d.p, "DBSecurityGroups", some(pluck(d.get("dBSecurityGroups"), "dBSecurityGroupName")))
	set(d.p, "DBSubnetGroupName", unwrap(d.get("dBSubnetGroup"), "dBSubnetGroupName"))
	for name, list := range map[string]any{
		"DBParameterGroupName": pluck(d.get("dBParameterGroups"), "dBParameterGroupName"),
		"OptionGroupName":      pluck(d.get("optionGroupMemberships"), "optionGroupName"),
	} {
		if names := listOf(list); len(names) > 0 {
			d.p[name] = names[0]
		}
	}
	if port := d.get("endpoint", "port"); port != nil {
		d.p["Port"] = fmt.Sprint(port)
	}
	managedPassword(d)
	d.observe("Status", d.get("dBInstanceStatus"))
}

func dbCluster(d *draft) {
	if id, ok := d.get("dBClusterIdentifier").(string); ok {
		d.id = id
	}
	set(d.p, "VpcSecurityGroupIds", some(pluck(d.get("vpcSecurityGroups"), "vpcSecurityGroupId")))
	managedPassword(d)
	d.observe("Status", d.get("status"))
	d.observe("MultiAZ", d.get("multiAZ"))
}

// managedPassword: a secret tells that RDS keeps the password; its absence from
// an older record tells nothing.
func managedPassword(d *draft) {
	if d.get("masterUserSecret") != nil {
		d.p["ManageMasterUserPassword"] = true
	}
}

func snapshotOf(identifier, attributes, encrypted string) func(*draft) {
	return func(d *draft) {
		if id, ok := d.get(identifier).(string); ok {
			d.id = id
		}
		d.p["Identifier"] = d.id
		set(d.p, "KmsKeyId", d.get("kmsKeyId"))
		set(d.p, "SnapshotType", d.get("snapshotType"))
		d.p["Encrypted"] = evidence.Unknown{Reason: unseen}
		set(d.p, "Encrypted", d.get(encrypted))
		sharing(d, attributes)
	}
}

// sharing reads whom a snapshot may be restored by. One that RDS made by itself
// cannot be shared.
func sharing(d *draft, attributes string) {
	v, told := d.more(attributes)
	if !told && d.p["SnapshotType"] != "automated" {
		d.p["Public"], d.p["SharedWith"] = evidence.Unknown{Reason: unseen}, evidence.Unknown{Reason: unseen}
		return
	}
	public, with := false, []any{}
	for _, a := range objects(v) {
		if field(a, "attributeName") != "restore" {
			continue
		}
		for _, account := range listOf(field(a, "attributeValues")) {
			if account == "all" {
				public = true
			} else {
				with = append(with, account)
			}
		}
	}
	slices.SortFunc(with, byText)
	d.p["Public"], d.p["SharedWith"] = public, with
}

func dynamoTable(d *draft) {
	if _, told := d.p["BillingMode"]; !told {
		d.p["BillingMode"] = "PROVISIONED" // AWS says nothing of the mode of a table that was never switched
	}
	set(d.p, "BillingMode", d.get("billingModeSummary", "billingMode"))
	set(d.p, "TableClass", d.get("tableClassSummary", "tableClass"))
	if d.get("streamSpecification", "streamEnabled") != true {
		delete(d.p, "StreamSpecification")
	}
	switch status := d.get("ssedescription", "status"); status {
	case "ENABLED", "ENABLING", "UPDATING":
		sse := map[string]any{"SSEEnabled": true}
		set(sse, "SSEType", d.get("ssedescription", "ssetype"))
		set(sse, "KMSMasterKeyId", d.get("ssedescription", "kmsmasterKeyArn"))
		d.p["SSESpecification"] = sse
	}
	if v, told := d.more("ContinuousBackupsDescription"); told {
		on := at(v, "pointInTimeRecoveryDescription", "pointInTimeRecoveryStatus") == "ENABLED"
		d.p["PointInTimeRecoverySpecification"] = map[string]any{"PointInTimeRecoveryEnabled": on}
	}
}
