package analytic

import "strings"

// who names a row of a table. Two texts, so that an actor need not be put together
// before it can be looked up.
type who struct{ name, part string }

// table keeps a value for each of many names, and no more than it may: the names that
// were touched longest ago are forgotten first, and counted.
type table[V any] struct {
	most      int // rows
	mostSize  int // of all rows together, in what their owner counts
	rows      map[who]*row[V]
	oldest    *row[V]
	newest    *row[V]
	size      int
	forgotten uint64
}

type row[V any] struct {
	key          who
	older, newer *row[V]
	size         int
	value        V
}

func newTable[V any](most, mostSize int) *table[V] {
	return &table[V]{most: most, mostSize: mostSize, rows: map[who]*row[V]{}}
}

// get gives the row of a name, nil where there is none.
func (t *table[V]) get(k who) *row[V] {
	r := t.rows[k]
	if r != nil && r != t.newest {
		t.unlink(r)
		t.link(r)
	}
	return r
}

// take gives the row of a name, a new one where there was none.
func (t *table[V]) take(k who) *row[V] {
	if r := t.get(k); r != nil {
		return r
	}
	r := &row[V]{key: who{strings.Clone(k.name), strings.Clone(k.part)}}
	t.rows[r.key] = r
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
}

func (t *table[V]) remove(r *row[V]) {
	t.unlink(r)
	t.size -= r.size
	delete(t.rows, r.key)
}

func (t *table[V]) link(r *row[V]) {
	r.older, r.newer = t.newest, nil
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

// sweep removes the rows that are over. What was touched last is looked at last.
func (t *table[V]) sweep(over func(*V) bool) {
	for r := t.oldest; r != nil; {
		next := r.newer
		if over(&r.value) {
			t.remove(r)
		}
		r = next
	}
}

// save writes the rows from the one touched longest ago to the newest, so that they
// are forgotten in the same order after loading.
func (t *table[V]) save(w *writer, value func(*writer, *V)) {
	w.num(t.forgotten)
	w.num(uint64(len(t.rows)))
	for r := t.oldest; r != nil; r = r.newer {
		w.text(r.key.name)
		w.text(r.key.part)
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
		size := r.num()
		if r.err != nil || t.rows[k] != nil {
			r.fail()
			return
		}
		row := t.take(k)
		if got := value(r, &row.value); r.err != nil || size != uint64(got) {
			r.fail()
			return
		}
		t.grow(row, int(size))
	}
	t.forgotten += forgotten
}
