package lake

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"strings"
	"sync"
	"unsafe"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/bloom"
	"github.com/parquet-go/parquet-go/bloom/xxhash"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// What a file may claim. Ours stay far below.
const (
	mostFooter = 64 << 20
	mostPage   = 64 << 20
	mostGroup  = 1 << 20 // rows
	mostHeader = 16 << 10
	mostValues = 1 << 22 // of a page
)

// readable is a file that is being read. It is not safe for concurrent use.
type readable struct {
	in   io.ReaderAt
	size int64
	meta *format.FileMetaData
	at   []int // leaf → column of the file; -1 where it has none
}

var errForeign = errors.New("it is a Parquet file that Holdfast did not write; move it out of the lake, or query it where it is with other tools")

// open reads the footer of a file.
func readFooter(in io.ReaderAt, size int64) (*readable, error) {
	var tail [8]byte
	if size < int64(len(magic)+len(tail)) {
		return nil, fmt.Errorf("it has %d bytes, too few for a Parquet file: it was cut off", size)
	}
	if _, err := in.ReadAt(tail[:], size-int64(len(tail))); err != nil {
		return nil, err
	}
	length := int64(binary.LittleEndian.Uint32(tail[:]))
	if string(tail[4:]) != magic {
		return nil, errors.New("it does not end as a Parquet file does: it was cut off, or is something else")
	}
	if length > mostFooter || length > size-int64(len(magic)+len(tail)) {
		return nil, fmt.Errorf("its footer claims %d bytes, which it does not have", length)
	}
	footer := make([]byte, length)
	if _, err := in.ReadAt(footer, size-int64(len(tail))-length); err != nil {
		return nil, err
	}
	r := &readable{in: in, size: size, meta: &format.FileMetaData{}}
	if err := unmarshal(footer, r.meta); err != nil {
		return nil, fmt.Errorf("its footer cannot be read: %w", err)
	}
	return r, r.check()
}

// unmarshal decodes thrift. The library checks lengths; what it should miss must not end
// the program.
func unmarshal(b []byte, v any) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("malformed thrift: %v", p)
		}
	}()
	return thrift.Unmarshal(new(thrift.CompactProtocol), b, v)
}

// check sees to it that the file is one of ours, and finds its columns.
func (r *readable) check() error {
	mine := slices.ContainsFunc(r.meta.KeyValueMetadata, func(kv format.KeyValue) bool { return kv.Key == formatKey })
	if !mine {
		return errForeign
	}
	for _, kv := range r.meta.KeyValueMetadata {
		if kv.Key == formatKey && kv.Value != formatVersion {
			return fmt.Errorf("it has format %q of a newer holdfast; use that one", kv.Value)
		}
	}
	if len(r.meta.RowGroups) == 0 {
		return errors.New("it has no rows")
	}
	first := r.meta.RowGroups[0].Columns
	places := map[string]int{}
	for i := range first {
		places[strings.Join(first[i].MetaData.PathInSchema, ".")] = i
	}
	r.at = make([]int, len(leaves))
	for i := range leaves {
		at, ok := places[leaves[i].path]
		if !ok {
			at = -1
		} else if first[at].MetaData.Type != leaves[i].physical() {
			return fmt.Errorf("its column %s is of another type", leaves[i].path)
		}
		r.at[i] = at
	}
	if r.at[rawLeaf()] < 0 || r.at[timeLeaf()] < 0 || r.at[idLeaf()] < 0 {
		return errors.New("it lacks columns that every file of the lake has")
	}
	for i := range r.meta.RowGroups {
		g := &r.meta.RowGroups[i]
		if g.NumRows <= 0 || g.NumRows > mostGroup || len(g.Columns) != len(first) {
			return fmt.Errorf("its row group %d cannot be (%d rows, %d columns)", i, g.NumRows, len(g.Columns))
		}
	}
	return nil
}

// group is a row group of a readable file.
type group struct {
	*readable
	*format.RowGroup
	rows int
}

func (r *readable) group(i int) *group {
	g := &r.meta.RowGroups[i]
	own := *r // several groups are read at the same time, each through an open file of its own
	return &group{&own, g, int(g.NumRows)}
}

