package lake

import (
	"cmp"
	"container/heap"
	"context"
	"errors"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"

	"holdfast.dev/holdfast/internal/evidence"
)

// scan answers a query: row groups are looked through by several goroutines in the order
// in which their first events happened, and what they have is merged by time. A row group
// is entered no earlier than needed, so that memory holds those of one time.
type scan struct {
	lake    *Lake
	q       Query
	filters []Filter
}

// ahead is how many row groups may be looked through before it is their turn, and
// footers how many files may be opened.
func ahead() int { return 2 * runtime.GOMAXPROCS(0) }

const footersAhead = 16

func (s *scan) run(ctx context.Context, yield func(evidence.Event, error) bool) {
	ctx, cancel := context.WithCancel(ctx)
	var wait sync.WaitGroup
	defer wait.Wait()
	defer cancel()
	s.filters = s.q.wanted()
	l, err := list(ctx, s.lake.dir, selection{accounts: s.q.Accounts, regions: s.q.Regions, since: s.q.Since, until: s.q.Until})
	if err != nil {
		yield(evidence.Event{}, explain(s.lake.dir, err))
		return
	}
	for _, f := range l.foreign {
		if !yield(evidence.Event{}, &Fault{File: f, Err: errors.New("it is no file of the lake, and is left out")}) {
			return
		}
	}
	slices.SortStableFunc(l.files, func(a, b storedFile) int {
		return cmp.Or(a.first.Compare(b.first), strings.Compare(a.path, b.path))
	})
	m := &merge{dir: s.lake.dir, raw: s.q.Raw, coming: s.prepare(ctx, &wait, s.groups(ctx, &wait, l.files))}
	m.run(ctx, yield)
}

// entry is a row group, or a file that could not be read, with the time from which on it
// has events.
type entry struct {
	file  *storedFile
	group *group
	index int
	from  int64
	err   error
}

// groups gives the row groups of files in the order of their first events. Files are
// opened ahead, a few at a time.
func (s *scan) groups(ctx context.Context, wait *sync.WaitGroup, files []storedFile) <-chan entry {
	out := make(chan entry)
	footers := make(chan chan []entry, footersAhead)
	wait.Go(func() {
		defer close(footers)
		limit := make(chan struct{}, runtime.GOMAXPROCS(0))
		for i := range files {
			answer := make(chan []entry, 1)
			select {
			case footers <- answer:
			case <-ctx.Done():
				return
			}
			limit <- struct{}{}
			wait.Go(func() {
				answer <- s.entries(&files[i])
				<-limit
			})
		}
	})
	wait.Go(func() {
		defer close(out)
		var waiting entryHeap
		send := func(before int64) bool {
			for len(waiting) > 0 && waiting[0].from <= before {
				select {
				case out <- heap.Pop(&waiting).(entry):
				case <-ctx.Done():
					return false
				}
			}
			return true
		}
		i := 0
		for answer := range footers {
			// Every file from here on has its first event no earlier than this one.
			if !send(begin(files[i].fileName) - 1) {
				return
			}
			for _, e := range <-answer {
				heap.Push(&waiting, e)
			}
			i++
		}
		send(math.MaxInt64)
	})
	return out
}

// begin is the time from which on a file may have events.
func begin(n fileName) int64 {
	if n.first.IsZero() {
		return never + 1
	}
	return n.first.UnixMilli()
}

func (s *scan) entries(f *storedFile) []entry {
	in, err := f.open(s.lake.dir)
	if err != nil {
		return []entry{{file: f, from: begin(f.fileName), err: err}}
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return []entry{{file: f, from: begin(f.fileName), err: err}}
	}
	r, err := readFooter(in, info.Size())
	if err != nil {
		return []entry{{file: f, from: begin(f.fileName), err: err}}
	}
	var out []entry
	for i := range r.meta.RowGroups {
		g := r.group(i)
		if !g.mayHold(&s.q) {
			continue
		}
		from, _, ok := g.span()
		if !ok || g.timeless() {
			from = never
		}
		out = append(out, entry{file: f, group: g, index: i, from: from})
	}
	return out
}

