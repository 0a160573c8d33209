package collect

import (
	"context"
	"net"
	"net/url"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	smithyendpoints "github.com/aws/smithy-go/endpoints"
)

// s3ControlClient puts the account before the host's name, as AWS wants it, but
// not before that of an emulator: 111122223333.127.0.0.1 is no host.
func s3ControlClient(c sdk.Config) *s3control.Client {
	return s3control.NewFromConfig(c, func(o *s3control.Options) {
		if local(o.BaseEndpoint) {
			o.EndpointResolverV2 = plainHost{s3control.NewDefaultEndpointResolverV2()}
		}
	})
}

// local tells whether an endpoint is an address or a bare name, of which no
// host can be a part.
func local(endpoint *string) bool {
	if endpoint == nil {
		return false
	}
	u, err := url.Parse(*endpoint)
	return err == nil && (net.ParseIP(u.Hostname()) != nil || !strings.Contains(u.Hostname(), "."))
}

type plainHost struct{ next s3control.EndpointResolverV2 }

func (p plainHost) ResolveEndpoint(ctx context.Context, in s3control.EndpointParameters) (smithyendpoints.Endpoint, error) {
	in.RequiresAccountId = sdk.Bool(false)
	out, err := p.next.ResolveEndpoint(ctx, in)
	if in.AccountId != nil {
		out.URI.Host = strings.TrimPrefix(out.URI.Host, *in.AccountId+".")
	}
	return out, err
}
