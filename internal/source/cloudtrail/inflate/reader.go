// Package inflate decompresses gzip that lies in memory as a whole. Log files are many,
// small and squeezed about tenfold, so that decompressing them is most of the work of
// reading them; knowing all of the input makes that faster than a stream allows: bits
// are taken eight bytes at a time, tables decide most symbols at one look, and
// nothing is read byte by byte. What comes out still comes in pieces, so that memory
// does not grow with the content. Only reading of log files may use it; whoever has a
// stream takes klauspost/compress.
//
// Source of the formats: RFC 1951 (DEFLATE) and RFC 1952 (gzip).
package inflate

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// Errors of content that is no gzip, or not what it was.
var (
	ErrHeader   = errors.New("gzip: invalid header")
	ErrChecksum = errors.New("gzip: invalid checksum")
)

// Corrupt is where the compressed content makes no sense.
type Corrupt int64

func (c Corrupt) Error() string { return fmt.Sprintf("flate: corrupt input at byte %d", int64(c)) }

const (
	window = 32 << 10
	piece  = 96 << 10 // decoded before it is handed over
)

// Reader gives the content of all members of a gzip file. The zero Reader is empty;
// Reset it. Its tables are used again and again.
type Reader struct {
	in   []byte
	pos  int    // of the next byte that is not in bits
	bits uint64 // the next ones, the lowest first
	n    uint   // how many of bits are there

	out   []byte // what was decoded: a window's worth from before, then new
	start int    // of what was not handed over yet
	end   int    // of what was decoded
	base  int    // of what this member wrote

	state  state
	final  bool // the block is the last of its member
	stored int  // bytes left of a stored block
	crc    uint32
	size   uint32
	err    error

	lit, dist table
	known     bool // lit and dist are those of fixed
	lens      [320]uint8
}

type state uint8

const (
	header state = iota
	blockHead
	storedBlock
	codedBlock
	trailer
)

// Reset begins with another file. It keeps in until the next Reset.
func (r *Reader) Reset(in []byte) {
	if r.out == nil {
		r.out = make([]byte, window+piece+slack)
	}
	r.in, r.pos, r.bits, r.n = in, 0, 0, 0
	r.start, r.end, r.base, r.state, r.err = 0, 0, 0, header, nil
	r.crc, r.size, r.final = 0, 0, false
}

// slack is how far a copy may write beyond its end.
const slack = 512

// Read gives the next bytes.
func (r *Reader) Read(p []byte) (int, error) {
	for r.start == r.end {
		if r.err != nil {
			return 0, r.err
		}
		r.fill()
	}
	n := copy(p, r.out[r.start:r.end])
	r.start += n
	return n, nil
}

// fill decodes until there is a piece or an end.
func (r *Reader) fill() {
	if r.end > window {
		copy(r.out, r.out[r.end-window:r.end])
		r.base = max(0, r.base-(r.end-window))
		r.start, r.end = window, window
	}
	from, limit := r.end, window+piece
	for r.end < limit && r.err == nil {
		switch r.state {
		case header:
			r.sum(from) // of the member before; nothing, as its trailer did
			from = r.end
			r.err = r.head()
		case blockHead:
			r.err = r.block()
		case storedBlock:
			r.copyStored(limit)
		case codedBlock:
			r.err = r.decode(limit)
		case trailer:
			r.sum(from)
			from = r.end
			r.err = r.tail()
		}
	}
	r.sum(from)
}

// sum adds what was decoded to the member's checksum.
func (r *Reader) sum(from int) {
	r.crc = crc32.Update(r.crc, crc32.IEEETable, r.out[from:r.end])
	r.size += uint32(r.end - from)
}

// head reads the header of a member; io.EOF is the end of the last.
func (r *Reader) head() error {
	b := r.in[r.pos:]
	if len(b) == 0 && r.pos > 0 {
		return io.EOF
	}
	if len(b) < 10 {
		return io.ErrUnexpectedEOF
	}
	if b[0] != 0x1f || b[1] != 0x8b || b[2] != 8 {
		return ErrHeader
	}
	flags, i := b[3], 10
	if flags&4 != 0 { // extra field
		if len(b) < i+2 {
			return io.ErrUnexpectedEOF
		}
		i += 2 + int(binary.LittleEndian.Uint16(b[i:]))
	}
	for _, flag := range []byte{8, 16} { // name and comment
		if flags&flag == 0 {
			continue
		}
		for i < len(b) && b[i] != 0 {
			i++
		}
		i++
	}
	if flags&2 != 0 { // checksum of the header
		if len(b) < i+2 {
			return io.ErrUnexpectedEOF
		}
		if uint16(crc32.ChecksumIEEE(b[:i])) != binary.LittleEndian.Uint16(b[i:]) {
			return ErrHeader
		}
		i += 2
	}
	if i > len(b) {
		return io.ErrUnexpectedEOF
	}
	r.pos += i
	r.bits, r.n, r.crc, r.size, r.state = 0, 0, 0, 0, blockHead
	r.base = r.end // what an earlier member wrote is none of this one's
	return nil
}

// tail checks what a member says of its content.
func (r *Reader) tail() error {
	r.align()
	if len(r.in)-r.pos < 8 {
		return io.ErrUnexpectedEOF
	}
	crc, size := binary.LittleEndian.Uint32(r.in[r.pos:]), binary.LittleEndian.Uint32(r.in[r.pos+4:])
	r.pos += 8
	if crc != r.crc || size != r.size {
		return ErrChecksum
	}
	r.state = header
	return nil
}

// align goes to the next whole byte, and gives those in bits back.
func (r *Reader) align() {
	r.pos -= int(r.n >> 3)
	r.bits, r.n = 0, 0
}

// need makes sure of so many bits, at most 32.
func (r *Reader) need(n uint) bool {
	for r.n < n {
		if r.pos >= len(r.in) {
			return false
		}
		r.bits |= uint64(r.in[r.pos]) << r.n
		r.pos++
		r.n += 8
	}
	return true
}

func (r *Reader) take(n uint) uint32 {
	v := uint32(r.bits & (1<<n - 1))
	r.bits >>= n
	r.n -= n
	return v
}

func (r *Reader) corrupt() error { return Corrupt(r.pos - int(r.n>>3)) }

// block reads the head of a block, tables included.
func (r *Reader) block() error {
	if r.final {
		r.final = false
		r.state = trailer
		return nil
	}
	if !r.need(3) {
		return io.ErrUnexpectedEOF
	}
	r.final = r.take(1) == 1
	switch r.take(2) {
	case 0:
		r.align()
		if len(r.in)-r.pos < 4 {
			return io.ErrUnexpectedEOF
		}
		n, not := binary.LittleEndian.Uint16(r.in[r.pos:]), binary.LittleEndian.Uint16(r.in[r.pos+2:])
		if n != ^not {
			return r.corrupt()
		}
		r.pos += 4
		r.stored, r.state = int(n), storedBlock
		return nil
	case 1:
		r.fixed()
		r.state = codedBlock
		return nil
	case 2:
		r.state = codedBlock
		return r.dynamic()
	}
	return r.corrupt()
}

func (r *Reader) copyStored(limit int) {
	n := min(r.stored, limit-r.end, len(r.in)-r.pos)
	copy(r.out[r.end:], r.in[r.pos:r.pos+n])
	r.end, r.pos, r.stored = r.end+n, r.pos+n, r.stored-n
	switch {
	case r.stored == 0:
		r.state = blockHead
	case r.pos == len(r.in):
		r.err = io.ErrUnexpectedEOF
	}
}
