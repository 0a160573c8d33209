package collect

import (
	"context"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"holdfast.dev/holdfast/internal/source/aws"
)

func dynamoDBCollector() aws.Collector {
	return reading(aws.Collector{
		Name: "dynamodb", Service: "dynamodb", Scope: aws.Regional,
		Types:   []string{"AWS::DynamoDB::Table"},
		Collect: collectDynamoDB,
	}, "dynamodb", "ListTables", "DescribeTable", "DescribeContinuousBackups", "DescribeTimeToLive", "GetResourcePolicy", "ListTagsOfResource")
}

func collectDynamoDB(ctx context.Context, s *aws.Session) error {
	client := dynamodb.NewFromConfig(s.Config)
	return aws.Pages(ctx, s, "dynamodb", "ListTables", client.ListTables, &dynamodb.ListTablesInput{Limit: sdk.Int32(100)},
		func(in *dynamodb.ListTablesInput, out *dynamodb.ListTablesOutput) bool {
			return aws.NextToken(&in.ExclusiveStartTableName, out.LastEvaluatedTableName)
		},
		func(out *dynamodb.ListTablesOutput) error {
			return aws.Each(ctx, out.TableNames, func(ctx context.Context, name string) error {
				readTable(ctx, s, client, name)
				return nil
			})
		})
}

func readTable(ctx context.Context, s *aws.Session, client *dynamodb.Client, name string) {
	d := newDraft(s, "AWS::DynamoDB::Table", name, arnOf(s, "dynamodb", "table/"+name))
	d.p["TableName"] = name
	out, err := aws.Call(ctx, s, "dynamodb", "DescribeTable", client.DescribeTable, &dynamodb.DescribeTableInput{TableName: &name})
	switch {
	case aws.Is(err, "ResourceNotFoundException"):
		return
	case err != nil:
		d.lost(err, "AttributeDefinitions", "BillingMode", "DeletionProtectionEnabled", "GlobalSecondaryIndexes", "KeySchema", "LocalSecondaryIndexes",
			"OnDemandThroughput", "ProvisionedThroughput", "SSESpecification", "StreamSpecification", "TableClass", "Observed")
	case out.Table != nil:
		describeTable(d, out.Table)
		readTableStreamPolicy(ctx, d, client, text(out.Table.LatestStreamArn))
	}
	readTableBackups(ctx, d, client)
	if out, err := aws.Call(ctx, s, "dynamodb", "DescribeTimeToLive", client.DescribeTimeToLive, &dynamodb.DescribeTimeToLiveInput{TableName: &name}); err != nil {
		d.lost(err, "TimeToLiveSpecification")
	} else if t := out.TimeToLiveDescription; t != nil && t.TimeToLiveStatus == types.TimeToLiveStatusEnabled {
		d.p["TimeToLiveSpecification"] = map[string]any{"Enabled": true, "AttributeName": text(t.AttributeName)}
	}
	policy, err := aws.Call(ctx, s, "dynamodb", "GetResourcePolicy", client.GetResourcePolicy, &dynamodb.GetResourcePolicyInput{ResourceArn: &d.arn})
	switch {
	case aws.Is(err, "PolicyNotFoundException"):
	case err != nil:
		d.lost(err, "ResourcePolicy/PolicyDocument")
	default:
		d.policy("ResourcePolicy/PolicyDocument", "dynamodb", "GetResourcePolicy", policy.Policy)
	}
	readTableTags(ctx, d, client)
	d.unasked("dynamodb:DescribeContributorInsights is not asked", "ContributorInsightsSpecification")
	d.unasked("dynamodb:DescribeKinesisStreamingDestination is not asked", "KinesisStreamSpecification")
	d.emit()
}

