// Command gen writes log files of made-up records below a folder, as CloudTrail would
// lay them down, for measurements of whole processes:
//
//	go run ./internal/source/cloudtrail/trailtest/gen -events 1000000 /tmp/logs
//
// or a file of made-up Sigma rules:
//
//	go run ./internal/source/cloudtrail/trailtest/gen -rules 1500 /tmp/rules.yml
package main

import (
	"flag"
	"fmt"
	"os"

	"holdfast.dev/holdfast/internal/source/cloudtrail/trailtest"
)

func main() {
	events := flag.Int("events", 1_000_000, "how many records")
	each := flag.Int("each", 5000, "records in a file")
	seed := flag.Uint64("seed", 1, "the same seed gives the same bytes")
	rules := flag.Int("rules", 0, "write so many rules into a file instead")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: gen [-events N] [-each N] [-seed N] FOLDER, or gen -rules N FILE")
		os.Exit(2)
	}
	if *rules > 0 {
		if err := os.WriteFile(flag.Arg(0), []byte(trailtest.Rules(*rules)), 0o644); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	names, size, err := trailtest.New(*seed, 1_000_000).Write(flag.Arg(0), *events, *each)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Printf("%d files, %d bytes of JSON\n", len(names), size)
}
