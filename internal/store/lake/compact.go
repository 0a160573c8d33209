package lake

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

const (
	// smallFile is one that is worth putting together with others, and manySmall are
	// enough of them.
	smallFile = 24 << 10 // rows
	manySmall = 8
	// mostMerged bounds what is put together at a time.
	mostMerged = 256 << 10 // rows
	// commitsOf is how many partitions one unit of compaction changes.
	commitsOf = 64
)

// Compact puts the small files of a day together, where this writer added to it and there
// are many. Readers that listed the old files still find them for Grace. A file that
// cannot be read is left as it is, with those of its day.
func (w *Writer) Compact(ctx context.Context) error {
	if w.broken != nil {
		return w.broken
	}
	touched := slices.SortedFunc(maps.Keys(w.touched), comparePartitions)
	w.touched = map[partition]bool{}
	for part := range slices.Chunk(touched, commitsOf) {
		if err := w.fail(w.compact(ctx, part)); err != nil {
			return err
		}
	}
	return nil
}

func (w *Writer) compact(ctx context.Context, which []partition) error {
	c := &commit{Unit: w.last.Unit + 1, Retirements: w.last.Retirements + 1}
	replaced := map[partition][]storedFile{}
	size := int64(0)
	for _, p := range which {
		if err := w.learn(ctx, p); err != nil {
			return err
		}
		small := w.small(p)
		if len(small) < manySmall {
			continue
		}
		f, err := w.merge(ctx, small)
		var fault *Fault
		if errors.As(err, &fault) {
			w.written.Damaged = append(w.written.Damaged, fault)
			continue
		}
		if err != nil {
			return err
		}
		to := filepath.Join(relRoot, p.path(), f.name.String())
		c.Put = append(c.Put, move{From: filepath.Base(f.path), To: filepath.ToSlash(to)})
		for _, old := range small {
			c.Retire = append(c.Retire, filepath.ToSlash(old.path))
		}
		rest := slices.DeleteFunc(slices.Clone(w.stored[p.same()]), func(s storedFile) bool {
			return slices.ContainsFunc(small, func(old storedFile) bool { return old.path == s.path })
		})
		replaced[p.same()] = append(rest, storedFile{partition: p, fileName: f.name, path: to, at: filepath.Join(w.dir, to)})
		w.stored[p.same()] = replaced[p.same()]
		size += f.size
	}
	if len(c.Put) == 0 {
		return nil
	}
	if err := w.carry(c); err != nil {
		return err
	}
	w.written.Files += len(c.Put)
	w.written.Bytes += size
	w.written.Compacted += len(c.Retire)
	return nil
}

// small are the files of a partition to put together, the oldest first.
func (w *Writer) small(p partition) []storedFile {
	var out []storedFile
	for _, f := range w.stored[p.same()] {
		if f.partition == p && f.rows < smallFile {
			out = append(out, f)
		}
	}
	slices.SortFunc(out, func(a, b storedFile) int { return cmp.Or(a.first.Compare(b.first), cmp.Compare(a.path, b.path)) })
	rows := 0
	for i, f := range out {
		if rows += f.rows; rows > mostMerged {
			return out[:i]
		}
	}
	return out
}

// merge writes the rows of files into one.
func (w *Writer) merge(ctx context.Context, files []storedFile) (*building, error) {
	var parts []slicePart
	for i := range files {
		more, err := files[i].parts(w.dir)
		if err != nil {
			return nil, &Fault{File: files[i].path, Err: err}
		}
		parts = append(parts, more...)
	}
	slices.SortStableFunc(parts, func(a, b slicePart) int { return cmp.Compare(a.from, b.from) })
	if err := w.encodersFor(1); err != nil {
		return nil, err
	}
	w.serial++
	out := &building{path: own(w.dir, newDir, fmt.Sprintf("%06d", w.serial))}
	var b buffer
	var known [columns]symbols
	flush := func() error {
		err := w.encoders[0].encode(&b, &known, out.add)
		b.reset()
		for i := range known {
			known[i].reset()
		}
		return err
	}
	rows := 0
	for i := range parts {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		n, err := parts[i].copyTo(w.dir, &b, &known)
		if err != nil {
			_ = os.Remove(out.path) // it is thrown away by the next writer otherwise
			return nil, &Fault{File: parts[i].file.path, Err: err}
		}
		rows += n
		if b.rows() >= mostRows || b.size() >= mostBytes {
			if err := flush(); err != nil {
				return nil, err
			}
		}
	}
	if b.rows() > 0 {
		if err := flush(); err != nil {
			return nil, err
		}
	}
	want := 0
	for _, f := range files {
		want += f.rows
	}
	if rows != want || out.name.rows != want {
		_ = os.Remove(out.path)
		return nil, &Fault{File: files[0].path, Err: fmt.Errorf("this and the other files of its day have %d rows, and their names say %d", rows, want)}
	}
	return out, out.finish()
}

