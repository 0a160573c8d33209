package cloudtrail

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
)

// opener opens files one after the other and keeps what can be used again: the
// tables of a decompressor are as large as many a log file.
type opener struct {
	limits Limits
	gunzip gunzip
}

// errDigest marks a digest file under another name than AWS gives it.
var errDigest = errors.New("a digest file")

// read hands every record of a file to c.record. A *Fault is what it gives where the
// file could not be read to the end, or held what is no record.
func (o *opener) read(ctx context.Context, f File, c *cutter) error {
	if f.Open == nil {
		return &Fault{File: f.Name, Offset: -1, Err: errors.New("it says no way to open it")}
	}
	opened, err := f.Open(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return &Fault{File: f.Name, Offset: -1, Err: bare(err)}
	}
	defer opened.Close() // it was only read
	content, err := o.gunzip.plain(opened, o.limits)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return &Fault{File: f.Name, Err: cutOff(err)}
	}
	return cut(ctx, f.Name, content, o.limits, c)
}

// cut hands over the records of decompressed content.
func cut(ctx context.Context, name string, content io.Reader, limits Limits, c *cutter) error {
	foreign := Fault{File: name, Err: errForeign}
	c.r, c.limits = content, limits
	n, hand := 0, c.record
	c.record = func(r *Record) (bool, error) {
		if n++; n%1024 == 0 && ctx.Err() != nil {
			return false, ctx.Err()
		}
		if err := r.settle(limits.Depth); err != nil {
			if !errors.Is(err, errForeign) {
				return false, err
			}
			if foreign.Skipped++; foreign.Skipped == 1 {
				foreign.Offset = r.offset
			}
			return true, nil
		}
		return hand(r)
	}
	err := c.run()
	switch at := (*syntax)(nil); {
	case ctx.Err() != nil && err != nil:
		return ctx.Err()
	case errors.Is(err, errDigest):
		return errDigest
	case errors.As(err, &at):
		return &Fault{File: name, Offset: at.offset, Err: cutOff(at.err)}
	case err == nil && foreign.Skipped > 0:
		return &foreign
	}
	return err
}

// settle finishes a record that was scanned: it takes it out of an answer of
// LookupEvents, makes the key of its id, and says if it is none at all.
func (r *Record) settle(depth int) error {
	if !r.is() {
		if v := r.Value(lookedUp); v.Type() == String {
			inner, offset := bytes.Trim(v.Bytes(), blanks), r.offset
			if end, err := r.scan(inner, depth, false); err != nil || end != len(inner) {
				r.raw = nil
				return fmt.Errorf("CloudTrailEvent holds no record: %w", errJSON)
			}
			r.offset = offset
		}
		switch {
		case r.is():
		case bytes.Contains(r.raw[:min(len(r.raw), 4<<10)], []byte(`"digestS3Object"`)):
			return errDigest
		default:
			return errForeign
		}
	}
	r.id = keyOf(r)
	return nil
}
