package collect

import (
	"context"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"holdfast.dev/holdfast/internal/source/aws"
)

func ssmCollector() aws.Collector {
	return reading(aws.Collector{
		Name: "ssm", Service: "ssm", Scope: aws.Regional,
		Types:   []string{"AWS::SSM::Document", "Holdfast::SSM::RegionSettings"},
		Collect: collectSSM,
	}, "ssm", "ListDocuments", "DescribeDocumentPermission", "GetServiceSetting")
}

func collectSSM(ctx context.Context, s *aws.Session) error {
	client := ssm.NewFromConfig(s.Config)
	readSSMSettings(ctx, s, client)
	in := &ssm.ListDocumentsInput{MaxResults: sdk.Int32(50), Filters: []types.DocumentKeyValuesFilter{{Key: sdk.String("Owner"), Values: []string{"Self"}}}}
	err := aws.Pages(ctx, s, "ssm", "ListDocuments", client.ListDocuments, in,
		func(in *ssm.ListDocumentsInput, out *ssm.ListDocumentsOutput) bool {
			return aws.NextToken(&in.NextToken, out.NextToken)
		},
		func(out *ssm.ListDocumentsOutput) error {
			return aws.Each(ctx, out.DocumentIdentifiers, func(ctx context.Context, v types.DocumentIdentifier) error {
				readDocument(ctx, s, client, v)
				return nil
			})
		})
	unlisted(s, err, "AWS::SSM::Document")
	return nil
}

// publicSharing is the setting that keeps a Region's documents from being made
// public; "Disable" means that sharing is blocked.
const publicSharing = "/ssm/documents/console/public-sharing-permission"

func readSSMSettings(ctx context.Context, s *aws.Session, client *ssm.Client) {
	d := newDraft(s, "Holdfast::SSM::RegionSettings", s.Region, "")
	out, err := aws.Call(ctx, s, "ssm", "GetServiceSetting", client.GetServiceSetting, &ssm.GetServiceSettingInput{SettingId: sdk.String(publicSharing)})
	switch {
	case err != nil:
		d.lost(err, "DocumentsPublicSharingBlocked")
	case out.ServiceSetting == nil || text(out.ServiceSetting.SettingValue) == "":
		d.unasked("ssm:GetServiceSetting answered without a value", "DocumentsPublicSharingBlocked")
	default:
		d.p["DocumentsPublicSharingBlocked"] = text(out.ServiceSetting.SettingValue) == "Disable"
	}
	d.emit()
}

func readDocument(ctx context.Context, s *aws.Session, client *ssm.Client, v types.DocumentIdentifier) {
	name := text(v.Name)
	d := newDraft(s, "AWS::SSM::Document", name, arnOf(s, "ssm", "document/"+name))
	d.pick(v, "DocumentFormat", "DocumentType", "Name", "TargetType", "VersionName")
	d.list("Requires", each(v.Requires, func(r types.DocumentRequires) any { return nested(picked(r, "Name", "Version")) }))
	d.p["Content"] = hidden("document content is not collected")
	d.observe("Owner", v.Owner)
	d.tagged(v.Tags)
	var with sharing
	err := aws.Pages(ctx, s, "ssm", "DescribeDocumentPermission", client.DescribeDocumentPermission,
		&ssm.DescribeDocumentPermissionInput{Name: &name, PermissionType: types.DocumentPermissionTypeShare, MaxResults: sdk.Int32(200)},
		func(in *ssm.DescribeDocumentPermissionInput, out *ssm.DescribeDocumentPermissionOutput) bool {
			return aws.NextToken(&in.NextToken, out.NextToken)
		},
		func(out *ssm.DescribeDocumentPermissionOutput) error { with.add("", out.AccountIds...); return nil })
	switch {
	case aws.Is(err, "InvalidDocument"):
		return // deleted since it was listed
	case err != nil:
		d.lost(err, "Observed/Public", "Observed/SharedWith")
	default:
		d.place("Observed/Public", with.public)
		d.place("Observed/SharedWith", with.accounts())
	}
	d.emit()
}
