package lake

import (
	"cmp"
	"encoding/binary"
	"hash/crc32"
	"slices"
	"strconv"
	"strings"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/encoding/rle"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

const (
	// sliceBytes are the raw records of one page: enough for zstd to find what they
	// have in common, and little enough to decompress for a single match.
	sliceBytes = 2 << 20
	// rawWindow is how far back zstd looks in it: rows that are alike lie side by side,
	// and what lies further back than a processor's cache costs more than it saves.
	rawWindow     = 512 << 10
	lettersWindow = 256 << 10
	// mostRows and mostBytes bound a row group, and with it what a reader holds.
	mostRows  = 32 << 10
	mostBytes = 64 << 20
)

// rowGroup is one that is ready to be put into a file; offsets count from its body.
type rowGroup struct {
	body        []byte
	meta        format.RowGroup
	columnIndex []format.ColumnIndex // of no pages where a leaf has none
	offsetIndex []format.OffsetIndex
	first, last int64 // times; never where no row has one
	rows        int
}

// encoder makes row groups out of buffers. It belongs to one goroutine.
type encoder struct {
	zstd    *zstd.Encoder
	letters *zstd.Encoder // for all but raw records
	order   []int32       // rows as they will lie
	ends    []int         // of the slices, in order
	local   localCodes
	values  []byte
	ids     []int32
	levels  []uint8
	page    []byte
	packed  []byte
	hashes  []uint64
	keys    []gathered
	body    []byte

	g *rowGroup
	b *buffer
}

func newEncoder() (*encoder, error) {
	z, err := newZstd(zstd.WithWindowSize(rawWindow))
	if err != nil {
		return nil, err
	}
	// Ids have nothing in common but their letters: half of them goes if literals are
	// always coded.
	l, err := newZstd(zstd.WithWindowSize(lettersWindow), zstd.WithAllLitEntropyCompression(true))
	return &encoder{zstd: z, letters: l, page: make([]byte, 0, sliceBytes+sliceBytes/4)}, err
}

func newZstd(more ...zstd.EOption) (*zstd.Encoder, error) {
	return zstd.NewWriter(nil, append([]zstd.EOption{zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false)}, more...)...)
}

// encode makes row groups of the rows in a buffer.
func (e *encoder) encode(b *buffer, known *[columns]symbols, take func(*rowGroup) error) error {
	e.b = b
	e.sort()
	for from := 0; from < len(e.order); {
		to := e.cut(from)
		g := e.group(from, to, known)
		if err := take(g); err != nil {
			return err
		}
		e.body = g.body[:0]
		from = to
	}
	return nil
}

// sort puts the rows into order of time.
func (e *encoder) sort() {
	e.order = e.order[:0]
	for i := range e.b.times {
		if !e.b.dropped[i] {
			e.order = append(e.order, int32(i))
		}
	}
	times := e.b.times
	if !slices.IsSorted(times) {
		slices.SortStableFunc(e.order, func(x, y int32) int { return cmp.Compare(times[x], times[y]) })
	}
}

// cut says where the row group that begins at from ends, and cuts it into slices. Rows
// of a slice are put together by what they are.
func (e *encoder) cut(from int) int {
	e.ends = e.ends[:0]
	total, end := 0, from
	for ; end < len(e.order) && end-from < mostRows && total < mostBytes; end++ {
		total += e.b.raws.length(e.order[end])
	}
	// Slices of the same size: a short last one would compress badly.
	most := total/(total/sliceBytes+1) + sliceBytes/64
	size, begin, i := 0, from, from
	for ; i < end; i++ {
		n := e.b.raws.length(e.order[i])
		if size > 0 && size+n > most {
			e.gather(begin, i)
			e.ends = append(e.ends, i-from)
			begin, size = i, 0
		}
		size += n
	}
	e.gather(begin, i)
	e.ends = append(e.ends, i-from)
	return i
}

