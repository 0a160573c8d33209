package collect

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"

	"holdfast.dev/holdfast/internal/source/aws"
)

func cloudFrontCollector() aws.Collector {
	return reading(aws.Collector{
		Name: "cloudfront", Service: "cloudfront", Scope: aws.GlobalScope,
		Types:   []string{"AWS::CloudFront::Distribution", "AWS::CloudFront::OriginAccessControl"},
		Collect: collectCloudFront,
	}, "cloudfront", "ListDistributions", "GetDistributionConfig", "ListTagsForResource", "ListOriginAccessControls")
}

func collectCloudFront(ctx context.Context, s *aws.Session) error {
	if s.Partition != "aws" && s.Partition != "aws-cn" {
		return nil // CloudFront is in no other partition, so there is nothing to miss
	}
	client := cloudfront.NewFromConfig(s.Config)
	unlisted(s, originAccessControls(ctx, s, client), "AWS::CloudFront::OriginAccessControl")
	unlisted(s, distributions(ctx, s, client), "AWS::CloudFront::Distribution")
	return nil
}

// originAccessControls have no tags and no details beyond their listing.
func originAccessControls(ctx context.Context, s *aws.Session, client *cloudfront.Client) error {
	return aws.Pages(ctx, s, "cloudfront", "ListOriginAccessControls", client.ListOriginAccessControls, &cloudfront.ListOriginAccessControlsInput{},
		func(in *cloudfront.ListOriginAccessControlsInput, out *cloudfront.ListOriginAccessControlsOutput) bool {
			return out.OriginAccessControlList != nil && aws.NextToken(&in.Marker, out.OriginAccessControlList.NextMarker)
		},
		func(out *cloudfront.ListOriginAccessControlsOutput) error {
			if out.OriginAccessControlList == nil {
				return nil
			}
			for _, c := range out.OriginAccessControlList.Items {
				d := newDraft(s, "AWS::CloudFront::OriginAccessControl", text(c.Id), "")
				d.nest("OriginAccessControlConfig", c, "Description", "Name", "OriginAccessControlOriginType", "SigningBehavior", "SigningProtocol")
				d.emit()
			}
			return nil
		})
}

func distributions(ctx context.Context, s *aws.Session, client *cloudfront.Client) error {
	return aws.Pages(ctx, s, "cloudfront", "ListDistributions", client.ListDistributions, &cloudfront.ListDistributionsInput{},
		func(in *cloudfront.ListDistributionsInput, out *cloudfront.ListDistributionsOutput) bool {
			return out.DistributionList != nil && aws.NextToken(&in.Marker, out.DistributionList.NextMarker)
		},
		func(out *cloudfront.ListDistributionsOutput) error {
			if out.DistributionList == nil {
				return nil
			}
			return aws.Each(ctx, out.DistributionList.Items, func(ctx context.Context, v types.DistributionSummary) error {
				readDistribution(ctx, s, client, v)
				return nil
			})
		})
}

func readDistribution(ctx context.Context, s *aws.Session, client *cloudfront.Client, v types.DistributionSummary) {
	d := newDraft(s, "AWS::CloudFront::Distribution", text(v.Id), text(v.ARN))
	d.observe("Status", v.Status)
	d.observe("DomainName", v.DomainName)
	out, err := aws.Call(ctx, s, "cloudfront", "GetDistributionConfig", client.GetDistributionConfig, &cloudfront.GetDistributionConfigInput{Id: v.Id})
	switch {
	case aws.Is(err, "NoSuchDistribution"):
		return
	case err != nil:
		d.p["DistributionConfig"] = summarisedConfig(v)
		d.lost(err, "DistributionConfig/Logging", "DistributionConfig/DefaultRootObject", "DistributionConfig/ContinuousDeploymentPolicyId")
	case out.DistributionConfig != nil:
		d.p["DistributionConfig"] = distributionConfig(out.DistributionConfig)
	}
	tags, err := aws.Call(ctx, s, "cloudfront", "ListTagsForResource", client.ListTagsForResource, &cloudfront.ListTagsForResourceInput{Resource: v.ARN})
	switch {
	case err != nil:
		d.lost(err, "Tags")
	case tags.Tags != nil:
		d.tagged(tags.Tags.Items)
	}
	d.emit()
}

