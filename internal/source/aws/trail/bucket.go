package trail

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Bucket lists and reads the objects of one bucket. Its methods may be called from
// several goroutines.
type Bucket struct {
	name   string
	client *s3.Client
}

// Name is the bucket's name.
func (b *Bucket) Name() string { return b.name }

// List gives the keys under a prefix in order, those behind the key after only. With a
// delimiter, keys that are the same up to it come once, cut there. An error is the
// last that comes.
func (b *Bucket) List(ctx context.Context, prefix, after, delimiter string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		in := &s3.ListObjectsV2Input{Bucket: &b.name, Prefix: optional(prefix), StartAfter: optional(after), Delimiter: optional(delimiter)}
		for {
			page, err := b.client.ListObjectsV2(ctx, in)
			if err != nil {
				yield("", refused("ListObjectsV2", "s3://"+b.name+"/"+prefix, err))
				return
			}
			for _, name := range names(page) {
				if !yield(name, nil) {
					return
				}
			}
			if !sdk.ToBool(page.IsTruncated) {
				return
			}
			if page.NextContinuationToken == nil || sdk.ToString(page.NextContinuationToken) == sdk.ToString(in.ContinuationToken) {
				yield("", refused("ListObjectsV2", "s3://"+b.name+"/"+prefix, errors.New("the listing says that it goes on, and not where")))
				return
			}
			in.ContinuationToken = page.NextContinuationToken
		}
	}
}

// names merges the keys and the common beginnings of a page.
func names(page *s3.ListObjectsV2Output) []string {
	out := make([]string, 0, len(page.Contents)+len(page.CommonPrefixes))
	for _, o := range page.Contents {
		out = append(out, sdk.ToString(o.Key))
	}
	for _, p := range page.CommonPrefixes {
		out = append(out, sdk.ToString(p.Prefix))
	}
	slices.SortFunc(out, cmp.Compare[string])
	return out
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// Open reads an object from its beginning. When the connection breaks it goes on from
// there, as long as the object is the same.
func (b *Bucket) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	body := &object{ctx: ctx, b: b, key: key}
	if err := body.open(); err != nil {
		return nil, err
	}
	return body, nil
}

// object is an object that is being read.
type object struct {
	ctx   context.Context // of the reading, as io.Reader has none
	b     *Bucket
	key   string
	etag  *string
	size  int64 // -1: S3 does not say
	at    int64
	tries int // since something was read
	body  io.ReadCloser
}

// mostTries bounds how often reading goes on without a byte in between; the SDK's own
// attempts are for the beginning of an answer only.
const mostTries = 5

func (o *object) open() error {
	in := &s3.GetObjectInput{Bucket: &o.b.name, Key: &o.key}
	if o.at > 0 {
		in.Range, in.IfMatch = sdk.String(fmt.Sprintf("bytes=%d-", o.at)), o.etag
	}
	out, err := o.b.client.GetObject(o.ctx, in)
	if err != nil {
		return refused("GetObject", "s3://"+o.b.name+"/"+o.key, err)
	}
	o.take(out)
	return nil
}

func (o *object) take(out *s3.GetObjectOutput) {
	o.body = out.Body
	if o.at == 0 {
		o.etag, o.size = out.ETag, -1
		if out.ContentLength != nil {
			o.size = *out.ContentLength
		}
	}
}

func (o *object) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for {
		if o.body == nil {
			if err := o.open(); err != nil {
				return 0, err
			}
		}
		n, err := o.body.Read(p)
		o.at += int64(n)
		if n > 0 {
			o.tries = 0
		}
		whole := o.size < 0 || o.at >= o.size
		switch {
		case err == nil:
			if n > 0 {
				return n, nil
			}
			continue
		case errors.Is(err, io.EOF) && whole:
			return n, io.EOF
		case o.size >= 0 && o.at >= o.size:
			return n, refused("GetObject", "s3://"+o.b.name+"/"+o.key, err) // the sum of all of it is wrong
		}
		// It broke off. What is there goes out first; then the rest is asked for.
		err = errors.Join(err, o.body.Close())
		o.body = nil
		if o.tries++; o.ctx.Err() != nil || o.tries > mostTries {
			return n, refused("GetObject", "s3://"+o.b.name+"/"+o.key, err)
		}
		if n > 0 {
			return n, nil
		}
	}
}

// Close ends the download.
func (o *object) Close() error {
	if o.body == nil {
		return nil
	}
	return o.body.Close()
}