func (e *encoder) gather(from, to int) {
	e.keys = e.keys[:0]
	for i, row := range e.order[from:to] {
		c := &e.b.codes[row]
		e.keys = append(e.keys, gathered{uint64(c[Operation])<<32 | uint64(c[Actor]), int32(i), row})
	}
	slices.SortFunc(e.keys, func(x, y gathered) int { return cmp.Or(cmp.Compare(x.what, y.what), cmp.Compare(x.was, y.was)) })
	for i, k := range e.keys {
		e.order[from+i] = k.row
	}
}

// gathered is a row on its way beside others of its kind.
type gathered struct {
	what uint64
	was  int32 // where it was, so that order is kept otherwise
	row  int32
}

func (e *encoder) group(from, to int, known *[columns]symbols) *rowGroup {
	rows := e.order[from:to]
	e.g = &rowGroup{body: e.body[:0], rows: len(rows), columnIndex: make([]format.ColumnIndex, len(leaves)), offsetIndex: make([]format.OffsetIndex, len(leaves)), first: never, last: never}
	e.g.meta = format.RowGroup{NumRows: int64(len(rows)), Columns: make([]format.ColumnChunk, len(leaves))}
	for i := range leaves {
		c := e.begin(i)
		switch l := &leaves[i]; {
		case l.path == rawPath:
			e.texts(c, rows, &e.b.raws)
		case l.from == ID && l.stored():
			e.texts(c, rows, &e.b.ids)
		case l.kind == moment, l.kind == instant:
			e.times(c, rows)
		case l.kind == boolean:
			e.booleans(c, rows, &known[l.from])
		case l.list:
			e.list(c, rows, &known[l.from])
		default:
			e.dictionary(c, rows, known)
		}
		e.end(c)
	}
	e.bloom(rows)
	e.g.meta.TotalCompressedSize = int64(len(e.g.body))
	return e.g
}

// chunk is the leaf that is being written.
type chunk struct {
	*leaf
	i      int
	meta   *format.ColumnMetaData
	column *format.ColumnIndex
	offset *format.OffsetIndex
}

func (e *encoder) begin(i int) chunk {
	c := chunk{&leaves[i], i, &e.g.meta.Columns[i].MetaData, &e.g.columnIndex[i], &e.g.offsetIndex[i]}
	c.meta.Type = c.physical()
	c.meta.PathInSchema = paths()[i]
	c.meta.Codec = format.Zstd
	return c
}

func (e *encoder) end(c chunk) {
	e.g.meta.TotalByteSize += c.meta.TotalUncompressedSize
	c.column.BoundaryOrder = format.Unordered
}

// put adds the values in e.page as a page.
func (e *encoder) put(c chunk, header *format.PageHeader, values, firstRow int) {
	header.UncompressedPageSize = int32(len(e.page))
	z := e.letters
	if c.path == rawPath {
		z = e.zstd
	}
	e.packed = z.EncodeAll(e.page, e.packed[:0])
	header.CompressedPageSize = int32(len(e.packed))
	header.CRC = int32(crc32.ChecksumIEEE(e.packed))
	head, err := thrift.Marshal(new(thrift.CompactProtocol), header)
	if err != nil {
		panic("lake: a page header cannot be encoded: " + err.Error()) // its fields are ours
	}
	at := int64(len(e.g.body))
	e.g.body = append(append(e.g.body, head...), e.packed...)
	c.meta.TotalUncompressedSize += int64(len(head) + len(e.page))
	c.meta.TotalCompressedSize += int64(len(head) + len(e.packed))
	if header.Type == format.DictionaryPage {
		c.meta.DictionaryPageOffset = at
		return
	}
	if c.meta.NumValues == 0 {
		c.meta.DataPageOffset = at
	}
	c.meta.NumValues += int64(values)
	c.offset.PageLocations = append(c.offset.PageLocations, format.PageLocation{Offset: at, CompressedPageSize: int32(len(head) + len(e.packed)), FirstRowIndex: int64(firstRow)})
}

