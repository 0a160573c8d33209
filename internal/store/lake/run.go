package lake

import (
	"cmp"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go/format"

	"holdfast.dev/holdfast/internal/evidence"
)

// run is what a query finds in one row group, in order of time.
type run struct {
	file *storedFile
	rows []found
	next int

	columns [firstOfResource]*values
	arns    *values
	ids     map[int32]string

	// Of raw records one slice is held: rows are in order of time, and so are slices.
	group  *group
	raw    []format.PageLocation
	slice  int
	texts  []string
	closer func() error
}

type found struct {
	time int64
	row  int32
}

// shown are the columns of which events are made.
var shown = []Column{Operation, Service, Error, Account, Region, Actor, SourceIP, SourceName, UserAgent, ReadOnly}

// prepare looks for what the query wants in a row group, and reads what events need but
// the raw records.
func (g *group) prepare(q *Query, filters []Filter, r *run) error {
	rows, err := g.find(q, filters)
	if err != nil || len(rows) == 0 {
		return err
	}
	wanted := make([]bool, g.rows)
	for _, row := range rows {
		wanted[row] = true
	}
	if err := g.when(q, wanted, r); err != nil || len(r.rows) == 0 {
		return err
	}
	clear(wanted)
	for _, f := range r.rows {
		wanted[f.row] = true
	}
	r.ids = make(map[int32]string, len(r.rows))
	if err := g.eachText(idLeaf(), wanted, func(row int, v string) { r.ids[int32(row)] = v }); err != nil {
		return err
	}
	for _, c := range shown {
		if r.columns[c], err = g.column(leafOf(c), nil); err != nil {
			return err
		}
	}
	if r.arns, err = g.column(leafOf(ResourceARN), nil); err != nil {
		return err
	}
	slices.SortFunc(r.rows, func(a, b found) int {
		return cmp.Or(cmp.Compare(a.time, b.time), strings.Compare(r.ids[a.row], r.ids[b.row]), cmp.Compare(a.row, b.row))
	})
	return nil
}

// when finds the times of the wanted rows, and leaves out those outside of the query's.
func (g *group) when(q *Query, wanted []bool, r *run) error {
	at, err := g.slices(timeLeaf())
	if err != nil {
		return err
	}
	bounded := !q.Since.IsZero() || !q.Until.IsZero()
	var times []int64
	for i := range at {
		from, to := g.rowsOf(at, i)
		if !slices.Contains(wanted[from:to], true) {
			continue
		}
		if times, err = g.timesOf(at, i, times[:0]); err != nil {
			return err
		}
		for row := from; row < to; row++ {
			t := times[row-from]
			if wanted[row] && (!bounded || t != never && q.between(t, t)) {
				r.rows = append(r.rows, found{t, int32(row)})
			}
		}
	}
	return nil
}

// event makes the event of a row.
func (r *run) event(f found) evidence.Event {
	text := func(c Column) string { return r.columns[c].of(f.row) }
	e := evidence.Event{
		ID: r.ids[f.row], Kind: "cloudtrail", Account: text(Account), Region: text(Region), Service: text(Service), Name: text(Operation),
		Principal: text(Actor), SourceIP: cmp.Or(text(SourceIP), text(SourceName)), UserAgent: text(UserAgent), Error: text(Error), ReadOnly: text(ReadOnly) == "true",
	}
	if f.time != never {
		e.Time = time.UnixMilli(f.time).UTC()
	}
	for _, id := range r.arns.elements(f.row) {
		if id >= 0 {
			e.Resources = append(e.Resources, r.arns.dictionary[id])
		}
	}
	return e
}

// record gives the raw record of a row.
func (r *run) record(dir string, row int32) ([]byte, error) {
	if r.texts == nil || !r.within(row) {
		if err := r.load(dir, row); err != nil {
			return nil, err
		}
	}
	from, _ := r.group.rowsOf(r.raw, r.slice)
	return []byte(r.texts[int(row)-from]), nil
}

// load reads the slice of a row.
func (r *run) load(dir string, row int32) error {
	if err := r.reopen(dir); err != nil {
		return err
	}
	defer r.close()
	var err error
	if r.raw == nil {
		if r.raw, err = r.group.slices(rawLeaf()); err != nil {
			return err
		}
	}
	r.slice = 0
	for r.slice+1 < len(r.raw) && r.raw[r.slice+1].FirstRowIndex <= int64(row) {
		r.slice++
	}
	r.texts, err = r.group.textsOf(rawLeaf(), r.raw, r.slice)
	return err
}

func (r *run) within(row int32) bool {
	from, to := r.group.rowsOf(r.raw, r.slice)
	return int(row) >= from && int(row) < to
}

// reopen opens the file of the row group. It is not kept open: a day of a large
// organisation has more files than a process may have.
func (r *run) reopen(dir string) error {
	in, err := r.file.open(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return errChanged
	}
	if err != nil {
		return err
	}
	r.group.in, r.closer = in, in.Close
	return nil
}

func (r *run) close() {
	if r.closer != nil {
		_ = r.closer() // it was read only
		r.closer = nil
	}
}

var errChanged = errors.New("it is gone: the lake was compacted or pruned while it was read; run the command again")
