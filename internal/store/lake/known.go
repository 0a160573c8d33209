package lake

import (
	"context"
	"math"
)

// sameDay is what has to be the same for an event to be the same: the organisation may
// be known from one trail and not from another.
type sameDay = partition

func (p partition) same() sameDay { p.org = ""; return p }

// learn lists the files of a day, if that was not done yet. The writer holds the lock, so
// nobody else changes them.
func (w *Writer) learn(ctx context.Context, p partition) error {
	if _, ok := w.stored[p.same()]; ok {
		return nil
	}
	l, err := listDay(ctx, w.dir, p)
	if err != nil {
		return err
	}
	w.stored[p.same()] = l
	return nil
}

// dropStored finds the rows whose events are in the lake already. Copies of an event have
// the same time, so only what was stored of that time is looked at; and only rows of the
// buffer are remembered, so that memory does not grow with the lake.
func (w *Writer) dropStored(ctx context.Context, p partition, b *buffer) (int, error) {
	low, high := int64(math.MaxInt64), int64(math.MinInt64)
	for _, at := range b.times {
		low, high = min(low, at), max(high, at)
	}
	var waiting map[identity]int32
	dropped := 0
	for _, f := range w.stored[p.same()] {
		if !f.mayHold(low, high) {
			continue
		}
		if waiting == nil {
			waiting = make(map[identity]int32, b.rows())
			for i := range b.rows() {
				waiting[identityOf(b.ids.at(int32(i)), []byte(w.known[Original].text(b.codes[i][Original])))] = int32(i)
			}
		}
		err := f.eachIdentity(ctx, w.dir, low, high, func(k identity) {
			if row, ok := waiting[k]; ok && !b.dropped[row] {
				b.dropped[row] = true
				dropped++
			}
		})
		if err != nil {
			return 0, err
		}
	}
	return dropped, nil
}

// mayHold tells whether a file may have events between two instants, both included.
func (n fileName) mayHold(low, high int64) bool {
	if n.first.IsZero() || low == never {
		return true
	}
	return n.first.UnixMilli() <= high && n.last.UnixMilli()+999 >= low
}
