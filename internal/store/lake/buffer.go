package lake

import (
	"bytes"
	"math"
	"sync"
	"unicode/utf8"
)

// never is the time of an event without one. It sorts first.
const never = math.MinInt64

// buffer holds the rows of one partition until they become a row group.
type buffer struct {
	times     []int64                   // milliseconds
	codes     [][firstOfResource]uint32 // by row; ID is kept as text
	raws, ids arena
	resources []resourceCodes
	ends      []int32 // of each row's resources
	dropped   []bool  // rows that the lake has already
}

type resourceCodes [columns - firstOfResource]uint32

func (b *buffer) rows() int { return len(b.times) }

// size is what the rows take in memory, roughly.
func (b *buffer) size() int { return b.raws.size + b.ids.size + len(b.times)*rowSize }

// rowSize is what a row takes beside its texts.
const rowSize = 8 + 4*int(firstOfResource) + 8 + 8 + 4

func (b *buffer) add(r *Row, known *[columns]symbols) {
	at := int64(never)
	if !r.Time.IsZero() {
		at = r.Time.UnixMilli()
	}
	b.times = append(b.times, at)
	b.ids.add(r.Text[ID])
	b.raws.add(r.Raw)
	var codes [firstOfResource]uint32
	for c := ID + 1; c < firstOfResource; c++ {
		if v := r.Text[c]; len(v) > 0 {
			codes[c] = known[c].code(v)
		}
	}
	b.codes = append(b.codes, codes)
	for _, res := range r.Resources {
		b.resources = append(b.resources, resourceCodes{
			known[ResourceARN].code(res.ARN), known[ResourceType].code(res.Type), known[ResourceOwner].code(res.Account),
		})
	}
	b.ends = append(b.ends, int32(len(b.resources)))
	b.dropped = append(b.dropped, false)
}

// of gives a row's resources.
func (b *buffer) of(row int32) []resourceCodes {
	from := int32(0)
	if row > 0 {
		from = b.ends[row-1]
	}
	return b.resources[from:b.ends[row]]
}

func (b *buffer) reset() {
	b.times, b.ends, b.resources, b.dropped = b.times[:0], b.ends[:0], b.resources[:0], b.dropped[:0]
	b.codes = b.codes[:0]
	b.raws.reset()
	b.ids.reset()
}

// arena keeps texts in blocks that grow with it, so that a partition of ten events takes
// little and one of a million is never copied.
type arena struct {
	blocks [][]byte
	places []place
	size   int
	spare  *blocks
}

type place struct {
	block    int32
	from, to int32
}

const (
	smallBlock = 4 << 10
	bigBlock   = 256 << 10
)

// blocks are big blocks that nobody uses at the moment: all partitions share them, so that
// memory is touched for the first time once and not again with every unit.
type blocks struct {
	mu   sync.Mutex
	free [][]byte
}

func (s *blocks) take() []byte {
	if s != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		if n := len(s.free); n > 0 {
			b := s.free[n-1]
			s.free = s.free[:n-1]
			return b
		}
	}
	return make([]byte, 0, bigBlock)
}

func (s *blocks) give(b []byte) {
	if s == nil || cap(b) != bigBlock {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.free = append(s.free, b[:0])
}

func (a *arena) add(v []byte) {
	if !utf8.Valid(v) {
		v = bytes.ToValidUTF8(v, []byte("\uFFFD"))
	}
	last := len(a.blocks) - 1
	if last < 0 || len(a.blocks[last])+len(v) > cap(a.blocks[last]) {
		a.blocks = append(a.blocks, a.block(len(v)))
		last++
	}
	from := len(a.blocks[last])
	a.blocks[last] = append(a.blocks[last], v...)
	a.places = append(a.places, place{int32(last), int32(from), int32(from + len(v))})
	a.size += len(v)
}

// block is a new block with room for a text.
func (a *arena) block(room int) []byte {
	n := max(smallBlock, a.size, room)
	if n >= bigBlock && room <= bigBlock {
		return a.spare.take()
	}
	return make([]byte, 0, n)
}

func (a *arena) at(row int32) []byte {
	p := a.places[row]
	return a.blocks[p.block][p.from:p.to]
}

func (a *arena) length(row int32) int { return int(a.places[row].to - a.places[row].from) }

// reset gives the blocks back.
func (a *arena) reset() {
	a.places, a.size = a.places[:0], 0
	for _, b := range a.blocks {
		a.spare.give(b)
	}
	clear(a.blocks)
	a.blocks = a.blocks[:0]
}
