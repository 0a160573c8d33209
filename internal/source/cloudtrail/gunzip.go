package cloudtrail

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
)

// gunzip decompresses one file after the other.
type gunzip struct {
	head     []byte
	small    bytes.Reader
	buffered *bufio.Reader
	z        *gzip.Reader
}

// whole is up to which size a file is read before it is decompressed, which goes
// faster out of memory. Nearly all log files are smaller.
const whole = 2 << 20

// plain gives the content of a file, decompressed where it is gzip. What it is
// shows in the first bytes: mirrors of a bucket keep names and change content.
func (g *gunzip) plain(r io.Reader, limits Limits) (io.Reader, error) {
	counted := &counter{r: r}
	if g.head == nil {
		g.head = make([]byte, whole)
	}
	n, err := io.ReadFull(counted, g.head)
	g.small.Reset(g.head[:n])
	var in io.Reader = &g.small
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
	case err != nil:
		in = io.MultiReader(&g.small, broken{err}) // what came before the error counts
	default:
		in = io.MultiReader(&g.small, counted)
	}
	if !bytes.HasPrefix(g.head[:n], []byte{0x1f, 0x8b}) {
		return in, nil
	}
	if in != io.Reader(&g.small) {
		if g.buffered == nil {
			g.buffered = bufio.NewReaderSize(in, 64<<10)
		}
		g.buffered.Reset(in)
		in = g.buffered
	}
	if g.z == nil {
		g.z = new(gzip.Reader)
	}
	if err := g.z.Reset(in); err != nil {
		return nil, err
	}
	return &bounded{r: g.z, in: counted, ratio: int64(limits.Ratio)}, nil
}

// broken is a reader that fails.
type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }

type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// bounded ends a decompression that yields far more than logs do.
type bounded struct {
	r     io.Reader
	in    *counter
	ratio int64
	out   int64
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	b.out += int64(n)
	if b.out > 16<<20 && b.out > b.ratio*b.in.n {
		return 0, fmt.Errorf("%d bytes of gzip became more than %d bytes, more than %d times as much", b.in.n, b.out, b.ratio)
	}
	return n, err
}
