package lake

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"holdfast.dev/holdfast/internal/evidence"
)

// What can be wrong with a lake. Errors wrap one of these where one fits, and say in a
// sentence what to do.
var (
	ErrNoLake = errors.New("no lake")
	ErrLocked = errors.New("lake is being written by another process")
	ErrFull   = errors.New("disk is full")
	ErrDenied = errors.New("lake is not accessible")
	ErrNewer  = errors.New("lake was written by a newer holdfast")
)

// Fault is a file of the lake that could not be read, or one that is not the lake's.
type Fault struct {
	File string
	Err  error
}

func (f *Fault) Error() string { return fmt.Sprintf("%s: %v", f.File, f.Err) }
func (f *Fault) Unwrap() error { return f.Err }

// Gap is the fault as evidence keeps it.
func (f *Fault) Gap() evidence.Gap {
	return evidence.Gap{Service: "cloudtrail", Operation: "ReadLake", Resource: f.File, Reason: evidence.Corrupt, Detail: f.Err.Error()}
}

// sentence is an error whose text is complete in itself and which still is one of the
// errors above.
type sentence struct {
	text  string
	is    error
	cause error
}

func (e *sentence) Error() string   { return e.text }
func (e *sentence) Unwrap() []error { return []error{e.is, e.cause} }

func say(is, cause error, format string, args ...any) error {
	return &sentence{fmt.Sprintf(format, args...), is, cause}
}

func exists(dir string) error {
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return say(ErrNoLake, err, "there is no lake in %q yet; fill one with `holdfast trail import`", dir)
	case err != nil:
		return explain(dir, err)
	case !info.IsDir():
		return say(ErrNoLake, nil, "%q is a file; a lake is a folder", dir)
	}
	return nil
}

// explain turns what the system said about the lake's folder into a sentence a person
// can act on.
func explain(dir string, err error) error {
	var known *sentence
	switch {
	case err == nil || errors.As(err, &known):
		return err
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return say(ErrFull, err, "no space left for the lake in %q; what was committed stays and nothing else was kept: free some space there and run the command again", dir)
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return say(ErrDenied, err, "the lake in %q may not be accessed: %v; change its owner or mode, or choose another with --lake", dir, err)
	}
	return fmt.Errorf("lake in %q: %w", dir, err)
}
