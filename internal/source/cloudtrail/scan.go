package cloudtrail

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// block is how much is read at a time. Records lie in the block they were read
// into, so a block lives as long as the last event out of it.
const block = 256 << 10

// cutter cuts a stream of JSON into records: elements of {"Records": […]} and of
// {"Events": […]}, of a bare array, or values one after the other (JSON Lines).
type cutter struct {
	r      io.Reader
	limits Limits
	buf    []byte // what was read and not yet used up
	offset int64  // of buf in the (decompressed) content
	ended  bool
	broken error // of the reader, once what came before it is used up
	// slot is where the next record goes; it comes to record filled.
	slot func() *Record
	// record is called with each record; false ends the reading.
	record func(r *Record) (bool, error)
	// fresh gives a new block of at least so many bytes for what is read from now on,
	// with rest, the end of the old block, at its beginning. nil allocates, so that
	// records stay as they are for ever.
	fresh func(size int, rest []byte) []byte
}

var errStop = errors.New("no more records are wanted")

// syntax is what is wrong at an offset of the content.
type syntax struct {
	offset int64
	err    error
}

func (e *syntax) Error() string { return fmt.Sprintf("at byte %d: %v", e.offset, e.err) }
func (e *syntax) Unwrap() error { return e.err }

func (c *cutter) fail(at int, err error) error { return &syntax{c.offset + int64(at), err} }

// more reads on. It never writes over what was read before.
func (c *cutter) more() error {
	switch {
	case c.broken != nil:
		return c.broken
	case c.ended:
		return io.ErrUnexpectedEOF
	}
	if len(c.buf) > c.limits.Record {
		return fmt.Errorf("a record is longer than %d bytes", c.limits.Record)
	}
	if cap(c.buf)-len(c.buf) < 4<<10 {
		c.buf = c.block(max(block, 2*len(c.buf)+block/4))
	}
	for idle := 0; idle < 100 && len(c.buf) < cap(c.buf); {
		n, err := c.r.Read(c.buf[len(c.buf):cap(c.buf)])
		c.buf = c.buf[:len(c.buf)+n]
		switch {
		case errors.Is(err, io.EOF):
			c.ended = true
			return nil
		case err != nil:
			c.broken = err
			return nil
		case n == 0:
			idle++
		default:
			idle = 0
		}
	}
	if len(c.buf) < cap(c.buf) {
		c.broken = io.ErrNoProgress
	}
	return nil
}

func (c *cutter) block(size int) []byte {
	if c.fresh == nil {
		return append(make([]byte, 0, size), c.buf...)
	}
	return c.fresh(size, c.buf)
}

// use drops the first n bytes.
func (c *cutter) use(n int) {
	c.buf, c.offset = c.buf[n:], c.offset+int64(n)
}

// peek skips white space (and a byte order mark at the very start) and gives the
// next byte; ok is false at the end.
func (c *cutter) peek() (b byte, ok bool, err error) {
	for {
		c.use((&text{b: c.buf}).space(0))
		if c.offset == 0 && bytes.HasPrefix(c.buf, []byte("\xef\xbb\xbf")) {
			c.use(3)
			continue
		}
		if len(c.buf) > 0 && !(c.offset == 0 && len(c.buf) < 3 && !c.ended) {
			return c.buf[0], true, nil
		}
		if c.ended {
			return 0, false, nil
		}
		if err := c.more(); err != nil {
			return 0, false, c.fail(len(c.buf), err)
		}
	}
}

// whole gives the value that starts at the first byte, reading on as needed.
func (c *cutter) whole() ([]byte, error) {
	for {
		end, err := (&text{b: c.buf, depth: c.limits.Depth}).value(0, 1)
		if err == nil {
			err = c.limit(end)
		}
		if err == nil {
			return c.buf[:end:end], nil
		}
		if err = c.mend(end, err); err != nil {
			return nil, err
		}
	}
}

