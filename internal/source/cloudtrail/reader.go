package cloudtrail

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"strings"
	"time"

	"holdfast.dev/holdfast/internal/evidence"
)

// Reader reads events out of files, in the order of the files. It is used once.
type Reader struct {
	Files  []File
	Since  time.Time // events from here on; zero: from the first
	Until  time.Time // and before here; zero: to the last
	Limits Limits

	stats Stats
	seen  seen
	names names
}

// Stats is what was read so far.
func (r *Reader) Stats() Stats { return r.stats }

// Fault is a file, or a part of one, that could not be read. The events before
// Offset were handed over; the other files are read all the same.
type Fault struct {
	File   string
	Offset int64 // in the decompressed content; -1 where the file could not be opened
	// Skipped is how many elements from Offset on were passed over one by one; 0 where
	// nothing behind Offset was read.
	Skipped int
	Err     error
}

func (f *Fault) Error() string {
	if f.Offset < 0 {
		return fmt.Sprintf("%s: %v", f.File, f.Err)
	}
	if f.Skipped > 0 {
		return fmt.Sprintf("%s: from byte %d: %d passed over: %v", f.File, f.Offset, f.Skipped, f.Err)
	}
	return fmt.Sprintf("%s: at byte %d: %v; what follows in this file was not read", f.File, f.Offset, f.Err)
}

func (f *Fault) Unwrap() error { return f.Err }

// Gap is the fault as evidence keeps it.
func (f *Fault) Gap() evidence.Gap {
	reason := evidence.Corrupt
	switch {
	case errors.Is(f.Err, fs.ErrPermission):
		reason = evidence.Denied
	case f.Offset < 0:
		reason = evidence.Failed
	}
	return evidence.Gap{Service: "cloudtrail", Operation: "ReadLogs", Resource: f.File, Reason: reason, Detail: f.Error()}
}

// Events yields the events, and a *Fault in the place of what could not be read.
// Any other error (the context's) ends the sequence. The record of an event stays
// valid, and keeps a block of the file in memory as long as it is held.
func (r *Reader) Events(ctx context.Context) iter.Seq2[evidence.Event, error] {
	return func(yield func(evidence.Event, error) bool) {
		r.Limits = r.Limits.orDefault()
		r.seen.most = max(1, r.Limits.IDs/2)
		for _, f := range r.Files {
			if err := ctx.Err(); err != nil {
				yield(evidence.Event{}, err)
				return
			}
			if r.passOver(f) {
				continue
			}
			err := r.file(ctx, f, yield)
			switch fault := (*Fault)(nil); {
			case errors.Is(err, errStop):
				return
			case errors.As(err, &fault):
				r.stats.Faulty++
				if !yield(evidence.Event{}, fault) {
					return
				}
			case err != nil:
				yield(evidence.Event{}, err)
				return
			}
		}
	}
}

// late is how much older than its file's delivery an event may be said to be at
// most, clocks and minutes considered: events are never newer than their file.
const late = time.Hour

func (r *Reader) passOver(f File) bool {
	switch kind := kindOf(f.Name); {
	case kind == "CloudTrail-Digest":
		r.stats.Digests++
	case kind != "" && !strings.HasPrefix(kind, "CloudTrail"):
		r.stats.Foreign++
	case !f.Delivered.IsZero() && f.Delivered.Add(late).Before(r.Since):
		r.stats.Early++
	default:
		return false
	}
	return true
}

var errForeign = errors.New("not a CloudTrail record: it has neither an eventID nor an eventSource and eventName")

func (r *Reader) file(ctx context.Context, f File, yield func(evidence.Event, error) bool) error {
	r.stats.Files++
	opened, err := f.Open()
	if err != nil {
		return &Fault{File: f.Name, Offset: -1, Err: bare(err)}
	}
	defer opened.Close() // it was only read
	content, err := plain(opened, r.Limits)
	if err != nil {
		return &Fault{File: f.Name, Err: cutOff(err)}
	}
	var foreign Fault
	err = scan(ctx, content, r.Limits, &r.names, func(e evidence.Event, at int64, bad error) bool {
		switch {
		case bad != nil:
			if foreign.Skipped++; foreign.Skipped == 1 {
				foreign.File, foreign.Offset, foreign.Err = f.Name, at, bad
			}
			return true
		case !r.wanted(&e):
			return true
		}
		r.count(&e)
		return yield(e, nil)
	})
	switch at := (*syntax)(nil); {
	case errors.Is(err, errDigest):
		r.stats.Digests++
		r.stats.Files--
		return nil
	case errors.As(err, &at):
		return &Fault{File: f.Name, Offset: at.offset, Err: cutOff(at.err)}
	case err == nil && foreign.Skipped > 0:
		return &foreign
	}
	return err
}

// bare takes the file's name out of an error of the operating system; the fault
// says it already.
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

func (r *Reader) wanted(e *evidence.Event) bool {
	if !e.Time.IsZero() && (e.Time.Before(r.Since) || !r.Until.IsZero() && !e.Time.Before(r.Until)) {
		r.stats.Outside++
		return false
	}
	if r.seen.again(e.ID) {
		r.stats.Duplicates++
		return false
	}
	return true
}

func (r *Reader) count(e *evidence.Event) {
	r.stats.Events++
	if e.Time.IsZero() {
		return
	}
	if r.stats.First.IsZero() || e.Time.Before(r.stats.First) {
		r.stats.First = e.Time
	}
	if e.Time.After(r.stats.Last) {
		r.stats.Last = e.Time
	}
}

// errDigest marks a digest file under another name than AWS gives it.
var errDigest = errors.New("a digest file")

// scan hands over every record of decompressed content, and where the text is fine
// but no record, the reason.
func scan(ctx context.Context, content io.Reader, limits Limits, known *names, event func(e evidence.Event, at int64, bad error) bool) error {
	c := cutter{r: content, limits: limits}
	n := 0
	c.record = func(raw []byte, at int64) (bool, error) {
		if n++; n%1024 == 0 && ctx.Err() != nil {
			return false, ctx.Err()
		}
		e, ok, err := known.read(raw, limits)
		if err == nil && !ok {
			if inner, found := wrapped(raw, limits.Depth); found {
				if end, bad := (text{b: inner, depth: limits.Depth}).value(0, 0); bad != nil || end != len(inner) {
					return false, fmt.Errorf("CloudTrailEvent holds no record: %w", errJSON)
				}
				e, ok, err = known.read(inner, limits)
			}
		}
		switch {
		case err != nil:
			return false, err
		case !ok && digest(raw):
			return false, errDigest
		case !ok:
			err = errForeign
		}
		return event(e, at, err), nil
	}
	err := c.run()
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return ctx.Err()
	}
	return err
}

// digest tells whether an object that is no record is a digest.
func digest(raw []byte) bool {
	return bytes.Contains(raw[:min(len(raw), 4<<10)], []byte(`"digestS3Object"`))
}
