package cloudtrail

import (
	"context"
	"errors"
	"runtime"
	"sync"

	"golang.org/x/sync/errgroup"
)

// Batch is some records of one file, in the file's order, or the fault that ended it.
type Batch struct {
	File    string
	Records []Record
	Fault   *Fault // then there are no records
	Last    bool   // of its file

	buf   []byte
	stats Stats
}

// Each reads the files with several workers. Every batch of records first goes to
// look, which the workers call, at the same time and in any order; then batch and
// result go to take, one after the other and always in the order of files and
// records, whatever the number of workers. What needs no order belongs into look.
//
// Duplicates are known when take is called (Record.Duplicate); look sees all records.
// Since and Until hold for both. A batch ends with take: its memory is used again.
// An error of take, or the context's end, ends the reading and is given back.
func Each[T any](ctx context.Context, r *Reader, look func(worker int, b *Batch) T, take func(b *Batch, seen T) error) error {
	r.begin()
	workers := r.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	q := &queue[T]{ahead: max(2*workers, batchesAhead)}
	q.moved.L = &q.mu
	for i := range r.Files {
		if !r.passOver(r.Files[i]) {
			q.jobs = append(q.jobs, &job[T]{file: &r.Files[i]})
		}
	}
	group, ctx := errgroup.WithContext(ctx)
	stop := context.AfterFunc(ctx, q.wake)
	defer stop()
	for w := range workers {
		group.Go(func() error { return q.work(ctx, w, r, look) })
	}
	group.Go(func() error { return q.deliver(ctx, r, take) })
	return group.Wait()
}

// batchesAhead is how many batches may lie ready for take: two files of five thousand
// events, so that a worker with the next file does not wait for the one before.
const batchesAhead = 48

// queue keeps batches until it is their turn.
type queue[T any] struct {
	mu    sync.Mutex
	moved sync.Cond
	jobs  []*job[T]
	taken int // jobs that a worker has
	head  int // the job whose batches are taken now
	lying int // batches that wait
	ahead int
	spare []*Batch
}

type job[T any] struct {
	file  *File
	ready []done[T]
	ended bool
}

type done[T any] struct {
	batch *Batch
	seen  T
}

func (q *queue[T]) wake() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.moved.Broadcast()
}

// claim gives the next job, or -1.
func (q *queue[T]) claim(ctx context.Context) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	// A worker that runs far ahead with small files would pile them up.
	for ctx.Err() == nil && q.taken < len(q.jobs) && q.lying >= q.ahead {
		q.moved.Wait()
	}
	if ctx.Err() != nil || q.taken >= len(q.jobs) {
		return -1
	}
	q.taken++
	return q.taken - 1
}

// put adds a batch of job i, once there is room. The job whose turn it is always has
// room: the others wait for it.
func (q *queue[T]) put(ctx context.Context, i int, d done[T]) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	for ctx.Err() == nil && i != q.head && q.lying >= q.ahead {
		q.moved.Wait()
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	q.jobs[i].ready = append(q.jobs[i].ready, d)
	q.lying++
	if i == q.head {
		q.moved.Broadcast()
	}
	return nil
}

func (q *queue[T]) end(i int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.jobs[i].ended = true
	q.moved.Broadcast()
}

// turn waits for the next batches in order; nil is the end.
func (q *queue[T]) turn(ctx context.Context) []done[T] {
	q.mu.Lock()
	defer q.mu.Unlock()
	for ctx.Err() == nil && q.head < len(q.jobs) {
		j := q.jobs[q.head]
		if len(j.ready) > 0 {
			out := j.ready
			j.ready = nil
			return out
		}
		if j.ended {
			q.jobs[q.head] = nil
			q.head++
			q.moved.Broadcast()
			continue
		}
		q.moved.Wait()
	}
	return nil
}

// give takes a batch back for use, and makes room.
func (q *queue[T]) give(b *Batch) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.lying--
	if len(q.spare) < q.ahead && cap(b.buf) <= block {
		q.spare = append(q.spare, b)
	}
	q.moved.Broadcast()
}

