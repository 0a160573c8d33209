// Package trail reads the buckets that CloudTrail delivers to, and asks CloudTrail for
// its trails and public keys. It knows no format: packages that do are handed objects
// and keys. Nothing but the reads in operations leaves the process.
package trail

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"strings"
	"sync"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"holdfast.dev/holdfast/internal/source/aws"
)

// operations are all that may be asked.
var operations = []string{
	"cloudtrail.GetTrail", "cloudtrail.ListPublicKeys",
	"s3.GetObject", "s3.HeadBucket", "s3.ListObjectsV2",
}

// Reader reads trails. Its methods may be called from several goroutines.
type Reader struct {
	options aws.Options
	config  sdk.Config

	mu      sync.Mutex
	regions map[string]string // of buckets
	clients map[string]*s3.Client
}

// Open prepares a reader with the credentials of a profile; "" is the default chain.
// The Region is where a bucket's own is asked for.
func Open(ctx context.Context, profile, region string) (*Reader, error) {
	o := aws.Options{Profile: profile, Region: region}
	c, err := aws.Reading(ctx, o, operations...)
	if err != nil {
		return nil, err
	}
	return &Reader{options: o, config: c, regions: map[string]string{}, clients: map[string]*s3.Client{}}, nil
}

// Trail tells where a trail delivers to, and whether it is one of an organisation.
func (r *Reader) Trail(ctx context.Context, home, arn string) (bucket, prefix string, organisation bool, err error) {
	out, err := cloudtrail.NewFromConfig(r.in(home)).GetTrail(ctx, &cloudtrail.GetTrailInput{Name: &arn})
	if err != nil {
		if aws.Is(err, "TrailNotFoundException") {
			return "", "", false, fmt.Errorf("there is no trail %s, or not for these credentials", arn)
		}
		if reason := r.denied(err); reason != nil {
			return "", "", false, reason
		}
		return "", "", false, aws.NoEntry(ctx, r.options, err)
	}
	t := out.Trail
	if t == nil || sdk.ToString(t.S3BucketName) == "" {
		return "", "", false, fmt.Errorf("cloudtrail:GetTrail names no bucket of %s", arn)
	}
	return *t.S3BucketName, sdk.ToString(t.S3KeyPrefix), sdk.ToBool(t.IsOrganizationTrail), nil
}

// denied is an answer that better credentials of the same kind would not give.
func (r *Reader) denied(err error) error {
	if !aws.Is(err, "AccessDenied", "AccessDeniedException", "UnauthorizedOperation") {
		return nil
	}
	_, detail := aws.Classify(err)
	return errors.New(detail)
}

// PublicKeys are the keys, in DER, that CloudTrail used in a Region at some time
// between from and to.
func (r *Reader) PublicKeys(ctx context.Context, region string, from, to time.Time) ([][]byte, error) {
	client := cloudtrail.NewFromConfig(r.in(region))
	in := &cloudtrail.ListPublicKeysInput{StartTime: &from, EndTime: &to}
	var out [][]byte
	for {
		page, err := client.ListPublicKeys(ctx, in)
		if err != nil {
			return nil, told(err)
		}
		for _, k := range page.PublicKeyList {
			out = append(out, k.Value)
		}
		if !aws.NextToken(&in.NextToken, page.NextToken) {
			return out, nil
		}
	}
}

// Folders are the names below a prefix up to the next slash.
func (r *Reader) Folders(ctx context.Context, bucket, prefix string) ([]string, error) {
	client, err := r.client(ctx, bucket)
	if err != nil {
		return nil, err
	}
	in := &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &prefix, Delimiter: sdk.String("/")}
	var out []string
	for {
		page, err := client.ListObjectsV2(ctx, in)
		if err != nil {
			return nil, fmt.Errorf("listing s3://%s/%s: %w", bucket, prefix, told(err))
		}
		for _, p := range page.CommonPrefixes {
			out = append(out, strings.TrimSuffix(strings.TrimPrefix(sdk.ToString(p.Prefix), prefix), "/"))
		}
		if !aws.NextToken(&in.ContinuationToken, page.NextContinuationToken) {
			return out, nil
		}
	}
}