func (e *encoder) putData(c chunk, encoding format.Encoding, values, firstRow int) {
	e.put(c, &format.PageHeader{Type: format.DataPage, DataPageHeader: thrift.New(format.DataPageHeader{
		NumValues: int32(values), Encoding: encoding, DefinitionLevelEncoding: format.RLE, RepetitionLevelEncoding: format.RLE,
	})}, values, firstRow)
}

// texts writes texts that are never the same, a page for each slice. No bounds: they
// would tell nothing.
func (e *encoder) texts(c chunk, rows []int32, a *arena) {
	c.meta.Encoding = []format.Encoding{format.Plain, format.RLE}
	begin, nulls := 0, int64(0)
	for _, end := range e.ends {
		slice := rows[begin:end]
		e.page, e.levels = e.page[:0], e.levels[:0]
		for _, row := range slice {
			e.levels = append(e.levels, min(1, uint8(min(1, a.length(row)))))
		}
		if !c.required {
			e.page = appendLevels(e.page, e.levels, 1)
		}
		for i, row := range slice {
			if e.levels[i] == 0 && !c.required {
				nulls++
				continue
			}
			v := a.at(row)
			e.page = binary.LittleEndian.AppendUint32(e.page, uint32(len(v)))
			e.page = append(e.page, v...)
		}
		e.putData(c, format.Plain, len(slice), begin)
		begin = end
	}
	c.meta.Statistics.NullCount = nulls
}

func (e *encoder) times(c chunk, rows []int32) {
	c.meta.Encoding = []format.Encoding{format.Plain, format.RLE}
	var nulls int64
	low, high := int64(never), int64(never)
	begin := 0
	for _, end := range e.ends {
		slice := rows[begin:end]
		e.page, e.levels = e.page[:0], e.levels[:0]
		pageLow, pageHigh, none := int64(never), int64(never), int64(0)
		for _, row := range slice {
			at := e.b.times[row]
			if at == never {
				e.levels = append(e.levels, 0)
				none++
				continue
			}
			e.levels = append(e.levels, 1)
			if pageLow == never || at < pageLow {
				pageLow = at
			}
			pageHigh = max(pageHigh, at)
		}
		e.page = appendLevels(e.page, e.levels, 1)
		for _, row := range slice {
			if at := e.b.times[row]; at != never {
				e.page = binary.LittleEndian.AppendUint64(e.page, uint64(at))
			}
		}
		e.putData(c, format.Plain, len(slice), begin)
		c.bounds(pageLow == never, number(pageLow), number(pageHigh), none)
		if low == never {
			low = pageLow
		}
		high = max(high, pageHigh)
		nulls += none
		begin = end
	}
	c.meta.Statistics.NullCount = nulls
	if low != never {
		c.meta.Statistics.MinValue, c.meta.Statistics.MaxValue = number(low), number(high)
	}
	e.g.first, e.g.last = low, high
}

func number(v int64) []byte { return binary.LittleEndian.AppendUint64(nil, uint64(v)) }

// bounds say what lies in the page that was put last.
func (c chunk) bounds(empty bool, low, high []byte, nulls int64) {
	if empty {
		low, high = nil, nil
	}
	c.column.NullPages = append(c.column.NullPages, empty)
	c.column.MinValues = append(c.column.MinValues, low)
	c.column.MaxValues = append(c.column.MaxValues, high)
	c.column.NullCounts = append(c.column.NullCounts, nulls)
}

func (e *encoder) booleans(c chunk, rows []int32, known *symbols) {
	c.meta.Encoding = []format.Encoding{format.Plain, format.RLE}
	e.page, e.levels, e.values = e.page[:0], e.levels[:0], e.values[:0]
	n := 0
	for _, row := range rows {
		v := known.text(e.b.codes[row][c.from])
		if v != "true" && v != "false" {
			e.levels = append(e.levels, 0)
			continue
		}
		e.levels = append(e.levels, 1)
		if n%8 == 0 {
			e.values = append(e.values, 0)
		}
		if v == "true" {
			e.values[n/8] |= 1 << (n % 8)
		}
		n++
	}
	e.page = append(appendLevels(e.page, e.levels, 1), e.values...)
	e.putData(c, format.Plain, len(rows), 0)
	c.meta.Statistics.NullCount = int64(len(rows) - n)
}

