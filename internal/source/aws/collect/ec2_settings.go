package collect

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"holdfast.dev/holdfast/internal/source/aws"
)

// ec2SettingsCollector reads the defaults that an account keeps per Region.
func ec2SettingsCollector() aws.Collector {
	return reading(aws.Collector{
		Name: "ec2-settings", Service: "ec2", Scope: aws.Regional,
		Types:   []string{"Holdfast::EC2::RegionSettings"},
		Collect: collectRegionSettings,
	}, "ec2", "GetEbsEncryptionByDefault", "GetEbsDefaultKmsKeyId", "GetInstanceMetadataDefaults", "GetSnapshotBlockPublicAccessState",
		"GetImageBlockPublicAccessState", "GetSerialConsoleAccessStatus", "DescribeVpcBlockPublicAccessOptions", "GetAllowedImagesSettings")
}

func collectRegionSettings(ctx context.Context, s *aws.Session) error {
	client := ec2.NewFromConfig(s.Config)
	d := newDraft(s, "Holdfast::EC2::RegionSettings", s.Region, "")
	manager := func(setting string, by types.ManagedBy) {
		if by != "" {
			d.place("ManagedBy/"+setting, string(by))
		}
	}
	volumeDefaults(ctx, d, client)
	instanceDefaults(ctx, d, client, manager)
	publicAccessBlocks(ctx, d, client, manager)
	networkDefaults(ctx, d, client, manager)
	if images, err := aws.Call(ctx, s, "ec2", "GetAllowedImagesSettings", client.GetAllowedImagesSettings, &ec2.GetAllowedImagesSettingsInput{}); err != nil {
		d.lost(err, "AllowedImagesState", "ManagedBy/AllowedImagesState")
	} else {
		d.put("AllowedImagesState", images.State)
		manager("AllowedImagesState", images.ManagedBy)
	}
	d.emit()
	return nil
}

func volumeDefaults(ctx context.Context, d *draft, client *ec2.Client) {
	if out, err := aws.Call(ctx, d.s, "ec2", "GetEbsEncryptionByDefault", client.GetEbsEncryptionByDefault, &ec2.GetEbsEncryptionByDefaultInput{}); err != nil {
		d.lost(err, "EbsEncryptionByDefault")
	} else {
		d.put("EbsEncryptionByDefault", flag(out.EbsEncryptionByDefault))
	}
	if out, err := aws.Call(ctx, d.s, "ec2", "GetEbsDefaultKmsKeyId", client.GetEbsDefaultKmsKeyId, &ec2.GetEbsDefaultKmsKeyIdInput{}); err != nil {
		d.lost(err, "EbsDefaultKmsKeyId")
	} else {
		d.put("EbsDefaultKmsKeyId", out.KmsKeyId)
	}
}

func instanceDefaults(ctx context.Context, d *draft, client *ec2.Client, manager func(string, types.ManagedBy)) {
	out, err := aws.Call(ctx, d.s, "ec2", "GetInstanceMetadataDefaults", client.GetInstanceMetadataDefaults, &ec2.GetInstanceMetadataDefaultsInput{})
	if err != nil {
		d.lost(err, "ImdsHttpTokens", "ImdsHttpTokensEnforced", "ImdsHttpPutResponseHopLimit", "ManagedBy/ImdsHttpTokens")
		return
	}
	d.p["ImdsHttpTokens"] = "no-preference"
	m := out.AccountLevel
	if m == nil {
		return
	}
	d.put("ImdsHttpTokens", m.HttpTokens)
	d.put("ImdsHttpTokensEnforced", m.HttpTokensEnforced)
	if m.HttpPutResponseHopLimit != nil && *m.HttpPutResponseHopLimit > 0 { // -1 is "no preference"
		d.put("ImdsHttpPutResponseHopLimit", m.HttpPutResponseHopLimit)
	}
	manager("ImdsHttpTokens", m.ManagedBy)
}

func publicAccessBlocks(ctx context.Context, d *draft, client *ec2.Client, manager func(string, types.ManagedBy)) {
	if out, err := aws.Call(ctx, d.s, "ec2", "GetSnapshotBlockPublicAccessState", client.GetSnapshotBlockPublicAccessState, &ec2.GetSnapshotBlockPublicAccessStateInput{}); err != nil {
		d.lost(err, "SnapshotBlockPublicAccess", "ManagedBy/SnapshotBlockPublicAccess")
	} else {
		d.put("SnapshotBlockPublicAccess", out.State)
		manager("SnapshotBlockPublicAccess", out.ManagedBy)
	}
	if out, err := aws.Call(ctx, d.s, "ec2", "GetImageBlockPublicAccessState", client.GetImageBlockPublicAccessState, &ec2.GetImageBlockPublicAccessStateInput{}); err != nil {
		d.lost(err, "ImageBlockPublicAccess", "ManagedBy/ImageBlockPublicAccess")
	} else {
		d.put("ImageBlockPublicAccess", out.ImageBlockPublicAccessState)
		manager("ImageBlockPublicAccess", out.ManagedBy)
	}
}

func networkDefaults(ctx context.Context, d *draft, client *ec2.Client, manager func(string, types.ManagedBy)) {
	if out, err := aws.Call(ctx, d.s, "ec2", "GetSerialConsoleAccessStatus", client.GetSerialConsoleAccessStatus, &ec2.GetSerialConsoleAccessStatusInput{}); err != nil {
		d.lost(err, "SerialConsoleAccess", "ManagedBy/SerialConsoleAccess")
	} else {
		d.put("SerialConsoleAccess", flag(out.SerialConsoleAccessEnabled))
		manager("SerialConsoleAccess", out.ManagedBy)
	}
	out, err := aws.Call(ctx, d.s, "ec2", "DescribeVpcBlockPublicAccessOptions", client.DescribeVpcBlockPublicAccessOptions, &ec2.DescribeVpcBlockPublicAccessOptionsInput{})
	if err != nil {
		d.lost(err, "VpcBlockPublicAccess", "ManagedBy/VpcBlockPublicAccess")
		return
	}
	if o := out.VpcBlockPublicAccessOptions; o != nil {
		d.nest("VpcBlockPublicAccess", o, "InternetGatewayBlockMode", "ExclusionsAllowed")
		manager("VpcBlockPublicAccess", o.ManagedBy)
	}
}