// Keys are the keys with a prefix that come after another, in the order of S3.
func (r *Reader) Keys(ctx context.Context, bucket, prefix, after string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		client, err := r.client(ctx, bucket)
		if err != nil {
			yield("", err)
			return
		}
		in := &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &prefix}
		if after != "" {
			in.StartAfter = &after
		}
		for {
			page, err := client.ListObjectsV2(ctx, in)
			if err != nil {
				yield("", fmt.Errorf("listing s3://%s/%s: %w", bucket, prefix, told(err)))
				return
			}
			for _, o := range page.Contents {
				if !yield(sdk.ToString(o.Key), nil) {
					return
				}
			}
			if !aws.NextToken(&in.ContinuationToken, page.NextContinuationToken) {
				return
			}
		}
	}
}

// Get opens an object and gives its user metadata, names in lower case. One that is
// not there is fs.ErrNotExist.
func (r *Reader) Get(ctx context.Context, bucket, key string) (io.ReadCloser, map[string]string, error) {
	client, err := r.client(ctx, bucket)
	if err != nil {
		return nil, nil, err
	}
	out, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if aws.Is(err, "NoSuchKey", "NoSuchBucket") {
		return nil, nil, fmt.Errorf("s3://%s/%s: %w", bucket, key, fs.ErrNotExist)
	}
	if err != nil {
		return nil, nil, told(err)
	}
	metadata := make(map[string]string, len(out.Metadata))
	for name, value := range out.Metadata {
		metadata[strings.ToLower(name)] = value
	}
	return out.Body, metadata, nil
}

// client is that of the Region which a bucket is in.
func (r *Reader) client(ctx context.Context, bucket string) (*s3.Client, error) {
	region, err := r.region(ctx, bucket)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.regional(region), nil
}

// region finds out where a bucket is. Several goroutines may ask at first; the answer
// is the same.
func (r *Reader) region(ctx context.Context, bucket string) (string, error) {
	r.mu.Lock()
	region, ok := r.regions[bucket]
	client := r.regional(r.config.Region)
	r.mu.Unlock()
	if ok {
		return region, nil
	}
	out, err := client.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &bucket})
	var answer *smithyhttp.ResponseError
	switch {
	case err == nil:
		region = sdk.ToString(out.BucketRegion)
	case aws.Is(err, "NotFound", "NoSuchBucket"):
		return "", fmt.Errorf("there is no bucket %q: %w", bucket, fs.ErrNotExist)
	case errors.As(err, &answer) && answer.Response != nil:
		// S3 tells the Region beside its refusal, too; who may not list a bucket may
		// still read in it.
		region = answer.Response.Header.Get("X-Amz-Bucket-Region")
	}
	if region == "" && err != nil {
		return "", fmt.Errorf("where the bucket %q is: %w", bucket, told(err))
	}
	region = cmp.Or(region, r.config.Region) // emulators may have no Regions
	r.mu.Lock()
	defer r.mu.Unlock()
	r.regions[bucket] = region
	return region, nil
}

// regional needs the lock.
func (r *Reader) regional(region string) *s3.Client {
	c := r.clients[region]
	if c == nil {
		c = s3.NewFromConfig(r.in(region), func(o *s3.Options) {
			// Emulators seldom answer to bucket.localhost.
			o.UsePathStyle = o.BaseEndpoint != nil
			o.DisableLogOutputChecksumValidationSkipped = true
		})
		r.clients[region] = c
	}
	return c
}

func (r *Reader) in(region string) sdk.Config {
	c := r.config.Copy()
	c.Region = region
	return c
}

// told is what AWS said, without the layers of the SDK around it.
func told(err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	_, detail := aws.Classify(err)
	return &toldError{detail, err}
}

type toldError struct {
	text string
	err  error
}

func (e *toldError) Error() string { return e.text }
func (e *toldError) Unwrap() error { return e.err }
