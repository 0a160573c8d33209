package dnslog

import (
	"context"
	"errors"
	"time"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/source/logfile"
)

// Reader reads lookups out of files. It is used once.
type Reader struct {
	Files   []logfile.File
	Since   time.Time // lookups from here on; zero: from the first
	Until   time.Time // and before here; zero: to the last
	Limits  logfile.Limits
	Workers int // files read at a time; 0 is one for each processor

	stats Stats
}

// Stats is what a reading came across.
type Stats struct {
	Files   int // read, whole or in part
	Faulty  int // could not be read, or not whole
	Lookups int64
	Outside int64 // records outside of Since and Until
	Bad     int64 // records that were passed over
	First   time.Time
	Last    time.Time
}

// Batch is some lookups of one file, in its order, or the fault that ended it.
type Batch struct {
	Lookups []evidence.Lookup
	Fault   *logfile.Fault // then there are no lookups

	stats Stats
}

// batch is how many lookups go together.
const batch = 512

// Each reads the files, several at a time, and hands the lookups over in the order of
// the files. A batch ends with take: its memory is used again. An error of take, or
// the context's end, ends the reading and is given back.
func (r *Reader) Each(ctx context.Context, take func(*Batch) error) error {
	return logfile.Recycled(ctx, len(r.Files), r.Workers,
		func(ctx context.Context, i int, spare func() *Batch, put func(*Batch) error) error {
			w := &reading{r: r, file: r.Files[i], put: put, spare: spare, open: logfile.Opener{Limits: r.Limits}}
			return w.run(ctx)
		},
		func(b *Batch) error {
			r.stats.add(&b.stats)
			return take(b)
		})
}

// Stats is what was read so far.
func (r *Reader) Stats() Stats { return r.stats }

func (s *Stats) add(more *Stats) {
	s.Files += more.Files
	s.Faulty += more.Faulty
	s.Lookups += more.Lookups
	s.Outside += more.Outside
	s.Bad += more.Bad
	if !more.First.IsZero() && (s.First.IsZero() || more.First.Before(s.First)) {
		s.First = more.First
	}
	if more.Last.After(s.Last) {
		s.Last = more.Last
	}
}

// reading is the reading of one file.
type reading struct {
	r     *Reader
	file  logfile.File
	put   func(*Batch) error
	spare func() *Batch
	open  logfile.Opener
	parse Parser
	b     *Batch
}

var errTable = errors.New("it is Parquet, in which Resolver query logs are not delivered")

func (w *reading) run(ctx context.Context) error {
	w.next()
	w.b.stats.Files = 1
	opened, err := w.open.Open(ctx, w.file)
	if err == nil {
		if opened.Table {
			err = opened.Fault(0, errTable)
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

// message takes one record.
func (w *reading) message(m *logfile.Message) error {
	l := &w.b.Lookups[:len(w.b.Lookups)+1][len(w.b.Lookups)]
	if err := w.parse.Parse(m.Text, l); err != nil {
		return &logfile.BadRow{Err: err}
	}
	if l.Account == "" {
		l.Account = w.file.Place.Account
	}
	if l.Region == "" {
		l.Region = w.file.Place.Region
	}
	if l.VPC == "" {
		l.VPC = w.file.Place.VPC
	}
	l.File, l.Row = w.file.Name, m.Row
	s := &w.b.stats
	if l.Time.Before(w.r.Since) || !w.r.Until.IsZero() && !l.Time.Before(w.r.Until) {
		s.Outside++
		return nil
	}
	s.Lookups++
	if s.First.IsZero() || l.Time.Before(s.First) {
		s.First = l.Time
	}
	if l.Time.After(s.Last) {
		s.Last = l.Time
	}
	w.b.Lookups = w.b.Lookups[:len(w.b.Lookups)+1]
	if len(w.b.Lookups) < batch {
		return nil
	}
	full := w.b
	w.next()
	return w.put(full)
}

// next begins another batch.
func (w *reading) next() {
	if w.b = w.spare(); w.b == nil {
		w.b = &Batch{Lookups: make([]evidence.Lookup, 0, batch)}
	}
	*w.b = Batch{Lookups: w.b.Lookups[:0]}
}
