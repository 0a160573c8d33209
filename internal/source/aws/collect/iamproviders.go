package collect

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/iam"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/source/aws"
)

const (
	typeOIDC              = "AWS::IAM::OIDCProvider"
	typeSAML              = "AWS::IAM::SAMLProvider"
	typeServerCertificate = "AWS::IAM::ServerCertificate"
)

// iamProvidersCollector reads who else may vouch for an identity, and the
// certificates kept in IAM.
func iamProvidersCollector() aws.Collector {
	return aws.Collector{
		Name: "iam-providers", Service: "iam", Scope: aws.GlobalScope,
		Types:      []string{typeOIDC, typeSAML, typeServerCertificate},
		Actions:    []string{"iam:GetOpenIDConnectProvider", "iam:GetSAMLProvider", "iam:ListOpenIDConnectProviders", "iam:ListSAMLProviders", "iam:ListServerCertificates"},
		Operations: []string{"iam.GetOpenIDConnectProvider", "iam.GetSAMLProvider", "iam.ListOpenIDConnectProviders", "iam.ListSAMLProviders", "iam.ListServerCertificates"},
		Collect: func(ctx context.Context, s *aws.Session) error {
			w := &iamWalk{s: s, client: iam.NewFromConfig(s.Config)}
			w.oidc(ctx)
			w.saml(ctx)
			w.serverCertificates(ctx)
			return ctx.Err()
		},
	}
}

func (w *iamWalk) oidc(ctx context.Context) {
	list, err := aws.Call(ctx, w.s, "iam", "ListOpenIDConnectProviders", w.client.ListOpenIDConnectProviders, &iam.ListOpenIDConnectProvidersInput{})
	if err != nil {
		w.s.Gap("iam", "ListOpenIDConnectProviders", err, []string{typeOIDC}, "")
		return
	}
	for _, e := range list.OpenIDConnectProviderList {
		arn := text(e.Arn)
		p := map[string]any{"Arn": arn}
		out, err := aws.Call(ctx, w.s, "iam", "GetOpenIDConnectProvider", w.client.GetOpenIDConnectProvider, &iam.GetOpenIDConnectProviderInput{OpenIDConnectProviderArn: e.Arn})
		var tags map[string]string
		if err != nil {
			w.hide(p, "GetOpenIDConnectProvider", err, typeOIDC, arn, "Url", "ClientIdList", "ThumbprintList", "Tags")
		} else {
			set(p, "Url", withScheme(text(out.Url)))
			p["ClientIdList"], p["ThumbprintList"] = strs(out.ClientIDList), strs(out.ThumbprintList)
			tags = tagMap(out.Tags)
			set(p, "Tags", tagList(tags))
		}
		w.s.Emit(evidence.Resource{Type: typeOIDC, ID: arn, ARN: arn, Tags: tags, Properties: p})
	}
}

// withScheme is the URL as CloudFormation wants it; IAM leaves the scheme out.
func withScheme(url string) string {
	if url == "" || strings.Contains(url, "://") {
		return url
	}
	return "https://" + url
}

func (w *iamWalk) saml(ctx context.Context) {
	list, err := aws.Call(ctx, w.s, "iam", "ListSAMLProviders", w.client.ListSAMLProviders, &iam.ListSAMLProvidersInput{})
	if err != nil {
		w.s.Gap("iam", "ListSAMLProviders", err, []string{typeSAML}, "")
		return
	}
	for _, e := range list.SAMLProviderList {
		arn := text(e.Arn)
		p := map[string]any{"Arn": arn, "Name": arn[strings.LastIndexByte(arn, '/')+1:]}
		out, err := aws.Call(ctx, w.s, "iam", "GetSAMLProvider", w.client.GetSAMLProvider, &iam.GetSAMLProviderInput{SAMLProviderArn: e.Arn})
		var tags map[string]string
		if err != nil {
			w.hide(p, "GetSAMLProvider", err, typeSAML, arn, "SamlMetadataDocument", "AssertionEncryptionMode", "Tags")
		} else {
			set(p, "SamlMetadataDocument", text(out.SAMLMetadataDocument))
			set(p, "AssertionEncryptionMode", string(out.AssertionEncryptionMode))
			tags = tagMap(out.Tags)
			set(p, "Tags", tagList(tags))
		}
		w.s.Emit(evidence.Resource{Type: typeSAML, ID: arn, ARN: arn, Tags: tags, Properties: p})
	}
}

// hide makes properties of one resource Unknown and records why.
func (w *iamWalk) hide(p map[string]any, operation string, err error, typ, id string, names ...string) {
	for _, name := range names {
		p[name] = w.s.Unknown("iam", operation, err)
	}
	w.s.Gap("iam", operation, err, []string{typ}, id)
}

func (w *iamWalk) serverCertificates(ctx context.Context) {
	err := aws.Pages(ctx, w.s, "iam", "ListServerCertificates", w.client.ListServerCertificates, &iam.ListServerCertificatesInput{},
		func(in *iam.ListServerCertificatesInput, out *iam.ListServerCertificatesOutput) bool {
			return aws.NextToken(&in.Marker, out.Marker) && out.IsTruncated
		},
		func(out *iam.ListServerCertificatesOutput) error {
			for _, c := range out.ServerCertificateMetadataList {
				name := text(c.ServerCertificateName)
				p := map[string]any{"ServerCertificateName": name, "Arn": text(c.Arn)}
				set(p, "Path", text(c.Path))
				observed := map[string]any{}
				set(observed, "Expiration", when(c.Expiration))
				p["Observed"] = observed
				emit(w.s, evidence.Resource{Type: typeServerCertificate, ID: name, ARN: text(c.Arn), Properties: p})
			}
			return nil
		})
	w.s.Gap("iam", "ListServerCertificates", err, []string{typeServerCertificate}, "")
}
