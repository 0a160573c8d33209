package logfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

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
	why := strings.TrimPrefix(f.Err.Error(), f.File+": ") // who opens files may name them too
	switch {
	case f.Offset < 0:
		return fmt.Sprintf("%s: %s", f.File, why)
	case f.Skipped == 1:
		return fmt.Sprintf("%s: at byte %d: one row passed over: %s", f.File, f.Offset, why)
	case f.Skipped > 0:
		return fmt.Sprintf("%s: from byte %d: %d rows passed over: %s", f.File, f.Offset, f.Skipped, why)
	}
	return fmt.Sprintf("%s: at byte %d: %s; what follows in this file was not read", f.File, f.Offset, why)
}

func (f *Fault) Unwrap() error { return f.Err }

// reasoned is an error that knows what kind of gap it makes.
type reasoned interface {
	error
	Reason() evidence.Reason
}

// Gap is the fault as evidence keeps it. The service is that whose logs are missing.
func (f *Fault) Gap(service string) evidence.Gap {
	return evidence.Gap{
		Account: f.Place.Account, Region: f.Place.Region, Service: service, Operation: "ReadLogs",
		Resource: f.File, Reason: ReasonOf(f.Err, f.Offset >= 0), Detail: f.Error(),
	}
}

// ReasonOf is the kind of gap that an error makes of a file, which was opened or not.
func ReasonOf(err error, opened bool) evidence.Reason {
	var told reasoned
	switch {
	case errors.As(err, &told):
		return told.Reason()
	case errors.Is(err, fs.ErrPermission):
		return evidence.Denied
	case !opened:
		return evidence.Failed
	}
	return evidence.Corrupt
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
