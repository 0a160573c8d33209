// Command holdfast answers AWS Well-Architected SEC01 with evidence.
package main

import (
	"context"
	"os"
	"time"

	"holdfast.dev/holdfast/internal/app"
	"holdfast.dev/holdfast/internal/source/aws/collect"
	"holdfast.dev/holdfast/internal/source/aws/trail"
	"holdfast.dev/holdfast/internal/source/cloudtrail"
	"holdfast.dev/holdfast/internal/surface/cli"
)

func main() { os.Exit(run()) }

func run() int {
	a := &app.App{
		Now: time.Now, Env: os.Getenv, Collectors: collect.All(), Generic: collect.CloudControl, ListRegions: collect.Regions,
		OpenTrails: func(ctx context.Context, profile, region string) (app.TrailReader, error) {
			return trail.Open(ctx, trail.Options{Profile: profile, Region: region})
		},
		OpenLogs: func(ctx context.Context, profile, region string) (app.TrailLogs, error) {
			r, err := trail.Open(ctx, trail.Options{Profile: profile, Region: region})
			return logs{r}, err
		},
	}
	return cli.Main(a, cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}, os.Args[1:])
}

// logs gives buckets and queues as reading logs knows them: source/aws and
// source/cloudtrail do not know each other.
type logs struct{ *trail.Reader }

func (l logs) Bucket(ctx context.Context, name string) (cloudtrail.Bucket, error) {
	b, err := l.Reader.Bucket(ctx, name)
	if err != nil {
		return nil, err
	}
	return b, nil
}

func (l logs) Queue(url string) (cloudtrail.Queue, error) {
	q, err := l.Reader.Queue(url)
	if err != nil {
		return nil, err
	}
	return q, nil
}
