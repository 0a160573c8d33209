package flowlog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/parquet-go/parquet-go"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/source/logfile"
)

// mostTable bounds a table that has to be fetched whole: AWS writes flow logs in files
// of at most 75 MB.
const mostTable = 1 << 30

// mostRowsOfByte is how many rows a byte may stand for: even rows that repeat each other
// take more.
const mostRowsOfByte = 16

// mostGroup bounds what the parts of a table may claim to hold: one is read at a time.
const mostGroup = 2 << 30

// table reads flows out of Parquet. Its offsets count rows: bytes say nothing where
// columns lie one behind the other.
func (w *reading) table(ctx context.Context, o *logfile.Opened) (err error) {
	at, size, ok := o.At()
	if !ok {
		file, length, err := fetched(o.Raw)
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return o.Fault(0, err)
		}
		defer file.Close() // its name is gone already
		at, size = file, length
	}
	t := &table{reading: w, ctx: ctx}
	defer func() {
		// The library takes files for well-formed in places: what a broken one makes of
		// that is a fault like any other.
		if broken := recover(); broken != nil {
			err = o.Fault(t.row, fmt.Errorf("no Parquet that can be read: %v", broken))
		}
	}()
	if err := t.read(at, size); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if own := (*ownError)(nil); errors.As(err, &own) {
			return own.err
		}
		return o.Fault(t.row, err)
	}
	if t.bad > 0 {
		fault := o.Fault(t.firstBad, t.why)
		fault.Skipped = t.bad
		return fault
	}
	return nil
}

// fetched is the content of a stream as a file, which a table needs: its last bytes say
// where everything is.
func fetched(r io.Reader) (*os.File, int64, error) {
	file, err := os.CreateTemp("", "holdfast-flowlog-*")
	if err != nil {
		return nil, 0, err
	}
	os.Remove(file.Name()) // it goes with its last reader
	n, err := io.Copy(file, io.LimitReader(r, mostTable+1))
	if err == nil && n > mostTable {
		err = fmt.Errorf("the table has more than %d bytes", int64(mostTable))
	}
	if err != nil {
		file.Close()
		return nil, 0, err
	}
	return file, n, nil
}

// ownError is an error of who takes the flows.
type ownError struct{ err error }

func (o *ownError) Error() string { return o.err.Error() }

// table is one Parquet file that is being read.
type table struct {
	*reading
	ctx      context.Context
	columns  []column // by their place in the file
	row      int64
	firstBad int64
	bad      int64
	why      error
	text     []byte
}

func (t *table) read(at io.ReaderAt, size int64) error {
	file, err := parquet.OpenFile(at, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return err
	}
	var names []string
	for _, path := range file.Schema().Columns() {
		names = append(names, path[0])
	}
	format, err := formatOf(names)
	if err != nil {
		return err
	}
	t.columns = format.columns
	t.parser.Format = format
	t.lacking()
	rows := int64(0)
	for _, group := range file.Metadata().RowGroups {
		if group.TotalByteSize > mostGroup || group.NumRows < 0 || group.NumRows > size*mostRowsOfByte {
			return fmt.Errorf("a part of the table claims %d rows in %d bytes, and the file has %d", group.NumRows, group.TotalByteSize, size)
		}
		if rows += group.NumRows; rows > size*mostRowsOfByte {
			return fmt.Errorf("the table claims more than %d rows, and the file has %d bytes", rows, size)
		}
	}
	for _, group := range file.RowGroups() {
		if err := t.group(group); err != nil {
			return err
		}
	}
	return nil
}

func (t *table) group(g parquet.RowGroup) (err error) {
	rows := g.Rows()
	defer func() { err = errors.Join(err, rows.Close()) }()
	buf := make([]parquet.Row, 256)
	for {
		n, err := rows.ReadRows(buf)
		for _, row := range buf[:n] {
			t.row++
			if err := t.take(row); err != nil {
				return &ownError{err}
			}
		}
		if err == io.EOF || err == nil && n == 0 {
			return nil
		}
		if err != nil {
			return err
		}
		if err := t.ctx.Err(); err != nil {
			return err
		}
	}
}

// take turns one row into a flow.
func (t *table) take(row parquet.Row) error {
	f := t.slot()
	kind, err := t.flow(row, f)
	if err != nil {
		if t.bad++; t.bad == 1 {
			t.firstBad, t.why = t.row, err
		}
		return nil
	}
	f.Row = t.row
	return t.keep(f, kind)
}

func (t *table) flow(row parquet.Row, f *evidence.Flow) (Row, error) {
	*f = evidence.Flow{}
	kind := Recorded
	for _, v := range row {
		if v.IsNull() || v.Column() < 0 || v.Column() >= len(t.columns) || t.columns[v.Column()] == passed {
			continue
		}
		c := t.columns[v.Column()]
		switch v.Kind() {
		case parquet.Int32:
			t.text = strconv.AppendInt(t.text[:0], int64(v.Int32()), 10)
		case parquet.Int64:
			t.text = strconv.AppendInt(t.text[:0], v.Int64(), 10)
		case parquet.ByteArray:
			t.text = append(t.text[:0], v.ByteArray()...)
		default:
			return 0, fmt.Errorf("%s is a %s, neither a text nor a whole number", c, v.Kind())
		}
		if s := string(t.text); s == "-" || s == "" {
			continue
		}
		if c == status {
			switch string(t.text) {
			case "NODATA":
				kind = NoData
			case "SKIPDATA":
				kind = SkipData
			}
			continue
		}
		if err := t.parser.set(f, c, t.text); err != nil {
			return 0, err
		}
	}
	return kind, finish(f, kind)
}