func (c *cutter) limit(length int) error {
	if length > c.limits.Record {
		return fmt.Errorf("a record is longer than %d bytes", c.limits.Record)
	}
	return nil
}

// mend reads on where only the end is missing; any other error is one at a place.
func (c *cutter) mend(at int, err error) error {
	if !errors.Is(err, errShort) {
		return c.fail(at, err)
	}
	if err := c.more(); err != nil {
		return c.fail(len(c.buf), err)
	}
	return nil
}

// next reads the object at the first byte as a record. Where lists are looked for
// and it has one, the first byte is that of the list then.
func (c *cutter) next(lists bool) (found bool, err error) {
	for {
		r := c.slot()
		end, err := r.scan(c.buf, c.limits.Depth, lists)
		switch {
		case err == nil:
			err = c.limit(end)
		case errors.Is(err, errFound):
			c.use(end)
			return true, nil
		}
		if err == nil {
			r.offset = c.offset
			c.use(end)
			return false, c.emit(r)
		}
		if err = c.mend(end, err); err != nil {
			return false, err
		}
	}
}

// run reads to the end.
func (c *cutter) run() error {
	for {
		b, ok, err := c.peek()
		switch {
		case err != nil || !ok:
			return err
		case b == '[':
			err = c.elements()
		case b == '{':
			err = c.top()
		default:
			return c.fail(0, errJSON)
		}
		if err != nil {
			return err
		}
	}
}

// top reads one value of the outermost level: a record, or what holds records.
func (c *cutter) top() error {
	found, err := c.next(true)
	if err != nil || !found {
		return err
	}
	if err := c.elements(); err != nil {
		return err
	}
	return c.rest()
}

// elements reads the array at the first byte, element by element.
func (c *cutter) elements() error {
	c.use(1)
	for first := true; ; first = false {
		b, ok, err := c.peek()
		switch {
		case err != nil:
			return err
		case !ok:
			return c.fail(0, io.ErrUnexpectedEOF)
		case b == ']':
			c.use(1)
			return nil
		case !first:
			if b != ',' {
				return c.fail(0, errJSON)
			}
			c.use(1)
			if b, ok, err = c.peek(); err != nil || !ok {
				return errors.Join(err, c.fail(0, io.ErrUnexpectedEOF))
			}
		}
		if b != '{' {
			return c.fail(0, errors.New("an element of the list is no record"))
		}
		if _, err := c.next(false); err != nil {
			return err
		}
	}
}

// rest passes over the members behind the list of records.
func (c *cutter) rest() error {
	for {
		b, ok, err := c.peek()
		switch {
		case err != nil:
			return err
		case !ok:
			return c.fail(0, io.ErrUnexpectedEOF)
		case b == '}':
			c.use(1)
			return nil
		case b != ',':
			return c.fail(0, errJSON)
		}
		c.use(1)
		if _, _, err := c.peek(); err != nil {
			return err
		}
		if _, err := c.pass('"'); err != nil { // the key
			return err
		}
		if b, _, err = c.peek(); err != nil {
			return err
		}
		if b != ':' {
			return c.fail(0, errJSON)
		}
		c.use(1)
		if _, _, err := c.peek(); err != nil {
			return err
		}
		if _, err := c.pass(0); err != nil {
			return err
		}
	}
}

// pass drops one value, which has to start with the given byte unless that is 0.
func (c *cutter) pass(first byte) (int, error) {
	if len(c.buf) == 0 {
		return 0, c.fail(0, io.ErrUnexpectedEOF)
	}
	if first != 0 && c.buf[0] != first {
		return 0, c.fail(0, errJSON)
	}
	raw, err := c.whole()
	c.use(len(raw))
	return len(raw), err
}

// emit hands a record over.
func (c *cutter) emit(r *Record) error {
	more, err := c.record(r)
	if err != nil {
		return &syntax{r.offset, err}
	}
	if !more {
		return errStop
	}
	return nil
}
