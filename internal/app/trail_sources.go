package app

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"holdfast.dev/holdfast/internal/source/cloudtrail"
)

// TrailSource says where log files lie: files and folders, s3://bucket/prefix, or a
// queue that tells of new ones.
type TrailSource struct {
	Paths   []string
	Queue   string // URL; then Paths may hold one s3://bucket/prefix, and only what lies below counts
	Profile string // of the AWS configuration
	cloudtrail.Selection
}

// String is what is read, in words; checkpoints belong to it.
func (s *TrailSource) String() string {
	if s.Queue != "" {
		return strings.Join(append([]string{s.Queue}, s.Paths...), " ")
	}
	return strings.Join(s.Paths, " ")
}

func (s *TrailSource) check() error {
	remote := 0
	for _, p := range s.Paths {
		if strings.HasPrefix(p, "s3:") {
			remote++
			if _, _, ok := cloudtrail.Location(p); !ok {
				return fmt.Errorf("%q names no bucket; write s3://bucket or s3://bucket/prefix", p)
			}
		}
	}
	switch {
	case s.Queue != "" && (len(s.Paths) > 1 || len(s.Paths) != remote):
		return errors.New("with --queue name no path, or the s3://bucket/prefix of which files count")
	case s.Queue == "" && len(s.Paths) == 0:
		return errors.New("name log files, a folder that holds them, or s3://bucket/prefix")
	case s.Profile != "" && remote == 0 && s.Queue == "":
		return errors.New("--profile is for AWS, and all paths are on this machine; leave it out")
	case !s.Since.IsZero() && !s.Until.IsZero() && !s.Since.Before(s.Until):
		return fmt.Errorf("--since %s is not before --until %s", s.Since.Format("2006-01-02T15:04:05Z"), s.Until.Format("2006-01-02T15:04:05Z"))
	}
	return nil
}

// remote tells that AWS has to be asked.
func (s *TrailSource) remote() bool {
	if s.Queue != "" {
		return true
	}
	for _, p := range s.Paths {
		if strings.HasPrefix(p, "s3://") {
			return true
		}
	}
	return false
}

// finders are what looks for the files of a source.
type finders []cloudtrail.Finder

// trailFinder gets ready to look for files. Asking AWS begins here: a bucket that is
// not there is an error at once.
func (a *App) trailFinder(ctx context.Context, s *TrailSource) (cloudtrail.Finder, error) {
	if err := s.check(); err != nil {
		return nil, Usage(err)
	}
	var logs TrailLogs
	if s.remote() {
		if a.OpenLogs == nil {
			return nil, Usage(errors.New("this program was built without a way to read AWS; read files of this machine"))
		}
		var err error
		if logs, err = a.OpenLogs(ctx, s.Profile, ""); err != nil {
			return nil, Usage(err)
		}
	}
	if s.Queue != "" {
		return a.notified(ctx, s, logs)
	}
	var out finders
	var local []string
	for _, p := range s.Paths {
		name, prefix, ok := cloudtrail.Location(p)
		if !ok {
			local = append(local, p)
			continue
		}
		bucket, err := logs.Bucket(ctx, name)
		if err != nil {
			return nil, unlisted(ctx, err)
		}
		out = append(out, &cloudtrail.Remote{Bucket: bucket, Name: name, Prefix: prefix, Selection: s.Selection})
	}
	if len(local) > 0 {
		out = append(out, &cloudtrail.Folder{Paths: local, Selection: s.Selection})
	}
	if len(out) == 1 {
		return out[0], nil
	}
	return out, nil
}

func (a *App) notified(ctx context.Context, s *TrailSource, logs TrailLogs) (cloudtrail.Finder, error) {
	queue, err := logs.Queue(s.Queue)
	if err != nil {
		return nil, Usage(err)
	}
	n := &cloudtrail.Notified{Queue: queue, Selection: s.Selection}
	only := ""
	if len(s.Paths) == 1 {
		only, n.Prefix, _ = cloudtrail.Location(s.Paths[0])
	}
	n.Bucket = func(name string) (cloudtrail.Bucket, error) {
		if only != "" && name != only {
			return nil, fmt.Errorf("only s3://%s is to be read", only)
		}
		return logs.Bucket(ctx, name)
	}
	return n, nil
}
