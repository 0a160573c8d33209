package logfile

import (
	"context"
	"fmt"
	"io"
	"iter"
	"path"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"
)

// Bucket is a bucket of S3, as far as reading logs needs it.
type Bucket interface {
	// List gives the keys under a prefix in their order, those behind the key after
	// only. With a delimiter, keys that are the same up to it come once, cut there.
	List(ctx context.Context, prefix, after, delimiter string) iter.Seq2[string, error]
	// Open reads an object from its beginning.
	Open(ctx context.Context, key string) (io.ReadCloser, error)
}

// Remote finds log files in a bucket. Where keys follow AWS's layout only the
// accounts, services, Regions and days that are wanted are listed.
type Remote struct {
	Bucket Bucket
	Name   string // of the bucket
	Prefix string
	Selection
	Parallel int // listings at a time; 0 is 8
}

// List finds all files. A part that cannot be listed comes as a file that cannot be
// opened, so that it is missed by its name; where nothing can be listed it fails.
func (r *Remote) List(ctx context.Context) ([]File, error) {
	l := &listing{Remote: r}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(max(1, r.Parallel))
	if r.Parallel <= 0 {
		group.SetLimit(8)
	}
	places, err := l.places(ctx)
	if err != nil {
		return nil, err
	}
	for _, prefix := range places {
		group.Go(func() error { return l.below(ctx, prefix) })
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	Order(l.files)
	return l.files, nil
}

// listing is one look into the bucket.
type listing struct {
	*Remote
	mu    sync.Mutex
	files []File
}

func (l *listing) add(f File) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.files = append(l.files, f)
}

func (l *listing) url(key string) string { return "s3://" + l.Name + "/" + key }

// Folders outside of AWS's layout are searched for one so many and so deep; beyond
// they are listed whole.
const (
	mostFolders = 200
	mostDepth   = 3
)

// places gives the prefixes to list: one for each account, service and Region, and
// outside of the layout the place itself.
func (l *listing) places(ctx context.Context) (out []string, err error) {
	type at struct {
		prefix  string
		outside int // folders deep outside of the layout
	}
	if p, ok := PlaceOf(l.Prefix); ok && p.depth >= 3 {
		return []string{l.Prefix}, nil
	}
	todo := []at{{prefix: l.Prefix}}
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
			p, ok := PlaceOf(f)
			switch {
			case !l.Wants(f):
			case ok && p.depth >= 3:
				out = append(out, f)
			case ok:
				next = append(next, at{prefix: f})
			default:
				outside++
				next = append(next, at{f, now.outside + 1})
			}
		}
		if outside > 0 && (now.outside+1 > mostDepth || outside > mostFolders) {
			out = append(out, now.prefix)
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
			return nil, fmt.Errorf("listing %s: %w", l.url(prefix), err)
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
	return newFile(l.url(prefix), func(context.Context) (io.ReadCloser, error) {
		return nil, fmt.Errorf("it could not be listed: %w", err)
	})
}

// below lists everything below a prefix, from the first wanted day to the last.
func (l *listing) below(ctx context.Context, prefix string) error {
	p, ok := PlaceOf(prefix)
	inOrder := ok && p.depth >= 3 // its days come one after the other
	for key, err := range l.Bucket.List(ctx, prefix, l.after(prefix), "") {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			l.add(l.unlisted(prefix, err))
			return nil
		}
		if p, _ := PlaceOf(key); inOrder && l.pastDay(p.day) {
			return nil
		}
		l.key(key)
	}
	return nil
}

// after is the key behind which wanted files lie.
func (l *listing) after(prefix string) string {
	p, ok := PlaceOf(prefix)
	if !ok || p.depth != 3 || l.Since.IsZero() || !strings.HasSuffix(prefix, "/") {
		return ""
	}
	layout := "2006/01/02/"
	if p.hive {
		layout = "year=2006/month=01/day=02/"
	}
	return prefix + l.Since.Add(-early).UTC().Format(layout)
}

// key keeps a key that is a wanted log file.
func (l *listing) key(key string) {
	if isLog(path.Base(key)) && l.Wants(key) {
		l.add(newFile(l.url(key), func(ctx context.Context) (io.ReadCloser, error) { return l.Bucket.Open(ctx, key) }))
	}
}
