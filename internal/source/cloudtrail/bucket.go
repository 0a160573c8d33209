package cloudtrail

import (
	"context"
	"fmt"
	"io"
	"iter"
	"path"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// Bucket is a bucket of S3, as far as reading logs needs it. The one that speaks to AWS
// lies in internal/source/aws/trail.
type Bucket interface {
	// List gives the keys under a prefix in their order, those behind the key after
	// only. With a delimiter, keys that are the same up to it come once, cut there.
	List(ctx context.Context, prefix, after, delimiter string) iter.Seq2[string, error]
	// Open reads an object from its beginning.
	Open(ctx context.Context, key string) (io.ReadCloser, error)
}

// Location reads s3://bucket/prefix.
func Location(url string) (bucket, prefix string, ok bool) {
	rest, ok := strings.CutPrefix(url, "s3://")
	if !ok {
		return "", "", false
	}
	bucket, prefix, _ = strings.Cut(rest, "/")
	return bucket, prefix, bucket != ""
}

// Remote finds log files in a bucket. Where keys follow AWS's layout only the accounts,
// Regions and days that are wanted are listed.
type Remote struct {
	Bucket Bucket
	Name   string // of the bucket
	Prefix string
	Selection
	// Parallel bounds the listings at a time; 0 is 8.
	Parallel int
}

// List finds all files. A part that cannot be listed comes as a file that cannot be
// opened, so that it is missed by its name; where nothing can be listed it fails.
func (r *Remote) List(ctx context.Context) ([]File, error) { return r.Find(ctx, time.Time{}) }

// Find is List for files delivered from an instant on.
func (r *Remote) Find(ctx context.Context, since time.Time) ([]File, error) {
	l := &listing{Remote: r, from: r.Since.Add(-late)}
	if r.Since.IsZero() || since.After(l.from) {
		l.from = since
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(max(1, r.Parallel))
	if r.Parallel <= 0 {
		group.SetLimit(8)
	}
	regions, err := l.regions(ctx)
	if err != nil {
		return nil, err
	}
	for _, prefix := range regions {
		group.Go(func() error { return l.below(ctx, prefix) })
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	Order(l.files)
	return l.files, nil
}

// File is the file of a name that Find gave.
func (r *Remote) File(name string) (File, bool) {
	key, ok := strings.CutPrefix(name, "s3://"+r.Name+"/")
	if !ok {
		return File{}, false
	}
	return r.file(key), true
}

func (r *Remote) file(key string) File {
	return File{
		Name: "s3://" + r.Name + "/" + key, Delivered: delivered(path.Base(key)),
		Open: func(ctx context.Context) (io.ReadCloser, error) { return r.Bucket.Open(ctx, key) },
	}
}

// listing is one look into the bucket.
type listing struct {
	*Remote
	from  time.Time
	mu    sync.Mutex
	files []File
}

func (l *listing) add(f File) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.files = append(l.files, f)
}

// mostFolders bounds how far folders that are not AWS's are searched for some; beyond
// they are listed whole.
const (
	mostFolders = 200
	mostDepth   = 3
)

// regions gives the prefixes to list: one for each account, kind and Region, and
// outside of the layout the place itself.
func (l *listing) regions(ctx context.Context) (out []string, err error) {
	type at struct {
		prefix string
		depth  int // outside of the layout
	}
	start := l.Prefix
	if p, ok := placeOf(start); ok && p.depth >= 3 {
		return []string{start}, nil
	}
	todo := []at{{prefix: start}}
	for first := true; len(todo) > 0; first = false {
		now := todo[0]
		todo = todo[1:]
		folders, err := l.folders(ctx, now.prefix, first)
		if err != nil {
			return nil, err
		}
		var next []at
		outside := 0
		for _, f := range folders {
			p, ok := placeOf(f)
			switch {
			case !l.wants(f):
			case ok && p.depth >= 3:
				out = append(out, f)
			case ok:
				next = append(next, at{prefix: f})
			default:
				outside++
				next = append(next, at{f, now.depth + 1})
			}
		}
		if outside > 0 && (now.depth+1 > mostDepth || outside > mostFolders) {
			out = append(out, now.prefix) // all of it at once, wanted keys are picked out
			continue
		}
		todo = append(todo, next...)
	}
	return out, nil
}

// folders lists what is directly below a prefix: gives the folders, keeps the files.
func (l *listing) folders(ctx context.Context, prefix string, first bool) (folders []string, err error) {
	for name, err := range l.Bucket.List(ctx, prefix, "", "/") {
		switch {
		case err != nil && (first || ctx.Err() != nil):
			return nil, fmt.Errorf("listing s3://%s/%s: %w", l.Name, prefix, err)
		case err != nil:
			l.add(l.unlisted(prefix, err))
		case strings.HasSuffix(name, "/") && name != prefix:
			folders = append(folders, name)
		default:
			l.key(name)
		}
	}
	return folders, nil
}

func (l *listing) unlisted(prefix string, err error) File {
	return File{Name: "s3://" + l.Name + "/" + prefix, Open: func(context.Context) (io.ReadCloser, error) {
		return nil, fmt.Errorf("it could not be listed: %w", err)
	}}
}

// below lists everything below a prefix, from the first wanted day to the last.
func (l *listing) below(ctx context.Context, prefix string) error {
	p, ok := placeOf(prefix)
	oneRegion := ok && p.depth >= 3 // its days come in order
	for key, err := range l.Bucket.List(ctx, prefix, l.after(prefix), "") {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			l.add(l.unlisted(prefix, err))
			return nil
		}
		if p, _ := placeOf(key); oneRegion && l.pastDay(p.day) {
			return nil // what follows is later still
		}
		l.key(key)
	}
	return nil
}

// after is the key behind which wanted files lie: the last one before the day.
func (l *listing) after(prefix string) string {
	p, ok := placeOf(prefix)
	if !ok || p.depth != 3 || l.from.IsZero() || !strings.HasSuffix(prefix, "/"+p.region+"/") {
		return ""
	}
	return prefix + l.from.UTC().Format("2006/01/02/")
}

// key keeps a key that is a wanted log file.
func (l *listing) key(key string) {
	f := l.file(key)
	if logName(path.Base(key)) && l.wants(key) && (f.Delivered.IsZero() || !f.Delivered.Before(l.from)) {
		l.add(f)
	}
}
