// Command holdfast answers AWS Well-Architected SEC01 with evidence.
package main

import (
	"context"
	"os"
	"time"

	"holdfast.dev/holdfast/internal/app"
	"holdfast.dev/holdfast/internal/source/aws/collect"
	"holdfast.dev/holdfast/internal/source/aws/trail"
	"holdfast.dev/holdfast/internal/surface/cli"
)

func main() { os.Exit(run()) }

func run() int {
	a := &app.App{
		Now: time.Now, Env: os.Getenv, Collectors: collect.All(), Generic: collect.CloudControl, ListRegions: collect.Regions,
		OpenTrails: func(ctx context.Context, profile, region string) (app.TrailReader, error) {
			return trail.Open(ctx, profile, region)
		},
	}
	return cli.Main(a, cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}, os.Args[1:])
}
