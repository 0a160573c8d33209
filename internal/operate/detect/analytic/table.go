package analytic

import (
	"hash/maphash"
	"math"
	"strings"
	"time"
)

// who names a row of a table. Two texts, so that an actor need not be put together
// before it can be looked up.
type who struct{ name, part string }

// table keeps a value for each of many names, and no more than it may: the names that
// were touched longest ago are forgotten first, and counted.
//
// Rows are found by a hash of their names alone, which the events carry. It has 64
// bits and a seed of this process's own, so no two names that anybody could think of
// have the same.
type table[V any] struct {
	most      int // rows
	mostSize  int // of all rows together, in what their owner counts
	rows      map[uint64]*row[V]
	oldest    *row[V]
	newest    *row[V]
	size      int
	hour      uint32 // of the event that is being looked at
	forgotten uint64
	epoch     uint64 // of this process: the state has what was forgotten
}

type row[V any] struct {
	key          who
	hash         uint64
	older, newer *row[V]
	touched      uint32 // the hour, of events, when it became the newest
	size         int
	value        V
}

var seed = maphash.MakeSeed()

func (k who) hash() uint64 {
	h := maphash.String(seed, k.name)
	if k.part != "" {
		h = h*0x9e3779b97f4a7c15 + maphash.String(seed, k.part)
	}
	return h
}

func newTable[V any](most, mostSize int) *table[V] {
	return &table[V]{most: most, mostSize: mostSize, rows: map[uint64]*row[V]{}}
}

// at tells the time of the event that is being looked at.
func (t *table[V]) at(when time.Time) { t.hour = hourOf(when) }

func hourOf(t time.Time) uint32 { return uint32((t.Unix() - year2000) / 3600) }

// get gives the row of a name, nil where there is none.
func (t *table[V]) get(k who) *row[V] { return t.find(k.hash()) }

func (t *table[V]) find(hash uint64) *row[V] {
	r := t.rows[hash]
	if r == nil {
		return nil
	}
	// Within an hour rows stay in their order: moving them each time costs more than it
	// is worth, and so an event that tells nothing new need not be looked at.
	if t.hour > r.touched {
		t.unlink(r)
		t.link(r)
	}
	return r
}

// take gives the row of a name, a new one where there was none.
func (t *table[V]) take(k who) *row[V] { return t.add(k.hash(), k) }

// ofActor gives the row of who did it.
func (t *table[V]) ofActor(a *Activity) *row[V] {
	t.at(a.Time)
	a.who()
	if r := t.find(a.facts.actor); r != nil {
		return r
	}
	return t.add(a.facts.actor, actor(a))
}

func (t *table[V]) add(hash uint64, k who) *row[V] {
	if r := t.find(hash); r != nil {
		return r
	}
	r := &row[V]{key: who{strings.Clone(k.name), strings.Clone(k.part)}, hash: hash}
	t.rows[hash] = r
	t.link(r)
	for len(t.rows) > t.most {
		t.forget(t.oldest)
	}
	return r
}

// grow says that a row, the one touched last, takes more room or less.
func (t *table[V]) grow(r *row[V], by int) {
	r.size += by
	t.size += by
	for t.size > t.mostSize && t.oldest != r {
		t.forget(t.oldest)
	}
}

func (t *table[V]) forget(r *row[V]) {
	t.remove(r)
	t.forgotten++
	t.epoch++
}

func (t *table[V]) remove(r *row[V]) {
	t.unlink(r)
	t.size -= r.size
	delete(t.rows, r.hash)
}

func (t *table[V]) link(r *row[V]) {
	r.older, r.newer, r.touched = t.newest, nil, t.hour
	if t.newest != nil {
		t.newest.newer = r
	} else {
		t.oldest = r
	}
	t.newest = r
}

func (t *table[V]) unlink(r *row[V]) {
	if r.older != nil {
		r.older.newer = r.newer
	} else {
		t.oldest = r.newer
	}
	if r.newer != nil {
		r.newer.older = r.older
	} else {
		t.newest = r.older
	}
	r.older, r.newer = nil, nil
}

// save writes the rows from the one touched longest ago to the newest, so that they
// are forgotten in the same order after loading.
func (t *table[V]) save(w *writer, value func(*writer, *V)) {
	w.num(t.forgotten)
	w.num(uint64(len(t.rows)))
	for r := t.oldest; r != nil; r = r.newer {
		w.text(r.key.name)
		w.text(r.key.part)
		w.num(uint64(r.touched))
		w.num(uint64(r.size))
		value(w, &r.value)
	}
}

// load reads rows into an empty table.
func (t *table[V]) load(r *loader, value func(*loader, *V) (size int)) {
	forgotten := r.num()
	n := r.count()
	for range n {
		k := who{r.text(), r.text()}
		touched, size := r.num(), r.num()
		if r.err != nil || t.rows[k.hash()] != nil || touched > math.MaxUint32 {
			r.fail()
			return
		}
		row := t.take(k)
		if got := value(r, &row.value); r.err != nil || size != uint64(got) {
			r.fail()
			return
		}
		t.grow(row, int(size))
		row.touched = uint32(touched)
	}
	t.forgotten += forgotten
}
