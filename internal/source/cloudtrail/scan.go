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
	// record is called with each record and its offset; false ends the reading.
	record func(raw []byte, offset int64) (bool, error)
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
		grown := make([]byte, len(c.buf), max(block, 2*len(c.buf)+block/4))
		copy(grown, c.buf)
		c.buf = grown
	}
	for range 100 {
		n, err := c.r.Read(c.buf[len(c.buf):cap(c.buf)])
		c.buf = c.buf[:len(c.buf)+n]
		switch {
		case errors.Is(err, io.EOF):
			c.ended = true
			return nil
		case err != nil && n == 0:
			return err
		case n > 0:
			c.broken = err
			return nil
		}
	}
	return io.ErrNoProgress
}

// use drops the first n bytes.
func (c *cutter) use(n int) {
	c.buf, c.offset = c.buf[n:], c.offset+int64(n)
}

// peek skips white space (and a byte order mark at the very start) and gives the
// next byte; ok is false at the end.
func (c *cutter) peek() (b byte, ok bool, err error) {
	for {
		c.use(text{b: c.buf}.space(0))
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
func (c *cutter) whole(level int) ([]byte, error) {
	for {
		end, err := text{b: c.buf, depth: c.limits.Depth}.value(0, level)
		if err == nil && end > c.limits.Record {
			err = fmt.Errorf("a record is longer than %d bytes", c.limits.Record)
		}
		if err == nil {
			return c.buf[:end:end], nil
		}
		if !errors.Is(err, errShort) {
			return nil, c.fail(end, err)
		}
		if err := c.more(); err != nil {
			return nil, c.fail(len(c.buf), err)
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
	for {
		start, found, end, err := c.list()
		switch {
		case found:
			c.use(start)
			if err := c.elements(); err != nil {
				return err
			}
			return c.rest()
		case err == nil && end > c.limits.Record:
			return c.fail(0, fmt.Errorf("a record is longer than %d bytes", c.limits.Record))
		case err == nil:
			raw := c.buf[:end:end]
			at := c.offset
			c.use(end)
			return c.emit(raw, at)
		case !errors.Is(err, errShort):
			return c.fail(end, err)
		}
		if err := c.more(); err != nil {
			return c.fail(len(c.buf), err)
		}
	}
}

var errFound = errors.New("found the list of records")

// list looks whether the object at the start has a list of records, and where.
func (c *cutter) list() (start int, found bool, end int, err error) {
	t := text{b: c.buf, depth: c.limits.Depth}
	end, err = t.object(0, 1, func(key []byte, at int) (int, error) {
		if t.b[at] == '[' && (string(key) == "Records" || string(key) == "Events" || string(key) == "records") {
			start = at
			return at, errFound
		}
		return -1, nil
	})
	if errors.Is(err, errFound) {
		return start, true, 0, nil
	}
	return 0, false, end, err
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
		raw, err := c.whole(1)
		if err != nil {
			return err
		}
		if b != '{' {
			return c.fail(0, errors.New("an element of the list is no record"))
		}
		at := c.offset
		c.use(len(raw))
		if err := c.emit(raw, at); err != nil {
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
	raw, err := c.whole(1)
	c.use(len(raw))
	return len(raw), err
}

// emit hands a record over.
func (c *cutter) emit(raw []byte, at int64) error {
	more, err := c.record(raw, at)
	if err != nil {
		return &syntax{at, err}
	}
	if !more {
		return errStop
	}
	return nil
}

// wrapped gives the record inside an element of what LookupEvents answers.
func wrapped(raw []byte, depth int) (inner []byte, ok bool) {
	t := text{b: raw, depth: depth}
	_, _ = t.object(0, 1, func(key []byte, start int) (int, error) { // it was scanned before
		end, err := t.value(start, 1)
		if err == nil && string(key) == "CloudTrailEvent" && raw[start] == '"' {
			inner, ok = bytes.TrimSpace(unquote(raw[start:end])), true
		}
		return end, err
	})
	return inner, ok
}