type entryHeap []entry

func (h entryHeap) Len() int { return len(h) }
func (h entryHeap) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(h[i].from, h[j].from), strings.Compare(h[i].file.path, h[j].file.path), cmp.Compare(h[i].index, h[j].index)) < 0
}
func (h entryHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *entryHeap) Push(x any)   { *h = append(*h, x.(entry)) }
func (h *entryHeap) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}

// prepared is what became of a row group.
type prepared struct {
	entry
	run *run
}

// prepare looks through row groups, several at a time, and gives them in their order.
func (s *scan) prepare(ctx context.Context, wait *sync.WaitGroup, in <-chan entry) <-chan chan prepared {
	out := make(chan chan prepared, ahead())
	wait.Go(func() {
		defer close(out)
		limit := make(chan struct{}, runtime.GOMAXPROCS(0))
		for e := range in {
			answer := make(chan prepared, 1)
			select {
			case out <- answer:
			case <-ctx.Done():
				return
			}
			limit <- struct{}{}
			wait.Go(func() {
				answer <- s.look(e)
				<-limit
			})
		}
	})
	return out
}

func (s *scan) look(e entry) prepared {
	if e.err != nil {
		return prepared{entry: e}
	}
	r := &run{file: e.file, group: e.group}
	err := r.reopen(s.lake.dir)
	if err == nil {
		err = r.group.prepare(&s.q, s.filters, r)
	}
	r.close()
	if err != nil {
		e.err, r = err, nil
	}
	return prepared{e, r}
}

// merge puts runs together.
type merge struct {
	dir     string
	raw     bool
	coming  <-chan chan prepared
	next    *prepared // that comes next
	running runHeap
}

// advance waits for the next run; it is nil at the end.
func (m *merge) advance() {
	m.next = nil
	if answer, ok := <-m.coming; ok {
		p := <-answer
		m.next = &p
	}
}

func (m *merge) run(ctx context.Context, yield func(evidence.Event, error) bool) {
	m.advance()
	for {
		if err := ctx.Err(); err != nil {
			yield(evidence.Event{}, err)
			return
		}
		// Whatever may come before the earliest event goes in first.
		for m.next != nil && (len(m.running) == 0 || m.next.from <= m.running[0].top().time) {
			if m.next.err != nil && !yield(evidence.Event{}, &Fault{File: m.next.file.path, Err: m.next.err}) {
				return
			}
			if r := m.next.run; r != nil && len(r.rows) > 0 {
				heap.Push(&m.running, r)
			}
			m.advance()
		}
		if len(m.running) == 0 {
			if m.next == nil {
				// A cancelled scan ends as an empty one does.
				if err := ctx.Err(); err != nil {
					yield(evidence.Event{}, err)
				}
				return
			}
			continue
		}
		if !m.emit(yield) {
			return
		}
	}
}

// emit yields the earliest event.
func (m *merge) emit(yield func(evidence.Event, error) bool) bool {
	r := m.running[0]
	f := r.top()
	e := r.event(f)
	var err error
	if m.raw {
		e.Raw, err = r.record(m.dir, f.row)
	}
	r.next++
	if r.next == len(r.rows) || err != nil {
		heap.Pop(&m.running)
		r.close()
	} else {
		heap.Fix(&m.running, 0)
	}
	if err != nil {
		return yield(evidence.Event{}, &Fault{File: r.file.path, Err: err})
	}
	return yield(e, nil)
}

func (r *run) top() found { return r.rows[r.next] }

type runHeap []*run

func (h runHeap) Len() int { return len(h) }
func (h runHeap) Less(i, j int) bool {
	a, b := h[i].top(), h[j].top()
	return cmp.Or(cmp.Compare(a.time, b.time), strings.Compare(h[i].ids[a.row], h[j].ids[b.row]), strings.Compare(h[i].file.path, h[j].file.path)) < 0
}
func (h runHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *runHeap) Push(x any)   { *h = append(*h, x.(*run)) }
func (h *runHeap) Pop() any {
	old := *h
	x := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return x
}
