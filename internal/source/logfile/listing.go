package logfile

import (
	"context"
	"fmt"
	"io"
	"iter"
	"strings"
	"sync"

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

// Listing looks for keys in a bucket. Where they follow AWS's layout only the accounts,
// services, Regions and days that are wanted are listed, several at the same time.
type Listing struct {
	Bucket   Bucket
	Name     string // of the bucket
	Prefix   string
	Parallel int // listings at a time; 0 is 8

	Wants func(name string) bool     // whether a file is wanted, or a folder can hold wanted files
	After func(prefix string) string // the key behind which wanted files of a Region lie; "" is none
	Past  func(day string) bool      // whether a day (YYYY/MM/DD) is behind the last that is wanted
	// Found takes every key there is, one at a time; Missed what could not be listed.
	Found  func(key string)
	Missed func(url string, err error)

	mu sync.Mutex
}

// Run lists. What could not be listed is missed by its name; where nothing can be
// listed it fails.
func (l *Listing) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(max(1, l.Parallel))
	if l.Parallel <= 0 {
		group.SetLimit(8)
	}
	places, err := l.places(ctx)
	if err != nil {
		return err
	}
	for _, prefix := range places {
		group.Go(func() error { return l.below(ctx, prefix) })
	}
	return group.Wait()
}

// URL is the name of a key.
func (l *Listing) URL(key string) string { return "s3://" + l.Name + "/" + key }

func (l *Listing) found(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.Found(key)
}

func (l *Listing) missed(prefix string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.Missed(l.URL(prefix), fmt.Errorf("it could not be listed: %w", err))
}

// Folders outside of AWS's layout are searched for one so many and so deep; beyond
// they are listed whole.
const (
	mostFolders = 200
	mostDepth   = 3
)

// places gives the prefixes to list: one for each account, service and Region, and
// outside of the layout the place itself.
func (l *Listing) places(ctx context.Context) (out []string, err error) {
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
			out = append(out, now.prefix) // all of it at once, wanted keys are picked out
			continue
		}
		todo = append(todo, next...)
	}
	return out, nil
}

// folders lists what is directly below a prefix: gives the folders, takes the files.
func (l *Listing) folders(ctx context.Context, prefix string, first bool) (folders []string, err error) {
	for name, err := range l.Bucket.List(ctx, prefix, "", "/") {
		switch {
		case err != nil && (first || ctx.Err() != nil):
			return nil, fmt.Errorf("listing %s: %w", l.URL(prefix), err)
		case err != nil:
			l.missed(prefix, err)
		case strings.HasSuffix(name, "/") && name != prefix:
			folders = append(folders, name)
		default:
			l.found(name)
		}
	}
	return folders, nil
}

// below lists everything below a prefix, from the first wanted day to the last.
func (l *Listing) below(ctx context.Context, prefix string) error {
	p, ok := PlaceOf(prefix)
	inOrder := ok && p.depth >= 3 // its days come one after the other
	after := ""
	if ok && p.depth == 3 && strings.HasSuffix(prefix, "/") {
		after = l.After(prefix)
	}
	for key, err := range l.Bucket.List(ctx, prefix, after, "") {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			l.missed(prefix, err)
			return nil
		}
		if p, _ := PlaceOf(key); inOrder && l.Past(p.Day) {
			return nil // what follows is later still
		}
		l.found(key)
	}
	return nil
}