// span is the time of the group's events; false where none has a time.
func (g *group) span() (low, high int64, ok bool) {
	s := g.Columns[g.at[timeLeaf()]].MetaData.Statistics
	if len(s.MinValue) != 8 || len(s.MaxValue) != 8 {
		return 0, 0, false
	}
	return int64(binary.LittleEndian.Uint64(s.MinValue)), int64(binary.LittleEndian.Uint64(s.MaxValue)), true
}

// timeless is how many of its events have no time.
func (g *group) timeless() bool { return g.Columns[g.at[timeLeaf()]].MetaData.Statistics.NullCount > 0 }

// bytes reads a stretch of the file.
func (g *group) bytes(at, length int64) ([]byte, error) {
	if at < 0 || length < 0 || length > mostPage || at > g.size || length > g.size-at {
		return nil, fmt.Errorf("it points to %d bytes at %d, beyond its end", length, at)
	}
	b := make([]byte, length)
	_, err := g.in.ReadAt(b, at)
	return b, err
}

// page is a page with its header, decompressed.
type page struct {
	header format.PageHeader
	data   []byte
}

var decoders = sync.Pool{New: func() any {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(mostPage), zstd.IgnoreChecksum(true))
	if err != nil {
		panic("lake: " + err.Error()) // the options are ours
	}
	return d
}}

// nextPage takes a page off the front of b.
func nextPage(b []byte) (p page, rest []byte, err error) {
	head := b[:min(len(b), mostHeader)]
	n, err := decodeHeader(head, &p.header)
	if err != nil {
		return p, nil, fmt.Errorf("a page header cannot be read: %w", err)
	}
	b = b[n:]
	packed, size := int(p.header.CompressedPageSize), int(p.header.UncompressedPageSize)
	if packed < 0 || packed > len(b) || size < 0 || size > mostPage {
		return p, nil, fmt.Errorf("a page claims %d bytes (%d decompressed), which it does not have", packed, size)
	}
	if crc := p.header.CRC; crc != 0 && uint32(crc) != crc32.ChecksumIEEE(b[:packed]) {
		return p, nil, errors.New("a page differs from its checksum: the file is damaged")
	}
	d := decoders.Get().(*zstd.Decoder)
	defer decoders.Put(d)
	// What is claimed is only believed as far as what is there could become.
	p.data, err = d.DecodeAll(b[:packed], make([]byte, 0, min(size, 64<<10+packed*1000)))
	if err == nil && len(p.data) != size {
		err = fmt.Errorf("a page has %d bytes and claims %d", len(p.data), size)
	}
	return p, b[packed:], err
}

func decodeHeader(b []byte, h *format.PageHeader) (n int, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("malformed thrift: %v", p)
		}
	}()
	r := new(thrift.CompactProtocol).NewReaderFromBytes(b)
	err = thrift.NewDecoder(r).Decode(h)
	return r.BytesRead(), err
}

// values is a column of a row group.
type values struct {
	dictionary []string
	ids        []int32 // by row, or by element of a list; -1 is absent
	ends       []int32 // of each row's elements; nil where it is no list
}

// of gives the value of a row that is no list.
func (v *values) of(row int32) string {
	if v == nil || v.ids[row] < 0 {
		return ""
	}
	return v.dictionary[v.ids[row]]
}

// elements gives the places of a row's values.
func (v *values) elements(row int32) []int32 {
	if v.ends == nil {
		return v.ids[row : row+1]
	}
	from := int32(0)
	if row > 0 {
		from = v.ends[row-1]
	}
	return v.ids[from:v.ends[row]]
}

// chunkBytes reads all pages of a column.
func (g *group) chunkBytes(leaf int) ([]byte, error) {
	m := &g.Columns[g.at[leaf]].MetaData
	if m.Codec != format.Zstd {
		return nil, fmt.Errorf("its column %s is compressed with %v", leaves[leaf].path, m.Codec)
	}
	at := m.DataPageOffset
	if m.DictionaryPageOffset != 0 {
		at = min(at, m.DictionaryPageOffset)
	}
	return g.bytes(at, m.TotalCompressedSize)
}

