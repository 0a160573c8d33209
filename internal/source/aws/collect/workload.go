package collect

import (
	"slices"

	"holdfast.dev/holdfast/internal/source/aws"
)

// workloadCollectors are those of what runs in an account: compute, network,
// data, keys, messages and the logs and alarms beside them.
func workloadCollectors() []aws.Collector {
	return slices.Concat(
		ec2Collectors(),
		[]aws.Collector{
			kmsCollector(),
			rdsCollector(), rdsSnapshotCollector(), rdsParameterCollector(),
			lambdaCollector(), lambdaLayerCollector(),
			eksCollector(),
			ecrCollector(),
			ecsCollector(),
			snsCollector(),
			sqsCollector(),
			secretsManagerCollector(),
			dynamoDBCollector(),
			elbCollector(),
			classicELBCollector(),
			cloudFrontCollector(),
			efsCollector(),
			openSearchCollector(),
			redshiftCollector(),
			kinesisCollector(),
			backupCollector(),
			accessPointCollector(),
			ssmCollector(),
			acmCollector(),
			logsCollector(),
			alarmCollector(),
		},
	)
}

// ec2Collectors split EC2 by idea, so that one refused listing hides no more
// than it has to and the listings run beside each other.
func ec2Collectors() []aws.Collector {
	return []aws.Collector{
		ec2InstanceCollector(),
		ec2SnapshotCollector(),
		ec2ImageCollector(),
		ec2TemplateCollector(),
		ec2SecurityGroupCollector(),
		ec2NetworkACLCollector(),
		ec2RouteCollector(),
		ec2VPCCollector(),
		ec2GatewayCollector(),
		ec2ConnectionCollector(),
		ec2VPNCollector(),
		ec2AddressCollector(),
		ec2FlowLogCollector(),
		ec2PrefixListCollector(),
		ec2SettingsCollector(),
	}
}

// reading fills in what a collector may ask where IAM names the actions as the
// API names the operations, which is nearly everywhere.
func reading(c aws.Collector, iamPrefix string, operations ...string) aws.Collector {
	for _, o := range operations {
		c.Operations = append(c.Operations, c.Service+"."+o)
		c.Actions = append(c.Actions, iamPrefix+":"+o)
	}
	return c
}
