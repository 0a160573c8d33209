package inflate

import (
	"encoding/binary"
	"io"
)

// decode decodes a block up to its end, or until there is a piece. Far from the end of
// the input it does without looking at it.
func (r *Reader) decode(limit int) error {
	for r.end < limit {
		if r.pos+16 <= len(r.in) {
			done, err := r.fast(limit)
			if err != nil || done {
				return err
			}
			continue
		}
		done, err := r.careful()
		if err != nil || done {
			return err
		}
	}
	return nil
}

// fast decodes while at least sixteen bytes of input are left.
func (r *Reader) fast(limit int) (done bool, err error) {
	in, out := r.in, r.out
	pos, bits, n, end := r.pos, r.bits, r.n, r.end
	lit, dist := r.lit.entries, r.dist.entries
	const litMask, distMask = 1<<litLook - 1, 1<<distLook - 1
	if len(lit) <= litMask || len(dist) <= distMask {
		return false, r.corrupt()
	}
	base, ok := r.base, true
	for end < limit && pos+16 <= len(in) {
		// At least 56 bits, which is enough for three looks at literals and a length.
		bits |= binary.LittleEndian.Uint64(in[pos:]) << (n & 63)
		pos += int(63-n) >> 3
		n |= 56
		e := lit[bits&litMask]
		if e&isLiteral != 0 {
			bits >>= e & 31
			n -= uint(e & 31)
			binary.LittleEndian.PutUint16(out[end:], uint16(e>>16))
			end += literals(e)
			e = lit[bits&litMask]
			if e&isLiteral != 0 {
				bits >>= e & 31
				n -= uint(e & 31)
				binary.LittleEndian.PutUint16(out[end:], uint16(e>>16))
				end += literals(e)
				e = lit[bits&litMask]
				if e&isLiteral != 0 {
					bits >>= e & 31
					n -= uint(e & 31)
					binary.LittleEndian.PutUint16(out[end:], uint16(e>>16))
					end += literals(e)
					continue
				}
			}
		}
		if e&isTable != 0 {
			e = lit[int(e>>16)+int(bits>>litLook)&(1<<(e>>5&31)-1)]
		}
		if e&isBase == 0 {
			if e == 0 {
				ok = false
				break
			}
			bits >>= e & 31
			n -= uint(e & 31)
			if e&isEnd != 0 {
				r.pos, r.bits, r.n, r.end, r.state = pos, bits, n, end, blockHead
				return true, nil
			}
			out[end] = byte(e >> 16)
			end++
			continue
		}
		total := e >> 5 & 31
		length := int(e>>16) + int(bits&(1<<total-1)>>(e&31))
		bits >>= total
		n -= uint(total)

		bits |= binary.LittleEndian.Uint64(in[pos:]) << (n & 63)
		pos += int(63-n) >> 3
		n |= 56
		e = dist[bits&distMask]
		if e&isTable != 0 {
			e = dist[int(e>>16)+int(bits>>distLook)&(1<<(e>>5&31)-1)]
		}
		total = e >> 5 & 31
		from := end - int(e>>16) - int(bits&(1<<total-1)>>(e&31))
		if e == 0 || from < base {
			ok = false
			break
		}
		bits >>= total
		n -= uint(total)
		if end-from < 8 {
			end = repeat(out, from, end, length)
			continue
		}
		// Most copies are short, and how long they are nobody can foresee: four words at
		// a time, into the slack behind where fewer are wanted, leave little to foresee.
		s, d := out[from:from+length+32], out[end:end+length+32]
		end += length
		for {
			_, _ = s[31], d[31] // one check instead of eight
			binary.LittleEndian.PutUint64(d, binary.LittleEndian.Uint64(s))
			binary.LittleEndian.PutUint64(d[8:], binary.LittleEndian.Uint64(s[8:]))
			binary.LittleEndian.PutUint64(d[16:], binary.LittleEndian.Uint64(s[16:]))
			binary.LittleEndian.PutUint64(d[24:], binary.LittleEndian.Uint64(s[24:]))
			if length <= 32 {
				break
			}
			length -= 32
			s, d = s[32:], d[32:]
		}
	}
	r.pos, r.bits, r.n, r.end = pos, bits, n, end
	if !ok {
		return false, r.corrupt()
	}
	return false, nil
}

// literals is how many there are in an entry.
func literals(e uint32) int { return 1 + int(e/isPair&1) }

// repeat copies length bytes to end from before, perhaps from what it copies itself.
func repeat(out []byte, from, end, length int) int {
	for i := range length {
		out[end+i] = out[from+i]
	}
	return end + length
}

// careful decodes one symbol near the end of the input.
func (r *Reader) careful() (done bool, err error) {
	e, err := r.symbol(&r.lit)
	if err != nil {
		return false, err
	}
	switch {
	case e&isEnd != 0:
		r.state = blockHead
		return true, nil
	case e&isLiteral != 0:
		r.out[r.end] = byte(e >> 16)
		r.end++
		return false, nil
	}
	length, err := r.extra(e)
	if err != nil {
		return false, err
	}
	if e, err = r.symbol(&r.dist); err != nil {
		return false, err
	}
	distance, err := r.extra(e)
	if err != nil {
		return false, err
	}
	if distance > r.end-r.base {
		return false, r.corrupt()
	}
	r.end = repeat(r.out, r.end-distance, r.end, length)
	return false, nil
}

// extra adds the extra bits of a length or a distance, whose code was taken.
func (r *Reader) extra(e uint32) (int, error) {
	n := uint(e>>5&31) - uint(e&31)
	if !r.need(n) {
		return 0, io.ErrUnexpectedEOF
	}
	return int(e>>16) + int(r.take(n)), nil
}