// summarisedConfig is the configuration as far as the listing tells it.
func summarisedConfig(v types.DistributionSummary) map[string]any {
	return distributionConfig(&types.DistributionConfig{
		Aliases: v.Aliases, AnycastIpListId: v.AnycastIpListId, CacheBehaviors: v.CacheBehaviors, Comment: v.Comment,
		CustomErrorResponses: v.CustomErrorResponses, DefaultCacheBehavior: v.DefaultCacheBehavior, Enabled: v.Enabled,
		HttpVersion: v.HttpVersion, IsIPV6Enabled: v.IsIPV6Enabled, OriginGroups: v.OriginGroups, Origins: v.Origins,
		PriceClass: v.PriceClass, Restrictions: v.Restrictions, Staging: v.Staging, ViewerCertificate: v.ViewerCertificate, WebACLId: v.WebACLId,
	})
}

func distributionConfig(c *types.DistributionConfig) map[string]any {
	m := map[string]any{}
	copyFields(m, c, []string{"AnycastIpListId", "Comment", "ConnectionMode", "ContinuousDeploymentPolicyId", "DefaultRootObject", "Enabled",
		"HttpVersion", "PriceClass", "Staging", "WebACLId"})
	set(m, "IPV6Enabled", value(c.IsIPV6Enabled))
	if c.Aliases != nil && len(c.Aliases.Items) > 0 {
		m["Aliases"] = strs(c.Aliases.Items)
	}
	if c.DefaultCacheBehavior != nil {
		m["DefaultCacheBehavior"] = cacheBehavior(*c.DefaultCacheBehavior)
	}
	if c.CacheBehaviors != nil && len(c.CacheBehaviors.Items) > 0 {
		m["CacheBehaviors"] = each(c.CacheBehaviors.Items, pathBehavior)
	}
	if c.Origins != nil {
		m["Origins"] = each(c.Origins.Items, origin)
	}
	if c.OriginGroups != nil && len(c.OriginGroups.Items) > 0 {
		m["OriginGroups"] = value(c.OriginGroups) // the one list whose wrapper the schema keeps
	}
	if c.CustomErrorResponses != nil && len(c.CustomErrorResponses.Items) > 0 {
		m["CustomErrorResponses"] = each(c.CustomErrorResponses.Items, errorResponse)
	}
	if l := c.Logging; l != nil && (flag(l.Enabled) || text(l.Bucket) != "") {
		set(m, "Logging", nested(picked(l, "Bucket", "IncludeCookies", "Prefix")))
	}
	if c.Restrictions != nil && c.Restrictions.GeoRestriction != nil {
		geo := map[string]any{"RestrictionType": string(c.Restrictions.GeoRestriction.RestrictionType)}
		if items := c.Restrictions.GeoRestriction.Items; len(items) > 0 {
			geo["Locations"] = strs(items)
		}
		m["Restrictions"] = map[string]any{"GeoRestriction": geo}
	}
	if v := c.ViewerCertificate; v != nil {
		inner := map[string]any{}
		copyFields(inner, v, []string{"CloudFrontDefaultCertificate", "MinimumProtocolVersion"})
		set(inner, "AcmCertificateArn", text(v.ACMCertificateArn))
		set(inner, "IamCertificateId", text(v.IAMCertificateId))
		set(inner, "SslSupportMethod", value(v.SSLSupportMethod))
		m["ViewerCertificate"] = inner
	}
	if v := c.ViewerMtlsConfig; v != nil {
		set(m, "ViewerMtlsConfig", value(v))
	}
	return m
}

func errorResponse(r types.CustomErrorResponse) any {
	m := map[string]any{}
	copyFields(m, r, []string{"ErrorCode", "ErrorCachingMinTTL", "ResponsePagePath"})
	setInt(m, "ResponseCode", text(r.ResponseCode)) // a number in the schema
	return m
}

func origin(o types.Origin) any {
	m := map[string]any{}
	copyFields(m, o, []string{"ConnectionAttempts", "ConnectionTimeout", "DomainName", "Id", "OriginAccessControlId", "OriginPath", "OriginShield", "ResponseCompletionTimeout"})
	if s3 := o.S3OriginConfig; s3 != nil {
		// An empty identity is kept: it says that the origin is read without one.
		inner := map[string]any{"OriginAccessIdentity": text(s3.OriginAccessIdentity)}
		set(inner, "OriginReadTimeout", value(s3.OriginReadTimeout))
		m["S3OriginConfig"] = inner
	}
	if custom := o.CustomOriginConfig; custom != nil {
		inner := map[string]any{}
		copyFields(inner, custom, []string{"HTTPPort", "HTTPSPort", "IpAddressType", "OriginKeepaliveTimeout", "OriginProtocolPolicy", "OriginReadTimeout"})
		if custom.OriginSslProtocols != nil {
			inner["OriginSSLProtocols"] = strs(custom.OriginSslProtocols.Items)
		}
		m["CustomOriginConfig"] = inner
	}
	if vpc := picked(o.VpcOriginConfig, "OriginKeepaliveTimeout", "OriginReadTimeout", "OwnerAccountId", "VpcOriginId"); vpc != nil {
		m["VpcOriginConfig"] = vpc
	}
	if o.CustomHeaders != nil && len(o.CustomHeaders.Items) > 0 {
		m["OriginCustomHeaders"] = each(o.CustomHeaders.Items, func(h types.OriginCustomHeader) any {
			return map[string]any{"HeaderName": text(h.HeaderName), "HeaderValue": hidden("header values are not collected, for they often are shared secrets")}
		})
	}
	return m
}

