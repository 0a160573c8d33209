// Package app is configuration and wiring: it opens what a command needs (the
// workspace, the store, the controls) and runs the operations that commands are
// made of. It knows no flags and prints nothing; what a command says is the
// surface's.
package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"

	"holdfast.dev/holdfast/catalog"
	"holdfast.dev/holdfast/internal/engine/check"
	"holdfast.dev/holdfast/internal/finding"
	"holdfast.dev/holdfast/internal/operate/control"
	"holdfast.dev/holdfast/internal/operate/guardrail"
	"holdfast.dev/holdfast/internal/operate/review"
	"holdfast.dev/holdfast/internal/source/aws"
)

// App is the program's surroundings. Tests bring their own.
type App struct {
	Now func() time.Time
	Env func(string) string

	// Collectors are those of the live source. They come from outside, because
	// their SDK takes minutes to compile and only the binary needs it.
	Collectors []aws.Collector
	// ListRegions asks EC2 where account:ListRegions is denied.
	ListRegions func(context.Context, sdk.Config) ([]aws.Region, error)
	// Generic makes collectors of any types that Cloud Control API lists.
	Generic func(types []string) []aws.Collector
	// OpenTrails reads trails and their buckets with the credentials of a profile.
	OpenTrails func(ctx context.Context, profile, region string) (TrailReader, error)
	// OpenLogs reads the buckets that logs lie in, and the queues that tell of new ones.
	OpenLogs func(ctx context.Context, profile, region string) (TrailLogs, error)
}

// Exit codes, as documented.
const (
	ExitOK         = 0
	ExitViolations = 1 // failures at or above the threshold
	ExitUsage      = 2 // usage, configuration, or input that cannot be read
	ExitUnseen     = 3 // could not see enough to judge (--strict)
	ExitInternal   = 4
)

// ExitError ends a command with a code. Without a cause nothing more is said.
type ExitError struct {
	Code int
	Err  error
}

func (e *ExitError) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("exit code %d", e.Code)
	}
	return e.Err.Error()
}

func (e *ExitError) Unwrap() error { return e.Err }

// Usage marks an error as one of usage or configuration.
func Usage(err error) error {
	if err == nil {
		return nil
	}
	return &ExitError{Code: ExitUsage, Err: err}
}

// Code is the exit code of an error; one that nobody classified is internal.
func Code(err error) int {
	var exit *ExitError
	switch {
	case err == nil:
		return ExitOK
	case errors.As(err, &exit):
		return exit.Code
	}
	return ExitInternal
}

// Version is the version of this binary.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "0.1.0-dev"
	}
	return info.Main.Version
}

// Controls loads the catalogue's controls and those of the given folders.
func Controls(folders []string) ([]check.Control, error) {
	controls, err := control.Load(catalog.Files, "controls")
	if err != nil {
		return nil, err
	}
	for _, folder := range folders {
		own, err := LoadControls(folder)
		if err != nil {
			return nil, err
		}
		controls = append(controls, own...)
	}
	return controls, nil
}

// LoadControls reads the controls of a folder of the user's.
func LoadControls(folder string) ([]check.Control, error) {
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		return nil, Usage(fmt.Errorf("%s is not a folder of controls", folder))
	}
	controls, err := control.LoadFrom(os.DirFS(folder), ".", filepath.ToSlash(folder))
	return controls, Usage(err)
}

// Engine compiles the controls with the workspace's parameters. Those of a
// control that does not exist are refused: they would be without effect.
func Engine(controls []check.Control, params map[string]map[string]any) (*check.Engine, error) {
	for _, id := range slices.Sorted(maps.Keys(params)) {
		if !slices.ContainsFunc(controls, func(c check.Control) bool { return c.ID == id }) {
			return nil, Usage(fmt.Errorf("%s: params: there is no control %q; `holdfast controls list` names those there are", WorkspaceFile, id))
		}
	}
	engine, err := check.Compile(controls, control.Options(params))
	return engine, Usage(err)
}

// Knowledge reads what reviews judge by out of the catalogue.
func Knowledge() (review.Knowledge, error) { return review.LoadKnowledge(catalog.Files) }

// Guardrails compiles the catalogue's guardrails.
func Guardrails() (*check.Guardrails, error) {
	list, err := guardrail.Load(catalog.Files, "guardrails")
	if err != nil {
		return nil, err
	}
	return check.CompileGuardrails(list, control.Options(nil))
}

// LoadExceptions reads every file of exceptions in a folder. No folder means no
// exceptions.
func LoadExceptions(folder string) (finding.Register, error) {
	var register finding.Register
	var faults []error
	names := map[string]int{}
	err := filepath.WalkDir(folder, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(name) != ".yaml" && filepath.Ext(name) != ".yml" {
			return err
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		parsed, err := finding.ParseExceptions(name, data)
		if err != nil {
			faults = append(faults, err)
		}
		for _, x := range parsed {
			if names[x.ID]++; names[x.ID] > 1 {
				faults = append(faults, fmt.Errorf("%s:%d: exception %q is declared twice", x.File, x.Line, x.ID))
			}
		}
		register = append(register, parsed...)
		return nil
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		faults = append(faults, err)
	}
	return register, Usage(errors.Join(faults...))
}
