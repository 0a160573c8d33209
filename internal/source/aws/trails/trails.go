// Package trails is the way to where CloudTrail lays its logs down: the buckets of S3
// they lie in, and the queues of SQS that tell of new ones. It only lists and reads
// objects, and receives, hides and deletes messages. What the logs say is none of
// its business: internal/source/cloudtrail reads them through interfaces that Bucket
// and Queue have. It is handed in by cmd/holdfast, as collectors are, so that nothing
// else compiles the SDK.
package trails

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// Options say as whom and where AWS is asked.
type Options struct {
	Profile  string        // shared configuration profile; "" is the default chain
	Region   string        // "" is the profile's, else us-east-1; a bucket's own is found out
	Endpoint string        // for all services; AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_S3 work as well
	Attempts int           // of each request, throttled ones included; 0 is 8
	Backoff  time.Duration // the longest pause between them; 0 is 20 seconds
}

// Client makes Buckets and Queues.
type Client struct {
	config sdk.Config
}

// Connect loads the credentials. It asks AWS nothing yet.
func Connect(ctx context.Context, o Options) (*Client, error) {
	attempts := o.Attempts
	if attempts <= 0 {
		attempts = 8
	}
	backoff := o.Backoff
	if backoff <= 0 {
		backoff = 20 * time.Second
	}
	load := []func(*config.LoadOptions) error{
		config.WithAppID("holdfast"),
		config.WithRetryer(func() sdk.Retryer {
			return retry.NewStandard(func(s *retry.StandardOptions) {
				s.MaxAttempts, s.MaxBackoff = attempts, backoff
				// The standard budget of retries is for one caller; many downloads at
				// a time would use it up with the first throttling.
				s.RateLimiter = unlimited{}
			})
		}),
	}
	if o.Profile != "" {
		load = append(load, config.WithSharedConfigProfile(o.Profile))
	}
	if o.Region != "" {
		load = append(load, config.WithRegion(o.Region))
	}
	if o.Endpoint != "" {
		load = append(load, config.WithBaseEndpoint(o.Endpoint))
	}
	c, err := config.LoadDefaultConfig(ctx, load...)
	if err != nil {
		return nil, fmt.Errorf("the AWS configuration cannot be loaded (%w); check AWS_PROFILE and ~/.aws/config", err)
	}
	if c.Region == "" {
		c.Region = "us-east-1"
	}
	if c.HTTPClient == nil {
		c.HTTPClient = awshttp.NewBuildableClient()
	}
	if b, ok := c.HTTPClient.(*awshttp.BuildableClient); ok {
		c.HTTPClient = b.WithTransportOptions(func(t *http.Transport) {
			t.ResponseHeaderTimeout = time.Minute // the SDK would wait for ever on a silent server
			t.MaxIdleConnsPerHost = 64            // one for each download at a time
		})
	}
	return &Client{c}, nil
}

// unlimited lets every retry happen; attempts and backoff bound them.
type unlimited struct{}

func (unlimited) GetToken(context.Context, uint) (func() error, error) {
	return func() error { return nil }, nil
}
func (unlimited) AddTokens(uint) error { return nil }

// Bucket finds out in which Region a bucket is, and so whether it is there and may be
// read at all.
func (c *Client) Bucket(ctx context.Context, name string) (*Bucket, error) {
	client := c.s3("")
	if client.Options().BaseEndpoint != nil {
		return &Bucket{name, client}, nil
	}
	region, err := regionOf(ctx, client, name)
	if err != nil {
		return nil, err
	}
	return &Bucket{name, c.s3(region)}, nil
}

func (c *Client) s3(region string) *s3.Client {
	return s3.NewFromConfig(c.config, func(o *s3.Options) {
		o.UsePathStyle = o.BaseEndpoint != nil // its host name has no names of buckets below
		o.DisableLogOutputChecksumValidationSkipped = true
		if region != "" {
			o.Region = region
		}
	})
}

// regionOf asks for the Region, which S3 says in a header whatever else it answers.
func regionOf(ctx context.Context, client *s3.Client, name string) (string, error) {
	out, err := client.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &name})
	if err == nil {
		return sdk.ToString(out.BucketRegion), nil
	}
	var answer *smithyhttp.ResponseError
	if errors.As(err, &answer) && answer.Response != nil {
		// Who may not list a bucket may still read in it; its Region is told all the same.
		if region := answer.Response.Header.Get("X-Amz-Bucket-Region"); region != "" && answer.HTTPStatusCode() != http.StatusNotFound {
			return region, nil
		}
	}
	return "", told("HeadBucket", "s3://"+name, err)
}

// Queue is the queue of a URL, as the console shows it.
func (c *Client) Queue(queue string) (*Queue, error) {
	u, err := url.Parse(queue)
	if err != nil || u.Host == "" || strings.Trim(u.Path, "/") == "" {
		return nil, fmt.Errorf("%q is no URL of an SQS queue, as https://sqs.eu-west-1.amazonaws.com/111122223333/cloudtrail", queue)
	}
	client := sqs.NewFromConfig(c.config, func(o *sqs.Options) {
		if parts := strings.Split(u.Hostname(), "."); len(parts) > 2 && parts[0] == "sqs" {
			o.Region = parts[1]
		}
	})
	return &Queue{client: client, url: queue, Hidden: 5 * time.Minute, Wait: 20 * time.Second}, nil
}