func describeTable(d *draft, t *types.TableDescription) {
	if arn := text(t.TableArn); arn != "" {
		d.arn = arn
	}
	d.pick(t, "AttributeDefinitions", "KeySchema")
	d.p["DeletionProtectionEnabled"] = flag(t.DeletionProtectionEnabled)
	// AWS says nothing of the billing mode of a table that was never switched.
	d.p["BillingMode"] = string(types.BillingModeProvisioned)
	if t.BillingModeSummary != nil {
		d.put("BillingMode", t.BillingModeSummary.BillingMode)
	}
	if t.TableClassSummary != nil {
		d.put("TableClass", t.TableClassSummary.TableClass)
	}
	d.nest("ProvisionedThroughput", t.ProvisionedThroughput, "ReadCapacityUnits", "WriteCapacityUnits")
	d.nest("OnDemandThroughput", t.OnDemandThroughput, "MaxReadRequestUnits", "MaxWriteRequestUnits")
	if t.StreamSpecification != nil && flag(t.StreamSpecification.StreamEnabled) {
		d.nest("StreamSpecification", t.StreamSpecification, "StreamViewType")
	}
	d.list("GlobalSecondaryIndexes", each(t.GlobalSecondaryIndexes, func(i types.GlobalSecondaryIndexDescription) any {
		m := map[string]any{}
		copyFields(m, i, []string{"IndexName", "KeySchema", "Projection"})
		if throughput := picked(i.ProvisionedThroughput, "ReadCapacityUnits", "WriteCapacityUnits"); throughput != nil {
			m["ProvisionedThroughput"] = throughput
		}
		return m
	}))
	d.list("LocalSecondaryIndexes", each(t.LocalSecondaryIndexes, func(i types.LocalSecondaryIndexDescription) any {
		return nested(picked(i, "IndexName", "KeySchema", "Projection"))
	}))
	// Without a description the table is encrypted with a key that AWS owns,
	// which the schema calls SSEEnabled: false.
	sse := map[string]any{"SSEEnabled": false}
	if t.SSEDescription != nil && (t.SSEDescription.Status == types.SSEStatusEnabled || t.SSEDescription.Status == types.SSEStatusUpdating) {
		sse["SSEEnabled"] = true
		set(sse, "SSEType", value(t.SSEDescription.SSEType))
		set(sse, "KMSMasterKeyId", text(t.SSEDescription.KMSMasterKeyArn))
	}
	d.p["SSESpecification"] = sse
	d.observe("Status", t.TableStatus)
}

// readTableStreamPolicy reads the policy of a table's stream, which other accounts
// may read it by.
func readTableStreamPolicy(ctx context.Context, d *draft, client *dynamodb.Client, stream string) {
	if stream == "" || d.p["StreamSpecification"] == nil {
		return // a stream that was switched off keeps its ARN for a day
	}
	const where = "StreamSpecification/ResourcePolicy/PolicyDocument"
	out, err := aws.Call(ctx, d.s, "dynamodb", "GetResourcePolicy", client.GetResourcePolicy, &dynamodb.GetResourcePolicyInput{ResourceArn: &stream})
	switch {
	case aws.Is(err, "PolicyNotFoundException", "ResourceNotFoundException"):
	case err != nil:
		d.lost(err, where)
	default:
		d.policy(where, "dynamodb", "GetResourcePolicy", out.Policy)
	}
}

func readTableBackups(ctx context.Context, d *draft, client *dynamodb.Client) {
	out, err := aws.Call(ctx, d.s, "dynamodb", "DescribeContinuousBackups", client.DescribeContinuousBackups, &dynamodb.DescribeContinuousBackupsInput{TableName: &d.id})
	if err != nil {
		d.lost(err, "PointInTimeRecoverySpecification")
		return
	}
	spec := map[string]any{"PointInTimeRecoveryEnabled": false}
	if b := out.ContinuousBackupsDescription; b != nil && b.PointInTimeRecoveryDescription != nil {
		p := b.PointInTimeRecoveryDescription
		if spec["PointInTimeRecoveryEnabled"] = p.PointInTimeRecoveryStatus == types.PointInTimeRecoveryStatusEnabled; spec["PointInTimeRecoveryEnabled"] == true {
			set(spec, "RecoveryPeriodInDays", value(p.RecoveryPeriodInDays))
		}
	}
	d.p["PointInTimeRecoverySpecification"] = spec
}

func readTableTags(ctx context.Context, d *draft, client *dynamodb.Client) {
	var tags []types.Tag
	err := aws.Pages(ctx, d.s, "dynamodb", "ListTagsOfResource", client.ListTagsOfResource, &dynamodb.ListTagsOfResourceInput{ResourceArn: &d.arn},
		func(in *dynamodb.ListTagsOfResourceInput, out *dynamodb.ListTagsOfResourceOutput) bool {
			return aws.NextToken(&in.NextToken, out.NextToken)
		},
		func(out *dynamodb.ListTagsOfResourceOutput) error { tags = append(tags, out.Tags...); return nil })
	if err != nil {
		d.lost(err, "Tags")
		return
	}
	d.tagged(tags)
}
