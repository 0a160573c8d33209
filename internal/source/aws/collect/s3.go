package collect

import (
	"context"
	"errors"
	"sync"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/s3control"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/source/aws"
)

const (
	typeBucket       = "AWS::S3::Bucket"
	typeBucketPolicy = "AWS::S3::BucketPolicy"
	typeAccountBlock = "Holdfast::S3::AccountPublicAccessBlock"
)

func s3Collector() aws.Collector {
	return aws.Collector{
		Name: "s3", Service: "s3", Scope: aws.GlobalScope,
		Types: []string{typeBucket, typeBucketPolicy, typeAccountBlock},
		Actions: []string{
			"s3:GetAccountPublicAccessBlock", "s3:GetBucketAcl", "s3:GetBucketLocation", "s3:GetBucketLogging", "s3:GetBucketNotification",
			"s3:GetBucketObjectLockConfiguration", "s3:GetBucketOwnershipControls", "s3:GetBucketPolicy", "s3:GetBucketPublicAccessBlock",
			"s3:GetBucketTagging", "s3:GetBucketVersioning", "s3:GetBucketWebsite", "s3:GetEncryptionConfiguration",
			"s3:GetLifecycleConfiguration", "s3:GetReplicationConfiguration", "s3:ListAllMyBuckets",
		},
		Operations: []string{
			"s3.GetBucketAcl", "s3.GetBucketEncryption", "s3.GetBucketLifecycleConfiguration", "s3.GetBucketLocation", "s3.GetBucketLogging",
			"s3.GetBucketNotificationConfiguration", "s3.GetBucketOwnershipControls", "s3.GetBucketPolicy", "s3.GetBucketReplication",
			"s3.GetBucketTagging", "s3.GetBucketVersioning", "s3.GetBucketWebsite", "s3.GetObjectLockConfiguration",
			"s3.GetPublicAccessBlock", "s3.ListBuckets", "s3control.GetPublicAccessBlock",
		},
		Collect: func(ctx context.Context, s *aws.Session) error {
			w := &s3Walk{s: s, clients: map[string]*s3.Client{}}
			w.accountBlock(ctx)
			return w.buckets(ctx)
		},
	}
}

// s3Walk reads each bucket in its own Region.
type s3Walk struct {
	s *aws.Session

	mu      sync.Mutex
	clients map[string]*s3.Client
}

// client is the client of a Region; "" is the session's own.
func (w *s3Walk) client(region string) *s3.Client {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := w.clients[region]
	if c == nil {
		config := w.s.Config
		if region != "" {
			config = w.s.In(region)
		}
		c = s3.NewFromConfig(config, func(o *s3.Options) {
			// Emulators seldom answer to bucket.localhost.
			o.UsePathStyle = o.BaseEndpoint != nil
		})
		w.clients[region] = c
	}
	return c
}

func (w *s3Walk) accountBlock(ctx context.Context) {
	client := s3ControlClient(w.s.Config)
	p := map[string]any{}
	out, err := aws.Call(ctx, w.s, "s3control", "GetPublicAccessBlock", client.GetPublicAccessBlock, &s3control.GetPublicAccessBlockInput{AccountId: &w.s.Account})
	switch {
	case aws.Is(err, "NoSuchPublicAccessBlockConfiguration"):
		p = map[string]any{"Configured": false, "BlockPublicAcls": false, "IgnorePublicAcls": false, "BlockPublicPolicy": false, "RestrictPublicBuckets": false}
	case err != nil:
		for _, name := range []string{"Configured", "BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"} {
			p[name] = w.s.Unknown("s3control", "GetPublicAccessBlock", err)
		}
		w.s.Gap("s3control", "GetPublicAccessBlock", err, []string{typeAccountBlock}, w.s.Account)
	default:
		p = shape(out.PublicAccessBlockConfiguration, nil)
		p["Configured"] = out.PublicAccessBlockConfiguration != nil
	}
	w.s.Emit(evidence.Resource{Type: typeAccountBlock, ID: w.s.Account, Properties: p})
}

