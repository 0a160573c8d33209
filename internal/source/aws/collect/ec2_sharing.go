package collect

import (
	"context"
	"slices"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"holdfast.dev/holdfast/internal/source/aws"
)

func ec2SnapshotCollector() aws.Collector {
	return reading(aws.Collector{
		Name: "ec2-snapshots", Service: "ec2", Scope: aws.Regional,
		Types:   []string{"Holdfast::EC2::Snapshot"},
		Collect: collectSnapshots,
	}, "ec2", "DescribeSnapshots", "DescribeSnapshotAttribute")
}

func collectSnapshots(ctx context.Context, s *aws.Session) error {
	client := ec2.NewFromConfig(s.Config)
	in := &ec2.DescribeSnapshotsInput{OwnerIds: []string{"self"}, MaxResults: sdk.Int32(1000)}
	return aws.Pages(ctx, s, "ec2", "DescribeSnapshots", client.DescribeSnapshots, in,
		func(in *ec2.DescribeSnapshotsInput, out *ec2.DescribeSnapshotsOutput) bool {
			return aws.NextToken(&in.NextToken, out.NextToken)
		},
		func(out *ec2.DescribeSnapshotsOutput) error {
			return aws.Each(ctx, out.Snapshots, func(ctx context.Context, snapshot types.Snapshot) error {
				readSnapshot(ctx, s, client, snapshot)
				return nil
			})
		})
}

func readSnapshot(ctx context.Context, s *aws.Session, client *ec2.Client, snapshot types.Snapshot) {
	id := text(snapshot.SnapshotId)
	d := newDraft(s, "Holdfast::EC2::Snapshot", id, "arn:"+s.Partition+":ec2:"+s.Region+"::snapshot/"+id)
	d.pick(snapshot, "SnapshotId", "VolumeId", "Encrypted", "KmsKeyId", "StartTime")
	d.tagged(snapshot.Tags)
	out, err := aws.Call(ctx, s, "ec2", "DescribeSnapshotAttribute", client.DescribeSnapshotAttribute, &ec2.DescribeSnapshotAttributeInput{
		SnapshotId: &id, Attribute: types.SnapshotAttributeNameCreateVolumePermission,
	})
	switch {
	case aws.Is(err, "InvalidSnapshot.NotFound"):
		return // deleted since it was listed
	case err != nil:
		d.lost(err, "Public", "SharedWith")
	default:
		var with sharing
		for _, p := range out.CreateVolumePermissions {
			with.add(string(p.Group), text(p.UserId))
		}
		with.into(d)
	}
	d.emit()
}

// sharing collects to whom something is open.
type sharing struct {
	public bool
	with   []any
}

// add takes a grant to a group ("all") or to accounts and organisations.
func (g *sharing) add(group string, others ...string) {
	g.public = g.public || group == "all"
	for _, other := range others {
		switch other {
		case "":
		case "all":
			g.public = true
		default:
			g.with = append(g.with, other)
		}
	}
}

func (g *sharing) into(d *draft) { d.p["Public"], d.p["SharedWith"] = g.public, g.accounts() }

// accounts is sorted and never nil: shared with nobody is knowledge.
func (g *sharing) accounts() []any {
	slices.SortFunc(g.with, compareStrings)
	return append([]any{}, g.with...)
}

func ec2ImageCollector() aws.Collector {
	return reading(aws.Collector{
		Name: "ec2-images", Service: "ec2", Scope: aws.Regional,
		Types:   []string{"Holdfast::EC2::Image"},
		Collect: collectImages,
	}, "ec2", "DescribeImages", "DescribeImageAttribute")
}

func collectImages(ctx context.Context, s *aws.Session) error {
	client := ec2.NewFromConfig(s.Config)
	in := &ec2.DescribeImagesInput{Owners: []string{"self"}, MaxResults: sdk.Int32(1000)}
	return aws.Pages(ctx, s, "ec2", "DescribeImages", client.DescribeImages, in,
		func(in *ec2.DescribeImagesInput, out *ec2.DescribeImagesOutput) bool {
			return aws.NextToken(&in.NextToken, out.NextToken)
		},
		func(out *ec2.DescribeImagesOutput) error {
			return aws.Each(ctx, out.Images, func(ctx context.Context, image types.Image) error {
				readImage(ctx, s, client, image)
				return nil
			})
		})
}

func readImage(ctx context.Context, s *aws.Session, client *ec2.Client, image types.Image) {
	id := text(image.ImageId)
	d := newDraft(s, "Holdfast::EC2::Image", id, "arn:"+s.Partition+":ec2:"+s.Region+"::image/"+id)
	d.pick(image, "ImageId", "Name")
	set(d.p, "CreationDate", rfc3339(text(image.CreationDate)))
	set(d.p, "DeprecationTime", rfc3339(text(image.DeprecationTime)))
	d.p["Encrypted"] = imageEncrypted(image)
	d.tagged(image.Tags)
	out, err := aws.Call(ctx, s, "ec2", "DescribeImageAttribute", client.DescribeImageAttribute, &ec2.DescribeImageAttributeInput{
		ImageId: &id, Attribute: types.ImageAttributeNameLaunchPermission,
	})
	switch {
	case aws.Is(err, "InvalidAMIID.NotFound", "InvalidAMIID.Unavailable"):
		return // deregistered since it was listed
	case err != nil:
		d.lost(err, "SharedWith")
		d.put("Public", image.Public) // the listing has told this much
	default:
		with := sharing{public: flag(image.Public)}
		for _, p := range out.LaunchPermissions {
			with.add(string(p.Group), text(p.UserId), text(p.OrganizationArn), text(p.OrganizationalUnitArn))
		}
		with.into(d)
	}
	d.emit()
}

// imageEncrypted holds when every EBS device of the image is encrypted.
func imageEncrypted(image types.Image) bool {
	encrypted := false
	for _, b := range image.BlockDeviceMappings {
		if b.Ebs == nil {
			continue
		}
		if !flag(b.Ebs.Encrypted) {
			return false
		}
		encrypted = true
	}
	return encrypted
}
