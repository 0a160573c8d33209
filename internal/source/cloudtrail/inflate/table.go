package inflate

import (
	"io"
	"math/bits"
)

// table gives for the next bits what they mean. Codes longer than its first look have
// a table of their own behind it. An entry is
//
//	bits 0–4    length of the code, of the first look for a second table, of both of a pair
//	bits 5–9    bits of the code and of the extra bits behind it together
//	bits 10–14  what it is
//	bits 16–31  the literal, or a pair, the base of a length or distance, or where the second table is
//
// 0 is a code that does not exist.
type table struct {
	entries []uint32
	look    uint // bits of the first look
}

const (
	isLiteral = 1 << 10
	isTable   = 1 << 11 // then bits 5–9 are the bits of the second look
	isEnd     = 1 << 12
	isBase    = 1 << 13
	isPair    = 1 << 14 // of literals; then bits 5–9 are the bits of the first
)

const (
	litLook  = 11
	distLook = 9
)

// meaning of the symbols, without the lengths of codes; extra bits in 5–9.
var (
	litMeaning  = lengths()
	distMeaning = distances()
)

func lengths() (m [288]uint32) {
	for s := range 256 {
		m[s] = isLiteral | uint32(s)<<16
	}
	m[256] = isEnd
	base := uint32(3)
	for s := 257; s < 285; s++ {
		extra := uint32(0)
		if s >= 265 {
			extra = uint32(s-261) / 4
		}
		m[s] = isBase | base<<16 | extra<<5
		base += 1 << extra
	}
	m[285] = isBase | 258<<16
	return m // 286 and 287 do not exist
}

func distances() (m [32]uint32) {
	base := uint32(1)
	for s := range 30 {
		extra := uint32(max(0, s/2-1))
		m[s] = isBase | base<<16 | extra<<5
		base += 1 << extra
	}
	return m
}

// build makes the table of codes with these lengths. It fails where they are more or
// fewer than fit, except for a single code of one bit or none, as zlib does.
func (t *table) build(lens []uint8, meaning []uint32, look uint) bool {
	var count [16]int
	for _, l := range lens {
		count[l]++
	}
	count[0] = 0
	code, used, left := 0, 0, 1
	var next [16]int
	for l := 1; l < 16; l++ {
		left = left<<1 - count[l]
		if left < 0 {
			return false
		}
		code = (code + count[l-1]) << 1
		next[l] = code
		used += count[l]
	}
	if left > 0 && used > 0 && !(used == 1 && count[1] == 1) {
		return false
	}
	t.look = look
	if cap(t.entries) < 1<<look {
		t.entries = make([]uint32, 1<<look, 4<<look)
	}
	t.entries = t.entries[:1<<look]
	clear(t.entries)
	var long [1 << litLook]uint8 // by the first look: bits behind it
	start := next
	for _, l := range lens {
		if l > uint8(look) {
			p := reversed(next[l], uint(l)) & (1<<look - 1)
			long[p] = max(long[p], l-uint8(look))
		}
		next[l]++
	}
	for s, l := range lens {
		if l == 0 {
			continue
		}
		c := reversed(start[l], uint(l))
		start[l]++
		t.enter(c, uint(l), meaning[s], &long)
	}
	return true
}

func reversed(code int, n uint) int {
	return int(bits.Reverse16(uint16(code)) >> (16 - n))
}

func (t *table) enter(code int, n uint, meaning uint32, long *[1 << litLook]uint8) {
	if meaning != 0 {
		meaning += uint32(n)<<5 | uint32(n)
	}
	if n <= t.look {
		for i := code; i < 1<<t.look; i += 1 << n {
			t.entries[i] = meaning
		}
		return
	}
	p := code & (1<<t.look - 1)
	second := uint(long[p])
	if t.entries[p] == 0 {
		at := len(t.entries)
		for range 1 << second {
			t.entries = append(t.entries, 0)
		}
		t.entries[p] = isTable | uint32(at)<<16 | uint32(second)<<5 | uint32(t.look)
	}
	at := int(t.entries[p] >> 16)
	for i := code >> t.look; i < 1<<second; i += 1 << (n - t.look) {
		t.entries[at+i] = meaning
	}
}