// slicePart is a slice of a row group that is to be copied.
type slicePart struct {
	file  *storedFile
	cols  *groupColumns
	slice int
	from  int64 // its first time
}

// groupColumns are all columns of a row group but ids and raw records.
type groupColumns struct {
	group  *group
	values [columns]*values
	times  []int64
}

func (f *storedFile) parts(dir string) ([]slicePart, error) {
	in, err := f.open(dir)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return nil, err
	}
	r, err := readFooter(in, info.Size())
	if err != nil {
		return nil, err
	}
	var out []slicePart
	for i := range r.meta.RowGroups {
		c := &groupColumns{group: r.group(i)}
		if err := c.read(); err != nil {
			return nil, err
		}
		at, err := c.group.slices(rawLeaf())
		if err != nil {
			return nil, err
		}
		for s := range at {
			from, to := c.group.rowsOf(at, s)
			out = append(out, slicePart{f, c, s, slices.Min(c.times[from:to])})
		}
	}
	return out, nil
}

func (c *groupColumns) read() error {
	for col := ID + 1; col < columns; col++ {
		v, err := c.group.column(leafOf(col), nil)
		if err != nil {
			return err
		}
		c.values[col] = v
	}
	at, err := c.group.slices(timeLeaf())
	if err != nil {
		return err
	}
	for i := range at {
		if c.times, err = c.group.timesOf(at, i, c.times); err != nil {
			return err
		}
	}
	return nil
}

// copyTo adds the rows of the slice to a buffer.
func (s *slicePart) copyTo(dir string, b *buffer, known *[columns]symbols) (int, error) {
	in, err := s.file.open(dir)
	if err != nil {
		return 0, err
	}
	defer in.Close()
	g := *s.cols.group
	g.readable = &readable{in: in, size: g.size, meta: g.meta, at: g.at}
	at, err := g.slices(rawLeaf())
	if err != nil {
		return 0, err
	}
	raws, err := g.textsOf(rawLeaf(), at, s.slice)
	if err != nil {
		return 0, err
	}
	idsAt, err := g.slices(idLeaf())
	if err != nil {
		return 0, err
	}
	if len(idsAt) != len(at) || idsAt[s.slice].FirstRowIndex != at[s.slice].FirstRowIndex {
		return 0, errors.New("its columns are cut in different places")
	}
	ids, err := g.textsOf(idLeaf(), idsAt, s.slice)
	if err != nil {
		return 0, err
	}
	from, to := g.rowsOf(at, s.slice)
	for row := from; row < to; row++ {
		s.cols.add(b, known, row, ids[row-from], raws[row-from])
	}
	return to - from, nil
}

// add puts a row into a buffer by its codes: nothing of it is looked at again.
func (c *groupColumns) add(b *buffer, known *[columns]symbols, row int, id, raw string) {
	b.times = append(b.times, c.times[row])
	b.ids.add([]byte(id))
	b.raws.add([]byte(raw))
	var codes [firstOfResource]uint32
	for col := ID + 1; col < firstOfResource; col++ {
		codes[col] = known[col].code([]byte(c.values[col].of(int32(row))))
	}
	b.codes = append(b.codes, codes)
	arns, kinds, owners := c.values[ResourceARN], c.values[ResourceType], c.values[ResourceOwner]
	for i := range arns.elements(int32(row)) {
		b.resources = append(b.resources, resourceCodes{
			known[ResourceARN].code(arns.element(row, i)), known[ResourceType].code(kinds.element(row, i)), known[ResourceOwner].code(owners.element(row, i)),
		})
	}
	b.ends = append(b.ends, int32(len(b.resources)))
	b.dropped = append(b.dropped, false)
}

// element is the value at a place of a row's list.
func (v *values) element(row, i int) []byte {
	e := v.elements(int32(row))
	if i >= len(e) || e[i] < 0 {
		return nil
	}
	return []byte(v.dictionary[e[i]])
}
