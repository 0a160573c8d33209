package app

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"time"

	"golang.org/x/sync/errgroup"

	"holdfast.dev/holdfast/internal/source/cloudtrail"
)

// Find looks with all of them.
func (f finders) Find(ctx context.Context, since time.Time) (all []cloudtrail.File, err error) {
	for _, one := range f {
		files, err := one.Find(ctx, since)
		if err != nil {
			return nil, err
		}
		all = append(all, files...)
	}
	cloudtrail.Order(all)
	return all, nil
}

// File asks those of a bucket first, as every name can be one on this machine.
func (f finders) File(name string) (cloudtrail.File, bool) {
	for _, one := range f {
		if file, ok := one.File(name); ok {
			return file, true
		}
	}
	return cloudtrail.File{}, false
}

// What is fetched ahead in one step of following.
const (
	fetchAhead   = 48 << 20 // bytes
	fetchAtATime = 16
	fetchLargest = 16 << 20 // beyond, a file is read as it comes
)

// fetched has the files of a step in memory before the first of them is looked at, so
// that a download that breaks off leaves no half of a file behind in what detections
// remember: such a file is left out, and comes again with the next look. What does not
// fit comes again too. Local files stay where they are.
func fetched(ctx context.Context, files []cloudtrail.File) (ready []cloudtrail.File, missed []*cloudtrail.Fault, err error) {
	contents := make([][]byte, len(files))
	faults := make([]*cloudtrail.Fault, len(files))
	group, within := errgroup.WithContext(ctx)
	group.SetLimit(fetchAtATime)
	for i, f := range files {
		if _, _, remote := cloudtrail.Location(f.Name); !remote || f.Open == nil {
			continue
		}
		group.Go(func() error {
			contents[i], faults[i] = fetch(within, f)
			return within.Err()
		})
	}
	if err := group.Wait(); err != nil {
		return nil, nil, err
	}
	size := 0
	for i, f := range files {
		switch {
		case faults[i] != nil && faults[i].Passing():
			missed = append(missed, faults[i])
			continue
		case contents[i] != nil:
			if size += len(contents[i]); size > fetchAhead && len(ready) > 0 {
				return ready, missed, nil
			}
			f.Open = func(context.Context) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(contents[i])), nil }
		}
		ready = append(ready, f)
	}
	return ready, missed, nil
}

// fetch reads a file whole; nil where it is to be read as it comes.
func fetch(ctx context.Context, f cloudtrail.File) ([]byte, *cloudtrail.Fault) {
	r, err := f.Open(ctx)
	if err != nil {
		return nil, &cloudtrail.Fault{File: f.Name, Offset: -1, Err: err}
	}
	defer r.Close() // it was only read
	content, err := io.ReadAll(io.LimitReader(r, fetchLargest+1))
	if err != nil {
		return nil, &cloudtrail.Fault{File: f.Name, Offset: -1, Err: fmt.Errorf("downloading: %w", err)}
	}
	if len(content) > fetchLargest {
		return nil, nil
	}
	if content == nil {
		content = []byte{}
	}
	return content, nil
}