func (w *s3Walk) buckets(ctx context.Context) error {
	client := w.client("")
	var buckets []types.Bucket
	// With a page size S3 tells each bucket's Region; without one it does not.
	err := aws.Pages(ctx, w.s, "s3", "ListBuckets", client.ListBuckets, &s3.ListBucketsInput{MaxBuckets: sdk.Int32(1000)},
		func(in *s3.ListBucketsInput, out *s3.ListBucketsOutput) bool {
			return aws.NextToken(&in.ContinuationToken, out.ContinuationToken)
		},
		func(out *s3.ListBucketsOutput) error { buckets = append(buckets, out.Buckets...); return nil })
	w.s.Gap("s3", "ListBuckets", err, []string{typeBucket, typeBucketPolicy}, "")
	return aws.Each(ctx, buckets, func(ctx context.Context, b types.Bucket) error {
		w.bucket(ctx, b)
		return ctx.Err()
	})
}

func (w *s3Walk) region(ctx context.Context, b types.Bucket) (string, error) {
	if region := text(b.BucketRegion); region != "" {
		return region, nil
	}
	client := w.client("")
	out, err := aws.Call(ctx, w.s, "s3", "GetBucketLocation", client.GetBucketLocation, &s3.GetBucketLocationInput{Bucket: b.Name})
	if err != nil {
		return "", err
	}
	switch out.LocationConstraint {
	case "":
		return "us-east-1", nil // S3's first Region has no name in this API
	case types.BucketLocationConstraintEu:
		return "eu-west-1", nil
	}
	return string(out.LocationConstraint), nil
}

func (w *s3Walk) bucket(ctx context.Context, b types.Bucket) {
	name := text(b.Name)
	region, err := w.region(ctx, b)
	home := region
	if aws.Is(err, "NoSuchBucket") {
		return
	}
	if err != nil {
		// The bucket is there, only its Region is not known. What it looks like
		// still counts; that it may stand in another Region as well, from an
		// earlier run, does not make that one gone.
		w.s.Gap("s3", "GetBucketLocation", err, []string{typeBucket, typeBucketPolicy}, name)
		w.s.Incomplete(typeBucket, typeBucketPolicy)
		region, home = evidence.Global, ""
	}
	d := &bucketDraft{w: w, client: w.client(home), name: name, p: map[string]any{"BucketName": name}, observed: map[string]any{}}
	set(d.observed, "CreationDate", when(b.CreationDate))
	d.read(ctx)
	if d.gone {
		return // deleted while we looked
	}
	d.p["Observed"] = d.observed
	arn := "arn:" + w.s.Partition + ":s3:::" + name
	emit(w.s, evidence.Resource{Type: typeBucket, ID: name, ARN: arn, Region: region, Tags: d.tags, Properties: d.p})
	if d.policy != nil {
		w.s.Emit(evidence.Resource{Type: typeBucketPolicy, ID: name, ARN: arn, Region: region, Properties: map[string]any{"Bucket": name, "PolicyDocument": d.policy}})
	}
}

// bucketDraft is a bucket while its sub-resources come in.
type bucketDraft struct {
	w        *s3Walk
	client   *s3.Client
	name     string
	p        map[string]any
	observed map[string]any
	tags     map[string]string
	policy   any // nil: there is none
	gone     bool
}

// part asks for one sub-resource. An error among absent means that it is not
// configured; any other leaves unknown in charge.
func part[I, O any](ctx context.Context, d *bucketDraft, operation string, fn func(context.Context, *I, ...func(*s3.Options)) (*O, error), in *I, absent string, found func(*O), unknown func(evidence.Unknown), typ string) {
	if d.gone {
		return
	}
	out, err := aws.Call(ctx, d.w.s, "s3", operation, fn, in)
	switch {
	case err == nil:
		found(out)
	case absent != "" && aws.Is(err, absent):
	case aws.Is(err, "NoSuchBucket"):
		d.gone = true
	default:
		unknown(d.w.s.Unknown("s3", operation, err))
		d.w.s.Gap("s3", operation, err, []string{typ}, d.name)
	}
}

// property is the unknown function of most sub-resources.
func (d *bucketDraft) property(names ...string) func(evidence.Unknown) {
	return func(u evidence.Unknown) {
		for _, name := range names {
			d.p[name] = u
		}
	}
}

