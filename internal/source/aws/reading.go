package aws

import (
	"context"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
)

// readingTries is how often a call outside of a collection is tried.
const readingTries = 8

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
		return retry.NewStandard(func(r *retry.StandardOptions) { r.MaxAttempts = readingTries })
	}
	return c, nil
}

// NoEntry says why a first call failed: what a person can do about it comes first.
func NoEntry(ctx context.Context, o Options, err error) error { return noEntry(ctx, o, err) }
