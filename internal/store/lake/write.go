package lake

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/store/lock"
)

// Written counts what a writer did.
type Written struct {
	Events     int // that became part of the lake
	Duplicates int // that were in it, or came twice
	Files      int // that were written, those that compaction wrote included
	Bytes      int64
	Units      int
	Compacted  int      // files that compaction replaced
	Damaged    []*Fault // files that compaction could not read
}

// Writer appends to a lake. It belongs to one goroutine.
type Writer struct {
	dir  string
	o    Options
	lock *os.File

	known    [columns]symbols
	spare    blocks
	buffers  map[partition]*buffer
	places   map[placeCodes]*buffer
	size     int
	unit     identities // the events of the unit
	building map[partition]*building
	done     doneList
	last     commit // the newest unit that was carried out
	stored   map[partition][]storedFile
	touched  map[partition]bool
	serial   int
	missed   map[string]*evidence.Gap // nil: it is whole now
	written  Written
	broken   error

	mu       sync.Mutex // building, serial and pending are shared while partitions are flushed
	encoders []*encoder
	pending  Written // of the unit
}

// OpenWriter takes the lock of the lake in a folder, which is made where it is missing,
// and finishes the unit that a process left behind. Close gives the lock back.
func OpenWriter(dir string, o Options) (*Writer, error) {
	o = o.withDefaults()
	for _, folder := range []string{newDir, retiredDir, doneDir} {
		if err := os.MkdirAll(own(dir, folder), 0o755); err != nil {
			return nil, explain(dir, err)
		}
	}
	file, err := lock.Acquire(own(dir), o.Now(), lock.Command(o.Command))
	if held := (*lock.HeldError)(nil); errors.As(err, &held) {
		return nil, say(ErrLocked, nil, "the lake in %q is being written by %v; wait until that is done, or end it, and run the command again (commands that only read are not held up)", dir, held.By)
	}
	if err != nil {
		return nil, explain(dir, err)
	}
	w := &Writer{
		dir: dir, o: o, lock: file, buffers: map[partition]*buffer{}, places: map[placeCodes]*buffer{}, building: map[partition]*building{},
		stored: map[partition][]storedFile{}, touched: map[partition]bool{}, done: doneList{dir: dir},
	}
	if err := w.recover(); err != nil {
		file.Close()
		return nil, explain(dir, err)
	}
	return w, nil
}

func (w *Writer) recover() error {
	if err := recoverUnit(w.dir); err != nil {
		return err
	}
	last, err := readCommit(w.dir, lastFile)
	if err != nil {
		return err
	}
	if last != nil {
		w.last = commit{Unit: last.Unit, Retirements: last.Retirements}
	}
	return expire(w.dir, w.o.Now().Add(-w.o.Grace))
}

// Written is what was done so far; of events only those that were committed count.
func (w *Writer) Written() Written { return w.written }

// Append adds an event to the unit of work, and commits the unit when it is full.
func (w *Writer) Append(ctx context.Context, r *Row) error {
	if w.broken != nil {
		return w.broken
	}
	if len(r.Raw) > mostRecord {
		return fmt.Errorf("a record of %d bytes is too long for the lake, which takes %d", len(r.Raw), mostRecord)
	}
	if y := r.Time.UTC().Year(); y < 1970 || y > 9999 { // no such time could be a folder
		r.Time = time.Time{}
	}
	if len(r.Text[ID]) == 0 {
		r.Text[ID] = nameless(r.Raw)
	}
	if !w.unit.add(identityOf(r.Text[ID], r.Text[Original])) {
		w.pending.Duplicates++
		return nil
	}
	b := w.bufferFor(r)
	before := b.size()
	b.add(r, &w.known)
	w.size += b.size() - before
	switch {
	case w.unit.n >= w.o.Unit:
		return w.Commit(ctx)
	case w.size >= w.o.Buffer || w.symbolBytes() > w.o.Buffer/4:
		return w.fail(w.relieve(ctx))
	}
	return nil
}

// placeCodes is a partition by the codes of its values, so that finding a row's buffer builds
// no texts. Codes hold until they are given anew.
type placeCodes struct {
	org, region, account uint32
	day                  int64
}

