package store

import (
	"errors"
	"fmt"
	"io/fs"

	"modernc.org/sqlite"
)

// What can be wrong with a store. Errors returned by this package wrap one of
// these where one fits, and say in a sentence what to do.
var (
	ErrNoStore   = errors.New("no store")
	ErrLocked    = errors.New("store is being written by another process")
	ErrNewer     = errors.New("store was written by a newer holdfast")
	ErrCorrupt   = errors.New("store is damaged")
	ErrFull      = errors.New("disk is full")
	ErrDenied    = errors.New("store is not accessible")
	ErrReadOnly  = errors.New("store was opened for reading only")
	ErrEarlier   = errors.New("review is older than the last one")
	ErrNotFound  = errors.New("not found")
	ErrAmbiguous = errors.New("ambiguous")
	ErrInput     = errors.New("not storable")
)

// sentence is an error whose text is complete in itself and which still is one
// of the errors above.
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

// Primary result codes of SQLite (sqlite.org/rescode.html).
const (
	codePerm, codeBusy, codeReadOnly, codeIO     = 3, 5, 8, 10
	codeCorrupt, codeFull, codeCantOpen, codeNot = 11, 13, 14, 26
)

// unwritable tells whether the database could not be opened because its
// directory cannot be written.
func unwritable(err error) bool {
	var coded *sqlite.Error
	if !errors.As(err, &coded) {
		return false
	}
	code := coded.Code() & 0xff
	return code == codeCantOpen || code == codeReadOnly
}

// explain turns what the database said into a sentence a person can act on.
func (s *Store) explain(err error) error { return explain(s.dir, err) }

func explain(dir string, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, fs.ErrPermission) {
		return say(ErrDenied, err, "the store directory %q may not be accessed: %v; change its owner or mode, or choose another with --store", dir, err)
	}
	var coded *sqlite.Error
	if !errors.As(err, &coded) {
		return err
	}
	switch coded.Code() & 0xff {
	case codeFull:
		return say(ErrFull, err, "no space left for the store in %q; nothing of this step was kept: free some space there, or move the directory, and run the command again", dir)
	case codeCorrupt, codeNot:
		return say(ErrCorrupt, err, "the store in %q is damaged or is not a Holdfast store (%v); restore the directory from a backup, or move it away and collect again", dir, err)
	case codePerm, codeReadOnly, codeCantOpen:
		return say(ErrDenied, err, "the store in %q cannot be opened or written (%v); check the owner and mode of the directory and of the files in it", dir, err)
	case codeIO:
		return say(ErrDenied, err, "reading or writing the store in %q failed (%v); nothing of this step was kept: check the disk and run the command again", dir, err)
	case codeBusy:
		return say(ErrLocked, err, "the database in %q is held by another program (%v); close it and run the command again", dir, err)
	}
	return fmt.Errorf("store in %q: %w", dir, err)
}
