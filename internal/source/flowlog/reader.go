package flowlog

import (
	"context"
	"errors"
	"slices"
	"time"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/source/logfile"
)

// Reader reads flows out of files. It is used once.
type Reader struct {
	Files   []logfile.File
	Format  *Format   // of text without a header; nil is Default
	Since   time.Time // flows that end from here on; zero: from the first
	Until   time.Time // and begin before here; zero: to the last
	Limits  logfile.Limits
	Workers int // files read at a time; 0 is one for each processor

	stats Stats
}

// Stats is what a reading came across.
type Stats struct {
	Files    int // read, whole or in part
	Faulty   int // could not be read, or not whole
	Flows    int64
	NoData   int64 // rows that say there was no traffic
	SkipData int64 // rows that say flows were lost
	Outside  int64 // rows outside of Since and Until
	Bad      int64 // rows that were passed over
	First    time.Time
	Last     time.Time
	// Lost are the interfaces of which flows were lost, a hundred at most, in order.
	Lost []string
	// Lacking are fields that detections ask for and some file did not have, in order.
	Lacking []string
}

// Batch is some flows of one file, in its order, or the fault that ended it.
type Batch struct {
	Flows []evidence.Flow
	Fault *logfile.Fault // then there are no flows

	stats Stats
}

// batch is how many flows go together.
const batch = 1024

// Each reads the files, several at a time, and hands the flows over in the order of
// the files. A batch ends with take: its memory is used again. An error of take, or
// the context's end, ends the reading and is given back.
func (r *Reader) Each(ctx context.Context, take func(*Batch) error) error {
	return logfile.Recycled(ctx, len(r.Files), r.Workers,
		func(ctx context.Context, i int, spare func() *Batch, put func(*Batch) error) error {
			w := &reading{r: r, file: r.Files[i], put: put, spare: spare, open: logfile.Opener{Limits: r.Limits}}
			return w.run(ctx)
		},
		func(b *Batch) error {
			r.stats.add(b)
			return take(b)
		})
}

// Stats is what was read so far.
func (r *Reader) Stats() Stats { return r.stats }

func (s *Stats) add(b *Batch) {
	s.Files += b.stats.Files
	s.Faulty += b.stats.Faulty
	s.Flows += b.stats.Flows
	s.NoData += b.stats.NoData
	s.SkipData += b.stats.SkipData
	s.Outside += b.stats.Outside
	s.Bad += b.stats.Bad
	if !b.stats.First.IsZero() && (s.First.IsZero() || b.stats.First.Before(s.First)) {
		s.First = b.stats.First
	}
	if b.stats.Last.After(s.Last) {
		s.Last = b.stats.Last
	}
	s.Lost = merged(s.Lost, b.stats.Lost)
	s.Lacking = merged(s.Lacking, b.stats.Lacking)
}

// merged adds texts to a short list in order.
func merged(list, more []string) []string {
	for _, s := range more {
		if i, ok := slices.BinarySearch(list, s); !ok && len(list) < 100 {
			list = slices.Insert(list, i, s)
		}
	}
	return list
}

// reading is the reading of one file.
type reading struct {
	r      *Reader
	file   logfile.File
	put    func(*Batch) error
	spare  func() *Batch
	open   logfile.Opener
	parser Parser
	b      *Batch
	judged bool // whether the first row was looked at for a header
}

func (w *reading) run(ctx context.Context) error {
	w.next()
	w.b.stats.Files = 1
	opened, err := w.open.Open(ctx, w.file)
	if err == nil {
		w.parser.Format = w.r.Format
		if opened.Table {
			err = w.table(ctx, opened)
		} else {
			err = opened.Messages(ctx, w.message)
		}
		opened.Close() // it was only read
	}
	var fault *logfile.Fault
	if err != nil && !errors.As(err, &fault) {
		return err
	}
	if err := w.put(w.b); err != nil || fault == nil {
		return err
	}
	w.next()
	w.b.Fault, w.b.stats.Faulty, w.b.stats.Bad = fault, 1, fault.Skipped
	return w.put(w.b)
}

// lookedFor are fields without which some detections see less.
var lookedFor = []string{"interface-id", "dstport", "srcport", "protocol", "packets", "bytes", "action", "account-id"}

// message takes one row of text.
func (w *reading) message(m *logfile.Message) error {
	if !w.judged {
		w.judged = true
		f, is, err := header(m.Text)
		if err != nil {
			return &logfile.Fault{File: w.file.Name, Place: w.file.Place, Offset: m.Offset, Err: err}
		}
		if is {
			w.parser.Format = f
		}
		w.lacking()
		if is {
			return nil
		}
	}
	f := w.slot()
	row, err := w.parser.Parse(m.Text, f)
	if err != nil {
		// Files that were put together have a header in their midst.
		if again, is, _ := header(m.Text); is && again != nil {
			w.parser.Format = again
			return nil
		}
		return &logfile.BadRow{Err: err}
	}
	f.Row = m.Row
	return w.keep(f, row)
}

func (w *reading) lacking() {
	format := w.parser.Format
	if format == nil {
		format = Default
	}
	w.b.stats.Lacking = merged(w.b.stats.Lacking, format.Missing(slices.Clone(lookedFor)...))
}

// slot is the place for the next flow.
func (w *reading) slot() *evidence.Flow { return &w.b.Flows[:len(w.b.Flows)+1][len(w.b.Flows)] }

// keep counts a row, and keeps the flow that lies in the slot.
func (w *reading) keep(f *evidence.Flow, row Row) error {
	s := &w.b.stats
	if f.Account == "" {
		f.Account = w.file.Place.Account
	}
	if f.Region == "" {
		f.Region = w.file.Place.Region
	}
	f.File = w.file.Name
	switch {
	case f.End.Before(w.r.Since) || !w.r.Until.IsZero() && !f.Start.Before(w.r.Until):
		s.Outside++
		return nil
	case row == NoData:
		s.NoData++
		return nil
	case row == SkipData:
		s.SkipData++
		s.Lost = merged(s.Lost, []string{f.Interface})
		return nil
	}
	s.Flows++
	if s.First.IsZero() || f.Start.Before(s.First) {
		s.First = f.Start
	}
	if f.End.After(s.Last) {
		s.Last = f.End
	}
	w.b.Flows = w.b.Flows[:len(w.b.Flows)+1]
	if len(w.b.Flows) < batch {
		return nil
	}
	full := w.b
	w.next()
	return w.put(full)
}

// next begins another batch.
func (w *reading) next() {
	if w.b = w.spare(); w.b == nil {
		w.b = &Batch{Flows: make([]evidence.Flow, 0, batch)}
	}
	*w.b = Batch{Flows: w.b.Flows[:0]}
}
