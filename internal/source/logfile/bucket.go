package logfile

import (
	"context"
	"io"
	"path"
)

// Remote finds log files in a bucket.
type Remote struct {
	Bucket Bucket
	Name   string // of the bucket
	Prefix string
	Selection
	Parallel int // listings at a time; 0 is 8
}

// List finds all files. A part that cannot be listed comes as a file that cannot be
// opened, so that it is missed by its name; where nothing can be listed it fails.
func (r *Remote) List(ctx context.Context) (files []File, err error) {
	l := &Listing{
		Bucket: r.Bucket, Name: r.Name, Prefix: r.Prefix, Parallel: r.Parallel,
		Wants: r.Wants, After: r.after, Past: r.pastDay,
		Missed: func(url string, err error) { files = append(files, missing(url, err)) },
	}
	l.Found = func(key string) {
		if isLog(path.Base(key)) && r.Wants(key) {
			files = append(files, newFile(l.URL(key), func(ctx context.Context) (io.ReadCloser, error) { return r.Bucket.Open(ctx, key) }))
		}
	}
	if err := l.Run(ctx); err != nil {
		return nil, err
	}
	Order(files)
	return files, nil
}

// missing stands for what could not be listed.
func missing(name string, err error) File {
	return newFile(name, func(context.Context) (io.ReadCloser, error) { return nil, err })
}

// after is the key behind which the wanted days of a Region lie.
func (r *Remote) after(prefix string) string {
	if r.Since.IsZero() {
		return ""
	}
	layout := "2006/01/02/"
	if p, _ := PlaceOf(prefix); p.hive {
		layout = "year=2006/month=01/day=02/"
	}
	return prefix + r.Since.Add(-early).UTC().Format(layout)
}