func (q *queue[T]) batch() *Batch {
	q.mu.Lock()
	defer q.mu.Unlock()
	if n := len(q.spare); n > 0 {
		b := q.spare[n-1]
		q.spare = q.spare[:n-1]
		*b = Batch{Records: b.Records[:0], buf: b.buf[:0]}
		return b
	}
	return &Batch{buf: make([]byte, 0, block), Records: make([]Record, 0, block/1024)}
}

// deliver hands batches over in order.
func (q *queue[T]) deliver(ctx context.Context, r *Reader, take func(*Batch, T) error) error {
	for {
		ready := q.turn(ctx)
		if ready == nil {
			return ctx.Err()
		}
		for _, d := range ready {
			b := d.batch
			r.stats.add(b, r.Seen.mark(b.Records))
			if err := take(b, d.seen); err != nil {
				return err
			}
			q.give(b)
		}
	}
}

// work reads one file after the other.
func (q *queue[T]) work(ctx context.Context, worker int, r *Reader, look func(int, *Batch) T) error {
	w := &reading[T]{q: q, r: r, open: opener{limits: r.Limits}}
	w.put = func(b *Batch) error {
		return q.put(ctx, w.job, done[T]{b, look(worker, b)})
	}
	for {
		if w.job = q.claim(ctx); w.job < 0 {
			return ctx.Err()
		}
		err := w.file(ctx)
		q.end(w.job)
		if err != nil {
			return err
		}
	}
}

// reading cuts one file into batches.
type reading[T any] struct {
	q    *queue[T]
	r    *Reader
	open opener
	job  int
	b    *Batch
	put  func(*Batch) error
	err  error
}

func (w *reading[T]) file(ctx context.Context) error {
	f := *w.q.jobs[w.job].file
	w.b = w.q.batch()
	w.b.File, w.err = f.Name, nil
	w.b.stats.Files = 1
	c := &cutter{slot: w.slot, record: w.record, fresh: func(size int, rest []byte) []byte { return w.fresh(f.Name, size, rest) }}
	err := w.open.read(ctx, f, c)
	var fault *Fault
	switch {
	case w.err != nil:
		return w.err
	case errors.Is(err, errDigest):
		w.b.Records = w.b.Records[:0]
		w.b.stats = Stats{Digests: 1}
	case errors.As(err, &fault):
	case err != nil:
		return err
	}
	w.b.Last = fault == nil
	if err := w.put(w.b); err != nil || fault == nil {
		return err
	}
	b := w.q.batch()
	b.File, b.Fault, b.Last, b.stats.Faulty = f.Name, fault, true, 1
	return w.put(b)
}

// slot is the place for the next record.
func (w *reading[T]) slot() *Record {
	b := w.b
	if len(b.Records) == cap(b.Records) {
		b.Records = append(b.Records, Record{})[:len(b.Records)]
	}
	return &b.Records[:len(b.Records)+1][len(b.Records)]
}

func (w *reading[T]) record(rec *Record) (bool, error) {
	if w.r.outside(rec) {
		w.b.stats.Outside++
		return true, nil
	}
	w.b.stats.count(rec)
	w.b.Records = w.b.Records[:len(w.b.Records)+1]
	return w.err == nil, nil
}

// fresh hands the batch over when its memory is full, and goes on with another's.
func (w *reading[T]) fresh(name string, size int, rest []byte) []byte {
	full := w.b
	if len(full.Records) > 0 {
		w.b = w.q.batch()
		w.b.File = name
	}
	if cap(w.b.buf) < size {
		w.b.buf = make([]byte, 0, size)
	}
	w.b.buf = append(w.b.buf[:0], rest...)
	if w.b != full { // only now: whoever takes it may give its memory to others at once
		if err := w.put(full); err != nil {
			w.err = err // the next record ends the reading
		}
	}
	return w.b.buf
}

// add counts a batch of which so many records are duplicates. Workers counted all of its
// records already; where some do not count after all, it is done again.
func (s *Stats) add(b *Batch, duplicates int) {
	if duplicates > 0 {
		plain := b.stats
		b.stats = Stats{Files: plain.Files, Outside: plain.Outside, Duplicates: duplicates}
		for i := range b.Records {
			if r := &b.Records[i]; !r.again {
				b.stats.count(r)
			}
		}
	}
	s.Add(b.stats)
}
