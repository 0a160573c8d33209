// Package awstest is an AWS in the same process for tests: real SDK clients,
// answered from saved responses, with whatever trouble a test injects. Its
// contract suite holds for every collector.
package awstest

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/aws/smithy-go"
	"github.com/rogpeppe/go-internal/txtar"

	"holdfast.dev/holdfast/internal/source/aws"
)

// Now is when everything in a test is observed.
var Now = time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)

// Answer is how a call is answered; a test wraps one in another.
type Answer = aws.Answer

// Load reads saved responses from a directory, from every .txtar file in it, or
// from the file dir.txtar beside it; paths are account/region/service/Operation.json.
func Load(dir string) (fs.FS, error) {
	out := fstest.MapFS{}
	archives, err := filepath.Glob(filepath.Join(dir, "*.txtar"))
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(dir + ".txtar"); err == nil {
		archives = append(archives, dir+".txtar")
	}
	for _, name := range archives {
		a, err := txtar.ParseFile(name)
		if err != nil {
			return nil, err
		}
		for _, f := range a.Files {
			out[path.Clean(f.Name)] = &fstest.MapFile{Data: f.Data}
		}
	}
	if _, err := os.Stat(dir); err == nil {
		if err := loadFiles(out, os.DirFS(dir)); err != nil {
			return nil, err
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s: no saved responses (as %s.txtar, or as a directory)", dir, dir)
	}
	return out, nil
}

func loadFiles(out fstest.MapFS, dir fs.FS) error {
	return fs.WalkDir(dir, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !strings.HasSuffix(name, ".json") {
			return err
		}
		b, err := fs.ReadFile(dir, name)
		out[name] = &fstest.MapFile{Data: b}
		return err
	})
}

// Outcome is what a run handed over.
type Outcome struct {
	Batches []aws.Batch
	Calls   map[string]int // service.Operation: how often it was answered or refused
	Err     error
}

// Sorted is the batches by unit: they come in as their units end.
func (o Outcome) Sorted() []aws.Batch {
	out := slices.Clone(o.Batches)
	slices.SortStableFunc(out, func(a, b aws.Batch) int { return strings.Compare(a.Unit.String(), b.Unit.String()) })
	return out
}

// Run runs collectors over saved responses, each call going through trouble,
// which may be nil.
func Run(ctx context.Context, t testing.TB, collectors []aws.Collector, world fs.FS, trouble func(Answer) Answer) Outcome {
	t.Helper()
	return RunWith(ctx, t, collectors, world, trouble, aws.RunOptions{})
}

// RunWith is Run with options of the test's own; sink, clock and sleep are set
// here where they are not there.
func RunWith(ctx context.Context, t testing.TB, collectors []aws.Collector, world fs.FS, trouble func(Answer) Answer, o aws.RunOptions) Outcome {
	t.Helper()
	w, err := aws.SavedFS(world, aws.Options{Collectors: collectors})
	if err != nil {
		t.Fatal(err)
	}
	out := Outcome{Calls: map[string]int{}}
	answer := aws.FromFS(world)
	if trouble != nil {
		answer = trouble(answer)
	}
	var mu sync.Mutex
	counted := func(ctx context.Context, r *aws.Request) (any, error) {
		mu.Lock()
		out.Calls[r.Service+"."+r.Operation]++
		mu.Unlock()
		return answer(ctx, r)
	}
	for i := range w.Targets {
		w.Targets[i].Config = aws.Answered("us-east-1", counted)
	}
	if o.Sink == nil {
		o.Sink = func(_ context.Context, b aws.Batch) error {
			if b.Unit.Collector != "discovery" || len(b.Gaps) > 0 { // else it says only that the account was entered
				out.Batches = append(out.Batches, b)
			}
			return nil
		}
	}
	if o.Now == nil {
		o.Now = func() time.Time { return Now }
	}
	if o.Sleep == nil {
		o.Sleep = func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	}
	out.Err = aws.Run(ctx, w, o)
	return out
}

// Deny refuses the operations that match, all of them where none is named.
func Deny(operations ...string) func(Answer) Answer {
	return failing("AccessDeniedException", "User: arn:aws:sts::111122223333:assumed-role/HoldfastAudit/holdfast is not authorized to perform this action", operations)
}

// Throttle refuses each matching call times times before it is answered.
func Throttle(times int, operations ...string) func(Answer) Answer {
	return func(next Answer) Answer {
		var mu sync.Mutex
		seen := map[string]int{}
		return func(ctx context.Context, r *aws.Request) (any, error) {
			key := fmt.Sprint(r.Account, r.Region, r.Service, r.Operation, aws.Shape(r.Input, nil))
			mu.Lock()
			seen[key]++
			n := seen[key]
			mu.Unlock()
			if matches(r, operations) && n <= times {
				return nil, &smithy.GenericAPIError{Code: "ThrottlingException", Message: "Rate exceeded"}
			}
			return next(ctx, r)
		}
	}
}

// Fail answers the matching operations with an error code.
func Fail(code, message string, operations ...string) func(Answer) Answer {
	return failing(code, message, operations)
}

func failing(code, message string, operations []string) func(Answer) Answer {
	return func(next Answer) Answer {
		return func(ctx context.Context, r *aws.Request) (any, error) {
			if matches(r, operations) {
				return nil, &smithy.GenericAPIError{Code: code, Message: message}
			}
			return next(ctx, r)
		}
	}
}

// Empty answers everything with an output in which nothing is set.
func Empty(Answer) Answer {
	return func(context.Context, *aws.Request) (any, error) { return map[string]any{}, nil }
}

// Slow answers nothing before the context ends.
func Slow(Answer) Answer {
	return func(ctx context.Context, _ *aws.Request) (any, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
}

func matches(r *aws.Request, operations []string) bool {
	if len(operations) == 0 {
		return true
	}
	for _, o := range operations {
		if o == r.Service+"."+r.Operation {
			return true
		}
	}
	return false
}
