package logfile

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"

	"github.com/klauspost/compress/gzip"
)

// Limits bound what hostile or broken input can cost. Zero fields take the defaults.
type Limits struct {
	Line  int // bytes of one line or JSON value
	Ratio int // bytes out of gzip for each byte in, once 16 MiB came out
}

// DefaultLimits are far beyond what AWS writes: a flow is a few hundred bytes, a
// lookup some thousand, and one message to a subscriber at most a mebibyte.
var DefaultLimits = Limits{Line: 2 << 20, Ratio: 1000}

func (l Limits) orDefault() Limits {
	if l.Line <= 0 {
		l.Line = DefaultLimits.Line
	}
	if l.Ratio <= 0 {
		l.Ratio = DefaultLimits.Ratio
	}
	return l
}

// Opener opens files one after the other and keeps what can be used again.
type Opener struct {
	Limits Limits

	in, out *bufio.Reader
	gzip    *gzip.Reader
}

// Opened is a file that is being read.
type Opened struct {
	File    File
	Table   bool          // its content is Parquet; Raw holds it from the start
	Raw     io.ReadCloser // as it lies there
	content *bufio.Reader // decompressed, where it is no table
	limits  Limits
}

// Close ends the reading.
func (o *Opened) Close() error { return o.Raw.Close() }

// Open opens a file and looks at its first bytes, which say what it is: mirrors of
// buckets keep names and change content. It gives a *Fault or the context's error.
func (o *Opener) Open(ctx context.Context, f File) (*Opened, error) {
	o.Limits = o.Limits.orDefault()
	if f.Open == nil {
		return nil, &Fault{File: f.Name, Place: f.Place, Offset: -1, Err: errors.New("it says no way to open it")}
	}
	raw, err := f.Open(ctx)
	if err != nil {
		return nil, either(ctx, &Fault{File: f.Name, Place: f.Place, Offset: -1, Err: bare(err)})
	}
	counted := &Counter{R: raw}
	if o.in == nil {
		o.in, o.out, o.gzip = bufio.NewReaderSize(nil, 64<<10), bufio.NewReaderSize(nil, 128<<10), new(gzip.Reader)
	}
	o.in.Reset(counted)
	opened := &Opened{File: f, Raw: raw, content: o.out, limits: o.Limits}
	head, err := o.in.Peek(4)
	switch {
	case err != nil && err != io.EOF:
		raw.Close()
		return nil, either(ctx, &Fault{File: f.Name, Place: f.Place, Err: bare(err)})
	case string(head) == "PAR1":
		opened.Table = true
		opened.Raw = rewound{raw, io.MultiReader(bytes.NewReader(bytes.Clone(buffered(o.in))), raw)}
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		if err := o.gzip.Reset(o.in); err != nil {
			raw.Close()
			return nil, either(ctx, &Fault{File: f.Name, Place: f.Place, Err: cutOff(err)})
		}
		o.out.Reset(Bounded(o.gzip, counted, o.Limits.Ratio))
	default:
		o.out.Reset(o.in)
	}
	return opened, nil
}

func buffered(r *bufio.Reader) []byte {
	b, _ := r.Peek(r.Buffered())
	return b
}

// rewound is a file of which the first bytes were read already. Where it lies on this
// machine, Base gives a way to read it at any place.
type rewound struct {
	base io.ReadCloser
	r    io.Reader
}

func (r rewound) Read(p []byte) (int, error) { return r.r.Read(p) }
func (r rewound) Close() error               { return r.base.Close() }

// At is the file as something to be read at any place, with its size; ok is false
// where it only comes as a stream.
func (o *Opened) At() (at io.ReaderAt, size int64, ok bool) {
	r, is := o.Raw.(rewound)
	if !is {
		return nil, 0, false
	}
	f, is := r.base.(interface {
		io.ReaderAt
		io.Seeker
	})
	if !is {
		return nil, 0, false
	}
	size, err := f.Seek(0, io.SeekEnd)
	return f, size, err == nil
}

// Fault says at which byte, and why, the file could not be read on.
func (o *Opened) Fault(offset int64, err error) *Fault {
	return &Fault{File: o.File.Name, Place: o.File.Place, Offset: offset, Err: cutOff(bare(err))}
}

// either is the context's error where that is why reading failed.
func either(ctx context.Context, f *Fault) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return f
}