// pathBehavior is a cache behaviour for a path; but for the path it is the
// default behaviour's twin.
func pathBehavior(b types.CacheBehavior) any {
	m := cacheBehavior(types.DefaultCacheBehavior{
		AllowedMethods: b.AllowedMethods, CachePolicyId: b.CachePolicyId, Compress: b.Compress, DefaultTTL: b.DefaultTTL,
		FieldLevelEncryptionId: b.FieldLevelEncryptionId, ForwardedValues: b.ForwardedValues, FunctionAssociations: b.FunctionAssociations,
		GrpcConfig: b.GrpcConfig, LambdaFunctionAssociations: b.LambdaFunctionAssociations, MaxTTL: b.MaxTTL, MinTTL: b.MinTTL,
		OriginRequestPolicyId: b.OriginRequestPolicyId, RealtimeLogConfigArn: b.RealtimeLogConfigArn, ResponseHeadersPolicyId: b.ResponseHeadersPolicyId,
		SmoothStreaming: b.SmoothStreaming, TargetOriginId: b.TargetOriginId, TrustedKeyGroups: b.TrustedKeyGroups, TrustedSigners: b.TrustedSigners,
		ViewerProtocolPolicy: b.ViewerProtocolPolicy,
	})
	set(m, "PathPattern", text(b.PathPattern))
	return m
}

func cacheBehavior(b types.DefaultCacheBehavior) map[string]any {
	m := map[string]any{}
	copyFields(m, b, []string{"CachePolicyId", "Compress", "DefaultTTL", "FieldLevelEncryptionId", "GrpcConfig", "MaxTTL", "MinTTL",
		"OriginRequestPolicyId", "RealtimeLogConfigArn", "ResponseHeadersPolicyId", "SmoothStreaming", "TargetOriginId", "ViewerProtocolPolicy"})
	if a := b.AllowedMethods; a != nil {
		m["AllowedMethods"] = strs(a.Items)
		if a.CachedMethods != nil {
			m["CachedMethods"] = strs(a.CachedMethods.Items)
		}
	}
	if t := b.TrustedSigners; t != nil && len(t.Items) > 0 {
		m["TrustedSigners"] = strs(t.Items)
	}
	if t := b.TrustedKeyGroups; t != nil && len(t.Items) > 0 {
		m["TrustedKeyGroups"] = strs(t.Items)
	}
	if l := b.LambdaFunctionAssociations; l != nil && len(l.Items) > 0 {
		m["LambdaFunctionAssociations"] = value(l.Items)
	}
	if f := b.FunctionAssociations; f != nil && len(f.Items) > 0 {
		m["FunctionAssociations"] = value(f.Items)
	}
	if f := b.ForwardedValues; f != nil {
		m["ForwardedValues"] = forwardedValues(f)
	}
	return m
}

func forwardedValues(f *types.ForwardedValues) map[string]any {
	m := map[string]any{}
	copyFields(m, f, []string{"QueryString"})
	if f.Headers != nil && len(f.Headers.Items) > 0 {
		m["Headers"] = strs(f.Headers.Items)
	}
	if f.QueryStringCacheKeys != nil && len(f.QueryStringCacheKeys.Items) > 0 {
		m["QueryStringCacheKeys"] = strs(f.QueryStringCacheKeys.Items)
	}
	if c := f.Cookies; c != nil {
		cookies := map[string]any{"Forward": string(c.Forward)}
		if c.WhitelistedNames != nil && len(c.WhitelistedNames.Items) > 0 {
			cookies["WhitelistedNames"] = strs(c.WhitelistedNames.Items)
		}
		m["Cookies"] = cookies
	}
	return m
}
