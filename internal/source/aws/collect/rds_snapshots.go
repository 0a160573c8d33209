package collect

import (
	"context"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"holdfast.dev/holdfast/internal/source/aws"
)

func rdsSnapshotCollector() aws.Collector {
	return reading(aws.Collector{
		Name: "rds-snapshots", Service: "rds", Scope: aws.Regional,
		Types:   []string{"Holdfast::RDS::DBSnapshot", "Holdfast::RDS::DBClusterSnapshot"},
		Collect: collectDBSnapshots,
	}, "rds", "DescribeDBSnapshots", "DescribeDBSnapshotAttributes", "DescribeDBClusterSnapshots", "DescribeDBClusterSnapshotAttributes")
}

func collectDBSnapshots(ctx context.Context, s *aws.Session) error {
	client := rds.NewFromConfig(s.Config)
	err := aws.Pages(ctx, s, "rds", "DescribeDBSnapshots", client.DescribeDBSnapshots, &rds.DescribeDBSnapshotsInput{MaxRecords: sdk.Int32(100)},
		func(in *rds.DescribeDBSnapshotsInput, out *rds.DescribeDBSnapshotsOutput) bool {
			return aws.NextToken(&in.Marker, out.Marker)
		},
		func(out *rds.DescribeDBSnapshotsOutput) error {
			return aws.Each(ctx, out.DBSnapshots, func(ctx context.Context, snapshot types.DBSnapshot) error {
				readDBSnapshot(ctx, s, client, snapshot)
				return nil
			})
		})
	unlisted(s, err, "Holdfast::RDS::DBSnapshot")
	err = aws.Pages(ctx, s, "rds", "DescribeDBClusterSnapshots", client.DescribeDBClusterSnapshots, &rds.DescribeDBClusterSnapshotsInput{MaxRecords: sdk.Int32(100)},
		func(in *rds.DescribeDBClusterSnapshotsInput, out *rds.DescribeDBClusterSnapshotsOutput) bool {
			return aws.NextToken(&in.Marker, out.Marker)
		},
		func(out *rds.DescribeDBClusterSnapshotsOutput) error {
			return aws.Each(ctx, out.DBClusterSnapshots, func(ctx context.Context, snapshot types.DBClusterSnapshot) error {
				readDBClusterSnapshot(ctx, s, client, snapshot)
				return nil
			})
		})
	unlisted(s, err, "Holdfast::RDS::DBClusterSnapshot")
	return nil
}

func readDBSnapshot(ctx context.Context, s *aws.Session, client *rds.Client, snapshot types.DBSnapshot) {
	d := newDraft(s, "Holdfast::RDS::DBSnapshot", text(snapshot.DBSnapshotIdentifier), text(snapshot.DBSnapshotArn))
	d.put("Identifier", snapshot.DBSnapshotIdentifier)
	d.pick(snapshot, "Encrypted", "KmsKeyId", "SnapshotType")
	d.tagged(snapshot.TagList)
	var with sharing
	if !automated(snapshot.SnapshotType) {
		out, err := aws.Call(ctx, s, "rds", "DescribeDBSnapshotAttributes", client.DescribeDBSnapshotAttributes, &rds.DescribeDBSnapshotAttributesInput{DBSnapshotIdentifier: snapshot.DBSnapshotIdentifier})
		switch {
		case aws.Is(err, "DBSnapshotNotFound", "DBSnapshotNotFoundFault"):
			return
		case err != nil:
			d.lost(err, "Public", "SharedWith")
			d.emit()
			return
		case out.DBSnapshotAttributesResult != nil:
			for _, a := range out.DBSnapshotAttributesResult.DBSnapshotAttributes {
				if text(a.AttributeName) == "restore" {
					with.add("", a.AttributeValues...)
				}
			}
		}
	}
	with.into(d)
	d.emit()
}

func readDBClusterSnapshot(ctx context.Context, s *aws.Session, client *rds.Client, snapshot types.DBClusterSnapshot) {
	d := newDraft(s, "Holdfast::RDS::DBClusterSnapshot", text(snapshot.DBClusterSnapshotIdentifier), text(snapshot.DBClusterSnapshotArn))
	d.put("Identifier", snapshot.DBClusterSnapshotIdentifier)
	d.put("Encrypted", snapshot.StorageEncrypted)
	d.pick(snapshot, "KmsKeyId", "SnapshotType")
	d.tagged(snapshot.TagList)
	var with sharing
	if !automated(snapshot.SnapshotType) {
		out, err := aws.Call(ctx, s, "rds", "DescribeDBClusterSnapshotAttributes", client.DescribeDBClusterSnapshotAttributes, &rds.DescribeDBClusterSnapshotAttributesInput{DBClusterSnapshotIdentifier: snapshot.DBClusterSnapshotIdentifier})
		switch {
		case aws.Is(err, "DBClusterSnapshotNotFound", "DBClusterSnapshotNotFoundFault"):
			return
		case err != nil:
			d.lost(err, "Public", "SharedWith")
			d.emit()
			return
		case out.DBClusterSnapshotAttributesResult != nil:
			for _, a := range out.DBClusterSnapshotAttributesResult.DBClusterSnapshotAttributes {
				if text(a.AttributeName) == "restore" {
					with.add("", a.AttributeValues...)
				}
			}
		}
	}
	with.into(d)
	d.emit()
}

// automated snapshots cannot be shared, so nobody needs to ask.
func automated(kind *string) bool { return text(kind) == "automated" }
