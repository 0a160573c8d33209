package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"regexp"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"holdfast.dev/holdfast/internal/source/cloudtrail"
	"holdfast.dev/holdfast/internal/source/cloudtrail/digest"
)

// TrailBuckets read what lies in buckets. An object that is not there is
// fs.ErrNotExist; the metadata of one that is, is never nil.
type TrailBuckets interface {
	Folders(ctx context.Context, bucket, prefix string) ([]string, error)
	Keys(ctx context.Context, bucket, prefix, after string) iter.Seq2[string, error]
	Get(ctx context.Context, bucket, key string) (io.ReadCloser, map[string]string, error)
}

// TrailReader reads the buckets of trails, and asks CloudTrail about them: where the
// trail of an ARN delivers to, and with which keys (in DER) a Region signed.
type TrailReader interface {
	TrailBuckets
	Trail(ctx context.Context, home, arn string) (bucket, prefix string, organisation bool, err error)
	PublicKeys(ctx context.Context, region string, from, to time.Time) ([][]byte, error)
}

// TrailLogs opens the buckets that logs lie in, and the queues that tell of new ones.
type TrailLogs interface {
	Bucket(ctx context.Context, name string) (cloudtrail.Bucket, error)
	Queue(url string) (cloudtrail.Queue, error)
}

// trailARN is the ARN of a trail in its parts.
type trailARN struct{ home, owner, name string }

var trailPattern = regexp.MustCompile(`^arn:[a-z0-9-]+:cloudtrail:([a-z0-9-]+):([0-9]{12}):trail/([A-Za-z0-9._-]+)$`)

func parseTrailARN(s string) (trailARN, error) {
	m := trailPattern.FindStringSubmatch(s)
	if m == nil {
		return trailARN{}, fmt.Errorf("--trail-arn: %q is not the ARN of a trail, such as arn:aws:cloudtrail:eu-west-1:111122223333:trail/main", s)
	}
	return trailARN{m[1], m[2], m[3]}, nil
}

// liveTrail is what lies in the bucket of one trail.
type liveTrail struct {
	TrailBuckets
	bucket string
	filter digest.Filter
	places []livePlace
}

// livePlace is the folder of one account, and its Regions.
type livePlace struct {
	root    string // …AWSLogs/[o-…/]<account>/
	account string
	region  string
}

// listers bounds the listings under way.
const listers = 16

// openLive finds out which accounts and Regions a trail has digests of.
func openLive(ctx context.Context, r TrailReader, arn string, f digest.Filter) (*liveTrail, error) {
	bucket, prefix, organisation, err := r.Trail(ctx, f.Home, arn)
	if err != nil {
		return nil, err
	}
	t := &liveTrail{TrailBuckets: r, bucket: bucket, filter: f}
	root := "AWSLogs/"
	if prefix != "" {
		root = strings.TrimSuffix(prefix, "/") + "/" + root
	}
	accounts := []string{root + f.Owner + "/"}
	if f.Account != "" {
		accounts = []string{root + f.Account + "/"}
	}
	if organisation {
		if accounts, err = t.members(ctx, root); err != nil {
			return nil, err
		}
	}
	return t, t.regions(ctx, accounts)
}

// members are the folders of the accounts of an organisation.
func (t *liveTrail) members(ctx context.Context, root string) ([]string, error) {
	organisation := t.filter.Organization
	if organisation == "" {
		folders, err := t.Folders(ctx, t.bucket, root)
		if err != nil {
			return nil, err
		}
		for _, name := range folders {
			if !strings.HasPrefix(name, "o-") {
				continue
			}
			if organisation != "" {
				return nil, Usage(fmt.Errorf("the bucket %s has logs of the organisations %s and %s; say which with --organization-id", t.bucket, organisation, name))
			}
			organisation = name
		}
		if organisation == "" {
			return nil, nil // an organisation's trail that has delivered nothing yet
		}
		t.filter.Organization = organisation
	}
	root += organisation + "/"
	if t.filter.Account != "" {
		return []string{root + t.filter.Account + "/"}, nil
	}
	folders, err := t.Folders(ctx, t.bucket, root)
	var out []string
	for _, account := range folders {
		if len(account) == 12 && strings.Trim(account, "0123456789") == "" {
			out = append(out, root+account+"/")
		}
	}
	return out, err
}

// regions finds the Regions of each account that have digests.
func (t *liveTrail) regions(ctx context.Context, accounts []string) error {
	found := make([][]livePlace, len(accounts))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(listers)
	for i, root := range accounts {
		group.Go(func() error {
			folders, err := t.Folders(ctx, t.bucket, root+"CloudTrail-Digest/")
			parts := strings.Split(root, "/")
			for _, region := range folders {
				if t.filter.Region == "" || t.filter.Region == region {
					found[i] = append(found[i], livePlace{root, parts[len(parts)-2], region})
				}
			}
			return err
		})
	}
	err := group.Wait()
	for _, places := range found {
		t.places = append(t.places, places...)
	}
	return err
}

// Each hands over the digests and logs of the time that is asked for: folders of days,
// from the one of the start to the one an hour after the end.
func (t *liveTrail) Each(ctx context.Context, kind string, visit func(digest.Location) error) error {
	lists := make([]chan string, len(t.places))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(listers + 1)
	for i := range lists {
		lists[i] = make(chan string, 1000)
	}
	group.Go(func() error {
		for _, list := range lists {
			for key := range list {
				if err := visit(digest.Location{Bucket: t.bucket, Key: key}); err != nil {
					return err
				}
			}
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		return nil
	})
	for i, place := range t.places {
		group.Go(func() error {
			defer close(lists[i])
			return t.list(ctx, place, kind, lists[i])
		})
	}
	return group.Wait()
}

func (t *liveTrail) list(ctx context.Context, p livePlace, kind string, out chan<- string) error {
	prefix := p.root + kind + "/" + p.region + "/"
	after := ""
	if !t.filter.Start.IsZero() {
		// A minute earlier, so that the first second is in.
		after = prefix + t.filter.Start.UTC().Add(-time.Minute).Format("2006/01/02")
	}
	last := "~"
	if !t.filter.End.IsZero() {
		last = prefix + t.filter.End.UTC().Add(time.Hour).Format("2006/01/02") + "/~"
	}
	for key, err := range t.Keys(ctx, t.bucket, prefix, after) {
		if err != nil {
			return err
		}
		if key > last {
			return nil
		}
		select {
		case out <- key:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// liveObjects gives objects as verification asks for them.
type liveObjects struct{ TrailBuckets }

func (o liveObjects) Get(ctx context.Context, l digest.Location) (io.ReadCloser, map[string]string, error) {
	return o.TrailBuckets.Get(ctx, l.Bucket, l.Key)
}

var errNoLive = errors.New("this program was built without a way to read AWS; verify a mirror in a folder")
