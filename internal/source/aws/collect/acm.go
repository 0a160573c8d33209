package collect

import (
	"context"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/acm/types"

	"holdfast.dev/holdfast/internal/source/aws"
)

func acmCollector() aws.Collector {
	return reading(aws.Collector{
		Name: "acm", Service: "acm", Scope: aws.Regional,
		Types:   []string{"AWS::CertificateManager::Certificate"},
		Collect: collectACM,
	}, "acm", "ListCertificates", "DescribeCertificate", "ListTagsForCertificate")
}

func collectACM(ctx context.Context, s *aws.Session) error {
	client := acm.NewFromConfig(s.Config)
	// Without the key types AWS lists RSA certificates of up to 2048 bits only.
	in := &acm.ListCertificatesInput{MaxItems: sdk.Int32(1000), Includes: &types.Filters{KeyTypes: types.KeyAlgorithm("").Values()}}
	return aws.Pages(ctx, s, "acm", "ListCertificates", client.ListCertificates, in,
		func(in *acm.ListCertificatesInput, out *acm.ListCertificatesOutput) bool {
			return aws.NextToken(&in.NextToken, out.NextToken)
		},
		func(out *acm.ListCertificatesOutput) error {
			return aws.Each(ctx, out.CertificateSummaryList, func(ctx context.Context, v types.CertificateSummary) error {
				readCertificate(ctx, s, client, v)
				return nil
			})
		})
}

func readCertificate(ctx context.Context, s *aws.Session, client *acm.Client, v types.CertificateSummary) {
	d := newDraft(s, "AWS::CertificateManager::Certificate", text(v.CertificateArn), text(v.CertificateArn))
	d.pick(v, "DomainName")
	out, err := aws.Call(ctx, s, "acm", "DescribeCertificate", client.DescribeCertificate, &acm.DescribeCertificateInput{CertificateArn: v.CertificateArn})
	switch {
	case aws.Is(err, "ResourceNotFoundException"):
		return
	case err != nil:
		// The listing has told the essence.
		certificateFacts(d, string(v.Status), string(v.Type), v.NotAfter, flag(v.InUse), v.KeyAlgorithm)
		d.lost(err, "CertificateAuthorityArn", "CertificateExport", "CertificateTransparencyLoggingPreference", "DomainValidationOptions", "SubjectAlternativeNames", "ValidationMethod", "Observed/RenewalEligibility")
	case out.Certificate != nil:
		describeCertificate(d, out.Certificate)
	}
	tags, err := aws.Call(ctx, s, "acm", "ListTagsForCertificate", client.ListTagsForCertificate, &acm.ListTagsForCertificateInput{CertificateArn: v.CertificateArn})
	if err != nil {
		d.lost(err, "Tags")
	} else {
		d.tagged(tags.Tags)
	}
	d.emit()
}

func describeCertificate(d *draft, c *types.CertificateDetail) {
	d.pick(c, "CertificateAuthorityArn", "SubjectAlternativeNames")
	if c.Options != nil {
		d.put("CertificateTransparencyLoggingPreference", c.Options.CertificateTransparencyLoggingPreference)
		d.put("CertificateExport", c.Options.Export)
	}
	d.list("DomainValidationOptions", each(c.DomainValidationOptions, func(v types.DomainValidation) any {
		return nested(picked(v, "DomainName", "ValidationDomain"))
	}))
	for _, v := range c.DomainValidationOptions {
		d.put("ValidationMethod", v.ValidationMethod)
	}
	certificateFacts(d, string(c.Status), string(c.Type), c.NotAfter, len(c.InUseBy) > 0, c.KeyAlgorithm)
	d.observe("RenewalEligibility", c.RenewalEligibility)
}

func certificateFacts(d *draft, status, kind string, notAfter any, inUse bool, algorithm types.KeyAlgorithm) {
	// DescribeCertificate says RSA-2048 where the listing and the schema say RSA_2048.
	spelled := strings.ReplaceAll(string(algorithm), "-", "_")
	set(d.p, "KeyAlgorithm", spelled)
	d.observe("Status", status)
	d.observe("Type", kind)
	d.observe("NotAfter", notAfter)
	d.observe("InUse", inUse)
	d.observe("KeyAlgorithm", spelled)
}
