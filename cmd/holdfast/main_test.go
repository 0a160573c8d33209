package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"holdfast.dev/holdfast/internal/store"
)

// TestMain lets this test binary stand in for holdfast, so that scripts run the
// command's own code path in a process of its own.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"holdfast": func() { os.Exit(run()) }})
}

// TestScripts runs testdata/*.txtar: each holds a world, commands, and what they
// have to say. Besides testscript's own commands there are
//
//	exits N command args…    the command ends with exactly this code
//	lines FILE N             the file has this many lines
//	findingid FILE NAME      the first finding id in the file becomes $NAME
//	expand FILE TO           copies the file with its $VARIABLES filled in
//	hold DIR                 the store is being written until the script ends
//	trailmirror DIR          DIR/main and DIR/org mirror log buckets with digests
//
// and $ROOT is the repository, $TODAY and $LATER are dates.
func TestScripts(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("ROOT", root)
			e.Setenv("TODAY", time.Now().UTC().Format(time.DateOnly))
			e.Setenv("LATER", time.Now().UTC().AddDate(0, 6, 0).Format(time.DateOnly))
			e.Setenv("AWS_EC2_METADATA_DISABLED", "true")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "lines": lines, "findingid": findingID, "expand": expand, "hold": hold, "trailmirror": trailMirror,
		},
		// [ci] is true where the long suites are asked for.
		Condition: func(cond string) (bool, error) {
			if cond != "ci" {
				return false, fmt.Errorf("there is no condition %q", cond)
			}
			return os.Getenv("HOLDFAST_CI") != "", nil
		},
	})
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits N command args…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%s did not run: %v", args[1], err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("%s ended with %d, want %d", strings.Join(args[1:], " "), got, want)
	}
}

func lines(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: lines FILE N")
	}
	want, err := strconv.Atoi(args[1])
	ts.Check(err)
	if got := strings.Count(ts.ReadFile(args[0]), "\n"); got != want {
		ts.Fatalf("%s has %d lines, want %d", args[0], got, want)
	}
}

var idPattern = regexp.MustCompile(`"id":\s*"([0-9a-f]{32})"`)

func findingID(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: findingid FILE NAME")
	}
	m := idPattern.FindStringSubmatch(ts.ReadFile(args[0]))
	if m == nil {
		ts.Fatalf("%s has no finding id", args[0])
	}
	ts.Setenv(args[1], m[1])
}

func expand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: expand FILE TO")
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(os.Expand(ts.ReadFile(args[0]), ts.Getenv)), 0o644))
}

func hold(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: hold DIR")
	}
	s, err := store.Open(context.Background(), ts.MkAbs(args[0]), store.Options{Now: time.Now})
	ts.Check(err)
	ts.Defer(func() { _ = s.Close() })
}