// column reads a column that has one page. It stops behind the dictionary when wanted
// says that nothing in there is of interest, and gives nil.
func (g *group) column(leaf int, wanted func(dictionary []string) bool) (*values, error) {
	l := &leaves[leaf]
	if g.at[leaf] < 0 { // written before the column was invented
		return l.nothing(g.rows), nil
	}
	b, err := g.chunkBytes(leaf)
	if err != nil {
		return nil, err
	}
	v := &values{}
	if l.kind == boolean {
		v.dictionary = []string{"false", "true"}
	} else {
		p, rest, err := nextPage(b)
		if err != nil {
			return nil, err
		}
		if p.header.Type != format.DictionaryPage || !p.header.DictionaryPageHeader.Valid {
			return nil, fmt.Errorf("its column %s has no dictionary", l.path)
		}
		if v.dictionary, err = stringsOf(p.data, int(p.header.DictionaryPageHeader.V.NumValues)); err != nil {
			return nil, err
		}
		b = rest
	}
	if wanted != nil && !wanted(v.dictionary) {
		return nil, nil
	}
	p, _, err := nextPage(b)
	if err != nil {
		return nil, err
	}
	return v, l.decode(&p, g.rows, v)
}

// nothing is a column without values.
func (l *leaf) nothing(rows int) *values {
	v := &values{}
	if l.list {
		v.ends = make([]int32, rows)
		return v
	}
	v.ids = slices.Repeat([]int32{-1}, rows)
	return v
}

// stringsOf reads texts that lie one behind the other with their lengths.
func stringsOf(b []byte, n int) ([]string, error) {
	if n < 0 || n > len(b)/4 {
		return nil, fmt.Errorf("a page claims %d texts in %d bytes", n, len(b))
	}
	out := make([]string, 0, n)
	for range n {
		v, rest, err := nextText(b)
		if err != nil {
			return nil, err
		}
		out = append(out, unsafe.String(unsafe.SliceData(v), len(v))) // the page is never written again
		b = rest
	}
	return out, nil
}

func nextText(b []byte) (v, rest []byte, err error) {
	if len(b) < 4 {
		return nil, nil, errors.New("a text has no length")
	}
	n := binary.LittleEndian.Uint32(b)
	if b = b[4:]; uint64(n) > uint64(len(b)) {
		return nil, nil, fmt.Errorf("a text claims %d bytes of %d", n, len(b))
	}
	return b[:n:n], b[n:], nil
}

// levelsOf takes the levels off a page: one for each value.
func (l *leaf) levelsOf(p *page) (repetition, definition []uint8, rest []byte, err error) {
	if p.header.Type != format.DataPage || !p.header.DataPageHeader.Valid {
		return nil, nil, nil, fmt.Errorf("its column %s has a page of another kind", l.path)
	}
	n := int(p.header.DataPageHeader.V.NumValues)
	if n < 0 || n > mostValues {
		return nil, nil, nil, fmt.Errorf("a page claims %d values", n)
	}
	rest = p.data
	r, d := l.levels()
	if r > 0 {
		if repetition, rest, err = nextLevels(rest, 1, n); err != nil {
			return nil, nil, nil, err
		}
	}
	if d > 0 {
		if definition, rest, err = nextLevels(rest, d, n); err != nil {
			return nil, nil, nil, err
		}
	}
	return repetition, definition, rest, nil
}

func nextLevels(b []byte, most, n int) (levels []uint8, rest []byte, err error) {
	v, rest, err := nextText(b)
	if err != nil {
		return nil, nil, err
	}
	levels = make([]uint8, 0, n)
	err = hybrid(v, most, n, func(level uint32, times int) error {
		if level > uint32(most) {
			return fmt.Errorf("level %d is above %d", level, most)
		}
		for range times {
			levels = append(levels, uint8(level))
		}
		return nil
	})
	return levels, rest, err
}

