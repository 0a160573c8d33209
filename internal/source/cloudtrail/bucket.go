package cloudtrail

import (
	"context"
	"io"
	"path"
	"strings"
	"time"

	"holdfast.dev/holdfast/internal/source/logfile"
)

// Bucket is a bucket of S3, as far as reading logs needs it.
type Bucket = logfile.Bucket

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
func (r *Remote) Find(ctx context.Context, since time.Time) (files []File, err error) {
	from := r.Since.Add(-late)
	if r.Since.IsZero() || since.After(from) {
		from = since
	}
	l := &logfile.Listing{
		Bucket: r.Bucket, Name: r.Name, Prefix: r.Prefix, Parallel: r.Parallel,
		Wants: r.wants, Past: r.pastDay,
		Missed: func(url string, err error) { files = append(files, missing(url, err)) },
	}
	l.After = func(prefix string) string {
		if from.IsZero() {
			return ""
		}
		return prefix + from.UTC().Format("2006/01/02/")
	}
	l.Found = func(key string) {
		f := r.file(key)
		if logName(path.Base(key)) && r.wants(key) && (f.Delivered.IsZero() || !f.Delivered.Before(from)) {
			files = append(files, f)
		}
	}
	if err := l.Run(ctx); err != nil {
		return nil, err
	}
	Order(files)
	return files, nil
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
