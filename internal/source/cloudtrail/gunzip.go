package cloudtrail

import (
	"bufio"
	"bytes"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
)

// gunzip decompresses one file after the other.
type gunzip struct {
	buffered *bufio.Reader
	z        *gzip.Reader
}

// plain gives the content of a file, decompressed where it is gzip. What it is
// shows in the first bytes: mirrors of a bucket keep names and change content.
func (g *gunzip) plain(r io.Reader, limits Limits) (io.Reader, error) {
	counted := &counter{r: r}
	if g.buffered == nil {
		g.buffered = bufio.NewReaderSize(counted, 64<<10)
	} else {
		g.buffered.Reset(counted)
	}
	head, err := g.buffered.Peek(2)
	if err != nil && len(head) == 0 {
		if err == io.EOF {
			return bytes.NewReader(nil), nil
		}
		return nil, err
	}
	if !bytes.Equal(head, []byte{0x1f, 0x8b}) {
		return g.buffered, nil
	}
	if g.z == nil {
		if g.z, err = gzip.NewReader(g.buffered); err != nil {
			g.z = nil
			return nil, err
		}
	} else if err := g.z.Reset(g.buffered); err != nil {
		return nil, err
	}
	return &bounded{r: g.z, in: counted, ratio: int64(limits.Ratio)}, nil
}

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