// pair joins two literals that the same look decides: most of what a log does not repeat
// are the digits of ids, whose codes are short.
func (t *table) pair() {
	// From the end, so that what is read for the second was not joined yet.
	for i := len(t.entries[:1<<t.look]) - 1; i >= 0; i-- {
		e := t.entries[i]
		if e&isLiteral == 0 {
			continue
		}
		first := e & 31
		second := t.entries[i>>first]
		if second&isLiteral == 0 || first+second&31 > uint32(t.look) {
			continue
		}
		t.entries[i] = isLiteral | isPair | (first + second&31) | first<<5 | e&0xff0000 | second<<8&0xff000000
	}
}

// of gives the entry for the next bits, of a pair the first.
func (t *table) of(next uint64) uint32 {
	e := t.entries[next&(1<<t.look-1)]
	if e&isPair != 0 {
		first := e >> 5 & 31
		return isLiteral | first | first<<5 | e&0xff0000
	}
	if e&isTable != 0 {
		e = t.entries[int(e>>16)+int(next>>t.look)&(1<<(e>>5&31)-1)]
	}
	return e
}

// fixed sets the codes that every reader knows.
func (r *Reader) fixed() {
	if r.known {
		return
	}
	r.known = true
	l := r.lens[:288]
	for i := range l {
		switch {
		case i < 144, i >= 280:
			l[i] = 8
		case i < 256:
			l[i] = 9
		default:
			l[i] = 7
		}
	}
	r.lit.build(l, litMeaning[:], litLook)
	r.lit.pair()
	d := r.lens[288:320]
	for i := range d {
		d[i] = 5
	}
	r.dist.build(d, distMeaning[:], distLook)
}

// order is that of the lengths of the codes for lengths.
var order = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// lengthMeaning keeps the symbols 0 to 18 as they are.
var lengthMeaning = func() (m [19]uint32) {
	for i := range m {
		m[i] = isLiteral | uint32(i)<<16
	}
	return m
}()

// dynamic reads the codes of a block.
func (r *Reader) dynamic() error {
	r.known = false
	if !r.need(14) {
		return io.ErrUnexpectedEOF
	}
	lits, dists, lengths := int(r.take(5))+257, int(r.take(5))+1, int(r.take(4))+4
	if lits > 286 || dists > 30 {
		return r.corrupt()
	}
	var l [19]uint8
	for _, i := range order[:lengths] {
		if !r.need(3) {
			return io.ErrUnexpectedEOF
		}
		l[i] = uint8(r.take(3))
	}
	if !r.dist.build(l[:], lengthMeaning[:], 7) {
		return r.corrupt()
	}
	for i := 0; i < lits+dists; {
		e, err := r.symbol(&r.dist)
		if err != nil {
			return err
		}
		v := uint8(e >> 16)
		if v < 16 {
			r.lens[i] = v
			i++
			continue
		}
		again, extra, value := 3, uint(2), uint8(0)
		switch v {
		case 16:
			if i == 0 {
				return r.corrupt()
			}
			value = r.lens[i-1]
		case 17:
			extra = 3
		case 18:
			again, extra = 11, 7
		}
		if !r.need(extra) {
			return io.ErrUnexpectedEOF
		}
		again += int(r.take(extra))
		if i+again > lits+dists {
			return r.corrupt()
		}
		for range again {
			r.lens[i] = value
			i++
		}
	}
	if r.lens[256] == 0 || !r.lit.build(r.lens[:lits], litMeaning[:], litLook) || !r.dist.build(r.lens[lits:lits+dists], distMeaning[:], distLook) {
		return r.corrupt()
	}
	r.lit.pair()
	return nil
}

// symbol takes one code, with care for the end of the input. Extra bits stay.
func (r *Reader) symbol(t *table) (uint32, error) {
	for r.n < 15 && r.pos < len(r.in) {
		r.need(r.n + 1)
	}
	e := t.of(r.bits)
	n := uint(e & 31)
	switch {
	case n > r.n || e == 0 && r.n < 15:
		return 0, io.ErrUnexpectedEOF
	case e == 0:
		return 0, r.corrupt()
	}
	r.take(n)
	return e, nil
}
