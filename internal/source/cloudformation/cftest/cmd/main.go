// Command cmd writes a tree of generated CloudFormation templates, to try
// Holdfast at scale:
//
//	go run ./internal/source/cloudformation/cftest/cmd -dir /tmp/tree -format yaml
package main

import (
	"flag"
	"fmt"
	"os"

	"holdfast.dev/holdfast/internal/source/cloudformation/cftest"
)

func main() {
	dir := flag.String("dir", "", "folder to write to")
	format := flag.String("format", "yaml", "yaml or json")
	templates := flag.Int("templates", 40, "how many templates")
	resources := flag.Int("resources", 500, "how many resources in each")
	seed := flag.Uint64("seed", 1, "the same seed gives the same tree")
	flag.Parse()
	if *dir == "" {
		fmt.Fprintln(os.Stderr, "cftest: -dir names no folder; give one to write to")
		os.Exit(2)
	}
	if err := cftest.Write(*dir, *format, *templates, *resources, *seed); err != nil {
		fmt.Fprintln(os.Stderr, "cftest:", err)
		os.Exit(1)
	}
}
