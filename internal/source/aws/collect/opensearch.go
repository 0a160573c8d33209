package collect

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/opensearch"
	"github.com/aws/aws-sdk-go-v2/service/opensearch/types"

	"holdfast.dev/holdfast/internal/source/aws"
)

func openSearchCollector() aws.Collector {
	return reading(aws.Collector{
		Name: "opensearch", Service: "opensearch", Scope: aws.Regional,
		Types:   []string{"AWS::OpenSearchService::Domain"},
		Collect: collectOpenSearch,
	}, "es", "ListDomainNames", "DescribeDomains", "ListTags")
}

// collectOpenSearch: AWS does not page domains, and describes five at a time.
func collectOpenSearch(ctx context.Context, s *aws.Session) error {
	client := opensearch.NewFromConfig(s.Config)
	list, err := aws.Call(ctx, s, "opensearch", "ListDomainNames", client.ListDomainNames, &opensearch.ListDomainNamesInput{})
	if err != nil {
		return err
	}
	var names []string
	for _, n := range list.DomainNames {
		names = append(names, text(n.DomainName))
	}
	for batch := range slices.Chunk(names, 5) {
		out, err := aws.Call(ctx, s, "opensearch", "DescribeDomains", client.DescribeDomains, &opensearch.DescribeDomainsInput{DomainNames: batch})
		if err != nil {
			unlisted(s, err, "AWS::OpenSearchService::Domain")
			continue
		}
		for _, status := range out.DomainStatusList {
			readDomain(ctx, s, client, status)
		}
	}
	return nil
}

func readDomain(ctx context.Context, s *aws.Session, client *opensearch.Client, v types.DomainStatus) {
	d := domainDraft(s, v)
	tags, err := aws.Call(ctx, s, "opensearch", "ListTags", client.ListTags, &opensearch.ListTagsInput{ARN: v.ARN})
	if err != nil {
		d.lost(err, "Tags")
	} else {
		d.tagged(tags.TagList)
	}
	d.emit()
}

func domainDraft(s *aws.Session, v types.DomainStatus) *draft {
	d := newDraft(s, "AWS::OpenSearchService::Domain", text(v.DomainName), text(v.ARN))
	d.pick(v, "AdvancedOptions", "DomainName", "EngineVersion", "IPAddressType", "LogPublishingOptions", "OffPeakWindowOptions",
		"SnapshotOptions", "SoftwareUpdateOptions")
	d.policy("AccessPolicies", "opensearch", "DescribeDomains", v.AccessPolicies)
	d.nest("ClusterConfig", v.ClusterConfig, "ColdStorageOptions", "DedicatedMasterCount", "DedicatedMasterEnabled", "DedicatedMasterType",
		"InstanceCount", "InstanceType", "MultiAZWithStandbyEnabled", "NodeOptions", "WarmCount", "WarmEnabled", "WarmType",
		"ZoneAwarenessConfig", "ZoneAwarenessEnabled")
	d.nest("CognitoOptions", v.CognitoOptions, "Enabled", "IdentityPoolId", "RoleArn", "UserPoolId")
	d.nest("DomainEndpointOptions", v.DomainEndpointOptions, "CustomEndpoint", "CustomEndpointCertificateArn", "CustomEndpointEnabled", "EnforceHTTPS", "TLSSecurityPolicy")
	d.nest("EBSOptions", v.EBSOptions, "EBSEnabled", "Iops", "Throughput", "VolumeSize", "VolumeType")
	d.nest("EncryptionAtRestOptions", v.EncryptionAtRestOptions, "Enabled", "KmsKeyId")
	d.nest("NodeToNodeEncryptionOptions", v.NodeToNodeEncryptionOptions, "Enabled")
	d.nest("VPCOptions", v.VPCOptions, "SecurityGroupIds", "SubnetIds")
	if a := v.AdvancedSecurityOptions; a != nil {
		m := map[string]any{}
		copyFields(m, a, []string{"AnonymousAuthEnabled", "Enabled", "InternalUserDatabaseEnabled"})
		if saml := picked(a.SAMLOptions, "Enabled", "RolesKey", "SessionTimeoutMinutes", "SubjectKey"); saml != nil {
			m["SAMLOptions"] = saml
		}
		if jwt := picked(a.JWTOptions, "Enabled", "PublicKey", "RolesKey", "SubjectKey"); jwt != nil {
			m["JWTOptions"] = jwt
		}
		d.object("AdvancedSecurityOptions", m)
	}
	d.observe("Endpoint", v.Endpoint)
	d.observe("Processing", v.Processing)
	return d
}
