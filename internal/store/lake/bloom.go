package lake

import (
	"github.com/parquet-go/parquet-go/bloom"
	"github.com/parquet-go/parquet-go/bloom/xxhash"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// bloomBits for each id leave one row group in a hundred to be looked into in vain.
const bloomBits = 10

// bloom adds the filter of ids, by which one event is found in a year.
func (e *encoder) bloom(rows []int32) {
	e.hashes = e.hashes[:0]
	for _, row := range rows {
		if id := e.b.ids.at(row); len(id) > 0 {
			e.hashes = append(e.hashes, xxhash.Sum64(id))
		}
	}
	if len(e.hashes) == 0 {
		return
	}
	filter := make(bloom.SplitBlockFilter, bloom.NumSplitBlocksOf(int64(len(e.hashes)), bloomBits))
	filter.InsertBulk(e.hashes)
	head, err := thrift.Marshal(new(thrift.CompactProtocol), &format.BloomFilterHeader{
		NumBytes:    int32(len(filter.Bytes())),
		Algorithm:   format.BloomFilterAlgorithm{Value: &format.SplitBlockAlgorithm{}},
		Hash:        format.BloomFilterHash{Value: &format.XxHash{}},
		Compression: format.BloomFilterCompression{Value: &format.BloomFilterUncompressed{}},
	})
	if err != nil {
		panic("lake: a Bloom filter's header cannot be encoded: " + err.Error()) // its fields are ours
	}
	m := &e.g.meta.Columns[idLeaf()].MetaData
	m.BloomFilterOffset = int64(len(e.g.body))
	m.BloomFilterLength = int32(len(head) + len(filter.Bytes()))
	e.g.body = append(append(e.g.body, head...), filter.Bytes()...)
}
