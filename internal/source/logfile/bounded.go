package logfile

import (
	"fmt"
	"io"
)

// Counter counts the bytes that are read.
type Counter struct {
	R io.Reader
	n int64
}

func (c *Counter) Read(p []byte) (int, error) {
	n, err := c.R.Read(p)
	c.n += int64(n)
	return n, err
}

// Bounded ends a decompression of what is counted that yields far more than logs do: so
// many times as much, once 16 MiB came out.
func Bounded(r io.Reader, in *Counter, ratio int) io.Reader {
	return &bounded{r: r, in: in, ratio: int64(ratio)}
}

type bounded struct {
	r     io.Reader
	in    *Counter
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
