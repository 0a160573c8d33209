// Package trail is the way to where CloudTrail delivers: the buckets of S3 that logs and
// digests lie in, the queues of SQS that tell of new ones, and CloudTrail's own answers
// about its trails and public keys. It knows no format: packages that do are handed
// objects, messages and keys, through interfaces that Reader, Bucket and Queue have.
// It is handed in by cmd/holdfast, as collectors are, so that nothing else compiles the
// SDK. Nothing but what reads and queues name leaves the process.
package trail

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"slices"
	"strings"
	"sync"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"holdfast.dev/holdfast/internal/source/aws"
)

// reads and queues are all that may be asked. Taking a message changes its queue: it is
// hidden while its files are read and deleted when they are done. Nothing else that is
// asked changes anything.
var (
	reads = []string{
		"cloudtrail.GetTrail", "cloudtrail.ListPublicKeys",
		"s3.GetObject", "s3.HeadBucket", "s3.ListObjectsV2",
	}
	queues = []string{"sqs.ReceiveMessage", "sqs.ChangeMessageVisibilityBatch", "sqs.DeleteMessageBatch"}
)

// Options say as whom AWS is asked, and how patiently.
type Options struct {
	Profile  string        // of the shared configuration; "" is the default chain
	Region   string        // where a bucket's own is asked for; "" is the profile's, else us-east-1
	Attempts int           // of each request, throttled ones included; 0 is 8
	Backoff  time.Duration // the longest pause between them; 0 is 20 seconds
}

// Reader reads trails. Its methods may be called from several goroutines.
type Reader struct {
	options aws.Options
	config  sdk.Config

	mu      sync.Mutex
	regions map[string]string // of buckets
	clients map[string]*s3.Client
}

// Open loads the credentials. It asks AWS nothing yet.
func Open(ctx context.Context, o Options) (*Reader, error) {
	asked := aws.Options{Profile: o.Profile, Region: o.Region}
	c, err := aws.Reading(ctx, asked, slices.Concat(reads, queues)...)
	if err != nil {
		return nil, err
	}
	if o.Attempts > 0 || o.Backoff > 0 {
		c.Retryer = patience(o, c.Retryer)
	}
	return &Reader{options: asked, config: c, regions: map[string]string{}, clients: map[string]*s3.Client{}}, nil
}

// patience is the usual retryer with other bounds.
func patience(o Options, usual func() sdk.Retryer) func() sdk.Retryer {
	return func() sdk.Retryer {
		r := usual()
		if o.Attempts > 0 {
			r = retry.AddWithMaxAttempts(r, o.Attempts)
		}
		if o.Backoff > 0 {
			r = retry.AddWithMaxBackoffDelay(r, o.Backoff)
		}
		return r
	}
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
			return nil, refused("ListPublicKeys", "CloudTrail in "+region, err)
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
	b, err := r.Bucket(ctx, bucket)
	if err != nil {
		return nil, err
	}
	var out []string
	for name, err := range b.List(ctx, prefix, "", "/") {
		if err != nil {
			return nil, err
		}
		if folder, ok := strings.CutSuffix(name, "/"); ok {
			out = append(out, strings.TrimPrefix(folder, prefix))
		}
	}
	return out, nil
}

// Keys are the keys with a prefix that come after another, in the order of S3.
func (r *Reader) Keys(ctx context.Context, bucket, prefix, after string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		b, err := r.Bucket(ctx, bucket)
		if err != nil {
			yield("", err)
			return
		}
		b.List(ctx, prefix, after, "")(yield)
	}
}

// Get opens an object and gives its user metadata, names in lower case. One that is
// not there is fs.ErrNotExist. When the connection breaks, reading goes on from there.
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
		return nil, nil, &plain{err}
	}
	metadata := make(map[string]string, len(out.Metadata))
	for name, value := range out.Metadata {
		metadata[strings.ToLower(name)] = value
	}
	body := &object{ctx: ctx, b: &Bucket{bucket, client}, key: key}
	body.take(out)
	return body, metadata, nil
}

// Bucket finds out in which Region a bucket is, and so whether it is there at all.
func (r *Reader) Bucket(ctx context.Context, name string) (*Bucket, error) {
	client, err := r.client(ctx, name)
	if err != nil {
		return nil, err
	}
	return &Bucket{name, client}, nil
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
		return "", refused("HeadBucket", "s3://"+bucket, err)
	case errors.As(err, &answer) && answer.Response != nil:
		// S3 tells the Region beside its refusal, too; who may not list a bucket may
		// still read in it. Where it does not, the first real request says why: an answer
		// to HEAD has no text.
		region = answer.Response.Header.Get("X-Amz-Bucket-Region")
	default:
		return "", refused("HeadBucket", "s3://"+bucket, err)
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

// plain is what AWS said of an object, without its name: verdicts stand beside that.
type plain struct{ err error }

func (e *plain) Error() string {
	_, detail := aws.Classify(e.err)
	return detail
}

func (e *plain) Unwrap() error { return e.err }
