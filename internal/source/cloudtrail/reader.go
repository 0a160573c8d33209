package cloudtrail

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"strings"
	"time"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/source/logfile"
)

// Reader reads events out of files, in the order of the files. It is used once.
type Reader struct {
	Files  []File
	Since  time.Time // events from here on; zero: from the first
	Until  time.Time // and before here; zero: to the last
	Limits Limits

	// Seen remembers the events that were handed over. Readers that share it hand over
	// none twice; nil is a memory of this reading's own.
	Seen *Seen
	// Workers is how many files Each reads at a time; 0 is one for each processor. For
	// files that are far away more are better.
	Workers int

	stats  Stats
	events Eventer
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
	why := strings.TrimPrefix(f.Err.Error(), f.File+": ") // who opens files may name them too
	if f.Offset < 0 {
		return fmt.Sprintf("%s: %s", f.File, why)
	}
	if f.Skipped > 0 {
		return fmt.Sprintf("%s: from byte %d: %d passed over: %s", f.File, f.Offset, f.Skipped, why)
	}
	return fmt.Sprintf("%s: at byte %d: %s; what follows in this file was not read", f.File, f.Offset, why)
}

func (f *Fault) Unwrap() error { return f.Err }

// Gap is the fault as evidence keeps it.
func (f *Fault) Gap() evidence.Gap {
	at, _ := logfile.PlaceOf(f.File)
	return evidence.Gap{
		Account: at.Account, Region: at.Region, Service: "cloudtrail", Operation: "ReadLogs",
		Resource: f.File, Reason: logfile.ReasonOf(f.Err, f.Offset >= 0), Detail: f.Error(),
	}
}

// Passing tells that the fault lies with the way to the file, not with the file: reading
// it again later may go well.
func (f *Fault) Passing() bool {
	switch f.Gap().Reason {
	case evidence.Throttled, evidence.Failed:
		return !errors.Is(f.Err, fs.ErrNotExist)
	}
	return false
}

// Events yields the events, and a *Fault in the place of what could not be read.
// Any other error (the context's) ends the sequence. The record of an event stays
// valid, and keeps a block of the file in memory as long as it is held.
func (r *Reader) Events(ctx context.Context) iter.Seq2[evidence.Event, error] {
	return func(yield func(evidence.Event, error) bool) {
		r.begin()
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

func (r *Reader) begin() {
	r.Limits = r.Limits.orDefault()
	if r.Seen == nil {
		r.Seen = NewSeen(r.Limits.IDs)
	}
}

// late is how much older than its file's delivery an event may be said to be at
// most, clocks and minutes considered: events are never newer than their file.
const late = time.Hour

func (r *Reader) passOver(f File) bool {
	switch kind := kindOf(f.Name); {
	case kind == "CloudTrail-Digest":
		r.stats.Digests++
	case !holdsRecords(kind):
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
	var one Record
	c := cutter{slot: func() *Record { return &one }}
	c.record = func(rec *Record) (bool, error) {
		switch {
		case r.outside(rec):
			r.stats.Outside++
			return true, nil
		case r.Seen.again(&rec.id):
			r.stats.Duplicates++
			return true, nil
		}
		r.stats.count(rec)
		return yield(r.events.Event(rec), nil), nil
	}
	err := (&opener{limits: r.Limits}).read(ctx, f, &c)
	if errors.Is(err, errDigest) {
		r.stats.Digests++
		r.stats.Files--
		return nil
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

// outside tells that a record's time is known and not asked for.
func (r *Reader) outside(rec *Record) bool {
	if r.Since.IsZero() && r.Until.IsZero() {
		return false
	}
	at := rec.Time()
	return !at.IsZero() && (at.Before(r.Since) || !r.Until.IsZero() && !at.Before(r.Until))
}

// Add adds what another reading came across.
func (s *Stats) Add(o Stats) {
	s.Files += o.Files
	s.Faulty += o.Faulty
	s.Digests += o.Digests
	s.Foreign += o.Foreign
	s.Early += o.Early
	s.Events += o.Events
	s.Duplicates += o.Duplicates
	s.Outside += o.Outside
	s.Addenda += o.Addenda
	s.Insights += o.Insights
	if s.First.IsZero() || !o.First.IsZero() && o.First.Before(s.First) {
		s.First = o.First
	}
	if o.Last.After(s.Last) {
		s.Last = o.Last
	}
}

// count adds a record that is handed over.
func (s *Stats) count(rec *Record) {
	s.Events++
	if rec.Value(Addendum).Type() == Object {
		s.Addenda++
	}
	if string(rec.Value(EventCategory).raw) == `"Insight"` {
		s.Insights++
	}
	at := rec.Time()
	if at.IsZero() {
		return
	}
	if s.First.IsZero() || at.Before(s.First) {
		s.First = at
	}
	if at.After(s.Last) {
		s.Last = at
	}
}
