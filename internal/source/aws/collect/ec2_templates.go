package collect

import (
	"context"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/source/aws"
)

func ec2TemplateCollector() aws.Collector {
	return reading(aws.Collector{
		Name: "ec2-launch-templates", Service: "ec2", Scope: aws.Regional,
		Types:   []string{"AWS::EC2::LaunchTemplate"},
		Collect: collectTemplates,
	}, "ec2", "DescribeLaunchTemplates", "DescribeLaunchTemplateVersions")
}

// collectTemplates reads the default version of each template: the one that is
// launched where nobody names another.
func collectTemplates(ctx context.Context, s *aws.Session) error {
	client := ec2.NewFromConfig(s.Config)
	versions := map[string]types.LaunchTemplateVersion{}
	versionErr := aws.Pages(ctx, s, "ec2", "DescribeLaunchTemplateVersions", client.DescribeLaunchTemplateVersions,
		&ec2.DescribeLaunchTemplateVersionsInput{Versions: []string{"$Default"}, MaxResults: sdk.Int32(200)},
		func(in *ec2.DescribeLaunchTemplateVersionsInput, out *ec2.DescribeLaunchTemplateVersionsOutput) bool {
			return aws.NextToken(&in.NextToken, out.NextToken)
		},
		func(out *ec2.DescribeLaunchTemplateVersionsOutput) error {
			for _, v := range out.LaunchTemplateVersions {
				versions[text(v.LaunchTemplateId)] = v
			}
			return nil
		})
	return aws.Pages(ctx, s, "ec2", "DescribeLaunchTemplates", client.DescribeLaunchTemplates, &ec2.DescribeLaunchTemplatesInput{MaxResults: sdk.Int32(200)},
		func(in *ec2.DescribeLaunchTemplatesInput, out *ec2.DescribeLaunchTemplatesOutput) bool {
			return aws.NextToken(&in.NextToken, out.NextToken)
		},
		func(out *ec2.DescribeLaunchTemplatesOutput) error {
			for _, l := range out.LaunchTemplates {
				d := newDraft(s, "AWS::EC2::LaunchTemplate", text(l.LaunchTemplateId), arnOf(s, "ec2", "launch-template/"+text(l.LaunchTemplateId)))
				d.pick(l, "LaunchTemplateName")
				// The template's own tags; the schema's TagSpecifications hold them.
				d.tags = tagMap(l.Tags)
				if tags := tagList(d.tags); tags != nil {
					d.p["TagSpecifications"] = []any{map[string]any{"ResourceType": "launch-template", "Tags": tags}}
				}
				d.observe("DefaultVersionNumber", l.DefaultVersionNumber)
				templateVersion(d, versions, versionErr)
				d.emit()
			}
			return nil
		})
}

func templateVersion(d *draft, versions map[string]types.LaunchTemplateVersion, err error) {
	v, ok := versions[d.id]
	switch {
	case ok:
		d.pick(v, "VersionDescription")
		d.p["LaunchTemplateData"] = templateData(v.LaunchTemplateData)
	case err != nil:
		d.lost(err, "LaunchTemplateData", "VersionDescription")
	default: // made while the listings were read
		d.unasked("the default version was not listed", "LaunchTemplateData", "VersionDescription")
	}
}

func templateData(t *types.ResponseLaunchTemplateData) map[string]any {
	m := map[string]any{}
	if t == nil {
		return m
	}
	copyFields(m, t, []string{"CpuOptions", "DisableApiStop", "DisableApiTermination", "EbsOptimized", "EnclaveOptions", "HibernationOptions",
		"IamInstanceProfile", "ImageId", "InstanceInitiatedShutdownBehavior", "InstanceType", "KeyName", "Monitoring", "SecurityGroupIds", "SecurityGroups"})
	if o := picked(t.MetadataOptions, "HttpEndpoint", "HttpProtocolIpv6", "HttpPutResponseHopLimit", "HttpTokens", "InstanceMetadataTags"); o != nil {
		m["MetadataOptions"] = o
	}
	if p := picked(t.Placement, "AvailabilityZone", "GroupName", "HostResourceGroupArn", "Tenancy"); p != nil {
		m["Placement"] = p
	}
	if len(t.BlockDeviceMappings) > 0 {
		m["BlockDeviceMappings"] = value(t.BlockDeviceMappings)
	}
	if len(t.NetworkInterfaces) > 0 {
		m["NetworkInterfaces"] = each(t.NetworkInterfaces, func(n types.LaunchTemplateInstanceNetworkInterfaceSpecification) any {
			return nested(picked(n, "AssociateCarrierIpAddress", "AssociatePublicIpAddress", "DeleteOnTermination", "Description", "DeviceIndex",
				"Groups", "InterfaceType", "NetworkInterfaceId", "PrivateIpAddress", "SubnetId"))
		})
	}
	if len(t.TagSpecifications) > 0 {
		m["TagSpecifications"] = value(t.TagSpecifications)
	}
	if text(t.UserData) != "" {
		m["UserData"] = evidence.Unknown{Reason: "user data is not collected, for it may hold secrets", Present: true}
	}
	return m
}