// hybrid decodes n values of the run-length and bit-packed encoding.
func hybrid(b []byte, width, n int, put func(v uint32, times int) error) error {
	if width > 32 {
		return fmt.Errorf("values of %d bits", width)
	}
	for n > 0 {
		head, k := binary.Uvarint(b)
		if k <= 0 {
			return errors.New("a run has no length")
		}
		b = b[k:]
		if head&1 == 0 { // the same value again and again
			size := (width + 7) / 8
			if len(b) < size {
				return errors.New("a run has no value")
			}
			var v uint32
			for i := range size {
				v |= uint32(b[i]) << (8 * i)
			}
			times := int(min(head>>1, uint64(n)))
			if times == 0 {
				return errors.New("a run is empty")
			}
			if err := put(v, times); err != nil {
				return err
			}
			b, n = b[size:], n-times
			continue
		}
		groups := head >> 1 // of eight values
		if groups == 0 || groups > uint64(len(b)) && width > 0 || groups > mostValues {
			return errors.New("packed values are not there")
		}
		size := int(groups) * width
		if size > len(b) {
			return errors.New("packed values are cut off")
		}
		var bits uint64
		have, at := 0, 0
		for range min(n, int(groups)*8) {
			for have < width {
				bits |= uint64(b[at]) << have
				at++
				have += 8
			}
			if err := put(uint32(bits&(1<<width-1)), 1); err != nil {
				return err
			}
			bits >>= width
			have -= width
			n--
		}
		b = b[size:]
	}
	return nil
}

// decode fills v with the page of all rows.
func (l *leaf) decode(p *page, rows int, v *values) error {
	repetition, definition, rest, err := l.levelsOf(p)
	if err != nil {
		return err
	}
	n := int(p.header.DataPageHeader.V.NumValues)
	if !l.list && n != rows {
		return fmt.Errorf("its column %s has %d values for %d rows", l.path, n, rows)
	}
	_, top := l.levels()
	present := n
	if definition != nil {
		present = 0
		for _, d := range definition {
			if int(d) == top {
				present++
			}
		}
	}
	places, err := l.places(p, rest, present, len(v.dictionary))
	if err != nil {
		return err
	}
	v.ids = make([]int32, 0, n)
	for i := range n {
		if repetition != nil && repetition[i] == 0 && i > 0 {
			v.ends = append(v.ends, int32(len(v.ids)))
		}
		switch {
		case definition == nil || int(definition[i]) == top:
			v.ids = append(v.ids, places[0])
			places = places[1:]
		case !l.list || definition[i] > 0:
			v.ids = append(v.ids, -1)
		}
	}
	if l.list {
		if v.ends = append(v.ends, int32(len(v.ids))); len(v.ends) != rows {
			return fmt.Errorf("its column %s has %d rows instead of %d", l.path, len(v.ends), rows)
		}
	}
	return nil
}

// places reads which entry of the dictionary each value is.
func (l *leaf) places(p *page, b []byte, n, entries int) ([]int32, error) {
	out := make([]int32, 0, n)
	if l.kind == boolean {
		if len(b) < (n+7)/8 {
			return nil, errors.New("truth values are cut off")
		}
		for i := range n {
			out = append(out, int32(b[i/8]>>(i%8)&1))
		}
		return out, nil
	}
	if p.header.DataPageHeader.V.Encoding != format.RLEDictionary || len(b) == 0 {
		return nil, fmt.Errorf("its column %s is encoded in another way", l.path)
	}
	return out, hybrid(b[1:], int(b[0]), n, func(v uint32, times int) error {
		if int64(v) >= int64(entries) {
			return fmt.Errorf("entry %d of a dictionary with %d", v, entries)
		}
		for range times {
			out = append(out, int32(v))
		}
		return nil
	})
}

// slices gives the pages of a column that has one for each slice.
func (g *group) slices(leaf int) ([]format.PageLocation, error) {
	c := &g.Columns[g.at[leaf]]
	b, err := g.bytes(c.OffsetIndexOffset, int64(c.OffsetIndexLength))
	if err != nil {
		return nil, err
	}
	var index format.OffsetIndex
	if err := unmarshal(b, &index); err != nil {
		return nil, fmt.Errorf("the index of its column %s cannot be read: %w", leaves[leaf].path, err)
	}
	before := int64(-1)
	for _, l := range index.PageLocations {
		if l.FirstRowIndex <= before || l.FirstRowIndex >= int64(g.rows) || before < 0 && l.FirstRowIndex != 0 {
			return nil, fmt.Errorf("the index of its column %s has no order", leaves[leaf].path)
		}
		before = l.FirstRowIndex
	}
	if len(index.PageLocations) == 0 {
		return nil, fmt.Errorf("the index of its column %s is empty", leaves[leaf].path)
	}
	return index.PageLocations, nil
}

