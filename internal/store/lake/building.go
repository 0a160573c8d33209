package lake

import (
	"encoding/binary"
	"os"
	"time"

	"github.com/parquet-go/parquet-go/bloom/xxhash"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// magic begins and ends a Parquet file.
const magic = "PAR1"

// formatKey and formatVersion mark the files that are the lake's.
const (
	formatKey     = "holdfast.lake"
	formatVersion = "1"
)

// building is a file that is being written aside. Between row groups it is closed, so
// that the number of open files does not grow with the number of partitions.
type building struct {
	path   string
	size   int64
	groups []format.RowGroup
	column [][]format.ColumnIndex
	offset [][]format.OffsetIndex
	digest uint64
	name   fileName
}

// add appends a row group. Its body is the caller's again afterwards.
func (f *building) add(g *rowGroup) error {
	if f.size == 0 {
		if err := f.append([]byte(magic)); err != nil {
			return err
		}
		f.size = int64(len(magic))
	}
	if err := f.append(g.body); err != nil {
		return err
	}
	for i := range g.meta.Columns {
		m := &g.meta.Columns[i].MetaData
		m.DataPageOffset += f.size
		if m.DictionaryPageOffset != 0 || m.EncodingStats != nil {
			m.DictionaryPageOffset += f.size
		}
		if m.BloomFilterLength != 0 {
			m.BloomFilterOffset += f.size
		}
		for j := range g.offsetIndex[i].PageLocations {
			g.offsetIndex[i].PageLocations[j].Offset += f.size
		}
	}
	g.meta.FileOffset = f.size
	g.meta.Ordinal = int16(len(f.groups))
	f.groups = append(f.groups, g.meta)
	f.column = append(f.column, g.columnIndex)
	f.offset = append(f.offset, g.offsetIndex)
	f.size += int64(len(g.body))
	f.digest = xxhash.Sum64(append(binary.LittleEndian.AppendUint64(nil, f.digest), binary.LittleEndian.AppendUint64(nil, xxhash.Sum64(g.body))...))
	f.name.rows += g.rows
	f.name.cover(g.first)
	f.name.cover(g.last)
	return nil
}

// cover widens the time that the name says.
func (n *fileName) cover(at int64) {
	if at == never {
		return
	}
	t := time.UnixMilli(at).UTC().Truncate(time.Second)
	if n.first.IsZero() || t.Before(n.first) {
		n.first = t
	}
	if t.After(n.last) {
		n.last = t
	}
}

func (f *building) append(b []byte) (err error) {
	out, err := os.OpenFile(f.path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	_, err = out.Write(b)
	if closing := out.Close(); err == nil {
		err = closing
	}
	return err
}

// finish writes indexes and footer, and syncs the file.
func (f *building) finish() (err error) {
	tail, err := f.tail()
	if err != nil {
		return err
	}
	f.digest = xxhash.Sum64(append(binary.LittleEndian.AppendUint64(nil, f.digest), tail...))
	f.name.digest = f.digest
	out, err := os.OpenFile(f.path, os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	_, err = out.Write(tail)
	if err == nil {
		err = out.Sync()
	}
	if closing := out.Close(); err == nil {
		err = closing
	}
	return err
}

// tail is what follows the row groups: the column indexes of all, their offset indexes, as
// readers expect that fetch each kind at once, and the footer.
func (f *building) tail() ([]byte, error) {
	var tail []byte
	put := func(v any) (int64, int32, error) {
		b, err := thrift.Marshal(new(thrift.CompactProtocol), v)
		at := f.size + int64(len(tail))
		tail = append(tail, b...)
		return at, int32(len(b)), err
	}
	var err error
	rows := int64(0)
	for g := range f.groups {
		rows += f.groups[g].NumRows
		for i := range f.groups[g].Columns {
			c := &f.groups[g].Columns[i]
			if len(f.column[g][i].NullPages) == 0 {
				continue
			}
			if c.ColumnIndexOffset, c.ColumnIndexLength, err = put(&f.column[g][i]); err != nil {
				return nil, err
			}
		}
	}
	for g := range f.groups {
		for i := range f.groups[g].Columns {
			c := &f.groups[g].Columns[i]
			if c.OffsetIndexOffset, c.OffsetIndexLength, err = put(&f.offset[g][i]); err != nil {
				return nil, err
			}
		}
	}
	orders := make([]format.ColumnOrder, len(leaves))
	for i := range orders {
		orders[i].Value = &format.TypeDefinedOrder{}
	}
	footer := format.FileMetaData{
		Version: 2, Schema: schema(), NumRows: rows, RowGroups: f.groups, CreatedBy: "holdfast", ColumnOrders: orders,
		KeyValueMetadata: []format.KeyValue{{Key: formatKey, Value: formatVersion}},
	}
	_, length, err := put(&footer)
	tail = binary.LittleEndian.AppendUint32(tail, uint32(length))
	return append(tail, magic...), err
}
