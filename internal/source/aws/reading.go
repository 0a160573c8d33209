package aws

import (
	"context"
	"net/http"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// readingTries is how often a call outside of a collection is tried, and readingIdle
// how many connections to one host are kept.
const (
	readingTries = 8
	readingIdle  = 64
)

// Reading is the configuration of clients that read outside of a collection: the
// standard credential chain, and a guard that lets nothing but the given operations
// ("s3.GetObject") leave the process. The SDK waits by itself where AWS throttles.
func Reading(ctx context.Context, o Options, operations ...string) (sdk.Config, error) {
	o.Collectors = []Collector{{Operations: operations}}
	c, err := baseConfig(ctx, o)
	if err != nil {
		return c, err
	}
	c.Retryer = func() sdk.Retryer {
		return retry.NewStandard(func(r *retry.StandardOptions) {
			r.MaxAttempts = readingTries
			// The standard budget of retries is for one caller; many downloads at a time
			// would use it up with the first throttling.
			r.RateLimiter = ratelimit.None
		})
	}
	if g, ok := c.HTTPClient.(*guard); ok {
		if b, ok := g.next.(*awshttp.BuildableClient); ok {
			g.next = b.WithTransportOptions(func(t *http.Transport) { t.MaxIdleConnsPerHost = readingIdle })
		}
	}
	return c, nil
}

// NoEntry says why a first call failed: what a person can do about it comes first.
func NoEntry(ctx context.Context, o Options, err error) error { return noEntry(ctx, o, err) }