// rowsOf are the first row of slice i and that behind its last.
func (g *group) rowsOf(at []format.PageLocation, i int) (from, to int) {
	from, to = int(at[i].FirstRowIndex), g.rows
	if i+1 < len(at) {
		to = int(at[i+1].FirstRowIndex)
	}
	return from, to
}

func (g *group) slicePage(leaf int, at []format.PageLocation, i int) (*page, error) {
	b, err := g.bytes(at[i].Offset, int64(at[i].CompressedPageSize))
	if err != nil {
		return nil, err
	}
	p, _, err := nextPage(b)
	if err != nil {
		return nil, err
	}
	from, to := g.rowsOf(at, i)
	if p.header.Type != format.DataPage || !p.header.DataPageHeader.Valid || int(p.header.DataPageHeader.V.NumValues) != to-from || p.header.DataPageHeader.V.Encoding != format.Plain {
		return nil, fmt.Errorf("its column %s has a page that does not fit its index", leaves[leaf].path)
	}
	return &p, nil
}

// textsOf reads a slice of ids or raw records.
func (g *group) textsOf(leaf int, at []format.PageLocation, i int) ([]string, error) {
	p, err := g.slicePage(leaf, at, i)
	if err != nil {
		return nil, err
	}
	_, definition, rest, err := leaves[leaf].levelsOf(p)
	if err != nil {
		return nil, err
	}
	n := int(p.header.DataPageHeader.V.NumValues)
	if definition == nil {
		return stringsOf(rest, n)
	}
	out := make([]string, n)
	for j := range out {
		if definition[j] == 0 {
			continue
		}
		v, after, err := nextText(rest)
		if err != nil {
			return nil, err
		}
		out[j], rest = unsafe.String(unsafe.SliceData(v), len(v)), after
	}
	return out, nil
}

// timesOf reads when the events of a slice were.
func (g *group) timesOf(at []format.PageLocation, i int, dst []int64) ([]int64, error) {
	p, err := g.slicePage(timeLeaf(), at, i)
	if err != nil {
		return nil, err
	}
	_, definition, rest, err := leaves[timeLeaf()].levelsOf(p)
	if err != nil {
		return nil, err
	}
	for _, d := range definition {
		if d == 0 {
			dst = append(dst, never)
			continue
		}
		if len(rest) < 8 {
			return nil, errors.New("times are cut off")
		}
		dst = append(dst, int64(binary.LittleEndian.Uint64(rest)))
		rest = rest[8:]
	}
	return dst, nil
}

// mayHave asks the Bloom filter of ids. Without one anything may be there.
func (g *group) mayHave(id string) bool {
	m := &g.Columns[g.at[idLeaf()]].MetaData
	if m.BloomFilterOffset <= 0 || m.BloomFilterLength <= 0 || m.BloomFilterLength > 16<<20 {
		return true
	}
	b, err := g.bytes(m.BloomFilterOffset, int64(min(m.BloomFilterLength, 256)))
	if err != nil {
		return true
	}
	var h format.BloomFilterHeader
	r := new(thrift.CompactProtocol).NewReaderFromBytes(b)
	if err := decodeBloom(r, &h); err != nil || int64(r.BytesRead())+int64(h.NumBytes) != int64(m.BloomFilterLength) || h.NumBytes%bloom.BlockSize != 0 || h.NumBytes == 0 {
		return true
	}
	section := io.NewSectionReader(g.in, m.BloomFilterOffset+int64(r.BytesRead()), int64(h.NumBytes))
	has, err := bloom.CheckSplitBlock(section, int64(h.NumBytes), xxhash.Sum64([]byte(id)))
	return has || err != nil
}

func decodeBloom(r thrift.Reader, h *format.BloomFilterHeader) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("malformed thrift: %v", p)
		}
	}()
	return thrift.NewDecoder(r).Decode(h)
}