// localCodes turn codes into places in a dictionary.
type localCodes struct {
	place []int32 // by code, where round says that it is of this round
	round []uint32
	now   uint32
	codes []uint32 // by place
}

func (l *localCodes) begin(known int) {
	l.now++
	l.codes = l.codes[:0]
	if len(l.place) < known {
		l.place, l.round, l.now = make([]int32, known+known/2), make([]uint32, known+known/2), 1
	}
}

func (l *localCodes) of(code uint32) int32 {
	if l.round[code] != l.now {
		l.round[code], l.place[code] = l.now, int32(len(l.codes))
		l.codes = append(l.codes, code)
	}
	return l.place[code]
}

func (e *encoder) dictionary(c chunk, rows []int32, known *[columns]symbols) {
	e.ids, e.levels = e.ids[:0], e.levels[:0]
	if c.constant != "" {
		for range rows {
			e.ids = append(e.ids, 0)
		}
		e.putDictionary(c, []string{c.constant}, nil, len(rows))
		return
	}
	from := c.from
	if c.derived != nil {
		from = c.of
	}
	symbols := &known[from]
	e.local.begin(symbols.size())
	for _, row := range rows {
		code := e.b.codes[row][from]
		if code == 0 && c.derived == nil {
			e.levels = append(e.levels, 0)
			continue
		}
		e.levels = append(e.levels, 1)
		e.ids = append(e.ids, e.local.of(code))
	}
	texts := make([]string, len(e.local.codes))
	for i, code := range e.local.codes {
		texts[i] = symbols.text(code)
	}
	if c.derived != nil {
		texts = e.derive(c, texts)
	}
	e.putDictionary(c, texts, e.levels, len(rows))
}

// derive turns a dictionary into that of a derived column, and the places with it.
func (e *encoder) derive(c chunk, texts []string) []string {
	places := make([]int32, len(texts))
	seen := map[string]int32{}
	var out []string
	for i, t := range texts {
		d := c.derived(t)
		place, ok := seen[d]
		if !ok {
			place = int32(len(out))
			seen[d] = place
			out = append(out, d)
		}
		places[i] = place
	}
	for i, id := range e.ids {
		e.ids[i] = places[id]
	}
	return out
}

func (e *encoder) list(c chunk, rows []int32, known *symbols) {
	e.ids, e.levels = e.ids[:0], e.levels[:0]
	e.local.begin(known.size())
	var repeated []uint8
	for _, row := range rows {
		resources := e.b.of(row)
		if len(resources) == 0 {
			repeated, e.levels = append(repeated, 0), append(e.levels, 0)
		}
		for i := range resources {
			repeated = append(repeated, uint8(min(i, 1)))
			code := resources[i][c.from-firstOfResource]
			if code == 0 {
				e.levels = append(e.levels, 1)
				continue
			}
			e.levels = append(e.levels, 2)
			e.ids = append(e.ids, e.local.of(code))
		}
	}
	texts := make([]string, len(e.local.codes))
	for i, code := range e.local.codes {
		texts[i] = known.text(code)
	}
	e.page = e.page[:0]
	e.values = appendLevels(e.values[:0], repeated, 1)
	e.values = appendLevels(e.values, e.levels, 2)
	e.finishDictionary(c, texts, e.values, len(repeated), int64(len(repeated)-len(e.ids)))
}

// putDictionary writes a column of one value a row.
func (e *encoder) putDictionary(c chunk, texts []string, levels []uint8, rows int) {
	e.values = e.values[:0]
	if !c.required {
		e.values = appendLevels(e.values, levels, 1)
	}
	e.finishDictionary(c, texts, e.values, rows, int64(rows-len(e.ids)))
}