func (w *Writer) bufferFor(r *Row) *buffer {
	k := placeCodes{w.known[Organisation].code(r.Text[Organisation]), w.known[Region].code(r.Text[Region]), w.known[Account].code(r.Text[Account]), -1}
	if !r.Time.IsZero() {
		k.day = r.Time.Unix() / 86400
	}
	if b := w.places[k]; b != nil {
		return b
	}
	p := partitionOf(r)
	b := w.buffers[p]
	if b == nil {
		b = &buffer{raws: arena{spare: &w.spare}, ids: arena{spare: &w.spare}}
		w.buffers[p] = b
	}
	w.places[k] = b
	return b
}

// forget gives codes anew: all rows that had them are written.
func (w *Writer) forget() {
	for i := range w.known {
		w.known[i].reset()
	}
	clear(w.places)
}

// mostRecord is the longest record; CloudTrail's stay below a megabyte.
const mostRecord = 16 << 20

// partitionOf says where an event belongs.
func partitionOf(r *Row) partition {
	p := partition{org: fitting(0, r.Text[Organisation]), region: fitting(1, r.Text[Region]), account: fitting(2, r.Text[Account])}
	if !r.Time.IsZero() {
		year, month, day := r.Time.UTC().Date()
		p.day = dayText(year*10000 + int(month)*100 + day)
	}
	return p
}

func fitting(level int, v []byte) string {
	if len(v) > 64 || !fits(level, string(v)) {
		return ""
	}
	return string(v)
}

func dayText(n int) string {
	var b [8]byte
	for i := 7; i >= 0; i-- {
		b[i] = byte('0' + n%10)
		n /= 10
	}
	return string(b[:])
}

// fail keeps the first error: a writer that failed commits nothing more. What it had
// committed stays, and the next writer goes on from there.
func (w *Writer) fail(err error) error {
	if err != nil && w.broken == nil {
		w.broken = explain(w.dir, err)
	}
	return w.broken
}

func (w *Writer) symbolBytes() int {
	n := 0
	for i := range w.known {
		n += w.known[i].bytes
	}
	return n
}

// relieve writes the largest partitions until a quarter of the memory is free. The small ones
// stay, so that many of them do not become many tiny row groups.
func (w *Writer) relieve(ctx context.Context) error {
	all := slices.SortedFunc(maps.Keys(w.buffers), comparePartitions)
	if w.symbolBytes() > w.o.Buffer/4 {
		if err := w.flush(ctx, all); err != nil {
			return err
		}
		w.forget()
		return nil
	}
	slices.SortStableFunc(all, func(a, b partition) int { return cmp.Compare(w.buffers[b].size(), w.buffers[a].size()) })
	size, n := w.size, 0
	for n < len(all) && size > w.o.Buffer*3/4 {
		size -= w.buffers[all[n]].size()
		n++
	}
	return w.flush(ctx, all[:n])
}

func comparePartitions(a, b partition) int {
	return cmp.Or(cmp.Compare(a.org, b.org), cmp.Compare(a.region, b.region), cmp.Compare(a.account, b.account), cmp.Compare(a.day, b.day))
}