func (d *bucketDraft) read(ctx context.Context) {
	c, bucket := d.client, &d.name
	part(ctx, d, "GetBucketEncryption", c.GetBucketEncryption, &s3.GetBucketEncryptionInput{Bucket: bucket}, "ServerSideEncryptionConfigurationNotFoundError",
		d.encryption, d.property("BucketEncryption"), typeBucket)
	part(ctx, d, "GetPublicAccessBlock", c.GetPublicAccessBlock, &s3.GetPublicAccessBlockInput{Bucket: bucket}, "NoSuchPublicAccessBlockConfiguration",
		func(o *s3.GetPublicAccessBlockOutput) {
			set(d.p, "PublicAccessBlockConfiguration", value(o.PublicAccessBlockConfiguration))
		}, d.property("PublicAccessBlockConfiguration"), typeBucket)
	part(ctx, d, "GetBucketPolicy", c.GetBucketPolicy, &s3.GetBucketPolicyInput{Bucket: bucket}, "NoSuchBucketPolicy",
		func(o *s3.GetBucketPolicyOutput) {
			d.policy = document(o.Policy)
			if u, unknown := d.policy.(evidence.Unknown); unknown {
				d.w.s.Gap("s3", "GetBucketPolicy", errors.New(u.Reason), []string{typeBucketPolicy}, d.name)
			}
		},
		func(u evidence.Unknown) { d.policy = u }, typeBucketPolicy)
	part(ctx, d, "GetBucketAcl", c.GetBucketAcl, &s3.GetBucketAclInput{Bucket: bucket}, "", d.acl,
		func(u evidence.Unknown) { d.observed["AclGrants"] = u }, typeBucket)
	part(ctx, d, "GetBucketVersioning", c.GetBucketVersioning, &s3.GetBucketVersioningInput{Bucket: bucket}, "", d.versioning,
		func(u evidence.Unknown) { d.p["VersioningConfiguration"], d.observed["MfaDelete"] = u, u }, typeBucket)
	part(ctx, d, "GetBucketLogging", c.GetBucketLogging, &s3.GetBucketLoggingInput{Bucket: bucket}, "",
		func(o *s3.GetBucketLoggingOutput) {
			set(d.p, "LoggingConfiguration", aws.Shape(o.LoggingEnabled, loggingNames))
		}, d.property("LoggingConfiguration"), typeBucket)
	part(ctx, d, "GetBucketLifecycleConfiguration", c.GetBucketLifecycleConfiguration, &s3.GetBucketLifecycleConfigurationInput{Bucket: bucket}, "NoSuchLifecycleConfiguration",
		d.lifecycle, d.property("LifecycleConfiguration"), typeBucket)
	part(ctx, d, "GetBucketOwnershipControls", c.GetBucketOwnershipControls, &s3.GetBucketOwnershipControlsInput{Bucket: bucket}, "OwnershipControlsNotFoundError",
		func(o *s3.GetBucketOwnershipControlsOutput) {
			set(d.p, "OwnershipControls", value(o.OwnershipControls))
		}, d.property("OwnershipControls"), typeBucket)
	part(ctx, d, "GetBucketReplication", c.GetBucketReplication, &s3.GetBucketReplicationInput{Bucket: bucket}, "ReplicationConfigurationNotFoundError",
		func(o *s3.GetBucketReplicationOutput) {
			set(d.p, "ReplicationConfiguration", aws.Shape(o.ReplicationConfiguration, replicationNames))
		}, d.property("ReplicationConfiguration"), typeBucket)
	part(ctx, d, "GetObjectLockConfiguration", c.GetObjectLockConfiguration, &s3.GetObjectLockConfigurationInput{Bucket: bucket}, "ObjectLockConfigurationNotFoundError",
		d.objectLock, d.property("ObjectLockEnabled", "ObjectLockConfiguration"), typeBucket)
	part(ctx, d, "GetBucketNotificationConfiguration", c.GetBucketNotificationConfiguration, &s3.GetBucketNotificationConfigurationInput{Bucket: bucket}, "",
		d.notification, d.property("NotificationConfiguration"), typeBucket)
	part(ctx, d, "GetBucketWebsite", c.GetBucketWebsite, &s3.GetBucketWebsiteInput{Bucket: bucket}, "NoSuchWebsiteConfiguration",
		d.website, d.property("WebsiteConfiguration"), typeBucket)
	part(ctx, d, "GetBucketTagging", c.GetBucketTagging, &s3.GetBucketTaggingInput{Bucket: bucket}, "NoSuchTagSet",
		func(o *s3.GetBucketTaggingOutput) { d.tags = tagMap(o.TagSet); set(d.p, "Tags", tagList(d.tags)) }, d.property("Tags"), typeBucket)
}
