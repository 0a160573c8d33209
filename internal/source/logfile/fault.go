package logfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"

	"holdfast.dev/holdfast/internal/evidence"
)

// Fault is a file, or a part of one, that could not be read. The records before it
// were handed over; the other files are read all the same.
type Fault struct {
	File   string
	Place  Place
	Offset int64 // in the decompressed content; -1 where the file could not be opened
	// Skipped is how many rows from Offset on were passed over one by one, the others
	// read; 0 where nothing behind Offset was read.
	Skipped int64
	Err     error
}

func (f *Fault) Error() string {
	switch {
	case f.Offset < 0:
		return fmt.Sprintf("%s: %v", f.File, f.Err)
	case f.Skipped == 1:
		return fmt.Sprintf("%s: at byte %d: one row passed over: %v", f.File, f.Offset, f.Err)
	case f.Skipped > 0:
		return fmt.Sprintf("%s: from byte %d: %d rows passed over: %v", f.File, f.Offset, f.Skipped, f.Err)
	}
	return fmt.Sprintf("%s: at byte %d: %v; what follows in this file was not read", f.File, f.Offset, f.Err)
}

func (f *Fault) Unwrap() error { return f.Err }

// reasoned is an error that knows what kind of gap it makes.
type reasoned interface {
	error
	Reason() evidence.Reason
}

// Gap is the fault as evidence keeps it. The service is that whose logs are missing.
func (f *Fault) Gap(service string) evidence.Gap {
	reason := evidence.Corrupt
	var told reasoned
	switch {
	case errors.As(f.Err, &told):
		reason = told.Reason()
	case errors.Is(f.Err, fs.ErrPermission):
		reason = evidence.Denied
	case f.Offset < 0:
		reason = evidence.Failed
	}
	return evidence.Gap{Account: f.Place.Account, Region: f.Place.Region, Service: service, Operation: "ReadLogs", Resource: f.File, Reason: reason, Detail: f.Error()}
}

// bare takes the file's name out of an error of the operating system; the fault says
// it already.
func bare(err error) error {
	if p := (*fs.PathError)(nil); errors.As(err, &p) {
		return p.Err
	}
	return err
}

// cutOff says in words what a missing end looks like from inside.
func cutOff(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("the file is cut off: %w", err)
	}
	return err
}
