package aws

import (
	"context"
	"errors"
	"net/http"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go/middleware"
)

// Answer answers one call with property values, or with an error.
type Answer func(context.Context, *Request) (any, error)

// Answered is a configuration whose clients ask fn and never the network. The
// SDK still builds its clients and checks the input; what it skips is signing,
// retries and the wire format.
func Answered(region string, fn Answer) sdk.Config {
	return sdk.Config{
		Region: region, Credentials: sdk.AnonymousCredentials{}, HTTPClient: noNetwork{},
		APIOptions: []func(*middleware.Stack) error{func(stack *middleware.Stack) error {
			return stack.Initialize.Add(answering(fn), middleware.After)
		}},
	}
}

func answering(fn Answer) middleware.InitializeMiddleware {
	return middleware.InitializeMiddlewareFunc("HoldfastAnswer", func(ctx context.Context, _ middleware.InitializeInput, _ middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
		var out middleware.InitializeOutput
		r, ok := ctx.Value(requestKey{}).(*Request)
		if !ok {
			return out, middleware.Metadata{}, &RefusedError{}
		}
		v, err := fn(ctx, r)
		if err == nil {
			out.Result, err = r.Decode(v)
		}
		return out, middleware.Metadata{}, err
	})
}

type noNetwork struct{}

func (noNetwork) Do(*http.Request) (*http.Response, error) {
	return nil, errors.New("saved responses are read without a network")
}