// flush turns buffers into row groups of files that are being written.
func (w *Writer) flush(ctx context.Context, which []partition) error {
	for _, p := range which {
		if err := w.learn(ctx, p); err != nil {
			return err
		}
	}
	if err := w.encodersFor(len(which)); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	jobs := make(chan partition)
	group.Go(func() error {
		defer close(jobs)
		for _, p := range which {
			select {
			case jobs <- p:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	for _, e := range w.encoders {
		group.Go(func() error {
			for p := range jobs {
				if err := w.flushOne(ctx, e, p); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for _, p := range which {
		w.size -= w.buffers[p].size()
		w.buffers[p].reset()
		if len(w.buffers) > mostIdle {
			delete(w.buffers, p)
			clear(w.places)
		}
	}
	return nil
}

// encodersFor makes encoders when they are first needed: they take memory.
func (w *Writer) encodersFor(jobs int) error {
	for len(w.encoders) < min(max(1, jobs), runtime.GOMAXPROCS(0)) {
		e, err := newEncoder()
		if err != nil {
			return err
		}
		w.encoders = append(w.encoders, e)
	}
	return nil
}

// mostIdle is how many partitions keep their memory when they are written.
const mostIdle = 64

func (w *Writer) flushOne(ctx context.Context, e *encoder, p partition) error {
	b := w.buffers[p]
	dropped, err := w.dropStored(ctx, p, b)
	if err != nil {
		return err
	}
	w.mu.Lock()
	w.pending.Duplicates += dropped
	w.pending.Events += b.rows() - dropped
	f := w.building[p]
	if f == nil && dropped < b.rows() {
		w.serial++
		f = &building{path: own(w.dir, newDir, fmt.Sprintf("%06d", w.serial))}
		w.building[p] = f
	}
	w.mu.Unlock()
	if f == nil {
		return nil
	}
	return e.encode(b, &w.known, f.add)
}

// Commit makes everything that was appended part of the lake.
func (w *Writer) Commit(ctx context.Context) error {
	if w.broken != nil {
		return w.broken
	}
	return w.fail(w.commit(ctx))
}

func (w *Writer) commit(ctx context.Context) error {
	var waiting []partition
	for _, p := range slices.SortedFunc(maps.Keys(w.buffers), comparePartitions) {
		if w.buffers[p].rows() > 0 {
			waiting = append(waiting, p)
		}
	}
	if err := w.flush(ctx, waiting); err != nil {
		return err
	}
	c := &commit{Unit: w.last.Unit + 1, Retirements: w.last.Retirements}
	files := slices.SortedFunc(maps.Keys(w.building), comparePartitions)
	if err := w.finish(ctx, files); err != nil {
		return err
	}
	var added []storedFile
	for _, p := range files {
		f := w.building[p]
		to := filepath.Join(relRoot, p.path(), f.name.String())
		c.Put = append(c.Put, move{From: filepath.Base(f.path), To: filepath.ToSlash(to)})
		added = append(added, storedFile{partition: p, fileName: f.name, path: to, at: filepath.Join(w.dir, to)})
		w.pending.Bytes += f.size
	}
	var err error
	if c.Done, err = w.done.take(); err != nil {
		return err
	}
	if len(c.Put) > 0 || len(c.Done) > 0 {
		if err := w.carry(c); err != nil {
			return err
		}
	}
	if err := w.recordMissed(); err != nil {
		return err
	}
	for _, f := range added {
		w.stored[f.same()] = append(w.stored[f.same()], f)
		w.touched[f.partition] = true
	}
	w.written.Events += w.pending.Events
	w.written.Duplicates += w.pending.Duplicates
	w.written.Bytes += w.pending.Bytes
	w.written.Files += len(added)
	w.pending = Written{}
	clear(w.building)
	w.unit.reset()
	w.forget()
	if len(w.stored) > mostKnown {
		clear(w.stored)
	}
	return nil
}

// mostKnown is of how many days of an account and Region the files are remembered.
const mostKnown = 1 << 14

// carry commits a unit and carries it out.
func (w *Writer) carry(c *commit) error {
	c.Format, c.At = journalFormat, w.o.Now().UTC()
	if err := c.write(w.dir); err != nil {
		return err
	}
	if err := c.carryOut(w.dir); err != nil {
		return err
	}
	w.last = *c
	w.written.Units++
	return nil
}

// finish completes files, several at a time: each waits for the disk.
func (w *Writer) finish(ctx context.Context, which []partition) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(16)
	for _, p := range which {
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return w.building[p].finish()
		})
	}
	return group.Wait()
}

// Close throws away what was not committed and gives the lock back.
func (w *Writer) Close() error {
	if w.lock == nil {
		return nil
	}
	for _, f := range w.building {
		_ = os.Remove(f.path) // the next writer does it otherwise
	}
	err := w.lock.Close()
	w.lock = nil
	if w.broken == nil {
		w.broken = errors.New("the lake's writer was closed")
	}
	return err
}