func (e *encoder) finishDictionary(c chunk, texts []string, levels []byte, values int, nulls int64) {
	c.meta.Encoding = []format.Encoding{format.Plain, format.RLE, format.RLEDictionary}
	c.meta.EncodingStats = []format.PageEncodingStats{
		{PageType: format.DictionaryPage, Encoding: format.Plain, Count: 1}, {PageType: format.DataPage, Encoding: format.RLEDictionary, Count: 1},
	}
	e.page = e.page[:0]
	for _, t := range texts {
		e.page = c.appendPlain(e.page, t)
	}
	e.put(c, &format.PageHeader{Type: format.DictionaryPage, DictionaryPageHeader: thrift.New(format.DictionaryPageHeader{NumValues: int32(len(texts)), Encoding: format.Plain})}, 0, 0)
	e.page = append(e.page[:0], levels...)
	if len(e.ids) > 0 {
		var err error
		if e.page, err = appendIndexes(e.page, e.ids, len(texts)); err != nil {
			panic("lake: dictionary indexes cannot be encoded: " + err.Error()) // they are ours
		}
	} else {
		e.page = append(e.page, 0) // the bit width of no indexes
	}
	e.putData(c, format.RLEDictionary, values, 0)
	low, high := c.extremes(texts)
	c.bounds(len(texts) == 0, low, high, nulls)
	c.meta.Statistics = format.Statistics{NullCount: nulls, MinValue: low, MaxValue: high}
}

// appendIndexes writes places in a dictionary of so many entries.
func appendIndexes(dst []byte, ids []int32, entries int) ([]byte, error) {
	width := 0
	for 1<<width < entries {
		width++
	}
	if width == 0 { // all the same
		return binary.AppendUvarint(append(dst, 0), uint64(len(ids))<<1), nil
	}
	out, err := (&rle.Encoding{BitWidth: width}).EncodeInt32(nil, ids)
	return append(append(dst, byte(width)), out...), err
}

// appendLevels writes levels as data pages of version 1 have them.
func appendLevels(dst []byte, levels []uint8, width int) []byte {
	at := len(dst)
	dst = append(dst, 0, 0, 0, 0)
	same := len(levels) > 0
	for _, l := range levels {
		if l != levels[0] {
			same = false
			break
		}
	}
	if same {
		dst = append(binary.AppendUvarint(dst, uint64(len(levels))<<1), levels[0])
	} else {
		out, err := (&rle.Encoding{BitWidth: width}).EncodeLevels(nil, levels)
		if err != nil {
			panic("lake: levels cannot be encoded: " + err.Error()) // they are ours
		}
		dst = append(dst, out...)
	}
	binary.LittleEndian.PutUint32(dst[at:], uint32(len(dst)-at-4))
	return dst
}

func (l *leaf) appendPlain(dst []byte, v string) []byte {
	switch l.kind {
	case number32:
		return binary.LittleEndian.AppendUint32(dst, uint32(atoi(v)))
	case number64:
		return binary.LittleEndian.AppendUint64(dst, uint64(atoi(v)))
	}
	return append(binary.LittleEndian.AppendUint32(dst, uint32(len(v))), v...)
}

func atoi(v string) int64 {
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil {
		panic("lake: " + strconv.Quote(v) + " is no number") // constants and derived values are ours
	}
	return n
}

// mostBound is the longest text that bounds keep whole.
const mostBound = 96

// extremes are bounds of a dictionary's entries.
func (l *leaf) extremes(texts []string) (low, high []byte) {
	if len(texts) == 0 {
		return nil, nil
	}
	if l.kind != text {
		compare := func(a, b string) int { return cmp.Compare(atoi(a), atoi(b)) }
		return l.appendPlain(nil, slices.MinFunc(texts, compare)), l.appendPlain(nil, slices.MaxFunc(texts, compare))
	}
	first, last := slices.Min(texts), slices.Max(texts)
	if len(last) > mostBound { // the end of all texts that begin so
		last = strings.ToValidUTF8(last[:mostBound], "") + "\U0010FFFF"
	}
	return []byte(strings.ToValidUTF8(first[:min(len(first), mostBound)], "")), []byte(last)
}
